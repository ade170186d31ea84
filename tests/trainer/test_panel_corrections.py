"""Pages that a person corrected, as the detector learns from them; `test_exchange.py` has the reader write some."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.dataset import DatasetError
from trainer.events import Event, RunFinished
from trainer.panel_config import PanelConfig
from trainer.panel_corrections import corrected_pages
from trainer.panel_training import train_panels
from trainer.run_dir import RunDir
from trainer.synthetic.pages import NO_PANEL

LEFT, SLANTED = [[20, 20], [180, 20], [180, 580], [20, 580]], [[220, 20], [380, 60], [380, 580], [220, 580]]


def corrected(folder: Path, *panels: list[list[int]]) -> Path:
    (folder / "book" / "pages").mkdir(parents=True)
    Image.new("RGB", (400, 600), "red").save(folder / "book" / "pages" / "0001.jpg")
    line = {"image": "pages/0001.jpg", "width": 400, "height": 600, "panels": [{"polygon": p} for p in panels]}
    (folder / "book" / "records.jsonl").write_text(json.dumps(line) + "\n")
    return folder


def test_polygons_become_labels_and_boxes_in_reading_order(tmp_path: Path) -> None:
    (pages,) = corrected_pages(corrected(tmp_path, SLANTED, LEFT))
    height, width = pages.images.shape[1:3]
    across, down = width / 400, height / 600
    wanted = np.array([[220, 20, 380, 580], [20, 20, 180, 580]]) * [across, down, across, down]
    assert pages.boxes[0, :2] == pytest.approx(wanted)
    labels = pages.labels[0]
    rows, columns = labels.shape
    assert labels[rows // 2, columns // 4] == 1
    assert labels[rows // 2, columns * 3 // 4] == 0
    assert labels[rows // 2, columns // 2] == NO_PANEL
    assert labels[round(rows * 40 / 600), round(columns * 370 / 400)] == NO_PANEL  # above the slant


def test_a_run_learns_from_corrected_pages(tmp_path: Path) -> None:
    config = PanelConfig(
        pages=4, dev_pages=4, page_px=300, steps=2, max_hours=0.0, batch_size=2, evaluate_every=2,
        corrected=str(corrected(tmp_path / "corrected", LEFT, SLANTED)),
    )  # fmt: skip
    ends = []
    for share in (1.0, 0.0):
        seen: list[Event] = []
        run = RunDir.create(tmp_path / f"run {share}")
        last = train_panels(replace(config, corrected_share=share), run, seen.append, lambda: False)
        assert isinstance(last, RunFinished)
        ends.append(last.message)
    assert ends[0] != ends[1]


@pytest.mark.parametrize(
    ("panels", "picture", "sentence"),
    [
        ([{"polygon": LEFT[:2]}], "pages/0001.jpg", "fewer than three corners"),
        ([{"box": [1, 2, 3, 4]}], "pages/0001.jpg", "no polygons"),
        ([{"polygon": LEFT}], "pages/0002.jpg", "picture cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(
    panels: list[object], picture: str, sentence: str, tmp_path: Path
) -> None:
    folder = corrected(tmp_path, LEFT)
    (folder / "book" / "records.jsonl").write_text(json.dumps({"image": picture, "panels": panels}) + "\n")
    with pytest.raises(DatasetError, match=f"^Line 1 of .*{sentence}"):
        corrected_pages(folder)


def test_a_folder_without_pages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no corrected pages"):
        corrected_pages(tmp_path)

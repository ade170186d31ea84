"""The net of panel detection as the reader runs it: the file, the threads, the panels it finds."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from comicreader.domain.book import Direction
from comicreader.domain.geometry import intersection_over_union
from comicreader.domain.panel_detection import find_panels, find_panels_with
from comicreader.domain.panel_net import STRIDE, PanelNet, embedded_net, input_size, load_net
from comicreader.domain.panels import DOUBTFUL_CONFIDENCE
from comicreader.resources import resource_path
from trainer.synthetic.page_art import ArtLibrary
from trainer.synthetic.pages import draw_page

LTR = Direction.LEFT_TO_RIGHT


@pytest.fixture(scope="module")
def net() -> PanelNet:
    return PanelNet(resource_path("models", "panels", "panels.onnx"))


def noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3)).astype(np.uint8)


def test_the_embedded_net_is_small_and_loaded_once() -> None:
    assert resource_path("models", "panels", "panels.onnx").stat().st_size < 5_000_000
    assert embedded_net() is not None
    assert embedded_net() is embedded_net()


@pytest.mark.parametrize("size", [(1000, 1400), (1400, 1000), (1200, 374), (50, 40), (1, 1)])
def test_every_pixel_votes_for_a_box_on_the_page(net: PanelNet, size: tuple[int, int]) -> None:
    votes = net.look(noise(*size))
    width, height = input_size(*size)
    assert votes.inside.shape == votes.border.shape == (height // STRIDE, width // STRIDE)
    assert votes.boxes.shape == (*votes.inside.shape, 4)
    for shares in (votes.inside, votes.border, votes.boxes):
        assert ((shares >= 0) & (shares <= 1)).all()
    assert (votes.boxes[..., 2:] >= votes.boxes[..., :2]).all()


def test_threads_do_not_disturb_each_other(net: PanelNet) -> None:
    pages = [noise(300 + 40 * number, 400, number) for number in range(6)]
    alone = [net.look(page).inside for page in pages]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda page: net.look(page).inside, pages * 3))
    for number, votes in enumerate(together):
        assert np.array_equal(votes, alone[number % len(pages)])


@pytest.mark.parametrize("content", [b"", b"no net", None])
def test_without_a_sound_net_there_is_a_line_in_the_log(
    content: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "panels.onnx"
    if content is not None:
        path.write_bytes(content)
    with caplog.at_level(logging.INFO, "comicreader"):
        assert load_net(path) is None
    assert "without the net" in caplog.text


def test_a_damaged_net_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "panels.onnx"
    path.write_bytes(resource_path("models", "panels", "panels.onnx").read_bytes()[:100_000])
    with pytest.raises(ValueError, match="cannot run"):
        PanelNet(path)


def test_bare_paper_decides_without_a_net() -> None:
    page = np.full((900, 600, 3), 255, np.uint8)
    page[30:430, 30:570], page[460:870, 30:570] = noise(540, 400) // 2, noise(540, 410) // 2
    panels = find_panels_with(None, page, 600, 900, LTR)
    assert [(panel.box.y, panel.box.bottom) for panel in panels] == [(30, 430), (460, 870)]


def test_most_panels_of_synthetic_pages_are_found() -> None:
    found = true = matched = 0
    for seed in range(12):
        page = draw_page(900_000 + seed, ArtLibrary(), 700, kind="cuts")
        height, width = page.image.shape[:2]
        boxes = [panel.box for panel in find_panels(page.image, width, height, LTR)]
        for left, top, right, bottom in page.boxes.round().astype(int).tolist():
            box = type(boxes[0])(left, top, right - left, bottom - top)
            matched += max(intersection_over_union(box, other) for other in boxes) >= 0.5
        found, true = found + len(boxes), true + len(page.panels)
    assert matched / true > 0.6
    assert matched / found > 0.6


def test_a_clear_page_is_not_doubtful_and_an_empty_one_is() -> None:
    page = np.full((900, 600, 3), 255, np.uint8)
    page[30:430, 30:570], page[460:870, 30:570] = 90, 120
    assert min(panel.confidence for panel in find_panels(page, 600, 900, LTR)) >= DOUBTFUL_CONFIDENCE
    empty = np.full((900, 600, 3), 255, np.uint8)
    assert [panel.confidence < DOUBTFUL_CONFIDENCE for panel in find_panels(empty, 600, 900, LTR)] == [True]

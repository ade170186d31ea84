"""`comicreader dataset`: what a person wrote becomes training data, through the command line and the real library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from comicreader.cli import run
from comicreader.domain.archive import open_book
from comicreader.domain.geometry import Box
from comicreader.domain.narration import Caption, model_source
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.library_records import ACCEPT
from comicreader.services.paths import AppPaths
from trainer.dataset import load_records
from trainer.preference import load_preferences

RunCli = Callable[..., int]
HALVES = (Box(20, 20, 170, 560).corners, Box(210, 20, 170, 560).corners)


class Reader:
    """A person with one library, whose narrator describes every panel as "Draft n."."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.written = 0

    def open(self, book: Path) -> list[list[str]]:
        """Two panels on each page, told by the narrator; returns their ids by page."""
        opened = open_book(book)
        record = self.library.remember_book(book, opened.display_title, len(opened.page_names))
        pages = []
        for index in range(len(opened.page_names)):
            page_id = opened.load_page(index).page_id
            panels = self.library.store_detected_panels(page_id, [Panel(polygon) for polygon in HALVES], "test")
            self.library.data_set.remember_place(record.book_id, page_id, index)
            for panel in panels:
                self.written += 1
                told = Caption(f"Draft {self.written}.", model_source("m1", "description"), 0.4)
                self.library.store_generated(panel.id, told)
            pages.append([panel.id for panel in panels])
        opened.close()
        return pages


@pytest.fixture
def reader(app_paths: AppPaths):
    with Library.open(app_paths.library_file) as library:
        yield Reader(library)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


class TestBuild:
    def test_each_act_becomes_what_it_teaches(
        self, reader: Reader, run_cli: RunCli, draw_comic, tmp_path: Path, capsys
    ) -> None:
        (edited, accepted), (regenerated, untouched), (undone, emptied) = reader.open(draw_comic(pages=3))
        save = reader.library.save_edit
        save(edited, "A red kite.", seconds=7)
        save(accepted, "Draft 2.", kind=ACCEPT)
        anew = Caption("Draft again.", model_source("m1", "description"))
        reader.library.store_regenerated(regenerated, anew)
        save(regenerated, "A blue boat.")
        reader.library.undo_edit(save(undone, "Not meant."))
        save(emptied, "")
        assert run_cli("dataset", "build", tmp_path / "mine") == 0
        assert capsys.readouterr().out.startswith("3 captions of 1 book, 3 pairs: ")
        rows = lines(tmp_path / "mine" / "records.jsonl")
        assert [(row["id"], row["description"], row["page"], row["panel"]) for row in rows] == [
            (edited, "A red kite.", 1, 1), (accepted, "Draft 2.", 1, 2), (regenerated, "A blue boat.", 2, 1),
        ]  # fmt: skip
        assert [row["previous_descriptions"] for row in rows] == [
            [], ["A red kite."], ["A red kite.", "Draft 2."],
        ]  # fmt: skip
        assert (rows[0]["draft"], rows[0]["seconds"], rows[0]["edit_distance"]) == ("Draft 1.", 7.0, 9)
        pairs = load_preferences(tmp_path / "mine" / "preferences.jsonl")
        assert [(pair.record_id, pair.chosen, pair.rejected) for pair in pairs] == [
            (edited, "A red kite.", "Draft 1."),
            (regenerated, "A blue boat.", "Draft 3."),
            (regenerated, "A blue boat.", "Draft again."),
        ]
        judged = lines(tmp_path / "mine" / "judgements.jsonl")
        assert [row["text"] for row in judged if row["is_good"]] == ["Draft 2."]
        assert {row["id"] for row in rows}.isdisjoint({untouched, undone, emptied})

    def test_the_trainer_finds_nothing_wrong_and_the_pictures_are_the_panels(
        self, reader: Reader, run_cli: RunCli, draw_comic, tmp_path: Path
    ) -> None:
        for ids in reader.open(draw_comic(pages=2)):
            for panel_id in ids:
                reader.library.save_edit(panel_id, f"Mine {panel_id[:4]}.")
        assert run_cli("dataset", "build", tmp_path / "mine") == 0
        records, bad = load_records(tmp_path / "mine")
        assert (len(records), list(bad)) == (4, [])
        with Image.open(records[0].image) as picture:
            assert max(picture.size) == 448
            assert picture.width / picture.height == pytest.approx(170 / 560, abs=0.03)

    def test_what_is_excluded_is_left_out_until_it_is_taken_in_again(
        self, reader: Reader, run_cli: RunCli, draw_comic, tmp_path: Path
    ) -> None:
        (first, second), *_ = reader.open(draw_comic())
        reader.library.save_edit(first, "One.")
        reader.library.save_edit(second, "Two.")
        reader.library.data_set.set_excluded(first, is_excluded=True)
        assert run_cli("dataset", "build", tmp_path / "mine") == 0
        assert [row["id"] for row in lines(tmp_path / "mine" / "records.jsonl")] == [second]
        reader.library.data_set.set_excluded(first, is_excluded=False)
        assert run_cli("dataset", "build", tmp_path / "mine") == 0
        assert len(lines(tmp_path / "mine" / "records.jsonl")) == 2

    def test_whole_books_are_held_out_where_there_are_several(
        self, reader: Reader, run_cli: RunCli, draw_comic, tmp_path: Path
    ) -> None:
        for number in range(4):
            for ids in reader.open(draw_comic(f"book {number}.cbz", pages=2, seed=50 * number)):
                for panel_id in ids:
                    reader.library.save_edit(panel_id, f"Mine {panel_id}.")
        assert run_cli("dataset", "build", tmp_path / "mine") == 0
        splits: dict[str, set[str]] = {}
        for row in lines(tmp_path / "mine" / "records.jsonl"):
            splits.setdefault(row["book"], set()).add(row["split"])
        assert sorted(map(len, splits.values())) == [1, 1, 1, 1]
        assert sum("dev" in found for found in splits.values()) == 1

    def test_the_end_of_a_single_book_is_held_out(
        self, reader: Reader, run_cli: RunCli, draw_comic, tmp_path: Path
    ) -> None:
        pages = reader.open(draw_comic(pages=6))
        for ids in pages:
            for panel_id in ids:
                reader.library.save_edit(panel_id, f"Mine {panel_id}.")
        assert run_cli("dataset", "build", tmp_path / "mine") == 0
        rows = lines(tmp_path / "mine" / "records.jsonl")
        assert [row["split"] for row in rows] == ["train"] * 11 + ["dev"]

    def test_captions_from_before_places_were_kept_are_found_in_the_books(
        self, reader: Reader, run_cli: RunCli, draw_comic, tmp_path: Path
    ) -> None:
        book = draw_comic(pages=3)
        *_, (panel_id, _other) = reader.open(book)
        reader.library.save_edit(panel_id, "Mine.")
        reader.library.forget_book(1)
        opened = open_book(book)
        reader.library.remember_book(book, opened.display_title, 3)
        opened.close()
        assert run_cli("dataset", "build", tmp_path / "mine") == 0
        (row,) = lines(tmp_path / "mine" / "records.jsonl")
        assert (row["id"], row["page"]) == (panel_id, 3)

    def test_a_book_that_is_gone_is_said_and_the_others_are_built(
        self, reader: Reader, run_cli: RunCli, draw_comic, tmp_path: Path, capsys
    ) -> None:
        gone, there = draw_comic("gone.cbz"), draw_comic("there.cbz", seed=9)
        for book in (gone, there):
            reader.library.save_edit(reader.open(book)[0][0], "Mine.")
        gone.unlink()
        assert run_cli("dataset", "build", tmp_path / "mine") == 1
        assert "gone from where they were" in capsys.readouterr().err
        assert len(lines(tmp_path / "mine" / "records.jsonl")) == 1

    def test_a_folder_that_holds_something_else_is_left_alone(
        self, reader: Reader, run_cli: RunCli, draw_comic, tmp_path: Path, capsys
    ) -> None:
        reader.library.save_edit(reader.open(draw_comic())[0][0], "Mine.")
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "one.txt").write_text("dear")
        assert run_cli("dataset", "build", tmp_path / "photos") == 2
        assert "holds something else" in sentence(capsys)
        assert (tmp_path / "photos" / "one.txt").read_text() == "dear"

    def test_without_a_caption_the_way_to_one_is_said(self, run_cli: RunCli, tmp_path: Path, capsys) -> None:
        assert run_cli("dataset", "build", tmp_path / "mine") == 2
        assert "correct some with E" in sentence(capsys)


class TestMoving:
    def test_a_data_set_moves_to_another_computer(
        self, reader: Reader, run_cli: RunCli, app_paths: AppPaths, draw_comic, tmp_path: Path, capsys
    ) -> None:
        for panel_id in reader.open(draw_comic())[0]:
            reader.library.save_edit(panel_id, "Mine.")
        assert run_cli("dataset", "export", tmp_path / "mine.zip") == 0
        other = tmp_path / "other"
        assert run(["dataset", "import", str(tmp_path / "mine.zip"), "--data-dir", str(other)], {}) == 0
        taken = AppPaths.under(other).datasets / "mine"
        assert capsys.readouterr().out.endswith(f"2 captions taken in, to train with: {taken}\n")
        command = [sys.executable, "-m", "trainer", "data", "validate", str(taken)]
        assert subprocess.run(command, env={**os.environ, "HOME": str(tmp_path)}, check=False).returncode == 0
        assert run(["dataset", "import", str(tmp_path / "mine.zip"), "--data-dir", str(other)], {}) == 2
        assert "already" in sentence(capsys)

    @pytest.mark.parametrize("name", ["../outside.jpg", "images/../../x.jpg", "run.py", "/images/a.jpg"])
    def test_an_archive_with_anything_else_in_it_is_refused(
        self, run_cli: RunCli, app_paths: AppPaths, tmp_path: Path, capsys, name: str
    ) -> None:
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
            archive.writestr("records.jsonl", "{}")
            archive.writestr(name, "x")
        assert run_cli("dataset", "import", tmp_path / "bad.zip") == 2
        assert "belongs to no data set" in sentence(capsys)
        assert not any(app_paths.datasets.rglob("*"))

    def test_what_is_no_archive_is_one_sentence(self, run_cli: RunCli, tmp_path: Path, capsys) -> None:
        (tmp_path / "noise.zip").write_bytes(b"noise")
        assert run_cli("dataset", "import", tmp_path / "noise.zip") == 2
        assert "no ZIP file" in sentence(capsys)


def test_what_there_is_to_learn_from_is_counted(reader: Reader, run_cli: RunCli, draw_comic, capsys) -> None:
    first, second = reader.open(draw_comic())[0]
    reader.library.save_edit(first, "A red kite.", seconds=90)
    reader.library.save_edit(second, "Draft 2.", kind=ACCEPT)
    assert run_cli("dataset", "stats") == 0
    told = capsys.readouterr().out
    assert told.startswith("2 captions of yours, 0 more left out\n")
    assert "written or corrected: 1" in told
    assert "kept as they were: 1" in told
    assert "characters changed: median 9" in told
    assert "time spent writing: 1.5 minutes" in told

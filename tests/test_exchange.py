"""`comicreader export` and `comicreader import`, through the command line and the real library."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from comicreader.domain.archive import open_book
from comicreader.domain.geometry import Box
from comicreader.domain.narration import IMPORTED, PERSON, Caption, model_source
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.paths import AppPaths
from trainer.panel_corrections import corrected_pages

RunCli = Callable[..., int]

SLANTED = ((20, 20), (180, 40), (170, 580), (20, 570))
RIGHT = Box(210, 20, 170, 560).corners


def page_ids(book: Path) -> list[str]:
    opened = open_book(book)
    ids = [opened.load_page(index).page_id for index in range(len(opened.page_names))]
    opened.close()
    return ids


def correct(app_paths: AppPaths, book: Path, page: int, *polygons: tuple[tuple[int, int], ...]) -> list[str]:
    """Panels of a page as a person draws them; returns their ids."""
    with Library.open(app_paths.library_file) as library:
        page_id = page_ids(book)[page]
        library.store_detected_panels(page_id, (), "")
        return [panel.id for panel in library.store_layout(page_id, [Panel(p) for p in polygons]).after.panels]


def standing(app_paths: AppPaths, book: Path, page: int) -> list[tuple[Panel, Caption | None]]:
    with Library.open(app_paths.library_file) as library:
        stored = library.panels_of(page_ids(book)[page])
        assert stored is not None
        captions = library.captions_of(page_ids(book)[page])
        return [(panel, captions.get(panel.id)) for panel in stored.panels]


def guided(path: Path, *panels: tuple[str, str, str]) -> Path:
    objects = [
        {"role": ["panel"], "imgref": f"{name}#xywh=percent:{region}", "description": {"text": text}}
        for name, region, text in panels
    ]
    path.write_text(json.dumps({"guided": objects}))
    return path


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("comicreader: ")
    return line


class TestRoundTrip:
    @pytest.mark.parametrize("suffix", ["json", "acbf", "cbxy"])
    def test_corrected_panels_and_texts_reach_another_persons_library(
        self, run_cli: RunCli, app_paths: AppPaths, draw_comic, tmp_path: Path, capsys, suffix: str
    ) -> None:
        book, target = draw_comic(pages=2), tmp_path / f"out.{suffix}"
        right_id, left_id = correct(app_paths, book, 1, RIGHT, SLANTED)
        with Library.open(app_paths.library_file) as library:
            library.save_edit(right_id, "The right one comes first.")
            library.store_generated(left_id, Caption("A model's.", model_source("m", "description")))
        assert run_cli("export", book, target) == 0
        app_paths.library_file.unlink()
        assert run_cli("import", book, target) == 0
        (first, first_caption), (second, second_caption) = standing(app_paths, book, 1)
        slanted = SLANTED if suffix != "json" else Panel(SLANTED).box.corners
        assert (first.polygon, second.polygon) == (RIGHT, slanted)
        if suffix == "cbxy":
            assert first_caption is second_caption is None
        else:
            assert first_caption == Caption("The right one comes first.", IMPORTED)
            assert second_caption == Caption("A model's.", IMPORTED)

    def test_detection_leaves_imported_panels_alone(self, run_cli: RunCli, draw_comic, tmp_path: Path, capsys) -> None:
        book = draw_comic(pages=1)
        assert run_cli("import", book, guided(tmp_path / "in.json", ("page%201.png", "10,10,50,50", ""))) == 0
        assert capsys.readouterr().out == "1 panel on 1 page imported, 0 texts with them.\n"
        assert run_cli("panels", book) == 0
        (page,) = json.loads(capsys.readouterr().out)["pages"]
        assert [panel["box"] for panel in page["panels"]] == [[40, 60, 200, 300]]
        assert page["order_confidence"] == 1.0

    def test_a_persons_text_stays_and_an_older_import_gives_way(
        self, run_cli: RunCli, app_paths: AppPaths, draw_comic, tmp_path: Path, capsys
    ) -> None:
        book, file = draw_comic(pages=1), tmp_path / "in.json"
        halves = [("page 1.png", "0,0,50,100", "left"), ("page 1.png", "50,0,50,100", "right")]
        assert run_cli("import", book, guided(file, *halves)) == 0
        with Library.open(app_paths.library_file) as library:
            library.save_edit(standing_ids(library, book)[0], "Mine.")
        newer = [(name, region, f"newer {text}") for name, region, text in halves]
        capsys.readouterr()
        assert run_cli("import", book, guided(file, *newer)) == 0
        assert capsys.readouterr().out == "2 panels on 1 page imported, 1 text with them; 1 text left as they are.\n"
        captions = [caption for _, caption in standing(app_paths, book, 0)]
        assert captions == [Caption("Mine.", PERSON), Caption("newer right", IMPORTED)]

    def test_what_the_narrator_says_is_not_frozen_by_its_own_export(
        self, run_cli: RunCli, app_paths: AppPaths, draw_comic, tmp_path: Path
    ) -> None:
        book, target = draw_comic(pages=1), tmp_path / "out.json"
        assert run_cli("narrate", book) == 0
        assert run_cli("export", book, target) == 0
        assert run_cli("import", book, target) == 0
        assert all(caption is not None and caption.is_proposal for _, caption in standing(app_paths, book, 0))

    def test_pages_that_are_not_in_the_book_are_said(self, run_cli: RunCli, draw_comic, tmp_path: Path, capsys) -> None:
        file = guided(tmp_path / "in.json", ("page 1.png", "0,0,50,50", ""), ("page 9.png", "0,0,50,50", ""))
        assert run_cli("import", draw_comic(), file) == 1
        assert "1 page of in.json left out" in capsys.readouterr().err


class TestExport:
    def test_only_the_pages_asked_for_go_to_stdout(self, run_cli: RunCli, draw_comic, capsys) -> None:
        assert run_cli("export", draw_comic(pages=3), "-", "--format", "guided-navigation", "--pages", "2") == 0
        objects = json.loads(capsys.readouterr().out)["guided"]
        assert {item["imgref"].partition("#")[0] for item in objects} == {"page%202.png"}

    def test_a_page_that_cannot_be_read_is_said_and_the_others_are_written(
        self, run_cli: RunCli, draw_comic, tmp_path: Path, capsys
    ) -> None:
        book = draw_comic(pages=2)
        with zipfile.ZipFile(book) as archive:
            content = archive.read("page 1.png")
        with zipfile.ZipFile(book, "w") as archive:
            archive.writestr("page 1.png", content)
            archive.writestr("page 2.png", b"")
        assert run_cli("export", book, tmp_path / "out.cbxy") == 1
        assert "comicreader: page 2: " in capsys.readouterr().err
        with zipfile.ZipFile(tmp_path / "out.cbxy") as archive:
            assert archive.namelist() == ["page 1.json"]

    def test_corrected_pages_become_training_data(
        self, run_cli: RunCli, app_paths: AppPaths, draw_comic, tmp_path: Path, capsys
    ) -> None:
        book, folder = draw_comic(pages=3), tmp_path / "corrected"
        correct(app_paths, book, 1, RIGHT, SLANTED)
        assert run_cli("export", book, folder, "--format", "panel-data", "--direction", "rtl") == 0
        assert capsys.readouterr().out == f"1 corrected page written to {folder}.\n"
        (line,) = (folder / "records.jsonl").read_text().splitlines()
        record = json.loads(line)
        assert record["panels"] == [{"polygon": [list(p) for p in polygon]} for polygon in (RIGHT, SLANTED)]
        assert (record["direction"], record["page"], record["width"]) == ("rtl", "page 2.png", 400)
        with Image.open(folder / record["image"]) as picture:
            assert picture.size == (record["width"], record["height"]) == (400, 600)
        (pages,) = corrected_pages(folder)  # as the detector's training reads them
        assert len(pages) == 1
        assert np.count_nonzero(pages.boxes[0].any(axis=1)) == 2

    def test_training_pictures_are_no_larger_than_needed_and_polygons_follow(
        self, run_cli: RunCli, app_paths: AppPaths, tmp_path: Path
    ) -> None:
        stream = io.BytesIO()
        Image.new("RGB", (2048, 1024), "white").save(stream, "PNG")
        (tmp_path / "large.png").write_bytes(stream.getvalue())
        correct(app_paths, tmp_path / "large.png", 0, Box(200, 100, 400, 600).corners)
        assert run_cli("export", tmp_path / "large.png", tmp_path / "corrected", "--format", "panel-data") == 0
        record = json.loads((tmp_path / "corrected" / "records.jsonl").read_text())
        assert (record["width"], record["height"]) == (1024, 512)
        assert record["panels"] == [{"polygon": [[100, 50], [300, 50], [300, 350], [100, 350]]}]


class TestBadInput:
    def test_a_book_without_corrections_has_no_training_data(
        self, run_cli: RunCli, draw_comic, tmp_path: Path, capsys
    ) -> None:
        assert run_cli("export", draw_comic(), tmp_path / "corrected", "--format", "panel-data") == 2
        one_sentence(capsys)
        assert not (tmp_path / "corrected").exists()

    def test_a_folder_with_something_in_it_is_left_alone(
        self, run_cli: RunCli, app_paths: AppPaths, draw_comic, tmp_path: Path, capsys
    ) -> None:
        book, folder = draw_comic(), tmp_path / "corrected"
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
        correct(app_paths, book, 0, RIGHT)
        assert run_cli("export", book, folder, "--format", "panel-data") == 2
        one_sentence(capsys)
        assert [path.name for path in folder.iterdir()] == ["mine.txt"]
        assert not list(tmp_path.glob(".*.part"))

    @pytest.mark.parametrize("target", ["out.txt", "out", "no folder/out.json"])
    def test_a_target_that_cannot_be_written_is_said(
        self, run_cli: RunCli, draw_comic, tmp_path: Path, capsys, target: str
    ) -> None:
        assert run_cli("export", draw_comic(), tmp_path / target) == 2
        one_sentence(capsys)

    @pytest.mark.parametrize("content", [b"", b"nonsense", b"{}", b"<a/>", b"PK", b'{"guided": []}'])
    def test_a_file_that_is_none_changes_nothing(
        self, run_cli: RunCli, app_paths: AppPaths, draw_comic, tmp_path: Path, capsys, content: bytes
    ) -> None:
        book, file = draw_comic(), tmp_path / "in.file"
        correct(app_paths, book, 0, RIGHT)
        file.write_bytes(content)
        assert run_cli("import", book, file) == 2
        one_sentence(capsys)
        assert [panel.polygon for panel, _ in standing(app_paths, book, 0)] == [RIGHT]

    def test_a_file_of_another_book_changes_nothing(
        self, run_cli: RunCli, app_paths: AppPaths, draw_comic, tmp_path: Path, capsys
    ) -> None:
        book = draw_comic()
        correct(app_paths, book, 0, RIGHT)
        assert run_cli("import", book, guided(tmp_path / "in.json", ("other.png", "0,0,50,50", "x"))) == 2
        one_sentence(capsys)
        assert [panel.polygon for panel, _ in standing(app_paths, book, 0)] == [RIGHT]

    def test_a_missing_file_or_book_is_one_sentence(self, run_cli: RunCli, draw_comic, tmp_path: Path, capsys) -> None:
        assert run_cli("import", draw_comic(), tmp_path / "nothing.json") == 2
        one_sentence(capsys)
        assert run_cli("export", tmp_path / "nothing.cbz", tmp_path / "out.json") == 2
        one_sentence(capsys)


def standing_ids(library: Library, book: Path) -> list[str]:
    stored = library.panels_of(page_ids(book)[0])
    assert stored is not None
    return [panel.id for panel in stored.panels]

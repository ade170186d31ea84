"""The command line: in this process where a call ends by itself, else as a process that can be interrupted."""

import io
import json
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from comicreader.cli import EXIT_BROKEN_PIPE, EXIT_INTERRUPTED
from comicreader.domain.book import Direction
from comicreader.domain.narration import PERSON
from comicreader.domain.navigation import Position
from comicreader.services.library import Library
from comicreader.services.paths import AppPaths
from trainer import panels_evaluate

RunCli = Callable[..., int]


def start(
    app_paths: AppPaths, repository: Path, narrator: tuple[str, ...], *arguments: object
) -> subprocess.Popen[str]:
    script = repository / "tests" / "fixtures" / "cli_with_fake_narrator.py"
    return subprocess.Popen(
        [sys.executable, str(script), *narrator, "--", *map(str, arguments), "--data-dir", str(app_paths.data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def texts(page: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [panel["caption"]["text"].split(" after ")[-1] for panel in page["panels"]]


class TestNarrate:
    def test_a_document_holds_every_panel_in_reading_order(self, run_cli: RunCli, draw_comic, tmp_path: Path) -> None:
        target = tmp_path / "out.json"
        assert run_cli("narrate", draw_comic(pages=2, columns=2), "--json", target) == 0
        document = json.loads(target.read_text())
        assert document["book"] == "comic"
        assert [(page["name"], page["width"], page["height"]) for page in document["pages"]] == [
            ("page 1.png", 400, 600),
            ("page 2.png", 400, 600),
        ]
        left, right = document["pages"][0]["panels"]
        assert left["box"][0] < right["box"][0]
        assert left["caption"]["source"] == "model:fake-embedded/description"
        # the second page goes on from the first
        assert [texts(page) for page in document["pages"]] == [
            ["0 previous", "1 previous"],
            ["2 previous", "3 previous"],
        ]

    def test_a_story_is_told_on_stdout_and_progress_on_stderr(self, run_cli: RunCli, draw_comic, capsys) -> None:
        assert run_cli("narrate", draw_comic(pages=2, columns=1)) == 0
        out, err = capsys.readouterr()
        paragraphs = [paragraph.split(" of ")[0] for paragraph in out.strip().split("\n\n")]
        assert paragraphs == ["Page 1", "caption", "Page 2", "caption"]
        assert "[2/2] page 2 (page 2.png)" in err.splitlines()

    def test_a_document_may_go_to_stdout(self, run_cli: RunCli, draw_comic, capsys) -> None:
        assert run_cli("narrate", draw_comic(), "--json", "-") == 0
        assert len(json.loads(capsys.readouterr().out)["pages"]) == 2

    def test_what_was_told_once_needs_no_narrator_again(self, run_cli: RunCli, draw_comic, capsys) -> None:
        assert run_cli("narrate", draw_comic(), "--json", "-") == 0
        first = capsys.readouterr().out
        assert run_cli("narrate", draw_comic(), "--json", "-", narrator=("--die-after", "0")) == 0
        assert capsys.readouterr().out == first

    def test_a_persons_text_is_told_and_stays(self, run_cli: RunCli, app_paths: AppPaths, draw_comic, capsys) -> None:
        assert run_cli("panels", draw_comic()) == 0
        edit_first_panel(app_paths, "Mine")
        capsys.readouterr()
        assert run_cli("narrate", draw_comic(), "--json", "-", "--model", "other") == 0
        captions = [panel["caption"] for panel in json.loads(capsys.readouterr().out)["pages"][0]["panels"]]
        assert {"text": "Mine", "source": PERSON} in captions

    def test_another_model_that_is_asked_for_tells_it_anew(self, run_cli: RunCli, draw_comic, capsys) -> None:
        for model in ("one", "two"):
            assert run_cli("narrate", draw_comic(), "--json", "-", "--model", model) == 0
            pages = json.loads(capsys.readouterr().out)["pages"]
            assert {panel["caption"]["source"] for page in pages for panel in page["panels"]} == {
                f"model:fake-{model}/description"
            }

    def test_some_pages_go_on_from_what_the_page_before_says(self, run_cli: RunCli, draw_comic, capsys) -> None:
        book = draw_comic(pages=5, columns=2)
        assert run_cli("narrate", book, "--pages", "1") == 0
        capsys.readouterr()
        assert run_cli("narrate", book, "--pages", "5, 2-3,2", "--json", "-") == 0
        pages = json.loads(capsys.readouterr().out)["pages"]
        assert [page["name"] for page in pages] == ["page 2.png", "page 3.png", "page 5.png"]
        assert [texts(page)[0] for page in pages] == ["2 previous", "3 previous", "3 previous"]

    def test_the_reading_direction_orders_panels(self, run_cli: RunCli, draw_comic, capsys) -> None:
        assert run_cli("narrate", draw_comic(), "--direction", "rtl", "--json", "-") == 0
        first, second = json.loads(capsys.readouterr().out)["pages"][0]["panels"]
        assert first["box"][0] > second["box"][0]

    def test_a_page_that_cannot_be_read_is_said_and_the_others_are_told(
        self, run_cli: RunCli, draw_comic, tmp_path: Path, capsys
    ) -> None:
        book = draw_comic(pages=3, columns=1)
        with zipfile.ZipFile(book) as archive:
            pictures = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(book, "w") as archive:
            for name, content in (pictures | {"page 2.png": b""}).items():
                archive.writestr(name, content)
        assert run_cli("narrate", book, "--json", "-") == 1
        out, err = capsys.readouterr()
        pages = json.loads(out)["pages"]
        assert ["error" in page for page in pages] == [False, True, False]
        assert pages[1]["panels"] == []
        assert texts(pages[2]) == ["1 previous"]
        assert f"comicreader: page 2: {pages[1]['error']}" in err.splitlines()

    def test_a_page_that_the_narrator_refuses_is_said(
        self, run_cli: RunCli, app_paths: AppPaths, draw_comic, capsys
    ) -> None:
        assert run_cli("panels", draw_comic()) == 0
        panel_id = first_panel(app_paths)
        capsys.readouterr()
        assert run_cli("narrate", draw_comic(), "--json", "-", narrator=("--fail-panel", panel_id)) == 1
        pages = json.loads(capsys.readouterr().out)["pages"]
        refused = [page for page in pages if "error" in page]
        assert len(refused) == 1
        assert "caption" not in refused[0]["panels"][0]

    def test_a_failed_narrator_ends_with_3_and_no_document(
        self, run_cli: RunCli, draw_comic, tmp_path: Path, capsys
    ) -> None:
        target = tmp_path / "out.json"
        target.write_text("old")
        assert run_cli("narrate", draw_comic(), "--json", target, "--model", "missing") == 3
        assert target.read_text() == "old"
        assert capsys.readouterr().err.splitlines()[-1] == "comicreader: There is no such model. Pick another one."

    def test_a_persons_direction_for_the_book_counts(
        self, run_cli: RunCli, app_paths: AppPaths, draw_comic, capsys
    ) -> None:
        with Library.open(app_paths.library_file) as library:
            record = library.remember_book(draw_comic(), "comic", 2)
            library.set_direction(record.book_id, Direction.RIGHT_TO_LEFT)
            library.set_position(record.book_id, Position(1))
        assert run_cli("panels", draw_comic()) == 0
        first, second = json.loads(capsys.readouterr().out)["pages"][0]["panels"]
        assert first["box"][0] > second["box"][0]
        with Library.open(app_paths.library_file) as library:
            assert library.recent_books()[0].position == Position(1)


class TestPanels:
    def test_panels_need_no_narrator(self, run_cli: RunCli, draw_comic, tmp_path: Path) -> None:
        target = tmp_path / "panels.json"
        assert run_cli("panels", draw_comic(columns=2, rows=2), "--json", target, narrator=("--die-after", "0")) == 0
        page = json.loads(target.read_text())["pages"][0]
        assert len(page["panels"]) == 4
        assert all(set(panel) == {"box", "polygon", "confidence"} for panel in page["panels"])
        assert page["ms"] > 0
        assert 0 < page["order_confidence"] <= 1

    def test_the_document_can_be_measured_against_the_truth(self, run_cli: RunCli, draw_comic, tmp_path: Path) -> None:
        found, truth = tmp_path / "found.json", tmp_path / "truth.json"
        assert run_cli("panels", draw_comic(columns=2, rows=2), "--json", found) == 0
        boxes = [[x, y, 177, 277] for y in (12, 312) for x in (12, 212)]
        pages = [
            {"name": f"page {number}.png", "width": 400, "height": 600, "panels": [{"box": box} for box in boxes]}
            for number in (1, 2)
        ]
        truth.write_text(json.dumps({"book": "comic.cbz", "pages": pages}))
        out, notes = io.StringIO(), io.StringIO()
        assert panels_evaluate.run(found, truth, None, out, notes) == 0, notes.getvalue()
        assert "0.9       1.000   1.000  1.000        1.000" in out.getvalue().splitlines()

    def test_panels_that_are_known_take_no_time(self, run_cli: RunCli, draw_comic, capsys) -> None:
        for is_first in (True, False):
            assert run_cli("panels", draw_comic(), "--json", "-") == 0
            document = json.loads(capsys.readouterr().out)
            assert document["file"] == "comic.cbz"
            assert all(("ms" in page) == is_first for page in document["pages"])

    @pytest.mark.shared
    def test_the_shared_comics_have_panels(self, run_cli: RunCli, shared_comics: Path, capsys) -> None:
        for comic in sorted(shared_comics.glob("*.cbz")):
            assert run_cli("panels", comic, "--pages", "1-2") == 0
            for page in json.loads(capsys.readouterr().out)["pages"]:
                for panel in page["panels"]:
                    x, y, width, height = panel["box"]
                    assert 0 <= x < x + width <= page["width"]
                    assert 0 <= y < y + height <= page["height"]


class TestProcess:
    def test_ctrl_c_leaves_no_half_file_and_keeps_the_captions(
        self, run_cli: RunCli, app_paths: AppPaths, repository: Path, draw_comic, tmp_path: Path, capsys
    ) -> None:
        target = tmp_path / "out.json"
        book = draw_comic(pages=5)
        process = start(app_paths, repository, ("--delay", "0.5"), "narrate", book, "--json", target)
        assert process.stderr is not None
        while "[1/5]" not in (line := process.stderr.readline()):
            assert line, "it ended by itself"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        assert process.returncode == EXIT_INTERRUPTED
        assert "interrupted" in err
        assert "Traceback" not in err
        assert not target.exists()
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
        assert run_cli("narrate", book, "--pages", "1", "--json", "-", narrator=("--die-after", "0")) == 0
        assert texts(json.loads(capsys.readouterr().out)["pages"][0]) == ["0 previous", "1 previous"]

    def test_a_reader_of_the_output_may_go_away(self, app_paths: AppPaths, repository: Path, draw_comic) -> None:
        process = start(app_paths, repository, (), "narrate", draw_comic(pages=8))
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        process.stderr.close()
        assert process.wait(10) == EXIT_BROKEN_PIPE
        assert "Traceback" not in err
        assert "Exception" not in err

    def test_neither_torch_nor_qt_is_loaded_and_it_ends_soon(
        self, app_paths: AppPaths, repository: Path, draw_comic
    ) -> None:
        started = time.monotonic()
        process = start(app_paths, repository, (), "narrate", draw_comic(), "--json", "-")
        out, err = process.communicate(timeout=20)
        assert (process.returncode, len(json.loads(out)["pages"])) == (0, 2), err
        assert time.monotonic() - started < 10

    def test_python_m_comicreader_tells_its_exit_codes(self, repository: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "comicreader", "--help"], cwd=repository, capture_output=True, text=True
        )
        assert done.returncode == 0
        for status in ("0 ", "1 ", "2 ", "3 ", "130", "141"):
            assert f"\n  {status}" in done.stdout

    def test_a_name_that_a_poor_terminal_cannot_show_does_no_harm(
        self, app_paths: AppPaths, repository: Path, draw_comic
    ) -> None:
        book = draw_comic("Mädchen 日本.cbz")
        done = subprocess.run(
            [sys.executable, "-m", "comicreader", "panels", book, "--data-dir", app_paths.data],
            cwd=repository,
            capture_output=True,
            env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["book"] == "Mädchen 日本"


def first_panel(app_paths: AppPaths) -> str:
    with closing(sqlite3.connect(app_paths.library_file)) as connection:
        return str(connection.execute("SELECT panel_id FROM panels ORDER BY ordinal LIMIT 1").fetchone()[0])


def edit_first_panel(app_paths: AppPaths, text: str) -> None:
    with Library.open(app_paths.library_file) as library:
        library.save_edit(first_panel(app_paths), text)

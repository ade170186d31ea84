"""The program as it is started, read with and closed: its own processes, a real screen, a real keyboard."""

import inspect
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from comicreader.services.paths import AppPaths
from comicreader.services.settings import Settings, save_settings
from comicreader.ui.theme import PAPER

# Loading torch and a model takes a busy machine seconds.
_PATIENCE_S = 60.0


def until(condition: Callable[[], object], process: subprocess.Popen[bytes]) -> object:
    """Wait until a condition holds while the program runs; returns what it gave."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (result := condition()):
        assert process.poll() is None, f"the program ended with {process.returncode}"
        assert time.monotonic() < deadline, f"never came true: {inspect.getsource(condition).strip()}"
        time.sleep(0.05)
    return result


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    """The programs that a test has started; those that it did not close are killed."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_book_is_read_corrected_and_found_again_at_a_real_screen(
    screen, started: list[subprocess.Popen[bytes]], tiny_narrator: Path, app_paths: AppPaths, draw_comic, tmp_path: Path
) -> None:
    def start(*arguments: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "comicreader", *map(str, arguments), "--data-dir", str(app_paths.data)]
        process = subprocess.Popen(command, env=screen.environment)
        started.append(process)
        window = until(lambda: screen.find(process, "^comic — Comic Reader$"), process)
        screen.focus(str(window).splitlines()[0])
        return process

    def is_caption_there() -> bool:
        paper = np.array(PAPER.getRgb()[:3])
        return int((screen.photograph(tmp_path / "screen.png") == paper).all(axis=2).sum()) > 5000

    def stored(query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(app_paths.library_file)) as library:
            return library.execute(query).fetchall()

    def write(text: str) -> None:
        screen.press("e", "ctrl+a")
        screen.type(text)
        screen.press("ctrl+Return")

    save_settings(app_paths.settings_file, Settings(narrator_model=str(tiny_narrator)))
    program = start(draw_comic(pages=2))
    until(lambda: len(stored("SELECT text FROM captions WHERE source LIKE 'model:tiny%'")) == 4, program)
    screen.press("n")
    until(lambda: stored("SELECT page_index, panel_index FROM reading_positions") == [(0, 1)], program)
    write("The hero comes home.")
    until(lambda: stored("SELECT result_text, result_source FROM edits"), program)
    until(is_caption_there, program)
    assert len(np.unique(screen.photograph(tmp_path / "screen.png").reshape(-1, 3), axis=0)) > 50
    screen.press("ctrl+q")
    assert program.wait(20) == 0
    assert stored("SELECT result_text, result_source FROM edits") == [("The hero comes home.", "person")]

    again = start()  # with the book of last time, at the place of last time, where the edit stands
    until(is_caption_there, again)
    screen.press("e", "End")
    screen.type(" All is well.")
    screen.press("ctrl+Return")
    until(lambda: len(stored("SELECT * FROM edits")) == 2, again)
    screen.press("ctrl+q")
    assert again.wait(20) == 0
    ids = stored("SELECT DISTINCT panel_id FROM edits")
    texts = stored("SELECT draft_text, result_text FROM edits ORDER BY edit_id")
    assert len(ids) == 1
    assert texts[1] == ("The hero comes home.", "The hero comes home. All is well.")

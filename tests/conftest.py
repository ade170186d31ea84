"""What every test gets: a quiet environment of its own, and a check that it leaves nothing behind."""

import os

# Before anything imports OpenCV, torch or Qt: they read these once.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HF_HUB_OFFLINE"] = "1"

import contextlib
import io
import logging
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image, ImageDraw

from comicreader.cli import run
from comicreader.services.paths import AppPaths
from tests.fixtures.child_processes import command_line, living_children

DrawComic = Callable[..., Path]
RunCli = Callable[..., int]

REPOSITORY = Path(__file__).resolve().parent.parent

# A child that was told to leave, or a thread that was told to end, needs a moment for it; one with a model in its
# memory needs some seconds on a busy machine.
_GRACE_S = 10.0


@pytest.fixture(scope="session")
def repository() -> Path:
    """The check-out's root."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_comics() -> Path:
    """The folder of openly licensed comics beside the project; the test is skipped where there is none."""
    folder = REPOSITORY.parent / "shared" / "data" / "comics"
    if not folder.is_dir():
        pytest.skip("the shared comics are not here")
    return folder


@pytest.fixture(scope="session")
def fake_narrator() -> list[str]:
    """The command of a narrator without a model; `tests/fixtures/fake_narrator.py` tells its options."""
    return [sys.executable, str(REPOSITORY / "tests" / "fixtures" / "fake_narrator.py")]


@pytest.fixture
def draw_comic(tmp_path: Path) -> DrawComic:
    """Writes a CBZ whose pages are grids of coloured panels on white paper."""

    def draw(name: str = "comic.cbz", *, pages: int = 2, columns: int = 2, rows: int = 1, seed: int = 0) -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(pages):
                stream = io.BytesIO()
                _draw_page(columns, rows, seed + number).save(stream, "PNG")
                # with the time of 1980, so that the same pictures make the same file
                archive.writestr(zipfile.ZipInfo(f"page {number + 1}.png"), stream.getvalue())
        return path

    return draw


@pytest.fixture
def app_paths(tmp_path: Path) -> AppPaths:
    """The program's folders, all of the test's own."""
    return AppPaths.under(tmp_path / "data")


@pytest.fixture
def run_cli(app_paths: AppPaths, fake_narrator: list[str]) -> RunCli:
    """Runs a command with the test's own data folder; keyword: options of the fake narrator."""

    def called(*arguments: object, narrator: tuple[str, ...] = ()) -> int:
        command = [*fake_narrator, *narrator]
        return run([*map(str, arguments), "--data-dir", str(app_paths.data)], {"PATH": ""}, command)

    return called


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the person's own library and settings out of every test.

    The cache folder stays: it holds only base weights, which would take minutes to bring again.
    """
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home" / "state"))


@pytest.fixture(autouse=True)
def _no_unexpected_warnings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that logs a warning; a test that expects one takes `caplog` and looks for it."""
    kept = _KeptRecords(logging.WARNING)
    logger = logging.getLogger("comicreader")
    logger.addHandler(kept)
    yield
    logger.removeHandler(kept)
    if kept.records and "caplog" not in request.fixturenames:
        pytest.fail("logged: " + "; ".join(record.getMessage() for record in kept.records))


@pytest.fixture(autouse=True)
def _leave_nothing_behind() -> Iterator[None]:
    """Fail a test that leaves a child process or a thread that would keep the program alive."""
    children_before = {child.pid for child in living_children()}
    threads_before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + _GRACE_S
    while True:
        children = [child for child in living_children() if child.pid not in children_before]
        threads = [thread for thread in threading.enumerate() if thread not in threads_before and not thread.daemon]
        if not children and not threads:
            return
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    names = [_name_and_kill(child) for child in children] + [thread.name for thread in threads]
    pytest.fail(f"left behind: {', '.join(names)}")


def _draw_page(columns: int, rows: int, seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    page = Image.new("RGB", (400, 600), "white")
    width, height = 400 // columns, 600 // rows
    for row in range(rows):
        for column in range(columns):
            colour = tuple(int(value) for value in random.integers(20, 160, 3))
            x, y = column * width, row * height
            ImageDraw.Draw(page).rectangle((x + 12, y + 12, x + width - 12, y + height - 12), colour, "black", 3)
    return page


class _KeptRecords(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def _name_and_kill(process: psutil.Process) -> str:
    name = f"process {process.pid} ({command_line(process)})"
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
    return name

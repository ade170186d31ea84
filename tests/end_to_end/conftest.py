"""What tests of the whole program share: a screen of their own, and a narrator that is real but tiny."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from comicreader.services.paths import AppPaths
from tests.fixtures.live_reader import Program

_SCREEN = "1280x900x24"


class Screen:
    """An X server that nobody sees, and the hands of a person at it."""

    def __init__(self, display: str) -> None:
        self.environment = os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}

    def press(self, *keys: str) -> None:
        """Press keys as X calls them: "n", "ctrl+Return"."""
        self._call("key", *keys)

    def type(self, text: str) -> None:
        self._call("type", "--delay", "15", text)

    def find(self, process: subprocess.Popen[bytes], title: str) -> str:
        """Ids of a process's visible windows; empty where there are none."""
        search = "xdotool", "search", "--onlyvisible", "--all", "--pid", str(process.pid), "--name", title
        return subprocess.run(search, env=self.environment, capture_output=True, text=True, check=False).stdout.strip()

    def focus(self, window: str) -> None:
        """Give a window the keyboard, as a window manager would."""
        self._call("windowfocus", "--sync", window)

    def photograph(self, path: Path) -> np.ndarray:
        """Save what is on the screen; returns its pixels, RGB, (H, W, 3)."""
        subprocess.run(["import", "-window", "root", str(path)], env=self.environment, check=True)
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))

    def _call(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self.environment, check=True, timeout=30)


@pytest.fixture
def screen() -> Iterator[Screen]:
    """A screen; the test is skipped where X is missing."""
    for tool in ("Xvfb", "xdotool", "import"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    reading, writing = os.pipe()
    # -noreset: else the server starts anew, and refuses connections meanwhile, whenever its last client leaves
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", _SCREEN, "-nolisten", "tcp", "-noreset"],
        pass_fds=[writing], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    try:
        with os.fdopen(reading) as announced:
            yield Screen(f":{announced.readline().strip()}")
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def tiny_narrator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a narrator of the trainer's own classes that writes nonsense."""
    from tests.fixtures import tiny_models  # torch takes seconds, and only this test needs it here

    return tiny_models.tiny_prefix_narrator(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def program(qapp: QApplication, app_paths: AppPaths, fake_narrator: list[str]) -> Program:
    """The program in this process, with folders of the test's own and the fake narrator."""
    return Program(qapp, app_paths, fake_narrator)

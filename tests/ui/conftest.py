"""What tests of the window share."""

import pytest
from PySide6.QtWidgets import QApplication

from comicreader.services.paths import AppPaths
from tests.fixtures.live_reader import Program


@pytest.fixture
def program(qapp: QApplication, app_paths: AppPaths, fake_narrator: list[str]) -> Program:
    """The program with folders of the test's own and the fake narrator."""
    return Program(qapp, app_paths, fake_narrator)

"""What tests of the services share."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from comicreader.domain.panels import Panel
from comicreader.services.library import Library


@pytest.fixture
def library_file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "library.sqlite3"


@pytest.fixture
def library(library_file: Path) -> Iterator[Library]:
    with Library.open(library_file) as opened:
        yield opened


@pytest.fixture
def edits(library_file: Path) -> Callable[[], list[tuple[object, ...]]]:
    """Reads what the edits table holds, as another program would."""

    def read() -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(library_file)) as connection:
            return connection.execute(
                "SELECT kind, draft_text, draft_source, result_text, result_source, seconds FROM edits ORDER BY edit_id"
            ).fetchall()

    return read


@pytest.fixture
def box_panel() -> Callable[..., Panel]:
    """Makes a panel that is a box."""

    def make(x: int, y: int, width: int = 100, height: int = 100) -> Panel:
        return Panel(((x, y), (x + width, y), (x + width, y + height), (x, y + height)), confidence=0.8)

    return make


@pytest.fixture
def two_panels(box_panel: Callable[..., Panel]) -> tuple[Panel, ...]:
    """Two panels side by side."""
    return box_panel(0, 0), box_panel(110, 0)

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from comicreader.domain.errors import LibraryError
from comicreader.domain.narration import model_source
from comicreader.services.library import Library

PAGE = "5f3a/page 1.png"
MODEL = model_source("model-1", "description")


def test_threads_may_write_at_once(library: Library, box_panel, edits) -> None:
    ids = [panel.id for panel in library.store_detected_panels(PAGE, [box_panel(110 * i, 0) for i in range(8)], "d")]

    def write(panel_id: str) -> None:
        for number in range(5):
            library.save_edit(panel_id, f"{threading.get_ident()} {number}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, ids))
    assert len(edits()) == 40
    assert all(caption.text.endswith(" 4") for caption in library.captions_of(PAGE).values())


def test_two_processes_may_open_and_write_the_same_library(library_file: Path, repository: Path, edits) -> None:
    script = (
        "import sys; from pathlib import Path; from comicreader.services.library import Library\n"
        "from comicreader.domain.panels import Panel\n"
        "library = Library.open(Path(sys.argv[1])); name = sys.argv[2]\n"
        "panel = library.store_detected_panels(name, [Panel(((0, 0), (9, 0), (9, 9)))], 'd')[0]\n"
        "for number in range(20): library.save_edit(panel.id, f'{name} {number}')\n"
        "library.close()\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(library_file), name], cwd=repository)
        for name in ("one", "two")
    ]
    assert [writer.wait(30) for writer in writers] == [0, 0]
    assert len(edits()) == 40
    with Library.open(library_file) as library:
        for name in ("one", "two"):
            assert [caption.text for caption in library.captions_of(name).values()] == [f"{name} 19"]


def test_an_edit_survives_the_death_of_the_process(library_file: Path, repository: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from comicreader.services.library import Library\n"
        "from comicreader.domain.panels import Panel\n"
        "library = Library.open(Path(sys.argv[1]))\n"
        "panel = library.store_detected_panels('p', [Panel(((0, 0), (9, 0), (9, 9)))], 'd')[0]\n"
        "library.save_edit(panel.id, 'Mine'); os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(library_file)], cwd=repository).returncode == -9
    with Library.open(library_file) as library:
        assert [caption.text for caption in library.captions_of("p").values()] == ["Mine"]


def test_a_closed_library_says_so(library_file: Path) -> None:
    library = Library.open(library_file)
    library.close()
    with pytest.raises(LibraryError, match="closed"):
        library.recent_books()


def test_a_failed_call_leaves_nothing_half_done(library: Library, library_file: Path, box_panel) -> None:
    (panel,) = library.store_detected_panels(PAGE, [box_panel(0, 0)], "d")
    with closing(sqlite3.connect(library_file)) as other_program, other_program:
        other_program.execute("CREATE TRIGGER full BEFORE INSERT ON edits BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(LibraryError, match="disk full"):
        library.save_edit(panel.id, "Mine")
    assert library.captions_of(PAGE) == {}

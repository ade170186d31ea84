import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from comicreader.domain.errors import LibraryError
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.library_schema import APPLICATION_ID, MIGRATIONS, backup_path, connect

NEWEST = len(MIGRATIONS)
NEXT = (*MIGRATIONS, ("CREATE TABLE voices (name TEXT) STRICT", "INSERT INTO voices VALUES ('alto')"))


@pytest.fixture
def library_file(tmp_path: Path) -> Path:
    """A library with one edit."""
    path = tmp_path / "library.sqlite3"
    with Library.open(path) as library:
        panel = library.store_detected_panels("p", [Panel(((0, 0), (9, 0), (9, 9)))], "d")[0]
        library.save_edit(panel.id, "Mine")
    return path


def pragma(path: Path, name: str) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]


def count_edits(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM edits").fetchone()[0])


def test_a_new_library_is_ours_safe_and_of_the_newest_version(tmp_path: Path) -> None:
    path = tmp_path / "not there yet" / "library.sqlite3"
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
        assert connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    assert pragma(path, "user_version") == NEWEST
    assert pragma(path, "application_id") == APPLICATION_ID
    assert list(path.parent.glob("*version*")) == []


def test_many_may_make_the_same_library_at_once(tmp_path: Path) -> None:
    for number in range(10):
        path, together = tmp_path / f"{number}.sqlite3", threading.Barrier(6)

        def open_and_close(path: Path = path, together: threading.Barrier = together) -> None:
            together.wait(10)
            connect(path).close()

        with ThreadPoolExecutor(6) as threads:
            for opened in [threads.submit(open_and_close) for _ in range(6)]:
                opened.result()
        assert pragma(path, "user_version") == NEWEST


def test_a_migration_keeps_a_backup_of_the_version_before(library_file: Path) -> None:
    with closing(connect(library_file, NEXT)) as connection:
        assert connection.execute("SELECT name FROM voices").fetchone() == ("alto",)
    assert pragma(library_file, "user_version") == NEWEST + 1
    assert count_edits(library_file) == 1
    backup = backup_path(library_file, NEWEST)
    assert pragma(backup, "user_version") == NEWEST
    assert count_edits(backup) == 1
    with Library.open(backup) as library:
        assert [caption.text for caption in library.captions_of("p").values()] == ["Mine"]


def test_a_backup_holds_what_another_process_has_only_in_its_wal(library_file: Path) -> None:
    with Library.open(library_file) as still_open:
        panel = still_open.store_detected_panels("q", [Panel(((0, 0), (9, 0), (9, 9)))], "d")[0]
        still_open.save_edit(panel.id, "Second")
        connect(library_file, NEXT).close()
    assert count_edits(backup_path(library_file, NEWEST)) == 2


def test_a_failed_migration_changes_nothing(library_file: Path) -> None:
    broken = (*MIGRATIONS, ("CREATE TABLE voices (name TEXT) STRICT", "INSERT INTO nowhere VALUES (1)"))
    with pytest.raises(LibraryError, match="nowhere"):
        connect(library_file, broken)
    assert pragma(library_file, "user_version") == NEWEST
    with Library.open(library_file) as library:
        assert len(library.captions_of("p")) == 1
    with closing(sqlite3.connect(library_file)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'voices'").fetchone() is None


def test_a_newer_library_is_refused_and_left_as_it_is(library_file: Path) -> None:
    connect(library_file, NEXT).close()
    before = library_file.read_bytes()
    with pytest.raises(LibraryError, match="newer Comic Reader"):
        Library.open(library_file)
    assert library_file.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite3"
    path.write_bytes(b"My novel. " * 1000)
    with pytest.raises(LibraryError, match="not a database"):
        Library.open(path)
    assert path.read_bytes() == b"My novel. " * 1000
    assert list(tmp_path.iterdir()) == [path]


def test_a_database_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite3"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    before = path.read_bytes()
    with pytest.raises(LibraryError, match="another program"):
        Library.open(path)
    assert path.read_bytes() == before


def test_a_damaged_library_is_not_migrated_and_left_as_it_is(library_file: Path) -> None:
    damaged = bytearray(library_file.read_bytes())
    for page in range(2, len(damaged) // 4096):  # the first pages hold the schema, which still can be read
        damaged[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    library_file.write_bytes(damaged)
    with pytest.raises(LibraryError):
        connect(library_file, NEXT)
    assert library_file.read_bytes() == damaged
    assert not backup_path(library_file, NEWEST).exists()


def test_a_damaged_part_that_is_met_later_is_one_sentence(library_file: Path) -> None:
    with closing(sqlite3.connect(library_file)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'captions'").fetchone()
    damaged = bytearray(library_file.read_bytes())
    damaged[(root - 1) * 4096 : (root - 1) * 4096 + 100] = b"\xff" * 100
    library_file.write_bytes(damaged)
    with Library.open(library_file) as library, pytest.raises(LibraryError, match="cannot be used"):
        library.captions_of("p")


def test_a_place_where_nothing_can_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for path in (tmp_path / "file" / "library.sqlite3", tmp_path, Path("/proc/library.sqlite3")):
        with pytest.raises(LibraryError, match="cannot be opened"):
            Library.open(path)

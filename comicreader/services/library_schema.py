"""The library's tables, and the way from each version of them to the next.

    books ──< bookmarks            pages ──< panels ──< captions (one: what stands now)
      ├── reading_positions          │         ├──< edits (all that a person did; only ever added to)
      └──< page_places >─────────────┤         ├── caption_vectors (what a narrator's memory is made of)
                                     │         ├── exclusions (what is no training data)
                                     │         └──< character_marks >── characters (who is where; only ever added to)
                                     └──< panel_edits (what a person made of the panels; only ever added to)
    run_notes, choices               about training runs and between narrators

Pages are known by their content (`PageImage.page_id`), so captions follow a page wherever it stands and are found
from every copy of a book. What a detector no longer finds, or a person takes off the page, loses its `ordinal` but
stays, with its caption.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from comicreader.domain.errors import LibraryError

_log = logging.getLogger(__name__)

# Says that an SQLite file is ours ("ComR").
APPLICATION_ID = 0x436F6D52

# How long to wait for another process that writes; a write takes milliseconds.
_BUSY_TIMEOUT_S = 5.0
_BUSY_RETRY_S = 0.01

Migration = tuple[str, ...]

MIGRATIONS: tuple[Migration, ...] = (
    (
        """CREATE TABLE books (
            book_id INTEGER PRIMARY KEY,
            path BLOB UNIQUE,
            fingerprint TEXT NOT NULL,
            title TEXT NOT NULL,
            page_count INTEGER NOT NULL,
            direction TEXT CHECK (direction IN ('ltr', 'rtl')),
            last_opened TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX books_by_fingerprint ON books (fingerprint)",
        """CREATE TABLE reading_positions (
            book_id INTEGER PRIMARY KEY REFERENCES books ON DELETE CASCADE,
            page_index INTEGER NOT NULL,
            panel_index INTEGER,
            changed_at TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE bookmarks (
            book_id INTEGER NOT NULL REFERENCES books ON DELETE CASCADE,
            page_index INTEGER NOT NULL,
            panel_index INTEGER,
            made_at TEXT NOT NULL
        ) STRICT""",
        "CREATE UNIQUE INDEX one_bookmark_a_place ON bookmarks (book_id, page_index, ifnull(panel_index, 'page'))",
        """CREATE TABLE pages (
            page_id TEXT PRIMARY KEY,
            panels_by TEXT NOT NULL CHECK (panels_by IN ('detector', 'person')),
            detector_version TEXT NOT NULL,
            changed_at TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE panels (
            panel_id TEXT PRIMARY KEY,
            page_id TEXT NOT NULL REFERENCES pages,
            ordinal INTEGER,
            polygon TEXT NOT NULL,
            confidence REAL NOT NULL
        ) STRICT""",
        "CREATE INDEX panels_by_page ON panels (page_id, ordinal)",
        """CREATE TABLE captions (
            panel_id TEXT PRIMARY KEY REFERENCES panels,
            text TEXT NOT NULL,
            source TEXT NOT NULL,
            confidence REAL NOT NULL,
            context TEXT NOT NULL,
            written_at TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE edits (
            edit_id INTEGER PRIMARY KEY AUTOINCREMENT,
            panel_id TEXT NOT NULL REFERENCES panels,
            kind TEXT NOT NULL,
            draft_text TEXT,
            draft_source TEXT,
            draft_context TEXT,
            result_text TEXT,
            result_source TEXT,
            result_context TEXT,
            seconds REAL NOT NULL,
            made_at TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX edits_by_panel ON edits (panel_id)",
        """CREATE TRIGGER edits_are_never_changed BEFORE UPDATE ON edits
            BEGIN SELECT RAISE(ABORT, 'edits are only ever added'); END""",
        """CREATE TRIGGER edits_are_never_deleted BEFORE DELETE ON edits
            BEGIN SELECT RAISE(ABORT, 'edits are only ever added'); END""",
    ),
    (
        """CREATE TABLE panel_edits (
            edit_id INTEGER PRIMARY KEY AUTOINCREMENT,
            page_id TEXT NOT NULL REFERENCES pages,
            kind TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            made_at TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX panel_edits_by_page ON panel_edits (page_id)",
        """CREATE TRIGGER panel_edits_are_never_changed BEFORE UPDATE ON panel_edits
            BEGIN SELECT RAISE(ABORT, 'edits are only ever added'); END""",
        """CREATE TRIGGER panel_edits_are_never_deleted BEFORE DELETE ON panel_edits
            BEGIN SELECT RAISE(ABORT, 'edits are only ever added'); END""",
    ),
    (
        # a data set's pictures are cut from the books, so it must be known where a page stands
        """CREATE TABLE page_places (
            page_id TEXT NOT NULL REFERENCES pages,
            book_id INTEGER NOT NULL REFERENCES books ON DELETE CASCADE,
            page_index INTEGER NOT NULL,
            PRIMARY KEY (page_id, book_id)
        ) STRICT, WITHOUT ROWID""",
        "ALTER TABLE edits ADD COLUMN alternatives TEXT",
        "ALTER TABLE books ADD COLUMN licence TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE books ADD COLUMN style_card TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE exclusions (
            panel_id TEXT PRIMARY KEY REFERENCES panels,
            made_at TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE run_notes (
            run TEXT PRIMARY KEY,
            note TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE choices (
            choice_id INTEGER PRIMARY KEY AUTOINCREMENT,
            first_model TEXT NOT NULL,
            second_model TEXT NOT NULL,
            picture TEXT NOT NULL,
            first_text TEXT NOT NULL,
            second_text TEXT NOT NULL,
            chosen TEXT NOT NULL CHECK (chosen IN ('first', 'second', 'same')),
            made_at TEXT NOT NULL
        ) STRICT""",
    ),
    (
        # known by the book's content, as a book may be forgotten and found again
        """CREATE TABLE characters (
            character_id INTEGER PRIMARY KEY AUTOINCREMENT,
            fingerprint TEXT NOT NULL,
            name TEXT NOT NULL,
            made_at TEXT NOT NULL,
            UNIQUE (fingerprint, name)
        ) STRICT""",
        """CREATE TABLE character_marks (
            mark_id INTEGER PRIMARY KEY AUTOINCREMENT,
            character_id INTEGER NOT NULL REFERENCES characters,
            panel_id TEXT NOT NULL REFERENCES panels,
            box TEXT NOT NULL,
            verdict TEXT NOT NULL CHECK (verdict IN ('drawn', 'confirmed', 'refused', 'withdrawn')),
            made_at TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX character_marks_by_panel ON character_marks (character_id, panel_id)",
        """CREATE TRIGGER character_marks_are_never_changed BEFORE UPDATE ON character_marks
            BEGIN SELECT RAISE(ABORT, 'marks are only ever added'); END""",
        """CREATE TRIGGER character_marks_are_never_deleted BEFORE DELETE ON character_marks
            BEGIN SELECT RAISE(ABORT, 'marks are only ever added'); END""",
        # made of captions and pictures, and made again where they are lost
        """CREATE TABLE caption_vectors (
            panel_id TEXT PRIMARY KEY REFERENCES panels,
            book_id INTEGER NOT NULL,
            text TEXT NOT NULL,
            seen_by TEXT NOT NULL,
            picture TEXT NOT NULL,
            meaning TEXT NOT NULL
        ) STRICT""",
    ),
)
"""Statements from version n to n + 1; released ones never change."""


def connect(path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> sqlite3.Connection:
    """Open the library's file, making or migrating it if need be.

    A file that is damaged, not ours, or of a newer program is left as it is.

    Args:
        path: the SQLite file.
        migrations: how to make each version from the one before.

    Raises:
        LibraryError: it cannot be opened, written or migrated.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # one connection for all threads: the library lets one in at a time
        connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise LibraryError(f"The library {path} cannot be opened: {error}.") from error
    try:
        _check_version(connection, path, len(migrations))
        _configure(connection)
        _migrate(connection, path, migrations)
    except sqlite3.Error as error:
        connection.close()
        raise LibraryError(f"The library {path} cannot be used: {error}.") from error
    except LibraryError:
        connection.close()
        raise
    return connection


def _check_version(connection: sqlite3.Connection, path: Path, newest: int) -> None:
    """Refuse what is not ours before anything is written."""
    connection.execute("BEGIN")  # one moment's view: another process may be making the tables just now
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    application_id, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    connection.execute("ROLLBACK")
    if application_id != APPLICATION_ID and not is_empty:
        raise LibraryError(f"{path} is a database of another program; choose another folder for the library.")
    if version > newest:
        raise LibraryError(
            f"The library {path} was written by a newer Comic Reader (version {version}, this one knows {newest}): "
            "update the program or choose another folder."
        )


def _configure(connection: sqlite3.Connection) -> None:
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA synchronous = FULL")  # an edit that was shown as kept survives a power cut
    connection.execute("PRAGMA foreign_keys = ON")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the journal; SQLite does not wait by itself where another process is at the same (SQLITE_BUSY at once)."""
    give_up = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(_BUSY_RETRY_S)


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    """Bring the tables to the newest version, one version a transaction."""
    while True:
        # The lock comes first: another process may be migrating just now.
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = _pragma(connection, "user_version")
            if version >= len(migrations):
                connection.execute("ROLLBACK")
                return
            if version > 0:
                _back_up(path, version)
            # A new library is made whole at once: between its versions there is nothing to back up.
            following = version + 1 if version > 0 else len(migrations)
            for migration in migrations[version:following]:
                for statement in migration:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {following}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        _log.info("library %s is now version %d", path, following)


def backup_path(path: Path, version: int) -> Path:
    """Where the library of a version is kept when it is migrated to the next."""
    return path.with_name(f"{path.stem}.version-{version}{path.suffix}")


def _back_up(path: Path, version: int) -> None:
    """Copy the library as it is; a second connection reads it, since the first one holds the write lock."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
            if source.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                raise LibraryError(f"The library {path} is damaged and was left as it is; restore it from a backup.")
            source.backup(target)
        part.replace(backup_path(path, version))
    except OSError as error:
        raise LibraryError(f"The library {path} cannot be backed up: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])

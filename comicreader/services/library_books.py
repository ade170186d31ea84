"""Books, reading positions and bookmarks: the library's SQL for them, one open transaction a call."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from datetime import datetime
from pathlib import Path

from comicreader.domain.book import Direction
from comicreader.domain.errors import LibraryError
from comicreader.domain.navigation import Position
from comicreader.services.library_records import BookRecord
from trainer.config import ConfigError
from trainer.style_card import StyleCard

_log = logging.getLogger(__name__)

_BOOKS = """SELECT book_id, path, title, page_count, direction, last_opened, page_index, panel_index,
    style_card FROM books LEFT JOIN reading_positions USING (book_id)"""


def remember_book(
    connection: sqlite3.Connection, path: Path, fingerprint: str, title: str, page_count: int, now: str
) -> BookRecord:
    """Find a book by its path or, where its old path is gone, by its content; add it where it is new."""
    stored_path = os.fsencode(path)
    # a title made of a file's name may hold bytes that are no text
    title = title.encode("utf-8", errors="replace").decode()
    book_id = _find_book(connection, stored_path, fingerprint)
    if book_id is None:
        book_id = connection.execute(
            "INSERT INTO books (path, fingerprint, title, page_count, last_opened) VALUES (?, ?, ?, ?, ?)",
            (stored_path, fingerprint, title, page_count, now),
        ).lastrowid
    else:
        connection.execute("UPDATE books SET path = NULL WHERE path = ? AND book_id != ?", (stored_path, book_id))
        connection.execute(
            "UPDATE books SET path = ?, fingerprint = ?, title = ?, page_count = ?, last_opened = ? WHERE book_id = ?",
            (stored_path, fingerprint, title, page_count, now, book_id),
        )
    return _record(connection.execute(f"{_BOOKS} WHERE book_id = ?", (book_id,)).fetchone())


def _find_book(connection: sqlite3.Connection, stored_path: bytes, fingerprint: str) -> int | None:
    """The book's number.

    Content that was known elsewhere and is gone from there counts more than a path whose content changed: the
    file was moved over another one.
    """
    same_path = connection.execute("SELECT book_id, fingerprint FROM books WHERE path = ?", (stored_path,)).fetchone()
    if same_path is not None and same_path[1] == fingerprint:
        return int(same_path[0])
    same_content = connection.execute(
        "SELECT book_id, path FROM books WHERE fingerprint = ? ORDER BY last_opened DESC", (fingerprint,)
    )
    for book_id, old_path in same_content:
        if old_path is None or not Path(os.fsdecode(old_path)).exists():
            return int(book_id)
    return None if same_path is None else int(same_path[0])


def recent_books(connection: sqlite3.Connection, limit: int) -> tuple[BookRecord, ...]:
    """Books by the time they were opened, newest first."""
    rows = connection.execute(
        f"{_BOOKS} WHERE path IS NOT NULL ORDER BY last_opened DESC, book_id DESC LIMIT ?", (limit,)
    )
    return tuple(_record(row) for row in rows)


def forget_book(connection: sqlite3.Connection, book_id: int) -> None:
    """Delete a book, its position and bookmarks; its pages' captions belong to the pages and stay."""
    connection.execute("DELETE FROM books WHERE book_id = ?", (book_id,))


def set_style_card(connection: sqlite3.Connection, book_id: int, card: StyleCard) -> None:
    """Store how the person wants the book told."""
    value = "" if card == StyleCard() else json.dumps(card.as_json(), ensure_ascii=False)
    changed = connection.execute("UPDATE books SET style_card = ? WHERE book_id = ?", (value, book_id)).rowcount
    if not changed:
        raise LibraryError("This book is no longer in the library; open it again.")


def set_direction(connection: sqlite3.Connection, book_id: int, direction: Direction | None) -> None:
    """Store the person's choice."""
    value = None if direction is None else direction.value
    changed = connection.execute("UPDATE books SET direction = ? WHERE book_id = ?", (value, book_id)).rowcount
    if not changed:
        raise LibraryError("This book is no longer in the library; open it again.")


def set_position(connection: sqlite3.Connection, book_id: int, position: Position, now: str) -> None:
    """Store where reading stopped."""
    connection.execute(
        "INSERT OR REPLACE INTO reading_positions (book_id, page_index, panel_index, changed_at) VALUES (?, ?, ?, ?)",
        (book_id, position.page_index, position.panel_index, now),
    )


def add_bookmark(connection: sqlite3.Connection, book_id: int, position: Position, now: str) -> None:
    """Mark a place; a place is marked once."""
    connection.execute(
        "INSERT INTO bookmarks (book_id, page_index, panel_index, made_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (book_id, position.page_index, position.panel_index, now),
    )


def remove_bookmark(connection: sqlite3.Connection, book_id: int, position: Position) -> None:
    """Unmark a place."""
    connection.execute(
        "DELETE FROM bookmarks WHERE book_id = ? AND page_index = ? AND panel_index IS ?",
        (book_id, position.page_index, position.panel_index),
    )


def bookmarks(connection: sqlite3.Connection, book_id: int) -> tuple[Position, ...]:
    """The marked places in the order of the book."""
    rows = connection.execute(
        "SELECT page_index, panel_index FROM bookmarks WHERE book_id = ? ORDER BY page_index, panel_index", (book_id,)
    )
    return tuple(Position(page_index, panel_index) for page_index, panel_index in rows)


def _record(row: tuple[int, bytes, str, int, str | None, str, int | None, int | None, str]) -> BookRecord:
    book_id, path, title, page_count, direction, last_opened, page_index, panel_index, style_card = row
    return BookRecord(
        book_id=book_id,
        path=Path(os.fsdecode(path)),
        title=title,
        page_count=page_count,
        direction=None if direction is None else Direction(direction),
        position=Position(page_index or 0, panel_index),
        last_opened=datetime.fromisoformat(last_opened),
        style_card=_card(style_card),
    )


def _card(text: str) -> StyleCard:
    """A book's card; a blank one where a newer program has written what is not understood here."""
    try:
        return StyleCard.from_json(json.loads(text)) if text else StyleCard()
    except (ValueError, ConfigError) as error:
        _log.warning("a style card cannot be read: %s", error)
        return StyleCard()

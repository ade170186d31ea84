"""Who is who in a book: names that a person gave, and where their bearers are.

What a person says of a character and a panel is only ever added to; the last word counts. Characters belong to a
book's content, so that they are known again from every copy and after the book was forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from comicreader.domain.errors import LibraryError
from comicreader.domain.geometry import Box
from comicreader.services.library_transactions import Transactions, now


class Verdict(StrEnum):
    """What a person says of a character and a panel."""

    DRAWN = "drawn"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Character:
    """Somebody in a book.

    Attributes:
        id: names the character in the library.
        name: as captions say it.
    """

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The last word about a character and a panel.

    Attributes:
        character_id: who.
        panel_id: where.
        box: where in it, page pixels.
        verdict: whether it is so; never WITHDRAWN.
    """

    character_id: int
    panel_id: str
    box: Box
    verdict: Verdict


def tidy_name(text: str) -> str:
    """A name as captions and the narrator's lists of words can have it: one line, without ";" and "="."""
    return " ".join(text.replace(";", " ").replace("=", " ").split())


_LAST_WORDS = """SELECT character_id, name, panel_id, box, verdict FROM character_marks JOIN characters
    USING (character_id) WHERE verdict != 'withdrawn' AND mark_id IN
    (SELECT max(mark_id) FROM character_marks GROUP BY character_id, panel_id)
    AND fingerprint = (SELECT fingerprint FROM books WHERE book_id = ?) ORDER BY mark_id"""


class LibraryCharacters:
    """The part of the library that is about characters. All methods raise LibraryError."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def named(self, book_id: int, name: str) -> Character:
        """The character of this name in a book, known from now on."""
        name = tidy_name(name)
        with self._transactions.writing() as connection:
            if connection.execute("SELECT 1 FROM books WHERE book_id = ?", (book_id,)).fetchone() is None:
                raise LibraryError("The book is not in the library any more.")
            connection.execute(
                """INSERT OR IGNORE INTO characters (fingerprint, name, made_at)
                    SELECT fingerprint, ?, ? FROM books WHERE book_id = ?""",
                (name, now(), book_id),
            )
            found = connection.execute(
                """SELECT character_id, name FROM characters
                    WHERE name = ? AND fingerprint = (SELECT fingerprint FROM books WHERE book_id = ?)""",
                (name, book_id),
            ).fetchone()
        return Character(*found)

    def rename(self, character_id: int, name: str) -> None:
        """Call a character by another name.

        Raises:
            LibraryError: another one in the book has it.
        """
        name = tidy_name(name)
        with self._transactions.writing() as connection:
            is_taken = connection.execute(
                """SELECT 1 FROM characters WHERE name = ? AND character_id != ? AND fingerprint =
                    (SELECT fingerprint FROM characters WHERE character_id = ?)""",
                (name, character_id, character_id),
            ).fetchone()
            if is_taken:
                raise LibraryError(f"Another one in this book is called {name}.")
            connection.execute("UPDATE characters SET name = ? WHERE character_id = ?", (name, character_id))

    def say(self, mark: Mark, verdict: Verdict | None = None) -> None:
        """Note what a person says; `verdict` in place of the mark's own."""
        box = [mark.box.x, mark.box.y, mark.box.width, mark.box.height]
        with self._transactions.writing() as connection:
            connection.execute(
                "INSERT INTO character_marks (character_id, panel_id, box, verdict, made_at) VALUES (?, ?, ?, ?, ?)",
                (mark.character_id, mark.panel_id, json.dumps(box), verdict or mark.verdict, now()),
            )

    def marks(self, book_id: int) -> tuple[Mark, ...]:
        """What stands of a book's characters, in the order in which it was said."""
        with self._transactions.reading() as connection:
            rows = connection.execute(_LAST_WORDS, (book_id,)).fetchall()
        return tuple(_mark(character_id, panel_id, box, verdict) for character_id, _, panel_id, box, verdict in rows)

    def cast(self, book_id: int) -> tuple[Character, ...]:
        """Who was seen in a book, by name."""
        with self._transactions.reading() as connection:
            rows = connection.execute(_LAST_WORDS, (book_id,)).fetchall()
        seen = {Character(row[0], row[1]) for row in rows if row[4] != Verdict.REFUSED}
        return tuple(sorted(seen, key=lambda one: one.name.casefold()))

    def names_by_panel(self, book_id: int) -> Mapping[str, tuple[str, ...]]:
        """Who is in which panel of a book for certain, the largest first."""
        with self._transactions.reading() as connection:
            rows = connection.execute(_LAST_WORDS, (book_id,)).fetchall()
        found: dict[str, list[tuple[int, str]]] = {}
        for character_id, name, panel_id, box, verdict in rows:
            if verdict != Verdict.REFUSED:
                area = _mark(character_id, panel_id, box, verdict).box.area
                found.setdefault(panel_id, []).append((-area, name))
        return {panel_id: tuple(name for _, name in sorted(names)) for panel_id, names in found.items()}


def _mark(character_id: int, panel_id: str, box: str, verdict: str) -> Mark:
    return Mark(character_id, panel_id, Box(*json.loads(box)), Verdict(verdict))

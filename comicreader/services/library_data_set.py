"""What a person did with captions, as data: read from the library, whose edits are never lost.

A caption counts while it stands: what was undone, or is a mere proposal again, teaches nothing. What the narrator
wrote and the person replaced is the worse of a pair; what the person kept as it was is a good example.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

from comicreader.domain.narration import MODEL_PREFIX, PERSON
from comicreader.domain.panels import Panel
from comicreader.services.library_records import ACCEPT, CHOOSE, EDIT, REGENERATE, CaptionVectors
from comicreader.services.library_transactions import Transactions, now
from trainer.dataset import DESCRIPTION, STYLES


@dataclass(frozen=True, slots=True)
class Draft:
    """A text of the narrator's that a person replaced.

    Attributes:
        text: the narrator's.
        act: what the person did with it: EDIT, CHOOSE or REGENERATE.
        seconds: how long that took.
    """

    text: str
    act: str
    seconds: float


@dataclass(frozen=True, slots=True)
class TaughtCaption:
    """A caption that stands and is a person's.

    Attributes:
        panel: where it belongs, with its id; page pixels.
        page_id: its page.
        number: the panel's place on the page, from 1.
        text: the caption.
        style: of the narrator it was made from, "description" where there was none.
        act: how it came about last: EDIT, ACCEPT, CHOOSE, or another kind of edit.
        seconds: how long the person wrote at it, all edits together.
        drafts: what the narrator had written, oldest first; other texts than `text`.
        is_excluded: whether the person wants it left out of data sets.
    """

    panel: Panel
    page_id: str
    number: int
    text: str
    style: str
    act: str
    seconds: float
    drafts: tuple[Draft, ...]
    is_excluded: bool


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Where a page stands.

    Attributes:
        book_id: the book's number in the library.
        path: its file or folder.
        title: its title.
        licence: on what terms its pictures may be used, as the person noted it.
        page_index: from 0; -1 where it is not known which page of the book it is.
    """

    book_id: int
    path: Path
    title: str
    licence: str
    page_index: int


class LibraryDataSet:
    """The part of the library that data sets are made of. All methods raise LibraryError."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def remember_place(self, book_id: int, page_id: str, page_index: int) -> None:
        """Note where a page stands, so that its panels can be cut out later."""
        with self._transactions.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO page_places (page_id, book_id, page_index) VALUES (?, ?, ?)",
                (page_id, book_id, page_index),
            )

    def places_of(self, page_id: str) -> tuple[PagePlace, ...]:
        """Where a page was seen, the book opened last first."""
        with self._transactions.reading() as connection:
            rows = connection.execute(
                """SELECT book_id, path, title, licence, page_index FROM page_places JOIN books USING (book_id)
                    WHERE page_id = ? AND path IS NOT NULL ORDER BY last_opened DESC""",
                (page_id,),
            )
            return tuple(_place(*row) for row in rows)

    def books(self) -> tuple[PagePlace, ...]:
        """Every book that is known, the one opened last first; without a page."""
        with self._transactions.reading() as connection:
            rows = connection.execute(
                "SELECT book_id, path, title, licence, -1 FROM books WHERE path IS NOT NULL ORDER BY last_opened DESC"
            )
            return tuple(_place(*row) for row in rows)

    def set_licence(self, book_id: int, licence: str) -> None:
        """Note on what terms a book's pictures may be used."""
        with self._transactions.writing() as connection:
            connection.execute("UPDATE books SET licence = ? WHERE book_id = ?", (licence, book_id))

    def set_excluded(self, panel_id: str, *, is_excluded: bool) -> None:
        """Leave a caption out of data sets, or take it in again."""
        with self._transactions.writing() as connection:
            if is_excluded:
                connection.execute("INSERT OR IGNORE INTO exclusions VALUES (?, ?)", (panel_id, now()))
            else:
                connection.execute("DELETE FROM exclusions WHERE panel_id = ?", (panel_id,))

    def store_vectors(self, vectors: CaptionVectors) -> None:
        """Keep what was made of a caption; without vectors, keep nothing of it."""
        with self._transactions.writing() as connection:
            connection.execute("DELETE FROM caption_vectors WHERE panel_id = ?", (vectors.panel_id,))
            if vectors.picture:
                connection.execute("INSERT INTO caption_vectors VALUES (?, ?, ?, ?, ?, ?)", astuple(vectors))

    def caption_vectors(self) -> tuple[CaptionVectors, ...]:
        """What was made of the person's captions that stand."""
        with self._transactions.reading() as connection:
            rows = connection.execute(
                """SELECT panel_id, book_id, text, seen_by, picture, meaning FROM caption_vectors
                    JOIN captions USING (panel_id, text) WHERE source = ?""",
                (PERSON,),
            )
            return tuple(CaptionVectors(*row) for row in rows)

    def unseen_captions(self, page_id: str) -> dict[str, str]:
        """The person's captions of a page of which nothing was made yet, by panel id."""
        with self._transactions.reading() as connection:
            rows = connection.execute(
                """SELECT panel_id, captions.text FROM captions JOIN panels USING (panel_id)
                    LEFT JOIN caption_vectors USING (panel_id, text)
                    WHERE page_id = ? AND ordinal IS NOT NULL AND source = ? AND captions.text != ''
                    AND picture IS NULL""",
                (page_id, PERSON),
            )
            return dict(rows.fetchall())

    def described(self, panel_ids: Iterable[str]) -> set[str]:
        """Those of the panels that have a person's or an imported text."""
        with self._transactions.reading() as connection:
            rows = connection.execute(
                """SELECT panel_id FROM captions JOIN json_each(?) ON value = panel_id
                    WHERE source NOT LIKE ? AND text != ''""",
                (json.dumps(list(panel_ids)), f"{MODEL_PREFIX}%"),
            )
            return {panel_id for (panel_id,) in rows}

    def taught(self) -> tuple[TaughtCaption, ...]:
        """The person's captions, by page and place on it, less those of panels that are gone from their page."""
        with self._transactions.reading() as connection:
            standing = connection.execute(
                """SELECT panel_id, page_id, ordinal, polygon, captions.text, exclusions.panel_id IS NOT NULL
                    FROM captions JOIN panels USING (panel_id) LEFT JOIN exclusions USING (panel_id)
                    WHERE source = ? AND ordinal IS NOT NULL AND captions.text != '' ORDER BY page_id, ordinal""",
                (PERSON,),
            ).fetchall()
            return tuple(_taught(connection, *row) for row in standing)


def _taught(
    connection: sqlite3.Connection, panel_id: str, page_id: str, ordinal: int, polygon: str, text: str, excluded: int
) -> TaughtCaption:
    edits = connection.execute(
        """SELECT kind, draft_text, draft_source, result_source, alternatives, seconds FROM edits
            WHERE panel_id = ? ORDER BY edit_id""",
        (panel_id,),
    ).fetchall()
    drafts: dict[str, Draft] = {}
    style, act, seconds = DESCRIPTION, EDIT, 0.0
    for kind, draft_text, draft_source, result_source, alternatives, took in edits:
        if kind in (EDIT, ACCEPT, CHOOSE):
            act, seconds = kind, seconds + took
        if kind in (EDIT, CHOOSE, REGENERATE):
            others = json.loads(alternatives) if alternatives else []
            if draft_text and (draft_source or "").startswith(MODEL_PREFIX):
                others.insert(0, draft_text)
            for other in others:
                drafts.pop(other, None)
                drafts[other] = Draft(other, kind, took)
        for source in (draft_source, result_source):
            told = (source or "").rpartition("/")[2]
            style = told if (source or "").startswith(MODEL_PREFIX) and told in STYLES else style
    drafts.pop(text, None)
    panel = Panel(tuple((x, y) for x, y in json.loads(polygon)), id=panel_id)
    return TaughtCaption(panel, page_id, ordinal + 1, text, style, act, seconds, tuple(drafts.values()), bool(excluded))


def _place(book_id: int, path: bytes, title: str, licence: str, page_index: int) -> PagePlace:
    return PagePlace(book_id, Path(os.fsdecode(path)), title, licence, page_index)

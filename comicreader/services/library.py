"""The library: what is remembered of books, and the one store of captions and edits.

Every call is one transaction, safe from any thread and beside other processes; when it returns, what it wrote is
on the disk. Detected panels and generated captions are proposals that may be replaced; what a person wrote is
kept for good. The tables are drawn in `library_schema`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from comicreader.domain.book import Direction
from comicreader.domain.narration import Caption
from comicreader.domain.navigation import Position
from comicreader.domain.panel_edits import PanelEdit
from comicreader.domain.panels import Panel
from comicreader.services import library_books, library_captions, library_panel_edits, library_panels
from comicreader.services.book_fingerprint import book_fingerprint
from comicreader.services.library_characters import LibraryCharacters
from comicreader.services.library_data_set import LibraryDataSet
from comicreader.services.library_records import (
    CHOOSE,
    EDIT,
    REDO,
    UNDO,
    BookRecord,
    CaptionChange,
    PanelEditKind,
    PanelsChange,
    StoredPanels,
)
from comicreader.services.library_runs import LibraryRuns
from comicreader.services.library_schema import connect
from comicreader.services.library_transactions import Transactions, now
from trainer.style_card import StyleCard


class Library:
    """An open library. All methods raise LibraryError when the file cannot be read or written.

    Attributes:
        data_set: what the person did, as data.
        runs: what the person thinks of training runs.
        characters: who is who in books.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._transactions = Transactions(connection)
        self.data_set = LibraryDataSet(self._transactions)
        self.runs = LibraryRuns(self._transactions)
        self.characters = LibraryCharacters(self._transactions)

    @classmethod
    def open(cls, path: Path) -> Library:
        """Open the library's file; make it where there is none.

        Raises:
            LibraryError: it is damaged, not a library, of a newer program, or cannot be written; it is left as it is.
        """
        return cls(connect(path))

    def close(self) -> None:
        """Close the file; later calls raise LibraryError."""
        self._transactions.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def remember_book(self, path: Path, title: str, page_count: int) -> BookRecord:
        """Note that a book is opened; one that was moved or renamed is known again by its content.

        Raises:
            BookError: the file or folder cannot be read.
        """
        path = path.absolute()
        fingerprint = book_fingerprint(path)
        with self._transactions.writing() as connection:
            return library_books.remember_book(connection, path, fingerprint, title, page_count, now())

    def recent_books(self, limit: int = 12) -> tuple[BookRecord, ...]:
        """The books opened last, newest first; some may be gone from the disk."""
        with self._transactions.reading() as connection:
            return library_books.recent_books(connection, limit)

    def forget_book(self, book_id: int) -> None:
        """Drop a book with its position and bookmarks; captions and edits belong to its pages and stay."""
        with self._transactions.writing() as connection:
            library_books.forget_book(connection, book_id)

    def set_direction(self, book_id: int, direction: Direction | None) -> None:
        """Keep the direction the person chose for a book; None: as the file says."""
        with self._transactions.writing() as connection:
            library_books.set_direction(connection, book_id, direction)

    def set_style_card(self, book_id: int, card: StyleCard) -> None:
        """Keep how a book is to be told."""
        with self._transactions.writing() as connection:
            library_books.set_style_card(connection, book_id, card)

    def set_position(self, book_id: int, position: Position) -> None:
        """Keep the place where reading stopped."""
        with self._transactions.writing() as connection:
            library_books.set_position(connection, book_id, position, now())

    def add_bookmark(self, book_id: int, position: Position) -> None:
        """Mark a place; marking it twice is marking it once."""
        with self._transactions.writing() as connection:
            library_books.add_bookmark(connection, book_id, position, now())

    def remove_bookmark(self, book_id: int, position: Position) -> None:
        """Unmark a place."""
        with self._transactions.writing() as connection:
            library_books.remove_bookmark(connection, book_id, position)

    def bookmarks(self, book_id: int) -> tuple[Position, ...]:
        """The marked places in the order of the book."""
        with self._transactions.reading() as connection:
            return library_books.bookmarks(connection, book_id)

    def panels_of(self, page_id: str) -> StoredPanels | None:
        """The page's panels in reading order; None where none were found yet."""
        with self._transactions.reading() as connection:
            return library_panels.panels_of(connection, page_id)

    def store_detected_panels(self, page_id: str, panels: Sequence[Panel], detector_version: str) -> tuple[Panel, ...]:
        """Make what detection found the page's panels, unless a person drew them.

        A panel that was known keeps its id and so its caption. One that is not found any more is kept out of sight
        with its caption and comes back when it is found again.

        Args:
            page_id: the page.
            panels: in reading order; their ids do not matter.
            detector_version: what found them.

        Returns:
            The panels that stand now, with ids.
        """
        with self._transactions.writing() as connection:
            return library_panels.store_detected_panels(connection, page_id, panels, detector_version, now())

    def store_person_panels(
        self, page_id: str, edit: PanelEdit, kind: PanelEditKind, *, expected: Sequence[Panel]
    ) -> PanelsChange:
        """Make what a person drew the page's panels; detection leaves the page alone from now on.

        Panels without an id get one. Those that are gone are kept out of sight with their captions, so that an undo
        brings both back. A merged panel takes over the texts that people wrote for its parts.

        Args:
            page_id: the page.
            edit: what became of its panels.
            kind: what the person did.
            expected: the panels that the person saw.

        Raises:
            LibraryError: other panels stand than those the person saw.
        """
        with self._transactions.writing() as connection:
            return library_panel_edits.store_person_panels(connection, page_id, edit, kind, expected, now())

    def store_layout(self, page_id: str, panels: Sequence[Panel]) -> PanelsChange:
        """Give a page another page's layout; a panel that was about there keeps its id and so its caption."""
        with self._transactions.writing() as connection:
            return library_panel_edits.store_layout(connection, page_id, panels, now())

    def store_redetected_panels(self, page_id: str, found: Sequence[Panel], detector_version: str) -> PanelsChange:
        """Put what detection found in the place of what a person drew, because the person asked for it."""
        with self._transactions.writing() as connection:
            return library_panel_edits.store_redetected_panels(connection, page_id, found, detector_version, now())

    def undo_panels(self, change: PanelsChange) -> PanelsChange:
        """Let the panels from before a change stand again, with their captions.

        Raises:
            LibraryError: the panels were changed again since.
        """
        with self._transactions.writing() as connection:
            return library_panel_edits.turn_back(connection, change, PanelEditKind.UNDO, now())

    def redo_panels(self, change: PanelsChange) -> PanelsChange:
        """Let the panels from after an undone change stand again.

        Args:
            change: the change as it was first made (not what `undo_panels` returned).

        Raises:
            LibraryError: the panels were changed again since.
        """
        undone = PanelsChange(change.page_id, before=change.after, after=change.before)
        with self._transactions.writing() as connection:
            return library_panel_edits.turn_back(connection, undone, PanelEditKind.REDO, now())

    def captions_of(self, page_id: str) -> dict[str, Caption]:
        """The captions that stand on the page, by panel id."""
        with self._transactions.reading() as connection:
            return library_captions.captions_of(connection, page_id)

    def store_generated(self, panel_id: str, caption: Caption) -> Caption:
        """Keep a model's caption, unless a person's or an imported text stands; returns what stands now."""
        with self._transactions.writing() as connection:
            return library_captions.store_generated(connection, panel_id, caption, now())

    def store_regenerated(self, panel_id: str, caption: Caption) -> CaptionChange:
        """Keep the other wording a person asked for, and that the first one did not please.

        A person's or an imported text stays: `before` and `after` are then the same.
        """
        with self._transactions.writing() as connection:
            return library_captions.store_regenerated(connection, panel_id, caption, now())

    def save_edit(self, panel_id: str, text: str, *, kind: str = EDIT, seconds: float = 0.0) -> CaptionChange:
        """Make a person's text the caption.

        An edit that leaves the text as it was is none: a proposal stays a proposal, unless it is an `ACCEPT`.

        Args:
            panel_id: the panel.
            text: the whole new text; space around it is dropped.
            kind: what the person did, `EDIT` or `ACCEPT`.
            seconds: how long it took.
        """
        with self._transactions.writing() as connection:
            return library_captions.save_edit(connection, panel_id, text.strip(), kind, seconds, now())

    def save_choice(self, panel_id: str, text: str, others: Sequence[str], *, seconds: float = 0.0) -> CaptionChange:
        """Make the wording that a person chose the caption, and keep those that it was preferred to.

        Args:
            panel_id: the panel.
            text: what was chosen.
            others: what was not.
            seconds: how long it took.
        """
        with self._transactions.writing() as connection:
            return library_captions.save_edit(connection, panel_id, text.strip(), CHOOSE, seconds, now(), others)

    def store_imported(self, panel_id: str, text: str) -> CaptionChange:
        """Make a file's text the caption, unless a person's text stands: `before` and `after` are then the same."""
        with self._transactions.writing() as connection:
            return library_captions.store_imported(connection, panel_id, text, now())

    def undo_edit(self, change: CaptionChange) -> CaptionChange:
        """Let the caption from before a change stand again.

        Raises:
            LibraryError: a person has changed the caption again since.
        """
        with self._transactions.writing() as connection:
            return library_captions.turn_back(connection, change, UNDO, now())

    def redo_edit(self, change: CaptionChange) -> CaptionChange:
        """Let the caption from after an undone change stand again.

        Args:
            change: the change as it was first made (not what `undo_edit` returned).

        Raises:
            LibraryError: a person has changed the caption again since.
        """
        undone = CaptionChange(change.panel_id, change.page_id, before=change.after, after=change.before)
        with self._transactions.writing() as connection:
            return library_captions.turn_back(connection, undone, REDO, now())

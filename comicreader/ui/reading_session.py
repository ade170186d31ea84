"""What belongs to one open book while it is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from comicreader.domain.book import Book, Direction
from comicreader.domain.navigation import Position
from comicreader.services.book_looks import BookLooks
from comicreader.ui.page_desk import PageDesk
from trainer.style_card import StyleCard


@dataclass(slots=True, eq=False)
class ReadingSession:
    """An open book and the place in it.

    Attributes:
        book: the open file.
        book_id: its number in the library.
        path: where it is.
        desk: its pages, made ready for the screen.
        direction: which way it is read.
        position: where the reader is.
        style_card: how it is told.
        looks: what its panels look like, as far as anybody asked.
    """

    book: Book
    book_id: int
    path: Path
    desk: PageDesk
    direction: Direction
    position: Position
    style_card: StyleCard
    looks: BookLooks

    @property
    def page_count(self) -> int:
        """Number of pages."""
        return len(self.book.page_names)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader is, for people's eyes.

    Attributes:
        page_index: from 0.
        panel_index: from 0; None while the page's panels are not known.
        page_count: number of pages.
        panel_count: number of panels of this page; None while it is not known.
    """

    page_index: int
    panel_index: int | None
    page_count: int
    panel_count: int | None

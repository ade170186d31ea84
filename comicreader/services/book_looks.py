"""What a book's panels look like: every page is looked at once while the book is open, the nearest ones first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from comicreader.domain.book import Book, Direction, PageImage
from comicreader.domain.colour_look import ColourLook, colour_look
from comicreader.domain.errors import PageError
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.panel_crops import panel_pixels
from comicreader.services.panel_finder import PanelFinder

# As narrating does, so that a page is known by the same panels.
_PAGE_SIDE_PX = 1600


@dataclass(frozen=True, slots=True)
class PanelLook:
    """A panel that was looked at.

    Attributes:
        page_index: its page.
        number: on its page, from 1.
        panel: itself, in page pixels.
        colours: what it looks like.
    """

    page_index: int
    number: int
    panel: Panel
    colours: ColourLook


class BookLooks:
    """The looks of one open book, which stays its owner's to close."""

    def __init__(self, book: Book, library: Library) -> None:
        self._book = book
        self._library = library
        self._by_page: dict[int, tuple[PanelLook, ...]] = {}

    @property
    def known(self) -> list[PanelLook]:
        """All that was looked at, in the order of the book."""
        return [look for index in sorted(self._by_page) for look in self._by_page[index]]

    def check_page(self, index: int, panels: Sequence[Panel]) -> None:
        """A page has these panels now: if it was seen with others it is to be looked at again."""
        if [look.panel for look in self._by_page.get(index, ())] != list(panels):
            self._by_page.pop(index, None)

    async def look(self, near: int, direction: Direction) -> AsyncGenerator[tuple[int, int], None]:
        """Look at all pages that were not looked at; one that cannot be read has no panels.

        Args:
            near: the page to begin with.
            direction: which way the book is read.

        Yields:
            How many pages are done, and how many there are: first as it stands, then after each page.

        Raises:
            LibraryError: the library cannot be used.
        """
        count = len(self._book.page_names)
        finder = PanelFinder(self._library)
        yield len(self._by_page), count
        for index in sorted(range(count), key=lambda page: abs(page - near)):
            if index not in self._by_page:
                self._by_page[index] = await self._looks(finder, index, direction)
                yield len(self._by_page), count

    async def page(self, index: int) -> PageImage:
        """A page as it was looked at.

        Raises:
            PageError: it cannot be read or decoded.
        """
        return await asyncio.to_thread(self._book.load_page, index, _PAGE_SIDE_PX)

    async def _looks(self, finder: PanelFinder, index: int, direction: Direction) -> tuple[PanelLook, ...]:
        try:
            page = await self.page(index)
        except PageError:
            return ()
        panels = await finder.panels_for(page, direction)
        return await asyncio.to_thread(_look_at, index, page, panels)


def _look_at(index: int, page: PageImage, panels: Sequence[Panel]) -> tuple[PanelLook, ...]:
    return tuple(
        PanelLook(index, number, panel, colour_look(panel_pixels(page, panel)))
        for number, panel in enumerate(panels, start=1)
    )

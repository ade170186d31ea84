"""A book page by page without a window: its panels, and its narration.

Pages come as they are finished (`domain.interchange` makes a document or a story of them). What is found and told
goes through the library, so a person's texts are used, and a run that was broken off goes on where it stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

from comicreader.domain.book import Book, Direction, PageImage
from comicreader.domain.errors import PageError
from comicreader.domain.interchange import NarratedPage, NarratedPanel
from comicreader.domain.reading_order import fold_of, read_outlines
from comicreader.services.book_narrator import BookNarrator
from comicreader.services.library import Library
from comicreader.services.narrator_process import RequestRefusedError
from comicreader.services.panel_finder import FoundPanels, PanelFinder
from trainer.dataset import CONTEXT_CAPTIONS

# A third of such a page still fills a crop of 448 px; decoding it takes a tenth of a second.
_PAGE_SIDE_PX = 1600
# Enough to learn which page it is.
_TINY_SIDE_PX = 64


class BookReading:
    """Reads one book in one direction."""

    def __init__(self, book: Book, direction: Direction, library: Library) -> None:
        self._book = book
        self._direction = direction
        self._library = library
        self._finder = PanelFinder(library)
        self._page_ids: dict[int, str] = {}

    async def outline(self, page_indices: Iterable[int]) -> AsyncGenerator[NarratedPage, None]:
        """Find the panels of some pages.

        Raises:
            LibraryError: the library cannot be used.
        """
        for index in page_indices:
            try:
                page, found = await self._look_at(index)
            except PageError as error:
                yield self._broken_page(index, error)
            else:
                told = tuple(NarratedPanel(panel) for panel in found.panels)
                sureness = 1.0 if found.by_person else self._order_confidence(page, found)
                yield NarratedPage(
                    page.name, page.width, page.height, told, ms=found.detection_ms, order_confidence=sureness
                )

    async def recall(self, page_indices: Iterable[int]) -> AsyncGenerator[NarratedPage, None]:
        """Find the panels of some pages, with the captions that stand already.

        Raises:
            LibraryError: the library cannot be used.
        """
        for index in page_indices:
            try:
                page, found = await self._look_at(index)
            except PageError as error:
                yield self._broken_page(index, error)
            else:
                captions = self._library.captions_of(page.page_id)
                told = tuple(NarratedPanel(panel, captions.get(panel.id)) for panel in found.panels)
                yield NarratedPage(page.name, page.width, page.height, told)

    async def tell(self, page_indices: Iterable[int], narrator: BookNarrator) -> AsyncGenerator[NarratedPage, None]:
        """Have some pages narrated, each going on from the pages before it.

        A page that cannot be read, or that the narrator refuses, says so in its `error`.

        Raises:
            NarratorError: the narrator has failed.
            LibraryError: the library cannot be used.
        """
        for index in page_indices:
            try:
                page, found = await self._look_at(index)
            except PageError as error:
                yield self._broken_page(index, error)
                continue
            panels = found.panels
            previous = narrator.previous_captions(await self._ids_before(index))
            refusal = ""
            try:
                async with aclosing(narrator.narrate_page(page, panels, previous)) as updates:
                    async for _ in updates:
                        pass  # the library has them
            except RequestRefusedError as error:
                refusal = error.sentence
            captions = self._library.captions_of(page.page_id)
            told = tuple(NarratedPanel(panel, captions.get(panel.id)) for panel in panels)
            yield NarratedPage(page.name, page.width, page.height, told, refusal)

    def _order_confidence(self, page: PageImage, found: FoundPanels) -> float:
        outlines = [panel.polygon for panel in found.panels]
        return read_outlines(outlines, self._direction, fold_of(page.width, page.height)).confidence

    async def _look_at(self, index: int) -> tuple[PageImage, FoundPanels]:
        page = await asyncio.to_thread(self._book.load_page, index, _PAGE_SIDE_PX)
        self._page_ids[index] = page.page_id
        return page, await self._finder.look(page, self._direction)

    async def _ids_before(self, index: int) -> list[str]:
        """Ids of the pages just before one, as far as they can be read."""
        ids = []
        for before in range(max(0, index - CONTEXT_CAPTIONS), index):
            if before not in self._page_ids:
                try:
                    page = await asyncio.to_thread(self._book.load_page, before, _TINY_SIDE_PX)
                except PageError:
                    continue
                self._page_ids[before] = page.page_id
            ids.append(self._page_ids[before])
        return ids

    def _broken_page(self, index: int, error: PageError) -> NarratedPage:
        return NarratedPage(self._book.page_names[index], error=error.sentence)

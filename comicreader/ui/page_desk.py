"""The pages near the reader, made ready for the screen: picture, panels, small pictures of the panels.

    PageLoader -> PageImage -> make_picture (in a thread) -> ReadyPage
                            -> PanelFinder -> panels -> make_thumbnails (in a thread)

The page the reader is at and its neighbours stay on the desk, so that turning to them is instant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from PySide6.QtGui import QImage

from comicreader.domain.book import Direction, PageImage
from comicreader.domain.errors import ComicReaderError, PageError
from comicreader.domain.panels import Panel
from comicreader.services.library_records import PanelsChange
from comicreader.services.page_loader import PageLoader
from comicreader.services.panel_finder import PanelFinder
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.page_picture import DECODE_SIDES_PX, PagePicture, make_picture, make_thumbnails, shrunk_image

# The next two and the one before: as the loader prefetches, less the third, which is only decoded.
_KEPT_AROUND = (0, 1, -1, 2)
_PREPARED_AROUND = (1, -1, 2)


@dataclass(frozen=True, slots=True)
class ReadyPage:
    """A page that can be shown.

    Attributes:
        index: from 0.
        page: its pixels at the size that panels are found on.
        picture: the same for the screen.
    """

    index: int
    page: PageImage
    picture: PagePicture


@dataclass(frozen=True, slots=True)
class FoundPanels:
    """The panels of a page.

    Attributes:
        index: the page, from 0.
        page_id: its name in the library.
        panels: in reading order, with ids.
        thumbnails: their pictures.
    """

    index: int
    page_id: str
    panels: tuple[Panel, ...]
    thumbnails: tuple[QImage, ...] = field(repr=False, compare=False)


_Made = TypeVar("_Made")


class _Workshop(Generic[_Made]):
    """Makes a thing once for each page and keeps it, or the error that came instead."""

    def __init__(self, tasks: TaskRunner) -> None:
        self._tasks = tasks
        self._making: dict[int, asyncio.Task[_Made | ComicReaderError]] = {}

    def made(self, index: int) -> _Made | None:
        """The thing if it is there."""
        task = self._making.get(index)
        if task is None or not task.done() or task.cancelled():
            return None
        result = task.result()
        return None if isinstance(result, ComicReaderError) else result

    async def get(self, index: int, make: Callable[[int], Awaitable[_Made]]) -> _Made:
        """The thing, made now if need be; an error is kept too, but tried again when asked for again."""
        task = self._making.get(index)
        if task is None or task.cancelled() or (task.done() and isinstance(task.result(), ComicReaderError)):
            task = self._tasks.start(_or_error(make, index), name=f"page {index}")
            self._making[index] = task
        result = await asyncio.shield(task)
        if isinstance(result, ComicReaderError):
            raise result
        return result

    def keep_only(self, indices: Sequence[int]) -> None:
        """Forget the things of other pages."""
        for index in set(self._making) - set(indices):
            self._making.pop(index).cancel()

    def forget(self, index: int) -> None:
        """Forget the thing of one page."""
        if index in self._making:
            self._making.pop(index).cancel()

    def forget_all(self) -> None:
        """Forget everything."""
        self.keep_only(())


async def _or_error(make: Callable[[int], Awaitable[_Made]], index: int) -> _Made | ComicReaderError:
    """An expected error is a result here: nobody may be waiting for a page that was made ahead."""
    try:
        return await make(index)
    except ComicReaderError as error:
        return error


class PageDesk:
    """Makes the pages of one open book ready."""

    def __init__(
        self, loader: PageLoader, finder: PanelFinder, tasks: TaskRunner, page_count: int, direction: Direction
    ) -> None:
        self._loader = loader
        self._finder = finder
        self._tasks = tasks
        self._page_count = page_count
        self._direction = direction
        self._pages: _Workshop[ReadyPage] = _Workshop(tasks)
        self._panels: _Workshop[FoundPanels] = _Workshop(tasks)
        self._panel_counts: dict[int, int] = {}
        self._page_ids: dict[int, str] = {}
        self._preparing: asyncio.Task[None] | None = None

    @property
    def page_count(self) -> int:
        """Number of pages."""
        return self._page_count

    def ready_page(self, index: int) -> ReadyPage | None:
        """A page if it is ready."""
        return self._pages.made(index)

    def ready_panels(self, index: int) -> FoundPanels | None:
        """A page's panels if they are found."""
        return self._panels.made(index)

    def panel_count(self, index: int) -> int | None:
        """Number of panels of a page; None while it is not known."""
        return self._panel_counts.get(index)

    def index_of(self, page_id: str) -> int | None:
        """Where a page is that was seen since the book was opened."""
        return next((index for index, known in self._page_ids.items() if known == page_id), None)

    async def page(self, index: int) -> ReadyPage:
        """A page, made ready now if need be.

        Raises:
            PageError: it cannot be read or decoded.
        """
        return await self._pages.get(index, self._make_page)

    async def panels(self, index: int) -> FoundPanels:
        """A page's panels, found now if need be.

        Raises:
            PageError: the page cannot be read.
            LibraryError: the library cannot be used.
        """
        return await self._panels.get(index, self._find_panels)

    async def detect_again(self, index: int) -> PanelsChange:
        """Let detection have the last word on a page's panels.

        Raises:
            PageError: the page cannot be read.
            LibraryError: the library cannot be used.
        """
        return await self._finder.detect_again((await self.page(index)).page, self._direction)

    def forget_panels(self, page_id: str) -> None:
        """The page's panels are others in the library now: ask it again when they are wanted."""
        for index, known in self._page_ids.items():
            if known == page_id:
                self._panels.forget(index)

    def forget_all_panels(self) -> None:
        """The panels of any page may be others now."""
        self._panels.forget_all()
        self._panel_counts.clear()

    async def page_ids_before(self, index: int, count: int) -> list[str]:
        """Ids of the last pages before one, in order; pages that cannot be read are left out."""
        ids = []
        for before in range(max(0, index - count), index):
            if before not in self._page_ids:
                try:
                    await self.page(before)
                except PageError:
                    continue
            ids.append(self._page_ids[before])
        return ids

    async def sharper(self, index: int, side_px: int | None) -> PagePicture:
        """A page's picture from another decode.

        Args:
            index: the page.
            side_px: the longest side; None: full size.

        Raises:
            PageError: it cannot be read or decoded.
        """
        page = await self._loader.page(index, side_px)
        return await asyncio.to_thread(make_picture, page)

    async def small_picture(self, index: int, side_px: int) -> tuple[str, QImage]:
        """A page's name in the library, and the page no larger than this on its longest side.

        Raises:
            PageError: it cannot be read or decoded.
        """
        page = await self._loader.page(index, side_px)
        self._page_ids[index] = page.page_id
        return page.page_id, await asyncio.to_thread(shrunk_image, page.pixels, side_px)

    def prepare_around(self, index: int) -> None:
        """Make the neighbours ready in the background, and forget what is far away."""
        kept = [index + step for step in _KEPT_AROUND]
        self._pages.keep_only(kept)
        self._panels.keep_only(kept)
        self._loader.prefetch(index, DECODE_SIDES_PX[0])
        if self._preparing is not None:
            self._preparing.cancel()
        self._preparing = self._tasks.start(self._prepare(index), name=f"prepare around page {index}")

    def set_direction(self, direction: Direction) -> None:
        """Find panels in the order of another reading direction from now on."""
        self._direction = direction
        self.forget_all_panels()

    async def close(self) -> None:
        """Stop all work; nothing may be asked for afterwards."""
        if self._preparing is not None:
            self._preparing.cancel()
        self._pages.forget_all()
        self._panels.forget_all()
        await self._loader.close()

    async def _make_page(self, index: int) -> ReadyPage:
        page = await self._loader.page(index, DECODE_SIDES_PX[0])
        picture = await asyncio.to_thread(make_picture, page)
        self._page_ids[index] = page.page_id
        return ReadyPage(index, page, picture)

    async def _find_panels(self, index: int) -> FoundPanels:
        page = (await self.page(index)).page
        panels = await self._finder.panels_for(page, self._direction)
        thumbnails = await asyncio.to_thread(make_thumbnails, page, panels)
        self._panel_counts[index] = len(panels)
        return FoundPanels(index, page.page_id, panels, thumbnails)

    async def _prepare(self, index: int) -> None:
        for neighbour in (index + step for step in _PREPARED_AROUND):
            if 0 <= neighbour < self._page_count:
                try:
                    await self.panels(neighbour)
                except PageError:
                    continue  # said when, and only when, the reader gets there

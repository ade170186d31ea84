"""Small pictures of the book's pages and how far each of them is, brought one after the other while one reads."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QObject, Signal

from comicreader.domain.errors import ComicReaderError, PageError
from comicreader.services.library import Library
from comicreader.services.page_status import page_status
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.page_desk import PageDesk
from comicreader.ui.reading_session import ReadingSession

# Half as large again as the list shows them, for screens of finer resolution.
_SIDE_PX = 192


class PageStripPresenter(QObject):
    """Brings what the list of pages shows.

    Signals:
        picture_ready(int, QImage): a page's small picture; None where the page cannot be shown.
        status_changed(int, PageStatus): how far a page is; None while its panels are not known.
        failed(str): the library cannot be read; a sentence.
    """

    picture_ready = Signal(int, object)
    status_changed = Signal(int, object)
    failed = Signal(str)

    def __init__(self, library: Library, tasks: TaskRunner) -> None:
        super().__init__()
        self._library = library
        self._tasks = tasks
        self._session: ReadingSession | None = None
        self._page_ids: dict[int, str] = {}
        self._wanted: tuple[int, ...] = ()
        self._bringing: asyncio.Task[None] | None = None

    def begin(self, session: ReadingSession) -> None:
        """A book was opened."""
        self._session = session

    def end(self) -> None:
        """The book is being closed."""
        self._session = None
        self._page_ids.clear()
        self._wanted = ()
        if self._bringing is not None:
            self._bringing.cancel()

    def bring(self, page_indices: tuple[int, ...]) -> None:
        """Bring these pages' pictures and status; what was wanted before and is not there yet is dropped."""
        self._wanted = page_indices
        session = self._session
        if session is not None and (self._bringing is None or self._bringing.done()):
            self._bringing = self._tasks.start(self._bring(session.desk), name="bring pictures of pages")

    def know(self, page_index: int, page_id: str) -> None:
        """A page's name in the library, known from elsewhere; its status is looked up."""
        self._page_ids[page_index] = page_id
        self.refresh(page_id)

    def refresh(self, page_id: str) -> None:
        """A page's panels or captions are others now."""
        indices = [index for index, known in self._page_ids.items() if known == page_id]
        if indices:
            self._tasks.start(self._look_up(page_id, indices), name="look up a page's status")

    async def _bring(self, desk: PageDesk) -> None:
        """One page at a time: the page that is read needs the processor more."""
        while self._wanted:
            index, self._wanted = self._wanted[0], self._wanted[1:]
            try:
                page_id, picture = await desk.small_picture(index, _SIDE_PX)
            except PageError:
                self.picture_ready.emit(index, None)
                continue
            self.picture_ready.emit(index, picture)
            self._page_ids[index] = page_id
            await self._look_up(page_id, [index])

    async def _look_up(self, page_id: str, indices: list[int]) -> None:
        try:
            status = await asyncio.to_thread(page_status, self._library, page_id)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        for index in indices:
            if self._page_ids.get(index) == page_id:
                self.status_changed.emit(index, status)

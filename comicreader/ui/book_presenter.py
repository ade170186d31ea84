"""Opening and closing books.

path -> open_book -> record in the library -> ReadingSession, until another book or none is wanted
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from comicreader.domain.archive import open_book
from comicreader.domain.book import Book, Direction
from comicreader.domain.errors import BookError, ComicReaderError, PasswordRequiredError
from comicreader.domain.navigation import Position
from comicreader.services.book_looks import BookLooks
from comicreader.services.library import Library
from comicreader.services.library_records import BookRecord
from comicreader.services.page_loader import PageLoader
from comicreader.services.panel_finder import PanelFinder
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.page_desk import PageDesk
from comicreader.ui.reading_session import ReadingSession


@dataclass(frozen=True, slots=True)
class RecentBook:
    """A book that was open before.

    Attributes:
        record: what the library remembers of it.
        is_missing: whether its file is gone, or on a disk that is not there.
    """

    record: BookRecord
    is_missing: bool


class BookPresenter(QObject):
    """Opens one book at a time and remembers those that were open.

    Signals:
        opening(Path): a book is being opened.
        opened(ReadingSession): it is open.
        closed(): no book is open any more, or another one will be in a moment.
        password_needed(Path, str): the book is encrypted; the sentence says whether a password was wrong.
        recent_changed(tuple[RecentBook, ...]): the books opened last, newest first.
        failed(str): what went wrong; a sentence for the person.
    """

    opening = Signal(object)
    opened = Signal(object)
    closed = Signal()
    password_needed = Signal(object, str)
    recent_changed = Signal(object)
    failed = Signal(str)

    def __init__(self, library: Library, tasks: TaskRunner) -> None:
        super().__init__()
        self._library = library
        self._tasks = tasks
        self._session: ReadingSession | None = None
        self._opening: asyncio.Task[None] | None = None

    @property
    def session(self) -> ReadingSession | None:
        """The open book."""
        return self._session

    def open(self, path: Path, password: str | None = None) -> None:
        """Open a book; the current one stays open until the new one is there."""
        if self._opening is not None:
            self._opening.cancel()
        self.opening.emit(path)
        self._opening = self._tasks.start(self._open(path, password), name=f"open {path.name}")

    def close_book(self) -> None:
        """Close the book."""
        self._tasks.start(self.close(), name="close the book")

    async def close(self) -> None:
        """Close the book; returns when its place is kept and its files are released."""
        session, self._session = self._session, None
        if session is None:
            return
        self.closed.emit()
        try:
            await asyncio.to_thread(self._library.set_position, session.book_id, session.position)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
        await session.desk.close()
        await asyncio.to_thread(session.book.close)

    def list_recent(self) -> None:
        """Look up the books that were open before."""
        self._tasks.start(self._list_recent(), name="list recent books")

    def forget(self, book_id: int) -> None:
        """Take a book off the list."""
        self._tasks.start(self._forget(book_id), name="forget a book")

    async def _open(self, path: Path, password: str | None) -> None:
        try:
            book = await asyncio.to_thread(open_book, path, password)
        except PasswordRequiredError as error:
            self.password_needed.emit(path, error.sentence)
            return
        except BookError as error:
            self.failed.emit(error.sentence)
            return
        try:
            record = await asyncio.to_thread(
                self._library.remember_book, path, book.display_title, len(book.page_names)
            )
        except ComicReaderError as error:
            book.close()
            self.failed.emit(error.sentence)
            return
        await self.close()
        self._session = self._new_session(book, record)
        self.opened.emit(self._session)
        await self._list_recent()

    def _new_session(self, book: Book, record: BookRecord) -> ReadingSession:
        direction = record.direction or book.info.direction or Direction.LEFT_TO_RIGHT
        page_count = len(book.page_names)
        desk = PageDesk(PageLoader(book), PanelFinder(self._library), self._tasks, page_count, direction)
        position = record.position if record.position.page_index < page_count else Position(0, 0)
        if position.panel_index is None:
            position = Position(position.page_index, 0)
        looks = BookLooks(book, self._library)
        return ReadingSession(book, record.book_id, record.path, desk, direction, position, record.style_card, looks)

    async def _list_recent(self) -> None:
        try:
            records = await asyncio.to_thread(self._library.recent_books)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        # A disk that is gone can take seconds to say so.
        found = await asyncio.to_thread(lambda: [record.path.exists() for record in records])
        books = tuple(RecentBook(record, not is_there) for record, is_there in zip(records, found, strict=True))
        self.recent_changed.emit(books)

    async def _forget(self, book_id: int) -> None:
        try:
            await asyncio.to_thread(self._library.forget_book, book_id)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
        await self._list_recent()

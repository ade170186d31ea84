"""Joins the window with the books: which one is opened, how its file is found, what happens when it is closed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from comicreader.resources import DEMO_COMIC, resource_path
from comicreader.services.task_runner import TaskRunner
from comicreader.ui import dialogs
from comicreader.ui.actions import ActionId
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageKind
from comicreader.ui.reading_session import ReadingSession


class BookFlow(QObject):
    """Passes the window's intents on to `BookPresenter` and shows what it says."""

    def __init__(self, window: MainWindow, books: BookPresenter, tasks: TaskRunner) -> None:
        super().__init__(window)
        self._window = window
        self._books = books
        self._tasks = tasks
        self._join_intents()
        books.opened.connect(self._on_opened)
        books.closed.connect(self._on_closed)
        books.recent_changed.connect(window.show_recent)
        books.password_needed.connect(
            lambda path, sentence: tasks.start(self._ask_password(path, sentence), name="ask for a password")
        )
        books.failed.connect(lambda sentence: window.messages.say(sentence, MessageKind.ERROR))

    def _join_intents(self) -> None:
        window, books, start = self._window, self._books, self._tasks.start
        table = window.actions_table
        table[ActionId.OPEN].triggered.connect(lambda: start(self._ask_file(), name="ask for a file"))
        table[ActionId.OPEN_FOLDER].triggered.connect(lambda: start(self._ask_folder(), name="ask for a folder"))
        table[ActionId.OPEN_DEMO].triggered.connect(self._open_demo)
        table[ActionId.CLOSE_BOOK].triggered.connect(books.close_book)
        window.book_dropped.connect(books.open)
        window.welcome.open_requested.connect(table[ActionId.OPEN].trigger)
        window.welcome.demo_requested.connect(self._open_demo)
        window.welcome.recent_requested.connect(books.open)
        window.welcome.forget_requested.connect(books.forget)

    def _on_opened(self, session: ReadingSession) -> None:
        self._window.show_book(session.book.display_title)
        if session.book.warnings:
            self._window.messages.say(" ".join(session.book.warnings), MessageKind.WARNING)

    def _on_closed(self) -> None:
        self._window.show_welcome()

    async def _ask_file(self) -> None:
        path = await dialogs.ask_file(self._window)
        if path is not None:
            self._books.open(path)

    async def _ask_folder(self) -> None:
        path = await dialogs.ask_folder(self._window, self.tr("Open a folder of pictures"))
        if path is not None:
            self._books.open(path)

    async def _ask_password(self, path: Path, sentence: str) -> None:
        password = await dialogs.ask_password(self._window, sentence)
        if password is not None:
            self._books.open(path, password)

    def _open_demo(self) -> None:
        self._books.open(resource_path(*DEMO_COMIC))

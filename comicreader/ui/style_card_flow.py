"""Joins the window with a book's style card: it is asked for, kept, and told by."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QObject

from comicreader.domain.errors import ComicReaderError
from comicreader.services.library import Library
from comicreader.services.task_runner import TaskRunner
from comicreader.ui import dialogs
from comicreader.ui.actions import ActionId
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageKind
from comicreader.ui.narration_presenter import NarrationPresenter
from comicreader.ui.style_card_dialog import StyleCardDialog


class StyleCardFlow(QObject):
    """Narration > How this book is told."""

    def __init__(
        self,
        window: MainWindow,
        books: BookPresenter,
        narration: NarrationPresenter,
        library: Library,
        tasks: TaskRunner,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._books = books
        self._narration = narration
        self._library = library
        action = window.actions_table[ActionId.STYLE_CARD]
        action.triggered.connect(lambda: tasks.start(self._ask(), name="ask for a style card"))

    async def _ask(self) -> None:
        session = self._books.session
        if session is None:
            return
        dialog = StyleCardDialog(session.style_card, self._window)
        if not await dialogs.finished(dialog) or dialog.card == session.style_card:
            return
        try:
            await asyncio.to_thread(self._library.set_style_card, session.book_id, dialog.card)
        except ComicReaderError as error:
            self._window.messages.say(error.sentence, MessageKind.ERROR)
            return
        session.style_card = dialog.card
        if self._books.session is session:
            self._narration.set_card(dialog.card)

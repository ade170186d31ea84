"""Joins what the person writes with the narrator's memory of it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from comicreader.services.settings import Settings
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.edit_presenter import EditPresenter
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageKind
from comicreader.ui.reader_presenter import ReaderPresenter
from comicreader.ui.recall_presenter import RecallPresenter
from comicreader.ui.settings_presenter import SettingsPresenter


class RecallFlow(QObject):
    """Every caption that is written, chosen, accepted, undone or redone is taught or forgotten at once."""

    def __init__(
        self,
        window: MainWindow,
        books: BookPresenter,
        reader: ReaderPresenter,
        edits: EditPresenter,
        settings: SettingsPresenter,
        recall: RecallPresenter,
    ) -> None:
        super().__init__(window)
        self._recall = recall
        books.opened.connect(recall.begin)
        books.closed.connect(recall.end)
        reader.panels_found.connect(recall.visit)
        edits.changed.connect(recall.apply)
        edits.revisited.connect(recall.apply)
        recall.failed.connect(lambda sentence: window.messages.say(sentence, MessageKind.WARNING))
        settings.changed.connect(self._apply)
        self._apply(settings.settings)

    def _apply(self, settings: Settings) -> None:
        self._recall.set_on(is_on=settings.remember_captions)

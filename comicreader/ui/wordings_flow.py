"""Joins the window with other wordings: the narrator tells a panel again and again, the person chooses."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

from PySide6.QtCore import QObject

from comicreader.domain.errors import ComicReaderError
from comicreader.services.task_runner import TaskRunner
from comicreader.ui import dialogs
from comicreader.ui.actions import ActionId
from comicreader.ui.auto_play import AutoPlay
from comicreader.ui.edit_presenter import EditPresenter
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageKind
from comicreader.ui.narration_presenter import NarrationPresenter
from comicreader.ui.panel_caption import PanelCaption
from comicreader.ui.reader_presenter import ReaderPresenter
from comicreader.ui.wordings_dialog import WordingsDialog

_WORDINGS = 4
"""Beside the caption that stands."""


class WordingsFlow(QObject):
    """Narration > Choose among several wordings. A choice is an edit: it can be undone, and teaches what was better."""

    def __init__(
        self,
        window: MainWindow,
        reader: ReaderPresenter,
        narration: NarrationPresenter,
        edits: EditPresenter,
        auto_play: AutoPlay,
        tasks: TaskRunner,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._narration = narration
        self._edits = edits
        self._auto_play = auto_play
        self._tasks = tasks
        self._captions: tuple[PanelCaption, ...] = ()
        self._index: int | None = None
        narration.captions_changed.connect(self._on_captions)
        reader.place_changed.connect(lambda place: self._on_place(place.panel_index))
        action = window.actions_table[ActionId.WORDINGS]
        action.triggered.connect(lambda: tasks.start(self._ask(), name="choose a wording"))

    def _on_captions(self, _panels: object, captions: tuple[PanelCaption, ...]) -> None:
        self._captions = captions

    def _on_place(self, index: int | None) -> None:
        self._index = index

    async def _ask(self) -> None:
        if self._index is None or self._index >= len(self._captions):
            return
        current = self._captions[self._index]
        self._auto_play.pause()
        dialog = WordingsDialog(_WORDINGS, self._window)
        if current.is_standing and current.text:
            dialog.add(current.text, is_new=False)
        writing = self._tasks.start(self._write(dialog, current.panel_id), name="write wordings")
        began = time.monotonic()
        try:
            is_chosen = await dialogs.finished(dialog)
        finally:
            writing.cancel()
            await asyncio.wait([writing])
        if is_chosen:
            others = tuple(text for text in dialog.texts if text != dialog.text)
            self._edits.choose(current.panel_id, dialog.text, others, time.monotonic() - began)

    async def _write(self, dialog: WordingsDialog, panel_id: str) -> None:
        try:
            async with aclosing(self._narration.wordings(panel_id, _WORDINGS)) as texts:
                async for text in texts:
                    dialog.add(text)
            dialog.end()
        except ComicReaderError as error:
            self._window.messages.say(error.sentence, MessageKind.WARNING)
            dialog.end()

"""Edits of captions: every one is in the library before anything says that it is, and can be undone and redone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from comicreader.domain.errors import ComicReaderError
from comicreader.services.library import Library
from comicreader.services.library_records import ACCEPT, CaptionChange
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.reading_session import ReadingSession


class EditPresenter(QObject):
    """Saves what a person writes and takes it back.

    Signals:
        changed(CaptionChange): a caption is another one now; it is in the library.
        revisited(CaptionChange): the same, by undo or redo: the person may be elsewhere in the book.
        save_failed(str, str, float, str): panel id, text, seconds and why it could not be saved.
        failed(str): undo or redo was not possible; a sentence.
        history_changed(bool, bool): whether there is something to undo, and to redo.
    """

    changed = Signal(object)
    revisited = Signal(object)
    save_failed = Signal(str, str, float, str)
    failed = Signal(str)
    history_changed = Signal(bool, bool)

    def __init__(self, library: Library, tasks: TaskRunner) -> None:
        super().__init__()
        self._library = library
        self._tasks = tasks
        self._done: list[CaptionChange] = []
        self._undone: list[CaptionChange] = []
        self._one_at_a_time = asyncio.Lock()
        self._session: ReadingSession | None = None

    def begin(self, session: ReadingSession) -> None:
        """A book was opened."""
        self._session = session

    def end(self) -> None:
        """The book is being closed."""
        self._session = None

    def save(self, panel_id: str, text: str, seconds: float) -> None:
        """Make a text the panel's caption.

        Args:
            panel_id: the panel.
            text: the whole new text.
            seconds: how long the person wrote.
        """
        self._tasks.start(self._save(panel_id, text, seconds), name="save an edit")

    def accept(self, panel_id: str, text: str) -> None:
        """Keep a proposal as it is: from now on it counts as the person's."""
        self._tasks.start(self._accept(panel_id, text), name="accept a caption")

    def choose(self, panel_id: str, text: str, others: tuple[str, ...], seconds: float) -> None:
        """Make the wording the caption that the person chose over others."""
        self._tasks.start(self._choose(panel_id, text, others, seconds), name="choose a wording")

    def note(self, change: CaptionChange) -> None:
        """A change that was made elsewhere can be undone as well."""
        self._done.append(change)
        self._undone.clear()
        self._announce_history()

    def undo(self) -> None:
        """Take the last change back."""
        self._tasks.start(self._turn(self._done, self._undone, self._library.undo_edit), name="undo")

    def redo(self) -> None:
        """Make the change again that was taken back last."""
        self._tasks.start(self._turn(self._undone, self._done, self._library.redo_edit), name="redo")

    async def _save(self, panel_id: str, text: str, seconds: float) -> None:
        try:
            async with self._one_at_a_time:
                change = await asyncio.to_thread(partial(self._library.save_edit, panel_id, text, seconds=seconds))
        except ComicReaderError as error:
            self.save_failed.emit(panel_id, text, seconds, error.sentence)
            return
        self._on_changed(change)

    async def _accept(self, panel_id: str, text: str) -> None:
        try:
            async with self._one_at_a_time:
                change = await asyncio.to_thread(partial(self._library.save_edit, panel_id, text, kind=ACCEPT))
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        self._on_changed(change)

    async def _choose(self, panel_id: str, text: str, others: tuple[str, ...], seconds: float) -> None:
        try:
            async with self._one_at_a_time:
                save = partial(self._library.save_choice, panel_id, text, others, seconds=seconds)
                change = await asyncio.to_thread(save)
        except ComicReaderError as error:
            self.save_failed.emit(panel_id, text, seconds, error.sentence)
            return
        self._on_changed(change)

    def _on_changed(self, change: CaptionChange) -> None:
        if change.before != change.after:
            self.note(change)
        self.changed.emit(change)
        index = None if self._session is None else self._session.desk.index_of(change.page_id)
        if self._session is not None and index is not None:
            self._tasks.start(self._remember_place(self._session.book_id, change.page_id, index), name="keep a place")

    async def _remember_place(self, book_id: int, page_id: str, page_index: int) -> None:
        """Where the panel can be cut out later; the data set finds it without, but slower."""
        try:
            await asyncio.to_thread(self._library.data_set.remember_place, book_id, page_id, page_index)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)

    async def _turn(
        self,
        source: list[CaptionChange],
        target: list[CaptionChange],
        turn: Callable[[CaptionChange], CaptionChange],
    ) -> None:
        """Undo or redo the newest change of one list and move it to the other."""
        async with self._one_at_a_time:
            if not source:
                return
            change = source.pop()
            try:
                turned = await asyncio.to_thread(turn, change)
            except ComicReaderError as error:
                self.failed.emit(error.sentence)
            else:
                target.append(change)
                self.revisited.emit(turned)
            self._announce_history()

    def _announce_history(self) -> None:
        self.history_changed.emit(bool(self._done), bool(self._undone))

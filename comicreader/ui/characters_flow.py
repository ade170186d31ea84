"""Joins the window with who is who: a box is drawn and named, the rest of the book is asked about, captions say it."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QObject

from comicreader.domain.errors import ComicReaderError
from comicreader.domain.geometry import Box
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.library_characters import Mark, Verdict
from comicreader.services.task_runner import TaskRunner
from comicreader.ui import dialogs
from comicreader.ui.actions import ActionId
from comicreader.ui.auto_play import AutoPlay
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.box_drawing import BoxDrawing
from comicreader.ui.character_questions import PICTURE_SIDE_PX, CharacterQuestions, panel_pixmap
from comicreader.ui.characters_dialog import CharactersDialog, NameDialog
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageKind
from comicreader.ui.narration_presenter import NarrationPresenter
from comicreader.ui.page_desk import FoundPanels
from comicreader.ui.reader_presenter import ReaderPresenter
from comicreader.ui.reading_session import Place, ReadingSession


class CharactersFlow(QObject):
    """Narration > Name a character, and Characters."""

    def __init__(
        self,
        window: MainWindow,
        books: BookPresenter,
        reader: ReaderPresenter,
        narration: NarrationPresenter,
        auto_play: AutoPlay,
        library: Library,
        tasks: TaskRunner,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._books = books
        self._narration = narration
        self._auto_play = auto_play
        self._library = library
        self._tasks = tasks
        self._found: FoundPanels | None = None
        self._panel_index: int | None = None
        self._drawing = BoxDrawing(window.page_view)
        self._hint = self.tr("Draw a box around one character. Enter takes the whole panel, Esc leaves.")
        name = window.actions_table[ActionId.NAME_CHARACTER]
        name.toggled.connect(self._on_toggled)
        self._drawing.active_changed.connect(self._on_active_changed)
        self._drawing.drawn.connect(lambda box: tasks.start(self._name(box), name="name a character"))
        action = window.actions_table[ActionId.CHARACTERS]
        action.triggered.connect(lambda: tasks.start(self._show_all(), name="show the characters"))
        reader.panels_found.connect(self._on_panels_found)
        reader.place_changed.connect(self._on_place_changed)
        reader.page_shown.connect(lambda _ready: self._leave_page())
        books.closed.connect(self._leave_page)

    # The page

    def _on_panels_found(self, found: FoundPanels) -> None:
        self._found = found

    def _on_place_changed(self, place: Place) -> None:
        self._panel_index = place.panel_index

    def _leave_page(self) -> None:
        self._found = None
        self._drawing.set_active(False)

    # A name

    def _on_toggled(self, is_on: bool) -> None:
        if is_on:
            self._auto_play.pause()
            self._window.actions_table[ActionId.EDIT_PANELS].setChecked(False)
        self._drawing.set_active(is_on)

    def _on_active_changed(self, is_active: bool) -> None:
        self._window.actions_table[ActionId.NAME_CHARACTER].setChecked(is_active)
        if is_active:
            self._window.messages.say(self._hint, MessageKind.NOTE)
        else:
            self._window.messages.retract(self._hint)

    async def _name(self, drawn: Box | None) -> None:
        """Ask who is in a box, keep it, and ask where else."""
        session, found = self._books.session, self._found
        if session is None or found is None or not found.panels:
            return
        current = found.panels[min(self._panel_index or 0, len(found.panels) - 1)]
        panel = current if drawn is None else max(found.panels, key=lambda one: one.box.intersection(drawn).area)
        box = panel.box if drawn is None else panel.box.intersection(drawn)
        if not box.area:
            self._window.messages.say(self.tr("There is no panel under this box."), MessageKind.WARNING)
            return
        try:
            page = (await session.desk.page(found.index)).page
            cast = await asyncio.to_thread(self._library.characters.cast, session.book_id)
            picture = panel_pixmap(page, Panel(box.corners), PICTURE_SIDE_PX)
            dialog = NameDialog(picture, [one.name for one in cast], self._window)
            if not await dialogs.finished(dialog):
                return
            character = await asyncio.to_thread(self._library.characters.named, session.book_id, dialog.name)
            mark = Mark(character.id, panel.id, box, Verdict.DRAWN)
            await asyncio.to_thread(self._library.characters.say, mark)
        except ComicReaderError as error:
            self._window.messages.say(error.sentence, MessageKind.ERROR)
            return
        await self._show(session, character.id)

    # Everybody

    async def _show_all(self) -> None:
        session = self._books.session
        if session is None:
            return
        self._auto_play.pause()
        cast = await asyncio.to_thread(self._library.characters.cast, session.book_id)
        if cast:
            await self._show(session, cast[0].id)
        else:
            text = self.tr("Nobody has a name in this book yet. {key} draws a box around a character.")
            key = self._window.actions_table[ActionId.NAME_CHARACTER].shortcut().toString()
            self._window.messages.say(text.format(key=key), MessageKind.NOTE)

    async def _show(self, session: ReadingSession, character_id: int) -> None:
        dialog = CharactersDialog(self._window)
        asking = CharacterQuestions(dialog, session, self._library, self._tasks, character_id)
        asking.failed.connect(lambda sentence: self._window.messages.say(sentence, MessageKind.ERROR))
        try:
            await dialogs.left(dialog)
        finally:
            await asking.end()
            dialog.deleteLater()
        if self._books.session is session:
            self._narration.tell_again()

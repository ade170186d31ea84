"""Asks a person whether somebody is in a panel, keeps every answer, and asks on by what the answers say."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import aclosing

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPixmap

from comicreader.domain.book import PageImage
from comicreader.domain.errors import ComicReaderError, PageError
from comicreader.domain.panels import Panel
from comicreader.services.book_looks import PanelLook
from comicreader.services.character_finder import NOES_IN_A_ROW, Appearance, CharacterFinder
from comicreader.services.library import Library
from comicreader.services.library_characters import Character, Mark, Verdict
from comicreader.services.panel_crops import panel_pixels
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.characters_dialog import CharactersDialog
from comicreader.ui.page_picture import shrunk_image
from comicreader.ui.reading_session import ReadingSession

PICTURE_SIDE_PX = 900
_THUMBNAIL_SIDE_PX = 84
# Of a long book the panels nearby are enough to begin with; whoever comes later is asked about later.
_ENOUGH_PANELS = 60
# A search is prepared again when this much more of the book was looked at.
_GROWTH = 1.25


class CharacterQuestions(QObject):
    """The questions of one dialog, and what is answered.

    Signals:
        failed(str): a sentence for the person.
    """

    failed = Signal(str)

    def __init__(
        self,
        dialog: CharactersDialog,
        session: ReadingSession,
        library: Library,
        tasks: TaskRunner,
        character_id: int,
    ) -> None:
        super().__init__(dialog)
        self._dialog = dialog
        self._session = session
        self._library = library
        self._tasks = tasks
        self._character_id = character_id
        self._finder = CharacterFinder([])
        self._question: Appearance | None = None
        self._said: list[Mark] = []
        self._postponed: set[tuple[int, str]] = set()
        self._noes = 0
        self._work: asyncio.Task[None] | None = None
        dialog.chosen.connect(self._choose)
        dialog.answered.connect(self._answer)
        dialog.postponed.connect(self._postpone)
        dialog.taken_back.connect(self._take_back)
        dialog.asked_on.connect(self._ask_on)
        dialog.withdrawn.connect(self._withdraw)
        dialog.renamed.connect(self._rename)
        self._looking = tasks.start(self._look(), name="look for characters")

    async def end(self) -> None:
        """The dialog is closed."""
        waiting = [task for task in (self._looking, self._work) if task is not None]
        self._looking.cancel()
        await asyncio.wait(waiting)  # what was answered is kept

    # Looking

    async def _look(self) -> None:
        """Look at the pages that were not looked at, and ask as soon as there is enough to ask about."""
        session, searched = self._session, _ENOUGH_PANELS / _GROWTH
        try:
            await self._refresh()
            async with aclosing(session.looks.look(session.position.page_index, session.direction)) as looked_at:
                async for done, count in looked_at:
                    self._dialog.show_progress(done, count)
                    known = len(session.looks.known)
                    if self._question is None and known > _GROWTH * searched and done < count:
                        searched = known
                        await self._search_anew()
            await self._search_anew()
        except ComicReaderError as error:
            self.failed.emit(error.sentence)

    async def _search_anew(self) -> None:
        self._finder = await asyncio.to_thread(CharacterFinder, self._session.looks.known)
        if self._question is None:
            await self._refresh()

    # Asking

    def _choose(self, character_id: int) -> None:
        self._character_id, self._noes = character_id, 0
        self._start(self._refresh())

    def _answer(self, is_so: bool) -> None:
        question, self._question = self._question, None
        if question is None:
            return
        self._noes = 0 if is_so else self._noes + 1
        verdict = Verdict.CONFIRMED if is_so else Verdict.REFUSED
        mark = Mark(self._character_id, question.look.panel.id, question.box, verdict)
        self._said.append(mark)
        self._start(self._say(mark, verdict))

    def _postpone(self) -> None:
        if self._question is not None:
            self._postponed.add((self._character_id, self._question.look.panel.id))
            self._question = None
            self._start(self._refresh())

    def _take_back(self) -> None:
        if self._said:
            mark = self._said.pop()
            self._character_id, self._question, self._noes = mark.character_id, None, 0
            self._start(self._say(mark, Verdict.WITHDRAWN))

    def _ask_on(self) -> None:
        self._noes = 0
        self._start(self._refresh())

    def _withdraw(self, panel_id: str) -> None:
        self._start(self._withdraw_mark(panel_id))

    def _rename(self, name: str) -> None:
        self._start(self._rename_chosen(name))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        """One thing after the other."""
        self._work = self._tasks.start(self._after(self._work, work), name="ask for a character")

    async def _after(self, before: asyncio.Task[None] | None, work: Coroutine[None, None, None]) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await work
        except ComicReaderError as error:
            self.failed.emit(error.sentence)

    async def _say(self, mark: Mark, verdict: Verdict) -> None:
        await asyncio.to_thread(self._library.characters.say, mark, verdict)
        await self._refresh()

    async def _withdraw_mark(self, panel_id: str) -> None:
        marks = await asyncio.to_thread(self._library.characters.marks, self._session.book_id)
        for mark in marks:
            if (mark.character_id, mark.panel_id) == (self._character_id, panel_id):
                await asyncio.to_thread(self._library.characters.say, mark, Verdict.WITHDRAWN)
        await self._refresh()

    async def _rename_chosen(self, name: str) -> None:
        await asyncio.to_thread(self._library.characters.rename, self._character_id, name)
        await self._refresh()

    async def _refresh(self) -> None:
        """Show everything as it stands, and the next question."""
        characters, session = self._library.characters, self._session
        cast = await asyncio.to_thread(characters.cast, session.book_id)
        marks = await asyncio.to_thread(characters.marks, session.book_id)
        seen = [mark for mark in marks if mark.verdict is not Verdict.REFUSED]
        counted = [(one, sum(mark.character_id == one.id for mark in seen)) for one in cast]
        self._dialog.show_cast(counted, self._character_id)
        self._dialog.set_can_take_back(bool(self._said))
        await self._show_known([mark for mark in seen if mark.character_id == self._character_id])
        chosen = next((one for one in cast if one.id == self._character_id), None)
        if chosen is None:
            self._question = None
            self._dialog.show_end(self.tr("Choose somebody on the left."))
            return
        proposals = await asyncio.to_thread(self._finder.proposals, chosen.id, marks)
        open_ones = [one for one in proposals if (chosen.id, one.look.panel.id) not in self._postponed]
        await self._ask(chosen, open_ones)

    async def _ask(self, character: Character, proposals: Sequence[Appearance]) -> None:
        self._question = None
        if not proposals:
            is_looking = not self._looking.done() and self._looking is not asyncio.current_task()
            text = self.tr("Looking at the book…") if is_looking else self.tr("There is nothing more to ask.")
            self._dialog.show_end(text)
            return
        if self._noes >= NOES_IN_A_ROW:
            self._dialog.show_end(self.tr("The other panels are unlikely."), can_go_on=True)
            return
        likeliest = proposals[0]
        try:
            page = await self._session.looks.page(likeliest.look.page_index)
        except PageError:
            self._postponed.add((character.id, likeliest.look.panel.id))
            await self._ask(character, proposals[1:])
            return
        self._question = likeliest
        question = self.tr("Is {name} here?").format(name=character.name)
        picture = panel_pixmap(page, likeliest.look.panel, PICTURE_SIDE_PX)
        self._dialog.show_question(question, self._place(likeliest.look), picture)

    async def _show_known(self, marks: Sequence[Mark]) -> None:
        """The panels in which the chosen one is, as far as they were looked at."""
        shown = []
        for mark in marks:
            look = self._finder.look_of(mark.panel_id)
            if look is not None:
                panel = Panel(mark.box.corners) if mark.verdict is Verdict.DRAWN else look.panel
                shown.append((mark.panel_id, self._place(look), await self._thumbnail(look, panel)))
        self._dialog.show_known(shown)

    async def _thumbnail(self, look: PanelLook, panel: Panel) -> QPixmap:
        try:
            page = await self._session.looks.page(look.page_index)
        except PageError:
            return QPixmap()
        return panel_pixmap(page, panel, _THUMBNAIL_SIDE_PX)

    def _place(self, look: PanelLook) -> str:
        return self.tr("Page {page}, panel {panel}").format(page=look.page_index + 1, panel=look.number)


def panel_pixmap(page: PageImage, panel: Panel, side_px: int) -> QPixmap:
    """A panel's picture, no larger than this on its longest side."""
    return QPixmap.fromImage(shrunk_image(panel_pixels(page, panel), side_px))

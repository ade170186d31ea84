"""Corrections of panels: each goes to the library at once, and each can be undone and redone, in the order it was made.

intent -> what stands in the library -> panel_edits -> library -> PanelsChange
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from comicreader.domain import panel_edits
from comicreader.domain.book import Direction
from comicreader.domain.errors import ComicReaderError, LibraryError
from comicreader.domain.geometry import Box, Polygon, bounding_box
from comicreader.domain.panel_edits import PanelEdit
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.library_records import PanelEditKind, PanelsChange
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.page_desk import ReadyPage
from comicreader.ui.panel_intents import (
    AcceptPanels,
    DeletePanels,
    DrawPanel,
    MergePanels,
    MovePanels,
    OrderPanels,
    PanelIntent,
    ReshapePanel,
    SplitPanel,
)
from comicreader.ui.reading_session import ReadingSession


@dataclass(frozen=True, slots=True)
class SplitQuestion:
    """Which part of a split panel keeps the text that a person wrote?

    Attributes:
        ready: the page.
        intent: the split.
        text: that text.
        parts: the two outlines, in reading order.
    """

    ready: ReadyPage
    intent: SplitPanel
    text: str
    parts: tuple[Polygon, Polygon]


class PanelEditPresenter(QObject):
    """Corrects the panels of the open book's pages.

    Signals:
        changed(PanelsChange): a page's panels are others now; it is in the library.
        revisited(PanelsChange): the same, by undo or redo: the person may be elsewhere in the book.
        keeper_needed(SplitQuestion): to be answered with `split`.
        layout_copied(int): that page, from 0, has the layout of the one on the screen.
        failed(str): it was not possible, and all is as before; a sentence.
        history_changed(bool, bool): whether there is something to undo, and to redo.
    """

    changed = Signal(object)
    revisited = Signal(object)
    keeper_needed = Signal(object)
    layout_copied = Signal(int)
    failed = Signal(str)
    history_changed = Signal(bool, bool)

    def __init__(self, library: Library, tasks: TaskRunner) -> None:
        super().__init__()
        self._library = library
        self._tasks = tasks
        self._session: ReadingSession | None = None
        self._ready: ReadyPage | None = None  # the page on the screen
        self._done: list[PanelsChange] = []
        self._undone: list[PanelsChange] = []
        self._one_at_a_time = asyncio.Lock()

    # The book

    def begin(self, session: ReadingSession) -> None:
        """A book was opened."""
        self._session = session

    def end(self) -> None:
        """The book is being closed, and with it goes what could be undone."""
        self._session = self._ready = None
        self._done.clear()
        self._undone.clear()
        self._announce_history()

    def visit(self, ready: ReadyPage | None) -> None:
        """Another page is on the screen; None: one that cannot be shown."""
        self._ready = ready

    # What the person wants

    def edit(self, intent: PanelIntent) -> None:
        """Do what is asked for, on the page on the screen."""
        ready, session = self._ready, self._session
        if ready is None or session is None:
            return
        if isinstance(intent, SplitPanel):
            self._tasks.start(self._ask_and_split(ready, intent, session.direction), name="ask and split")
        else:
            self._tasks.start(self._edit(ready, intent, session.direction), name="edit panels")

    def split(self, question: SplitQuestion, keeper: int) -> None:
        """The answer: this part, 0 or 1 in reading order, keeps the caption."""
        if self._session is not None:
            intent = replace(question.intent, keeper=keeper)
            self._tasks.start(self._edit(question.ready, intent, self._session.direction), name="split a panel")

    def detect_again(self) -> None:
        """Let detection have the last word on the page on the screen."""
        ready, session = self._ready, self._session
        if ready is not None and session is not None:
            self._tasks.start(self._detect_again(session, ready.index), name="detect panels again")

    def copy_layout(self, *, to_facing_page: bool) -> None:
        """Give the facing or the next page the layout of the page on the screen."""
        ready, session = self._ready, self._session
        if ready is None or session is None:
            return
        following = ready.index + 1 if ready.index + 1 < session.page_count else None
        target = panel_edits.facing_page(ready.index, session.page_count) if to_facing_page else following
        if target is None:
            self.failed.emit(
                self.tr("No page faces this one.") if to_facing_page else self.tr("This is the last page.")
            )
        else:
            self._tasks.start(self._copy_layout(session, ready, target), name="copy a layout")

    def undo(self) -> None:
        """Take the last change back."""
        self._tasks.start(self._turn(self._done, self._undone, self._library.undo_panels), name="undo panels")

    def redo(self) -> None:
        """Make the change again that was taken back last."""
        self._tasks.start(self._turn(self._undone, self._done, self._library.redo_panels), name="redo panels")

    # Carrying it out

    async def _edit(self, ready: ReadyPage, intent: PanelIntent, direction: Direction) -> None:
        try:
            async with self._one_at_a_time:
                change = await asyncio.to_thread(self._store, ready, intent, direction)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        self._on_changed(change)

    def _store(self, ready: ReadyPage, intent: PanelIntent, direction: Direction) -> PanelsChange:
        """Upon what stands, not upon what was shown: the edit before this one may not be on the screen yet."""
        kind, edit = _meaning(intent, _box(ready), direction)
        panels = self._panels_of(ready.page.page_id)
        return self._library.store_person_panels(ready.page.page_id, edit(panels), kind, expected=panels)

    async def _ask_and_split(self, ready: ReadyPage, intent: SplitPanel, direction: Direction) -> None:
        try:
            question = await asyncio.to_thread(self._question, ready, intent, direction)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        if question is None:
            await self._edit(ready, intent, direction)
        else:
            self.keeper_needed.emit(question)

    def _question(self, ready: ReadyPage, intent: SplitPanel, direction: Direction) -> SplitQuestion | None:
        """What must be asked before a panel is split; None where no person wrote a text for it."""
        page_id = ready.page.page_id
        panel = next((panel for panel in self._panels_of(page_id) if panel.id == intent.panel_id), None)
        caption = self._library.captions_of(page_id).get(intent.panel_id)
        if panel is None or caption is None or caption.is_proposal or not caption.text:
            return None
        return SplitQuestion(
            ready, intent, caption.text, panel_edits.split_parts(panel.polygon, intent.line, direction)
        )

    async def _detect_again(self, session: ReadingSession, index: int) -> None:
        try:
            async with self._one_at_a_time:
                change = await session.desk.detect_again(index)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        self._on_changed(change)

    async def _copy_layout(self, session: ReadingSession, ready: ReadyPage, target: int) -> None:
        try:
            other = await session.desk.page(target)
            await session.desk.panels(target)  # so that there is something to come back to
            async with self._one_at_a_time:
                change = await asyncio.to_thread(self._store_layout, ready, other)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        self._on_changed(change)
        self.layout_copied.emit(target)

    def _store_layout(self, ready: ReadyPage, other: ReadyPage) -> PanelsChange:
        panels = panel_edits.laid_out(self._panels_of(ready.page.page_id), _box(ready), _box(other))
        return self._library.store_layout(other.page.page_id, panels)

    async def _turn(
        self, source: list[PanelsChange], target: list[PanelsChange], turn: Callable[[PanelsChange], PanelsChange]
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

    def _panels_of(self, page_id: str) -> tuple[Panel, ...]:
        stored = self._library.panels_of(page_id)
        if stored is None:
            raise LibraryError("This page is not in the library; open it again.")
        return stored.panels

    def _on_changed(self, change: PanelsChange) -> None:
        if change.before != change.after:
            self._done.append(change)
            self._undone.clear()
            self._announce_history()
        self.changed.emit(change)

    def _announce_history(self) -> None:
        self.history_changed.emit(bool(self._done), bool(self._undone))


def part_names(parts: tuple[Polygon, Polygon]) -> tuple[str, str]:
    """Where the parts of a split panel are, to be told apart: "left" and "right", or "upper" and "lower"."""
    (x0, y0), (x1, y1) = (bounding_box(part).center for part in parts)
    if abs(x1 - x0) > abs(y1 - y0):
        return ("left", "right") if x0 < x1 else ("right", "left")
    return ("upper", "lower") if y0 < y1 else ("lower", "upper")


def _box(ready: ReadyPage) -> Box:
    return Box(0, 0, ready.page.width, ready.page.height)


def _meaning(
    intent: PanelIntent, page: Box, direction: Direction
) -> tuple[PanelEditKind, Callable[[Sequence[Panel]], PanelEdit]]:
    """What an intent is called in the history, and what it does."""
    match intent:
        case MovePanels(ids, right_px, down_px):
            return PanelEditKind.MOVE, lambda panels: panel_edits.moved(panels, ids, right_px, down_px, page)
        case ReshapePanel(panel_id, polygon):
            return PanelEditKind.RESHAPE, lambda panels: panel_edits.reshaped(panels, panel_id, polygon, page)
        case DrawPanel(box):
            return PanelEditKind.ADD, lambda panels: panel_edits.added(panels, box, page, direction)
        case SplitPanel(panel_id, line, keeper):
            return PanelEditKind.SPLIT, lambda panels: panel_edits.split(panels, panel_id, line, direction, keeper)
        case OrderPanels(ordered):
            return PanelEditKind.RENUMBER, lambda panels: panel_edits.renumbered(panels, ordered)
        case MergePanels(ids):
            return PanelEditKind.MERGE, lambda panels: panel_edits.merged(panels, ids, page)
        case DeletePanels(ids):
            return PanelEditKind.DELETE, lambda panels: panel_edits.deleted(panels, ids)
        case AcceptPanels():
            return PanelEditKind.ACCEPT, lambda panels: PanelEdit(tuple(panels))

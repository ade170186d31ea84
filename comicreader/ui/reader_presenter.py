"""Reading: knows the place in the book and gives the window what is to be seen there.

    go -> page (at once if it is ready) -> its panels -> place; then the neighbours are prepared

A new visit cancels the one before, so that answers for a page that was left are never shown.
"""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QObject, Signal

from comicreader.domain import navigation
from comicreader.domain.book import Direction
from comicreader.domain.errors import ComicReaderError, PageError
from comicreader.domain.navigation import Position
from comicreader.services.library import Library
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.page_desk import FoundPanels, ReadyPage
from comicreader.ui.page_picture import DECODE_SIDES_PX, decode_side
from comicreader.ui.reading_session import Place, ReadingSession

# Held-down keys pass through many places; only where the reader stays is worth a write.
_KEEP_POSITION_AFTER_S = 0.6


class ReaderPresenter(QObject):
    """Moves through the open book.

    Signals:
        page_shown(ReadyPage): another page is there.
        page_failed(int, str): the page at this index cannot be shown, and why.
        picture_sharpened(PagePicture): the same page in other pixels.
        panels_found(FoundPanels): the panels of the page on the screen.
        place_changed(Place): the reader is somewhere else, or more is known about where.
        edge_reached(bool): there is nothing further; True at the end of the book.
        direction_changed(Direction): which way the book is read.
        failed(str): something else went wrong; a sentence for the person.
    """

    page_shown = Signal(object)
    page_failed = Signal(int, str)
    picture_sharpened = Signal(object)
    panels_found = Signal(object)
    place_changed = Signal(object)
    edge_reached = Signal(bool)
    direction_changed = Signal(object)
    failed = Signal(str)

    def __init__(self, library: Library, tasks: TaskRunner) -> None:
        super().__init__()
        self._library = library
        self._tasks = tasks
        self._session: ReadingSession | None = None
        self._shown_index: int | None = None  # the page on the screen, be it only a problem
        self._shown_panels: FoundPanels | None = None
        self._side_px: int | None = None  # of the decode on the screen
        self._visiting: asyncio.Task[None] | None = None
        self._sharpening: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None

    def begin(self, session: ReadingSession) -> None:
        """A book was opened: go to its position."""
        self._session, self._shown_index, self._shown_panels = session, None, None
        self.direction_changed.emit(session.direction)
        self.go_to(session.position)

    def end(self) -> None:
        """The book is being closed."""
        self._session, self._shown_index, self._shown_panels = None, None, None
        for task in (self._visiting, self._sharpening, self._keeping):
            if task is not None:
                task.cancel()

    # Moving

    def go_to(self, position: Position) -> None:
        """Go somewhere in the book."""
        session = self._session
        if session is None:
            return
        session.position = position
        if self._visiting is not None:
            self._visiting.cancel()
        if not self._show_what_is_ready(session):
            self._visiting = self._tasks.start(self._visit(session), name=f"visit page {position.page_index}")
            self._announce_place(session)
        self._keep_position_soon(session)

    def next_panel(self) -> None:
        """To the next panel, on the next page if need be."""
        session = self._session
        if session is not None:
            stop = navigation.next_stop(session.position, session.desk.panel_count, session.page_count)
            self._go_or_stay(stop, is_end=True)

    def previous_panel(self) -> None:
        """To the panel before, on the page before if need be."""
        session = self._session
        if session is not None:
            self._go_or_stay(navigation.previous_stop(session.position, session.desk.panel_count), is_end=False)

    def turn_page(self, *, forward: bool) -> None:
        """To the next page, or to the one before."""
        if self._session is not None:
            self.go_to_page(self._session.position.page_index + (1 if forward else -1))

    def go_to_page(self, page_index: int) -> None:
        """To the first panel of a page; beyond the book's ends one stays where one is."""
        session = self._session
        if session is not None:
            is_inside = 0 <= page_index < session.page_count
            self._go_or_stay(Position(page_index, 0) if is_inside else None, is_end=page_index > 0)

    def go_to_last_page(self) -> None:
        """To the first panel of the last page."""
        if self._session is not None:
            self.go_to_page(self._session.page_count - 1)

    def go_to_panel(self, panel_index: int) -> None:
        """To a panel of this page."""
        if self._session is not None and panel_index != self._session.position.panel_index:
            self.go_to(Position(self._session.position.page_index, panel_index))

    def go_to_point(self, x: float, y: float) -> bool:
        """To the panel at a point of the page (page pixels); False where there is none."""
        session = self._session
        found = None if session is None else session.desk.ready_panels(session.position.page_index)
        stop = None if found is None else navigation.stop_at(found.index, found.panels, (x, y))
        if stop is not None:
            self.go_to(stop)
        return stop is not None

    def go_to_panel_id(self, page_id: str, panel_id: str) -> None:
        """To a panel by its name, if its page was seen since the book was opened."""
        session = self._session
        index = None if session is None else session.desk.index_of(page_id)
        if session is None or index is None:
            return
        found = session.desk.ready_panels(index)
        ids = [panel.id for panel in found.panels] if found is not None else []
        stop = Position(index, ids.index(panel_id) if panel_id in ids else 0)
        if stop != session.position:
            self.go_to(stop)

    def look_again(self, page_id: str) -> None:
        """A page's panels are others in the library now."""
        session = self._session
        if session is not None:
            session.desk.forget_panels(page_id)
            if session.desk.index_of(page_id) == session.position.page_index:
                self.go_to(session.position)

    def look_at_all_again(self) -> None:
        """The panels of any page may be others in the library now."""
        session = self._session
        if session is not None:
            session.desk.forget_all_panels()
            self.go_to(session.position)

    def set_direction(self, direction: Direction) -> None:
        """Read the book the other way, now and whenever it is opened again."""
        session = self._session
        if session is None or session.direction is direction:
            return
        session.direction = direction
        session.desk.set_direction(direction)
        self.direction_changed.emit(direction)
        self._tasks.start(self._keep_direction(session), name="keep the direction")
        self.go_to(Position(session.position.page_index, 0))

    # Showing

    def want_sharpness(self, side_px: float) -> None:
        """The page's longest side is shown this large (device pixels): decode it anew if need be."""
        session, index = self._session, self._shown_index
        if session is None or index is None or session.desk.ready_page(index) is None:
            return
        side = decode_side(max(side_px, DECODE_SIDES_PX[0]))
        if side == self._side_px:
            return
        if self._sharpening is not None:
            self._sharpening.cancel()
        self._side_px = side
        self._sharpening = self._tasks.start(self._sharpen(session, index, side), name=f"sharpen page {index}")

    def _go_or_stay(self, position: Position | None, *, is_end: bool) -> None:
        if position is None:
            self.edge_reached.emit(is_end)
        else:
            self.go_to(position)

    def _show_what_is_ready(self, session: ReadingSession) -> bool:
        """Show what needs no waiting for; False where something is still missing."""
        index = session.position.page_index
        page = session.desk.ready_page(index)
        if page is None:
            return False
        self._show_page(session, page)
        found = session.desk.ready_panels(index)
        if found is None:
            return False
        self._show_panels(session, found)
        return True

    async def _visit(self, session: ReadingSession) -> None:
        index = session.position.page_index
        try:
            self._show_page(session, await session.desk.page(index))
            self._show_panels(session, await session.desk.panels(index))
        except PageError as error:
            self._shown_index, self._shown_panels = index, None
            self.page_failed.emit(index, error.sentence)
            self._announce_place(session)
            session.desk.prepare_around(index)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)

    def _show_page(self, session: ReadingSession, page: ReadyPage) -> None:
        if self._shown_index == page.index:
            return
        self._shown_index, self._shown_panels, self._side_px = page.index, None, DECODE_SIDES_PX[0]
        if self._sharpening is not None:
            self._sharpening.cancel()
        self.page_shown.emit(page)
        session.desk.prepare_around(page.index)

    def _show_panels(self, session: ReadingSession, found: FoundPanels) -> None:
        session.position = navigation.settle(session.position, len(found.panels))
        session.looks.check_page(found.index, found.panels)
        if self._shown_panels is not found:
            self._shown_panels = found
            self.panels_found.emit(found)
        self._announce_place(session)

    async def _sharpen(self, session: ReadingSession, index: int, side_px: int | None) -> None:
        try:
            self.picture_sharpened.emit(await session.desk.sharper(index, side_px))
        except PageError as error:
            self.failed.emit(error.sentence)

    def _announce_place(self, session: ReadingSession) -> None:
        position = session.position
        count = session.desk.panel_count(position.page_index)
        panel_index = None if count is None else position.panel_index
        self.place_changed.emit(Place(position.page_index, panel_index, session.page_count, count))

    # Keeping

    def _keep_position_soon(self, session: ReadingSession) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
        self._keeping = self._tasks.start(self._keep_position(session), name="keep the position")

    async def _keep_position(self, session: ReadingSession) -> None:
        await asyncio.sleep(_KEEP_POSITION_AFTER_S)
        try:
            await asyncio.to_thread(self._library.set_position, session.book_id, session.position)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)

    async def _keep_direction(self, session: ReadingSession) -> None:
        try:
            await asyncio.to_thread(self._library.set_direction, session.book_id, session.direction)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)

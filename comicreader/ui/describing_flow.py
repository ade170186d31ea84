"""Joins the window with the queue of panels that are worth describing: one key goes to the next of them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from PySide6.QtCore import QObject

from comicreader.domain.describing_order import Worth, describing_order
from comicreader.domain.errors import ComicReaderError
from comicreader.domain.navigation import Position
from comicreader.services.library import Library
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.actions import ActionId
from comicreader.ui.auto_play import AutoPlay
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageKind
from comicreader.ui.reader_presenter import ReaderPresenter
from comicreader.ui.reading_session import ReadingSession

# Nobody describes more in one go; the order is made anew when it is used up.
_QUEUE = 20


class DescribingFlow(QObject):
    """Narration > Next panel worth describing."""

    def __init__(
        self,
        window: MainWindow,
        books: BookPresenter,
        reader: ReaderPresenter,
        auto_play: AutoPlay,
        library: Library,
        tasks: TaskRunner,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._books = books
        self._reader = reader
        self._auto_play = auto_play
        self._library = library
        self._tasks = tasks
        self._passed: set[str] = set()  # shown since the book was opened, described or not
        self._going: asyncio.Task[None] | None = None
        window.actions_table[ActionId.DESCRIBE_NEXT].triggered.connect(self._go)
        books.closed.connect(self._passed.clear)

    def _go(self) -> None:
        session = self._books.session
        if session is not None and (self._going is None or self._going.done()):
            self._auto_play.pause()
            self._going = self._tasks.start(self._go_to_next(session), name="next panel worth describing")

    async def _go_to_next(self, session: ReadingSession) -> None:
        try:
            await self._look(session)
            described = await asyncio.to_thread(self._described, session)
        except ComicReaderError as error:
            self._window.messages.say(error.sentence, MessageKind.ERROR)
            return
        if self._books.session is not session:
            return
        looks = {look.panel.id: look for look in session.looks.known}
        colours = {panel_id: look.colours for panel_id, look in looks.items()}
        order = await asyncio.to_thread(describing_order, colours, described | self._passed, _QUEUE)
        if not order:
            self._window.messages.say(self._end(is_all_described=set(looks) <= described), MessageKind.NOTE)
            self._passed.clear()
            return
        worth, look = order[0], looks[order[0].panel_id]
        self._passed.add(worth.panel_id)
        self._reader.go_to(Position(look.page_index, look.number - 1))
        self._window.messages.say(self._told(worth), MessageKind.NOTE)

    async def _look(self, session: ReadingSession) -> None:
        """Look at the whole book; saying so where it takes a while."""
        said = ""
        async with aclosing(session.looks.look(session.position.page_index, session.direction)) as pages:
            async for done, count in pages:
                if done < count:
                    said = self.tr("Looking at the book: {done} of {count} pages").format(done=done, count=count)
                    self._window.messages.say(said, MessageKind.NOTE)
        self._window.messages.retract(said)

    def _described(self, session: ReadingSession) -> set[str]:
        """The panels that have a text which no model wrote."""
        return self._library.data_set.described([look.panel.id for look in session.looks.known])

    def _told(self, worth: Worth) -> str:
        keys = {"edit": self._key(ActionId.EDIT_CAPTION), "next": self._key(ActionId.DESCRIBE_NEXT)}
        if not worth.stands_for:
            return self.tr("No other panel is like this one. {edit} writes its caption, {next} goes on.").format(**keys)
        return self.tr(
            "This panel stands for {count} others that look like it: what you write here helps there. "
            "{edit} writes its caption, {next} goes on."
        ).format(count=worth.stands_for, **keys)

    def _end(self, *, is_all_described: bool) -> str:
        if is_all_described:
            return self.tr("Every panel of this book has a text that somebody wrote.")
        return self.tr(
            "These were all panels of this book; {next} begins again with those that have no text yet."
        ).format(next=self._key(ActionId.DESCRIBE_NEXT))

    def _key(self, action_id: ActionId) -> str:
        return self._window.actions_table[action_id].shortcut().toString()

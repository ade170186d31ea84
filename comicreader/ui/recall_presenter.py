"""Has the narrator remember what the person writes, at once and when it starts anew; see `services.caption_recall`."""

from __future__ import annotations

from collections.abc import Coroutine

from PySide6.QtCore import QObject, Signal

from comicreader.domain.errors import ComicReaderError, PageError
from comicreader.domain.narration import PERSON
from comicreader.services.caption_recall import CaptionRecall
from comicreader.services.library import Library
from comicreader.services.library_records import CaptionChange
from comicreader.services.narrator import Narrator, NarratorPhase, NarratorState
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.page_desk import FoundPanels
from comicreader.ui.reading_session import ReadingSession
from trainer.events import CaptionLearned


class RecallPresenter(QObject):
    """Teaches the narrator.

    Signals:
        failed(str): a sentence for the person.
    """

    failed = Signal(str)

    def __init__(self, library: Library, tasks: TaskRunner) -> None:
        super().__init__()
        self._library = library
        self._tasks = tasks
        self._recall: CaptionRecall | None = None
        self._session: ReadingSession | None = None
        self._found: FoundPanels | None = None
        self._is_on = True

    def use_narrator(self, narrator: Narrator) -> None:
        """Teach it."""
        self._recall = CaptionRecall(self._library, narrator.send)

    def set_on(self, *, is_on: bool) -> None:
        """Have captions remembered, or everything forgotten."""
        if is_on == self._is_on or self._recall is None:
            self._is_on = is_on
            return
        self._is_on = is_on
        self._start(self._recall.teach_known() if is_on else self._recall.forget_all())

    def begin(self, session: ReadingSession) -> None:
        """A book was opened."""
        self._session = session

    def end(self) -> None:
        """The book is being closed."""
        self._session = self._found = None

    def visit(self, found: FoundPanels) -> None:
        """A page is on the screen: what was written there without a narrator is taught now."""
        self._found = found
        self._teach_page()

    def apply(self, change: CaptionChange) -> None:
        """A caption was changed in the library."""
        if self._recall is None or not self._is_on:
            return
        self._recall.forget(change.panel_id)
        if change.after is not None and change.after.source == PERSON:
            self._start(self._recall.teach_known(change.panel_id))  # redone: it was seen before
            self._teach_page()

    def on_narrator_state(self, state: NarratorState) -> None:
        """The narrator has another state."""
        if state.kind is NarratorPhase.READY and self._recall is not None and self._is_on:
            self._start(self._recall.teach_known())
            self._teach_page()

    def on_learned(self, learned: CaptionLearned) -> None:
        """The narrator has seen a caption with its picture."""
        if self._recall is not None:
            self._start(self._recall.keep(learned))

    def _teach_page(self) -> None:
        """Teach the captions of the page on the screen that were not taught yet."""
        if self._is_on and self._recall is not None and self._session is not None and self._found is not None:
            self._start(self._teach(self._recall, self._session, self._found))

    async def _teach(self, recall: CaptionRecall, session: ReadingSession, found: FoundPanels) -> None:
        try:
            page = (await session.desk.page(found.index)).page
        except PageError:
            return  # the page itself says so
        await recall.teach_page(session.book_id, page, found.panels)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.start(self._or_failed(work), name="teach the narrator")

    async def _or_failed(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except ComicReaderError as error:
            self.failed.emit(error.sentence)

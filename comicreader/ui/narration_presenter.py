"""The narration of the open book: which captions the page has, which are being written, and having them written.

    visit -> captions in the library -> what the narrator still has to write on this page -> the next page, ahead

A jump to another page cancels what is being written for pages that are neither this one nor the next.
Reading never waits for any of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from comicreader.domain.errors import ComicReaderError, NarratorError, PageError
from comicreader.domain.narration import Caption
from comicreader.domain.panels import Panel
from comicreader.services.book_narrator import BookNarrator, CaptionUpdate
from comicreader.services.library import Library
from comicreader.services.library_records import CaptionChange
from comicreader.services.narrator import Narrator, NarratorPhase, NarratorState
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.page_desk import FoundPanels, PageDesk
from comicreader.ui.panel_caption import CaptionState, PanelCaption
from trainer.dataset import CONTEXT_CAPTIONS
from trainer.style_card import StyleCard


@dataclass(slots=True)
class _PageTold:
    """The page on the screen.

    Attributes:
        found: its panels.
        captions: those that stand, by panel id; None until they were read.
        growing: texts that are being written, by panel id.
        changes: how often a caption became another one since the page is on the screen.
    """

    found: FoundPanels
    captions: dict[str, Caption] | None = None
    growing: dict[str, str] = field(default_factory=dict)
    changes: int = 0


class NarrationPresenter(QObject):
    """Shows captions and has missing ones written.

    Signals:
        captions_changed(tuple[Panel, ...], tuple[PanelCaption, ...]): what the page on the screen tells.
        narrator_changed(NarratorState): how the narrator is.
        regenerated(CaptionChange): a caption was written anew, as asked.
        failed(str): a sentence for the person.
    """

    captions_changed = Signal(object, object)
    narrator_changed = Signal(object)
    regenerated = Signal(object)
    failed = Signal(str)

    def __init__(self, library: Library, tasks: TaskRunner) -> None:
        super().__init__()
        self._library = library
        self._tasks = tasks
        self._narrator: Narrator | None = None
        self._book_narrator: BookNarrator | None = None
        self._desk: PageDesk | None = None
        self._page: _PageTold | None = None
        self._is_automatic = True
        self._is_held = False
        self._jobs: dict[int, asyncio.Task[None]] = {}  # pages being narrated
        self._telling: asyncio.Task[None] | None = None
        self._variations: dict[str, int] = {}  # how often each caption was asked for anew

    def use_narrator(self, narrator: Narrator) -> None:
        """Have captions written by it."""
        self._narrator = narrator
        self._book_narrator = BookNarrator(self._library, narrator)

    # The book

    def begin(self, desk: PageDesk, book_id: int, card: StyleCard) -> None:
        """A book was opened, which is told as its card says."""
        self._desk = desk
        if self._book_narrator is not None:
            self._book_narrator.card = card
            self._book_narrator.book_id = book_id

    def end(self) -> None:
        """The book is being closed."""
        self._cancel_jobs(keep=())
        self._desk, self._page = None, None
        self._variations.clear()

    def visit(self, found: FoundPanels) -> None:
        """The panels of the page on the screen are known."""
        self._page = _PageTold(found)
        self._cancel_jobs(keep=(found.index, found.index + 1))
        self._telling = self._tasks.start(self._tell(self._page), name=f"tell page {found.index}")

    def leave(self) -> None:
        """Another page is on the screen, and its panels are not known yet."""
        self._page = None

    # What the person wants

    def set_automatic(self, *, is_automatic: bool) -> None:
        """Have missing captions written unasked, or not."""
        self._is_automatic = is_automatic
        if not is_automatic:
            self._cancel_jobs(keep=())
            self._announce()
        self._tell_again()

    def set_held(self, *, is_held: bool) -> None:
        """Have nothing written while panels are corrected; then what is missing, of the panels as they are."""
        self._is_held = is_held
        if is_held:
            self._cancel_jobs(keep=())
        self._tell_again()

    def set_style(self, style: str) -> None:
        """Tell what is seen, or a story; what the narrator told in the other style is told anew."""
        if self._book_narrator is None or self._book_narrator.style == style:
            return
        self._cancel_jobs(keep=())
        self._book_narrator.style = style
        self._tell_again()

    def set_card(self, card: StyleCard) -> None:
        """Tell the book as a card says; what the narrator told otherwise is told anew."""
        if self._book_narrator is None or self._book_narrator.card == card:
            return
        self._cancel_jobs(keep=())
        self._book_narrator.card = card
        self._tell_again()

    def tell_again(self) -> None:
        """Others have a name now: what the narrator told without it is told anew."""
        self._cancel_jobs(keep=())
        self._tell_again()

    def use_model(self, model: str) -> None:
        """Let another model write; naming the current one gives it another chance."""
        self._cancel_jobs(keep=())
        self._tasks.start(self._use_model(model), name=f"use model {model}")

    def regenerate(self, panel_id: str) -> None:
        """Have a caption of the page on the screen written anew; a person's text stays as it is."""
        page = self._page
        if page is None or page.captions is None or self.caption_of(panel_id) is None:
            return
        standing = page.captions.get(panel_id)
        if standing is not None and not standing.is_proposal:
            return
        self._variations[panel_id] = self._variations.get(panel_id, 0) + 1
        self._tasks.start(self._regenerate(page, panel_id), name="write a caption anew")

    async def wordings(self, panel_id: str, count: int) -> AsyncGenerator[str, None]:
        """Other wordings of a caption of the page on the screen, as they are written; none is kept.

        Args:
            panel_id: the panel.
            count: how many.

        Raises:
            NarratorError: the narrator has failed or refused.
            PageError: the page cannot be read.
            LibraryError: captions cannot be read.
        """
        page, desk, narrator = self._page, self._desk, self._book_narrator
        if page is None or desk is None or narrator is None:
            return
        first = self._variations.get(panel_id, 0) + 1
        self._variations[panel_id] = first + count - 1
        ready = await desk.page(page.found.index)
        ids = await desk.page_ids_before(page.found.index, CONTEXT_CAPTIONS)
        previous = await asyncio.to_thread(narrator.previous_captions, ids)
        numbers = range(first, first + count)
        async with aclosing(narrator.wordings(ready.page, page.found.panels, previous, panel_id, numbers)) as texts:
            async for text in texts:
                yield text

    def apply(self, change: CaptionChange) -> None:
        """A caption was changed in the library."""
        if self._page is None or change.page_id != self._page.found.page_id:
            return
        self._page.changes += 1
        if self._page.captions is None:
            return
        self._page.growing.pop(change.panel_id, None)
        if change.after is None:
            self._page.captions.pop(change.panel_id, None)
        else:
            self._page.captions[change.panel_id] = change.after
        self._announce()

    def caption_of(self, panel_id: str) -> PanelCaption | None:
        """What is shown of a panel of this page."""
        return next((caption for caption in self._shown() if caption.panel_id == panel_id), None)

    # Telling

    @property
    def _writes_unasked(self) -> bool:
        return self._is_automatic and not self._is_held

    def _tell_again(self) -> None:
        if self._page is not None:
            self._telling = self._tasks.start(self._tell(self._page), name="tell the page again")

    async def _tell(self, page: _PageTold) -> None:
        """Show what the library has, then have the rest of this page written, then the next page."""
        try:
            page.captions = await self._read(page)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        index = page.found.index
        if self._writes_unasked:
            self._start_job(index)
        self._announce()
        while self._writes_unasked and self._page is page and index < page.found.index + 2:
            job = self._start_job(index)
            if job is None:
                return
            await asyncio.wait([job])
            index += 1

    async def _read(self, page: _PageTold) -> dict[str, Caption]:
        """A page's captions as they stand in the library, read again where one changed meanwhile."""
        while True:
            changes = page.changes
            captions = await asyncio.to_thread(self._library.captions_of, page.found.page_id)
            if page.changes == changes:
                return captions

    def _start_job(self, index: int) -> asyncio.Task[None] | None:
        """The task that narrates a page, started if it is not under way."""
        desk = self._desk
        if desk is None or index >= desk.page_count or self._book_narrator is None:
            return None
        job = self._jobs.get(index)
        if job is None or job.done():
            job = self._tasks.start(self._narrate(desk, self._book_narrator, index), name=f"narrate page {index}")
            self._jobs[index] = job
            job.add_done_callback(lambda _: self._announce())
        return job

    async def _narrate(self, desk: PageDesk, narrator: BookNarrator, index: int) -> None:
        try:
            page, found = await desk.page(index), await desk.panels(index)
            before = await desk.page_ids_before(index, CONTEXT_CAPTIONS)
            previous = await asyncio.to_thread(narrator.previous_captions, before)
            async with aclosing(narrator.narrate_page(page.page, found.panels, previous)) as updates:
                async for update in updates:
                    self._show_update(update)
        except PageError:
            return  # the page itself says so when the reader gets there
        except NarratorError as error:
            self._on_narrator_error(error)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)

    async def _regenerate(self, page: _PageTold, panel_id: str) -> None:
        desk, narrator, index = self._desk, self._book_narrator, page.found.index
        if desk is None or narrator is None or page.captions is None:
            return
        before = page.captions.get(panel_id)
        page.growing[panel_id] = ""
        self._announce()
        try:
            ready = await desk.page(index)
            ids = await desk.page_ids_before(index, CONTEXT_CAPTIONS)
            previous = await asyncio.to_thread(narrator.previous_captions, ids)
            variation = self._variations[panel_id]
            updates = narrator.narrate_page(ready.page, page.found.panels, previous, only=panel_id, variation=variation)
            async with aclosing(updates):
                async for update in updates:
                    self._show_update(update)
                    if update.is_final and update.caption != before:
                        change = CaptionChange(panel_id, page.found.page_id, before, update.caption)
                        self.regenerated.emit(change)
        except NarratorError as error:
            self._on_narrator_error(error)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
        finally:
            page.growing.pop(panel_id, None)
            self._announce()

    async def _use_model(self, model: str) -> None:
        if self._narrator is not None:
            await self._narrator.use_model(model)
            self._tell_again()

    def _show_update(self, update: CaptionUpdate) -> None:
        """News from the narrator; for another page they are in the library only."""
        page = self._page
        if page is None or update.panel_id not in {panel.id for panel in page.found.panels}:
            return
        page.changes += update.is_final
        if page.captions is None:
            return
        if update.is_final:
            page.growing.pop(update.panel_id, None)
            page.captions[update.panel_id] = update.caption
        elif (standing := page.captions.get(update.panel_id)) is None or standing.is_proposal:
            page.growing[update.panel_id] = update.caption.text  # a person may have written it meanwhile
        self._announce()

    def _on_narrator_error(self, error: NarratorError) -> None:
        """A narrator that has failed says so by its state; one refused request is news of its own."""
        if self._narrator is not None and self._narrator.state.kind is not NarratorPhase.FAILED:
            self.failed.emit(error.sentence)

    def on_narrator_state(self, state: NarratorState) -> None:
        """The narrator has another state."""
        self.narrator_changed.emit(state)
        self._announce()

    def _cancel_jobs(self, keep: tuple[int, ...]) -> None:
        if self._telling is not None:
            self._telling.cancel()
        for index in set(self._jobs) - set(keep):
            self._jobs.pop(index).cancel()

    # Showing

    def _announce(self) -> None:
        if self._page is not None and self._page.captions is not None:
            self.captions_changed.emit(self._page.found.panels, self._shown())

    def _shown(self) -> tuple[PanelCaption, ...]:
        page = self._page
        if page is None or page.captions is None:
            return ()
        job = self._jobs.get(page.found.index)
        is_at_work = job is not None and not job.done()
        return tuple(
            self._shown_caption(page, panel, number, is_at_work=is_at_work)
            for number, panel in enumerate(page.found.panels, start=1)
        )

    def _shown_caption(self, page: _PageTold, panel: Panel, number: int, *, is_at_work: bool) -> PanelCaption:
        if panel.id in page.growing:
            text = page.growing[panel.id]
            return PanelCaption(panel.id, number, text, CaptionState.WRITING if text else CaptionState.WAITING)
        caption = None if page.captions is None else page.captions.get(panel.id)
        if caption is None and is_at_work:
            return PanelCaption(panel.id, number, state=CaptionState.WAITING)
        return PanelCaption.of(panel.id, number, caption)

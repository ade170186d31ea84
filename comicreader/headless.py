"""`comicreader narrate` and `comicreader panels`: books without a window."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass
from pathlib import Path

from comicreader.domain.archive import open_book
from comicreader.domain.book import Book, Direction
from comicreader.domain.container import printable
from comicreader.domain.errors import ComicReaderError
from comicreader.domain.interchange import NarratedPage, narration_json, page_story
from comicreader.progress import Progress
from comicreader.services.book_narrator import BookNarrator
from comicreader.services.library import Library
from comicreader.services.narration_document import BookReading
from comicreader.services.narrator import Narrator, NarratorPhase, NarratorState
from comicreader.services.paths import AppPaths
from comicreader.services.settings import load_settings
from comicreader.services.whole_file import write_whole_file

EXIT_OK, EXIT_SOME_PAGES_FAILED = 0, 1

STDOUT = "-"

PageRange = tuple[int, int]
"""First and last page for people: from 1, both included."""


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for.

    Attributes:
        book: the file or folder.
        pages: which pages; empty for all.
        json: where the document goes, "-" for stdout; None for a story to read on stdout.
        password: opens an encrypted book.
        direction: reading direction; None: the person's choice for this book, else what the file says.
        model: the narrator; None: the person's setting.
        style: what is told, "description" or "narration"; None: the person's setting.
    """

    book: Path
    pages: tuple[PageRange, ...] = ()
    json: str | None = None
    password: str | None = None
    direction: Direction | None = None
    model: str | None = None
    style: str | None = None


def narrate(job: Job, paths: AppPaths, environment: Mapping[str, str], narrator_command: Sequence[str]) -> int:
    """Tell a book; returns the exit status.

    Raises:
        ComicReaderError: the book, the library or the narrator cannot be used, or the document cannot be written.
    """
    check_target(job)
    with opened(job) as book, Library.open(paths.library_file) as library:
        report = _Report(job, book)
        settings = load_settings(paths.settings_file)
        narrator = Narrator(
            narrator_command,
            on_state=report.say_state,
            environment=environment,
            model=job.model or settings.narrator_model,
        )
        reading = BookReading(book, reading_direction(job, book, library), library)
        record = library.remember_book(job.book, book.display_title, len(book.page_names))
        style = job.style or settings.narration_style
        teller = BookNarrator(library, narrator, style, record.style_card, record.book_id)
        pages = reading.tell(report.page_indices, teller)
        return asyncio.run(_narrate(job, narrator, report, pages))


def find_panels(job: Job, paths: AppPaths) -> int:
    """Write a book's panels; returns the exit status.

    Raises:
        ComicReaderError: the book or the library cannot be used, or the document cannot be written.
    """
    check_target(job)
    with opened(job) as book, Library.open(paths.library_file) as library:
        report = _Report(job, book)
        reading = BookReading(book, reading_direction(job, book, library), library)
        return asyncio.run(report.write(reading.outline(report.page_indices)))


async def _narrate(job: Job, narrator: Narrator, report: _Report, pages: AsyncGenerator[NarratedPage, None]) -> int:
    try:
        if job.model is not None:
            # A narrator that was asked for by name writes anew what others wrote: it must be known first.
            await narrator.ready()
        return await report.write(pages)
    finally:
        await narrator.close()


class _Report:
    """Takes pages as they are finished: a story goes out at once, a document when it is whole.

    Attributes:
        page_indices: the pages to come, in order.
    """

    def __init__(self, job: Job, book: Book) -> None:
        self.page_indices = selected_pages(job.pages, len(book.page_names))
        self._target = job.json
        self._title = book.display_title
        self._file_name = printable(job.book.absolute().name)
        self._progress = Progress(sys.stderr, len(self.page_indices))
        for warning in book.warnings:
            self._complain(warning)

    def say_state(self, state: NarratorState) -> None:
        """Show that the narrator is loading."""
        if state.kind is NarratorPhase.LOADING:
            self._progress.say(state.message, state.done_frac)

    async def write(self, pages: AsyncGenerator[NarratedPage, None]) -> int:
        """Write all pages; returns the exit status.

        Raises:
            ComicReaderError: the document cannot be written.
        """
        finished: list[NarratedPage] = []
        try:
            async with aclosing(pages):
                async for page in pages:
                    self._take(self.page_indices[len(finished)] + 1, page)
                    finished.append(page)
        finally:
            self._progress.clear()
        if self._target is not None:
            deliver(self._target, narration_json(self._title, self._file_name, finished))
        return EXIT_SOME_PAGES_FAILED if any(page.error for page in finished) else EXIT_OK

    def _take(self, number: int, page: NarratedPage) -> None:
        self._progress.clear()
        if page.error:
            self._complain(f"page {number}: {page.error}")
        if self._target is None:
            sys.stdout.write(page_story(number, page) + "\n")
            sys.stdout.flush()
        self._progress.step()
        self._progress.say(f"page {number} ({page.name})")

    def _complain(self, sentence: str) -> None:
        sys.stderr.write(f"comicreader: {sentence}\n")


def opened(job: Job) -> closing[Book]:
    """The book, to be used in a `with`.

    Raises:
        BookError: it cannot be opened.
    """
    return closing(open_book(job.book, job.password))


def reading_direction(job: Job, book: Book, library: Library) -> Direction:
    """Which way the book is read: as asked for, else as the person chose, else as the file says."""
    record = library.remember_book(job.book, book.display_title, len(book.page_names))
    return job.direction or record.direction or book.info.direction or Direction.LEFT_TO_RIGHT


def selected_pages(pages: Sequence[PageRange], page_count: int) -> list[int]:
    """Indices of the pages asked for, in order, each once.

    Raises:
        ComicReaderError: the book has no such page.
    """
    highest = max((last for _, last in pages), default=0)
    if highest > page_count:
        raise ComicReaderError(f"Page {highest} was asked for, but the book has {page_count} pages.")
    return sorted({page - 1 for first, last in pages for page in range(first, last + 1)}) or list(range(page_count))


def check_target(job: Job) -> None:
    """Say before the work, not after it, that its result has nowhere to go.

    Raises:
        ComicReaderError: no file can be written there.
    """
    if job.json is None or job.json == STDOUT:
        return
    target = Path(job.json).absolute()
    if target.is_dir():
        raise ComicReaderError(f"{target} is a folder; name a file to write.")
    if not target.parent.is_dir():
        raise ComicReaderError(f"There is no folder {target.parent} to write {target.name} into.")


def deliver(target: str, content: bytes) -> None:
    """Write a whole file, or to stdout.

    Raises:
        ComicReaderError: it cannot be written.
    """
    if target == STDOUT:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    try:
        write_whole_file(Path(target), content)
    except OSError as error:
        raise ComicReaderError(f"{target} cannot be written: {error.strerror}.") from error

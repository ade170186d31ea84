"""`comicreader export` and `comicreader import`: panels and texts to other programs and from them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from comicreader.domain.errors import ExchangeError
from comicreader.domain.interchange import NarratedPage
from comicreader.domain.panel_files import (
    FORMAT_OF_SUFFIX,
    MAX_FILE_BYTES,
    panel_file,
    read_panel_file,
)
from comicreader.headless import (
    EXIT_OK,
    EXIT_SOME_PAGES_FAILED,
    Job,
    check_target,
    deliver,
    opened,
    reading_direction,
    selected_pages,
)
from comicreader.progress import Progress
from comicreader.services.library import Library
from comicreader.services.narration_document import BookReading
from comicreader.services.panel_import import ImportReport, import_panels
from comicreader.services.panel_training_data import write_panel_data
from comicreader.services.paths import AppPaths

PANEL_DATA = "panel-data"
"""The format that is a folder: corrected pages as training data for the panel detector."""


def export_panels(job: Job, target: str, file_format: str | None, paths: AppPaths) -> int:
    """Write a book's panels, and the captions that stand, in a format of other programs; returns the exit status.

    Args:
        job: the book and its pages.
        target: the file, "-" for stdout; a folder for PANEL_DATA.
        file_format: as `domain.panel_files` names them, or PANEL_DATA; None: as the target's suffix says.
        paths: where the library is.

    Raises:
        ComicReaderError: the book or the library cannot be used, or the target cannot be written.
    """
    chosen = file_format or FORMAT_OF_SUFFIX.get(Path(target).suffix.casefold())
    if chosen is None:
        raise ExchangeError(f"The suffix of {target} names no format; choose one with --format.")
    if chosen == PANEL_DATA:
        return _export_panel_data(job, Path(target), paths)
    check_target(replace(job, json=target))
    with opened(job) as book, Library.open(paths.library_file) as library:
        indices = selected_pages(job.pages, len(book.page_names))
        reading = BookReading(book, reading_direction(job, book, library), library)
        pages = asyncio.run(_read(reading.recall(indices), Progress(sys.stderr, len(indices))))
        whole = [page for page in pages if not page.error]
        if not whole:
            raise ExchangeError("No page of this book can be read.")
        deliver(target, panel_file(chosen, book.display_title, whole))
    for number, page in zip((index + 1 for index in indices), pages, strict=True):
        if page.error:
            _complain(f"page {number}: {page.error}")
    return EXIT_OK if len(whole) == len(pages) else EXIT_SOME_PAGES_FAILED


def import_file(job: Job, file: Path, paths: AppPaths) -> int:
    """Make a file's panels and texts those of a book; returns the exit status.

    Raises:
        ComicReaderError: the file is none, names no page of the book, or the book or the library cannot be used.
    """
    imported = read_panel_file(_content(file))
    with opened(job) as book, Library.open(paths.library_file) as library:
        library.remember_book(job.book, book.display_title, len(book.page_names))
        report = import_panels(book, library, imported)
    for sentence in report.errors:
        _complain(sentence)
    if not report.pages and not report.errors:
        raise ExchangeError(f"{file.name} has no panels for the pages of this book.")
    if report.left_out:
        _complain(f"{_count(report.left_out, 'page')} of {file.name} left out: not in the book, or without a panel.")
    sys.stdout.write(_in_words(report))
    return EXIT_SOME_PAGES_FAILED if report.left_out or report.errors else EXIT_OK


def _export_panel_data(job: Job, folder: Path, paths: AppPaths) -> int:
    if not folder.absolute().parent.is_dir():
        raise ExchangeError(f"There is no folder {folder.absolute().parent} to make {folder.name} in.")
    with opened(job) as book, Library.open(paths.library_file) as library:
        indices = selected_pages(job.pages, len(book.page_names))
        direction = reading_direction(job, book, library)
        count = write_panel_data(book, direction, library, indices, folder)
    sys.stdout.write(f"{_count(count, 'corrected page')} written to {folder}.\n")
    return EXIT_OK


async def _read(pages: AsyncGenerator[NarratedPage, None], progress: Progress) -> list[NarratedPage]:
    finished = []
    try:
        async with aclosing(pages):
            async for page in pages:
                finished.append(page)
                progress.step()
                progress.say(f"page {page.name}")
    finally:
        progress.clear()
    return finished


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ExchangeError(f"{file} cannot be read: {error.strerror}.") from error
    if len(content) > MAX_FILE_BYTES:
        raise ExchangeError(f"{file.name} is larger than {MAX_FILE_BYTES >> 20} MB, which no file of panels is.")
    return content


def _in_words(report: ImportReport) -> str:
    kept = f"; {_count(report.kept_texts, 'text')} left as they are" if report.kept_texts else ""
    return (
        f"{_count(report.panels, 'panel')} on {_count(report.pages, 'page')} imported, "
        f"{_count(report.texts, 'text')} with them{kept}.\n"
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _complain(sentence: str) -> None:
    sys.stderr.write(f"comicreader: {sentence}\n")

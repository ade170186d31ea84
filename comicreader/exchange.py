"""`comicreader export` and `comicreader import`: panels and texts to other programs and from them."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from comicreader.domain.errors import ExchangeError
from comicreader.domain.panel_files import FORMAT_OF_SUFFIX, panel_file
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
from comicreader.services import book_exchange
from comicreader.services.book_exchange import PANEL_DATA, counted
from comicreader.services.library import Library
from comicreader.services.panel_training_data import write_panel_data
from comicreader.services.paths import AppPaths


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
        direction = reading_direction(job, book, library)
        progress = Progress(sys.stderr, len(indices))

        def show(done: int) -> None:
            progress.step()
            progress.say(f"page {indices[done - 1] + 1}")

        try:
            pages = asyncio.run(book_exchange.told_pages(book, direction, library, indices, show))
        finally:
            progress.clear()
        whole = [page for page in pages if not page.error]
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
    with opened(job) as book, Library.open(paths.library_file) as library:
        library.remember_book(job.book, book.display_title, len(book.page_names))
        report = book_exchange.import_file(book, library, file)
    for sentence in report.errors:
        _complain(sentence)
    if report.left_out:
        _complain(book_exchange.left_out_in_words(report, file))
    sys.stdout.write(book_exchange.in_words(report) + "\n")
    return EXIT_SOME_PAGES_FAILED if report.left_out or report.errors else EXIT_OK


def _export_panel_data(job: Job, folder: Path, paths: AppPaths) -> int:
    if not folder.absolute().parent.is_dir():
        raise ExchangeError(f"There is no folder {folder.absolute().parent} to make {folder.name} in.")
    with opened(job) as book, Library.open(paths.library_file) as library:
        indices = selected_pages(job.pages, len(book.page_names))
        direction = reading_direction(job, book, library)
        count = write_panel_data(book, direction, library, indices, folder)
    sys.stdout.write(f"{counted(count, 'corrected page')} written to {folder}.\n")
    return EXIT_OK


def _complain(sentence: str) -> None:
    sys.stderr.write(f"comicreader: {sentence}\n")

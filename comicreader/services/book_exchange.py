"""Panels and captions of a book to files of other programs and from them, as command line and window do it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from comicreader.domain.book import Book, Direction
from comicreader.domain.errors import ExchangeError
from comicreader.domain.interchange import NarratedPage
from comicreader.domain.panel_files import MAX_FILE_BYTES, read_panel_file
from comicreader.services.library import Library
from comicreader.services.narration_document import BookReading
from comicreader.services.panel_import import ImportReport, import_panels

PANEL_DATA = "panel-data"
"""The format that is a folder: corrected pages as training data for the panel detector."""


async def told_pages(
    book: Book, direction: Direction, library: Library, page_indices: Sequence[int], on_page: Callable[[int], None]
) -> list[NarratedPage]:
    """Pages with their panels and the captions that stand; a page that cannot be read says so in its `error`.

    Args:
        book: the book.
        direction: which way it is read.
        library: knows panels and captions; panels that are not known yet are found.
        page_indices: which pages.
        on_page: told the number of pages done after each.

    Raises:
        ExchangeError: no page can be read.
        LibraryError: the library cannot be used.
    """
    pages: list[NarratedPage] = []
    recalled: AsyncGenerator[NarratedPage, None] = BookReading(book, direction, library).recall(page_indices)
    async with aclosing(recalled):
        async for page in recalled:
            pages.append(page)
            on_page(len(pages))
    if all(page.error for page in pages):
        raise ExchangeError("No page of this book can be read.")
    return pages


def import_file(book: Book, library: Library, file: Path) -> ImportReport:
    """Make a file's panels and texts those of a book.

    Raises:
        ExchangeError: the file cannot be read, or has nothing for this book.
        LibraryError: the library cannot be written.
    """
    report = import_panels(book, library, read_panel_file(_content(file)))
    if not report.pages and not report.errors:
        raise ExchangeError(f"{file.name} has no panels for the pages of this book.")
    return report


def in_words(report: ImportReport) -> str:
    """What became of a file, in a sentence."""
    kept = f"; {counted(report.kept_texts, 'text')} left as they are" if report.kept_texts else ""
    return (
        f"{counted(report.panels, 'panel')} on {counted(report.pages, 'page')} imported, "
        f"{counted(report.texts, 'text')} with them{kept}."
    )


def left_out_in_words(report: ImportReport, file: Path) -> str:
    """What was not taken over, in a sentence; empty where everything was."""
    if not report.left_out:
        return ""
    return f"{counted(report.left_out, 'page')} of {file.name} left out: not in the book, or without a panel."


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ExchangeError(f"{file} cannot be read: {error.strerror}.") from error
    if len(content) > MAX_FILE_BYTES:
        raise ExchangeError(f"{file.name} is larger than {MAX_FILE_BYTES >> 20} MB, which no file of panels is.")
    return content

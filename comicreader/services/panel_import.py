"""Panels and texts of a file become those of a book, as if a person had drawn and written them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from comicreader.domain.book import Book
from comicreader.domain.errors import PageError
from comicreader.domain.imported_panels import ImportedPage, match_pages, placed
from comicreader.services.library import Library

# Enough to learn which page it is and how large.
_TINY_SIDE_PX = 64


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file.

    Attributes:
        pages: number of pages that have the file's panels now.
        panels: number of panels on them.
        texts: number of panels that have the file's text now.
        kept_texts: number of the file's texts that were left out, because a person's text or the same one stands.
        left_out: number of the file's pages that were left out: the book has no such page, or no panel lies on it.
        errors: a sentence for each page that could not be read.
    """

    pages: int
    panels: int
    texts: int
    kept_texts: int
    left_out: int
    errors: tuple[str, ...]


def import_panels(book: Book, library: Library, imported: Sequence[ImportedPage]) -> ImportReport:
    """Make a file's panels the panels of a book's pages, and its texts their captions.

    A panel that was about there keeps its id and so what was written for it. A person's text is never replaced.

    Args:
        book: the book.
        library: keeps what is taken over.
        imported: the file's pages.

    Raises:
        LibraryError: the library cannot be written.
    """
    pages = panels = texts = kept_texts = 0
    errors = []
    for index, page in sorted(match_pages(imported, book.page_names).items()):
        try:
            image = book.load_page(index, _TINY_SIDE_PX)
        except PageError as error:
            errors.append(error.sentence)
            continue
        told = placed(page, image.width, image.height)
        if not told:
            continue
        if library.panels_of(image.page_id) is None:
            # found by nobody, so that an undo leads back to a page whose panels are still to be found
            library.store_detected_panels(image.page_id, (), "")
        change = library.store_layout(image.page_id, [panel for panel, _ in told])
        pages += 1
        panels += len(told)
        for panel, (_, text) in zip(change.after.panels, told, strict=True):
            if text:
                edit = library.store_imported(panel.id, text)
                texts += edit.before != edit.after
                kept_texts += edit.before == edit.after
    left_out = sum(bool(page.panels) for page in imported) - pages - len(errors)
    return ImportReport(pages, panels, texts, kept_texts, left_out, tuple(errors))

"""The person's captions one by one: what each is, where it comes from, and the picture it belongs to."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from comicreader.domain.archive import open_book
from comicreader.domain.errors import PageError
from comicreader.services.library import Library
from comicreader.services.library_data_set import PagePlace, TaughtCaption
from comicreader.services.panel_crops import panel_jpeg

_PAGE_SIDE_PX = 1600


@dataclass(frozen=True, slots=True)
class Entry:
    """One caption of the data set.

    Attributes:
        caption: what the person did.
        place: where its page stands; None where no book is known that holds it.
    """

    caption: TaughtCaption
    place: PagePlace | None


def entries(library: Library) -> tuple[Entry, ...]:
    """Every caption of the person's, by book, page and panel; those without a book last.

    Raises:
        LibraryError: the library cannot be read.
    """
    taught = library.data_set.taught()
    places: dict[str, PagePlace | None] = {}
    for caption in taught:
        if caption.page_id not in places:
            known = library.data_set.places_of(caption.page_id)
            places[caption.page_id] = next((place for place in known if place.path.exists()), None)
    found = [Entry(caption, places[caption.page_id]) for caption in taught]
    return tuple(sorted(found, key=_by_place))


def picture_of(entry: Entry) -> bytes:
    """The caption's panel, cut out of its book, as JPEG.

    Raises:
        BookError: the book cannot be opened.
        PageError: the page cannot be read, or is another one by now.
    """
    if entry.place is None:
        raise PageError("It is not known which book this panel is of.")
    with closing(open_book(entry.place.path)) as book:
        if not 0 <= entry.place.page_index < len(book.page_names):
            raise PageError(f"Page {entry.place.page_index + 1} is not in the book any more.")
        page = book.load_page(entry.place.page_index, _PAGE_SIDE_PX)
    if page.page_id != entry.caption.page_id:
        raise PageError(f"Page {entry.place.page_index + 1} of the book is another one now.")
    return panel_jpeg(page, entry.caption.panel)


def _by_place(entry: Entry) -> tuple[bool, str, int, int]:
    place = entry.place
    if place is None:
        return True, entry.caption.page_id, 0, entry.caption.number
    return False, place.title.casefold(), place.page_index, entry.caption.number

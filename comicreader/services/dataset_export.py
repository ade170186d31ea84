"""From a person's captions to a data set that stands alone, and as an archive that another computer takes in.

    <folder>/
        records.jsonl           a caption a line, as `trainer.dataset` describes it
        images/….jpg            its panel, cut out of the book with some room around it
        preferences.jsonl       {"id", "chosen", "rejected", "kind"}: the person's text over the narrator's
        judgements.jsonl        {"id", "text", "is_good"}: what was kept as it was, and what was replaced

Pictures are cut from the books when the data set is built, so a book that is gone is named and left out.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comicreader.domain.archive import open_book
from comicreader.domain.book import Book, PageImage
from comicreader.domain.errors import BookError, ExchangeError, PageError
from comicreader.services.library import Library
from comicreader.services.library_data_set import PagePlace, TaughtCaption
from comicreader.services.library_records import ACCEPT
from comicreader.services.panel_crops import panel_jpeg
from comicreader.services.whole_file import whole_folder
from trainer.dataset import CONTEXT_CAPTIONS, CONTEXTS, DEV, HELD_OUT_FRAC, RECORDS, TRAIN

PREFERENCES, JUDGEMENTS = "preferences.jsonl", "judgements.jsonl"

# A third of such a page still fills a crop; decoding it takes a tenth of a second.
_PAGE_SIDE_PX = 1600
# Enough to learn which page it is.
_TINY_SIDE_PX = 64
_PADDING_FRAC = 0.02
# Fewer captions are all learned from: one of them would say nothing as a measure.
_FEWEST_TO_HOLD_OUT = 10


@dataclass(frozen=True, slots=True)
class BuiltDataset:
    """What was built.

    Attributes:
        folder: where it is.
        records: captions to learn from.
        held_out: captions to measure on.
        books: books they are of.
        preferences: pairs.
        judgements: texts said to be good or bad.
        missing: a sentence for each book or page that could not be used.
    """

    folder: Path
    records: int
    held_out: int
    books: int
    preferences: int
    judgements: int
    missing: tuple[str, ...]


@dataclass(slots=True)
class _Page:
    """A page with captions that a person wrote.

    Attributes:
        place: the book.
        index: of the page, from 0.
        captions: those captions, in reading order.
    """

    place: PagePlace
    index: int
    captions: list[TaughtCaption] = field(default_factory=list)


def build_dataset(
    library: Library,
    folder: Path,
    on_progress: Callable[[int, int], None] = lambda _done, _count: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> BuiltDataset:
    """Build a data set of everything the person wrote; one that stands there already is replaced.

    Args:
        library: knows captions, panels and books.
        folder: where to; its parent is made.
        on_progress: told captions done and captions in all.
        should_stop: asked between pages; True ends with an error, and what was there stays.

    Raises:
        ExchangeError: there is nothing to build from, it was stopped, or the folder cannot be written.
        LibraryError: the library cannot be read.
    """
    taught = [caption for caption in library.data_set.taught() if not caption.is_excluded]
    if not taught:
        raise ExchangeError("There is no caption of yours yet: correct some with E, or keep good ones with K.")
    if folder.exists() and any(folder.iterdir()) and not (folder / RECORDS).is_file():
        raise ExchangeError(f"{folder} holds something else; name a new folder.")
    pages, missing = _located(library, taught)
    rows: list[dict[str, Any]] = []
    preferences: list[dict[str, Any]] = []
    judgements: list[dict[str, Any]] = []
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        with whole_folder(new) as part:
            (part / "images").mkdir()
            for row, caption in _rows(library, pages, part, missing, should_stop):
                rows.append(row)
                preferences += _preferences(row["id"], caption)
                judgements += _judgements(row["id"], caption)
                on_progress(len(rows), len(taught))
            if not rows:
                raise ExchangeError(" ".join(missing) or "No page with a caption of yours can be found any more.")
            _divide(rows)
            for name, lines in ((RECORDS, rows), (PREFERENCES, preferences), (JUDGEMENTS, judgements)):
                (part / name).write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        shutil.rmtree(folder, ignore_errors=True)
        new.replace(folder)
    except OSError as error:
        raise ExchangeError(f"{folder} cannot be written: {error.strerror or error}.") from error
    held_out = sum(row["split"] == DEV for row in rows)
    books = len({row["book"] for row in rows})
    return BuiltDataset(
        folder, len(rows) - held_out, held_out, books, len(preferences), len(judgements), tuple(missing)
    )


def _located(library: Library, taught: Sequence[TaughtCaption]) -> tuple[list[_Page], list[str]]:
    """The pages of the captions, by book and in its order; and a sentence where some cannot be found.

    Pages of captions from before places were remembered are sought in every book that is known.
    """
    by_page: dict[str, list[TaughtCaption]] = {}
    for caption in taught:
        by_page.setdefault(caption.page_id, []).append(caption)
    places = {page_id: _first_there(library.data_set.places_of(page_id)) for page_id in by_page}
    lost = {page_id for page_id, place in places.items() if place is None}
    for book in library.data_set.books():
        if not lost:
            break
        for page_id, index in _page_ids(book.path):
            if page_id in lost:
                places[page_id] = PagePlace(book.book_id, book.path, book.title, book.licence, index)
                lost.discard(page_id)
    found = [_Page(place, place.page_index, by_page[page_id]) for page_id, place in places.items() if place is not None]
    count = sum(len(by_page[page_id]) for page_id in lost)
    missing = [f"The books of {count} captions are gone from where they were."] if count else []
    return sorted(found, key=lambda page: (page.place.book_id, page.index)), missing


def _first_there(places: Sequence[PagePlace]) -> PagePlace | None:
    return next((place for place in places if place.path.exists()), None)


def _page_ids(path: Path) -> Iterator[tuple[str, int]]:
    """The ids of a book's pages; nothing where it cannot be opened."""
    try:
        book = open_book(path)
    except BookError:
        return
    try:
        for index in range(len(book.page_names)):
            with suppress(PageError):
                yield book.load_page(index, _TINY_SIDE_PX).page_id, index
    finally:
        book.close()


def _rows(
    library: Library, pages: Sequence[_Page], folder: Path, missing: list[str], should_stop: Callable[[], bool]
) -> Iterator[tuple[dict[str, Any], TaughtCaption]]:
    """The data set's lines, book by book; pictures are written on the way."""
    for path in dict.fromkeys(page.place.path for page in pages):
        try:
            book = open_book(path)
        except BookError as error:
            missing.append(error.sentence)
            continue
        try:
            for page in (page for page in pages if page.place.path == path):
                if should_stop():
                    raise ExchangeError("Stopped; the data set is as it was.")
                try:
                    image = book.load_page(page.index, _PAGE_SIDE_PX)
                except (PageError, IndexError):
                    missing.append(f"Page {page.index + 1} of {page.place.title} cannot be read.")
                    continue
                for caption in page.captions:
                    if caption.page_id != image.page_id:
                        missing.append(f"Page {page.index + 1} of {page.place.title} is another one now.")
                        break
                    yield _row(library, book, image, page, caption, folder), caption
        finally:
            book.close()


def _row(
    library: Library, book: Book, image: PageImage, page: _Page, caption: TaughtCaption, folder: Path
) -> dict[str, Any]:
    name = f"images/{caption.panel.id}.jpg"
    (folder / name).write_bytes(panel_jpeg(image, caption.panel, _PADDING_FRAC))
    title = book.display_title
    return {
        "id": caption.panel.id,
        "split": TRAIN,
        "book": f"{title} {hashlib.sha256(str(page.place.path).encode()).hexdigest()[:8]}",
        "title": title,
        "page": page.index + 1,
        "panel": caption.number,
        "image": name,
        caption.style: caption.text,
        CONTEXTS[caption.style]: _texts_before(library, book, page, caption),
        "source": "Comic Reader",
        "license": page.place.licence,
        "act": caption.act,
        "draft": caption.drafts[-1].text if caption.drafts else None,
        "edit_distance": edit_distance(caption.drafts[-1].text, caption.text) if caption.drafts else None,
        "seconds": round(caption.seconds, 1),
    }


def _texts_before(library: Library, book: Book, page: _Page, caption: TaughtCaption) -> list[str]:
    """The captions before one, oldest first, as the narrator was told them."""
    texts = _told(library, caption.page_id, caption.number - 1)
    for index in range(page.index - 1, max(-1, page.index - 1 - CONTEXT_CAPTIONS), -1):
        if len(texts) >= CONTEXT_CAPTIONS:
            break
        with suppress(PageError):
            texts = _told(library, book.load_page(index, _TINY_SIDE_PX).page_id, None) + texts
    return texts[-CONTEXT_CAPTIONS:]


def _told(library: Library, page_id: str, count: int | None) -> list[str]:
    """The captions that stand on a page, of its first panels or of all."""
    stored = library.panels_of(page_id)
    if stored is None:
        return []
    captions = library.captions_of(page_id)
    told = [captions[panel.id].text for panel in stored.panels[:count] if panel.id in captions]
    return [text for text in told if text]


def _preferences(record_id: str, caption: TaughtCaption) -> list[dict[str, Any]]:
    return [
        {"id": record_id, "chosen": caption.text, "rejected": draft.text, "kind": draft.act} for draft in caption.drafts
    ]


def _judgements(record_id: str, caption: TaughtCaption) -> list[dict[str, Any]]:
    good = [{"id": record_id, "text": caption.text, "is_good": True}] if caption.act == ACCEPT else []
    return good + [{"id": record_id, "text": draft.text, "is_good": False} for draft in caption.drafts]


def _divide(rows: list[dict[str, Any]]) -> None:
    """Hold captions out to measure on: whole books where there are three or more, else the end of each book.

    Books of one title stay together, and what is told last was not learned from when it is measured.
    """
    if len(rows) < _FEWEST_TO_HOLD_OUT:
        return
    by_title: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_title.setdefault(row["title"].casefold(), []).append(row)
    wanted = max(1, round(HELD_OUT_FRAC * len(rows)))
    if len(by_title) < 3:
        for alike in by_title.values():
            for row in alike[len(alike) - max(1, round(HELD_OUT_FRAC * len(alike))) :]:
                row["split"] = DEV
        return
    held_out = 0
    # always the same books, whatever is added later; the largest is learned from
    largest = max(by_title, key=lambda title: len(by_title[title]))
    for title in sorted(by_title, key=lambda title: hashlib.sha256(title.encode()).digest()):
        if held_out >= wanted:
            break
        if title != largest:
            held_out += len(by_title[title])
            for row in by_title[title]:
                row["split"] = DEV


def edit_distance(before: str, after: str) -> int:
    """Characters to insert, delete or replace (Levenshtein 1966)."""
    row = list(range(len(after) + 1))
    for place, one in enumerate(before, start=1):
        corner, row[0] = row[0], place
        for column, other in enumerate(after, start=1):
            corner, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, corner + (one != other))
    return row[-1]

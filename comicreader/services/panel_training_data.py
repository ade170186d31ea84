"""Pages whose panels a person corrected, as training data for the panel detector.

    FOLDER/records.jsonl        a page a line: {"image": "pages/0003.jpg", "width": ..., "height": ..., "direction":
                                "ltr" or "rtl", "book": title, "page": member's name,
                                "panels": [{"polygon": [[x, y], ...]}, ...]}
    FOLDER/pages/0003.jpg       the page, at most 1,024 px on its longer side

Panels stand in reading order; width, height and polygons are pixels of the picture. Polygons run clockwise from the
top left. The folders of several books may lie side by side in one folder: training reads every records.jsonl below it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import cv2

from comicreader.domain.book import Book, Direction, PageImage
from comicreader.domain.errors import ExchangeError, PageError
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.whole_file import whole_folder

RECORDS_FILE = "records.jsonl"

# More than any detector looks at, so that it can still draw crops and other sizes from it.
_PICTURE_SIDE_PX = 1024
_JPEG_QUALITY = 92
# Enough to learn which page it is.
_TINY_SIDE_PX = 64


def write_panel_data(
    book: Book, direction: Direction, library: Library, page_indices: Iterable[int], folder: Path
) -> int:
    """Write the corrected pages of a book into a new folder.

    Args:
        book: the book.
        direction: which way it is read.
        library: knows which panels are a person's.
        page_indices: the pages to look at.
        folder: is made; it must not be there yet, or be empty.

    Returns:
        The number of pages written.

    Raises:
        ExchangeError: no page was corrected, or the folder cannot be written.
        LibraryError: the library cannot be read.
    """
    corrected = [
        (index, panels) for index in page_indices for panels in [_person_panels(book, index, library)] if panels
    ]
    if not corrected:
        raise ExchangeError("No page of this book has panels that a person corrected.")
    try:
        with whole_folder(folder) as part:
            (part / "pages").mkdir(parents=True)
            lines = [_write_page(book, index, panels, direction, part) for index, panels in corrected]
            (part / RECORDS_FILE).write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise ExchangeError(f"{folder} cannot be written: {error.strerror or error}.") from error
    return len(corrected)


def _person_panels(book: Book, index: int, library: Library) -> tuple[Panel, ...]:
    """The panels of a page that a person corrected; none of any other page."""
    try:
        stored = library.panels_of(book.load_page(index, _TINY_SIDE_PX).page_id)
    except PageError:
        return ()
    return stored.panels if stored is not None and stored.by_person else ()


def _write_page(book: Book, index: int, panels: Iterable[Panel], direction: Direction, folder: Path) -> str:
    """Write a page's picture and return its line."""
    page = book.load_page(index, _PICTURE_SIDE_PX)
    name = f"pages/{index + 1:04d}.jpg"
    height, width = page.pixels.shape[:2]
    (folder / name).write_bytes(_jpeg(page))
    across, down = width / page.width, height / page.height
    value = {
        "image": name,
        "width": width,
        "height": height,
        "direction": direction.value,
        "book": book.display_title,
        "page": page.name,
        "panels": [
            {"polygon": [[round(x * across, 2), round(y * down, 2)] for x, y in panel.polygon]} for panel in panels
        ],
    }
    return json.dumps(value) + "\n"


def _jpeg(page: PageImage) -> bytes:
    _, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(page.pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    return encoded.tobytes()

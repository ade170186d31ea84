"""What a book is: pages that can be listed at once and read one by one.

The flow of a page: `open_book` (in `archive` and `pdf`) lists the pages without decoding any;
`Book.load_page` reads one member and decodes it no larger than asked for; the pixels go on to
`panels` and `reading_order`, then to the screen and the narrator.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import numpy as np
import numpy.typing as npt

RgbImage = npt.NDArray[np.uint8]  # (H, W, 3)


class Direction(Enum):
    """Which way panels and pages are read."""

    LEFT_TO_RIGHT = "ltr"
    RIGHT_TO_LEFT = "rtl"


@dataclass(frozen=True, slots=True)
class BookInfo:
    """What the file says of itself (ComicInfo.xml, PDF metadata); empty where it says nothing.

    Attributes:
        title: the story's title.
        series: the series it belongs to.
        number: its number in the series, as written.
        direction: the direction the file asks for; None where it does not say.
    """

    title: str = ""
    series: str = ""
    number: str = ""
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class PageImage:
    """One decoded page.

    Attributes:
        page_id: "<sha256 of the source member's bytes>/<member name>": the same wherever the page stands.
        name: the member's name.
        width: full width of the page, page pixels, after EXIF rotation.
        height: full height of the page, page pixels, after EXIF rotation.
        pixels: RGB uint8 (h, w, 3), decoded no larger than asked for; w / width is its scale.
    """

    page_id: str
    name: str
    width: int
    height: int
    pixels: RgbImage = field(repr=False, compare=False)

    @property
    def scale(self) -> float:
        """Decoded pixels per page pixel, at most 1 for pictures; a PDF page may be rendered larger."""
        return int(self.pixels.shape[1]) / self.width


class Book(Protocol):
    """An open book. Safe to call from several threads.

    Attributes:
        display_title: title for window and lists: ComicInfo's series, number and title, else the file's name.
        info: what the file says of itself.
        page_names: the members' names in natural order; one for each page, at least one.
        warnings: sentences about parts that could not be read (a truncated archive, say).
    """

    display_title: str
    info: BookInfo
    page_names: tuple[str, ...]
    warnings: tuple[str, ...]

    def load_page(self, index: int, max_side_px: int | None = None) -> PageImage:
        """Read and decode one page.

        Args:
            index: from 0.
            max_side_px: the longest side wanted; decoding smaller saves time. None: full size.

        Raises:
            PageError: the page cannot be read or decoded, is too large, or is empty.
        """

    def close(self) -> None:
        """Release files. Loading afterwards raises PageError."""

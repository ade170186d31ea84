"""Cuts very tall pages (webtoons) into windows of a page's shape, at rows where nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from comicreader.domain.book import RgbImage
from comicreader.domain.geometry import Box

# Pages higher than this many times their width are cut.
_TALL_ASPECT = 2.4
# Windows are between so many times as high as wide.
_LOWEST_ASPECT, _HIGHEST_ASPECT = 0.7, 2.0
# Narrower pages are threads, on which no panel is worth a window of its own.
_NARROWEST_PX = 200
# Rows are looked at this many pixels wide; one colour across them is an empty row.
_LOOK_WIDTH_PX = 64
_PLAIN_TOLERANCE = 14


def windows(image: RgbImage) -> list[Box]:
    """The parts of a page to look at on their own, from top to bottom; the whole page unless it is very tall."""
    height, width = image.shape[:2]
    if height <= _TALL_ASPECT * width:
        return [Box(0, 0, width, height)]
    cuts = [0, *_cuts(_plain_rows(image), width, height), height]
    return [Box(0, top, width, bottom - top) for top, bottom in pairwise(cuts)]


def _plain_rows(image: RgbImage) -> npt.NDArray[np.bool_]:
    """Whether each row (H,) of an image has one colour."""
    narrow = cv2.resize(image, (_LOOK_WIDTH_PX, image.shape[0]), interpolation=cv2.INTER_AREA)
    spread = narrow.max(axis=1).astype(np.int16) - narrow.min(axis=1)
    return np.asarray(spread.max(axis=1) <= _PLAIN_TOLERANCE)


def _cuts(is_plain: npt.NDArray[np.bool_], width: int, height: int) -> Iterator[int]:
    """Rows to cut at: the middle of the last empty band within reach, else where a window is full."""
    lowest, highest = (round(aspect * max(width, _NARROWEST_PX)) for aspect in (_LOWEST_ASPECT, _HIGHEST_ASPECT))
    top = 0
    while height - top > highest:
        reach = is_plain[top + lowest : top + highest]
        places = np.flatnonzero(reach)
        if len(places):
            last = int(places[-1])
            filled = np.flatnonzero(~reach[: last + 1])
            first = int(filled[-1]) + 1 if len(filled) else 0
            top += lowest + (first + last) // 2
        else:
            top += highest
        yield top

"""Finding the panels of a page: propose outlines, then put them in reading order.

The flow: the page at working size -> its likely paper colours (`paper`) -> parts between straight gutters
(`page_cuts`) -> outlines of the panels in each part (`panel_outlines`) -> polygons in page pixels, in order
(`reading_order`). A page on which nothing is found is one panel: the whole page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

import cv2
import numpy as np

from comicreader.domain.book import Direction, RgbImage
from comicreader.domain.geometry import Box, Polygon, bounding_box
from comicreader.domain.page_cuts import art_box, cut
from comicreader.domain.panel_outlines import Corners, outline_of, outline_support, outlines_in
from comicreader.domain.panels import Panel
from comicreader.domain.paper import Mask, Paper, frame_color, likely_papers
from comicreader.domain.reading_order import fold_of, reading_order

# Stored panels carry it: raise it whenever other panels may be found on the same page.
DETECTOR_VERSION = "cuts-1"

# About 1000 pixels on the longer side of an ordinary page: a 4 px gutter of a 1400 px page is still seen.
_WORKING_PX = 720_000
# Panels are at least this share of the page's mean side in both directions: smaller things are lettering.
_MIN_SIDE_FRAC = 0.06
# Between gutters a part may be thinner than a panel (a line of lettering), but a few pixels are only noise.
_MIN_PART_FRAC = 0.01
# Where art ends less sharply than this on average (lettering, drawings without frame) nothing was found.
_MIN_SUPPORT = 0.5
# Parts cut along lines of the frame's colour must all be this sure: dark art holds such lines too.
_FRAMED_SUPPORT = 0.9
# The outermost pixels of a frame line are half paper: neither colour, they would close the ends of the gutters.
_FRAME_BLUR_PX = 2
# More than this many panels is a texture, not a comic page.
_MAX_PANELS = 40


@dataclass(frozen=True, slots=True)
class _Proposal:
    """Outlines found with one paper colour, in working pixels.

    Attributes:
        outlines: one for each panel, in no particular order.
        supports: how surely each is a panel, 0 to 1.
    """

    outlines: tuple[Corners, ...] = ()
    supports: tuple[float, ...] = ()


def find_panels(image: RgbImage, page_width: int, page_height: int, direction: Direction) -> tuple[Panel, ...]:
    """Find the panels of a page and put them in reading order.

    A panel's confidence is the share of its outline along which art ends at bare paper or at the page's edge;
    it is 0 for the whole page standing in where nothing was found.

    Args:
        image: the page's pixels, possibly decoded smaller than the page.
        page_width: full width of the page, page pixels.
        page_height: full height of the page, page pixels.
        direction: which way the page is read.

    Returns:
        The panels in page pixels, first read first; never empty.
    """
    small = _working_image(image)
    return _to_panels(_propose(small), small, page_width, page_height, direction)


def _working_image(image: RgbImage) -> RgbImage:
    """The page at the size at which it is looked at; never enlarged."""
    height, width = image.shape[:2]
    scale = (_WORKING_PX / (width * height)) ** 0.5
    if scale >= 1:
        return np.ascontiguousarray(image)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _propose(image: RgbImage) -> _Proposal:
    """The most convincing set of panels over all paper colours the page may have; empty where none convinces."""
    proposals = [_propose_on(image, paper) for paper in likely_papers(image)]
    best = max(proposals, key=lambda proposal: sum(proposal.supports))
    return best if best.supports and fmean(best.supports) >= _MIN_SUPPORT else _Proposal()


def _propose_on(image: RgbImage, paper: Paper) -> _Proposal:
    height, width = image.shape[:2]
    mean_side_px = (width * height) ** 0.5
    outlines: list[Corners] = []
    supports: list[float] = []
    for mask, part in _parts(image, paper, max(2, round(_MIN_PART_FRAC * mean_side_px))):
        art = art_box(mask, part)
        min_side_px = max(2, round(_MIN_SIDE_FRAC * mean_side_px))
        if min(art.width, art.height) < min_side_px:
            continue
        found = outlines_in(mask, part, min_side_px)
        outlines += found
        supports += [outline_support(mask, outline) for outline in found]
    return _Proposal(tuple(outlines), tuple(supports)) if len(outlines) <= _MAX_PANELS else _Proposal()


def _parts(image: RgbImage, paper: Paper, min_part_px: int) -> Iterator[tuple[Mask, Box]]:
    """The parts between the gutters, each with the mask of what counts as paper about it.

    A part framed in one colour may hold gutters of that colour: black ones within a white scan margin, or the
    frame lines that touching panels share.
    """
    height, width = image.shape[:2]
    mask = paper.mask(image)
    for part in cut(mask, Box(0, 0, width, height), min_part_px):
        frame = frame_color(image[part.y : part.bottom, part.x : part.right])
        if frame is not None and frame != paper:
            framed = _with_frame(mask, image, part, frame)
            finer = cut(framed, part, min_part_px)
            if len(finer) > 1 and min(outline_support(framed, outline_of(box)) for box in finer) >= _FRAMED_SUPPORT:
                yield from ((framed, box) for box in finer)
                continue
        yield mask, part


def _with_frame(mask: Mask, image: RgbImage, part: Box, frame: Paper) -> Mask:
    """The page's mask, in which a part's frame counts as paper and so does everything of its colour in the part."""
    framed = mask.copy()
    framed[part.y : part.bottom, part.x : part.right] = 255
    inner = part.shrunk(_FRAME_BLUR_PX)
    rows, columns = slice(inner.y, inner.bottom), slice(inner.x, inner.right)
    framed[rows, columns] = frame.mask(image[rows, columns])
    return framed


def _to_panels(
    proposal: _Proposal, image: RgbImage, page_width: int, page_height: int, direction: Direction
) -> tuple[Panel, ...]:
    """The outlines as panels in page pixels, in reading order; the whole page where there are none."""
    height, width = image.shape[:2]
    scale, limits = np.array([page_width / width, page_height / height]), np.array([page_width, page_height])
    polygons = [_polygon(np.clip(np.rint(outline * scale), 0, limits)) for outline in proposal.outlines]
    boxes = [bounding_box(polygon) for polygon in polygons]
    if not boxes or min(box.area for box in boxes) == 0:
        return (Panel(Box(0, 0, page_width, page_height).corners, confidence=0.0),)
    order = reading_order(boxes, direction, fold_of(page_width, page_height))
    return tuple(Panel(polygons[i], confidence=round(proposal.supports[i], 3)) for i in order)


def _polygon(corners: Corners) -> Polygon:
    return tuple((int(x), int(y)) for x, y in corners)

"""Panels proposed by bare paper alone: what art-free gutters and margins enclose.

The likely paper colours of a page (`paper`) -> parts between straight gutters (`page_cuts`) -> outlines of the panels
in each part (`panel_outlines`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

from comicreader.domain.book import RgbImage
from comicreader.domain.geometry import Box
from comicreader.domain.page_cuts import art_box, cut
from comicreader.domain.panel_outlines import Corners, outline_of, outline_support, outlines_in
from comicreader.domain.paper import Mask, Paper, frame_color, likely_papers

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
class Proposal:
    """Outlines found with one paper colour, in the image's pixels.

    Attributes:
        outlines: one for each panel, in no particular order.
        supports: how surely each is a panel, 0 to 1: the share of its outline along which art ends at bare paper.
    """

    outlines: tuple[Corners, ...] = ()
    supports: tuple[float, ...] = ()


def best_proposal(image: RgbImage) -> Proposal:
    """The most convincing proposal over all paper colours the page may have; an empty one where none convinces."""
    best = max((propose_on(image, paper) for paper in likely_papers(image)), key=lambda found: sum(found.supports))
    return best if best.supports and fmean(best.supports) >= _MIN_SUPPORT else Proposal()


def propose_on(image: RgbImage, paper: Paper) -> Proposal:
    """What a page's paper encloses, given its colour."""
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
    return Proposal(tuple(outlines), tuple(supports)) if len(outlines) <= _MAX_PANELS else Proposal()


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

"""Cutting a page into rectangles along its straight gutters.

A gutter is a band of paper that runs across a region from edge to edge, with art that stops sharply beside it.
Bubbles and figures may stand in the band; white within the art is no gutter, since nothing stops sharply there.
The widest sign wins: a region is cut once along its best gutter, and its two parts are cut again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicreader.domain.geometry import Box
from comicreader.domain.paper import Mask

# A band counts from this share of paper upwards; what is missing are bubbles and figures that cross it.
_BAND_FRAC = 0.7
# Rows of one band differ by no more than this: beyond, they already run through art that holds some paper.
_BAND_RIPPLE = 0.04
# How free of anything a band must be, and how sharp its two edges, the sharper and the other one: a free band is
# believed with one fair edge, an excellent edge makes up for a foot in the band, two good ones for a bubble.
_BELIEVED = ((0.97, 0.65, 0.0), (0.85, 0.9, 0.0), (_BAND_FRAC, 0.75, 0.75))
# The gutter runs out into the margin at one end at least; white between the frames of a panel does not.
_END_PX = 3
# Stripes, hatching and lines of lettering also look like gutters, but come in numbers that panels never do.
_MOST_BANDS = 80
_MOST_PARTS = 120
# Art stops within this many pixels of the band (soft scaling and JPEG blur the border).
_EDGE_REACH_PX = 4
# Rows with less than this share of art are empty: specks, dust.
_EMPTY_FRAC = 0.01
# A panel's straight edge: this much art in one of the next few rows (a blurred edge needs a few) ...
_EDGE_FRAC = 0.5
_EDGE_ROWS = 3
# ... which is this much more than in any row outside it.
_EDGE_JUMP_FRAC = 0.3
# Stray things outside the edge (lettering in the gutter, bubbles) stand out no further than this, nor than
# this share of the panel (bubbles at a panel's top leave little art in its first rows).
_STRAY_PX = 36
_STRAY_FRAC = 0.08


@dataclass(frozen=True, slots=True)
class _Band:
    """A possible gutter across a region: the rows (or columns) start <= row < stop.

    Attributes:
        score: how sure it is, more is surer.
    """

    start: int
    stop: int
    score: float


def cut(paper: Mask, region: Box, min_side_px: int) -> list[Box]:
    """Cut a region of a page along its straight gutters.

    Args:
        paper: 255 where a pixel has the colour of paper; the whole page.
        region: what to cut.
        min_side_px: parts narrower or lower than this are not cut off.

    Returns:
        The parts, trimmed of the paper around them, in no particular order; none where all is paper or the
        region is a texture that falls into countless parts.
    """
    pending = [art_box(paper, region)]
    parts: list[Box] = []
    while pending:
        part = pending.pop()
        if not art_box(paper, part).area:
            continue
        part = trim(paper, part)
        halves = _halves(paper, part, min_side_px)
        if halves is None:
            parts.append(part)
        else:
            pending += halves
        if len(parts) + len(pending) > _MOST_PARTS:
            return []
    return parts


def _halves(paper: Mask, region: Box, min_side_px: int) -> tuple[Box, Box] | None:
    """The two parts beside a region's best gutter; None where it has none."""
    window = paper[region.y : region.bottom, region.x : region.right]
    across = _best_band(window, min_side_px)
    down = _best_band(np.asarray(cv2.transpose(window), dtype=np.uint8), min_side_px)
    if across is not None and (down is None or across.score >= down.score):
        stop = region.y + across.stop
        above = Box(region.x, region.y, region.width, across.start)
        return above, Box(region.x, stop, region.width, region.bottom - stop)
    if down is not None:
        stop = region.x + down.stop
        left = Box(region.x, region.y, down.start, region.height)
        return left, Box(stop, region.y, region.right - stop, region.height)
    return None


def art_box(paper: Mask, region: Box) -> Box:
    """The bounding box of all that is not paper in a region, specks left out; empty where there is nothing."""
    window = paper[region.y : region.bottom, region.x : region.right]
    top, bottom = _filled_extent(_shares(window, across=True))
    left, right = _filled_extent(_shares(window[top:bottom], across=False))
    return Box(region.x + left, region.y + top, right - left, bottom - top)


def trim(paper: Mask, region: Box) -> Box:
    """Move the sides of a region inwards to where its panel's straight edges are.

    A side at which nothing ends sharply belongs to an open panel, one without frame or background there: it
    stays where it is.
    """
    art = art_box(paper, region)
    window = paper[art.y : art.bottom, art.x : art.right]
    rows, columns = 1 - _shares(window, across=True), 1 - _shares(window, across=False)
    top, bottom = _edge(rows), _edge(rows[::-1])
    left, right = _edge(columns), _edge(columns[::-1])
    x = region.x if left is None else art.x + left
    y = region.y if top is None else art.y + top
    stop_x = region.right if right is None else art.right - right
    stop_y = region.bottom if bottom is None else art.bottom - bottom
    return Box(x, y, stop_x - x, stop_y - y)


def _shares(mask: Mask, *, across: bool) -> npt.NDArray[np.float64]:
    """Share of the pixels that count in each row (across) or in each column; empty for an empty mask."""
    if not mask.size:
        return np.empty(0)
    # Plain integer sums are fifty times faster than OpenCV's averages.
    sums = cv2.reduce(mask, 1 if across else 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    shares: npt.NDArray[np.float64] = np.asarray(sums, dtype=np.float64).ravel() / (255 * mask.shape[across])
    return shares


def _filled_extent(shares: npt.NDArray[np.float64]) -> tuple[int, int]:
    """The first row or column with art and the one after the last; 0, 0 where there is none."""
    filled = np.flatnonzero(shares < 1 - _EMPTY_FRAC)
    return (int(filled[0]), int(filled[-1]) + 1) if filled.size else (0, 0)


def _edge(art: npt.NDArray[np.float64]) -> int | None:
    """The first of the rows at which a panel's straight edge shows, after a few stray ones; None without one."""
    for row in range(max(1, min(_STRAY_PX, round(_STRAY_FRAC * len(art))))):
        level = art[row : row + _EDGE_ROWS].max()
        if level >= _EDGE_FRAC and (row == 0 or level - art[:row].max() >= _EDGE_JUMP_FRAC):
            return row
    return None


def _best_band(paper: Mask, min_side_px: int) -> _Band | None:
    """The most certain gutter across a region from left to right; None where there is none."""
    places = list(_bands(_shares(paper, across=True), min_side_px))
    if len(places) > _MOST_BANDS:
        return None
    bands = [band for start, stop in places if (band := _judge(paper, start, stop)) is not None]
    return max(bands, key=lambda band: band.score, default=None)


def _bands(shares: npt.NDArray[np.float64], min_side_px: int) -> Iterator[tuple[int, int]]:
    """Runs of rows that hold enough paper and about equally much, the emptiest first where several touch."""
    enough = np.concatenate([[False], shares >= _BAND_FRAC, [False]])
    changes = np.flatnonzero(enough[1:] != enough[:-1])
    runs = [(int(first), int(after)) for first, after in zip(changes[::2], changes[1::2], strict=True)]
    while runs:
        first, after = runs.pop()
        start = first + int(np.argmax(shares[first:after]))
        level, stop = shares[start] - _BAND_RIPPLE, start + 1
        while start > first and shares[start - 1] >= level:
            start -= 1
        while stop < after and shares[stop] >= level:
            stop += 1
        runs += [run for run in ((first, start), (stop, after)) if run[0] < run[1]]
        if start >= min_side_px and stop <= len(shares) - min_side_px:
            yield start, stop


def _judge(paper: Mask, start: int, stop: int) -> _Band | None:
    """A band's score; None where it is no gutter."""
    band = paper[start:stop]
    if not (band[:, :_END_PX].all(axis=1).any() or band[:, -_END_PX:].all(axis=1).any()):
        return None
    cover = float(_shares(band, across=True).mean())
    above = _edge_share(paper[max(0, start - _EDGE_REACH_PX) : start], paper[start])
    below = _edge_share(paper[stop : stop + _EDGE_REACH_PX], paper[stop - 1])
    sharp, blunt = max(above, below), min(above, below)
    if any(cover >= free and sharp >= best and blunt >= other for free, best, other in _BELIEVED):
        return _Band(start, stop, cover + sharp + blunt)
    return None


def _edge_share(beside: Mask, border: npt.NDArray[np.uint8]) -> float:
    """Share of a band's border row, where that is paper, at which art begins in the rows beside it."""
    return float((beside[:, border > 0].min(axis=0) == 0).mean())

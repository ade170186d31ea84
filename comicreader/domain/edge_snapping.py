"""Moves the sides of roughly placed boxes to where the panels' edges are in the pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from comicreader.domain.book import RgbImage
from comicreader.domain.geometry import Box
from comicreader.domain.paper import Paper

# Sides are looked for within this share of the picture's mean side, in both directions,
_REACH_FRAC = 0.012
# or of the box itself, where that is small.
_REACH_BOX_FRAC = 0.12
# Near its ends a side may be rounded, or belong to a neighbour.
_SKIPPED_FRAC = 0.06
_MOST_SAMPLES = 64
# An edge is where the few pixels inside and outside differ by this much in a channel,
_EDGE_STEP = 26.0
# along this share of the side.
_LEAST_EDGE_FRAC = 0.65
# Outside there is paper, a gutter or a frame line: pixels within this of their middle value.
_PAPER_TOLERANCE = 20.0
# How much rather an edge with plain paper outside is taken than one within art.
_PAPER_WEIGHT = 0.75
# How much rather a near edge is taken: at the end of the reach it counts so much.
_FAR_WEIGHT = 0.3
# Frame lines are this thick at most, and their outer edge is about as clear as the inner one.
_THICKEST_FRAME_PX = 9
_FRAME_SCORE_FRAC = 0.6
# What the page's own edge counts.
_OFF_PAGE_SCORE = 0.5
_DEPTH_PX = 2

_Profile = npt.NDArray[np.float32]  # one number a line, from outside to inside


def snapped(image: RgbImage, box: Box, paper: Paper | None = None) -> Box:
    """The box with each side on the best edge near it; a side without any stays.

    Args:
        image: the picture.
        box: in its pixels, within it.
        paper: what lies outside panels, where that has one colour.
    """
    if min(box.width, box.height) < 4 * _DEPTH_PX:
        return box
    height, width = image.shape[:2]
    mean_reach = _REACH_FRAC * (width * height) ** 0.5
    across = max(_DEPTH_PX, round(min(mean_reach, _REACH_BOX_FRAC * box.width)))
    down = max(_DEPTH_PX, round(min(mean_reach, _REACH_BOX_FRAC * box.height)))
    rows, columns = _inner(box.y, box.bottom), _inner(box.x, box.right)
    band = image[rows].transpose(1, 0, 2)
    left = _edge(band, box.x, across, paper)
    right = width - _edge(band[::-1], width - box.right, across, paper)
    band = image[:, columns]
    top = _edge(band, box.y, down, paper)
    bottom = height - _edge(band[::-1], height - box.bottom, down, paper)
    return Box(left, top, max(0, right - left), max(0, bottom - top))


def _inner(start: int, stop: int) -> slice:
    """Evenly spread places along a side, its ends left out."""
    skipped = round(_SKIPPED_FRAC * (stop - start))
    length = stop - start - 2 * skipped
    return slice(start + skipped, stop - skipped, max(1, length // _MOST_SAMPLES))


def _edge(band: npt.NDArray[np.uint8], at: int, reach: int, paper: Paper | None) -> int:
    """Where the panel begins.

    Args:
        band: (N, S, 3) the picture's lines from outside to inside, each at the side's places.
        at: the line at which the panel was thought to begin.
        reach: lines to look before and after.
        paper: what lies outside, if known.

    Returns:
        The best line; `at` where no line is an edge.
    """
    first, stop = at - reach, at + reach + 1
    before, after = max(0, first - _DEPTH_PX), min(len(band), stop + _DEPTH_PX)
    if after - before < 2 * _DEPTH_PX + 1:
        return at
    lines = band[before:after].astype(np.float32)
    pairs = (lines[1:] + lines[:-1]) / 2  # (N - 1, S, 3) means of two lines: `_DEPTH_PX` deep
    outside, inside = pairs[:-2], pairs[2:]  # of the edge before line k + 2
    steps = np.abs(inside - outside).max(axis=2)
    sharp = (steps >= _EDGE_STEP).mean(axis=1)
    middle = np.median(outside, axis=1, keepdims=True) if paper is None else np.array(paper.color, dtype=np.float32)
    plain = (np.abs(outside - middle).max(axis=2) <= _PAPER_TOLERANCE).mean(axis=1)
    places = before + _DEPTH_PX + np.arange(len(sharp))
    nearness = 1 - (1 - _FAR_WEIGHT) * np.abs(places - at) / reach
    scores = sharp * (1 - _PAPER_WEIGHT + _PAPER_WEIGHT * plain) * nearness
    scores[sharp < _LEAST_EDGE_FRAC] = 0
    if first <= 0 and _OFF_PAGE_SCORE * (1 - (1 - _FAR_WEIGHT) * at / reach) >= scores.max(initial=0):
        return 0  # the page's edge is an edge too
    best = int(np.argmax(scores))
    if scores[best] == 0:
        return at
    # Means of several lines see an edge before it comes: it is where they differ most.
    exact = _sharpest(steps.mean(axis=1) * plain, best)
    return int(places[_outside_frame(lines.mean(axis=(1, 2)), scores, steps.mean(axis=1) * plain, exact)])


def _sharpest(steps: _Profile, at: int) -> int:
    """The place near another one at which lines differ most."""
    first = max(0, at - _DEPTH_PX + 1)
    return first + int(np.argmax(steps[first : at + _DEPTH_PX]))


def _outside_frame(levels: _Profile, scores: _Profile, steps: _Profile, at: int) -> int:
    """The outer edge of a dark frame line of which the inner edge was found; the same place where there is none."""
    for place in range(at - 1, max(0, at - _THICKEST_FRAME_PX - 1), -1):
        is_peak = steps[place] == steps[place - 1 : place + 2].max()
        if not is_peak or scores[place] < _FRAME_SCORE_FRAC * scores[at]:
            continue
        # Place p of a profile is the edge before line p + depth.
        line, beyond = levels[place + _DEPTH_PX : at + _DEPTH_PX], levels[place : place + _DEPTH_PX]
        if line.mean() < beyond.mean() - _EDGE_STEP:
            return place
    return at

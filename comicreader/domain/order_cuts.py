"""Straight lines that part the panels of a page into those read before and those read after.

A line is level or upright, or leans as the edges of the panels do: the gutters between slanted panels. Where panels
reach over each other it may pass through one near its border; the share it takes off is its cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from comicreader.domain.geometry import Box, Polygon

CLEAN_FRAC = 0.05
"""Panels are found to within a few pixels: a line that takes this share off one still counts as beside it."""

TOLERATED_FRAC = 0.25
"""Neighbours overlap by up to about a quarter; a line that takes more no longer tells before from after."""

# A panel this tall beside a stack of others is a column of its own: no level line may pass through it.
_SPANNING_FRAC = 0.9
# Gutters lean by no more than this; steeper edges are art. Radians.
_MAX_LEAN = 0.3
# Edges that lean alike to within this are one direction: a panel's width off by a few pixels. Radians.
_SAME_LEAN = 0.01


@dataclass(frozen=True, slots=True)
class Item:
    """A panel and its place in the caller's sequence.

    Attributes:
        index: the place.
        outline: its corners, page pixels, mirrored where the page is read from the right.
        box: the outline's bounding box.
    """

    index: int
    outline: Polygon
    box: Box


@dataclass(frozen=True, slots=True)
class Cut:
    """A line that parts items.

    Attributes:
        cost: the largest share that it takes off any item, 0 (touches none) to 0.5.
        gap_px: the free band along it, page pixels; negative where items reach over it.
        is_blocked: whether it passes through an item that reaches across the whole group.
        crossed: the items through which it passes.
        before: the items above it, or left of it.
        after: the others.
    """

    cost: float
    gap_px: float
    is_blocked: bool
    crossed: tuple[Item, ...]
    before: tuple[Item, ...]
    after: tuple[Item, ...]

    @property
    def is_overlap(self) -> bool:
        """Whether all that it crosses lies over items of the other side, as a panel does that leaves its place."""
        sides = [(item, self.after if item in self.before else self.before) for item in self.crossed]
        return all(any(item.box.intersection(other.box).area for other in side) for item, side in sides)


def cuts(items: Sequence[Item], *, upright: bool) -> list[Cut]:
    """The best line for every way in which lines part the items, from the top or from the left.

    Args:
        items: the panels; fewer than two cannot be parted.
        upright: whether to cut columns; else tiers.
    """
    if len(items) < 2:
        return []
    best: dict[frozenset[int], Cut] = {}
    for lean in _leans(items, upright=upright):
        extents = _extents(items, lean, upright=upright)
        for cut in _gutters_along(items, extents) if lean else _cuts_along(items, extents):
            key = frozenset(item.index for item in cut.before)
            if key not in best or (cut.cost, -cut.gap_px) < (best[key].cost, -best[key].gap_px):
                best[key] = cut
    return sorted(best.values(), key=lambda cut: len(cut.before))


def clean(found: Iterable[Cut]) -> list[Cut]:
    """Those lines that pass beside all items."""
    return [cut for cut in found if cut.cost <= CLEAN_FRAC]


def tolerated(found: Iterable[Cut]) -> list[Cut]:
    """Those lines that pass through items near their borders at most."""
    return [cut for cut in found if cut.cost <= TOLERATED_FRAC and not cut.is_blocked]


def parts_between(found: Iterable[Cut], items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """The items between successive lines, in order; a line that crosses one before it is left out."""
    befores: list[set[int]] = [set()]
    for cut in found:
        before = {item.index for item in cut.before}
        if befores[-1] < before:
            befores.append(before)
    befores.append({item.index for item in items})
    return [tuple(item for item in items if item.index in later - earlier) for earlier, later in pairwise(befores)]


def _leans(items: Sequence[Item], *, upright: bool) -> list[float]:
    """How lines may lean: not at all, or as edges of the items do; radians from upright or level."""
    leans = [0.0]
    for item in items:
        if len(item.outline) == 4 and item.outline == item.box.corners:
            continue
        for (x0, y0), (x1, y1) in zip(item.outline, item.outline[1:] + item.outline[:1], strict=True):
            along, across = (y1 - y0, x1 - x0) if upright else (x1 - x0, y1 - y0)
            lean = math.atan2(-across if along > 0 else across, abs(along))
            if along and abs(lean) <= _MAX_LEAN and all(abs(lean - other) > _SAME_LEAN for other in leans):
                leans.append(lean)
    return leans


def _extents(items: Sequence[Item], lean: float, *, upright: bool) -> list[tuple[float, float]]:
    """Where each item begins and ends across lines that lean in one way."""
    across, down = (math.cos(lean), math.sin(lean)) if upright else (math.sin(lean), math.cos(lean))
    levels = ([across * x + down * y for x, y in item.outline] for item in items)
    return [(min(level), max(level)) for level in levels]


def _cuts_along(items: Sequence[Item], extents: Sequence[tuple[float, float]]) -> Iterator[Cut]:
    """Every line along a border of an item that leaves something on both sides."""
    return _parting(items, extents, sorted({edge for extent in extents for edge in extent}))


def _gutters_along(items: Sequence[Item], extents: Sequence[tuple[float, float]]) -> Iterator[Cut]:
    """The lines that pass beside all items, of which one that leans is believed only."""
    order = sorted(extents, key=sum)
    lasts = accumulate((high for _, high in order), max)
    firsts = list(accumulate((low for low, _ in reversed(order)), min))[::-1]
    lines = [
        (last + first) / 2
        for last, first, (low, high) in zip(lasts, firsts[1:], order, strict=False)
        if first - last >= -2 * CLEAN_FRAC * (high - low)
    ]
    return (cut for cut in _parting(items, extents, lines) if cut.cost <= CLEAN_FRAC)


def _parting(items: Sequence[Item], extents: Sequence[tuple[float, float]], lines: Iterable[float]) -> Iterator[Cut]:
    full_extent = max(high for _, high in extents) - min(low for low, _ in extents)
    for line in lines:
        before: list[Item] = []
        after: list[Item] = []
        crossed: list[Item] = []
        last, first = -math.inf, math.inf
        cost, is_blocked = 0.0, False
        for item, (low, high) in zip(items, extents, strict=True):
            taken = (line - low) / max(high - low, 1)
            if taken > 0.5:
                before.append(item)
                last = max(last, high)
            else:
                after.append(item)
                first = min(first, low)
            if 0 < taken < 1:
                crossed.append(item)
                loss = min(taken, 1 - taken)
                cost = max(cost, loss)
                is_blocked = is_blocked or high - low >= _SPANNING_FRAC * full_extent
        if before and after:
            yield Cut(cost, first - last, is_blocked, tuple(crossed), tuple(before), tuple(after))

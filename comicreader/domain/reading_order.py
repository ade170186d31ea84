"""The order in which the panels of a page are read.

A page is cut again and again into parts that are read one after the other, as readers do: tiers from top
to bottom, the columns of a tier in reading direction, the tiers of a column, and so on. Where boxes overlap
(slanted panels, art that leaves its frame) a cut may pass through a box near its border. A panel that lies
inside another one is an inset and is read next to its host. Right to left is the mirrored page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from comicreader.domain.book import Direction
from comicreader.domain.geometry import Box

# Boxes are found to within a few pixels: a cut that takes this share off a box still counts as beside it.
_CLEAN_FRAC = 0.05
# Slanted neighbours overlap by up to about a quarter; beyond that a cut no longer tells before from after.
_TOLERATED_FRAC = 0.25
# A box this tall beside a stack of panels is a column of its own: no horizontal cut may pass through it.
_SPANNING_FRAC = 0.9
# Of two equally bad cuts the horizontal one is right more often: tiers are commoner than columns.
_VERTICAL_PENALTY = 0.02
# An inset lies nearly whole in its host and is clearly smaller.
_INSET_INSIDE_FRAC = 0.8
_HOST_AREA_RATIO = 1.6
# An inset whose middle is this far up and towards the reading side of its host is read before it.
_CORNER_SIDE_FRAC = 0.15
_CORNER_TOP_FRAC = 0.1
# Pages wider than this are two pages side by side.
_SPREAD_ASPECT = 1.1


def reading_order(boxes: Sequence[Box], direction: Direction, fold_x: float | None = None) -> list[int]:
    """Put panels into the order in which they are read.

    Args:
        boxes: the panels' bounding boxes in any order, page pixels.
        direction: which way the page is read.
        fold_x: the column at which two facing pages meet, where the page is such a spread (see `fold_of`).

    Returns:
        The indices of `boxes`, each once, first read first. It depends on where the boxes are, never on
        the order in which they are given.
    """
    mirrored = direction is Direction.RIGHT_TO_LEFT
    items = [_Item(index, _mirror(box) if mirrored else box) for index, box in enumerate(boxes)]
    items.sort(key=lambda item: (item.box.y, item.box.x, item.box.height, item.box.width, item.index))
    if fold_x is None:
        return [item.index for item in _ordered(items)]
    return [item.index for half in _halves(items, -fold_x if mirrored else fold_x) for item in _ordered(half)]


def fold_of(page_width: int, page_height: int) -> float | None:
    """The column at which the two facing pages of a spread meet; None for a single page."""
    return page_width / 2 if page_width > _SPREAD_ASPECT * page_height else None


@dataclass(frozen=True, slots=True)
class _Item:
    """A box and its place in the caller's sequence."""

    index: int
    box: Box


@dataclass(frozen=True, slots=True)
class _Cut:
    """A straight line that parts items into those read before it and those read after it.

    Attributes:
        cost: the largest share that the line takes off any box, 0 (touches none) to 0.5.
        blocked: whether it passes through a box that reaches across the whole group.
    """

    cost: float
    blocked: bool
    before: list[_Item]
    after: list[_Item]


def _mirror(box: Box) -> Box:
    return Box(-box.right, box.y, box.width, box.height)


def _halves(items: list[_Item], fold_x: float) -> list[list[_Item]]:
    """The two pages of a spread, or one group when a panel clearly runs across the fold."""
    for item in items:
        left = fold_x - item.box.x
        if _TOLERATED_FRAC < left / max(item.box.width, 1) < 1 - _TOLERATED_FRAC:
            return [items]
    first = [item for item in items if item.box.center[0] < fold_x]
    second = [item for item in items if item.box.center[0] >= fold_x]
    return [first, second]


def _ordered(items: list[_Item]) -> list[_Item]:
    """All items in order, insets beside their hosts."""
    insets_of = _hang_insets(items)
    result: list[_Item] = []
    for root in _cut_order([item for item in items if item.index in insets_of]):
        insets = _ordered(insets_of[root.index])
        result += [inset for inset in insets if _is_in_first_corner(inset.box, root.box)]
        result.append(root)
        result += [inset for inset in insets if not _is_in_first_corner(inset.box, root.box)]
    return result


def _hang_insets(items: list[_Item]) -> dict[int, list[_Item]]:
    """The items that lie in no other one, by index, each with the items that lie in it."""
    roots: list[_Item] = []
    insets_of: dict[int, list[_Item]] = {}
    for item in sorted(items, key=lambda item: -item.box.area):  # stable: equal areas keep their order
        host = next((root for root in roots if _is_inset(item.box, root.box)), None)
        if host is None:
            roots.append(item)
            insets_of[item.index] = []
        else:
            insets_of[host.index].append(item)
    return {root.index: sorted(insets_of[root.index], key=items.index) for root in roots}


def _is_inset(box: Box, host: Box) -> bool:
    is_smaller = host.area > _HOST_AREA_RATIO * box.area
    return is_smaller and box.intersection(host).area >= _INSET_INSIDE_FRAC * box.area


def _is_in_first_corner(inset: Box, host: Box) -> bool:
    """Whether the inset lies where reading of the host begins: top left, in mirrored pixels too."""
    (inset_x, inset_y), (host_x, host_y) = inset.center, host.center
    is_beside = inset_x < host_x - _CORNER_SIDE_FRAC * host.width
    return is_beside and inset_y < host_y - _CORNER_TOP_FRAC * host.height


def _cut_order(items: list[_Item]) -> list[_Item]:
    """Items without insets in order, by cutting the group in two until single items are left."""
    if len(items) < 2:
        return items
    cut = _best_cut(items)
    if cut is None:  # boxes on top of each other: as sorted, by their upper left corner
        return items
    return _cut_order(cut.before) + _cut_order(cut.after)


def _best_cut(items: list[_Item]) -> _Cut | None:
    """The cut a reader would see first: clean before tolerated, tiers before columns, else the cheapest."""
    tiers = list(_cuts(items, vertical=False))
    columns = list(_cuts(items, vertical=True))
    wishes = (
        (cut for cut in tiers if cut.cost <= _CLEAN_FRAC),
        (cut for cut in tiers if cut.cost <= _TOLERATED_FRAC and not cut.blocked),
        (cut for cut in columns if cut.cost <= _CLEAN_FRAC),
        (cut for cut in columns if cut.cost <= _TOLERATED_FRAC),
    )
    for wish in wishes:
        found = next(wish, None)
        if found is not None:
            return found
    ranked = [(cut.cost, cut) for cut in tiers] + [(cut.cost + _VERTICAL_PENALTY, cut) for cut in columns]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None


def _cuts(items: list[_Item], *, vertical: bool) -> Iterator[_Cut]:
    """Every cut along an edge of a box that leaves something on both sides, from the top or from the left."""
    extents = [(item.box.x, item.box.right) if vertical else (item.box.y, item.box.bottom) for item in items]
    full_extent = max(high for _, high in extents) - min(low for low, _ in extents)
    for line in sorted({edge for extent in extents for edge in extent}):
        before: list[_Item] = []
        after: list[_Item] = []
        cost, blocked = 0.0, False
        for item, (low, high) in zip(items, extents, strict=True):
            taken = (line - low) / max(high - low, 1)
            (before if taken > 0.5 else after).append(item)
            loss = min(taken, 1 - taken) if 0 < taken < 1 else 0.0
            cost = max(cost, loss)
            blocked = blocked or (loss > 0 and high - low >= _SPANNING_FRAC * full_extent)
        if before and after:
            yield _Cut(cost, blocked, before, after)

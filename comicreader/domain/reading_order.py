"""The order in which the panels of a page are read, and how sure it is.

A page is cut again and again into parts that are read one after the other, as readers do (Cohn & Campbell 2015,
"Navigating Comics II"): tiers from top to bottom, the columns of a tier in reading direction, the tiers of a column,
and so on. Tiers win where a page can be cut both ways, also where two tiers do not quite line up, unless columns stand
clearly further apart than tiers. Where no line parts a group, as in a pinwheel, panels are read by where they begin.
A panel that lies inside another one is an inset and is read next to its host. Right to left is the mirrored page.

Every such decision has a confidence; a page's is that of its most doubtful decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from comicreader.domain.book import Direction
from comicreader.domain.geometry import Box, Polygon, bounding_box
from comicreader.domain.order_cuts import TOLERATED_FRAC, Cut, Item, clean, cuts, parts_between, tolerated

# Columns that stand this much further apart than their panels do are read as columns, as strips of four are.
_APART_RATIO = 1.5
# ... and by this share of the group's width at least.
_APART_FRAC = 0.02
# Two tiers beside each other that are off by up to this share of a panel are still read as tiers.
_STAGGER_FRAC = 0.15
# Panels of one row begin this close to each other, as a share of the group's height.
_SAME_ROW_FRAC = 0.05
# An inset lies nearly whole in its host and is clearly smaller.
_INSET_INSIDE_FRAC = 0.8
_HOST_AREA_RATIO = 1.6
# An inset whose middle is this far up and towards the reading side of its host is read before it.
_CORNER_SIDE_FRAC = 0.15
_CORNER_TOP_FRAC = 0.1
# Two facing pages are this wide for their height: narrower is one wide page, wider is a strip.
_SPREAD_ASPECTS = (1.2, 1.75)
# Facing pages stand further apart than panels by this ratio ...
_FOLD_RATIO = 1.3
# ... or both run into the fold, to within this share of the width of both, and stand closer than panels by this ratio.
_FOLD_FRAC = 0.005
_BLEED_RATIO = 0.5

# How sure a reader is of each kind of decision, ranked by how often it was wrong on generated pages.
_SURE_OF_GRID = 0.9  # lines up both ways: by convention tiers come first
_SURE_OF_INSET = 0.85  # before or after its host is the artist's whim
_SURE_OF_OVERLAP = 0.8  # less the share that the line takes off a panel
_SURE_OF_DISTANCE = 0.7  # columns, or facing pages, told by how far apart they stand
_SURE_OF_BEGINNING = 0.6  # no line parts the group
_SURE_OF_STAGGER = 0.5  # clean columns against tiers that nearly line up


@dataclass(frozen=True, slots=True)
class ReadingOrder:
    """The order of the panels of a page.

    Attributes:
        indices: places in the sequence that was asked about, each once, first read first.
        confidence: how sure the order is, 0 to 1; that of the most doubtful decision, 1 where there was none.
    """

    indices: tuple[int, ...]
    confidence: float


def read_outlines(outlines: Sequence[Polygon], direction: Direction, fold_x: float | None = None) -> ReadingOrder:
    """Put panels into the order in which they are read.

    Args:
        outlines: the panels' corners in any order, page pixels; outlines tell slanted neighbours apart where
            bounding boxes overlap.
        direction: which way the page is read.
        fold_x: the column at which two facing pages would meet, where the page is wide enough (see `fold_of`).

    Returns:
        The order. It depends on where the panels are, never on the order in which they are given.
    """
    items = [_item(index, outline, direction) for index, outline in enumerate(outlines)]
    items.sort(key=lambda item: (item.box.y, item.box.x, item.box.height, item.box.width, item.outline, item.index))
    reading = _Reading()
    fold = -fold_x if fold_x is not None and direction is Direction.RIGHT_TO_LEFT else fold_x
    groups = [items] if fold is None else reading.pages_of(items, fold)
    ordered = [item for group in groups for item in reading.ordered(group)]
    return ReadingOrder(tuple(item.index for item in ordered), round(reading.confidence, 3))


def reading_order(boxes: Sequence[Box], direction: Direction, fold_x: float | None = None) -> list[int]:
    """The order of panels of which only the bounding boxes are known; see `read_outlines`."""
    return list(read_outlines([box.corners for box in boxes], direction, fold_x).indices)


def fold_of(page_width: int, page_height: int) -> float | None:
    """The column at which two facing pages would meet; None for a page that has not the shape of a spread."""
    least, most = _SPREAD_ASPECTS
    return page_width / 2 if least * page_height < page_width < most * page_height else None


def _item(index: int, outline: Polygon, direction: Direction) -> Item:
    if direction is Direction.RIGHT_TO_LEFT:
        outline = tuple((-x, y) for x, y in outline)
        # clockwise from the top left again, as the mirrored rectangle's own corners are
        outline = (outline[1::-1] + outline[:1:-1]) if len(outline) == 4 else outline[::-1]
    return Item(index, outline, bounding_box(outline))


class _Reading:
    """Decides how one page is read, and remembers its doubts.

    Attributes:
        confidence: of the most doubtful decision so far.
    """

    def __init__(self) -> None:
        self.confidence = 1.0

    def pages_of(self, items: list[Item], fold_x: float) -> list[list[Item]]:
        """The two pages of a spread; one group where panels run across the fold or nothing says that it is one."""
        first = [item for item in items if item.box.center[0] < fold_x]
        second = [item for item in items if item.box.center[0] >= fold_x]
        if not first or not second or any(_runs_across(item, fold_x) for item in items):
            return [items]
        left, right = max(item.box.right for item in first), min(item.box.x for item in second)
        if clean(cuts(items, upright=False)):
            self._doubt(_SURE_OF_DISTANCE)
            gap, usual = right - left, _usual_gap(items)
            is_at_fold = max(abs(left - fold_x), abs(right - fold_x)) <= _FOLD_FRAC * 2 * abs(fold_x)
            runs_into_fold = is_at_fold and gap < _BLEED_RATIO * usual
            if gap <= _FOLD_RATIO * usual and not runs_into_fold:
                return [items]
        return [first, second]

    def ordered(self, items: list[Item]) -> list[Item]:
        """All items in order, insets beside their hosts."""
        insets_of = _hang_insets(items)
        result: list[Item] = []
        for root in self._cut_order([item for item in items if item.index in insets_of], may_be_columns=True):
            insets = self._insets_in_order(insets_of[root.index])
            result += [inset for inset in insets if _is_in_first_corner(inset.box, root.box)]
            result.append(root)
            result += [inset for inset in insets if not _is_in_first_corner(inset.box, root.box)]
        return result

    def _insets_in_order(self, items: list[Item]) -> list[Item]:
        if not items:
            return []
        self._doubt(_SURE_OF_INSET)
        insets_of = _hang_insets(items)
        result: list[Item] = []
        for root in self._cut_order([item for item in items if item.index in insets_of], may_be_columns=False):
            result += [root, *self._insets_in_order(insets_of[root.index])]
        return result

    def _cut_order(self, items: list[Item], *, may_be_columns: bool) -> list[Item]:
        """Items without insets in order, by cutting the group into parts until single items are left.

        Args:
            items: the group.
            may_be_columns: whether columns that stand apart may win over tiers; insets are scattered over their
                host, so distances say nothing there.
        """
        if len(items) < 2:
            return items
        tiers, columns = cuts(items, upright=False), cuts(items, upright=True)
        parts = self._parts(items, tiers, columns, may_be_columns=may_be_columns)
        if parts is None:
            self._doubt(_SURE_OF_BEGINNING)
            return _by_beginning(items)
        return [item for part in parts for item in self._cut_order(list(part), may_be_columns=may_be_columns)]

    def _parts(
        self, items: list[Item], tiers: list[Cut], columns: list[Cut], *, may_be_columns: bool
    ) -> list[tuple[Item, ...]] | None:
        """The parts that a reader would see first; None where no line parts the group."""
        clean_tiers, clean_columns = clean(tiers), clean(columns)
        by_columns = parts_between(clean_columns, items)
        if clean_tiers:
            if clean_columns:
                self._doubt(_SURE_OF_GRID)
                if may_be_columns and _stand_apart(clean_columns, items):
                    self._doubt(_SURE_OF_DISTANCE)
                    return by_columns
            return parts_between(clean_tiers, items)
        near_tiers = tolerated(tiers)
        if clean_columns:
            if near_tiers:
                self._doubt(_SURE_OF_STAGGER)
            seen_first = [cut for cut in near_tiers if _is_tier(cut, by_columns)]
            return parts_between(seen_first[:1], items) if seen_first else by_columns
        near = near_tiers or [cut for cut in columns if cut.cost <= TOLERATED_FRAC]
        if near:
            self._doubt(_SURE_OF_OVERLAP - min(cut.cost for cut in near))
            return parts_between(near[:1], items)
        return None

    def _doubt(self, confidence: float) -> None:
        self.confidence = min(self.confidence, confidence)


def _runs_across(item: Item, fold_x: float) -> bool:
    return TOLERATED_FRAC < (fold_x - item.box.x) / max(item.box.width, 1) < 1 - TOLERATED_FRAC


def _stand_apart(columns: Sequence[Cut], items: Sequence[Item]) -> bool:
    """Whether columns of three or more panels each are told from tiers by the distance between them."""
    width = max(item.box.right for item in items) - min(item.box.x for item in items)
    gap = max(cut.gap_px for cut in columns)
    is_apart = gap > _APART_RATIO * _usual_gap(items) and gap > _APART_FRAC * width
    return is_apart and min(_rows(column) for column in parts_between(columns, items)) >= 3


def _rows(items: Sequence[Item]) -> int:
    return len(clean(cuts(items, upright=False))) + 1


def _is_tier(cut: Cut, columns: Sequence[tuple[Item, ...]]) -> bool:
    """Whether a line that passes through items near their borders still is what readers see before clean columns.

    It is where a panel only reaches over its neighbours, and where it parts every column at its one gutter or nearly
    there: two tiers that do not quite line up. Columns of three or more panels each stay columns.
    """
    rows = [_rows(column) for column in columns]
    if cut.is_overlap and min(rows) < 3:
        return True
    parts_all = all(set(column) & set(cut.before) and set(column) & set(cut.after) for column in columns)
    return cut.cost <= _STAGGER_FRAC and parts_all and max(rows) == 2


def _usual_gap(items: Sequence[Item]) -> float:
    """The middle one of the distances from each item to the next one below it, page pixels; 0 where they overlap."""
    gaps = sorted(
        min(below)
        for item in items
        if (
            below := [
                max(0, other.box.y - item.box.bottom)
                for other in items
                if other.box.center[1] > item.box.bottom
                and other.box.x < item.box.right
                and item.box.x < other.box.right
            ]
        )
    )
    return gaps[len(gaps) // 2] if gaps else 0.0


def _hang_insets(items: list[Item]) -> dict[int, list[Item]]:
    """The items that lie in no other one, by index, each with the items that lie in it."""
    roots: list[Item] = []
    insets_of: dict[int, list[Item]] = {}
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


def _by_beginning(items: list[Item]) -> list[Item]:
    """Items row by row, where a row is what begins at about the same height."""
    rest, result = list(items), []
    height = max(item.box.bottom for item in items) - min(item.box.y for item in items)
    while rest:
        top = min(item.box.y for item in rest)
        row = [item for item in rest if item.box.y <= top + _SAME_ROW_FRAC * height]
        first = min(row, key=lambda item: item.box.x)
        rest.remove(first)
        result.append(first)
    return result

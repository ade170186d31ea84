"""Correcting a page's panels by hand: pure functions from the panels before an edit to those after it.

A panel that stays the same panel keeps its id, and with the id its caption. A panel that comes into being has none:
the library names it, and the narrator tells it. The order that a person gave stays as it is through all other edits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from comicreader.domain.book import Direction
from comicreader.domain.errors import PanelEditError
from comicreader.domain.geometry import Box, Point, Polygon, bounding_box, polygon_area
from comicreader.domain.outline_rules import crosses_itself, cut_in_two, from_top_left
from comicreader.domain.panels import Panel
from comicreader.domain.reading_order import fold_of, reading_order

MIN_SIDE_PX = 8
"""A panel is at least this wide and high, page pixels: less cannot be seen, nor taken hold of."""

# Merged boxes that fill their bounding box this far are a box again; others become their convex hull.
_BOX_FILL_FRAC = 0.95
# Corners of a hull that stand out less than this share of its longer side are none.
_HULL_TOLERANCE_FRAC = 0.01


@dataclass(frozen=True, slots=True)
class PanelEdit:
    """What an edit makes of a page.

    Attributes:
        panels: the panels now, in reading order; those without an id are new.
        joined: ids of the panels whose texts the new panel takes over, in reading order; empty but after a merge.
    """

    panels: tuple[Panel, ...]
    joined: tuple[str, ...] = ()


def moved(panels: Sequence[Panel], panel_ids: Collection[str], right_px: int, down_px: int, page: Box) -> PanelEdit:
    """Move panels together; at the page's edge they stop with their shapes whole.

    Args:
        panels: the page's panels in reading order.
        panel_ids: those to be moved.
        right_px: page pixels; below 0 to the left.
        down_px: page pixels; below 0 upwards.
        page: the whole page.

    Raises:
        PanelEditError: one of them is not on the page.
    """
    box = bounding_box([point for panel in _found(panels, panel_ids) for point in panel.polygon])
    right_px = min(max(right_px, page.x - box.x), page.right - box.right)
    down_px = min(max(down_px, page.y - box.y), page.bottom - box.bottom)
    return PanelEdit(
        tuple(
            _drawn(panel, tuple((x + right_px, y + down_px) for x, y in panel.polygon))
            if panel.id in panel_ids
            else panel
            for panel in panels
        )
    )


def reshaped(panels: Sequence[Panel], panel_id: str, polygon: Polygon, page: Box) -> PanelEdit:
    """Give a panel another outline; what reaches beyond the page is pulled to its edge.

    Raises:
        PanelEditError: the outline is too small or crosses itself, or the panel is not on the page.
    """
    _found(panels, {panel_id})
    outline = _outline(polygon, page)
    return PanelEdit(tuple(_drawn(panel, outline) if panel.id == panel_id else panel for panel in panels))


def resized(panels: Sequence[Panel], panel_id: str, box: Box, page: Box) -> PanelEdit:
    """Stretch a panel so that it fills another box.

    Raises:
        PanelEditError: the box is too small, or the panel is not on the page.
    """
    (panel,) = _found(panels, {panel_id})
    return reshaped(panels, panel_id, _stretched(panel.polygon, panel.box, box), page)


def split(
    panels: Sequence[Panel], panel_id: str, line: tuple[Point, Point], direction: Direction, keeper: int = 0
) -> PanelEdit:
    """Cut a panel in two along a line; its parts stand in its place, in reading order.

    Args:
        panels: the page's panels in reading order.
        panel_id: the panel.
        line: two points of the line, which goes on beyond them.
        direction: which way the page is read.
        keeper: the part that keeps the panel's id and caption, 0 or 1 in reading order.

    Raises:
        PanelEditError: the line does not cut the panel into two parts, or the panel is not on the page.
    """
    (panel,) = _found(panels, {panel_id})
    parts = split_parts(panel.polygon, line, direction)
    ids = [panel_id if index == keeper else "" for index in range(2)]
    cut = [Panel(part, id=part_id) for part, part_id in zip(parts, ids, strict=True)]
    return PanelEdit(tuple(new for old in panels for new in (cut if old.id == panel_id else [old])))


def split_parts(polygon: Polygon, line: tuple[Point, Point], direction: Direction) -> tuple[Polygon, Polygon]:
    """What a line makes of an outline, the part that is read first in front.

    Raises:
        PanelEditError: it does not cut the outline into two parts.
    """
    parts = cut_in_two(polygon, *line)
    if parts is None or any(_is_too_small(part) for part in parts):
        raise PanelEditError("Draw the line across one panel, from side to side.")
    first, second = reading_order([bounding_box(part) for part in parts], direction)
    return parts[first], parts[second]


def merged(panels: Sequence[Panel], panel_ids: Collection[str], page: Box) -> PanelEdit:
    """Make one new panel of several, in the place of the first; it takes their texts over.

    Raises:
        PanelEditError: there are not two of them, or one is not on the page.
    """
    old = _found(panels, panel_ids)
    if len(old) < 2:
        raise PanelEditError("Select two panels or more to merge them.")
    new = Panel(_outline(_hull(old), page))
    kept = [new if panel is old[0] else panel for panel in panels if panel is old[0] or panel.id not in panel_ids]
    return PanelEdit(tuple(kept), joined=tuple(panel.id for panel in old))


def deleted(panels: Sequence[Panel], panel_ids: Collection[str]) -> PanelEdit:
    """Take panels off the page; it may be left with none.

    Raises:
        PanelEditError: one of them is not on the page.
    """
    _found(panels, panel_ids)
    return PanelEdit(tuple(panel for panel in panels if panel.id not in panel_ids))


def added(panels: Sequence[Panel], box: Box, page: Box, direction: Direction) -> PanelEdit:
    """Draw a panel; it is put behind the panel that is read before it, and all others keep their order.

    Raises:
        PanelEditError: the box is too small.
    """
    new = Panel(_outline(box.corners, page))
    boxes = [*(panel.box for panel in panels), new.box]
    order = reading_order(boxes, direction, fold_of(page.width, page.height))
    place = order.index(len(panels))
    index = 0
    if place > 0:
        index = order[place - 1] + 1
    elif panels:
        index = order[1]
    return PanelEdit((*panels[:index], new, *panels[index:]))


def renumbered(panels: Sequence[Panel], panel_ids: Sequence[str]) -> PanelEdit:
    """Put panels in front, in this order; those that are not named follow as they were.

    Raises:
        PanelEditError: one of them is not on the page.
    """
    _found(panels, panel_ids)
    by_id = {panel.id: panel for panel in panels}
    rest = [panel for panel in panels if panel.id not in panel_ids]
    return PanelEdit((*(by_id[panel_id] for panel_id in panel_ids), *rest))


def laid_out(panels: Sequence[Panel], page: Box, other_page: Box) -> tuple[Panel, ...]:
    """The same layout for another page, stretched to its size; the panels have no ids yet."""
    return tuple(Panel(_outline(_stretched(panel.polygon, page, other_page), other_page)) for panel in panels)


def facing_page(page_index: int, page_count: int) -> int | None:
    """The other page of a spread, where the first page is a cover that stands alone.

    Args:
        page_index: from 0.
        page_count: number of pages.

    Returns:
        Its index; None where no page faces this one.
    """
    other = page_index + 1 if page_index % 2 else page_index - 1
    return other if 0 <= other < page_count else None


def _found(panels: Sequence[Panel], panel_ids: Collection[str]) -> list[Panel]:
    """The panels of these ids, in reading order."""
    found = [panel for panel in panels if panel.id and panel.id in panel_ids]
    if not panel_ids or len(found) < len(set(panel_ids)):
        raise PanelEditError("This panel is not on the page any more.")
    return found


def _drawn(panel: Panel, polygon: Polygon) -> Panel:
    return replace(panel, polygon=polygon, confidence=1.0)


def _outline(polygon: Polygon, page: Box) -> Polygon:
    """The outline inside the page, in the form that panels have."""
    inside = [(min(max(x, page.x), page.right), min(max(y, page.y), page.bottom)) for x, y in polygon]
    corners = from_top_left(tuple(inside))
    if crosses_itself(corners):
        raise PanelEditError("The outline of a panel cannot cross itself.")
    if _is_too_small(corners):
        raise PanelEditError("This panel would be too small.")
    return corners


def _is_too_small(polygon: Polygon) -> bool:
    if len(polygon) < 3:
        return True
    box = bounding_box(polygon)
    return min(box.width, box.height) < MIN_SIDE_PX or polygon_area(polygon) < MIN_SIDE_PX**2 / 2


def _stretched(polygon: Polygon, old: Box, new: Box) -> Polygon:
    across, down = new.width / max(old.width, 1), new.height / max(old.height, 1)
    return tuple((round(new.x + (x - old.x) * across), round(new.y + (y - old.y) * down)) for x, y in polygon)


def _hull(panels: Sequence[Panel]) -> Polygon:
    """The smallest simple shape about all of them: a box where they nearly fill one."""
    points = [point for panel in panels for point in panel.polygon]
    box = bounding_box(points)
    hull = cv2.convexHull(np.array(points, np.int32))
    if cv2.contourArea(hull) >= _BOX_FILL_FRAC * box.area:
        return box.corners
    plain = cv2.approxPolyDP(hull, _HULL_TOLERANCE_FRAC * max(box.width, box.height), closed=True)
    return tuple((int(x), int(y)) for x, y in plain.reshape(-1, 2))

"""Where a drawn panel can be taken hold of, and what becomes of its outline when it is pulled there."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from comicreader.domain.geometry import Box, Point, Polygon, polygon_area, polygon_contains
from comicreader.domain.panels import Panel

# Of a small panel's side this much is edge at most: the rest stays to move the panel by.
_GRIP_OF_SIDE_FRAC = 0.25
_MIN_CORNERS = 3


class GripKind(Enum):
    """The part of a panel that is held."""

    BODY = "body"
    EDGE = "edge"
    BOX_CORNER = "box corner"
    CORNER = "corner"
    NEW_CORNER = "new corner"


@dataclass(frozen=True, slots=True)
class Grip:
    """A place where a panel is held.

    Attributes:
        kind: the part.
        panel_id: the panel.
        index: the corner, or the edge that begins at it, from 0; 0 for the body.
    """

    kind: GripKind
    panel_id: str
    index: int = 0


def is_box(polygon: Polygon) -> bool:
    """Whether an outline is a rectangle along the page's sides."""
    return len(polygon) == 4 and all(
        (x0 == x1) != (y0 == y1) for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1], strict=True)
    )


def corner_grips(panel: Panel, *, reshapes: bool) -> Iterator[tuple[Grip, tuple[float, float]]]:
    """The points at which a panel is held, each with its place on the page.

    Args:
        panel: the panel.
        reshapes: every corner goes its own way, and each edge's middle becomes a corner.
    """
    kind = GripKind.BOX_CORNER if is_box(panel.polygon) and not reshapes else GripKind.CORNER
    for index, corner in enumerate(panel.polygon):
        yield Grip(kind, panel.id, index), corner
    if reshapes:
        for index, (corner, following) in enumerate(_edges(panel.polygon)):
            yield Grip(GripKind.NEW_CORNER, panel.id, index), _middle(corner, following)


def grip_at(
    panels: Sequence[Panel],
    selected: Collection[str],
    point: tuple[float, float],
    reach_px: float,
    *,
    reshapes: bool = False,
) -> Grip | None:
    """What a hand at a point of the page takes hold of.

    Corners and edges come before bodies, those of selected panels before others, corners before edges, and then the
    nearest. Of bodies the smallest counts: an inset lies on its host.

    Args:
        panels: in reading order.
        selected: ids of the panels that are selected.
        point: page pixels.
        reach_px: how far off a corner or edge may be, page pixels.
        reshapes: see `corner_grips`.
    """
    held: list[tuple[bool, bool, float, Grip]] = []
    for panel in panels:
        is_other = panel.id not in selected
        reach = min(reach_px, _GRIP_OF_SIDE_FRAC * min(panel.box.width, panel.box.height))
        for grip, place in corner_grips(panel, reshapes=reshapes):
            held.append((is_other, False, math.dist(place, point) / reach, grip))
        if not reshapes:
            for index, (corner, following) in enumerate(_edges(panel.polygon)):
                distance = _distance_to_edge(point, corner, following)
                held.append((is_other, True, distance / reach, Grip(GripKind.EDGE, panel.id, index)))
    within_reach = [entry for entry in held if entry[2] <= 1]
    if within_reach:
        return min(within_reach, key=lambda entry: entry[:3])[3]
    bodies = [panel for panel in panels if polygon_contains(panel.polygon, point)]
    smallest = min(bodies, key=lambda panel: polygon_area(panel.polygon), default=None)
    return None if smallest is None else Grip(GripKind.BODY, smallest.id)


def dragged(polygon: Polygon, grip: Grip, right_px: float, down_px: float) -> Polygon:
    """The outline after one of its grips was pulled; it may cross itself or leave the page.

    An edge moves at right angles to itself and takes both its ends along; a box's corner keeps it a box.

    Args:
        polygon: the outline before.
        grip: what is pulled.
        right_px: page pixels.
        down_px: page pixels.
    """
    if grip.kind is GripKind.BODY:
        return tuple(_shifted(corner, right_px, down_px) for corner in polygon)
    index, following = grip.index, (grip.index + 1) % len(polygon)
    corners = list(polygon)
    if grip.kind is GripKind.EDGE:
        across = _across(corners[index], corners[following], right_px, down_px)
        corners[index], corners[following] = _shifted(corners[index], *across), _shifted(corners[following], *across)
    elif grip.kind is GripKind.NEW_CORNER:
        corners.insert(index + 1, _shifted(_middle(corners[index], corners[following]), right_px, down_px))
    elif grip.kind is GripKind.CORNER:
        corners[index] = _shifted(corners[index], right_px, down_px)
    else:
        x, y = _shifted(corners[index], right_px, down_px)
        fixed_x, fixed_y = corners[(index + 2) % 4]
        return Box(min(x, fixed_x), min(y, fixed_y), abs(x - fixed_x), abs(y - fixed_y)).corners
    return tuple(corners)


def without_corner(polygon: Polygon, index: int) -> Polygon:
    """The outline with a corner less; a triangle stays as it is."""
    return polygon if len(polygon) <= _MIN_CORNERS else polygon[:index] + polygon[index + 1 :]


def _edges(polygon: Polygon) -> Iterator[tuple[Point, Point]]:
    return zip(polygon, polygon[1:] + polygon[:1], strict=True)


def _middle(one: Point, other: Point) -> tuple[float, float]:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _shifted(point: tuple[float, float], right_px: float, down_px: float) -> Point:
    return round(point[0] + right_px), round(point[1] + down_px)


def _across(start: Point, end: Point, right_px: float, down_px: float) -> tuple[float, float]:
    """The part of a way that is at right angles to an edge."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    length = math.hypot(along_x, along_y) or 1.0
    normal_x, normal_y = -along_y / length, along_x / length
    way = right_px * normal_x + down_px * normal_y
    return way * normal_x, way * normal_y


def _distance_to_edge(point: tuple[float, float], start: Point, end: Point) -> float:
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    squared = along_x**2 + along_y**2
    part = ((point[0] - start[0]) * along_x + (point[1] - start[1]) * along_y) / squared if squared else 0.0
    part = min(max(part, 0.0), 1.0)
    return math.dist(point, (start[0] + part * along_x, start[1] + part * along_y))

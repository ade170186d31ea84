"""What an outline drawn by hand must obey, and how a straight line cuts it in two."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from comicreader.domain.geometry import Point, Polygon, bounding_box

_Edge = tuple[Point, Point]


def from_top_left(polygon: Polygon) -> Polygon:
    """The same outline clockwise, begun at the corner nearest to the top left, without corners that repeat."""
    corners = [corner for corner, following in _edges(polygon) if corner != following]
    if len(corners) < 3:
        return tuple(corners)
    if _doubled_area(tuple(corners)) < 0:
        corners.reverse()
    box = bounding_box(corners)
    first = min(range(len(corners)), key=lambda index: sum(corners[index]) - box.x - box.y)
    return tuple(corners[first:] + corners[:first])


def crosses_itself(polygon: Polygon) -> bool:
    """Whether two sides that are no neighbours meet."""
    edges = list(_edges(polygon))
    return any(
        _meet(edges[first], edges[second])
        for first, second in combinations(range(len(edges)), 2)
        if second - first > 1 and (first, second) != (0, len(edges) - 1)
    )


def cut_in_two(polygon: Polygon, start: Point, end: Point) -> tuple[Polygon, Polygon] | None:
    """The two parts of an outline on both sides of the line through two points, in no particular order.

    Returns:
        None where the line passes by, is no line, or cuts off more than one part on a side.
    """
    sides = [side for side in (_side(start, end, corner) for corner in polygon) if side]
    if sum((one > 0) != (other > 0) for one, other in zip(sides, sides[1:] + sides[:1], strict=True)) != 2:
        return None
    return _half(polygon, start, end), _half(polygon, end, start)


def _half(polygon: Polygon, start: Point, end: Point) -> Polygon:
    """The part on the positive side of the line (Sutherland & Hodgman 1974, clipping at one line)."""
    kept: list[Point] = []
    for corner, following in _edges(polygon):
        here, there = _side(start, end, corner), _side(start, end, following)
        if here >= 0:
            kept.append(corner)
        if here * there < 0:
            way = here / (here - there)
            (x, y), (next_x, next_y) = corner, following
            kept.append((round(x + way * (next_x - x)), round(y + way * (next_y - y))))
    return from_top_left(tuple(kept))


def _edges(polygon: Polygon) -> Iterator[_Edge]:
    return zip(polygon, polygon[1:] + polygon[:1], strict=True)


def _doubled_area(polygon: Polygon) -> int:
    """Twice the area; above 0 for clockwise corners, y being down."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in _edges(polygon))


def _side(start: Point, end: Point, point: Point) -> int:
    """Above 0 on one side of the line, below 0 on the other, 0 on it."""
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


def _meet(first: _Edge, second: _Edge) -> bool:
    """Whether two sides share a point."""
    ends_of_second = _side(*first, second[0]), _side(*first, second[1])
    ends_of_first = _side(*second, first[0]), _side(*second, first[1])
    if ends_of_first == (0, 0):  # on one line: they meet where their boxes do
        one, other = bounding_box(first), bounding_box(second)
        return (
            max(one.x, other.x) <= min(one.right, other.right)
            and max(one.y, other.y) <= min(one.bottom, other.bottom)
        )  # fmt: skip
    return _opposite(*ends_of_second) and _opposite(*ends_of_first)


def _opposite(one: int, other: int) -> bool:
    return (one <= 0 <= other) or (other <= 0 <= one)

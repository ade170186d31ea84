"""Boxes and polygons in page pixels: origin top-left, x right, y down, half-open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Point = tuple[int, int]
Polygon = tuple[Point, ...]


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """An axis-parallel rectangle that holds the pixels x <= px < x + width, y <= py < y + height.

    Attributes:
        x: left edge, page pixels.
        y: top edge, page pixels.
        width: extent to the right, page pixels, never negative.
        height: extent downwards, page pixels, never negative.
    """

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 0 or self.height < 0:
            raise ValueError(f"a box cannot have a negative extent: {self}")

    @property
    def right(self) -> int:
        """The first column right of the box."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below the box."""
        return self.y + self.height

    @property
    def area(self) -> int:
        """Number of pixels in the box."""
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        """The middle of the box."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def corners(self) -> Polygon:
        """The four corners, clockwise from the top left."""
        return (self.x, self.y), (self.right, self.y), (self.right, self.bottom), (self.x, self.bottom)

    def intersection(self, other: Box) -> Box:
        """The pixels in both boxes; an empty box (no width or no height) where there are none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Box(x, y, max(0, right - x), max(0, bottom - y))

    def shrunk(self, margin: int) -> Box:
        """The box without a margin on each side; where it is too small, what is left about its middle."""
        across, down = min(margin, self.width // 2), min(margin, self.height // 2)
        return Box(self.x + across, self.y + down, self.width - 2 * across, self.height - 2 * down)

    def contains(self, point: tuple[float, float]) -> bool:
        """Whether the point lies in the half-open box."""
        return self.x <= point[0] < self.right and self.y <= point[1] < self.bottom


def intersection_over_union(first: Box, second: Box) -> float:
    """Shared area over joint area, 0 to 1 (0 for two empty boxes)."""
    shared = first.intersection(second).area
    joint = first.area + second.area - shared
    return shared / joint if joint else 0.0


def bounding_box(points: Iterable[Point]) -> Box:
    """The smallest box whose closed edges hold all points.

    Raises:
        ValueError: there is no point.
    """
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def polygon_area(polygon: Polygon) -> float:
    """Area in square pixels of a polygon that does not cross itself (shoelace formula)."""
    following = polygon[1:] + polygon[:1]
    doubled = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(polygon, following, strict=True))
    return abs(doubled) / 2


def polygon_contains(polygon: Polygon, point: tuple[float, float]) -> bool:
    """Whether a point lies in a polygon (even-odd rule; on the outline either answer may come)."""
    x, y = point
    inside = False
    for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (y0 <= y) != (y1 <= y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            inside = not inside
    return inside

"""The places of panels on a synthetic page, and straight cuts through them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Outline = npt.NDArray[np.float64]  # (N, 2) x, y in page pixels, clockwise from the top left

# Panels are this wide and high at least, as a share of the height of an ordinary page.
MIN_SIDE_FRAC = 0.075


@dataclass(frozen=True, slots=True)
class Cell:
    """One panel's place.

    Attributes:
        outline: its corners, inside the page.
        is_inset: whether it lies on another panel.
        is_on_top: whether it hides what it overlaps.
    """

    outline: Outline
    is_inset: bool = False
    is_on_top: bool = False

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of its bounding box, page pixels."""
        width, height = self.outline.max(axis=0) - self.outline.min(axis=0)
        return float(width), float(height)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Outline:
    """The outline of a rectangle."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float64)


def cut(outline: Outline, axis: int, at: float, angle: float, gutter: float) -> tuple[Outline, Outline] | None:
    """The two parts of an outline beside a slanted gutter; None where one is missing."""
    middle = (outline.max(axis=0) + outline.min(axis=0)) / 2
    middle[axis] = at
    normal = np.array([math.cos(angle), math.sin(angle)] if axis == 0 else [math.sin(angle), math.cos(angle)])
    level = float(normal @ middle)
    before = _clipped(outline, normal, level - gutter / 2)
    after = _clipped(outline, -normal, -(level + gutter / 2))
    return None if before is None or after is None else (before, after)


def _clipped(outline: Outline, normal: Outline, level: float) -> Outline | None:
    """The part of a convex outline where `normal @ point <= level`; None where there is none."""
    kept: list[Outline] = []
    for point, following in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        here, there = float(normal @ point) - level, float(normal @ following) - level
        if here <= 0:
            kept.append(point)
        if here * there < 0:
            kept.append(point + (following - point) * (here / (here - there)))
    if len(kept) < 3:
        return None
    corners = np.array(kept)
    return np.roll(corners, -int(np.argmin(corners.sum(axis=1))), axis=0)

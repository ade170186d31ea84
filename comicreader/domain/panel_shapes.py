"""Panels that are no upright rectangles: four-cornered outlines of the pixels that vote for one panel."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from comicreader.domain.panel_net import Floats
from comicreader.domain.panel_outlines import Corners
from comicreader.domain.panel_votes import Bools, Voters, overlaps

# Pixels belong to the panel they agree with best, if this much.
_LEAST_AGREEMENT = 0.4
# The hull of an upright panel's pixels fills its box; this much is left out by rounded votes.
_UPRIGHT_FRAC = 0.94
# Pixels fill the hull but for bubbles and insets; less is no shape.
_FILLED_FRAC = 0.7
# Straight sides: tolerances as shares of the perimeter; the least that gives four corners gives the best ones.
_STRAIGHT_FRACS = (0.01, 0.02, 0.03, 0.045)
# The four-cornered outline keeps this share of the hull, so that no corner was rounded off.
_KEPT_FRAC = 0.92
_FEWEST_PIXELS = 24


def members(boxes: Floats, voters: Voters) -> list[Bools]:
    """The pixels (P,) of each chosen panel (N, 4)."""
    if not len(boxes):
        return []
    agreement = overlaps(boxes, voters.boxes)
    best = agreement.argmax(axis=0)
    agrees = agreement.max(axis=0) >= _LEAST_AGREEMENT
    return [agrees & (best == number) for number in range(len(boxes))]


def slanted_outline(box: Floats, voters: Voters, width: int, height: int) -> Corners | None:
    """The outline of a panel that is clearly slanted; None for an upright one.

    Args:
        box: (4,) the panel's box as shares of the picture.
        voters: the panel's own pixels.
        width: of the picture, pixels.
        height: of the picture, pixels.

    Returns:
        Four corners in the picture's pixels, clockwise from the top left.
    """
    if len(voters.x) < _FEWEST_PIXELS:
        return None
    scale = np.array([width, height], dtype=np.float32)
    points = np.column_stack([voters.x, voters.y]) * scale
    within = _contains(box, voters)
    pixel_area = voters.pixel_frac * width * height
    hull = _hull(points[within] if within.any() else points, pixel_area**0.5)
    hull_area, box_area = cv2.contourArea(hull), float(np.prod((box[2:] - box[:2]) * scale))
    if hull_area > _UPRIGHT_FRAC * box_area or within.sum() * pixel_area < _FILLED_FRAC * hull_area:
        return None
    quad = _four_corners(hull)
    return None if quad is None else _fitted(quad, box * np.tile(scale, 2))


def _contains(box: Floats, voters: Voters) -> Bools:
    across = (voters.x >= box[0]) & (voters.x < box[2])
    return np.asarray(across & (voters.y >= box[1]) & (voters.y < box[3]))


def _hull(points: Floats, pixel_px: float) -> Floats:
    """The convex hull (M, 1, 2) of pixels of some size, given their middles (P, 2)."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float32) * (pixel_px / 2)
    return np.asarray(cv2.convexHull((points[:, None] + corners).reshape(-1, 2)), dtype=np.float32)


def _four_corners(hull: Floats) -> Corners | None:
    perimeter, area = cv2.arcLength(hull, True), cv2.contourArea(hull)
    for tolerance in _STRAIGHT_FRACS:
        corners = cv2.approxPolyDP(hull, tolerance * perimeter, True).reshape(-1, 2)
        if len(corners) == 4:
            kept = cv2.contourArea(corners)
            return _clockwise(corners.astype(np.float64)) if kept >= _KEPT_FRAC * area else None
    return None


def _fitted(quad: Corners, box: npt.NDArray[np.floating]) -> Corners:
    """The outline stretched to fill the panel's box: pixels stand back from the panel's edges."""
    low, high = quad.min(axis=0), quad.max(axis=0)
    stretched = (quad - low) / np.maximum(high - low, 1) * (box[2:] - box[:2]) + box[:2]
    return np.asarray(stretched, dtype=np.float64)


def _clockwise(corners: Corners) -> Corners:
    """The corners clockwise from the top left one."""
    x, y = corners.T
    following = np.roll(corners, -1, axis=0)
    if float((x * following[:, 1] - following[:, 0] * y).sum()) < 0:
        corners = corners[::-1]
    return np.roll(corners, -int(np.argmin(corners.sum(axis=1))), axis=0)

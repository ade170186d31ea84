"""The outlines of panels: slanted, inset or plain, and how surely they are panels."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from comicreader.domain.geometry import Box
from comicreader.domain.paper import Mask

Corners = npt.NDArray[np.float64]  # (4, 2) x, y, clockwise from the top left
Contour = npt.NDArray[np.int32]  # (N, 1, 2) x, y, as OpenCV gives them

# A shape has four corners when its hull stays this near to straight sides (share of the perimeter; the least
# tolerance that will do gives the best corners) ...
_STRAIGHT_FRACS = (0.003, 0.006, 0.012)
# ... and the four-cornered outline keeps this share of the hull, so that no corner was rounded off.
_QUAD_FRAC = 0.95
# Shapes replace the part they lie in when together they account for this share of its art,
_EXPLAINED_FRAC = 0.9
# and each is surely a panel: art ends along this share of its outline (bubbles may bite into it).
_SHAPE_SUPPORT = 0.75
# A single slanted panel must be as sure as this, and this much smaller than its box.
_SLANT_SUPPORT = 0.92
_SLANT_FRAC = 0.97
# An inset is smaller than this share of its host, art ends all around it,
_INSET_FRAC = 0.5
_INSET_SUPPORT = 0.95
# and the band of paper around it is no wider than this share of the host's mean side,
_BORDER_FRAC = 0.03
_NARROWEST_PX = 3
# so that just outside the band there is art again (or the host's edge) along most of it.
_BORDERED_SHARE = 0.8
# Insets that cover more of their host than this lie on bare ground, not on a panel.
_COVERED_FRAC = 0.6
# How far from the outline paper is looked for, pixels: outside within the thinnest gutters or past a blurred edge,
# inside past a blurred edge.
_OUTSIDE_PX = (1.5, 3)
_INSIDE_PX = 3
_PROBES_PER_SIDE = 48
# Dots and dithering change colour more often than this: their contours are no panels, and take seconds to follow.
_MOST_CHANGES = 100_000


def outlines_in(paper: Mask, region: Box, min_side_px: int) -> list[Corners]:
    """The panels in a part of the page that has no straight gutter.

    Args:
        paper: 255 where a pixel has the colour of paper; the whole page.
        region: the part.
        min_side_px: shapes narrower or lower than this are no panels.

    Returns:
        The shapes that make up the part (slanted panels, a pinwheel), or the part itself and its insets.
    """
    window = np.ascontiguousarray(paper[region.y : region.bottom, region.x : region.right])
    art: Mask = np.asarray(255 - window, dtype=np.uint8)
    offset = np.array([region.x, region.y], dtype=np.float64)
    outer, nested = _shapes(art, min_side_px)
    quads = [(contour, quad) for contour in outer if (quad := _quadrilateral(contour)) is not None]
    if len(quads) == len(outer) and _make_up_part(paper, art, quads, offset):
        return [quad + offset for _, quad in quads]
    candidates = [quad for contour in outer + nested if (quad := _quadrilateral(contour)) is not None]
    insets = [quad + offset for quad in candidates if _is_inset(window, quad)]
    if sum(_area(inset) for inset in insets) > _COVERED_FRAC * region.area:
        return insets
    return [outline_of(region), *insets]


def outline_of(box: Box) -> Corners:
    """A box as an outline."""
    return np.array(box.corners, dtype=np.float64)


def _make_up_part(paper: Mask, art: Mask, quads: list[tuple[Contour, Corners]], offset: Corners) -> bool:
    """Whether four-cornered shapes are what a part of the page consists of, rather than its rectangle."""
    supports = [outline_support(paper, quad + offset) for _, quad in quads]
    if len(quads) == 1:
        return supports[0] >= _SLANT_SUPPORT and _area(quads[0][1]) <= _SLANT_FRAC * art.size
    explained = cv2.countNonZero(cv2.bitwise_and(art, _filled(art, [contour for contour, _ in quads])))
    return len(quads) > 1 and min(supports) >= _SHAPE_SUPPORT and explained >= _EXPLAINED_FRAC * cv2.countNonZero(art)


def _is_inset(window: Mask, quad: Corners) -> bool:
    """Whether a shape in a part of the page is a panel that lies on it, in a narrow band of paper."""
    height, width = window.shape
    if _area(quad) > _INSET_FRAC * window.size or outline_support(window, quad) < _INSET_SUPPORT:
        return False
    widest = max(_NARROWEST_PX, round(_BORDER_FRAC * (height * width) ** 0.5))
    return any(_art_share(window, quad, away) >= _BORDERED_SHARE for away in range(_NARROWEST_PX, widest + 1, 2))


def outline_support(paper: Mask, outline: Corners) -> float:
    """Share of an outline, 0 to 1, along which art ends: paper or the page's edge outside, art inside."""
    outside = [_probes(outline, away_px) for away_px in _OUTSIDE_PX]
    is_bare = np.logical_or.reduce([_is_off(paper, points) | _at(paper, points) for points in outside])
    ends = is_bare & ~_at(paper, _probes(outline, -_INSIDE_PX))
    lengths = _side_lengths(outline)
    return float((ends.mean(axis=1) * lengths).sum() / max(lengths.sum(), 1.0))


def _art_share(paper: Mask, outline: Corners, away_px: int) -> float:
    """Share of an outline moved outwards by some pixels that lies on art or off the picture."""
    points, lengths = _probes(outline, away_px), _side_lengths(outline)
    is_art = _is_off(paper, points) | ~_at(paper, points)
    return float((is_art.mean(axis=1) * lengths).sum() / max(lengths.sum(), 1.0))


def _side_lengths(outline: Corners) -> npt.NDArray[np.float64]:
    """Lengths (4,) of an outline's sides."""
    return np.asarray(np.hypot(*(np.roll(outline, -1, axis=0) - outline).T))


def _probes(outline: Corners, away_px: float) -> npt.NDArray[np.float64]:
    """Points (4, P, 2) spread over an outline's sides, moved outwards."""
    steps = (np.arange(_PROBES_PER_SIDE) + 0.5)[None, :, None] / _PROBES_PER_SIDE
    start, along = outline[:, None], (np.roll(outline, -1, axis=0) - outline)[:, None]
    outward = np.stack([along[..., 1], -along[..., 0]], axis=-1) / np.maximum(_side_lengths(outline), 1)[:, None, None]
    return np.asarray(start + steps * along + away_px * outward)


def _is_off(paper: Mask, points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Whether points (..., 2) lie outside the picture."""
    height, width = paper.shape
    return np.asarray(((points < 0) | (points >= [width, height])).any(axis=-1))


def _at(paper: Mask, points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Whether the pixels under points (..., 2) are paper; points outside count as the nearest edge."""
    height, width = paper.shape
    columns = np.clip(np.floor(points[..., 0]), 0, width - 1).astype(np.intp)
    rows = np.clip(np.floor(points[..., 1]), 0, height - 1).astype(np.intp)
    return np.asarray(paper[rows, columns] > 0)


def _shapes(art: Mask, min_side_px: int) -> tuple[list[Contour], list[Contour]]:
    """Contours of the connected shapes of art, large ones only: those outside all others, and those within."""
    if np.count_nonzero(art[:, 1:] != art[:, :-1]) > _MOST_CHANGES:
        return [], []
    contours, hierarchy = cv2.findContours(art, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    outer: list[Contour] = []
    nested: list[Contour] = []
    for index, contour in enumerate(contours):
        if min(cv2.boundingRect(contour)[2:]) < min_side_px:
            continue
        depth, parent = 0, hierarchy[0][index][3]
        while parent >= 0:
            depth, parent = depth + 1, hierarchy[0][parent][3]
        if depth == 0:
            outer.append(np.asarray(contour, dtype=np.int32))
        elif depth % 2 == 0:  # odd levels are the holes
            nested.append(np.asarray(contour, dtype=np.int32))
    return outer, nested


def _filled(like: Mask, contours: list[Contour]) -> Mask:
    """A mask of all that lies within contours."""
    return np.asarray(cv2.drawContours(np.zeros_like(like), contours, -1, 255, cv2.FILLED), dtype=np.uint8)


def _quadrilateral(contour: Contour) -> Corners | None:
    """The four-cornered outline of a shape that is one; None for any other shape."""
    hull = cv2.convexHull(contour)
    perimeter = cv2.arcLength(hull, True)
    for tolerance in _STRAIGHT_FRACS:
        corners = cv2.approxPolyDP(hull, tolerance * perimeter, True).reshape(-1, 2).astype(np.float64)
        if len(corners) <= 4:
            break
    if len(corners) != 4 or _area(corners) < _QUAD_FRAC * cv2.contourArea(hull):
        return None
    return _clockwise(corners + 0.5)


def _clockwise(corners: Corners) -> Corners:
    """The corners clockwise from the top left one."""
    x, y = corners.T
    following = np.roll(corners, -1, axis=0)
    if float((x * following[:, 1] - following[:, 0] * y).sum()) < 0:
        corners = corners[::-1]
    return np.roll(corners, -int(np.argmin(corners.sum(axis=1))), axis=0)


def _area(corners: Corners) -> float:
    return float(cv2.contourArea(corners.astype(np.float32)))

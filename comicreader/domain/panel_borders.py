"""What the borders that the net sees say about panels: areas that they enclose, and boxes whose sides lie on them.

Boxes are (N, 4) arrays of left, top, right, bottom as shares of the picture's width and height.
"""

from __future__ import annotations

import cv2
import numpy as np

from comicreader.domain.book import RgbImage
from comicreader.domain.panel_net import Floats, Votes
from comicreader.domain.paper import Paper

# Areas are looked for where pixels are this surely inside and away from borders.
_AREA_LEVELS = (0.3, 0.5, 0.7)
_LEAST_AREA_PIXELS = 12
# Borders are about a pixel wide on either side.
_BORDER_PIXELS = 1
# Pixels less likely inside than this show paper; it is known where they are this many, and most of one colour.
_OUTSIDE = 0.3
_LEAST_OUTSIDE_FRAC = 0.01
_PAPER_TOLERANCE = 24.0
_ONE_COLOR_FRAC = 0.6
# A box with one side in the middle of nowhere is worse than its mean side: the worst one counts this much besides.
_WORST_SIDE_WEIGHT = 0.2


def area_boxes(votes: Votes) -> Floats:
    """The bounding boxes (N, 4) of areas inside panels, at several levels of certainty."""
    rows, columns = votes.inside.shape
    calm_inside = votes.inside * (1 - votes.border)
    found = []
    for level in _AREA_LEVELS:
        _, _, stats, _ = cv2.connectedComponentsWithStats((calm_inside >= level).astype(np.uint8), connectivity=4)
        for left, top, width, height, count in stats[1:].tolist():
            if count >= _LEAST_AREA_PIXELS:
                low = left - _BORDER_PIXELS, top - _BORDER_PIXELS
                found.append((*low, left + width + _BORDER_PIXELS, top + height + _BORDER_PIXELS))
    boxes = np.array(found, dtype=np.float32).reshape(-1, 4) / [columns, rows, columns, rows]
    return np.clip(boxes, 0, 1).astype(np.float32)


def paper_outside(image: RgbImage, votes: Votes) -> Paper | None:
    """The one colour that lies outside a picture's panels; None where there is none, or nearly nothing outside."""
    rows, columns = votes.inside.shape
    pixels = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_NEAREST)[votes.inside < _OUTSIDE]
    if len(pixels) < _LEAST_OUTSIDE_FRAC * rows * columns:
        return None
    middle = np.median(pixels, axis=0)
    alike = np.abs(pixels - middle).max(axis=1) <= _PAPER_TOLERANCE
    return Paper((int(middle[0]), int(middle[1]), int(middle[2]))) if alike.mean() >= _ONE_COLOR_FRAC else None


def edge_shares(votes: Votes, boxes: Floats) -> Floats:
    """How much of each box's sides (N,) lies on borders, outside panels or on the picture's edge, 0 to 1."""
    rows, columns = votes.inside.shape
    ends = np.maximum(votes.border, 1 - votes.inside)
    reach = 2 * _BORDER_PIXELS + 1
    upright, level = cv2.dilate(ends, np.ones((1, reach))), cv2.dilate(ends, np.ones((reach, 1)))
    sides = np.ones((len(boxes), 4), dtype=np.float32)
    limits = np.rint(boxes * [columns, rows, columns, rows]).astype(int).tolist()
    for number, (left, top, right, bottom) in enumerate(limits):
        down, across = (
            slice(min(top, rows - 1), max(bottom, top + 1)),
            slice(min(left, columns - 1), max(right, left + 1)),
        )
        if left > _BORDER_PIXELS:
            sides[number, 0] = upright[down, min(left, columns - 1)].mean()
        if top > _BORDER_PIXELS:
            sides[number, 1] = level[min(top, rows - 1), across].mean()
        if right < columns - _BORDER_PIXELS:
            sides[number, 2] = upright[down, max(right - 1, 0)].mean()
        if bottom < rows - _BORDER_PIXELS:
            sides[number, 3] = level[max(bottom - 1, 0), across].mean()
    shares = (1 - _WORST_SIDE_WEIGHT) * sides.mean(axis=1) + _WORST_SIDE_WEIGHT * sides.min(axis=1)
    return np.asarray(shares, dtype=np.float32)

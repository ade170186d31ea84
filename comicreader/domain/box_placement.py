"""Where a narration box goes: beside its panel if there is room, else where it hides least.

All boxes here are in view pixels. The flow: `DetailMap.of` once a page (in a worker), then `place_box` for each box
whenever the view has changed; a placement takes well under a millisecond.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicreader.domain.book import RgbImage
from comicreader.domain.geometry import Box

# Enough to tell a face from a sky, and 3 ms a page.
_MAP_SIDE_PX = 192
# A Sobel gradient of this strength is a full-grown ink line.
_STRONG_EDGE = 160.0
# Faces carry a story more than hair or grass do; skin tones count as much as a moderate drawing.
_SKIN_DETAIL = 0.6
_SKIN_CR_CB = ((135, 180), (85, 135))
_SKIN_MIN_LUMA = 70

# What covering one view pixel costs, next to a box that covers nothing. In the told panel even a flat part is art;
# beside it the art belongs to other panels, unless it is dimmed anyway.
_PANEL_BASE, _PANEL_DETAIL = 0.45, 1.0
_AROUND_BASE, _AROUND_DETAIL = 0.25, 1.2
_DIMMED_BASE, _DIMMED_DETAIL = 0.06, 0.05
# A box at the other end of the view costs as much as one over flat art of its panel.
_DISTANCE = 0.9
# Between equal places the first one wins; a hundredth keeps that from being decided by noise.
_ORDER = 0.01

_GAP_PX = 10
_INSET_PX = 10


@dataclass(frozen=True, slots=True)
class Stage:
    """What is on screen, view pixels.

    Attributes:
        view: the whole view.
        page: the page; it may reach beyond the view.
        panel: the panel that is told.
        is_dimmed: whether the page is dimmed outside that panel.
        taken: boxes that stand already and must not be covered.
    """

    view: Box
    page: Box
    panel: Box
    is_dimmed: bool
    taken: tuple[Box, ...] = ()


class DetailMap:
    """How much there is to see in each part of a page: 0 is bare paper, 1 is dense drawing."""

    def __init__(self, detail: npt.NDArray[np.float32]) -> None:
        # (h + 1, w + 1), so that any part's sum is four look-ups
        self._sums: npt.NDArray[np.float64] = np.asarray(cv2.integral(detail), np.float64)

    @classmethod
    def of(cls, pixels: RgbImage) -> DetailMap:
        """Measure a page: strength of edges and, as a hint of faces, skin tones."""
        height, width = pixels.shape[:2]
        shrink = min(1.0, _MAP_SIDE_PX / max(height, width))
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
        strength = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
        edges = np.clip(strength / _STRONG_EDGE, 0.0, 1.0)
        luma, cr, cb = (plane.astype(int) for plane in cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)))
        (cr_low, cr_high), (cb_low, cb_high) = _SKIN_CR_CB
        is_skin = (luma > _SKIN_MIN_LUMA) & (cr > cr_low) & (cr < cr_high) & (cb > cb_low) & (cb < cb_high)
        detail = np.maximum(edges, np.where(is_skin, _SKIN_DETAIL, 0.0)).astype(np.float32)
        return cls(np.asarray(cv2.blur(detail, (5, 5)), np.float32))

    @classmethod
    def blank(cls) -> DetailMap:
        """The map of a page of which nothing is known."""
        return cls(np.zeros((1, 1), np.float32))

    def mean(self, part: Box, page: Box) -> float:
        """Mean detail of a part of the page, 0 to 1.

        Args:
            part: the part, in the same pixels as `page`.
            page: where the whole page is.
        """
        shown = part.intersection(page)
        if not shown.area:
            return 0.0
        rows, columns = (int(side) - 1 for side in self._sums.shape)
        left = int((shown.x - page.x) / page.width * columns)
        top = int((shown.y - page.y) / page.height * rows)
        right = max(left + 1, math.ceil((shown.right - page.x) / page.width * columns))
        bottom = max(top + 1, math.ceil((shown.bottom - page.y) / page.height * rows))
        right, bottom = min(right, columns), min(bottom, rows)
        total = self._sums[bottom, right] - self._sums[top, right] - self._sums[bottom, left] + self._sums[top, left]
        return float(total) / ((right - left) * (bottom - top))


def place_box(sizes: Sequence[tuple[int, int]], stage: Stage, detail: DetailMap) -> Box | None:
    """Choose the place of a narration box.

    Args:
        sizes: the shapes it may take, (width, height), the nicest first.
        stage: what is on screen.
        detail: how much each part of the page shows.

    Returns:
        The box, wholly inside the view (a size larger than the view is cut down to it); None where every place
        would cover a box that stands already.
    """
    best: Box | None = None
    best_cost = math.inf
    for width, height in sizes:
        for order, place in enumerate(_places(width, height, stage)):
            if any(place.intersection(other).area for other in stage.taken):
                continue
            cost = _cost(place, stage, detail) + _ORDER * order
            if cost < best_cost:
                best, best_cost = place, cost
    return best


def _cost(place: Box, stage: Stage, detail: DetailMap) -> float:
    """What the place hides, as a share of the box, and how far it is from its panel."""
    on_panel = place.intersection(stage.panel)
    on_page = place.intersection(stage.page)
    inside = on_panel.area * (_PANEL_BASE + _PANEL_DETAIL * detail.mean(on_panel, stage.page))
    base, weight = (_DIMMED_BASE, _DIMMED_DETAIL) if stage.is_dimmed else (_AROUND_BASE, _AROUND_DETAIL)
    around = max(0, on_page.area - on_panel.area) * (base + weight * detail.mean(on_page, stage.page))
    away = _distance(place, stage.panel) / math.hypot(stage.view.width, stage.view.height)
    return (inside + around) / max(1, place.area) + _DISTANCE * away


def _distance(first: Box, second: Box) -> float:
    """The gap between two boxes, and a little of the way between their middles to settle which end is nearer."""
    across = max(0, first.x - second.right, second.x - first.right)
    down = max(0, first.y - second.bottom, second.y - first.bottom)
    (x0, y0), (x1, y1) = first.center, second.center
    return math.hypot(across, down) + 0.1 * math.hypot(x0 - x1, y0 - y1)


def _places(width: int, height: int, stage: Stage) -> Iterator[Box]:
    """The places worth a look, the most natural first; all inside the view."""
    view, page, panel = stage.view, stage.page, stage.panel
    center_x, center_y = panel.x + (panel.width - width) // 2, panel.y + (panel.height - height) // 2
    below, above = panel.bottom + _GAP_PX, panel.y - _GAP_PX - height
    right, left = panel.right + _GAP_PX, panel.x - _GAP_PX - width
    top_in, bottom_in = panel.y + _INSET_PX, panel.bottom - _INSET_PX - height
    left_in, right_in = panel.x + _INSET_PX, panel.right - _INSET_PX - width
    corners = [
        *[(center_x, below), (panel.x, below), (center_x, above), (panel.x, above)],
        *[(right, panel.y), (left, panel.y), (right, center_y), (left, center_y)],
        *[(page.right + _GAP_PX, panel.y), (page.x - _GAP_PX - width, panel.y)],
        *[(page.right + _GAP_PX, bottom_in), (page.x - _GAP_PX - width, bottom_in)],
        *[(left_in, top_in), (left_in, bottom_in), (right_in, top_in), (right_in, bottom_in)],
        *[(center_x, top_in), (center_x, bottom_in), (left_in, center_y), (right_in, center_y)],
    ]
    width, height = min(width, view.width - 2 * _INSET_PX), min(height, view.height - 2 * _INSET_PX)
    for x, y in corners:
        inside_x = min(max(x, view.x + _INSET_PX), view.right - _INSET_PX - width)
        inside_y = min(max(y, view.y + _INSET_PX), view.bottom - _INSET_PX - height)
        yield Box(inside_x, inside_y, width, height)

"""Where the camera stands: which part of a page fills the view.

A pose is all there is to a view of the page, so a glide is a walk from one pose to another and everything that is laid
over the page (narration boxes) can be placed for the pose where the glide will end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from comicreader.domain.geometry import Box

# A panel is never shown larger than this many view pixels per page pixel, nor than this many times the size at which
# its page fits the view: beyond it a small panel only becomes blurred.
_MAX_PANEL_SCALE = 2.5
_MAX_PANEL_OVER_FIT = 3.0
# Air around a panel, so that it is seen to end.
_PANEL_MARGIN_FRAC = 0.03
_PAGE_MARGIN_PX = 10
# From this height over width on, a page is a strip to scroll through: fitted as a whole it would be a thread.
_STRIP_RATIO = 2.6


@dataclass(frozen=True, slots=True)
class Extent:
    """Width and height, of a page in page pixels or of the view in view pixels; both above 0."""

    width: float
    height: float

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise ValueError(f"an extent must be above 0: {self}")


@dataclass(frozen=True, slots=True)
class CaptionRoom:
    """How much of the view a narration box needs beside or below what it tells, view pixels."""

    below_px: float = 0.0
    beside_px: float = 0.0


@dataclass(frozen=True, slots=True)
class Pose:
    """A view of the page.

    Attributes:
        x: the point of the page in the middle of the view, page pixels.
        y: the same, downwards.
        scale: view pixels per page pixel, above 0.
    """

    x: float
    y: float
    scale: float

    def to_view(self, box: Box, view: Extent) -> Box:
        """Where a part of the page is on screen, view pixels; it may reach beyond the view."""
        left = round((box.x - self.x) * self.scale + view.width / 2)
        top = round((box.y - self.y) * self.scale + view.height / 2)
        right = round((box.right - self.x) * self.scale + view.width / 2)
        bottom = round((box.bottom - self.y) * self.scale + view.height / 2)
        return Box(left, top, right - left, bottom - top)

    def toward(self, goal: Pose, done_frac: float) -> Pose:
        """The pose after a part of the way to another: 0 is here, 1 is there.

        The scale moves by equal factors, so that zooming looks even.
        """
        return Pose(
            self.x + (goal.x - self.x) * done_frac,
            self.y + (goal.y - self.y) * done_frac,
            self.scale * (goal.scale / self.scale) ** done_frac,
        )

    def zoomed(self, factor: float, anchor_x: float, anchor_y: float) -> Pose:
        """The pose with another scale in which one point of the page stays where it is on screen.

        Args:
            factor: new scale over old.
            anchor_x: the point that stays, page pixels.
            anchor_y: the same, downwards.
        """
        return Pose(
            anchor_x + (self.x - anchor_x) / factor,
            anchor_y + (self.y - anchor_y) / factor,
            self.scale * factor,
        )


def fit_scale(page: Extent, view: Extent, fit_mode: str) -> float:
    """View pixels per page pixel at which the page fits.

    Args:
        page: the page's size.
        view: the view's size.
        fit_mode: "page" (all of it; a tall strip fits by its width) or "width".
    """
    by_width = max(1.0, view.width - 2 * _PAGE_MARGIN_PX) / page.width
    if fit_mode == "width" or page.height > _STRIP_RATIO * page.width:
        return by_width
    return min(by_width, max(1.0, view.height - 2 * _PAGE_MARGIN_PX) / page.height)


def frame_page(page: Extent, view: Extent, fit_mode: str, room: CaptionRoom) -> Pose:
    """The pose that shows a page from its top.

    The page stands in the middle unless both margins beside it are too narrow for a narration box and one of
    them, made of both, would not be: then it moves aside.
    """
    scale = fit_scale(page, view, fit_mode)
    free_px = view.width - page.width * scale
    x, y = page.width / 2, page.height / 2
    if free_px / 2 < room.beside_px <= free_px - _PAGE_MARGIN_PX:
        x = (view.width / 2 - _PAGE_MARGIN_PX) / scale
    if page.height * scale > view.height:
        y = (view.height / 2 - _PAGE_MARGIN_PX) / scale
    return Pose(x, y, scale)


def frame_panel(panel: Box, page: Extent, view: Extent, room: CaptionRoom) -> Pose:
    """The pose that shows a panel as large as sensible, with room for its narration box below or beside it.

    Of the two places for the box the one is taken that leaves the panel larger; panel and box stand in the middle
    together.
    """
    width, height = max(1, panel.width), max(1, panel.height)
    margin_px = _PANEL_MARGIN_FRAC * min(view.width, view.height)
    largest = max(_MAX_PANEL_SCALE, fit_scale(page, view, "page"))
    largest = min(largest, _MAX_PANEL_OVER_FIT * fit_scale(page, view, "page"))

    def scale_for(beside_px: float, below_px: float) -> float:
        across = max(1.0, view.width - 2 * margin_px - beside_px) / width
        down = max(1.0, view.height - 2 * margin_px - below_px) / height
        return min(across, down, largest)

    below, beside = scale_for(0.0, room.below_px), scale_for(room.beside_px, 0.0)
    center_x, center_y = panel.center
    if beside > below:
        return Pose(center_x + room.beside_px / 2 / beside, center_y, beside)
    return Pose(center_x, center_y + room.below_px / 2 / below, below)


def keep_in_sight(pose: Pose, page: Extent, view: Extent) -> Pose:
    """The nearest pose in which the page fills the view, or stands in its middle where it is smaller."""

    def clamp(center: float, page_side: float, view_side: float) -> float:
        half = view_side / 2 / pose.scale
        margin = _PAGE_MARGIN_PX / pose.scale
        low, high = half - margin, page_side - half + margin
        return page_side / 2 if low >= high else min(max(center, low), high)

    return Pose(clamp(pose.x, page.width, view.width), clamp(pose.y, page.height, view.height), pose.scale)


def scroll_step(pose: Pose, page: Extent, view: Extent, forward: bool) -> Pose | None:
    """The pose a screenful further down (or up) the page; None where its end is in sight already.

    A tenth of the view stays, so that the eye finds its line again.
    """
    step = 0.9 * view.height / pose.scale * (1 if forward else -1)
    moved = keep_in_sight(Pose(pose.x, pose.y + step, pose.scale), page, view)
    here = keep_in_sight(pose, page, view)
    is_same = math.isclose(moved.y, here.y, abs_tol=1 / pose.scale)
    return None if is_same else moved

"""How large narration boxes are and where they stand. All sizes are view pixels.

A box claims its room once, as high as its text is likely to become, and keeps it while the text grows.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetrics

from comicreader.domain.box_placement import DetailMap, Stage, place_box
from comicreader.domain.framing import CaptionRoom
from comicreader.domain.geometry import Box
from comicreader.domain.panels import Panel
from comicreader.ui.caption_editor import LINE_HEIGHT_PERCENT
from comicreader.ui.narration_box import NarrationBox
from comicreader.ui.page_view import PageView
from comicreader.ui.theme import narration_font

# Letters a 44th of the view's shorter side are read without leaning forward, and never below what windows use.
_FONT_OF_VIEW = 1 / 44
_FONT_LIMITS_PX = (14, 30)
# Line lengths in letter heights: about 64, 42 and 27 characters. The first is the longest that reads well.
_WIDTHS_EM = (30, 20, 13)
# A long caption may take this part of the view, be it low and wide or high and narrow; then it scrolls.
_MOST_AREA_FRAC = 1 / 5
_MOST_HEIGHT_FRAC = 0.7
# What is kept free for a caption that is not written yet.
_EXPECTED_LINES = 3
_PADDING_PX = 20
_GAP_PX = 10


@dataclass(frozen=True, slots=True)
class BoxMeasures:
    """What the view's size makes of boxes.

    Attributes:
        font_px: height of the letters.
        line_px: from line to line.
        widths_px: the shapes to try, widest first.
        view_area: width times height of the view.
        highest_px: the highest that a box of any width may become.
    """

    font_px: int
    line_px: int
    widths_px: tuple[int, ...]
    view_area: int
    highest_px: int

    @classmethod
    def of(cls, view: PageView, font_scale: float) -> BoxMeasures:
        """The measures for a view; `font_scale` is the person's wish, 1 being the usual."""
        width, height = view.viewport().width(), view.viewport().height()
        smallest, largest = _FONT_LIMITS_PX
        usual_px = min(max(min(width, height) * _FONT_OF_VIEW, smallest), largest)
        # a person who made the system's letters large wants these large too
        font_px = round(max(usual_px, QFontMetrics(view.font()).height() * 0.9) * font_scale)
        line_px = round(QFontMetrics(narration_font(font_px)).height() * LINE_HEIGHT_PERCENT / 100)
        widths_px = tuple(max(1, min(width - 2 * _GAP_PX, width_em * font_px)) for width_em in _WIDTHS_EM)
        return cls(font_px, line_px, widths_px, width * height, round(height * _MOST_HEIGHT_FRAC))

    def most_px(self, width_px: int) -> int:
        """The highest that a box of a width may become; never less than three lines."""
        by_area_px = round(self.view_area * _MOST_AREA_FRAC / width_px)
        return max(_EXPECTED_LINES * self.line_px, min(by_area_px, self.highest_px))

    @property
    def expected_px(self) -> int:
        """The likely height of a caption that is not written yet."""
        return _EXPECTED_LINES * self.line_px + _PADDING_PX

    @property
    def room(self) -> CaptionRoom:
        """What the camera should leave free for one."""
        return CaptionRoom(self.expected_px + 2 * _GAP_PX, self.widths_px[-1] + 2 * _GAP_PX)


class NarrationPlaces:
    """The rooms that boxes have claimed in the view."""

    def __init__(self, view: PageView) -> None:
        self._view = view
        self._detail = DetailMap.blank()
        self._rooms: dict[str, Box] = {}

    def set_detail(self, detail: DetailMap) -> None:
        """Another page."""
        self._detail = detail
        self._rooms.clear()

    def forget_all(self) -> None:
        """The view has changed: every box must find a room anew."""
        self._rooms.clear()

    def forget(self, panel_id: str) -> None:
        """A box is gone."""
        self._rooms.pop(panel_id, None)

    def claim(self, box: NarrationBox, panel: Panel, measures: BoxMeasures, *, insists: bool) -> None:
        """Find a room for a box that has none.

        Args:
            box: filled with its caption.
            panel: the panel it tells.
            measures: the view's.
            insists: take room from other boxes where there is none left.
        """
        panel_place = self._view.place_of(panel.box)
        viewport = self._view.viewport()
        view = Box(0, 0, viewport.width(), viewport.height())
        is_in_sight = panel_place.intersection(view).area > 0
        if box.panel_id in self._rooms or not (is_in_sight or box.is_editing):
            return
        sizes = [self._size(box, width_px, measures) for width_px in measures.widths_px]
        page, is_dimmed = self._view.page_place(), self._view.is_dimmed
        taken = tuple(_with_air(other) for other in self._rooms.values())
        room = place_box(sizes, Stage(view, page, panel_place, is_dimmed, taken), self._detail)
        if room is None and insists:
            room = place_box(sizes, Stage(view, page, panel_place, is_dimmed), self._detail)
        if room is not None:
            self._take(box.panel_id, room)

    def settle(self, box: NarrationBox, panel: Panel, measures: BoxMeasures) -> bool:
        """Put a box into its room, as large as its text needs; False where it has none."""
        room = self._rooms.get(box.panel_id)
        if room is None:
            return False
        fit = box.fit(room.width, measures.most_px(room.width))
        width, height = fit.size.width(), fit.size.height()
        if height > room.height:
            lowest = self._view.viewport().height() - _GAP_PX
            room = Box(room.x, max(0, min(room.y, lowest - height)), room.width, height)
            self._take(box.panel_id, room)
        is_left_of_panel = room.right <= self._view.place_of(panel.box).x
        x = room.right - width if is_left_of_panel else room.x
        box.place(QRect(x, room.y, width, height), fit.font_px)
        return True

    def _size(self, box: NarrationBox, width_px: int, measures: BoxMeasures) -> tuple[int, int]:
        fit = box.fit(width_px, measures.most_px(width_px))
        if box.caption.is_standing or box.is_editing:
            return fit.size.width(), fit.size.height()
        return width_px, max(fit.size.height(), measures.expected_px)

    def _take(self, panel_id: str, room: Box) -> None:
        """Claim a room; boxes that stand there lose theirs."""
        others = {other: taken for other, taken in self._rooms.items() if not taken.intersection(room).area}
        self._rooms = {**others, panel_id: room}


def _with_air(box: Box) -> Box:
    """A box and the gap that others keep to it."""
    return Box(box.x - _GAP_PX, box.y - _GAP_PX, box.width + 2 * _GAP_PX, box.height + 2 * _GAP_PX)

"""The tools that draw boxes and splitting lines, and the one that gives panels their numbers."""

from __future__ import annotations

from dataclasses import replace

from comicreader.domain.geometry import Point, bounding_box
from comicreader.ui.panel_edit_item import EditorPicture
from comicreader.ui.panel_edit_tool import Sheet, Tool, ToolKind
from comicreader.ui.panel_intents import DrawPanel, OrderPanels, PanelIntent, SplitPanel


class _StrokeTool(Tool):
    """Draws from where the hand goes down to where it goes up."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet)
        self._stroke: tuple[Point, Point] | None = None

    def press(self, point: tuple[float, float], _reach_px: float, *, adds: bool) -> PanelIntent | None:  # noqa: ARG002
        """The stroke begins."""
        self._stroke = _rounded(point), _rounded(point)
        return None

    def drag_to(self, point: tuple[float, float]) -> None:
        """The stroke goes on."""
        if self._stroke is not None:
            self._stroke = self._stroke[0], _rounded(point)

    def release(self, *, was_dragged: bool) -> PanelIntent | None:
        """The stroke is done."""
        stroke, self._stroke = self._stroke, None
        return self._meant(stroke) if stroke is not None and was_dragged else None

    def cancel(self) -> bool:
        """Give the stroke up."""
        was_busy = self._stroke is not None
        self._stroke = None
        return was_busy

    def _meant(self, stroke: tuple[Point, Point]) -> PanelIntent | None:
        raise NotImplementedError


class DrawTool(_StrokeTool):
    """Draws a panel, also on top of others."""

    kind = ToolKind.DRAW

    def confirm(self) -> PanelIntent | None:
        """Draw one in the middle of the page, to be moved by keys."""
        page = self.sheet.page
        return DrawPanel(page.shrunk(min(page.width, page.height) // 3))

    def picture(self) -> EditorPicture:
        """The panels and the new box."""
        return replace(super().picture(), box=None if self._stroke is None else bounding_box(self._stroke))

    def _meant(self, stroke: tuple[Point, Point]) -> PanelIntent | None:
        return DrawPanel(bounding_box(stroke))


class SplitTool(_StrokeTool):
    """Draws a line across a panel; keys put it across the selected one."""

    kind = ToolKind.SPLIT

    def nudge(self, right_px: int, down_px: int, *, stretches: bool) -> None:  # noqa: ARG002 # a line has no size
        """Left and right move an upright line, up and down a level one."""
        selection = self.sheet.selection
        if not selection:
            return
        box = bounding_box(self.sheet.polygon_of(selection[0]))
        x, y = round(box.center[0]), round(box.center[1])
        is_upright, line = right_px != 0, self._stroke
        if line is not None and (line[0][0] == line[1][0]) is is_upright:
            x, y = line[0][0] + right_px, line[0][1] + down_px
        self._stroke = ((x, box.y), (x, box.bottom)) if is_upright else ((box.x, y), (box.right, y))

    def confirm(self) -> PanelIntent | None:
        """Split the selected panel along the line that keys have put there."""
        line, selection = self._stroke, self.sheet.selection
        self._stroke = None
        return SplitPanel(selection[0], line) if line is not None and selection else None

    def select_next(self, *, forward: bool) -> bool:
        """Tab: to the next panel, with no line yet."""
        self._stroke = None
        return super().select_next(forward=forward)

    def picture(self) -> EditorPicture:
        """The panels and the line."""
        return replace(super().picture(), line=self._stroke)

    def _meant(self, stroke: tuple[Point, Point]) -> PanelIntent | None:
        """The line is about the panel that its middle lies on."""
        (x0, y0), (x1, y1) = stroke
        panel_id = self.sheet.panel_under(((x0 + x1) / 2, (y0 + y1) / 2))
        return None if panel_id is None else SplitPanel(panel_id, stroke)


class OrderTool(Tool):
    """Numbers panels in the order in which they are clicked."""

    kind = ToolKind.ORDER

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet)
        self._order: tuple[str, ...] = ()

    @property
    def numbered(self) -> int:
        """How many panels have their number."""
        return len(self._order)

    def press(self, point: tuple[float, float], _reach_px: float, *, adds: bool) -> PanelIntent | None:  # noqa: ARG002
        """The panel under the hand gets the next number; the last one ends it."""
        panel_id = self.sheet.panel_under(point)
        return None if panel_id is None else self._number(panel_id)

    def mark(self) -> PanelIntent | None:
        """The selected panel gets the next number."""
        selection = self.sheet.selection
        return self._number(selection[0]) if selection else None

    def confirm(self) -> PanelIntent | None:
        """Keep the numbers given so far; the other panels follow as they were."""
        order, self._order = self._order, ()
        return OrderPanels(order) if order else None

    def cancel(self) -> bool:
        """Forget the numbers."""
        was_busy = bool(self._order)
        self._order = ()
        return was_busy

    def refresh(self) -> None:
        """Forget panels that are no longer there."""
        self._order = tuple(panel_id for panel_id in self._order if self.sheet.polygon_of(panel_id))

    def picture(self) -> EditorPicture:
        """The panels with their new numbers."""
        picture = super().picture()
        ids = [panel.id for panel in picture.panels]
        labels = tuple(str(self._order.index(each) + 1) if each in self._order else "?" for each in ids)
        return replace(picture, labels=labels, chosen=frozenset(self._order) or picture.chosen)

    def _number(self, panel_id: str) -> PanelIntent | None:
        if panel_id not in self._order:
            self._order += (panel_id,)
            self.sheet.selected = frozenset({panel_id})
        return self.confirm() if len(self._order) == len(self.sheet.panels) else None


def _rounded(point: tuple[float, float]) -> Point:
    return round(point[0]), round(point[1])

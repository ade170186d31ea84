"""The tools that pull at panels: one moves and resizes them, the other drags each corner its own way."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from comicreader.domain import panel_edits
from comicreader.domain.errors import PanelEditError
from comicreader.domain.geometry import Box, bounding_box
from comicreader.domain.panel_grips import Grip, GripKind, corner_grips, dragged, grip_at, without_corner
from comicreader.domain.panels import Panel
from comicreader.ui.panel_edit_item import EditorPicture
from comicreader.ui.panel_edit_tool import Sheet, Tool, ToolKind
from comicreader.ui.panel_intents import MovePanels, PanelIntent, ReshapePanel
from comicreader.ui.panel_stroke_tools import DrawTool


@dataclass(frozen=True, slots=True)
class _Pull:
    """Something is being pulled.

    Attributes:
        grip: what.
        panel_ids: the panels that go along.
        start: where the hand took it, page pixels; None for keys.
        right_px: how far, page pixels.
        down_px: how far, page pixels.
        stretches: keys that move the right and lower edge, not the panel.
        adds: whether it was taken to change what is selected.
    """

    grip: Grip
    panel_ids: frozenset[str]
    start: tuple[float, float] | None = None
    right_px: float = 0.0
    down_px: float = 0.0
    stretches: bool = False
    adds: bool = False

    @property
    def moves(self) -> bool:
        """Whether whole panels go elsewhere."""
        return self.grip.kind is GripKind.BODY and not self.stretches


class MoveTool(Tool):
    """Moves panels and resizes them by corners and edges; on empty paper it draws."""

    kind = ToolKind.MOVE
    _reshapes = False

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet)
        self._pull: _Pull | None = None
        self._pulled: tuple[Panel, ...] = ()  # as the pull leaves the panels, the last time that was possible
        self._drawing: DrawTool | None = None

    def grip_at(self, point: tuple[float, float], reach_px: float) -> Grip | None:
        """What the hand would take hold of."""
        return grip_at(self.sheet.panels, self.sheet.selected, point, reach_px, reshapes=self._reshapes)

    def press(self, point: tuple[float, float], reach_px: float, *, adds: bool) -> PanelIntent | None:
        """The hand takes hold of a panel, or begins to draw one."""
        grip = self.grip_at(point, reach_px)
        if grip is None:
            self._press_on_paper(point, reach_px)
            return None
        self.sheet.select(grip.panel_id, adds=adds)
        if grip.panel_id in self.sheet.selected:
            together = self.sheet.selected if grip.kind is GripKind.BODY else frozenset({grip.panel_id})
            self._pull = _Pull(grip, together, point, adds=adds)
        return None

    def drag_to(self, point: tuple[float, float]) -> None:
        """What is held goes along."""
        if self._drawing is not None:
            self._drawing.drag_to(point)
        elif self._pull is not None and self._pull.start is not None:
            x, y = self._pull.start
            self._pull_on(replace(self._pull, right_px=point[0] - x, down_px=point[1] - y))

    def release(self, *, was_dragged: bool) -> PanelIntent | None:
        """What was pulled is meant; a click only selects."""
        drawing, self._drawing = self._drawing, None
        if drawing is not None:
            if not was_dragged:
                self.sheet.selected = frozenset()
            return drawing.release(was_dragged=was_dragged)
        if was_dragged:
            return self._meant()
        if self._pull is not None and not self._pull.adds:
            self.sheet.selected = frozenset({self._pull.grip.panel_id})
        self.cancel()
        return None

    def nudge(self, right_px: int, down_px: int, *, stretches: bool) -> None:
        """The selected panels move, or the first of them gets another size."""
        selection = self.sheet.selection
        if not selection:
            return
        pull = self._pull or _Pull(self._key_grip(selection[0]), frozenset(selection), stretches=stretches)
        if pull.start is None:
            self._pull_on(replace(pull, right_px=pull.right_px + right_px, down_px=pull.down_px + down_px))

    def end_nudge(self) -> PanelIntent | None:
        """What was moved is meant."""
        return self._meant() if self._pull is not None and self._pull.start is None else None

    def cancel(self) -> bool:
        """Let go; all is as before."""
        was_busy = self._pull is not None or self._drawing is not None
        self._pull, self._pulled, self._drawing = None, (), None
        return was_busy

    def refresh(self) -> None:
        """Let go of what is no longer there."""
        if self._pull is not None and not self._pull.panel_ids <= {panel.id for panel in self.sheet.panels}:
            self.cancel()

    def picture(self) -> EditorPicture:
        """The panels as they are pulled, with grips."""
        if self._drawing is not None:
            return self._drawing.picture()
        panels = self._pulled or self.sheet.panels
        held = [panel for panel in panels if self._reshapes or panel.id in self.sheet.selected]
        grips = [entry for panel in held for entry in corner_grips(panel, reshapes=self._reshapes)]
        return replace(
            super().picture(),
            panels=panels,
            grips=tuple(place for grip, place in grips if grip.kind is not GripKind.NEW_CORNER),
            small_grips=tuple(place for grip, place in grips if grip.kind is GripKind.NEW_CORNER),
        )

    def _press_on_paper(self, point: tuple[float, float], reach_px: float) -> None:
        self._drawing = DrawTool(self.sheet)
        self._drawing.press(point, reach_px, adds=False)

    def _key_grip(self, panel_id: str) -> Grip:
        """What arrow keys move."""
        return Grip(GripKind.BODY, panel_id)

    def _pull_on(self, pull: _Pull) -> None:
        """Go on pulling; where the outline would be none, it stays as it last was one."""
        self._pull = pull
        with suppress(PanelEditError):
            self._pulled = _after(pull, self.sheet)

    def _meant(self) -> PanelIntent | None:
        pull, panels = self._pull, self._pulled
        self.cancel()
        if pull is None or not panels or panels == self.sheet.panels:
            return None
        self.sheet.panels = panels  # as it will be, so that nothing jumps back meanwhile
        if pull.moves:
            return MovePanels(pull.panel_ids, round(pull.right_px), round(pull.down_px))
        return ReshapePanel(pull.grip.panel_id, self.sheet.polygon_of(pull.grip.panel_id))


class ReshapeTool(MoveTool):
    """Drags corners, makes new ones of edges' middles, and takes corners away."""

    kind = ToolKind.RESHAPE
    _reshapes = True

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet)
        self._corner: tuple[str, int] | None = None  # the one that keys move: panel id and index

    def press(self, point: tuple[float, float], reach_px: float, *, adds: bool) -> PanelIntent | None:
        """The hand takes hold of a corner or a panel."""
        grip = self.grip_at(point, reach_px)
        self._corner = (grip.panel_id, grip.index) if grip is not None and grip.kind is GripKind.CORNER else None
        return super().press(point, reach_px, adds=adds)

    def double_click(self, point: tuple[float, float], reach_px: float) -> PanelIntent | None:
        """A corner is taken away."""
        grip = self.grip_at(point, reach_px)
        if grip is None or grip.kind is not GripKind.CORNER:
            return None
        self._corner = grip.panel_id, grip.index
        return self.delete()

    def confirm(self) -> PanelIntent | None:
        """A corner is put between the one that keys move and the next, to be moved in its turn."""
        if self._corner is None:
            return None
        panel_id, index = self._corner
        self._corner = panel_id, index + 1
        grip = Grip(GripKind.NEW_CORNER, panel_id, index)
        return ReshapePanel(panel_id, dragged(self.sheet.polygon_of(panel_id), grip, 0, 0))

    def delete(self) -> PanelIntent | None:
        """The corner that keys move is taken away; without one, the selected panels are."""
        if self._corner is None:
            return super().delete()
        panel_id, index = self._corner
        self._corner = None
        polygon = self.sheet.polygon_of(panel_id)
        fewer = without_corner(polygon, index)
        return ReshapePanel(panel_id, fewer) if fewer != polygon else None

    def select_next(self, *, forward: bool) -> bool:
        """Tab: to the next corner, of the next panel after the last one."""
        stops = [(panel.id, index) for panel in self.sheet.panels for index in range(len(panel.polygon))]
        if not forward:
            stops.reverse()
        first = next((stop for stop in stops if stop[0] in self.sheet.selected), stops[0] if stops else None)
        following = first
        if self._corner in stops:
            index = stops.index(self._corner) + 1
            following = stops[index] if index < len(stops) else None
        if following is None:
            return False
        self._corner = following
        self.sheet.selected = frozenset({following[0]})
        return True

    def refresh(self) -> None:
        """Let go of what is no longer there."""
        super().refresh()
        if self._corner is not None and self._corner[1] >= len(self.sheet.polygon_of(self._corner[0])):
            self._corner = None

    def picture(self) -> EditorPicture:
        """The panels with all their corners."""
        picture = super().picture()
        if self._corner is None:
            return picture
        panel_id, index = self._corner
        polygon = next((panel.polygon for panel in picture.panels if panel.id == panel_id), ())
        return replace(picture, held=polygon[index] if index < len(polygon) else None)

    def _press_on_paper(self, _point: tuple[float, float], _reach_px: float) -> None:
        self.sheet.selected = frozenset()

    def _key_grip(self, panel_id: str) -> Grip:
        return super()._key_grip(panel_id) if self._corner is None else Grip(GripKind.CORNER, *self._corner)


def _after(pull: _Pull, sheet: Sheet) -> tuple[Panel, ...]:
    """The panels as a pull leaves them.

    Raises:
        PanelEditError: the outline would be none.
    """
    panel_id, polygon = pull.grip.panel_id, sheet.polygon_of(pull.grip.panel_id)
    right_px, down_px = round(pull.right_px), round(pull.down_px)
    if pull.moves:
        return panel_edits.moved(sheet.panels, pull.panel_ids, right_px, down_px, sheet.page).panels
    if pull.stretches:
        box = bounding_box(polygon)
        larger = Box(box.x, box.y, max(0, box.width + right_px), max(0, box.height + down_px))
        return panel_edits.resized(sheet.panels, panel_id, larger, sheet.page).panels
    outline = dragged(polygon, pull.grip, pull.right_px, pull.down_px)
    return panel_edits.reshaped(sheet.panels, panel_id, outline, sheet.page).panels

"""The tools with which panels are corrected: what they have in common, and the sheet they all work on.

A tool gets what hand and keys do, in page pixels, and answers with an intent once it knows what is meant. It changes
nothing but the selection: the panels as they became are set anew by whoever carries the intent out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from comicreader.domain.geometry import Box, Polygon
from comicreader.domain.navigation import stop_at
from comicreader.domain.panel_grips import Grip
from comicreader.domain.panels import Panel
from comicreader.ui.panel_edit_item import EditorPicture
from comicreader.ui.panel_intents import DeletePanels, PanelIntent


class ToolKind(Enum):
    """Which tool is in hand."""

    MOVE = "move"
    RESHAPE = "reshape"
    DRAW = "draw"
    SPLIT = "split"
    ORDER = "order"


@dataclass(slots=True, eq=False)
class Sheet:
    """The page that is worked on.

    Attributes:
        page: the whole page.
        panels: in reading order.
        selected: ids of the selected panels.
    """

    page: Box = field(default_factory=lambda: Box(0, 0, 0, 0))
    panels: tuple[Panel, ...] = ()
    selected: frozenset[str] = frozenset()

    @property
    def selection(self) -> tuple[str, ...]:
        """Ids of the selected panels in reading order."""
        return tuple(panel.id for panel in self.panels if panel.id in self.selected)

    def polygon_of(self, panel_id: str) -> Polygon:
        """A panel's outline; empty where there is no such panel."""
        return next((panel.polygon for panel in self.panels if panel.id == panel_id), ())

    def panel_under(self, point: tuple[float, float]) -> str | None:
        """The panel at a point, the smallest where several are."""
        stop = stop_at(0, self.panels, point)
        return None if stop is None or stop.panel_index is None else self.panels[stop.panel_index].id

    def select(self, panel_id: str, *, adds: bool = False) -> None:
        """Select a panel alone, or add it to the selection or take it out."""
        if adds:
            self.selected ^= {panel_id}
        elif panel_id not in self.selected:
            self.selected = frozenset({panel_id})


class Tool:
    """A tool in hand; what it has no use for it ignores."""

    kind: ClassVar[ToolKind]

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def grip_at(self, _point: tuple[float, float], _reach_px: float) -> Grip | None:
        """What the hand would take hold of."""
        return None

    def press(self, point: tuple[float, float], reach_px: float, *, adds: bool) -> PanelIntent | None:
        """The hand goes down.

        Args:
            point: page pixels.
            reach_px: how far off a corner or edge may be, page pixels.
            adds: whether what is selected stays selected.
        """
        raise NotImplementedError

    def drag_to(self, point: tuple[float, float]) -> None:
        """The hand moves while it is down."""

    def release(self, *, was_dragged: bool) -> PanelIntent | None:  # noqa: ARG002 # for tools that are dragged
        """The hand goes up."""
        return None

    def double_click(self, _point: tuple[float, float], _reach_px: float) -> PanelIntent | None:
        """The hand went down twice."""
        return None

    def nudge(self, right_px: int, down_px: int, *, stretches: bool) -> None:
        """An arrow key, possibly held down; `end_nudge` follows."""

    def end_nudge(self) -> PanelIntent | None:
        """The arrow key was let go."""
        return None

    def confirm(self) -> PanelIntent | None:
        """Enter."""
        return None

    def mark(self) -> PanelIntent | None:
        """Space."""
        return None

    def delete(self) -> PanelIntent | None:
        """Delete."""
        return DeletePanels(self.sheet.selected) if self.sheet.selected else None

    def select_next(self, *, forward: bool) -> bool:
        """Tab: to the next panel; False after the last one."""
        ids = [panel.id for panel in self.sheet.panels]
        if not forward:
            ids.reverse()
        selection = self.sheet.selection
        index = ids.index(selection[-1 if forward else 0]) + 1 if selection else 0
        if index >= len(ids):
            return False
        self.sheet.selected = frozenset({ids[index]})
        return True

    def cancel(self) -> bool:
        """Give up what is under way; False where nothing is."""
        return False

    def refresh(self) -> None:
        """The sheet's panels are others now."""

    def picture(self) -> EditorPicture:
        """What is to be seen."""
        panels = self.sheet.panels
        labels = tuple(str(number) for number in range(1, len(panels) + 1))
        return EditorPicture(panels, labels, self.sheet.selected)

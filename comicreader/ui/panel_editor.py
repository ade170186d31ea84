"""Correcting panels in the window: the mode, the tool in hand, and the person's intents as they come.

mouse and keys -> PanelEditInput -> Tool -> intent -> PanelEditPresenter -> library -> panels, set anew
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from PySide6.QtCore import QObject, QRectF, Signal

from comicreader.domain.geometry import Box
from comicreader.domain.panel_grips import Grip
from comicreader.domain.panels import Panel
from comicreader.ui.page_view import PageView
from comicreader.ui.panel_edit_item import PanelEditItem
from comicreader.ui.panel_edit_tool import Sheet, Tool, ToolKind
from comicreader.ui.panel_intents import DeletePanels, MergePanels, OrderPanels, PanelIntent
from comicreader.ui.panel_pull_tools import MoveTool, ReshapeTool
from comicreader.ui.panel_stroke_tools import DrawTool, OrderTool, SplitTool

_TOOLS: dict[ToolKind, type[Tool]] = {
    tool.kind: tool for tool in (MoveTool, ReshapeTool, DrawTool, SplitTool, OrderTool)
}


class PanelEditor(QObject):
    """Lets a person correct the panels of the page in a view.

    Signals:
        active_changed(bool): panels are being corrected, or no longer.
        edit_requested(PanelIntent): what the person wants done.
        selection_changed(tuple[str, ...]): ids of the panels that the person selected, in reading order.
        tool_changed(): another tool is in hand, or it got on.
    """

    active_changed = Signal(bool)
    edit_requested = Signal(object)
    selection_changed = Signal(object)
    tool_changed = Signal()

    def __init__(self, view: PageView) -> None:
        super().__init__(view)
        self._item = PanelEditItem()
        view.scene().addItem(self._item)
        self._is_active = False
        self._sheet = Sheet()
        self._tool: Tool = MoveTool(self._sheet)

    # The mode

    @property
    def is_active(self) -> bool:
        """Whether panels are being corrected."""
        return self._is_active

    @property
    def tool(self) -> ToolKind:
        """The tool in hand."""
        return self._tool.kind

    @property
    def numbered(self) -> int:
        """How many panels have got their new number."""
        return self._tool.numbered if isinstance(self._tool, OrderTool) else 0

    @property
    def selection(self) -> tuple[str, ...]:
        """Ids of the selected panels, in reading order."""
        return self._sheet.selection

    @property
    def panels(self) -> tuple[Panel, ...]:
        """The panels as they are shown."""
        return self._sheet.panels

    def set_active(self, is_active: bool) -> None:
        """Begin or end correcting."""
        if is_active == self._is_active:
            return
        self._is_active = is_active
        self._item.setVisible(is_active)
        self._tool = MoveTool(self._sheet)
        self._show()
        self.active_changed.emit(is_active)
        self.tool_changed.emit()

    def set_page(self, page: Box) -> None:
        """Another page, whose panels are not known yet; an empty box where there is none."""
        self._sheet.page = page
        self._item.set_page(QRectF(page.x, page.y, page.width, page.height))
        self._tool.cancel()
        self.set_panels(())

    def set_panels(self, panels: tuple[Panel, ...], select: Collection[str] | None = None) -> None:
        """The page's panels as they stand.

        Args:
            panels: in reading order, with ids.
            select: ids to be selected; None: those that are, as far as they are still there.
        """
        ids = frozenset(panel.id for panel in panels)
        self._sheet.panels = panels
        self._sheet.selected = ids & (self._sheet.selected if select is None else frozenset(select))
        self._tool.refresh()
        self._show()

    def select(self, panel_id: str) -> None:
        """Select a panel that was reached in another way, unless it is selected already."""
        if panel_id not in self._sheet.selected:
            self._sheet.selected = frozenset({panel_id})
            self._show()

    def set_tool(self, kind: ToolKind) -> None:
        """Take a tool in hand; taking the one for numbers again keeps the numbers given so far."""
        if kind is ToolKind.ORDER and self._tool.kind is ToolKind.ORDER:
            self.confirm()
        else:
            self._tool = _TOOLS[kind](self._sheet)
        self._show()
        self.tool_changed.emit()

    def step_out(self) -> bool:
        """Give up what is under way, or put the tool away; False where there is neither."""
        if not self._tool.cancel():
            if self._tool.kind is ToolKind.MOVE:
                return False
            self._tool = MoveTool(self._sheet)
        self._show()
        self.tool_changed.emit()
        return True

    # Commands

    def merge(self) -> None:
        """Merge the selected panels; a single one with the next, the last one with the one before."""
        selected = self._sheet.selected
        if len(selected) == 1:
            ids = [panel.id for panel in self._sheet.panels]
            first = min(ids.index(self.selection[0]), max(0, len(ids) - 2))
            selected = frozenset(ids[first : first + 2])
        self.edit_requested.emit(MergePanels(selected))

    def delete(self) -> None:
        """Delete the selected panels, or what the tool has hold of."""
        self._do(self._tool.delete)

    def delete_panels(self) -> None:
        """Delete the selected panels."""
        if self._sheet.selected:
            self.edit_requested.emit(DeletePanels(self._sheet.selected))

    # What hand and keys do, in page pixels: see `Tool`

    def grip_at(self, point: tuple[float, float], reach_px: float) -> Grip | None:
        """What the hand would take hold of."""
        return self._tool.grip_at(point, reach_px)

    def press(self, point: tuple[float, float], reach_px: float, *, adds: bool) -> None:
        """The hand goes down."""
        self._do(lambda: self._tool.press(point, reach_px, adds=adds))

    def drag_to(self, point: tuple[float, float]) -> None:
        """The hand moves while it is down."""
        self._tool.drag_to(point)
        self._show()

    def release(self, *, was_dragged: bool) -> None:
        """The hand goes up."""
        self._do(lambda: self._tool.release(was_dragged=was_dragged))

    def double_click(self, point: tuple[float, float], reach_px: float) -> None:
        """The hand went down twice."""
        self._do(lambda: self._tool.double_click(point, reach_px))

    def nudge(self, right_px: int, down_px: int, *, stretches: bool) -> None:
        """An arrow key."""
        self._tool.nudge(right_px, down_px, stretches=stretches)
        self._show()

    def end_nudge(self) -> None:
        """The arrow key was let go."""
        self._do(self._tool.end_nudge)

    def confirm(self) -> None:
        """Enter."""
        self._do(self._tool.confirm)

    def mark(self) -> None:
        """Space."""
        self._do(self._tool.mark)

    def select_next(self, *, forward: bool) -> bool:
        """Tab; False where there is nothing further to be selected."""
        before = self.selection
        is_there = self._tool.select_next(forward=forward)
        self._show()
        if self.selection != before:
            self.selection_changed.emit(self.selection)
        return is_there

    def _do(self, act: Callable[[], PanelIntent | None]) -> None:
        """Let the tool act, show what came of it, and say what is meant."""
        before = self.selection
        intent = act()
        is_ordered = isinstance(intent, OrderPanels)
        if is_ordered:
            self._tool = MoveTool(self._sheet)
        self._show()
        if self.selection != before:
            self.selection_changed.emit(self.selection)
        if is_ordered or self._tool.kind is ToolKind.ORDER:
            self.tool_changed.emit()
        if intent is not None:
            self.edit_requested.emit(intent)

    def _show(self) -> None:
        self._item.show_picture(self._tool.picture())

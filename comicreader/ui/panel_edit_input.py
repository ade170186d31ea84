"""Mouse and keys over the page while panels are corrected, brought to page pixels."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent

from comicreader.domain.panel_grips import Grip, GripKind
from comicreader.ui.page_view import PageView
from comicreader.ui.panel_edit_tool import ToolKind
from comicreader.ui.panel_editor import PanelEditor

# A corner or edge is taken from this far on both sides, view pixels: 18 across.
_REACH_PX = 9.0
# A hand that moves less only clicks, view pixels; the desktop's own distance is too long to set an edge right by.
_DRAG_PX = 3
_STEP_PX, _LARGE_STEP_PX = 1, 10  # page pixels, an arrow key; with Shift

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_KEYS = {*_ARROWS, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Delete, Qt.Key.Key_Backspace}
_ADDING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier


class PanelEditInput(QObject):
    """Takes the left mouse button, arrows, Tab, Enter and Delete from the page and gives them to the editor."""

    def __init__(self, view: PageView, editor: PanelEditor) -> None:
        super().__init__(editor)
        self._view = view
        self._editor = editor
        self._pressed_at: QPointF | None = None  # view pixels
        self._is_dragging = False
        editor.active_changed.connect(self._on_active_changed)

    def _on_active_changed(self, is_active: bool) -> None:
        """Begin or end taking events."""
        viewport = self._view.viewport()
        for watched in (self._view, viewport):
            if is_active:
                watched.installEventFilter(self)
            else:
                watched.removeEventFilter(self)
        if is_active:
            viewport.setMouseTracking(True)
        viewport.unsetCursor()
        self._pressed_at = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: an event on its way to the page."""
        if watched is self._view:
            if isinstance(event, QKeyEvent):
                return self._on_key(event)
            if event.type() == QEvent.Type.FocusOut:
                self._editor.end_nudge()
            return False
        return isinstance(event, QMouseEvent) and self._on_mouse(event)

    # Mouse

    def _on_mouse(self, event: QMouseEvent) -> bool:
        if event.type() == QEvent.Type.MouseMove:
            return self._on_moved(event)
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        if event.type() == QEvent.Type.MouseButtonPress:
            self._view.setFocus(Qt.FocusReason.MouseFocusReason)
            self._pressed_at, self._is_dragging = event.position(), False
            adds = bool(event.modifiers() & _ADDING)
            self._editor.press(self._on_page(event.position()), self._reach_px(), adds=adds)
        elif event.type() == QEvent.Type.MouseButtonDblClick:
            self._pressed_at = None
            self._editor.double_click(self._on_page(event.position()), self._reach_px())
        elif event.type() == QEvent.Type.MouseButtonRelease and self._pressed_at is not None:
            self._pressed_at = None
            self._editor.release(was_dragged=self._is_dragging)
        return True

    def _on_moved(self, event: QMouseEvent) -> bool:
        if self._pressed_at is None:
            self._show_cursor(event.position())
            return False
        way = event.position() - self._pressed_at
        self._is_dragging = self._is_dragging or way.manhattanLength() >= _DRAG_PX
        if self._is_dragging:
            self._editor.drag_to(self._on_page(event.position()))
        return True

    def _show_cursor(self, place: QPointF) -> None:
        grip = self._editor.grip_at(self._on_page(place), self._reach_px())
        if grip is not None:
            shape = self._cursor_of(grip)
        elif self._editor.tool is ToolKind.ORDER:
            shape = Qt.CursorShape.PointingHandCursor
        elif self._editor.tool is ToolKind.RESHAPE:
            shape = Qt.CursorShape.ArrowCursor
        else:
            shape = Qt.CursorShape.CrossCursor
        self._view.viewport().setCursor(shape)

    def _cursor_of(self, grip: Grip) -> Qt.CursorShape:
        if grip.kind is GripKind.BODY:
            return Qt.CursorShape.SizeAllCursor
        if grip.kind is GripKind.BOX_CORNER:
            return Qt.CursorShape.SizeBDiagCursor if grip.index % 2 else Qt.CursorShape.SizeFDiagCursor
        if grip.kind is not GripKind.EDGE:
            return Qt.CursorShape.PointingHandCursor
        polygon = next(panel.polygon for panel in self._editor.panels if panel.id == grip.panel_id)
        (x0, y0), (x1, y1) = polygon[grip.index], polygon[(grip.index + 1) % len(polygon)]
        is_upright = abs(x1 - x0) < abs(y1 - y0)
        return Qt.CursorShape.SizeHorCursor if is_upright else Qt.CursorShape.SizeVerCursor

    def _on_page(self, place: QPointF) -> tuple[float, float]:
        """A point of the view on the page."""
        inverse, _ = self._view.viewportTransform().inverted()
        point = inverse.map(place)
        return point.x(), point.y()

    def _reach_px(self) -> float:
        return _REACH_PX / max(1e-6, self._view.transform().m11())

    # Keys

    def _on_key(self, event: QKeyEvent) -> bool:
        is_space = event.key() == Qt.Key.Key_Space and self._editor.tool is ToolKind.ORDER
        is_tab = event.key() in {Qt.Key.Key_Tab, Qt.Key.Key_Backtab}
        is_plain = not event.modifiers() & ~(_ADDING | Qt.KeyboardModifier.KeypadModifier)
        if not is_plain or not (is_space or is_tab or event.key() in _KEYS):
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # it comes again as a key, not as a shortcut
        elif event.type() == QEvent.Type.KeyPress:
            return self._on_key_pressed(event)
        elif event.key() in _ARROWS and not event.isAutoRepeat():
            self._editor.end_nudge()
        return True

    def _on_key_pressed(self, event: QKeyEvent) -> bool:
        """False where the key means what it always does: Tab, after the last panel."""
        key = event.key()
        if key in _ARROWS:
            is_large = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            step_px = _LARGE_STEP_PX if is_large else _STEP_PX
            right, down = _ARROWS[Qt.Key(key)]
            stretches = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self._editor.nudge(right * step_px, down * step_px, stretches=stretches)
        elif key in {Qt.Key.Key_Tab, Qt.Key.Key_Backtab}:
            is_back = key == Qt.Key.Key_Backtab or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            return self._editor.select_next(forward=not is_back)
        elif key in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            self._editor.delete()
        elif key == Qt.Key.Key_Space:
            self._editor.mark()
        else:
            self._editor.confirm()
        return True

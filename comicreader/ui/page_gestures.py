"""What the mouse, the wheel and the touchpad mean on the page: clicks, drags, notches."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

# The left button drags, and clicks; the middle one only drags, also where the left one is somebody else's.
_DRAGGING_BUTTONS = {Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton}
# One notch of an ordinary wheel; Qt counts in eighths of a degree.
_NOTCH = 120


class PageGestures(QObject):
    """Watches a widget's mouse; all points are in that widget's pixels.

    Signals:
        clicked(QPointF): the left button was pressed and let go in one place.
        double_clicked(QPointF): twice.
        dragged(float, float): the page is being moved by hand, this much further right and down.
        drag_ended(): the hand let go.
        wheel_turned(float): by this many notches; above 0 is away from the person.
        zoomed(float, QPointF): the wheel was turned with Ctrl held, or two fingers were spread: factor and point.
    """

    clicked = Signal(QPointF)
    double_clicked = Signal(QPointF)
    dragged = Signal(float, float)
    drag_ended = Signal()
    wheel_turned = Signal(float)
    zoomed = Signal(float, QPointF)

    ZOOM_STEP = 1.25
    """Factor of one notch; keys zoom by the same."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self._pressed_at: QPointF | None = None
        self._is_dragging = False
        self._button = Qt.MouseButton.NoButton
        watched.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Qt: an event on its way to the widget."""
        if isinstance(event, QWheelEvent):
            return self._on_wheel(event)
        if not isinstance(event, QMouseEvent):
            return False
        if event.type() == QEvent.Type.MouseButtonDblClick and event.button() == Qt.MouseButton.LeftButton:
            self._pressed_at = None
            self.double_clicked.emit(event.position())
        elif event.type() == QEvent.Type.MouseButtonPress and event.button() in _DRAGGING_BUTTONS:
            self._pressed_at, self._is_dragging, self._button = event.position(), False, event.button()
        elif event.type() == QEvent.Type.MouseMove and self._pressed_at is not None:
            self._on_moved(self._pressed_at, event.position())
        elif event.type() == QEvent.Type.MouseButtonRelease and self._pressed_at is not None:
            self._on_released(self._pressed_at)
        return False

    def _on_moved(self, pressed_at: QPointF, point: QPointF) -> None:
        way = point - pressed_at
        if self._is_dragging or way.manhattanLength() >= QApplication.startDragDistance():
            self._is_dragging, self._pressed_at = True, point
            self.dragged.emit(way.x(), way.y())

    def _on_released(self, pressed_at: QPointF) -> None:
        self._pressed_at = None
        if self._is_dragging:
            self.drag_ended.emit()
        elif self._button == Qt.MouseButton.LeftButton:
            self.clicked.emit(pressed_at)

    def _on_wheel(self, event: QWheelEvent) -> bool:
        notches = (event.angleDelta().y() or event.angleDelta().x()) / _NOTCH
        event.accept()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoomed.emit(self.ZOOM_STEP**notches, event.position())
        else:
            self.wheel_turned.emit(notches)
        return True

"""A box drawn on the page by hand, once."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QRubberBand

from comicreader.domain.geometry import Box
from comicreader.ui.page_view import PageView

_SMALLEST_PX = 6  # view pixels: a hand that moves less has drawn nothing


class BoxDrawing(QObject):
    """While it is active, the left button draws on the page; Enter takes the panel that is read, Esc leaves.

    Signals:
        drawn(Box): a box in page pixels; None for the whole panel that is read.
        active_changed(bool): drawing began or ended.
    """

    drawn = Signal(object)
    active_changed = Signal(bool)

    def __init__(self, view: PageView) -> None:
        super().__init__(view)
        self._view = view
        self._band = QRubberBand(QRubberBand.Shape.Rectangle, view.viewport())
        self._from: QPoint | None = None
        self._is_active = False

    @property
    def is_active(self) -> bool:
        """Whether a box can be drawn."""
        return self._is_active

    def set_active(self, is_active: bool) -> None:
        """Begin or give up."""
        if is_active == self._is_active:
            return
        self._is_active, self._from = is_active, None
        for watched in (self._view, self._view.viewport()):
            if is_active:
                watched.installEventFilter(self)
            else:
                watched.removeEventFilter(self)
        if is_active:
            self._view.viewport().setCursor(Qt.CursorShape.CrossCursor)
            self._view.setFocus()
        else:
            self._band.hide()
            self._view.viewport().unsetCursor()
        self.active_changed.emit(is_active)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: an event on its way to the page."""
        if watched is self._view:
            return isinstance(event, QKeyEvent) and self._on_key(event)
        return isinstance(event, QMouseEvent) and self._on_mouse(event)

    def _on_key(self, event: QKeyEvent) -> bool:
        is_taken = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
        if not is_taken and event.key() != Qt.Key.Key_Escape:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # it comes again as a key, not as a shortcut
        elif event.type() == QEvent.Type.KeyPress:
            self.set_active(False)
            if is_taken:
                self.drawn.emit(None)
        return True

    def _on_mouse(self, event: QMouseEvent) -> bool:
        place = event.position().toPoint()
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._from = place
            self._band.setGeometry(QRect(place, QSize()))
            self._band.show()
        elif event.type() == QEvent.Type.MouseMove and self._from is not None:
            self._band.setGeometry(QRect(self._from, place).normalized())
        elif event.type() == QEvent.Type.MouseButtonRelease and self._from is not None:
            drawn, self._from = QRect(self._from, place).normalized(), None
            self._band.hide()
            if min(drawn.width(), drawn.height()) >= _SMALLEST_PX:
                self.set_active(False)
                self.drawn.emit(self._on_page(drawn))
        return event.button() != Qt.MouseButton.MiddleButton

    def _on_page(self, drawn: QRect) -> Box:
        corner = self._view.mapToScene(drawn.topLeft()).toPoint()
        end = self._view.mapToScene(drawn.bottomRight()).toPoint()
        return Box(corner.x(), corner.y(), max(1, end.x() - corner.x()), max(1, end.y() - corner.y()))

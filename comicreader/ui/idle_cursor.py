"""Takes the mouse cursor off the page in full screen while nobody moves it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

_HIDES_AFTER_MS = 2500


class IdleCursor(QObject):
    """Watches one widget."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self._watched = watched
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_HIDES_AFTER_MS)
        self._timer.timeout.connect(lambda: watched.setCursor(Qt.CursorShape.BlankCursor))
        self._is_active = False
        watched.setMouseTracking(True)
        watched.installEventFilter(self)

    def set_active(self, is_active: bool) -> None:
        """Begin to hide the cursor, or leave it alone."""
        self._is_active = is_active
        self._show()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Qt: an event on its way to the widget."""
        if event.type() in {QEvent.Type.MouseMove, QEvent.Type.MouseButtonPress}:
            self._show()
        return False

    def _show(self) -> None:
        if self._watched.cursor().shape() is Qt.CursorShape.BlankCursor:
            self._watched.unsetCursor()
        if self._is_active:
            self._timer.start()
        else:
            self._timer.stop()

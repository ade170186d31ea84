"""A picture as large as there is room for it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy


class ScaledPicture(QLabel):
    """Keeps a picture's shape; says in words what cannot be shown."""

    def __init__(self, name: str, least_height_px: int) -> None:
        """Make an empty one.

        Args:
            name: for screen readers.
            least_height_px: of the room it takes.
        """
        super().__init__()
        self._pixmap = QPixmap()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setMinimumHeight(least_height_px)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)

    def show_pixmap(self, pixmap: QPixmap, otherwise: str = "") -> None:
        """Show a picture, or a sentence where it is none."""
        self._pixmap = pixmap
        if pixmap.isNull():
            self.setText(otherwise)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit it anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._pixmap.isNull():
            return
        ratio = self.devicePixelRatioF()
        fitted = self._pixmap.scaled(
            self.size() * ratio, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        fitted.setDevicePixelRatio(ratio)
        self.setPixmap(fitted)

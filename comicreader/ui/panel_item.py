"""What tells the current panel apart on the page: all else dimmed in panel mode, a thin frame in page mode."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from comicreader.domain.panels import Panel

# Dark enough to draw the eye to the panel, light enough to still see the page as a page.
_DIM = QColor(20, 21, 23, 196)
_FRAME = QColor("#f2c14e")
_FRAME_PX = 2.5
_FRAME_EDGE = QColor(0, 0, 0, 120)


class PanelItem(QGraphicsItem):
    """Marks one panel; while the camera glides, the light moves from the last panel to it."""

    def __init__(self) -> None:
        super().__init__()
        self._page = QRectF()
        self._here = QPainterPath()
        self._before = QPainterPath()
        self._is_spotlight = False
        self._has_frame = True
        self._done_frac = 1.0

    def set_page(self, page: QRectF) -> None:
        """Another page: no panel is marked.

        Args:
            page: its rectangle, page pixels.
        """
        self.prepareGeometryChange()
        self._page = page
        self._here, self._before = QPainterPath(), QPainterPath()

    def mark(self, panel: Panel | None, *, is_spotlight: bool) -> None:
        """Mark a panel, or none.

        Args:
            panel: the current panel.
            is_spotlight: dim everything else instead of drawing a frame.
        """
        was_spotlight = self._is_spotlight and not self._here.isEmpty()
        self._before = self._here if was_spotlight else _rectangle(self._page)
        self._here = _outline(panel)
        self._is_spotlight = is_spotlight
        self._done_frac = 1.0
        self.update()

    def set_framing(self, *, has_frame: bool) -> None:
        """Draw the frame where nothing is dimmed, or do not."""
        self._has_frame = has_frame
        self.update()

    def set_done_frac(self, done_frac: float) -> None:
        """How far the light has moved to the marked panel, 0 to 1."""
        self._done_frac = done_frac
        self.update()

    def boundingRect(self) -> QRectF:
        """Qt: the page."""
        return self._page

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Qt: the dimming or the frame."""
        if self._here.isEmpty():
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._is_spotlight:
            if self._has_frame:
                self._paint_frame(painter)
            return
        page = _rectangle(self._page)
        if self._done_frac >= 1.0:
            painter.fillPath(page.subtracted(self._here), _DIM)
            return
        painter.fillPath(page.subtracted(self._here.united(self._before)), _DIM)
        painter.fillPath(self._before.subtracted(self._here), _dim(self._done_frac))
        painter.fillPath(self._here.subtracted(self._before), _dim(1.0 - self._done_frac))

    def _paint_frame(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width_px in ((_FRAME_EDGE, _FRAME_PX + 2), (_FRAME, _FRAME_PX)):
            pen = QPen(color, width_px)
            pen.setCosmetic(True)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPath(self._here)


def _dim(part: float) -> QColor:
    color = QColor(_DIM)
    color.setAlphaF(_DIM.alphaF() * part)
    return color


def _rectangle(rect: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.addRect(rect)
    return path


def _outline(panel: Panel | None) -> QPainterPath:
    path = QPainterPath()
    if panel is not None:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in panel.polygon]))
        path.closeSubpath()
    return path

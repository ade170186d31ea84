"""How panels look while they are corrected: outlines that stand out from any art, large numbers, grips to pull at."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from comicreader.domain.geometry import Box, Point
from comicreader.domain.panels import Panel

# A light line between dark ones is seen on white paper, on black ink and on everything between.
_DARK = QColor(16, 17, 19, 240)
_LIGHT = QColor("#ffffff")
_CHOSEN = QColor("#ffc93c")
_CHOSEN_VEIL = QColor(255, 201, 60, 46)
_LINE_PX, _CHOSEN_LINE_PX, _RIM_PX = 2.0, 3.0, 2.0
_GRIP_PX, _SMALL_GRIP_PX = 11.0, 9.0
_NUMBER_PX = 40.0
_NUMBER_OF_PANEL_FRAC = 0.42
_PAD_OF_NUMBER = 0.28
# Grips at the page's edge reach beyond it.
_MARGIN_FRAC = 0.05


@dataclass(frozen=True, slots=True)
class EditorPicture:
    """What is to be seen, in page pixels.

    Attributes:
        panels: in reading order.
        labels: what stands in each of them.
        chosen: ids of the selected ones.
        grips: corners to pull at.
        small_grips: places where pulling makes a corner.
        held: the corner that keys move.
        box: a panel that is being drawn.
        line: the line that will split a panel.
    """

    panels: tuple[Panel, ...] = ()
    labels: tuple[str, ...] = ()
    chosen: frozenset[str] = frozenset()
    grips: tuple[tuple[float, float], ...] = ()
    small_grips: tuple[tuple[float, float], ...] = ()
    held: Point | None = None
    box: Box | None = None
    line: tuple[Point, Point] | None = None


class PanelEditItem(QGraphicsItem):
    """Paints the panels over the page."""

    def __init__(self) -> None:
        super().__init__()
        self._page = QRectF()
        self._picture = EditorPicture()
        self.hide()

    def set_page(self, page: QRectF) -> None:
        """Another page."""
        self.prepareGeometryChange()
        self._page = page

    def show_picture(self, picture: EditorPicture) -> None:
        """Paint this from now on."""
        self._picture = picture
        self.update()

    def boundingRect(self) -> QRectF:
        """Qt: the page and what reaches beyond it."""
        margin = _MARGIN_FRAC * max(self._page.width(), self._page.height())
        return self._page.adjusted(-margin, -margin, margin, margin)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Qt: outlines first, then numbers, then what the hand is at."""
        picture = self._picture
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        page_px = 1 / max(1e-6, painter.worldTransform().m11())  # of one view pixel
        for panel in sorted(picture.panels, key=lambda panel: panel.id in picture.chosen):  # the selected ones on top
            is_chosen = panel.id in picture.chosen
            path = _outline(panel)
            if is_chosen:
                painter.fillPath(path, _CHOSEN_VEIL)
            width_px = _CHOSEN_LINE_PX if is_chosen else _LINE_PX
            _stroke(painter, path, _CHOSEN if is_chosen else _LIGHT, width_px)
        for panel, label in zip(picture.panels, picture.labels, strict=True):
            _paint_label(painter, panel.box, label, page_px, is_chosen=panel.id in picture.chosen)
        for place in picture.small_grips:
            _paint_grip(painter, QPointF(*place), _SMALL_GRIP_PX * page_px, page_px, is_round=True)
        for place in picture.grips:
            _paint_grip(painter, QPointF(*place), _GRIP_PX * page_px, page_px, is_held=place == picture.held)
        if picture.box is not None:
            path = QPainterPath()
            path.addRect(QRectF(picture.box.x, picture.box.y, picture.box.width, picture.box.height))
            painter.fillPath(path, _CHOSEN_VEIL)
            _stroke(painter, path, _CHOSEN, _LINE_PX)
        if picture.line is not None:
            path = QPainterPath(QPointF(*picture.line[0]))
            path.lineTo(QPointF(*picture.line[1]))
            _stroke(painter, path, _CHOSEN, _CHOSEN_LINE_PX)


def _stroke(painter: QPainter, path: QPainterPath, color: QColor, width_px: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for stroke, stroke_px in ((_DARK, width_px + 2 * _RIM_PX), (color, width_px)):
        pen = QPen(stroke, stroke_px)
        pen.setCosmetic(True)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawPath(path)


def _paint_label(painter: QPainter, box: Box, label: str, page_px: float, *, is_chosen: bool) -> None:
    """A number on a plate in the middle of its panel, smaller where the panel is small."""
    if not label:
        return
    font = QFont()
    font.setBold(True)
    font.setPixelSize(max(1, round(min(_NUMBER_PX * page_px, _NUMBER_OF_PANEL_FRAC * min(box.width, box.height)))))
    size = QFontMetricsF(font).boundingRect(label).size()
    pad = _PAD_OF_NUMBER * font.pixelSize()
    side = font.pixelSize() * 1.1
    plate = QRectF(0, 0, max(size.width() + 2 * pad, side + pad), side + pad)
    plate.moveCenter(QPointF(*box.center))
    painter.setPen(QPen(_DARK if is_chosen else _LIGHT, page_px * 1.5))
    painter.setBrush(_CHOSEN if is_chosen else _DARK)
    painter.drawRoundedRect(plate, plate.height() / 4, plate.height() / 4)
    painter.setFont(font)
    painter.setPen(_DARK if is_chosen else _LIGHT)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, label)


def _paint_grip(
    painter: QPainter, place: QPointF, side: float, page_px: float, *, is_round: bool = False, is_held: bool = False
) -> None:
    painter.setPen(QPen(_DARK, 1.5 * page_px))
    painter.setBrush(_CHOSEN if is_held else _LIGHT)
    grip = QRectF(place.x() - side / 2, place.y() - side / 2, side, side)
    if is_held:
        grip.adjust(-2 * page_px, -2 * page_px, 2 * page_px, 2 * page_px)
    if is_round:
        painter.drawEllipse(grip)
    else:
        painter.drawRect(grip)


def _outline(panel: Panel) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in panel.polygon]))
    path.closeSubpath()
    return path

"""The page in the scene: a picture, or a sheet that says why there is none. Scene units are page pixels."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from comicreader.ui.page_picture import PagePicture
from comicreader.ui.theme import svg_pixmap

# A page that cannot be shown stands in at the size of an ordinary one.
ERROR_PAGE = QRectF(0, 0, 900, 1270)

_SHEET = QColor("#2e2f32")
_SHEET_EDGE = QColor("#44464b")
_SHEET_TEXT = "#d9d9dc"
_SHADOWS = ((3, 70), (7, 34), (12, 16))  # view pixels beyond the page, darkness: softer the farther


class PageItem(QGraphicsItem):
    """Paints the current page."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmaps: tuple[tuple[QPixmap, QRectF], ...] = ()
        self._problem = ""
        self._rect = QRectF()

    def show_picture(self, picture: PagePicture) -> None:
        """Paint this page from now on."""
        self.prepareGeometryChange()
        self._rect = QRectF(0, 0, picture.width, picture.height)
        self._pixmaps = tuple((QPixmap.fromImage(tile.image), tile.place) for tile in picture.tiles)
        self._problem = ""
        self.update()

    def show_problem(self, sentence: str) -> None:
        """Paint a sheet with a sentence in the page's place."""
        self.prepareGeometryChange()
        self._rect = ERROR_PAGE
        self._pixmaps = ()
        self._problem = sentence
        self.update()

    def clear(self) -> None:
        """Paint nothing."""
        self.prepareGeometryChange()
        self._rect, self._pixmaps, self._problem = QRectF(), (), ""

    @property
    def page_rect(self) -> QRectF:
        """The page, page pixels."""
        return QRectF(self._rect)

    def boundingRect(self) -> QRectF:
        """Qt: the page and its shadow."""
        margin = max(self._rect.width(), self._rect.height()) * 0.1
        return self._rect.adjusted(-margin, -margin, margin, margin)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Qt: the page."""
        if self._rect.isEmpty():
            return
        self._paint_shadow(painter)
        if self._problem:
            self._paint_problem(painter)
        for pixmap, place in self._pixmaps:
            painter.drawPixmap(place, pixmap, QRectF(pixmap.rect()))

    def _paint_shadow(self, painter: QPainter) -> None:
        page_px = 1 / max(1e-6, painter.worldTransform().m11())  # of one view pixel
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for spread, alpha in _SHADOWS:
            painter.setBrush(QColor(0, 0, 0, alpha))
            edge = spread * page_px
            painter.drawRoundedRect(self._rect.adjusted(-edge, -edge / 2, edge, edge * 1.4), edge, edge)

    def _paint_problem(self, painter: QPainter) -> None:
        painter.setPen(_SHEET_EDGE)
        painter.setBrush(_SHEET)
        painter.drawRect(self._rect)
        middle = self._rect.center()
        icon = svg_pixmap("warning", _SHEET_TEXT, 96)
        painter.drawPixmap(QRectF(middle.x() - 48, middle.y() - 190, 96, 96), icon, QRectF(icon.rect()))
        font = QFont()
        font.setPixelSize(38)
        painter.setFont(font)
        painter.setPen(QColor(_SHEET_TEXT))
        text = QRectF(self._rect.left() + 90, middle.y() - 60, self._rect.width() - 180, 560)
        painter.drawText(text, Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap, self._problem)

"""How a row of the list of pages is painted: the picture, marks on it, the number, and a bar for what is told."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from comicreader.services.page_status import PageStatus
from comicreader.ui.page_strip_model import PAGE_ROLE, Index, StripPage
from comicreader.ui.theme import Theme, svg_pixmap

_PICTURE = QSize(100, 128)
_PAD_PX = 8
_NUMBER_PX = 20
_BAR_PX = 4
_BADGE_PX, _ICON_PX = 24, 16


class PageStripDelegate(QStyledItemDelegate):
    """Paints pages."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Qt: the same for all pages."""
        return QSize(_PICTURE.width() + 2 * _PAD_PX, _PICTURE.height() + _NUMBER_PX + _BAR_PX + 2 * _PAD_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt: one row."""
        page: StripPage = index.data(PAGE_ROLE)
        colors = self._theme.colors
        is_current = bool(option.state & QStyle.StateFlag.State_Selected)
        is_under_mouse = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if is_current or is_under_mouse:
            painter.fillRect(option.rect, QColor(colors.accent_soft if is_current else colors.hover))
        if is_current:
            painter.fillRect(QRect(option.rect.topLeft(), QSize(3, option.rect.height())), QColor(colors.accent))
        top = option.rect.top() + _PAD_PX
        room = QRect(option.rect.center().x() - _PICTURE.width() // 2, top, _PICTURE.width(), _PICTURE.height())
        picture = self._paint_picture(painter, room, page)
        if page.status is not None:
            self._paint_badges(painter, picture, page.status)
        number = QRect(option.rect.left(), room.bottom() + 1, option.rect.width(), _NUMBER_PX)
        painter.setPen(QColor(colors.text if is_current else colors.muted))
        painter.drawText(number, Qt.AlignmentFlag.AlignCenter, str(page.number))
        if page.status is not None and page.status.panel_count:
            self._paint_bar(painter, QRect(room.left(), number.bottom() + 1, room.width(), _BAR_PX), page.status)
        painter.restore()

    def _paint_picture(self, painter: QPainter, room: QRect, page: StripPage) -> QRect:
        """The page in the middle of its room; returns where."""
        colors = self._theme.colors
        if page.picture is None or page.picture.isNull():
            painter.fillRect(room, QColor(colors.hover))
            if page.is_broken:
                icon = svg_pixmap("warning", colors.warning, _BADGE_PX)
                painter.drawPixmap(room.center().x() - _BADGE_PX // 2, room.center().y() - _BADGE_PX // 2, icon)
            return room
        place = QRect(room.topLeft(), page.picture.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio))
        place.moveCenter(room.center())
        painter.drawPixmap(place, page.picture)
        painter.setPen(QColor(colors.border_strong))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(place)
        return place

    def _paint_badges(self, painter: QPainter, picture: QRect, status: PageStatus) -> None:
        """In the picture's upper corners: a warning on the right, what a person has corrected on the left."""
        colors = self._theme.colors
        if status.is_doubtful:
            self._paint_badge(painter, picture.right() - _BADGE_PX - 2, picture.top() + 4, "question", colors.warning)
        if status.is_corrected:
            self._paint_badge(painter, picture.left() + 4, picture.top() + 4, "edit-panels", colors.accent_on_window)

    def _paint_badge(self, painter: QPainter, x: int, y: int, icon: str, color: str) -> None:
        plate = QRectF(x, y, _BADGE_PX, _BADGE_PX)
        painter.setPen(QColor(color))
        painter.setBrush(QColor(self._theme.colors.surface))
        painter.drawEllipse(plate)
        margin = (_BADGE_PX - _ICON_PX) // 2
        painter.drawPixmap(x + margin, y + margin, svg_pixmap(icon, color, _ICON_PX))

    def _paint_bar(self, painter: QPainter, place: QRect, status: PageStatus) -> None:
        """How much is told."""
        colors = self._theme.colors
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.border_strong))
        painter.drawRoundedRect(place, _BAR_PX / 2, _BAR_PX / 2)
        told = QRect(place)
        told.setWidth(round(place.width() * status.told_count / status.panel_count))
        painter.setBrush(QColor(colors.accent))
        painter.drawRoundedRect(told, _BAR_PX / 2, _BAR_PX / 2)

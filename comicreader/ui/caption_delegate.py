"""How a row of the captions' list is painted, and how it is edited in place."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QObject,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from comicreader.ui.caption_editor import CaptionEditor
from comicreader.ui.caption_model import CAPTION_ROLE, Index
from comicreader.ui.panel_caption import CaptionState, PanelCaption
from comicreader.ui.theme import Theme, narration_font, svg_pixmap

_PAD_PX = 12
_THUMBNAIL = QSize(72, 64)
_BADGE_PX = 14
_BYLINE_GAP_PX = 5
_MIN_EDITOR_PX = 96
_TEXT_FLAGS = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap


@dataclass(frozen=True, slots=True)
class _Parts:
    """Where the parts of a row are."""

    thumbnail: QRect
    text: QRect
    byline: QRect


class CaptionDelegate(QStyledItemDelegate):
    """Paints a panel's picture, its number, its caption and who wrote it.

    Signals:
        edit_began(): a person writes in a row.
        save_requested(str, str, float): panel id, new text, seconds spent.
    """

    edit_began = Signal()
    save_requested = Signal(str, str, float)

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._editor: CaptionEditor | None = None
        self._editing = ""  # id of the panel whose caption is being edited

    @property
    def editor(self) -> CaptionEditor | None:
        """The open editor."""
        return self._editor

    def finish_edit(self, panel_id: str) -> None:
        """The text is safe: close its editor."""
        if self._editor is not None and self._editing == panel_id:
            self._editor.finish()
            self.closeEditor.emit(self._editor, QStyledItemDelegate.EndEditHint.NoHint)

    def fail_edit(self, panel_id: str, sentence: str) -> None:
        """The text could not be saved: its editor stays open and says why."""
        if self._editor is not None and self._editing == panel_id:
            self._editor.resume()
            self._editor.setToolTip(sentence)

    # Painting

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt: one row."""
        caption: PanelCaption = index.data(CAPTION_ROLE)
        parts = self._parts(option, caption)
        colors = self._theme.colors
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option)
        self._paint_thumbnail(painter, parts.thumbnail, index.data(Qt.ItemDataRole.DecorationRole), caption.number)
        if self._editing != caption.panel_id:
            painter.setFont(_text_font(option))
            painter.setPen(QColor(colors.text if caption.is_standing else colors.muted))
            painter.drawText(parts.text, int(_TEXT_FLAGS.value), _shown_text(caption))
            self._paint_byline(painter, parts.byline, option, caption)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Qt: as high as the text or the picture needs."""
        caption: PanelCaption = index.data(CAPTION_ROLE)
        parts = self._parts(option, caption)
        text_px = parts.byline.bottom() - parts.text.top()
        if self._editing == caption.panel_id:
            text_px = max(text_px, _MIN_EDITOR_PX)
        return QSize(option.rect.width(), max(text_px, _THUMBNAIL.height()) + 2 * _PAD_PX)

    # Editing

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """Qt: the editor of a row."""
        caption: PanelCaption = index.data(CAPTION_ROLE)
        editor = CaptionEditor(parent)
        editor.setObjectName("captionRowEditor")
        editor.setAccessibleName(self.tr("Caption of panel {number}").format(number=caption.number))
        editor.setToolTip(self.tr("Ctrl+Enter saves, Esc restores"))
        colors = self._theme.colors
        editor.setStyleSheet(
            f"QTextEdit {{ background: {colors.field}; border: 1px solid {colors.accent}; border-radius: 5px;"
            " padding: 4px; }"
        )
        editor.show_text(caption.text if caption.is_standing else "", _text_font(option))
        editor.save_requested.connect(lambda text, seconds: self.save_requested.emit(caption.panel_id, text, seconds))
        editor.cancel_requested.connect(lambda: self.closeEditor.emit(editor, QStyledItemDelegate.EndEditHint.NoHint))
        editor.begin()
        self._editor, self._editing = editor, caption.panel_id
        self.sizeHintChanged.emit(index)
        self.edit_began.emit()
        return editor

    def setEditorData(self, _editor: QWidget, _index: Index) -> None:
        """Qt: what is being written stays, whatever becomes of the row."""

    def setModelData(self, _editor: QWidget, _model: QAbstractItemModel, _index: Index) -> None:
        """Qt: saving goes through `save_requested`."""

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt: over the text and all below it."""
        text = self._parts(option, index.data(CAPTION_ROLE)).text
        editor.setGeometry(text.adjusted(-6, -6, 4, option.rect.bottom() - text.bottom() - 6))

    def destroyEditor(self, editor: QWidget, index: Index) -> None:
        """Qt: the row is a row again."""
        self._editor, self._editing = None, ""
        super().destroyEditor(editor, index)
        if index.isValid():
            self.sizeHintChanged.emit(index)

    def eventFilter(self, _editor: QObject, _event: QEvent) -> bool:
        """Qt: the editor knows its keys itself."""
        return False

    # Parts

    def _parts(self, option: QStyleOptionViewItem, caption: PanelCaption) -> _Parts:
        row = option.rect.adjusted(_PAD_PX, _PAD_PX, -_PAD_PX, -_PAD_PX)
        thumbnail = QRect(row.topLeft(), _THUMBNAIL)
        left = thumbnail.right() + _PAD_PX
        width = max(40, row.right() - left)
        metrics = QFontMetrics(_text_font(option))
        text_px = metrics.boundingRect(0, 0, width, 10_000, int(_TEXT_FLAGS.value), _shown_text(caption)).height()
        text = QRect(left, row.top(), width, text_px)
        byline_px = max(_BADGE_PX, QFontMetrics(_byline_font(option)).height())
        return _Parts(thumbnail, text, QRect(left, text.bottom() + _BYLINE_GAP_PX, width, byline_px))

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        colors = self._theme.colors
        is_current = bool(option.state & QStyle.StateFlag.State_Selected)
        if is_current:
            painter.fillRect(option.rect, QColor(colors.accent_soft))
            painter.fillRect(
                QRect(option.rect.left(), option.rect.top(), 3, option.rect.height()), QColor(colors.accent)
            )
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, QColor(colors.hover))
        painter.setPen(QColor(colors.border))
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
        if is_current and option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(colors.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(option.rect.adjusted(0, 0, -1, -1))

    def _paint_thumbnail(self, painter: QPainter, place: QRect, pixmap: QPixmap | None, number: int) -> None:
        colors = self._theme.colors
        painter.fillRect(place, QColor(colors.border))
        if pixmap is not None and not pixmap.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            size = pixmap.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            shown = QRect(0, 0, size.width(), size.height())
            shown.moveCenter(place.center())
            painter.drawPixmap(shown, pixmap)
        font = QFont(painter.font())
        font.setPixelSize(11)
        font.setBold(True)
        painter.setFont(font)
        badge = QRect(place.left() + 3, place.top() + 3, 17, 17)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(20, 21, 23, 215))
        painter.drawEllipse(badge)
        painter.setPen(QColor("#f5f5f5"))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, str(number))

    def _paint_byline(
        self, painter: QPainter, place: QRect, option: QStyleOptionViewItem, caption: PanelCaption
    ) -> None:
        colors = self._theme.colors
        color = colors.accent_on_window if caption.state is CaptionState.PERSON else colors.muted
        left = place.left()
        icon = _BADGES.get(caption.state)
        if icon is not None:
            painter.drawPixmap(
                left, place.top() + (place.height() - _BADGE_PX) // 2, svg_pixmap(icon, color, _BADGE_PX)
            )
            left += _BADGE_PX + 5
        painter.setFont(_byline_font(option))
        painter.setPen(QColor(color))
        place.setLeft(left)
        byline = painter.fontMetrics().elidedText(caption.byline, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, byline)


_BADGES = {
    CaptionState.WRITING: "narrator",
    CaptionState.GENERATED: "narrator",
    CaptionState.PERSON: "person",
    CaptionState.IMPORTED: "open",
}


def _shown_text(caption: PanelCaption) -> str:
    if caption.state is CaptionState.WRITING:
        return f"{caption.text} …"
    return caption.text or ("…" if caption.state is CaptionState.WAITING else "—")


def _text_font(option: QStyleOptionViewItem) -> QFont:
    return narration_font(QFontMetrics(option.font).height() - 2)


def _byline_font(option: QStyleOptionViewItem) -> QFont:
    font = QFont(option.font)
    font.setPixelSize(max(11, QFontMetrics(option.font).height() - 6))
    return font

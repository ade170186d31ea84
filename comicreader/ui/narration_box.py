"""One narration box: a slip of paper with a panel's caption, which becomes its editor in place.

Its size is chosen from outside (`narration_overlay`); all sizes here are view pixels, shadow not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QAbstractAnimation, QPropertyAnimation, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QApplication, QGraphicsOpacityEffect, QLabel, QWidget

from comicreader.ui import narration_paper
from comicreader.ui.caption_editor import CaptionEditor
from comicreader.ui.narration_paper import SHADOW_PX
from comicreader.ui.panel_caption import CaptionState, PanelCaption
from comicreader.ui.theme import FAINT_INK, INK, narration_font

_PAD_X_PX, _PAD_Y_PX = 15, 10
_PROBLEM = "#a8281f"
_FADE_MS = 140
_ELLIPSIS = "…"

# Nobody edits through a keyhole.
_MIN_EDITOR = QSize(300, 96)
_HINT_PX = 22
_SMALLEST_FONT_PX = 12
# How far the font may shrink before a long text scrolls.
_SHRINK_TO = 0.8


@dataclass(frozen=True, slots=True)
class PaperFit:
    """How large a box must be.

    Attributes:
        size: of the paper.
        font_px: height of the letters with which the text fits.
    """

    size: QSize
    font_px: int


class NarrationBox(QWidget):
    """Shows one caption.

    Signals:
        picked(str): clicked; the panel's id.
        edit_requested(str): the person wants to write.
        save_requested(str, str, float): panel id, new text, seconds spent on it.
        text_grew(): what is being written needs more room than there is.
        closed(str): editing is over, the panel's id.
    """

    picked = Signal(str)
    edit_requested = Signal(str)
    save_requested = Signal(str, str, float)
    text_grew = Signal()
    closed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._caption = PanelCaption("", 1)
        self._shows_number = False
        self._font_px = _SMALLEST_FONT_PX
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._editor = CaptionEditor(self)
        self._hint = QLabel(self)
        self._hint.hide()
        self._set_up_parts()
        self._editor.save_requested.connect(
            lambda text, seconds: self.save_requested.emit(self.panel_id, text, seconds)
        )
        self._editor.cancel_requested.connect(self._on_closed)
        self._editor.textChanged.connect(self._on_text_changed)

    def _set_up_parts(self) -> None:
        self._editor.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._editor.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._editor.viewport().setAutoFillBackground(False)
        self._editor.setStyleSheet(
            f"QTextEdit {{ background: transparent; color: {INK.name()};"
            f" selection-background-color: #c9dcf5; selection-color: {INK.name()}; }}"
        )
        self._effect = QGraphicsOpacityEffect(self)
        self._effect.setEnabled(False)
        self.setGraphicsEffect(self._effect)
        self._fade = QPropertyAnimation(self._effect, b"opacity", self)
        self._fade.setDuration(_FADE_MS)
        self._fade.setStartValue(0.0)
        self._fade.setEndValue(1.0)
        self._fade.finished.connect(lambda: self._effect.setEnabled(False))

    @property
    def panel_id(self) -> str:
        """The panel it tells."""
        return self._caption.panel_id

    @property
    def caption(self) -> PanelCaption:
        """What it shows."""
        return self._caption

    @property
    def is_editing(self) -> bool:
        """Whether the person is writing in it."""
        return self._editor.is_editing

    def show_caption(self, caption: PanelCaption, *, font_px: int, shows_number: bool) -> None:
        """Show a caption; a text that is being edited is left alone.

        Args:
            caption: the panel and its caption.
            font_px: height of the letters; smaller where a long text needs it.
            shows_number: whether the panel's number is on the edge.
        """
        self._caption, self._font_px, self._shows_number = caption, font_px, shows_number
        self._editor.show_text(self._shown_text(), narration_font(font_px))
        self.setAccessibleName(caption.spoken)
        self.setToolTip("" if self.is_editing else self._hover_text())
        self.update()

    def fit(self, width_px: int, most_px: int) -> PaperFit:
        """How the caption fits on paper of a width; the paper is narrower for a short text.

        Args:
            width_px: the widest it may be.
            most_px: the highest it may be: first the letters shrink, then the text scrolls.
        """
        text_px = width_px - 2 * _PAD_X_PX
        smallest_px = min(self._font_px, max(_SMALLEST_FONT_PX, round(self._font_px * _SHRINK_TO)))
        for font_px in range(self._font_px, smallest_px - 1, -1):
            lines = self._editor.measured(text_px, narration_font(font_px))
            if lines.height() + 2 * _PAD_Y_PX <= most_px:
                break
        size = QSize(min(text_px, lines.width()) + 2 * _PAD_X_PX, min(lines.height() + 2 * _PAD_Y_PX, most_px))
        if self.is_editing:
            size = QSize(width_px, size.height() + _HINT_PX).expandedTo(_MIN_EDITOR)
        return PaperFit(size, font_px)

    def place(self, paper: QRect, font_px: int) -> None:
        """Put the paper somewhere in the parent, with letters of this height."""
        self._editor.setFont(narration_font(font_px))
        self.setGeometry(paper.adjusted(-SHADOW_PX, -SHADOW_PX, SHADOW_PX, SHADOW_PX))
        self._lay_out()

    @property
    def paper(self) -> QRect:
        """Where the paper is, in the parent."""
        return self.geometry().adjusted(SHADOW_PX, SHADOW_PX, -SHADOW_PX, -SHADOW_PX)

    def appear(self, *, fades: bool) -> None:
        """Become visible."""
        if self.isVisible():
            return
        self.show()
        self.raise_()
        if fades:
            self._effect.setEnabled(True)
            self._fade.start(QAbstractAnimation.DeletionPolicy.KeepWhenStopped)

    def begin_edit(self) -> None:
        """Turn into an editor."""
        if self.is_editing:
            return
        self._editor.show_text(self._caption.text if self._caption.is_standing else "", narration_font(self._font_px))
        self._editor.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, on=False)
        self._editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._editor.setAccessibleName(self.tr("Caption of panel {number}").format(number=self._caption.number))
        self._say(self.tr("Ctrl+Enter saves · Esc restores"), FAINT_INK.name())
        self.setToolTip("")
        self._editor.begin()
        self.update()

    def submit_edit(self) -> None:
        """Ask for saving what is written, as if the person had gone elsewhere."""
        self._editor.submit()

    def finish_edit(self) -> None:
        """The text is safe: be a box again."""
        self._editor.finish()
        self._on_closed()

    def fail_edit(self, sentence: str) -> None:
        """The text could not be saved: stay open and say why."""
        self._editor.resume()
        self._say(sentence, _PROBLEM)

    # Qt

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt: shadow, paper, edge and marks."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paper = QRectF(self.rect()).adjusted(SHADOW_PX, SHADOW_PX, -SHADOW_PX, -SHADOW_PX)
        narration_paper.paint_paper(painter, paper, self._edge())
        if self._shows_number:
            narration_paper.paint_number(painter, paper, self._caption.number)
        if self._caption.state is CaptionState.GENERATED and not self.is_editing:
            narration_paper.paint_narrator_mark(painter, paper)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt: a click picks the panel."""
        event.accept()
        self.picked.emit(self.panel_id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Qt: a double click edits."""
        event.accept()
        self.edit_requested.emit(self.panel_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Enter edits a box that was reached by Tab."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2}:
            self.edit_requested.emit(self.panel_id)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Qt: a text that is longer than its box scrolls; else the wheel is the page's."""
        if self._editor.verticalScrollBar().maximum() > 0:
            QApplication.sendEvent(self._editor.verticalScrollBar(), event)
            event.accept()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt: show where the keyboard is."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt: the keyboard went elsewhere."""
        super().focusOutEvent(event)
        self.update()

    # Parts

    def _shown_text(self) -> str:
        if self._caption.state is CaptionState.WAITING:
            return _ELLIPSIS
        return (
            f"{self._caption.text} {_ELLIPSIS}" if self._caption.state is CaptionState.WRITING else self._caption.text
        )

    def _hover_text(self) -> str:
        return self.tr("{byline}. Double-click or press E to edit.").format(byline=self._caption.byline)

    def _say(self, text: str, color: str) -> None:
        self._hint.setText(text)
        self._hint.setStyleSheet(f"color: {color}; background: transparent; font-size: {_SMALLEST_FONT_PX}px;")
        self._hint.setWordWrap(True)
        self._hint.show()
        self._lay_out()

    def _on_text_changed(self) -> None:
        if self.is_editing and self._editor.document().size().height() > self._editor.height():
            self.text_grew.emit()

    def _on_closed(self) -> None:
        self._hint.hide()
        self._editor.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._editor.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lay_out()
        self.update()
        self.closed.emit(self.panel_id)

    def _lay_out(self) -> None:
        inner = self.rect().adjusted(
            SHADOW_PX + _PAD_X_PX, SHADOW_PX + _PAD_Y_PX, -SHADOW_PX - _PAD_X_PX, -SHADOW_PX - _PAD_Y_PX
        )
        if not self._hint.isHidden():
            hint_px = self._hint.heightForWidth(max(1, inner.width()))
            self._hint.setGeometry(inner.x(), inner.bottom() + 1 - hint_px, inner.width(), hint_px)
            inner.setBottom(inner.bottom() - hint_px - 4)
        self._editor.setGeometry(inner)

    def _edge(self) -> QPen:
        if self.is_editing or self.hasFocus():
            return narration_paper.FOCUS_EDGE
        return narration_paper.UNSURE_EDGE if self._caption.is_unsure else narration_paper.PLAIN_EDGE

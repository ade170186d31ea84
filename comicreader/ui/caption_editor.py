"""The text of a caption, to read or to write: the same widget for both, so that nothing moves when editing begins."""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent, QTextBlockFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

# Serif text of a few lines reads best with about a third of its height between the lines.
LINE_HEIGHT_PERCENT = 128.0

# The window losing the keyboard is no sign that the person is done; a menu over the text is none either.
_NOT_LEAVING = {
    Qt.FocusReason.ActiveWindowFocusReason,
    Qt.FocusReason.PopupFocusReason,
    Qt.FocusReason.MenuBarFocusReason,
}


class CaptionEditor(QTextEdit):
    """Shows a caption; after `begin` it can be edited until it is saved or left.

    Ctrl+Enter and going elsewhere ask for saving, Esc gives up. The text stays editable until `finish` is called:
    whoever saves decides when it is safe.

    Signals:
        save_requested(str, float): the new text, and how many seconds were spent on it.
        cancel_requested(): the text is as it was before, and editing is over.
    """

    save_requested = Signal(str, float)
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text_before = ""
        self._began_s = 0.0
        self._is_asking_to_save = False
        self.setAcceptRichText(False)
        self.setTabChangesFocus(True)
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)

    @property
    def is_editing(self) -> bool:
        """Whether the person is writing."""
        return not self.isReadOnly()

    def show_text(self, text: str, font: QFont) -> None:
        """Show a text; one that is being edited is left alone."""
        if self.is_editing:
            return
        self.setFont(font)
        if text != self.toPlainText() or not text:
            self.setPlainText(text)
            self._space_lines()

    def measured(self, width_px: int, font: QFont) -> QSize:
        """The width of the longest line and the height of all, when the text is set in this width, pixels."""
        document = self.document().clone()
        document.setDefaultFont(font)
        document.setTextWidth(width_px)
        return QSize(math.ceil(document.idealWidth()), math.ceil(document.size().height()))

    def begin(self) -> None:
        """Let the person write; the cursor stands after the last word."""
        self._text_before = self.toPlainText()
        self._began_s = time.monotonic()
        self._is_asking_to_save = False
        self.setReadOnly(False)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextEditorInteraction)
        self.moveCursor(QTextCursor.MoveOperation.End)
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def finish(self) -> None:
        """Editing is over; the text stays as it is."""
        self.setReadOnly(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)

    def resume(self) -> None:
        """Saving failed: the person may go on or try again."""
        self._is_asking_to_save = False

    def submit(self) -> None:
        """Ask for saving what stands here, or leave where nothing was changed."""
        if not self.is_editing or self._is_asking_to_save:
            return
        if self.toPlainText() == self._text_before:
            self.cancel()
            return
        self._is_asking_to_save = True
        self.save_requested.emit(self.toPlainText(), time.monotonic() - self._began_s)

    def cancel(self) -> None:
        """Restore the text from before and leave."""
        self.setPlainText(self._text_before)
        self._space_lines()
        self.finish()
        self.cancel_requested.emit()

    def event(self, event: QEvent) -> bool:
        """Qt: while writing, every key belongs to the text, not to the window's shortcuts."""
        if event.type() == QEvent.Type.ShortcutOverride and self.is_editing:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Esc and Ctrl+Enter end the editing."""
        if self.is_editing and event.key() == Qt.Key.Key_Escape:
            self.cancel()
        elif (
            self.is_editing
            and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
            and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.submit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt: going elsewhere saves."""
        super().focusOutEvent(event)
        if event.reason() not in _NOT_LEAVING:
            self.submit()

    def _space_lines(self) -> None:
        spacing = QTextBlockFormat()
        spacing.setLineHeight(LINE_HEIGHT_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.mergeBlockFormat(spacing)

"""Labels as most dialogs and panels need them: plain text that wraps."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel


def wrapped_label(text: str = "") -> QLabel:
    """Text that goes on in the next line; nothing in it is markup."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def quiet_label(text: str = "") -> QLabel:
    """The same in the colour of what is said beside the matter."""
    label = wrapped_label(text)
    label.setProperty("role", "quiet")
    return label

"""The line above a list beside the page: its title, and a button that hides it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from comicreader.ui.theme import Theme


def dock_header(
    name: str, title_text: str, hint: str, theme: Theme, on_close: Callable[[], None], summary: QLabel | None = None
) -> QWidget:
    """Make the line.

    Args:
        name: what the style sheet knows it by.
        title_text: the list's title.
        hint: what the button does, for tool tip and screen reader.
        theme: gives the button's icon.
        on_close: is called when the button is pressed.
        summary: stands beside the title.
    """
    header = QWidget()
    header.setObjectName(name)
    header.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    title = QLabel(title_text)
    font = title.font()
    font.setBold(True)
    title.setFont(font)
    close = QToolButton()
    close.setAccessibleName(hint)
    close.setToolTip(hint)
    close.setIcon(theme.icon("close"))
    theme.changed.connect(lambda: close.setIcon(theme.icon("close")))
    close.clicked.connect(lambda: on_close())
    row = QHBoxLayout(header)
    row.setContentsMargins(13, 5, 6, 5)
    row.addWidget(title, stretch=0 if summary else 1)
    if summary is not None:
        row.addSpacing(6)
        row.addWidget(summary, stretch=1)
    row.addWidget(close)
    return header

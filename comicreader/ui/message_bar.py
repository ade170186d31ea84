"""A line above the page for what went wrong or needs a decision: it never stands in the way of reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from comicreader.ui.theme import Theme, svg_pixmap

_ICON_PX = 18
# Long enough to read a sentence twice.
_NOTE_STAYS_MS = 6000


class MessageKind(Enum):
    """How much a message weighs."""

    NOTE = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class MessageAction:
    """What a person can do about a message.

    Attributes:
        text: of the button.
        run: called when it is pressed; the message goes away.
    """

    text: str
    run: Callable[[], None]


class MessageBar(QFrame):
    """Shows one message at a time; the newest wins.

    Signals:
        dismissed(): the person closed the message.
    """

    dismissed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._kind = MessageKind.NOTE
        self._run: Callable[[], None] | None = None
        self.setObjectName("messageBar")
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._button = QPushButton()
        self._close = QToolButton()
        self._close.setAccessibleName(self.tr("Close this message"))
        self._close.setToolTip(self._close.accessibleName())
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 8, 7)
        row.setSpacing(10)
        for part in (self._icon, self._text, self._button, self._close):
            row.addWidget(part)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_NOTE_STAYS_MS)
        self._timer.timeout.connect(self.hide)
        self._button.clicked.connect(self._on_pressed)
        self._close.clicked.connect(self._on_closed)
        theme.changed.connect(self._use_colors)
        self._use_colors()
        self.hide()

    @property
    def text(self) -> str:
        """The message; empty while there is none."""
        return self._text.text() if not self.isHidden() else ""

    def say(self, text: str, kind: MessageKind, action: MessageAction | None = None) -> None:
        """Show a message and have screen readers speak it.

        A note without an action goes away by itself; everything else stays until it is closed or replaced.
        """
        self._kind = kind
        self._run = None if action is None else action.run
        self._text.setText(text)
        self._button.setVisible(action is not None)
        if action is not None:
            self._button.setText(action.text)
        self._use_colors()
        self.setAccessibleName(text)
        self.show()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))
        if kind is MessageKind.NOTE and action is None:
            self._timer.start()
        else:
            self._timer.stop()

    def retract(self, text: str) -> None:
        """Take a message back that is no longer true, if it is still there."""
        if self._text.text() == text:
            self.hide()

    def _on_pressed(self) -> None:
        self.hide()
        if self._run is not None:
            self._run()

    def _on_closed(self) -> None:
        self.hide()
        self.dismissed.emit()

    def _use_colors(self) -> None:
        colors = self._theme.colors
        color = {MessageKind.NOTE: colors.accent_on_window, MessageKind.WARNING: colors.warning}.get(
            self._kind, colors.error
        )
        self._icon.setPixmap(svg_pixmap(self._kind.value, color, _ICON_PX))
        self._close.setIcon(self._theme.icon("close"))
        self.setProperty("kind", self._kind.value)
        self.style().unpolish(self)
        self.style().polish(self)

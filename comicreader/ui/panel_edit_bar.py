"""What is around the page while panels are corrected: a toolbar, and a line that says what the hand can do."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QWidget,
)

from comicreader.ui.actions import ActionId, Actions
from comicreader.ui.panel_edit_tool import ToolKind
from comicreader.ui.theme import Theme

_ICON = QSize(18, 18)

# Each with the short text of its button; None is a gap.
_BUTTONS: tuple[tuple[ActionId, str] | None, ...] = (
    (ActionId.MOVE_PANELS, "Move"),
    (ActionId.RESHAPE_PANELS, "Corners"),
    (ActionId.DRAW_PANEL, "Draw"),
    (ActionId.SPLIT_PANEL, "Split"),
    (ActionId.ORDER_PANELS, "Order"),
    None,
    (ActionId.MERGE_PANELS, "Merge"),
    (ActionId.DELETE_PANELS, "Delete"),
    None,
    (ActionId.UNDO_PANELS, "Undo"),
    (ActionId.REDO_PANELS, "Redo"),
    None,
    (ActionId.ACCEPT_PANELS, "All right"),
    (ActionId.DETECT_AGAIN, "Detect again"),
)
_LAYOUT = (ActionId.LAYOUT_TO_NEXT, ActionId.LAYOUT_TO_FACING)

_HINTS = {
    ToolKind.MOVE: "Drag a panel, its edges or corners; on bare paper, draw one. Keys: Tab, arrows, Ctrl+arrows.",
    ToolKind.RESHAPE: "Drag a corner, or an edge's middle to add one; double-click takes one away. "
    "Keys: Tab, arrows, Enter.",
    ToolKind.DRAW: "Drag a box for a new panel, also on top of others; Enter draws one in the middle.",
    ToolKind.SPLIT: "Draw a line across a panel. Keys: Tab, arrows to place the line, Enter.",
    ToolKind.ORDER: "Click the panels in reading order: {numbered} of {count} numbered. "
    "Enter ends it early; keys: Tab, Space.",
}


class PanelEditBar(QToolBar):
    """The tools, as buttons with words where there is room for them; hidden until it is needed."""

    def __init__(self, theme: Theme, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("panelTools")
        self.setWindowTitle(self.tr("Tools for panels"))
        self.setMovable(False)
        self.setIconSize(_ICON)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for entry in _BUTTONS:
            if entry is None:
                self.addSeparator()
                continue
            action = actions[entry[0]]
            action.setIconText(_tr(entry[1]))
            self.addAction(action)
            button = self.widgetForAction(action)
            button.setAccessibleName(action.toolTip())
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.addWidget(self._layout_button(theme, actions))
        self._worded_px = self.sizeHint().width()
        self.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt: in a narrow window the icons must do."""
        super().resizeEvent(event)
        has_room = event.size().width() >= self._worded_px
        self.setToolButtonStyle(
            Qt.ToolButtonStyle.ToolButtonTextBesideIcon if has_room else Qt.ToolButtonStyle.ToolButtonIconOnly
        )

    def _layout_button(self, theme: Theme, actions: Actions) -> QToolButton:
        menu = QMenu(self)
        for action_id in _LAYOUT:
            menu.addAction(actions[action_id])
        button = QToolButton()
        button.setText(self.tr("Copy layout"))
        button.setToolTip(self.tr("Use this page's layout on another page"))
        button.setAccessibleName(button.toolTip())
        button.setToolButtonStyle(self.toolButtonStyle())
        self.toolButtonStyleChanged.connect(button.setToolButtonStyle)
        button.setIconSize(_ICON)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        button.setIcon(theme.icon("copy-layout"))
        theme.changed.connect(lambda: button.setIcon(theme.icon("copy-layout")))
        return button


class PanelEditHint(QFrame):
    """The line above the page; hidden until it is needed.

    Signals:
        done_requested(): the person is done.
    """

    done_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panelEditHint")
        title = QLabel(self.tr("Correcting panels"))
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        self._text = _OneLine()
        done = QPushButton(self.tr("Done"))
        done.setToolTip(self.tr("Read on (Esc)"))
        done.clicked.connect(self.done_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 10, 6)
        row.setSpacing(12)
        row.addWidget(title)
        row.addWidget(self._text, stretch=1)
        row.addWidget(done)
        self.hide()

    @property
    def text(self) -> str:
        """What it says, be there room for it or not."""
        return self._text.whole

    def show_hint(self, tool: ToolKind, numbered: int, count: int) -> None:
        """Say what the hand can do.

        Args:
            tool: the tool in hand.
            numbered: how many panels have their new number.
            count: number of panels.
        """
        text = _tr(_HINTS[tool]).format(numbered=numbered, count=count)
        if text != self._text.whole:
            self._text.show_line(text)
            self.setAccessibleName(text)
            if self.isVisible():
                QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))


class _OneLine(QLabel):
    """A text that stays one line; what there is no room for is in the tool tip.

    Attributes:
        whole: the text.
    """

    def __init__(self) -> None:
        super().__init__()
        self.whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_line(self, text: str) -> None:
        """Show this from now on."""
        self.whole = text
        self.setToolTip(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt: more or less of it fits."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self.whole, Qt.TextElideMode.ElideRight, self.width()))


def _tr(text: str) -> str:
    return QCoreApplication.translate("PanelEditBar", text)

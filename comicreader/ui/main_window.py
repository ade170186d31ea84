"""The window: menus, toolbars, the page in the middle, pages and captions beside it, the place below."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from comicreader.ui.actions import ActionId, Actions, Section, translated
from comicreader.ui.book_presenter import RecentBook
from comicreader.ui.captions_dock import CaptionsDock
from comicreader.ui.idle_cursor import IdleCursor
from comicreader.ui.message_bar import MessageBar
from comicreader.ui.narration_overlay import NarrationOverlay
from comicreader.ui.page_strip import PageStrip
from comicreader.ui.page_view import PageView
from comicreader.ui.panel_edit_bar import PanelEditBar, PanelEditHint
from comicreader.ui.panel_edit_input import PanelEditInput
from comicreader.ui.panel_editor import PanelEditor
from comicreader.ui.place_bar import PlaceBar
from comicreader.ui.theme import Theme, program_icon
from comicreader.ui.welcome import Welcome

_TOOL_ICON = QSize(20, 20)
_START_SIZE = QSize(1280, 860)
_CAPTIONS_PX = 320
_SMALLEST = QSize(640, 420)

_TOOLBAR: tuple[ActionId | None, ...] = (
    ActionId.OPEN,
    None,
    ActionId.PREVIOUS_PAGE,
    ActionId.PREVIOUS_PANEL,
    ActionId.NEXT_PANEL,
    ActionId.NEXT_PAGE,
    ActionId.AUTO_PLAY,
    None,
    ActionId.PANEL_MODE,
    ActionId.FIT_WIDTH,
    ActionId.SHOW_NARRATION,
)
_TOOLBAR_END: tuple[ActionId, ...] = (
    ActionId.EDIT_CAPTION,
    ActionId.REGENERATE,
    ActionId.EDIT_PANELS,
    ActionId.SHOW_CAPTIONS,
    ActionId.FULL_SCREEN,
)
_PAGE_MENU: tuple[ActionId | None, ...] = (
    ActionId.EDIT_CAPTION,
    ActionId.ACCEPT_CAPTION,
    ActionId.REGENERATE,
    None,
    ActionId.PANEL_MODE,
    ActionId.SHOW_NARRATION,
    ActionId.FIT,
    None,
    ActionId.EDIT_PANELS,
    ActionId.FULL_SCREEN,
)


class MainWindow(QMainWindow):
    """Lays out the widgets. Whoever wires them reaches them by these attributes.

    Attributes:
        actions_table: all actions.
        page_view: the page.
        overlay: the narration boxes over it.
        panel_editor: where its panels are corrected.
        panel_hint: the line above the page while they are.
        captions: the list of captions.
        pages: the list of pages.
        messages: the message bar.
        welcome: what is there while no book is open.
        place_bar: the line at the bottom.

    Signals:
        book_dropped(Path): a file or folder was dropped on the window, or chosen from the recent ones.
        closing(): the person closed the window; whoever hears it ends the program in order.
    """

    book_dropped = Signal(object)
    closing = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setWindowIcon(program_icon())
        self.setWindowTitle(self.tr("Comic Reader"))
        self.setMinimumSize(_SMALLEST)
        self.resize(_START_SIZE)
        self.setAcceptDrops(True)
        self.actions_table = Actions(self)
        self.page_view = PageView()
        self.page_view.setAccessibleName(self.tr("Page"))
        self.overlay = NarrationOverlay(self.page_view)
        self.panel_editor = PanelEditor(self.page_view)
        self._panel_input = PanelEditInput(self.page_view, self.panel_editor)
        self.panel_hint = PanelEditHint()
        self.messages = MessageBar(theme)
        self.welcome = Welcome(theme)
        self.place_bar = PlaceBar(theme)
        self.captions = CaptionsDock(theme, self)
        self.pages = PageStrip(theme, self)
        self._title = QLabel()
        self._middle = QStackedWidget()
        self._recent = QMenu(self.tr("Open &recent"), self)
        self._lay_out()
        self._make_menus()
        self._make_toolbar()
        self.addToolBarBreak()
        self._panel_bar = PanelEditBar(theme, self.actions_table, self)
        self.addToolBar(self._panel_bar)
        self._add_keys()
        self._idle_cursor = IdleCursor(self.page_view.viewport())
        theme.changed.connect(lambda: self.actions_table.use_icons(theme))
        self.actions_table.use_icons(theme)

    def _lay_out(self) -> None:
        self._middle.addWidget(self.welcome)
        self._middle.addWidget(self.page_view)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.messages)
        column.addWidget(self.panel_hint)
        column.addWidget(self._middle, stretch=1)
        center = QWidget()
        center.setLayout(column)
        self.setCentralWidget(center)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.captions)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.pages)
        self.resizeDocks([self.captions], [_CAPTIONS_PX], Qt.Orientation.Horizontal)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addPermanentWidget(self.place_bar, stretch=1)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # Qt's own would offer to hide the toolbar
        self.page_view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.page_view.customContextMenuRequested.connect(self._show_page_menu)

    def _make_menus(self) -> None:
        for section in Section:
            menu = self.menuBar().addMenu(translated(section))
            for spec, action in self.actions_table.in_section(section):
                if spec.starts_group:
                    menu.addSeparator()
                menu.addAction(action)
                if spec.id is ActionId.OPEN_FOLDER:
                    menu.addMenu(self._recent)

    def _make_toolbar(self) -> None:
        self._toolbar = QToolBar(self.tr("Tools"), self)
        self._toolbar.setObjectName("tools")
        self._toolbar.setMovable(False)
        self._toolbar.setIconSize(_TOOL_ICON)
        self._fill(self._toolbar, _TOOLBAR)
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._title.setMinimumWidth(1)
        self._toolbar.addWidget(self._title)
        self._fill(self._toolbar, _TOOLBAR_END)
        self.addToolBar(self._toolbar)
        for action in self._toolbar.actions():
            button = self._toolbar.widgetForAction(action)
            button.setAccessibleName(action.toolTip())
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _add_keys(self) -> None:
        """Reading keys count on the page, and those that lists do not use also in the list of captions."""
        self.addActions(self.actions_table.window_keys())  # the menus' own are dead while the menus are hidden
        self.page_view.addActions(self.actions_table.reading_keys())
        for action_id in (ActionId.FORWARD, ActionId.BACKWARD, ActionId.GO_LEFT, ActionId.GO_RIGHT):
            self.captions.list_view.addAction(self.actions_table[action_id])

    # What is shown

    def show_book(self, title: str) -> None:
        """A book is open."""
        self._title.setText(title)
        self.setWindowTitle(self.tr("{title} — Comic Reader").format(title=title))
        self._middle.setCurrentWidget(self.page_view)
        self._show_lists_where_wanted()
        self.actions_table.set_book_open(True)
        self.page_view.setFocus()

    def show_welcome(self) -> None:
        """No book is open."""
        self._title.setText("")
        self.setWindowTitle(self.tr("Comic Reader"))
        self._middle.setCurrentWidget(self.welcome)
        self._show_lists_where_wanted()
        self.actions_table.set_book_open(False)
        self.place_bar.clear()

    def show_recent(self, books: tuple[RecentBook, ...]) -> None:
        """Offer the books that were open before."""
        self.welcome.show_recent(books)
        self._recent.clear()
        self._recent.setEnabled(bool(books))
        for book in books:
            action = self._recent.addAction(book.record.title.replace("&", "&&"))
            action.setEnabled(not book.is_missing)
            action.setToolTip(str(book.record.path))
            action.triggered.connect(lambda _checked=False, path=book.record.path: self.book_dropped.emit(path))

    def show_panel_tools(self, is_correcting: bool) -> None:
        """Show what is needed to correct panels, or put it away."""
        self._panel_bar.setVisible(is_correcting)
        self.panel_hint.setVisible(is_correcting)

    def set_captions_visible(self, is_visible: bool) -> None:
        """Show the list of captions, or not."""
        self.actions_table.set_checked(ActionId.SHOW_CAPTIONS, is_visible)
        self._show_lists_where_wanted()

    def set_pages_visible(self, is_visible: bool) -> None:
        """Show the list of pages, or not."""
        self.actions_table.set_checked(ActionId.SHOW_PAGES, is_visible)
        self._show_lists_where_wanted()

    def set_full_screen(self, is_full: bool) -> None:
        """Leave the screen to the page alone, or come back."""
        for part in (self.menuBar(), self._toolbar, self.statusBar()):
            part.setVisible(not is_full)
        self.setWindowState(
            self.windowState() | Qt.WindowState.WindowFullScreen
            if is_full
            else self.windowState() & ~Qt.WindowState.WindowFullScreen
        )
        self.actions_table.set_checked(ActionId.FULL_SCREEN, is_full)
        self._show_lists_where_wanted()
        self._idle_cursor.set_active(is_full)

    @property
    def are_captions_wanted(self) -> bool:
        """Whether the list of captions is shown while a book is open, full screen aside."""
        return self.actions_table[ActionId.SHOW_CAPTIONS].isChecked()

    @property
    def are_pages_wanted(self) -> bool:
        """Whether the list of pages is shown while a book is open, full screen aside."""
        return self.actions_table[ActionId.SHOW_PAGES].isChecked()

    # Qt

    def closeEvent(self, event: QCloseEvent) -> None:
        """Qt: the program ends in order, and the window goes at the end of that."""
        event.ignore()
        self.closing.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Qt: files can be dropped here."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Qt: a file was dropped."""
        path = next((Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()), None)
        if path is not None:
            event.acceptProposedAction()
            self.book_dropped.emit(path)

    # Parts

    def _fill(self, toolbar: QToolBar, ids: tuple[ActionId | None, ...]) -> None:
        for action_id in ids:
            if action_id is None:
                toolbar.addSeparator()
            else:
                toolbar.addAction(self.actions_table[action_id])

    def _show_lists_where_wanted(self) -> None:
        is_reading = self._middle.currentWidget() is self.page_view
        is_full = self.actions_table[ActionId.FULL_SCREEN].isChecked()
        self.captions.setVisible(self.are_captions_wanted and is_reading and not is_full)
        self.pages.setVisible(self.are_pages_wanted and is_reading and not is_full)

    def _show_page_menu(self, point: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action_id in _PAGE_MENU:
            if action_id is None:
                menu.addSeparator()
            else:
                menu.addAction(self.actions_table[action_id])
        menu.popup(self.page_view.mapToGlobal(point))

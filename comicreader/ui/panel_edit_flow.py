"""Joins the window with the corrections of panels: the mode, its tools, and what becomes of the page."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from comicreader.domain.geometry import Box
from comicreader.domain.panels import Panel
from comicreader.services.library_records import PanelsChange
from comicreader.services.task_runner import TaskRunner
from comicreader.ui import dialogs
from comicreader.ui.actions import ActionId
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageAction, MessageKind
from comicreader.ui.page_desk import FoundPanels, ReadyPage
from comicreader.ui.panel_edit_presenter import PanelEditPresenter, SplitQuestion, part_names
from comicreader.ui.panel_edit_tool import ToolKind
from comicreader.ui.panel_intents import AcceptPanels
from comicreader.ui.reader_presenter import ReaderPresenter
from comicreader.ui.reading_session import Place, ReadingSession

_TOOL_ACTIONS = {
    ActionId.MOVE_PANELS: ToolKind.MOVE,
    ActionId.RESHAPE_PANELS: ToolKind.RESHAPE,
    ActionId.DRAW_PANEL: ToolKind.DRAW,
    ActionId.SPLIT_PANEL: ToolKind.SPLIT,
    ActionId.ORDER_PANELS: ToolKind.ORDER,
}


class PanelEditFlow(QObject):
    """Passes the editor's intents on to `PanelEditPresenter` and shows the panels as they become."""

    def __init__(
        self,
        window: MainWindow,
        books: BookPresenter,
        reader: ReaderPresenter,
        panels: PanelEditPresenter,
        tasks: TaskRunner,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._reader = reader
        self._panels = panels
        self._tasks = tasks
        self._editor = window.panel_editor
        self._found: FoundPanels | None = None  # the panels on the screen
        self._to_select: frozenset[str] | None = None  # once the panels are there
        self._history = (False, False)
        self._join_page(books)
        self._join_tools()
        self._join_edits()

    # The page

    def _join_page(self, books: BookPresenter) -> None:
        books.opened.connect(self._on_opened)
        books.closed.connect(self._on_closed)
        self._reader.page_shown.connect(self._on_page_shown)
        self._reader.page_failed.connect(self._on_page_failed)
        self._reader.panels_found.connect(self._on_panels_found)
        self._reader.place_changed.connect(self._on_place_changed)

    def _on_opened(self, session: ReadingSession) -> None:
        self._panels.begin(session)

    def _on_closed(self) -> None:
        self._window.actions_table[ActionId.EDIT_PANELS].setChecked(False)
        self._panels.end()
        self._leave_page()

    def _on_page_shown(self, ready: ReadyPage) -> None:
        self._leave_page()
        self._panels.visit(ready)
        self._editor.set_page(Box(0, 0, ready.page.width, ready.page.height))

    def _on_page_failed(self, _index: int, _sentence: str) -> None:
        self._leave_page()

    def _leave_page(self) -> None:
        self._found = None
        self._panels.visit(None)
        self._editor.set_page(Box(0, 0, 0, 0))
        self._show_tools()

    def _on_panels_found(self, found: FoundPanels) -> None:
        self._found = found
        self._editor.set_panels(found.panels, self._to_select)
        self._to_select = None
        self._show_tools()
        self._on_selection_changed(self._editor.selection)

    def _on_place_changed(self, place: Place) -> None:
        """The panel that is read is the one that is selected."""
        found = self._found
        if found is None or place.panel_index is None or place.page_index != found.index:
            return
        if self._editor.is_active and place.panel_index < len(found.panels):
            self._editor.select(found.panels[place.panel_index].id)

    def _on_selection_changed(self, selection: tuple[str, ...]) -> None:
        """And the one that is selected is the one that is read."""
        found = self._found
        self._show_tools()
        if not self._editor.is_active or found is None or not selection:
            return
        index = next((index for index, panel in enumerate(found.panels) if panel.id == selection[0]), None)
        if index is not None:
            self._reader.go_to_panel(index)
            self._speak(found.panels, index)

    def _speak(self, panels: tuple[Panel, ...], index: int) -> None:
        box = panels[index].box
        text = self.tr("Panel {number} of {count}, {width} by {height} at {x}, {y}").format(
            number=index + 1, count=len(panels), width=box.width, height=box.height, x=box.x, y=box.y
        )
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._window.page_view, text))

    # The tools

    def _join_tools(self) -> None:
        table, editor, panels = self._window.actions_table, self._editor, self._panels
        table[ActionId.EDIT_PANELS].toggled.connect(self._on_toggled)
        self._window.panel_hint.done_requested.connect(lambda: table[ActionId.EDIT_PANELS].setChecked(False))
        for action_id, kind in _TOOL_ACTIONS.items():
            table[action_id].triggered.connect(lambda _checked=False, kind=kind: self._take(kind))
        commands: dict[ActionId, Callable[[], object]] = {
            ActionId.MERGE_PANELS: editor.merge,
            ActionId.DELETE_PANELS: editor.delete_panels,
            ActionId.UNDO_PANELS: panels.undo,
            ActionId.REDO_PANELS: panels.redo,
            ActionId.ACCEPT_PANELS: lambda: panels.edit(AcceptPanels()),
            ActionId.DETECT_AGAIN: panels.detect_again,
            ActionId.LAYOUT_TO_NEXT: lambda: panels.copy_layout(to_facing_page=False),
            ActionId.LAYOUT_TO_FACING: lambda: panels.copy_layout(to_facing_page=True),
        }
        for action_id, command in commands.items():
            table[action_id].triggered.connect(command)
        editor.tool_changed.connect(self._show_tools)
        editor.selection_changed.connect(self._on_selection_changed)
        panels.history_changed.connect(self._on_history_changed)
        self._show_tools()

    def _on_toggled(self, is_on: bool) -> None:
        self._editor.set_active(is_on)
        self._window.show_panel_tools(is_on)
        current = self._window.page_view.current_panel
        if is_on and current is not None:
            self._editor.select(current.id)
        self._show_tools()
        self._window.page_view.setFocus()

    def _take(self, kind: ToolKind) -> None:
        self._editor.set_tool(kind)
        self._window.page_view.setFocus()

    def _on_history_changed(self, can_undo: bool, can_redo: bool) -> None:
        self._history = can_undo, can_redo
        self._show_tools()

    def _show_tools(self) -> None:
        """Which tool is in hand, what can be done, and how."""
        table, editor = self._window.actions_table, self._editor
        is_on = editor.is_active and self._found is not None
        can_undo, can_redo = self._history
        table.set_correcting_panels(is_on)
        table[ActionId.MERGE_PANELS].setEnabled(is_on and bool(editor.selection) and len(editor.panels) > 1)
        table[ActionId.DELETE_PANELS].setEnabled(is_on and bool(editor.selection))
        table[ActionId.UNDO_PANELS].setEnabled(editor.is_active and can_undo)
        table[ActionId.REDO_PANELS].setEnabled(editor.is_active and can_redo)
        for action_id, kind in _TOOL_ACTIONS.items():
            table.set_checked(action_id, editor.is_active and editor.tool is kind)
        self._window.panel_hint.show_hint(editor.tool, editor.numbered, len(editor.panels))

    # The edits

    def _join_edits(self) -> None:
        panels = self._panels
        self._editor.edit_requested.connect(panels.edit)
        panels.changed.connect(self._on_changed)
        panels.revisited.connect(self._on_revisited)
        panels.keeper_needed.connect(
            lambda question: self._tasks.start(self._ask_keeper(question), name="ask for the caption's part")
        )
        panels.layout_copied.connect(self._on_layout_copied)
        panels.failed.connect(self._on_failed)

    def _on_changed(self, change: PanelsChange) -> None:
        """New panels are selected; where there are none, what was selected stays so."""
        before = {panel.id for panel in change.before.panels}
        new = frozenset(panel.id for panel in change.after.panels if panel.id not in before)
        if self._found is not None and change.page_id == self._found.page_id:
            self._to_select = new or None
        self._reader.look_again(change.page_id)

    def _on_revisited(self, change: PanelsChange) -> None:
        """What was undone or redone is to be seen, be it on another page."""
        self._reader.look_again(change.page_id)
        if self._found is None or change.page_id != self._found.page_id:
            self._reader.go_to_panel_id(change.page_id, "")

    def _on_failed(self, sentence: str) -> None:
        self._window.messages.say(sentence, MessageKind.WARNING)
        if self._found is not None:
            self._editor.set_panels(self._found.panels)

    def _on_layout_copied(self, page_index: int) -> None:
        text = self.tr("Page {page} has the layout of this page now.").format(page=page_index + 1)
        go = MessageAction(self.tr("Go there"), lambda: self._reader.go_to_page(page_index))
        self._window.messages.say(text, MessageKind.NOTE, go)

    async def _ask_keeper(self, question: SplitQuestion) -> None:
        first, second = (
            {
                "left": self.tr("Left part"),
                "right": self.tr("Right part"),
                "upper": self.tr("Upper part"),
                "lower": self.tr("Lower part"),
            }[name]
            for name in part_names(question.parts)
        )
        keeper = await dialogs.ask_choice(
            self._window,
            self.tr("Split a panel"),
            self.tr("Which part keeps your text “{text}”?").format(text=question.text),
            (first, second),
        )
        if keeper is not None:
            self._panels.split(question, keeper)

"""All that a person can ask for, in one table: menus, toolbar, shortcuts and the sheet of keys are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from comicreader.ui.theme import Theme


class ActionId(StrEnum):
    """The name of an intent."""

    OPEN = "open"
    OPEN_FOLDER = "open_folder"
    OPEN_DEMO = "open_demo"
    EXPORT = "export"
    IMPORT = "import"
    CLOSE_BOOK = "close_book"
    SETTINGS = "settings"
    QUIT = "quit"
    FORWARD = "forward"
    BACKWARD = "backward"
    GO_RIGHT = "go_right"
    GO_LEFT = "go_left"
    NEXT_PANEL = "next_panel"
    PREVIOUS_PANEL = "previous_panel"
    NEXT_PAGE = "next_page"
    PREVIOUS_PAGE = "previous_page"
    FIRST_PAGE = "first_page"
    LAST_PAGE = "last_page"
    GO_TO_PAGE = "go_to_page"
    AUTO_PLAY = "auto_play"
    PANEL_MODE = "panel_mode"
    RIGHT_TO_LEFT = "right_to_left"
    SHOW_NARRATION = "show_narration"
    SHOW_CAPTIONS = "show_captions"
    SHOW_PAGES = "show_pages"
    ZOOM_IN = "zoom_in"
    ZOOM_OUT = "zoom_out"
    FIT = "fit"
    FIT_WIDTH = "fit_width"
    FULL_SCREEN = "full_screen"
    LEAVE = "leave"
    EDIT_PANELS = "edit_panels"
    MOVE_PANELS = "move_panels"
    RESHAPE_PANELS = "reshape_panels"
    DRAW_PANEL = "draw_panel"
    SPLIT_PANEL = "split_panel"
    ORDER_PANELS = "order_panels"
    MERGE_PANELS = "merge_panels"
    DELETE_PANELS = "delete_panels"
    UNDO_PANELS = "undo_panels"
    REDO_PANELS = "redo_panels"
    ACCEPT_PANELS = "accept_panels"
    DETECT_AGAIN = "detect_again"
    LAYOUT_TO_NEXT = "layout_to_next"
    LAYOUT_TO_FACING = "layout_to_facing"
    EDIT_CAPTION = "edit_caption"
    ACCEPT_CAPTION = "accept_caption"
    REGENERATE = "regenerate"
    WORDINGS = "wordings"
    UNDO = "undo"
    REDO = "redo"
    NARRATE_AUTOMATICALLY = "narrate_automatically"
    STYLE_CARD = "style_card"
    DESCRIBE_NEXT = "describe_next"
    NAME_CHARACTER = "name_character"
    CHARACTERS = "characters"
    CHOOSE_NARRATOR = "choose_narrator"
    TRAIN_NARRATOR = "train_narrator"
    DATA_SET = "data_set"
    SHOW_KEYS = "show_keys"
    ABOUT = "about"


class Section(StrEnum):
    """The menus, in order."""

    FILE = "&File"
    GO = "&Go"
    VIEW = "&View"
    PANELS = "&Panels"
    NARRATION = "&Narration"
    TOOLS = "&Tools"
    HELP = "&Help"


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One line of the table.

    Attributes:
        id: the intent's name.
        section: the menu it is in.
        text: what the menu says.
        keys: its shortcuts, the one that menus show first.
        icon: name of its icon; empty where it has none.
        is_checkable: whether it is on or off.
        needs_book: whether it makes sense only while a book is open.
        is_reading_key: its keys mean something else on buttons and in lists, so they count only on the page.
        is_panel_tool: whether it makes sense only while panels are corrected.
        starts_group: whether a line is drawn above it in its menu.
    """

    id: ActionId
    section: Section
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    is_checkable: bool = False
    needs_book: bool = True
    is_reading_key: bool = False
    is_panel_tool: bool = False
    starts_group: bool = False


_panel_tool = partial(ActionSpec, section=Section.PANELS, is_panel_tool=True)

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec(ActionId.OPEN, Section.FILE, "&Open comic…", ("Ctrl+O",), "open", needs_book=False),
    ActionSpec(ActionId.OPEN_FOLDER, Section.FILE, "Open &folder…", ("Ctrl+Shift+O",), "folder", needs_book=False),
    ActionSpec(ActionId.OPEN_DEMO, Section.FILE, "Open the &demo comic", icon="book", needs_book=False),
    ActionSpec(ActionId.EXPORT, Section.FILE, "E&xport panels and captions…", starts_group=True),
    ActionSpec(ActionId.IMPORT, Section.FILE, "&Import panels and captions…"),
    ActionSpec(ActionId.CLOSE_BOOK, Section.FILE, "&Close comic", ("Ctrl+W",), starts_group=True),
    ActionSpec(
        ActionId.SETTINGS,
        Section.FILE,
        "&Settings…",
        ("Ctrl+,",),
        "settings",
        needs_book=False,
        starts_group=True,
    ),
    ActionSpec(ActionId.QUIT, Section.FILE, "&Quit", ("Ctrl+Q",), needs_book=False, starts_group=True),
    ActionSpec(ActionId.NEXT_PANEL, Section.GO, "&Next panel", ("N",), "next-panel"),
    ActionSpec(ActionId.PREVIOUS_PANEL, Section.GO, "&Previous panel", ("Shift+N",), "previous-panel"),
    ActionSpec(ActionId.FORWARD, Section.GO, "Read &on", ("Space",), is_reading_key=True),
    ActionSpec(ActionId.BACKWARD, Section.GO, "Read &back", ("Shift+Space", "Backspace"), is_reading_key=True),
    ActionSpec(ActionId.GO_RIGHT, Section.GO, "To the &right", ("Right",), is_reading_key=True),
    ActionSpec(ActionId.GO_LEFT, Section.GO, "To the &left", ("Left",), is_reading_key=True),
    ActionSpec(
        ActionId.NEXT_PAGE, Section.GO, "Next pa&ge", ("PgDown",), "next-page", is_reading_key=True, starts_group=True
    ),
    ActionSpec(ActionId.PREVIOUS_PAGE, Section.GO, "Pre&vious page", ("PgUp",), "previous-page", is_reading_key=True),
    ActionSpec(ActionId.FIRST_PAGE, Section.GO, "&First page", ("Home",), is_reading_key=True),
    ActionSpec(ActionId.LAST_PAGE, Section.GO, "Las&t page", ("End",), is_reading_key=True),
    ActionSpec(ActionId.GO_TO_PAGE, Section.GO, "Go to pag&e…", ("G",)),
    ActionSpec(ActionId.AUTO_PLAY, Section.GO, "&Auto-play", ("A",), "play", is_checkable=True, starts_group=True),
    ActionSpec(
        ActionId.PANEL_MODE, Section.VIEW, "&Panel by panel", ("P",), "panels", is_checkable=True, needs_book=False
    ),
    ActionSpec(ActionId.RIGHT_TO_LEFT, Section.VIEW, "&Right to left", ("M",), "right-to-left", is_checkable=True),
    ActionSpec(
        ActionId.SHOW_NARRATION,
        Section.VIEW,
        "&Narration on the page",
        ("C",),
        "captions",
        is_checkable=True,
        needs_book=False,
        starts_group=True,
    ),
    ActionSpec(
        ActionId.SHOW_CAPTIONS, Section.VIEW, "&List of captions", ("L",), "list", is_checkable=True, needs_book=False
    ),
    ActionSpec(
        ActionId.SHOW_PAGES, Section.VIEW, "List of &pages", ("T",), "pages", is_checkable=True, needs_book=False
    ),
    ActionSpec(ActionId.ZOOM_IN, Section.VIEW, "Zoom &in", ("+", "=", "Ctrl++"), "zoom-in", starts_group=True),
    ActionSpec(ActionId.ZOOM_OUT, Section.VIEW, "Zoom &out", ("-", "Ctrl+-"), "zoom-out"),
    ActionSpec(ActionId.FIT, Section.VIEW, "&Back to fit", ("0", "Ctrl+0"), "fit-page"),
    ActionSpec(
        ActionId.FIT_WIDTH, Section.VIEW, "Fit page &width", ("W",), "fit-width", is_checkable=True, needs_book=False
    ),
    ActionSpec(
        ActionId.FULL_SCREEN,
        Section.VIEW,
        "&Full screen",
        ("F11", "F"),
        "fullscreen",
        is_checkable=True,
        needs_book=False,
        starts_group=True,
    ),
    ActionSpec(ActionId.LEAVE, Section.VIEW, "&Step back out", ("Esc",), needs_book=False),
    ActionSpec(ActionId.EDIT_PANELS, Section.PANELS, "&Correct panels", ("X",), "edit-panels", is_checkable=True),
    _panel_tool(
        ActionId.MOVE_PANELS, text="&Move and resize", keys=("V",), icon="move", is_checkable=True, starts_group=True
    ),
    _panel_tool(ActionId.RESHAPE_PANELS, text="Drag &corners", keys=("D",), icon="corners", is_checkable=True),
    _panel_tool(ActionId.DRAW_PANEL, text="Draw a pa&nel", keys=("B",), icon="draw-panel", is_checkable=True),
    _panel_tool(ActionId.SPLIT_PANEL, text="&Split by a line", keys=("S",), icon="split", is_checkable=True),
    _panel_tool(ActionId.ORDER_PANELS, text="Number in &order", keys=("O",), icon="order", is_checkable=True),
    _panel_tool(ActionId.MERGE_PANELS, text="Mer&ge selected panels", keys=("J",), icon="merge", starts_group=True),
    _panel_tool(ActionId.DELETE_PANELS, text="&Delete selected panels", keys=("Del",), icon="delete"),
    _panel_tool(ActionId.UNDO_PANELS, text="&Undo correction", keys=("Ctrl+Z",), icon="undo", starts_group=True),
    _panel_tool(ActionId.REDO_PANELS, text="&Redo correction", keys=("Ctrl+Shift+Z", "Ctrl+Y"), icon="redo"),
    _panel_tool(ActionId.ACCEPT_PANELS, text="&All panels are right", icon="check", starts_group=True),
    _panel_tool(ActionId.DETECT_AGAIN, text="D&etect again", icon="detect"),
    _panel_tool(ActionId.LAYOUT_TO_NEXT, text="Use this layout on the ne&xt page", icon="copy-layout"),
    _panel_tool(ActionId.LAYOUT_TO_FACING, text="Use this layout on the &facing page", icon="copy-layout"),
    ActionSpec(ActionId.EDIT_CAPTION, Section.NARRATION, "&Edit caption", ("E",), "edit"),
    ActionSpec(ActionId.ACCEPT_CAPTION, Section.NARRATION, "&Keep it as it is", ("K",)),
    ActionSpec(ActionId.REGENERATE, Section.NARRATION, "&Write it anew", ("R",), "regenerate"),
    ActionSpec(ActionId.WORDINGS, Section.NARRATION, "Choose among several &wordings…", ("Shift+R",)),
    ActionSpec(ActionId.DESCRIBE_NEXT, Section.NARRATION, "Ne&xt panel worth describing", ("Q",)),
    ActionSpec(ActionId.UNDO, Section.NARRATION, "&Undo edit", ("Ctrl+Z",), "undo", starts_group=True),
    ActionSpec(ActionId.REDO, Section.NARRATION, "Re&do edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    ActionSpec(
        ActionId.NARRATE_AUTOMATICALLY,
        Section.NARRATION,
        "Narrate while &reading",
        is_checkable=True,
        needs_book=False,
        starts_group=True,
    ),
    ActionSpec(ActionId.STYLE_CARD, Section.NARRATION, "How this &book is told…", ("H",), "style-card"),
    ActionSpec(ActionId.NAME_CHARACTER, Section.NARRATION, "Na&me a character", ("I",), "person", is_checkable=True),
    ActionSpec(ActionId.CHARACTERS, Section.NARRATION, "C&haracters…", ("Shift+I",)),
    ActionSpec(ActionId.CHOOSE_NARRATOR, Section.NARRATION, "&Choose narrator…", icon="narrator", needs_book=False),
    ActionSpec(
        ActionId.TRAIN_NARRATOR,
        Section.TOOLS,
        "&Train narrator…",
        ("Ctrl+T",),
        "train",
        is_checkable=True,
        needs_book=False,
    ),
    ActionSpec(ActionId.DATA_SET, Section.TOOLS, "&Data set…", ("Ctrl+D",), "data-set", needs_book=False),
    ActionSpec(ActionId.SHOW_KEYS, Section.HELP, "&Keys", ("F1",), "keyboard", needs_book=False),
    ActionSpec(ActionId.ABOUT, Section.HELP, "&About Comic Reader", needs_book=False),
)


class Actions(QObject):
    """The table as Qt actions. `actions[ActionId.OPEN].triggered` is the intent."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = {spec.id: self._made(spec) for spec in ACTIONS}

    def __getitem__(self, action_id: ActionId) -> QAction:
        return self._actions[action_id]

    def in_section(self, section: Section) -> Iterator[tuple[ActionSpec, QAction]]:
        """A menu's lines, in order."""
        return ((spec, self._actions[spec.id]) for spec in ACTIONS if spec.section is section)

    def reading_keys(self) -> list[QAction]:
        """The actions whose keys count only where they are added: on the page."""
        return [self._actions[spec.id] for spec in ACTIONS if spec.is_reading_key]

    def window_keys(self) -> list[QAction]:
        """The actions whose keys count everywhere in the window."""
        return [self._actions[spec.id] for spec in ACTIONS if not spec.is_reading_key]

    def set_book_open(self, is_open: bool) -> None:
        """Enable what makes sense with a book, or disable it."""
        for spec in ACTIONS:
            if spec.needs_book and not spec.is_panel_tool:
                self._actions[spec.id].setEnabled(is_open)

    def set_correcting_panels(self, is_on: bool) -> None:
        """Enable what makes sense while panels are corrected, or disable it."""
        for spec in ACTIONS:
            if spec.is_panel_tool:
                self._actions[spec.id].setEnabled(is_on)

    def set_checked(self, action_id: ActionId, is_checked: bool) -> None:
        """Show a state without asking for it again."""
        action = self._actions[action_id]
        was_blocked = action.blockSignals(True)
        action.setChecked(is_checked)
        action.blockSignals(was_blocked)
        action.changed.emit()  # blocked a moment ago, but buttons and menus must repaint

    def use_icons(self, theme: Theme) -> None:
        """Take the icons from the theme, anew after its colours changed."""
        for spec in ACTIONS:
            if spec.icon:
                self._actions[spec.id].setIcon(theme.icon(spec.icon))

    def _made(self, spec: ActionSpec) -> QAction:
        action = QAction(translated(spec.text), self)
        action.setObjectName(spec.id)
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        action.setCheckable(spec.is_checkable)
        action.setEnabled(not spec.needs_book)
        if spec.is_reading_key:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setToolTip(_tool_tip(spec))
        return action


def translated(text: str) -> str:
    """A text of the table in the person's language."""
    return QCoreApplication.translate("Actions", text)


def plain_text(spec: ActionSpec) -> str:
    """The action's text without the marks for menus."""
    return translated(spec.text).replace("&", "").removesuffix("…")


def shown_keys(spec: ActionSpec) -> list[str]:
    """The action's shortcuts as this computer writes them."""
    return [QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in spec.keys]


def _tool_tip(spec: ActionSpec) -> str:
    keys = shown_keys(spec)
    return f"{plain_text(spec)} ({keys[0]})" if keys else plain_text(spec)

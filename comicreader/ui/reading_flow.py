"""Joins the window with the place in the book: which page and panel are shown, and how one moves on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPointF

from comicreader.domain.book import Direction
from comicreader.domain.box_placement import DetailMap
from comicreader.services.task_runner import TaskRunner
from comicreader.ui import dialogs
from comicreader.ui.actions import ActionId
from comicreader.ui.auto_play import AutoPlay
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageAction, MessageKind
from comicreader.ui.page_desk import FoundPanels, ReadyPage
from comicreader.ui.panel_caption import PanelCaption
from comicreader.ui.reader_presenter import ReaderPresenter
from comicreader.ui.reading_session import Place, ReadingSession
from comicreader.ui.settings_presenter import SettingsPresenter


class ReadingFlow(QObject):
    """Passes the window's intents on to `ReaderPresenter` and shows what it says."""

    def __init__(
        self,
        window: MainWindow,
        books: BookPresenter,
        reader: ReaderPresenter,
        settings: SettingsPresenter,
        auto_play: AutoPlay,
        tasks: TaskRunner,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._books = books
        self._reader = reader
        self._settings = settings
        self._auto_play = auto_play
        self._tasks = tasks
        self._view, self._overlay = window.page_view, window.overlay
        self._shown_index: int | None = None  # the page on the screen
        self._place: Place | None = None
        self._join_reader()
        self._join_moves()

    # What is shown

    def _join_reader(self) -> None:
        reader = self._reader
        self._books.opened.connect(self._on_opened)
        self._books.closed.connect(self._on_closed)
        reader.page_shown.connect(self._on_page_shown)
        reader.page_failed.connect(self._on_page_failed)
        reader.picture_sharpened.connect(self._view.swap_picture)
        reader.panels_found.connect(self._on_panels_found)
        reader.place_changed.connect(self._on_place_changed)
        reader.edge_reached.connect(self._on_edge_reached)
        reader.direction_changed.connect(self._on_direction_changed)
        reader.failed.connect(lambda sentence: self._window.messages.say(sentence, MessageKind.ERROR))
        self._view.sharpness_wanted.connect(reader.want_sharpness)
        self._view.stage_changed.connect(self._on_stage_changed)

    def _on_opened(self, session: ReadingSession) -> None:
        self._shown_index = self._place = None
        self._reader.begin(session)

    def _on_closed(self) -> None:
        self._leave_page(None)
        self._auto_play.pause()
        self._reader.end()
        self._view.clear()
        self._overlay.set_page(DetailMap.blank())
        self._window.captions.set_captions((), "")

    def _leave_page(self, index: int | None) -> None:
        """What is being written is saved before its page goes."""
        self._overlay.submit_edit()
        self._window.captions.submit_edit()
        self._shown_index = index

    def _on_stage_changed(self) -> None:
        if self._shown_index is not None:
            self._window.place_bar.show_zoom(self._view.zoom_frac)

    def _on_page_shown(self, ready: ReadyPage) -> None:
        self._leave_page(ready.index)
        self._overlay.set_page(ready.picture.detail)
        self._view.show_picture(ready.picture)
        self._window.captions.set_captions((), self.tr("Looking for panels"))

    def _on_page_failed(self, index: int, sentence: str) -> None:
        self._leave_page(index)
        self._overlay.set_page(DetailMap.blank())
        self._view.show_problem(sentence)
        self._view.setAccessibleDescription(sentence)
        self._window.captions.set_captions((), self.tr("This page cannot be shown"))

    def _on_panels_found(self, found: FoundPanels) -> None:
        captions = tuple(PanelCaption(panel.id, number) for number, panel in enumerate(found.panels, start=1))
        self._view.set_panels(found.panels)
        self._overlay.set_captions(found.panels, captions)
        self._window.captions.set_captions(captions, "")
        self._window.captions.set_thumbnails(found.thumbnails)

    def _on_place_changed(self, place: Place) -> None:
        is_same_page = self._place is not None and self._place.page_index == place.page_index
        self._place = place
        is_shown = self._shown_index == place.page_index
        self._window.place_bar.show_place(place, is_loading=not is_shown)
        if is_shown:
            self._view.set_current(place.panel_index, glides=is_same_page)
            self._overlay.set_current(place.panel_index)
            self._window.captions.set_current(place.panel_index)

    def _on_edge_reached(self, is_end: bool) -> None:
        self._auto_play.pause()
        if is_end:
            again = MessageAction(self.tr("Read it again"), lambda: self._reader.go_to_page(0))
            self._window.messages.say(self.tr("This is the end of the comic."), MessageKind.NOTE, again)
        else:
            self._window.messages.say(self.tr("This is where the comic begins."), MessageKind.NOTE)

    def _on_direction_changed(self, direction: Direction) -> None:
        self._window.place_bar.show_direction(direction)
        self._window.actions_table.set_checked(ActionId.RIGHT_TO_LEFT, direction is Direction.RIGHT_TO_LEFT)

    # Moves

    def _join_moves(self) -> None:
        reader, view, table = self._reader, self._view, self._window.actions_table
        moves: dict[ActionId, Callable[[], object]] = {
            ActionId.FORWARD: lambda: self._step(forward=True),
            ActionId.BACKWARD: lambda: self._step(forward=False),
            ActionId.GO_RIGHT: lambda: self._go_sideways(to_right=True),
            ActionId.GO_LEFT: lambda: self._go_sideways(to_right=False),
            ActionId.NEXT_PANEL: reader.next_panel,
            ActionId.PREVIOUS_PANEL: reader.previous_panel,
            ActionId.NEXT_PAGE: lambda: reader.turn_page(forward=True),
            ActionId.PREVIOUS_PAGE: lambda: reader.turn_page(forward=False),
            ActionId.FIRST_PAGE: lambda: reader.go_to_page(0),
            ActionId.LAST_PAGE: reader.go_to_last_page,
            ActionId.GO_TO_PAGE: lambda: self._tasks.start(self._ask_page(), name="ask for a page"),
        }
        for action_id, move in moves.items():
            # whoever moves by hand reads at a pace of their own
            table[action_id].triggered.connect(self._auto_play.pause)
            table[action_id].triggered.connect(move)
        table[ActionId.ZOOM_IN].triggered.connect(lambda: view.zoom(1))
        table[ActionId.ZOOM_OUT].triggered.connect(lambda: view.zoom(-1))
        table[ActionId.FIT].triggered.connect(view.fit)
        table[ActionId.RIGHT_TO_LEFT].toggled.connect(self._on_right_to_left_toggled)
        view.step_requested.connect(self._on_wheel_step)
        view.clicked.connect(self._on_clicked)
        view.double_clicked.connect(self._on_double_clicked)
        self._window.place_bar.page_requested.connect(self._on_page_requested)
        self._auto_play.step_due.connect(reader.next_panel)

    def _step(self, *, forward: bool) -> None:
        """Read on or back: by panels in panel mode, else by screenfuls and pages."""
        if self._settings.settings.panel_mode:
            self._reader.next_panel() if forward else self._reader.previous_panel()
        elif not self._view.scroll_page(forward=forward):
            self._reader.turn_page(forward=forward)

    def _go_sideways(self, *, to_right: bool) -> None:
        session = self._books.session
        if session is None:
            return
        forward = to_right is (session.direction is Direction.LEFT_TO_RIGHT)
        if self._settings.settings.panel_mode:
            self._step(forward=forward)
        else:
            self._reader.turn_page(forward=forward)

    def _on_wheel_step(self, forward: bool) -> None:
        if self._window.panel_editor.is_active:
            return  # a page would be gone by accident
        self._auto_play.pause()
        self._step(forward=forward)

    def _on_page_requested(self, page_index: int) -> None:
        self._auto_play.pause()
        self._reader.go_to_page(page_index)

    def _on_clicked(self, point: QPointF) -> None:
        self._auto_play.pause()
        self._reader.go_to_point(point.x(), point.y())

    def _on_double_clicked(self, point: QPointF) -> None:
        """On a panel: read panel by panel from there. In panel mode: see the page again."""
        is_on_panel = self._reader.go_to_point(point.x(), point.y())
        self._settings.change(panel_mode=is_on_panel and not self._settings.settings.panel_mode)

    def _on_right_to_left_toggled(self, is_right_to_left: bool) -> None:
        self._reader.set_direction(Direction.RIGHT_TO_LEFT if is_right_to_left else Direction.LEFT_TO_RIGHT)

    async def _ask_page(self) -> None:
        place = self._place
        if place is not None:
            page_index = await dialogs.ask_page(self._window, place.page_index, place.page_count)
            if page_index is not None:
                self._reader.go_to_page(page_index)

"""Joins the window with captions: what the narrator writes, what the person edits, and what auto-play waits for."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from comicreader.domain.panels import Panel
from comicreader.services.library_records import CaptionChange
from comicreader.services.narrator import NarratorPhase, NarratorState
from comicreader.ui.actions import ActionId
from comicreader.ui.auto_play import AutoPlay
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.edit_presenter import EditPresenter
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageAction, MessageKind
from comicreader.ui.narration_presenter import NarrationPresenter
from comicreader.ui.panel_caption import CaptionState, PanelCaption
from comicreader.ui.reader_presenter import ReaderPresenter
from comicreader.ui.reading_session import Place, ReadingSession
from comicreader.ui.settings_presenter import SettingsPresenter


class CaptionFlow(QObject):
    """Passes the window's intents on to `NarrationPresenter` and `EditPresenter`, and shows what they say."""

    def __init__(
        self,
        window: MainWindow,
        books: BookPresenter,
        reader: ReaderPresenter,
        narration: NarrationPresenter,
        edits: EditPresenter,
        settings: SettingsPresenter,
        auto_play: AutoPlay,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._reader = reader
        self._narration = narration
        self._edits = edits
        self._settings = settings
        self._auto_play = auto_play
        self._place: Place | None = None
        self._captions: tuple[PanelCaption, ...] = ()
        self._current: PanelCaption | None = None
        self._history = (False, False)
        self._failure = ""  # why the narrator failed, while it says so
        self._join_narration(books)
        self._join_edits()
        self._join_auto_play()

    # Narration

    def _join_narration(self, books: BookPresenter) -> None:
        narration, reader, table = self._narration, self._reader, self._window.actions_table
        books.opened.connect(self._on_opened)
        books.closed.connect(self._on_closed)
        reader.page_shown.connect(self._on_page_left)
        reader.page_failed.connect(self._on_page_left)
        reader.panels_found.connect(narration.visit)
        reader.place_changed.connect(self._on_place_changed)
        narration.captions_changed.connect(self._on_captions_changed)
        narration.narrator_changed.connect(self._on_narrator_changed)
        narration.failed.connect(lambda sentence: self._window.messages.say(sentence, MessageKind.WARNING))
        table[ActionId.REGENERATE].triggered.connect(self._regenerate)

    def _on_opened(self, session: ReadingSession) -> None:
        self._narration.begin(session.desk, session.book_id, session.style_card)
        self._edits.begin(session)
        self._refresh_actions()

    def _on_closed(self) -> None:
        self._narration.end()
        self._edits.end()
        self._on_page_left()
        self._place = None
        self._refresh_actions()

    def _on_page_left(self) -> None:
        self._narration.leave()
        self._captions = ()
        self._follow()

    def _on_place_changed(self, place: Place) -> None:
        self._place = place
        self._follow()

    def _on_captions_changed(self, panels: tuple[Panel, ...], captions: tuple[PanelCaption, ...]) -> None:
        self._captions = captions
        self._window.overlay.set_captions(panels, captions)
        self._window.captions.set_captions(captions, self._summary(captions))
        self._follow()

    def _follow(self) -> None:
        """The current panel or its caption is another one."""
        place, before = self._place, self._current
        index = None if place is None else place.panel_index
        self._current = self._captions[index] if index is not None and index < len(self._captions) else None
        self._auto_play.follow(self._current)
        self._refresh_actions()
        current, view = self._current, self._window.page_view
        if current is None:
            return
        view.setAccessibleDescription(current.spoken)
        if current.is_standing and (before is None or _told(before) != _told(current)):
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(view, current.spoken))

    def _summary(self, captions: tuple[PanelCaption, ...]) -> str:
        told = sum(caption.is_standing for caption in captions)
        return self.tr("{told} of {count} told").format(told=told, count=len(captions))

    def _on_narrator_changed(self, state: NarratorState) -> None:
        self._window.place_bar.show_narrator(state)
        if state.kind is NarratorPhase.FAILED:
            self._failure = state.message
            again = MessageAction(self.tr("Try again"), self._retry)
            self._window.messages.say(state.message, MessageKind.WARNING, again)
        elif self._failure:
            self._window.messages.retract(self._failure)
            self._failure = ""

    def _retry(self) -> None:
        self._narration.use_model(self._settings.settings.narrator_model)

    def _regenerate(self) -> None:
        if self._current is not None:
            self._auto_play.pause()
            self._narration.regenerate(self._current.panel_id)

    # Edits

    def _join_edits(self) -> None:
        window, edits = self._window, self._edits
        table, overlay, captions = window.actions_table, window.overlay, window.captions
        table[ActionId.EDIT_CAPTION].triggered.connect(self._edit_current)
        table[ActionId.ACCEPT_CAPTION].triggered.connect(self._accept_current)
        table[ActionId.UNDO].triggered.connect(edits.undo)
        table[ActionId.REDO].triggered.connect(edits.redo)
        overlay.edit_requested.connect(self._edit)
        overlay.picked.connect(self._pick)
        captions.panel_picked.connect(self._pick)
        captions.edit_began.connect(self._auto_play.pause)
        overlay.save_requested.connect(edits.save)
        captions.save_requested.connect(edits.save)
        edits.changed.connect(self._on_saved)
        edits.revisited.connect(self._on_revisited)
        edits.save_failed.connect(self._on_save_failed)
        edits.failed.connect(lambda sentence: window.messages.say(sentence, MessageKind.WARNING))
        edits.history_changed.connect(self._on_history_changed)
        self._narration.regenerated.connect(edits.note)
        window.panel_editor.active_changed.connect(self._on_correcting_changed)

    def _on_correcting_changed(self, is_correcting: bool) -> None:
        """Panels are corrected with nothing half written and nobody writing."""
        if is_correcting:
            self._auto_play.pause()
            self._window.overlay.submit_edit()
            self._window.captions.submit_edit()
        self._narration.set_held(is_held=is_correcting)
        self._refresh_actions()

    def _edit_current(self) -> None:
        if self._current is not None:
            self._edit(self._current.panel_id)

    def _edit(self, panel_id: str) -> None:
        self._auto_play.pause()
        self._window.overlay.begin_edit(panel_id)

    def _accept_current(self) -> None:
        if self._current is not None and self._current.state is CaptionState.GENERATED:
            self._edits.accept(self._current.panel_id, self._current.text)

    def _pick(self, panel_id: str) -> None:
        ids = [caption.panel_id for caption in self._captions]
        if panel_id in ids:
            self._auto_play.pause()
            self._reader.go_to_panel(ids.index(panel_id))

    def _on_saved(self, change: CaptionChange) -> None:
        """It is in the library: now the editor may close."""
        self._narration.apply(change)
        self._window.overlay.finish_edit(change.panel_id)
        self._window.captions.finish_edit(change.panel_id)

    def _on_revisited(self, change: CaptionChange) -> None:
        self._narration.apply(change)
        self._reader.go_to_panel_id(change.page_id, change.panel_id)

    def _on_save_failed(self, panel_id: str, text: str, seconds: float, sentence: str) -> None:
        self._window.overlay.fail_edit(panel_id, sentence)
        self._window.captions.fail_edit(panel_id, sentence)
        again = MessageAction(self.tr("Try again"), lambda: self._edits.save(panel_id, text, seconds))
        self._window.messages.say(sentence, MessageKind.ERROR, again)

    def _on_history_changed(self, can_undo: bool, can_redo: bool) -> None:
        self._history = can_undo, can_redo
        self._refresh_actions()

    def _refresh_actions(self) -> None:
        table, current = self._window.actions_table, self._current
        can_undo, can_redo = self._history
        is_theirs = current is not None and current.is_standing and current.state is not CaptionState.GENERATED
        table[ActionId.EDIT_CAPTION].setEnabled(current is not None)
        table[ActionId.ACCEPT_CAPTION].setEnabled(current is not None and current.state is CaptionState.GENERATED)
        table[ActionId.WORDINGS].setEnabled(current is not None)
        table[ActionId.REGENERATE].setEnabled(current is not None and not is_theirs)
        table[ActionId.REGENERATE].setToolTip(
            self.tr("This caption is yours, so the narrator leaves it alone; undo your edit to let it write")
            if is_theirs
            else self.tr("Let the narrator write this caption anew (R)")
        )
        # the same keys undo corrections of panels while there are any to be made
        is_correcting = self._window.panel_editor.is_active
        table[ActionId.UNDO].setEnabled(can_undo and not is_correcting)
        table[ActionId.REDO].setEnabled(can_redo and not is_correcting)

    # Auto-play

    def _join_auto_play(self) -> None:
        action = self._window.actions_table[ActionId.AUTO_PLAY]
        action.toggled.connect(self._auto_play.set_playing)
        self._auto_play.playing_changed.connect(self._on_playing_changed)

    def _on_playing_changed(self, is_playing: bool) -> None:
        self._window.actions_table.set_checked(ActionId.AUTO_PLAY, is_playing)


def _told(caption: PanelCaption) -> tuple[str, str, bool]:
    """What makes a caption news to who listens."""
    return caption.panel_id, caption.text, caption.is_standing

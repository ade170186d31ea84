"""Joins the window with the settings: what they make of it, and how they are changed. Dialogs of general use too."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QObject

from comicreader import __version__
from comicreader.services.narrator_choices import trained_narrators
from comicreader.services.settings import Settings
from comicreader.services.task_runner import TaskRunner
from comicreader.ui import dialogs
from comicreader.ui.actions import ActionId
from comicreader.ui.auto_play import AutoPlay
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageKind
from comicreader.ui.model_picker import ModelPicker
from comicreader.ui.narration_presenter import NarrationPresenter
from comicreader.ui.settings_dialog import SettingsDialog
from comicreader.ui.settings_presenter import SettingsPresenter
from comicreader.ui.theme import Theme, system_reduces_motion


class SettingsFlow(QObject):
    """Applies the settings to the window and lets the person change them."""

    def __init__(
        self,
        window: MainWindow,
        theme: Theme,
        settings: SettingsPresenter,
        narration: NarrationPresenter,
        auto_play: AutoPlay,
        tasks: TaskRunner,
        runs: Path,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._settings = settings
        self._narration = narration
        self._auto_play = auto_play
        self._tasks = tasks
        self._runs = runs
        settings.changed.connect(self._apply)
        settings.failed.connect(lambda sentence: window.messages.say(sentence, MessageKind.WARNING))
        self._join_intents()
        self._apply(settings.settings)

    def _join_intents(self) -> None:
        window, change, start = self._window, self._settings.change, self._tasks.start
        table = window.actions_table
        table[ActionId.PANEL_MODE].toggled.connect(lambda is_on: change(panel_mode=is_on))
        table[ActionId.SHOW_NARRATION].toggled.connect(lambda is_on: change(show_captions=is_on))
        table[ActionId.NARRATE_AUTOMATICALLY].toggled.connect(lambda is_on: change(narrate_automatically=is_on))
        table[ActionId.FIT_WIDTH].toggled.connect(lambda is_on: change(fit_mode="width" if is_on else "page"))
        table[ActionId.SHOW_CAPTIONS].toggled.connect(window.set_captions_visible)
        table[ActionId.SHOW_PAGES].toggled.connect(window.set_pages_visible)
        window.pages.close_requested.connect(lambda: window.set_pages_visible(False))
        window.captions.close_requested.connect(lambda: window.set_captions_visible(False))
        table[ActionId.FULL_SCREEN].toggled.connect(window.set_full_screen)
        table[ActionId.LEAVE].triggered.connect(self._step_out)
        window.panel_editor.active_changed.connect(lambda _is_on: self._apply_view(self._settings.settings))
        table[ActionId.SETTINGS].triggered.connect(lambda: start(self._show_settings(), name="settings"))
        table[ActionId.CHOOSE_NARRATOR].triggered.connect(lambda: start(self._choose_narrator(), name="narrator"))
        window.place_bar.narrator_pressed.connect(table[ActionId.CHOOSE_NARRATOR].trigger)
        table[ActionId.SHOW_KEYS].triggered.connect(lambda: start(dialogs.show_keys(window), name="keys"))
        table[ActionId.ABOUT].triggered.connect(lambda: start(dialogs.show_about(window, __version__), name="about"))
        table[ActionId.QUIT].triggered.connect(window.close)

    def _apply(self, settings: Settings) -> None:
        window, view, overlay = self._window, self._window.page_view, self._window.overlay
        is_still = settings.reduce_motion or system_reduces_motion()
        self._theme.set_preference(settings.theme)
        view.set_gliding(not is_still)
        overlay.set_look(font_scale=settings.caption_font_scale, fades=not is_still)
        self._apply_view(settings)
        self._auto_play.set_pace(settings.words_per_minute)
        self._narration.set_style(settings.narration_style)
        self._narration.set_automatic(is_automatic=settings.narrate_automatically)
        window.place_bar.set_narrator_on(settings.narrate_automatically)
        for action_id, is_on in (
            (ActionId.PANEL_MODE, settings.panel_mode),
            (ActionId.SHOW_NARRATION, settings.show_captions),
            (ActionId.NARRATE_AUTOMATICALLY, settings.narrate_automatically),
            (ActionId.FIT_WIDTH, settings.fit_mode == "width"),
        ):
            window.actions_table.set_checked(action_id, is_on)

    def _apply_view(self, settings: Settings) -> None:
        """What is seen of the page; all of it and nothing over it while panels are corrected."""
        view, overlay = self._window.page_view, self._window.overlay
        is_correcting = self._window.panel_editor.is_active
        is_panel_mode = settings.panel_mode and not is_correcting
        is_told = settings.show_captions and not is_correcting
        view.set_fit_mode("page" if is_correcting else settings.fit_mode)
        view.set_framing(has_frame=is_told)
        overlay.set_visible(is_told)
        overlay.set_mode(is_panel_mode=is_panel_mode)
        view.set_mode(is_panel_mode=is_panel_mode)

    def _step_out(self) -> None:
        """Esc: out of whatever was entered last."""
        if self._window.panel_editor.is_active:
            if not self._window.panel_editor.step_out():
                self._window.actions_table[ActionId.EDIT_PANELS].setChecked(False)
        elif self._auto_play.is_playing:
            self._auto_play.pause()
        elif self._window.isFullScreen():
            self._window.set_full_screen(False)
        elif self._window.messages.text:
            self._window.messages.hide()
        elif self._settings.settings.panel_mode:
            self._settings.change(panel_mode=False)

    async def _show_settings(self) -> None:
        dialog = SettingsDialog(self._settings.settings, self._window)
        dialog.changed.connect(lambda name, value: self._settings.change(**{name: value}))
        await dialogs.finished(dialog)

    async def _choose_narrator(self) -> None:
        trained = await asyncio.to_thread(trained_narrators, self._runs)
        picker = ModelPicker(self._settings.settings.narrator_model, trained, self._window)
        picker.folder_requested.connect(
            lambda: self._tasks.start(self._look_for_folder(picker), name="look for a narrator")
        )
        if await dialogs.finished(picker):
            model = picker.model
            self._settings.change(narrator_model=model)
            self._narration.use_model(model)

    async def _look_for_folder(self, picker: ModelPicker) -> None:
        folder = await dialogs.ask_folder(picker, self.tr("The narrator's folder"))
        if folder is not None:
            picker.set_folder(folder)

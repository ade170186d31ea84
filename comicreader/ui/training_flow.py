"""Joins the window with training: the panel beside the page, and the narrator that comes out of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QObject, Qt

from comicreader.services.library import Library
from comicreader.services.narrator_choices import trained_narrators
from comicreader.services.paths import AppPaths
from comicreader.services.run_history import summary_of
from comicreader.services.task_runner import TaskRunner
from comicreader.services.training_run import RunPhase, RunStatus
from comicreader.ui import dialogs
from comicreader.ui.actions import ActionId
from comicreader.ui.comparison_flow import ComparisonFlow
from comicreader.ui.desktop_note import notify
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageAction, MessageKind
from comicreader.ui.narration_presenter import NarrationPresenter
from comicreader.ui.settings_presenter import SettingsPresenter
from comicreader.ui.theme import Theme
from comicreader.ui.training_dock import TrainingDock
from comicreader.ui.training_presenter import TrainingPresenter
from trainer.run_dir import RunDir

_ENDS = (RunPhase.FINISHED, RunPhase.FAILED, RunPhase.DIED)


class TrainingFlow(QObject):
    """Makes the panel when it is first wanted, passes its wishes on, and shows what comes of them.

    Attributes:
        dock: the panel; None before it was first shown.
    """

    def __init__(
        self,
        window: MainWindow,
        theme: Theme,
        settings: SettingsPresenter,
        narration: NarrationPresenter,
        training: TrainingPresenter,
        library: Library,
        tasks: TaskRunner,
        paths: AppPaths,
    ) -> None:
        super().__init__(window)
        self.dock: TrainingDock | None = None
        self._window = window
        self._theme = theme
        self._settings = settings
        self._narration = narration
        self._training = training
        self._tasks = tasks
        self._paths = paths
        self._last: RunPhase | None = None
        self._comparison = ComparisonFlow(window, settings, library, tasks, self._use)
        window.actions_table[ActionId.TRAIN_NARRATOR].toggled.connect(self._show)
        training.failed.connect(self._on_failed)
        training.status_changed.connect(self._on_status)
        training.exported.connect(
            lambda folder: window.messages.say(
                self.tr("The narrator was copied to {folder}.").format(folder=folder), MessageKind.NOTE
            )
        )

    def _show(self, is_wanted: bool) -> None:
        if self.dock is None:
            if not is_wanted:
                return
            self.dock = self._made()
        self.dock.setVisible(is_wanted)
        if is_wanted:
            self._training.look()
            self._tasks.start(self._list_narrators(self.dock), name="list narrators")

    def _made(self) -> TrainingDock:
        dock, training = TrainingDock(self._theme, self._window), self._training
        self._window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        # the full height, beside the captions or alone
        self._window.splitDockWidget(self._window.captions, dock, Qt.Orientation.Horizontal)
        dock.start_requested.connect(training.start)
        dock.stop_requested.connect(training.stop)
        dock.resume_requested.connect(training.resume)
        dock.smaller_requested.connect(training.resume_in_smaller_portions)
        dock.delete_requested.connect(
            lambda folder: self._tasks.start(self._ask_delete(folder), name="ask before deleting")
        )
        dock.folder_requested.connect(lambda: self._tasks.start(self._ask_folder(dock), name="ask for a data set"))
        dock.use_requested.connect(self._use)
        dock.compare_requested.connect(self._comparison.compare)
        dock.export_requested.connect(
            lambda folder: self._tasks.start(self._ask_export(folder), name="ask where to export to")
        )
        dock.note_requested.connect(lambda folder: self._tasks.start(self._ask_note(folder), name="ask for a note"))
        dock.close_requested.connect(lambda: self._window.actions_table[ActionId.TRAIN_NARRATOR].setChecked(False))
        training.choices_changed.connect(dock.show_choices)
        training.runs_changed.connect(dock.show_runs)
        training.began.connect(dock.begin_run)
        training.told.connect(dock.tell)
        training.status_changed.connect(dock.show_status)
        training.preparing.connect(dock.show_preparing)
        training.failed.connect(lambda _sentence: dock.show_status(None))
        return dock

    async def _list_narrators(self, dock: TrainingDock) -> None:
        dock.show_narrators(await asyncio.to_thread(trained_narrators, self._paths.runs))

    async def _ask_folder(self, dock: TrainingDock) -> None:
        folder = await dialogs.ask_folder(self._window, self.tr("A data set: records.jsonl and pictures"))
        if folder is not None:
            dock.add_folder(folder)

    async def _ask_delete(self, folder: Path) -> None:
        question = self.tr("Delete the training “{name}” with its narrators?").format(name=folder.name)
        if await dialogs.ask_choice(self._window, self.tr("Delete a training"), question, (self.tr("Delete"),)) == 0:
            self._training.delete(folder)

    async def _ask_export(self, folder: Path) -> None:
        parent = await dialogs.ask_folder(self._window, self.tr("Copy the narrator into a folder"))
        if parent is not None:
            self._training.export(folder, parent / folder.name)

    async def _ask_note(self, folder: Path) -> None:
        note = await dialogs.ask_line(self._window, self.tr("Note on “{name}”").format(name=folder.name))
        if note is not None:
            self._training.note(folder, note)

    def _on_failed(self, sentence: str) -> None:
        self._window.messages.say(sentence, MessageKind.WARNING)

    def _on_status(self, status: RunStatus) -> None:
        """Say that a training has ended, also to a person who reads on."""
        is_news, self._last = status.phase is not self._last, status.phase
        if not is_news or status.phase not in _ENDS:
            return
        if status.phase is not RunPhase.FINISHED:
            text = self.tr("The training failed. {message} {hint}").format(message=status.message, hint=status.hint)
            self._window.messages.say(text, MessageKind.ERROR)
            notify(self._window, text)
            return
        compare = MessageAction(self.tr("Compare"), lambda: self._comparison.compare(status.folder))
        text = self.tr("The training is finished. {message}").format(message=status.message)
        self._window.messages.say(text, MessageKind.NOTE, compare)
        notify(self._window, text)

    def _use(self, model: Path) -> None:
        self._tasks.start(self._ask_use(model), name="change the narrator")

    async def _ask_use(self, model: Path) -> None:
        """Change the narrator; one that forgot too much only when the person wants it all the same."""
        run = await asyncio.to_thread(summary_of, RunDir.of_model(model).path)
        if run.forgotten:
            question = self.tr(
                "This narrator forgot: it is {nats:.2f} nats a token worse at what it knew before "
                "({limit:g} were allowed). A training with a larger replay share keeps more."
            ).format(nats=run.forgotten, limit=run.forget_limit)
            title, answer = self.tr("It forgot"), self.tr("Use it all the same")
            if await dialogs.ask_choice(self._window, title, question, (answer,)) is None:
                return
        before = self._settings.settings.narrator_model
        self._switch(str(model))
        back = MessageAction(self.tr("Back to the one before"), lambda: self._switch(before))
        self._window.messages.say(self.tr("The new narrator writes from now on."), MessageKind.NOTE, back)

    def _switch(self, model: str) -> None:
        self._settings.change(narrator_model=model)
        self._narration.use_model(model)

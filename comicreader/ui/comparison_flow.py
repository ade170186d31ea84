"""Joins the window with the comparison of two narrators: both write, the person chooses, choices are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from comicreader.domain.errors import ComicReaderError
from comicreader.services.library import Library
from comicreader.services.library_runs import Choice
from comicreader.services.narrator_comparison import Comparison, Pair, compare, start_model_of
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.comparison_dialog import ComparisonDialog
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageKind
from comicreader.ui.settings_presenter import SettingsPresenter
from trainer.run_dir import RunDir


class ComparisonFlow(QObject):
    """Compares a run's best narrator with the one that writes now, or with the run's start where that is the same."""

    def __init__(
        self,
        window: MainWindow,
        settings: SettingsPresenter,
        library: Library,
        tasks: TaskRunner,
        use: Callable[[Path], None],
    ) -> None:
        """Prepare the flow.

        Args:
            window: the main window.
            settings: which narrator writes now.
            library: keeps the choices.
            tasks: keeps what runs.
            use: lets a narrator write from now on.
        """
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._library = library
        self._tasks = tasks
        self._use = use

    def compare(self, run: Path) -> None:
        """Open the comparison for a run."""
        self._tasks.start(self._compare(run), name="compare narrators")

    async def _compare(self, run: Path) -> None:
        best = RunDir(run).best_model()
        if best is None:
            return
        dialog = ComparisonDialog(self._window)
        dialog.show()
        writing = self._tasks.start(self._write(dialog, run, best), name="let two narrators write")
        ended = asyncio.get_running_loop().create_future()
        dialog.finished.connect(lambda _result: None if ended.done() else ended.set_result(None))
        dialog.use_requested.connect(lambda: self._use(best))
        try:
            await ended
        finally:
            writing.cancel()
            dialog.close()
            dialog.deleteLater()

    async def _write(self, dialog: ComparisonDialog, run: Path, best: Path) -> None:
        try:
            now = self._settings.settings.narrator_model
            first = now if now != str(best) else await asyncio.to_thread(start_model_of, run)
            comparison = await compare(run, first, str(best), dialog.show_progress)
            tally = await asyncio.to_thread(self._library.runs.tally, first, str(best))
        except ComicReaderError as error:
            self._window.messages.say(error.sentence, MessageKind.ERROR)
            dialog.reject()
            return
        dialog.chosen.connect(lambda pair, chosen: self._keep(comparison, pair, chosen))
        dialog.show_comparison(comparison, tally)

    def _keep(self, comparison: Comparison, pair: Pair, chosen: str) -> None:
        choice = Choice(
            comparison.first_model, comparison.second_model, pair.record_id, pair.first, pair.second, chosen
        )
        self._tasks.start(asyncio.to_thread(self._library.runs.add_choice, choice), name="keep a choice")

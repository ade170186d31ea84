"""Training of narrators from the window: started, followed, stopped, gone on with; and the runs there are."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from comicreader.domain.errors import ComicReaderError
from comicreader.services.dataset_export import build_dataset
from comicreader.services.library import Library
from comicreader.services.paths import AppPaths
from comicreader.services.run_history import delete_run, export_model, new_run_folder, running_run, runs_in, save_memory
from comicreader.services.task_runner import TaskRunner
from comicreader.services.training_run import TrainingRun
from trainer.config import Options
from trainer.dataset import RECORDS

MINE = "mine"
"""The data set's folder that is built of the person's own captions."""


@dataclass(frozen=True, slots=True)
class TrainingChoices:
    """What can be learned from.

    Attributes:
        captions: of the person's own.
        datasets: folders of data sets that were taken in, and their records.
    """

    captions: int
    datasets: tuple[tuple[Path, int], ...]


class TrainingPresenter(QObject):
    """Awaits the services, emits what came of it.

    Signals:
        choices_changed(TrainingChoices): what there is to learn from.
        runs_changed(tuple[RunSummary, ...], dict[str, str]): the runs on this computer, newest first, and the
            notes on them by their names.
        began(Path): a run's folder: from now on events and status are its.
        told(Event): of the run that is followed.
        status_changed(RunStatus): of the same.
        exported(Path): where a narrator was copied to.
        preparing(str): what is done before a run can start.
        failed(str): a sentence for the person.
    """

    choices_changed = Signal(object)
    runs_changed = Signal(object, object)
    began = Signal(object)
    told = Signal(object)
    status_changed = Signal(object)
    exported = Signal(object)
    preparing = Signal(str)
    failed = Signal(str)

    def __init__(self, library: Library, paths: AppPaths, tasks: TaskRunner) -> None:
        super().__init__()
        self._library = library
        self._paths = paths
        self._tasks = tasks
        self._run: TrainingRun | None = None

    def look(self) -> None:
        """Find out what there is to learn from and which runs there are, and follow one that goes on."""
        self._tasks.start(self._look(), name="look at trainings")

    def start(self, kind: str, config: Options, data: Path | None) -> None:
        """Start a run.

        Args:
            kind: `training_run.SFT` or `training_run.RL`.
            config: what it is told, less data and folder.
            data: the data set's folder; None: the person's own captions, built now.
        """
        self._tasks.start(self._start(kind, config, data), name="start a training")

    def resume(self, folder: Path) -> None:
        """Go on with a run."""
        self._tasks.start(self._resume(folder), name="go on with a training")

    def resume_in_smaller_portions(self, folder: Path) -> None:
        """Go on with a run that had too little memory."""
        self._tasks.start(self._resume_smaller(folder), name="go on with less memory")

    def stop(self) -> None:
        """Ask the run that is followed to end with a checkpoint."""
        if self._run is not None:
            self._run.stop()

    def delete(self, folder: Path) -> None:
        """Take a run off the disk."""
        self._tasks.start(self._delete(folder), name="delete a training")

    def export(self, folder: Path, target: Path) -> None:
        """Copy a run's best narrator into a new folder."""
        self._tasks.start(self._export(folder, target), name="export a narrator")

    def note(self, folder: Path, text: str) -> None:
        """Write a note on a run; an empty one takes it away."""
        self._tasks.start(self._note(folder, text), name="note on a training")

    def end(self) -> None:
        """The program ends; the run goes on."""
        if self._run is not None:
            self._run.close()

    async def _look(self) -> None:
        try:
            taught = await asyncio.to_thread(self._library.data_set.taught)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        folders = await asyncio.to_thread(_datasets_in, self._paths.datasets)
        self.choices_changed.emit(TrainingChoices(sum(not caption.is_excluded for caption in taught), folders))
        if self._run is None or self._run.status.is_over:
            running = await asyncio.to_thread(running_run, self._paths.runs)
            if running is not None:
                self._follow(TrainingRun.attach(running, self._tasks, self.told.emit, self._on_status))
        await self._list_runs()

    async def _start(self, kind: str, config: Options, data: Path | None) -> None:
        try:
            if data is None:
                self.preparing.emit(self.tr("Cutting your captions' panels out of their books…"))
                data = (await asyncio.to_thread(build_dataset, self._library, self._paths.datasets / MINE)).folder
            config = _with_data(config, data)
            folder = await asyncio.to_thread(new_run_folder, self._paths.runs, kind, datetime.now())
            self.began.emit(folder)
            run = await TrainingRun.start(kind, config, folder, self._tasks, self.told.emit, self._on_status)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        self._run = run
        self.status_changed.emit(run.status)

    async def _resume(self, folder: Path) -> None:
        try:
            self.began.emit(folder)
            run = await TrainingRun.resume(folder, self._tasks, self.told.emit, self._on_status)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        self._run = run
        self.status_changed.emit(run.status)

    async def _resume_smaller(self, folder: Path) -> None:
        try:
            await asyncio.to_thread(save_memory, folder)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        await self._resume(folder)

    async def _delete(self, folder: Path) -> None:
        try:
            await asyncio.to_thread(delete_run, folder)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
        await self._list_runs()

    async def _export(self, folder: Path, target: Path) -> None:
        try:
            await asyncio.to_thread(export_model, folder, target)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            return
        self.exported.emit(target)

    async def _note(self, folder: Path, text: str) -> None:
        try:
            await asyncio.to_thread(self._library.runs.set_note, folder.name, text)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
        await self._list_runs()

    async def _list_runs(self) -> None:
        runs = await asyncio.to_thread(runs_in, self._paths.runs)
        try:
            notes = await asyncio.to_thread(self._library.runs.notes)
        except ComicReaderError as error:
            self.failed.emit(error.sentence)
            notes = {}
        self.runs_changed.emit(runs, notes)

    def _follow(self, run: TrainingRun) -> None:
        self._run = run
        self.began.emit(run.status.folder)

    def _on_status(self, status: object) -> None:
        self.status_changed.emit(status)
        if self._run is not None and self._run.status.is_over:
            self._tasks.start(self._list_runs(), name="list trainings")


def _datasets_in(folder: Path) -> tuple[tuple[Path, int], ...]:
    """The data sets in a folder, less the one that is built anew each time."""
    if not folder.is_dir():
        return ()
    found = sorted(path for path in folder.iterdir() if (path / RECORDS).is_file() and path.name != MINE)
    return tuple((path, len((path / RECORDS).read_bytes().splitlines())) for path in found)


def _with_data(config: Options, data: Path) -> Options:
    return replace(config, data=str(data))  # type: ignore[call-arg] # every run's configuration has it

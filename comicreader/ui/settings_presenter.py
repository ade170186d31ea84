"""The person's settings while the program runs: one value, changed field by field, kept on the disk."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from comicreader.domain.errors import SettingsError
from comicreader.services.settings import Settings, SettingValue, load_settings, save_settings
from comicreader.services.task_runner import TaskRunner


class SettingsPresenter(QObject):
    """Holds the settings.

    Signals:
        changed(Settings): they are others now.
        failed(str): they could not be saved; they hold until the program ends.
    """

    changed = Signal(object)
    failed = Signal(str)

    def __init__(self, path: Path, tasks: TaskRunner) -> None:
        super().__init__()
        self._path = path
        self._tasks = tasks
        self._settings = load_settings(path)
        self._one_at_a_time = asyncio.Lock()

    @property
    def settings(self) -> Settings:
        """The settings that hold."""
        return self._settings

    def change(self, **fields: SettingValue) -> None:
        """Give fields another value."""
        changed = replace(self._settings, **fields)  # type: ignore[arg-type] # checked when it is saved
        if changed != self._settings:
            self._settings = changed
            self._tasks.start(self._save(), name="save the settings")
            self.changed.emit(changed)

    async def _save(self) -> None:
        async with self._one_at_a_time:
            try:
                await asyncio.to_thread(save_settings, self._path, self._settings)
            except SettingsError as error:
                self.failed.emit(error.sentence)

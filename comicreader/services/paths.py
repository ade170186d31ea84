"""Where the program keeps its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

_APP_NAME = "comicreader"


@dataclass(frozen=True, slots=True)
class AppPaths:
    """The program's folders; none is made before something is written there.

    Attributes:
        data: what a person would miss: the library, training runs, the log.
        cache: what can be made again.
        config: the settings.
        runs: training runs.
    """

    data: Path
    cache: Path
    config: Path
    runs: Path

    @classmethod
    def default(cls) -> AppPaths:
        """The folders the operating system has for the person who runs the program."""
        data = platformdirs.user_data_path(_APP_NAME, appauthor=False)
        return cls(
            data=data,
            cache=platformdirs.user_cache_path(_APP_NAME, appauthor=False),
            config=platformdirs.user_config_path(_APP_NAME, appauthor=False),
            runs=data / "runs",
        )

    @classmethod
    def under(cls, folder: Path) -> AppPaths:
        """All folders under one: a library on a stick, or a test's own."""
        return cls(data=folder, cache=folder / "cache", config=folder / "config", runs=folder / "runs")

    @property
    def library_file(self) -> Path:
        """The SQLite file of books, panels, captions and edits."""
        return self.data / "library.sqlite3"

    @property
    def datasets(self) -> Path:
        """Data sets that narrators can be trained on."""
        return self.data / "datasets"

    @property
    def settings_file(self) -> Path:
        """The person's settings."""
        return self.config / "settings.json"

    @property
    def log_file(self) -> Path:
        """The newest of the rotated logs."""
        return self.data / "comicreader.log"

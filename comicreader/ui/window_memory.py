"""Where the window was and what was open in it, from one start to the next."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from comicreader.ui.main_window import MainWindow

_GEOMETRY, _CAPTIONS, _PAGES = "geometry", "captions", "pages"


class WindowMemory:
    """A small file beside the settings; losing it loses nothing that a person made."""

    def __init__(self, path: Path) -> None:
        self._values = QSettings(str(path), QSettings.Format.IniFormat)

    def restore(self, window: MainWindow) -> None:
        """Put a new window where the last one was."""
        geometry = self._values.value(_GEOMETRY)
        if isinstance(geometry, QByteArray):
            window.restoreGeometry(geometry)
        window.set_captions_visible(bool(self._values.value(_CAPTIONS, True, type=bool)))
        window.set_pages_visible(bool(self._values.value(_PAGES, False, type=bool)))

    def keep(self, window: MainWindow) -> None:
        """Remember where the window is."""
        self._values.setValue(_GEOMETRY, window.saveGeometry())
        self._values.setValue(_CAPTIONS, window.are_captions_wanted)
        self._values.setValue(_PAGES, window.are_pages_wanted)
        self._values.sync()

"""The window's program: builds all parts, joins Qt's event loop with asyncio's, and ends both in order.

    library, settings, narrator           services
    books, reader, narration, edits,      presenters: await services, emit results
    panels, page strip, training
    BookFlow, ExchangeFlow, ReadingFlow,  join presenters and the window
    CaptionFlow, RecallFlow,
    DescribingFlow,
    PanelEditFlow, PageStripFlow,
    SettingsFlow, StyleCardFlow,
    CharactersFlow, TrainingFlow

The order of the end: refuse new work, keep the place, stop the narrator, cancel tasks, close the library, leave.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import qasync
from PySide6.QtCore import QSocketNotifier
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from comicreader import __version__
from comicreader.domain.errors import ComicReaderError
from comicreader.memory import limit_arenas
from comicreader.services.library import Library
from comicreader.services.narrator import Narrator, NarratorState, default_command
from comicreader.services.paths import AppPaths
from comicreader.services.task_runner import TaskRunner
from comicreader.ui.auto_play import AutoPlay
from comicreader.ui.book_flow import BookFlow
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.caption_flow import CaptionFlow
from comicreader.ui.characters_flow import CharactersFlow
from comicreader.ui.data_set_flow import DataSetFlow
from comicreader.ui.describing_flow import DescribingFlow
from comicreader.ui.edit_presenter import EditPresenter
from comicreader.ui.exchange_flow import ExchangeFlow
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageKind
from comicreader.ui.narration_presenter import NarrationPresenter
from comicreader.ui.page_strip_flow import PageStripFlow
from comicreader.ui.page_strip_presenter import PageStripPresenter
from comicreader.ui.panel_edit_flow import PanelEditFlow
from comicreader.ui.panel_edit_presenter import PanelEditPresenter
from comicreader.ui.reader_presenter import ReaderPresenter
from comicreader.ui.reading_flow import ReadingFlow
from comicreader.ui.recall_flow import RecallFlow
from comicreader.ui.recall_presenter import RecallPresenter
from comicreader.ui.settings_flow import SettingsFlow
from comicreader.ui.settings_presenter import SettingsPresenter
from comicreader.ui.style_card_flow import StyleCardFlow
from comicreader.ui.theme import Theme, program_icon
from comicreader.ui.training_flow import TrainingFlow
from comicreader.ui.training_presenter import TrainingPresenter
from comicreader.ui.window_memory import WindowMemory
from comicreader.ui.wordings_flow import WordingsFlow

_log = logging.getLogger(__name__)

# Library, pictures, panels: enough that a save never waits behind detection, few enough for two processors.
_WORKERS = 6


def run_window(book: Path | None, paths: AppPaths, narrator_command: Sequence[str] | None = None) -> int:
    """Show the window until it is closed; returns the exit status.

    Args:
        book: what to open first; None: nothing.
        paths: the program's folders.
        narrator_command: the narrator's program; None: the default one.

    Raises:
        LibraryError: the library cannot be opened; it is left as it is.
        KeyboardInterrupt: Ctrl-C in the terminal; the end was in order all the same.
    """
    app = make_application()
    with Library.open(paths.library_file) as library, _signals_heard():
        reader = ReaderApp(app, paths, library, narrator_command or default_command())
        qasync.run(_live(reader, book))
    return 0


def make_application() -> QApplication:
    """Qt's application object, named so that the desktop knows it."""
    limit_arenas()
    app = QApplication(sys.argv[:1])
    QGuiApplication.setApplicationDisplayName("Comic Reader")
    QGuiApplication.setDesktopFileName("comicreader")
    app.setApplicationName("comicreader")
    app.setApplicationVersion(__version__)
    app.setWindowIcon(program_icon())
    app.setQuitOnLastWindowClosed(False)  # the end is ours to order
    return app


class ReaderApp:
    """The running program.

    Attributes:
        window: the main window.
        books: opens and closes books.
        reader: moves through the open book.
        settings: the person's settings.
        training: trains narrators.
        closed: set when the person wants the program to end.
    """

    def __init__(self, app: QApplication, paths: AppPaths, library: Library, narrator_command: Sequence[str]) -> None:
        self.closed = asyncio.Event()
        self._tasks = TaskRunner(self._on_task_error)
        self._memory = WindowMemory(paths.config / "window.ini")
        theme = Theme(app)
        self.window = window = MainWindow(theme)
        self.settings = SettingsPresenter(paths.settings_file, self._tasks)
        self.books = BookPresenter(library, self._tasks)
        self.reader = reader = ReaderPresenter(library, self._tasks)
        narration = NarrationPresenter(library, self._tasks)
        edits = EditPresenter(library, self._tasks)
        auto_play = AutoPlay(window)
        recall = RecallPresenter(library, self._tasks)
        self._narrator = Narrator(
            narrator_command,
            on_state=_both(narration.on_narrator_state, recall.on_narrator_state),
            on_learned=recall.on_learned,
            model=self.settings.settings.narrator_model,
        )
        narration.use_narrator(self._narrator)
        recall.use_narrator(self._narrator)
        BookFlow(window, self.books, self._tasks)
        ExchangeFlow(window, self.books, reader, library, self._tasks)
        ReadingFlow(window, self.books, reader, self.settings, auto_play, self._tasks)
        CaptionFlow(window, self.books, reader, narration, edits, self.settings, auto_play)
        RecallFlow(window, self.books, reader, edits, self.settings, recall)
        WordingsFlow(window, reader, narration, edits, auto_play, self._tasks)
        panels = PanelEditPresenter(library, self._tasks)
        PanelEditFlow(window, self.books, reader, panels, self._tasks)
        PageStripFlow(
            window, self.books, reader, narration, panels, auto_play, PageStripPresenter(library, self._tasks)
        )
        SettingsFlow(window, theme, self.settings, narration, auto_play, self._tasks, paths.runs)
        StyleCardFlow(window, self.books, narration, library, self._tasks)
        DescribingFlow(window, self.books, reader, auto_play, library, self._tasks)
        CharactersFlow(window, self.books, reader, narration, auto_play, library, self._tasks)
        DataSetFlow(window, self.books, reader, edits, library, self._tasks, paths)
        self.training = TrainingPresenter(library, paths, self._tasks)
        TrainingFlow(window, theme, self.settings, narration, self.training, library, self._tasks, paths)
        window.closing.connect(self.closed.set)

    def start(self, book: Path | None) -> None:
        """Show the window and open a book, if one is given."""
        self._memory.restore(self.window)
        self.window.show()
        self.books.list_recent()
        if book is not None:
            self.books.open(book)

    async def close(self) -> None:
        """End everything in order; the library stays its owner's to close."""
        self._memory.keep(self.window)
        self.window.hide()
        self.training.end()
        await self.books.close()
        await self._narrator.close()
        await self._tasks.close()
        self.window.deleteLater()

    def _on_task_error(self, error: BaseException) -> None:
        """A task failed with an error that its presenter does not know."""
        if isinstance(error, ComicReaderError):
            self.window.messages.say(error.sentence, MessageKind.ERROR)
            return
        sys.excepthook(type(error), error, error.__traceback__)
        self.window.messages.say("Something went wrong in Comic Reader itself; its log says what.", MessageKind.ERROR)


def _both(
    first: Callable[[NarratorState], None], second: Callable[[NarratorState], None]
) -> Callable[[NarratorState], None]:
    def told(state: NarratorState) -> None:
        first(state)
        second(state)

    return told


async def _live(reader: ReaderApp, book: Path | None) -> None:
    """The program from the first window to the end."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_WORKERS, thread_name_prefix="worker"))
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, lambda _number, _frame: reader.closed.set())
    reader.start(book)
    try:
        await reader.closed.wait()
    finally:
        await reader.close()


@contextmanager
def _signals_heard() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM through while Qt waits for events: Python hears them only when it runs."""
    ours, pythons = socket.socketpair()
    ours.setblocking(False)
    pythons.setblocking(False)
    before = signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda: ours.recv(64))
    try:
        yield
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(before)
        ours.close()
        pythons.close()

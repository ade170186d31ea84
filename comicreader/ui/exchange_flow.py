"""Joins the window with files of other programs: the open book's panels and captions are written to them and read."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from comicreader.domain.errors import ComicReaderError
from comicreader.domain.panel_files import ACBF, CBXY, GUIDED_NAVIGATION, panel_file
from comicreader.services import book_exchange
from comicreader.services.book_exchange import PANEL_DATA
from comicreader.services.library import Library
from comicreader.services.panel_training_data import write_panel_data
from comicreader.services.task_runner import TaskRunner
from comicreader.services.whole_file import write_whole_file
from comicreader.ui import dialogs
from comicreader.ui.actions import ActionId
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageAction, MessageKind
from comicreader.ui.reader_presenter import ReaderPresenter
from comicreader.ui.reading_session import ReadingSession

# A message for each page would flicker.
_PAGES_A_MESSAGE = 5

_SUFFIXES = {GUIDED_NAVIGATION: ".json", ACBF: ".acbf", CBXY: ".cbxy", PANEL_DATA: ""}


class ExchangeFlow(QObject):
    """File > Export and Import: asks for the file, works beside the reading, says what became of it."""

    def __init__(
        self, window: MainWindow, books: BookPresenter, reader: ReaderPresenter, library: Library, tasks: TaskRunner
    ) -> None:
        super().__init__(window)
        self._window = window
        self._books = books
        self._reader = reader
        self._library = library
        self._tasks = tasks
        self._work: asyncio.Task[None] | None = None
        table = window.actions_table
        table[ActionId.EXPORT].triggered.connect(lambda: tasks.start(self._ask_export(), name="export panels"))
        table[ActionId.IMPORT].triggered.connect(lambda: tasks.start(self._ask_import(), name="import panels"))
        books.closed.connect(self._cancel)

    async def _ask_export(self) -> None:
        session = self._books.session
        if session is None:
            return
        formats = {
            GUIDED_NAVIGATION: self.tr("Readium Guided Navigation (*.json)"),
            ACBF: self.tr("ACBF, with frames and texts (*.acbf)"),
            CBXY: self.tr("Panel boxes for CBZ readers (*.cbxy)"),
            PANEL_DATA: self.tr("Folder of corrected pages, to train panel detection (*)"),
        }
        dialog = QFileDialog(self._window, self.tr("Export panels and captions"), str(session.path.parent))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(formats.values()))
        dialog.selectFile(session.path.stem)
        if not await dialogs.finished(dialog):
            return
        chosen = next(name for name, text in formats.items() if text == dialog.selectedNameFilter())
        path = Path(dialog.selectedFiles()[0])
        if chosen != PANEL_DATA and not path.suffix:
            path = path.with_name(path.name + _SUFFIXES[chosen])
        self.export(session, path, chosen)

    async def _ask_import(self) -> None:
        session = self._books.session
        if session is None:
            return
        dialog = QFileDialog(self._window, self.tr("Import panels and captions"), str(session.path.parent))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(
            [self.tr("Panels and captions (*.json *.acbf *.xml *.cbxy *.cbz)"), self.tr("All files (*)")]
        )
        if await dialogs.finished(dialog):
            self.take_over(session, Path(dialog.selectedFiles()[0]))

    def export(self, session: ReadingSession, path: Path, file_format: str) -> None:
        """Write the book's panels and captions; reading goes on meanwhile.

        Args:
            session: the open book.
            path: the file, or for PANEL_DATA the folder.
            file_format: as `domain.panel_files` names them, or PANEL_DATA.
        """
        self._cancel()
        self._work = self._tasks.start(self._export(session, path, file_format), name="export panels")

    def take_over(self, session: ReadingSession, file: Path) -> None:
        """Make a file's panels and texts those of the book."""
        self._cancel()
        self._work = self._tasks.start(self._import(session, file), name="import panels")

    async def _export(self, session: ReadingSession, path: Path, file_format: str) -> None:
        library, count = self._library, session.page_count
        messages = self._window.messages
        broken = 0
        try:
            if file_format == PANEL_DATA:
                messages.say(self.tr("Writing the corrected pages…"), MessageKind.NOTE)
                await asyncio.to_thread(write_panel_data, session.book, session.direction, library, range(count), path)
            else:
                pages = await book_exchange.told_pages(
                    session.book, session.direction, library, range(count), lambda done: self._say_done(done, count)
                )
                whole = [page for page in pages if not page.error]
                broken = count - len(whole)
                content = panel_file(file_format, session.book.display_title, whole)
                await asyncio.to_thread(write_whole_file, path, content)
        except ComicReaderError as error:
            messages.say(error.sentence, MessageKind.ERROR)
        except OSError as error:
            sentence = self.tr("{path} cannot be written: {reason}.").format(path=path, reason=error.strerror)
            messages.say(sentence, MessageKind.ERROR)
        else:
            text = self.tr("Written to {path}.").format(path=path)
            if broken:
                text += " " + self.tr("{pages} that cannot be read are not in it.").format(
                    pages=book_exchange.counted(broken, "page")
                )
            messages.say(text, MessageKind.WARNING if broken else MessageKind.NOTE)

    def _say_done(self, done: int, count: int) -> None:
        if done % _PAGES_A_MESSAGE == 0 and done < count:
            text = self.tr("Exporting: page {done} of {count}").format(done=done, count=count)
            self._window.messages.say(text, MessageKind.NOTE, MessageAction(self.tr("Stop"), self._stop))

    async def _import(self, session: ReadingSession, file: Path) -> None:
        messages = self._window.messages
        messages.say(self.tr("Importing {file}…").format(file=file.name), MessageKind.NOTE)
        try:
            report = await asyncio.to_thread(book_exchange.import_file, session.book, self._library, file)
        except ComicReaderError as error:
            messages.say(error.sentence, MessageKind.ERROR)
            return
        left_out = book_exchange.left_out_in_words(report, file)
        text = " ".join([book_exchange.in_words(report), left_out, *report.errors]).strip()
        messages.say(text, MessageKind.WARNING if left_out or report.errors else MessageKind.NOTE)
        self._reader.look_at_all_again()

    def _stop(self) -> None:
        self._cancel()
        self._window.messages.say(self.tr("Stopped; nothing was written."), MessageKind.NOTE)

    def _cancel(self) -> None:
        if self._work is not None:
            self._work.cancel()
            self._work = None

"""Joins the window with the data set of the person's captions: Tools > Data set."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from comicreader.domain.errors import ComicReaderError
from comicreader.domain.navigation import Position
from comicreader.services.book_exchange import counted
from comicreader.services.data_set_browsing import Entry, entries, picture_of
from comicreader.services.dataset_archive import export_dataset, take_in
from comicreader.services.library import Library
from comicreader.services.paths import AppPaths
from comicreader.services.task_runner import TaskRunner
from comicreader.ui import dialogs
from comicreader.ui.actions import ActionId
from comicreader.ui.book_presenter import BookPresenter
from comicreader.ui.data_set_dialog import DataSetDialog
from comicreader.ui.edit_presenter import EditPresenter
from comicreader.ui.main_window import MainWindow
from comicreader.ui.message_bar import MessageKind
from comicreader.ui.reader_presenter import ReaderPresenter


class DataSetFlow(QObject):
    """Shows the captions, and does with them what the person wants; corrections can be undone as any others."""

    def __init__(
        self,
        window: MainWindow,
        books: BookPresenter,
        reader: ReaderPresenter,
        edits: EditPresenter,
        library: Library,
        tasks: TaskRunner,
        paths: AppPaths,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._books = books
        self._reader = reader
        self._edits = edits
        self._library = library
        self._tasks = tasks
        self._paths = paths
        self._dialog: DataSetDialog | None = None
        self._visiting: Entry | None = None
        window.actions_table[ActionId.DATA_SET].triggered.connect(self._open)
        edits.changed.connect(lambda _change: self._look())
        edits.revisited.connect(lambda _change: self._look())
        edits.save_failed.connect(lambda _panel, _text, _seconds, sentence: self._complain(sentence))
        books.opened.connect(lambda _session: self._go_there())

    def _open(self) -> None:
        if self._dialog is not None:
            self._dialog.raise_()
            self._dialog.activateWindow()
            return
        self._dialog = dialog = DataSetDialog(self._window)
        dialog.picture_wanted.connect(lambda entry: self._start(self._show_picture(dialog, entry), "cut a panel out"))
        dialog.text_changed.connect(lambda panel_id, text: self._edits.save(panel_id, text, 0.0))
        dialog.excluded.connect(lambda panel_id, is_out: self._start(self._exclude(panel_id, is_out), "leave out"))
        dialog.licence_changed.connect(lambda book, text: self._start(self._note_licence(book, text), "note a licence"))
        dialog.visit_requested.connect(self._visit)
        dialog.export_requested.connect(lambda: self._start(self._ask_export(dialog), "export the data set"))
        dialog.import_requested.connect(lambda: self._start(self._ask_import(dialog), "import a data set"))
        dialog.finished.connect(lambda _result: self._on_closed(dialog))
        dialog.show()
        self._look()

    def _on_closed(self, dialog: DataSetDialog) -> None:
        self._dialog = None
        dialog.deleteLater()

    def _look(self) -> None:
        if self._dialog is not None:
            self._start(self._show_entries(self._dialog), "look at the data set")

    async def _show_entries(self, dialog: DataSetDialog) -> None:
        found = await asyncio.to_thread(entries, self._library)
        if dialog is self._dialog:
            dialog.show_entries(found)

    async def _show_picture(self, dialog: DataSetDialog, entry: Entry) -> None:
        jpeg, problem = b"", ""
        try:
            jpeg = await asyncio.to_thread(picture_of, entry)
        except ComicReaderError as error:
            problem = error.sentence
        if dialog is self._dialog:
            dialog.show_picture(entry, jpeg, problem)

    async def _exclude(self, panel_id: str, is_excluded: bool) -> None:
        await asyncio.to_thread(partial(self._library.data_set.set_excluded, panel_id, is_excluded=is_excluded))
        self._look()

    async def _note_licence(self, book_id: int, licence: str) -> None:
        await asyncio.to_thread(self._library.data_set.set_licence, book_id, licence)
        self._look()

    # To the panel in its book

    def _visit(self, entry: Entry) -> None:
        if entry.place is None:
            return
        self._visiting = entry
        session = self._books.session
        if session is not None and session.path == entry.place.path:
            self._go_there()
        else:
            self._books.open(entry.place.path)

    def _go_there(self) -> None:
        entry, self._visiting = self._visiting, None
        session = self._books.session
        if entry is None or entry.place is None or session is None or session.path != entry.place.path:
            return
        self._reader.go_to(Position(entry.place.page_index, entry.caption.number - 1))
        self._window.activateWindow()

    # To and from other computers

    async def _ask_export(self, dialog: DataSetDialog) -> None:
        chooser = QFileDialog(dialog, self.tr("Export the data set"))
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setNameFilters([self.tr("Data sets (*.zip)")])
        chooser.setDefaultSuffix("zip")
        chooser.selectFile("captions.zip")
        if not await dialogs.finished(chooser):
            return
        file = Path(chooser.selectedFiles()[0])
        built = await asyncio.to_thread(export_dataset, self._library, file)
        sentence = self.tr("{captions} of {books} written to {file}.").format(
            captions=counted(built.records + built.held_out, "caption"), books=counted(built.books, "book"), file=file
        )
        kind = MessageKind.WARNING if built.missing else MessageKind.NOTE
        self._window.messages.say(" ".join((sentence, *built.missing)), kind)

    async def _ask_import(self, dialog: DataSetDialog) -> None:
        chooser = QFileDialog(dialog, self.tr("Take in a data set"))
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.setNameFilters([self.tr("Data sets (*.zip)")])
        if not await dialogs.finished(chooser):
            return
        folder, records = await asyncio.to_thread(take_in, Path(chooser.selectedFiles()[0]), self._paths.datasets)
        self._window.messages.say(
            self.tr("{captions} taken in as “{name}”: train on it under Tools > Train narrator.").format(
                captions=counted(records, "caption"), name=folder.name
            ),
            MessageKind.NOTE,
        )

    def _complain(self, sentence: str) -> None:
        if self._dialog is not None:
            self._window.messages.say(sentence, MessageKind.ERROR)

    def _start(self, work: Coroutine[object, object, None], name: str) -> None:
        self._tasks.start(work, name=name)

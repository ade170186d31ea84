"""Tools > Data set: the person's captions are looked through, mended, left out, and found again in their book."""

import json
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QTableWidget

from comicreader.services.library import Library
from comicreader.ui.actions import ActionId
from comicreader.ui.data_set_dialog import DataSetDialog, Shown
from comicreader.ui.scaled_picture import ScaledPicture
from tests.fixtures.live_reader import LiveReader, Program

pytestmark = [pytest.mark.qt_log_ignore("propagateSizeHints")]


async def correct(reader: LiveReader, text: str) -> None:
    await reader.until_told()
    await reader.write(text)
    reader.press("N")


async def opened(reader: LiveReader) -> DataSetDialog:
    reader.window.actions_table[ActionId.DATA_SET].trigger()
    dialog = await reader.until(lambda: reader.window.findChild(DataSetDialog))
    assert isinstance(dialog, DataSetDialog)
    return dialog


def rows(dialog: DataSetDialog) -> list[str]:
    table = dialog.findChild(QTableWidget)
    return [table.item(row, 0).text() for row in range(table.rowCount()) if not table.isRowHidden(row)]


def button(dialog: DataSetDialog, text: str) -> QPushButton:
    return next(one for one in dialog.findChildren(QPushButton) if one.text() == text)


def said(dialog: DataSetDialog) -> str:
    return " ".join(label.text() for label in dialog.findChildren(QLabel))


def test_captions_are_found_mended_and_left_out(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        for text in ("A red kite.", "A blue boat.", "A green hill."):
            await correct(reader, text)
        dialog = await opened(reader)
        await reader.until(lambda: rows(dialog) == ["A red kite.", "A blue boat.", "A green hill."])
        assert "The narrator wrote: " in said(dialog)
        await reader.until(lambda: not dialog.findChild(ScaledPicture).pixmap().isNull())

        search = dialog.findChild(QLineEdit)
        QTest.keyClicks(search, "boat blue")
        assert rows(dialog) == ["A blue boat."]
        search.clear()
        dialog.findChild(QTableWidget).setCurrentCell(1, 0)
        text = dialog.findChild(QPlainTextEdit)
        text.selectAll()
        QTest.keyClicks(text, "A blue boat at sea.")
        QTest.mouseClick(button(dialog, "Keep the change"), Qt.MouseButton.LeftButton)
        await reader.until(lambda: "A blue boat at sea." in rows(dialog))
        await reader.until(lambda: any(caption.text == "A blue boat at sea." for caption in reader.captions))

        QTest.mouseClick(button(dialog, "Leave out"), Qt.MouseButton.LeftButton)
        await reader.until(lambda: "2 are learned from" in said(dialog))
        chosen = next(box for box in dialog.findChildren(QComboBox))
        chosen.setCurrentIndex(chosen.findData(Shown.LEFT_OUT))
        assert rows(dialog) == ["A blue boat at sea."]
        with Library.open(program.paths.library_file) as library:
            assert [one.is_excluded for one in library.data_set.taught()] == [False, True, False]
        QTest.mouseClick(button(dialog, "Take in again"), Qt.MouseButton.LeftButton)
        await reader.until(lambda: "3 are learned from" in said(dialog))
        dialog.close()

        reader.window.actions_table[ActionId.UNDO].trigger()  # a correction made there is one as any other
        await reader.until(lambda: any(caption.text == "A blue boat." for caption in reader.captions))

    program.run(scenario, draw_comic(pages=1, columns=3))


def test_a_caption_leads_back_to_its_panel_in_its_book(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1, 1)
        reader.press("N")
        await reader.until_at(1, 2)
        await correct(reader, "The second panel.")
        reader.program.books.close_book()
        await reader.until(lambda: reader.page is None)
        dialog = await opened(reader)
        await reader.until(lambda: rows(dialog) == ["The second panel."])
        QTest.mouseClick(button(dialog, "Show in the book"), Qt.MouseButton.LeftButton)
        await reader.until_at(1, 2)

    program.run(scenario, draw_comic(pages=2, columns=3))


def test_the_data_set_is_written_to_a_file_with_the_books_licence(program: Program, draw_comic, tmp_path: Path) -> None:
    file = tmp_path / "mine.zip"

    async def scenario(reader: LiveReader) -> None:
        await correct(reader, "A red kite.")
        dialog = await opened(reader)
        await reader.until(lambda: rows(dialog))
        licence = dialog.findChildren(QLineEdit)[-1]
        licence.setFocus()
        QTest.keyClicks(licence, "CC BY 4.0")
        QTest.keyClick(licence, Qt.Key.Key_Return)
        await reader.until(lambda: library.data_set.books()[0].licence == "CC BY 4.0")
        QTest.mouseClick(button(dialog, "Export…"), Qt.MouseButton.LeftButton)
        chooser = await reader.until(lambda: dialog.findChild(QFileDialog))
        chooser.findChild(QLineEdit, "fileNameEdit").setText(str(file))
        chooser.accept()
        await reader.until(lambda: "1 caption of 1 book written" in reader.message)

    with Library.open(program.paths.library_file) as library:
        program.run(scenario, draw_comic(pages=1, columns=2))
    with zipfile.ZipFile(file) as archive:
        (record,) = map(json.loads, archive.read("records.jsonl").splitlines())
    assert (record["license"], record["panel"]) == ("CC BY 4.0", 1)
    assert "A red kite." in record.values()

"""Who is who: a box is drawn and named, other panels are asked about, captions say the name."""

import io
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QListWidget, QPushButton

from comicreader.domain.geometry import Box
from comicreader.services.library import Library
from comicreader.ui.actions import ActionId
from comicreader.ui.characters_dialog import CharactersDialog, NameDialog
from tests.fixtures.live_reader import LiveReader, Program

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

RED, BLUE, NOBODY = "#d02020", "#2030d0", "#909a70"
PAGES = [(RED, BLUE), (NOBODY, RED), (NOBODY, NOBODY), (BLUE, NOBODY)]
"""Who is in the left and in the right panel of each page."""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """Two panels a page; in each stands a figure, or the grass goes on."""
    path = tmp_path / "story.cbz"
    with zipfile.ZipFile(path, "w") as archive:
        for number, figures in enumerate(PAGES):
            page = Image.new("RGB", (820, 620), "white")
            draw = ImageDraw.Draw(page)
            for left, figure in zip((20, 420), figures, strict=True):
                draw.rectangle((left, 20, left + 380, 600), fill=NOBODY, outline="black", width=4)
                draw.rectangle((left + 4, 20 + 10 * number, left + 376, 90 + 20 * number), fill="#a8c8e0")
                draw.ellipse((left + 130, 200, left + 260, 480), fill=figure)
            stream = io.BytesIO()
            page.save(stream, "PNG")
            archive.writestr(f"{number}.png", stream.getvalue())
    return path


def drag(reader: LiveReader, box: Box) -> None:
    """Draw a box on the page, page pixels."""
    viewport = reader.view.viewport()
    start, end = (reader.view.mapFromScene(*corner) for corner in ((box.x, box.y), (box.right, box.bottom)))
    middle = QPoint((start.x() + end.x()) // 2, (start.y() + end.y()) // 2)
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for place in (middle, end):
        QTest.mouseMove(viewport, place)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)


async def name(reader: LiveReader, text: str) -> CharactersDialog:
    """Draw a box around the figure of the first panel, or take the panel, and name it."""
    dialog = await reader.until_asked()
    assert isinstance(dialog, NameDialog)
    field = dialog.findChild(QComboBox, "name")
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
    return await asking(reader)


async def asking(reader: LiveReader) -> CharactersDialog:
    dialog = await reader.until(lambda: next(iter(reader.window.findChildren(CharactersDialog)), None))
    await reader.until(lambda: question(dialog))
    return dialog


def question(dialog: CharactersDialog) -> str:
    return dialog.findChild(QLabel, "question").text()


def place(dialog: CharactersDialog) -> str:
    return next((label.text() for label in dialog.findChildren(QLabel) if label.text().startswith("Page ")), "")


def places(dialog: CharactersDialog) -> list[str]:
    known = dialog.findChildren(QListWidget)[1]
    return [known.item(row).text() for row in range(known.count())]


async def answered(reader: LiveReader, dialog: CharactersDialog, key: str) -> None:
    """Answer and wait until the next question or the end is shown."""
    before = question(dialog), place(dialog)
    button = next(one for one in dialog.findChildren(QPushButton) if one.text() == key)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    await reader.until(lambda: "here?" not in question(dialog) or (question(dialog), place(dialog)) != before)


def test_a_named_character_is_proposed_where_it_is_and_captions_begin_with_it(program: Program, story: Path) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("I")
        drag(reader, Box(145, 195, 140, 290))
        dialog = await name(reader, "Rosa")
        await reader.until(lambda: question(dialog) == "Is Rosa here?" and "Page 2, panel 2" in place(dialog))
        await answered(reader, dialog, "&Yes")
        assert places(dialog) == ["Page 1, panel 1", "Page 2, panel 2"]
        for _ in range(5):
            await answered(reader, dialog, "&No")
        await reader.until(lambda: "unlikely" in question(dialog))
        dialog.done(QDialog.DialogCode.Accepted)
        await reader.until_back()
        await reader.until(lambda: reader.texts and reader.texts[0].startswith("Rosa: "))
        assert not reader.texts[1].startswith("Rosa")
        reader.press("PgDown")
        await reader.until_at(2)
        await reader.until(lambda: len(reader.texts) == 2 and reader.texts[1].startswith("Rosa: "))

    program.run(scenario, story)


def test_two_characters_a_wrong_answer_and_another_name(program: Program, story: Path) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("I")
        reader.press("Return")
        dialog = await name(reader, "Rosa")
        dialog.done(QDialog.DialogCode.Accepted)
        await reader.until_back()
        reader.press("I")
        drag(reader, Box(545, 195, 140, 290))
        await reader.until(lambda: not reader.window.findChildren(CharactersDialog))
        dialog = await name(reader, "Blue; Bert")
        await reader.until(lambda: "Page 4, panel 1" in place(dialog))
        assert question(dialog) == "Is Blue Bert here?"
        await answered(reader, dialog, "&No")
        back = next(one for one in dialog.findChildren(QPushButton) if one.text() == "Take &back")
        QTest.mouseClick(back, Qt.MouseButton.LeftButton)
        await reader.until(lambda: "Page 4, panel 1" in place(dialog))
        await answered(reader, dialog, "&Yes")
        dialog.renamed.emit("Bert")
        cast = dialog.findChildren(QListWidget)[0]
        await reader.until(lambda: [cast.item(row).text() for row in range(2)] == ["Bert   2", "Rosa   1"])
        dialog.renamed.emit("Rosa")
        await reader.until(lambda: "Another one in this book is called Rosa" in reader.message)
        dialog.withdrawn.emit(reader.panels[1].id)
        await reader.until(lambda: cast.item(0).text() == "Bert   1")
        dialog.done(QDialog.DialogCode.Accepted)
        await reader.until_back()

    program.run(scenario, story)
    with Library.open(program.paths.library_file) as library:
        (book,) = library.recent_books()
        assert [one.name for one in library.characters.cast(book.book_id)] == ["Bert", "Rosa"]
        assert sorted(library.characters.names_by_panel(book.book_id).values()) == [("Bert",), ("Rosa",)]
    with closing(sqlite3.connect(program.paths.library_file)) as file:
        said = [row[0] for row in file.execute("SELECT verdict FROM character_marks ORDER BY mark_id")]
    assert said == ["drawn", "drawn", "refused", "withdrawn", "confirmed", "withdrawn"]


def test_who_draws_nothing_changes_nothing(program: Program, story: Path) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        before = reader.texts
        reader.press("Shift+I")
        await reader.until(lambda: "Nobody has a name" in reader.message)
        reader.press("I")
        assert "Draw a box" in reader.message
        reader.press("Esc")
        assert not reader.window.actions_table[ActionId.NAME_CHARACTER].isChecked()
        assert "Draw a box" not in reader.message
        reader.press("I")
        drag(reader, Box(145, 195, 140, 290))
        (await reader.until_asked()).reject()
        await reader.until_back()
        reader.press("N")
        await reader.until_at(1, 2)
        assert reader.texts == before

    program.run(scenario, story)
    with Library.open(program.paths.library_file) as library:
        assert not library.characters.cast(library.recent_books()[0].book_id)

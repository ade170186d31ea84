"""How a book is told: asked for in a dialog, obeyed at once, kept for the book, and no business of other books."""

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QLineEdit, QPlainTextEdit

from comicreader.services.library import Library
from comicreader.ui.actions import ActionId
from comicreader.ui.style_card_dialog import StyleCardDialog
from tests.fixtures.live_reader import LiveReader, Program
from trainer.style_card import StyleCard

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # said of every dialog where there is no screen


async def ask(reader: LiveReader) -> StyleCardDialog:
    reader.window.actions_table[ActionId.STYLE_CARD].trigger()
    dialog = await reader.until_asked()
    assert isinstance(dialog, StyleCardDialog)
    return dialog


def test_a_book_is_told_by_its_card_now_and_when_it_is_opened_again(program: Program, draw_comic) -> None:
    async def write(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("E")
        await reader.until_editing()
        reader.press("Ctrl+A")
        reader.type("A caption of mine.")
        reader.press("Ctrl+Return")
        await reader.until(lambda: not reader.editor)
        dialog = await ask(reader)
        dialog.findChild(QPlainTextEdit, "names").setPlainText("caption = Pepper\n\nprevious = Carrot")
        dialog.findChild(QLineEdit, "avoid").setText("broom, wand")
        dialog.accept()
        await reader.until(lambda: all("Pepper of" in text for text in reader.texts[1:]))
        assert reader.texts[0] == "A caption of mine."  # a person's text is nobody's to rename
        assert reader.texts[1].endswith("Carrot")

    async def look_again(reader: LiveReader) -> None:
        await reader.until_told()
        assert "Pepper of" in reader.texts[1]
        dialog = await ask(reader)
        assert dialog.findChild(QPlainTextEdit, "names").toPlainText() == "caption = Pepper\nprevious = Carrot"
        dialog.findChild(QPlainTextEdit, "names").setPlainText("")
        dialog.accept()
        await reader.until(lambda: all("caption of" in text for text in reader.texts[1:]))

    async def another_book(reader: LiveReader) -> None:
        await reader.until_told()
        assert all("caption of" in text for text in reader.texts)

    book = draw_comic(pages=1, columns=3)
    program.run(write, book)
    program.run(another_book, draw_comic("other.cbz", pages=1, columns=3, seed=9))
    with Library.open(program.paths.library_file) as library:
        cards = {record.path: record.style_card for record in library.recent_books()}
    assert cards[book] == StyleCard((("caption", "Pepper"), ("previous", "Carrot")), avoid=("broom", "wand"))
    program.run(look_again, book)


def test_what_is_wrong_on_a_card_is_said_and_cannot_be_taken(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        dialog = await ask(reader)
        names = dialog.findChild(QPlainTextEdit, "names")
        take = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
        assert take.isEnabled()
        names.setPlainText("the girl")
        assert not take.isEnabled()
        names.setPlainText("the girl = Pepper")
        assert take.isEnabled()
        dialog.reject()
        await reader.until_back()
        assert all("caption of" in text for text in reader.texts)

    program.run(scenario, draw_comic())

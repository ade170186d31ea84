"""Several wordings of a caption: they come one by one, one is chosen by its number, and the others are remembered."""

import json
import sqlite3
from contextlib import closing

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from comicreader.services.library import Library
from comicreader.ui.wordings_dialog import WordingsDialog, doubtful_words, most_agreed
from tests.fixtures.live_reader import LiveReader, Program

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


async def asked(reader: LiveReader, count: int) -> WordingsDialog:
    reader.press("Shift+R")
    dialog = await reader.until_asked()
    assert isinstance(dialog, WordingsDialog)
    await reader.until(lambda: len(dialog.texts) == count)
    return dialog


def test_a_wording_is_chosen_by_its_number_and_the_choice_can_be_undone(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        first = reader.captions[0].text
        dialog = await asked(reader, 5)
        assert dialog.texts[0] == first
        assert len(set(dialog.texts)) == 5
        wanted = dialog.texts[2]
        QTest.keyClick(dialog, Qt.Key.Key_3)
        await reader.until_back()
        await reader.until(lambda: reader.captions[0].text == wanted)
        with closing(sqlite3.connect(program.paths.library_file)) as library:
            kind, others = library.execute("SELECT kind, alternatives FROM edits ORDER BY edit_id DESC").fetchone()
        assert (kind, len(json.loads(others))) == ("choose", 4)
        with Library.open(program.paths.library_file) as library:
            (taught,) = library.data_set.taught()
        assert {draft.text for draft in taught.drafts} == set(dialog.texts) - {wanted}
        assert taught.act == "choose"
        reader.press("Ctrl+Z")
        await reader.until(lambda: reader.captions[0].text == first)

    program.run(scenario, draw_comic(pages=1, columns=2))


def test_who_leaves_changes_nothing_and_sees_other_wordings_the_next_time(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        first = reader.captions[0].text
        dialog = await asked(reader, 5)
        seen = set(dialog.texts)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        await reader.until_back()
        assert reader.captions[0].text == first
        again = await asked(reader, 5)
        assert set(again.texts) & seen == {first}
        again.done(QDialog.DialogCode.Rejected)
        await reader.until_back()
        with Library.open(program.paths.library_file) as library:
            assert not library.data_set.taught()

    program.run(scenario, draw_comic(pages=1, columns=2))


def test_the_wording_that_the_others_agree_with_is_told(qtbot: QtBot) -> None:
    texts = ["Two dogs run.", "A bird sits on a house.", "A bird sits here.", "A bird sings on a house."]
    assert most_agreed(texts) == 1
    assert most_agreed(texts[:2]) is None
    assert most_agreed(["one", "two", "three"]) is None
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = WordingsDialog(4, parent)
    for text in texts:
        dialog.add(text)
    assert not any("agree" in label.text() for label in dialog.findChildren(QLabel))
    dialog.end()
    assert sum("agree" in label.text() for label in dialog.findChildren(QLabel)) == 1


def test_words_that_no_other_wording_has_are_doubtful() -> None:
    texts = ["A red bird sits.", "A bird flies & sings.", "A bird sits on a house."]
    assert doubtful_words(texts) == [set(), {"flies", "sings"}, {"house"}]
    assert doubtful_words(texts[:2]) == [set(), set()]

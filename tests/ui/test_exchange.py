"""File > Export and Import: panels and captions of the open book to files of other programs and back."""

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QLineEdit

from comicreader.ui.actions import ActionId
from tests.fixtures.live_reader import LiveReader, Program

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # said of every dialog where there is no screen


async def choose(reader: LiveReader, action: ActionId, path: Path, name_filter: str = "") -> None:
    """Ask for an action and answer its file dialog."""
    reader.window.actions_table[action].trigger()
    dialog = await reader.until(lambda: reader.window.findChild(QFileDialog))
    assert isinstance(dialog, QFileDialog)
    for text in dialog.nameFilters():
        if name_filter and name_filter in text:
            dialog.selectNameFilter(text)
    dialog.findChild(QLineEdit, "fileNameEdit").setText(str(path))
    dialog.accept()
    await reader.until(lambda: reader.window.findChild(QFileDialog) is None)


def message(reader: LiveReader) -> str:
    return reader.window.messages.text


def test_texts_leave_one_library_and_reach_another_book_s_page(program: Program, draw_comic, tmp_path: Path) -> None:
    target = tmp_path / "out"

    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        told = reader.texts
        await choose(reader, ActionId.EXPORT, target, "*.json")
        await reader.until(lambda: message(reader) == f"Written to {target}.json.")
        document = json.loads(target.with_suffix(".json").read_text())
        assert [one["description"]["text"] for one in document["guided"][: len(told)]] == told
        for number, one in enumerate(document["guided"]):
            one["description"] = {"text": f"From elsewhere {number}."}
        target.with_suffix(".json").write_text(json.dumps(document))
        await choose(reader, ActionId.IMPORT, target.with_suffix(".json"))
        await reader.until(lambda: message(reader).startswith("6 panels on 2 pages imported, 6 texts with them"))
        await reader.until(lambda: reader.texts == [f"From elsewhere {number}." for number in range(3)])

    program.run(scenario, draw_comic(pages=2, columns=3))


def test_a_file_that_is_none_is_said_and_changes_nothing(program: Program, draw_comic, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]")

    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        told = reader.texts
        await choose(reader, ActionId.IMPORT, wrong)
        await reader.until(lambda: "neither Guided Navigation JSON" in message(reader))
        assert reader.texts == told

    program.run(scenario, draw_comic())


def test_a_book_without_corrections_has_no_training_data(program: Program, draw_comic, tmp_path: Path) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        await choose(reader, ActionId.EXPORT, tmp_path / "corrected", "train panel detection")
        await reader.until(lambda: message(reader) == "No page of this book has panels that a person corrected.")
        assert not (tmp_path / "corrected").exists()

    program.run(scenario, draw_comic())

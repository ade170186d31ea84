"""The narrator as the window shows it: loading, failed, dying, changed; reading never waits for it."""

import time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit, QProgressBar, QRadioButton

from comicreader.domain.narration import Caption
from comicreader.services.library import Library
from comicreader.ui.actions import ActionId
from tests.fixtures.live_reader import LiveReader, Program

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # said of every dialog where there is no screen


async def read_to_the_end(reader: LiveReader) -> None:
    for page, panel in ((1, 2), (2, 1), (2, 2)):
        reader.press("N")
        await reader.until_at(page, panel)


def test_a_narrator_that_is_ready_says_so_and_nothing_else(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        assert reader.narrator == "Narrator ready"
        assert not reader.message

    program.run(scenario, draw_comic())


def test_no_narrator_is_started_before_there_is_something_to_tell(program: Program) -> None:
    async def scenario(reader: LiveReader) -> None:
        assert reader.narrator == "Narrator asleep"

    program.run(scenario)


def test_a_told_book_wakes_no_narrator(program: Program, draw_comic) -> None:
    async def tell(reader: LiveReader) -> None:
        await reader.until_told()

    async def look_again(reader: LiveReader) -> None:
        await reader.until_told()
        assert reader.narrator == "Narrator asleep"

    book = draw_comic(pages=1)
    program.run(tell, book)
    program.run(look_again, book)


def test_while_the_narrator_loads_its_progress_is_shown_and_reading_goes_on(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        await reader.until(lambda: reader.narrator == "Narrator is loading 50 %")
        progress = reader.window.place_bar.findChild(QProgressBar)
        assert progress.isVisible()
        assert progress.value() == 50
        await reader.until(lambda: [caption.state.value for caption in reader.captions] == ["waiting"] * 2)
        await read_to_the_end(reader)

    program.narrator += ("--never-ready",)
    program.run(scenario, draw_comic())


def test_a_narrator_without_its_model_has_failed_and_reading_goes_on(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until(lambda: reader.narrator == "Narrator failed")
        assert reader.message == "There is no such model. Pick another one."
        await read_to_the_end(reader)
        assert reader.texts == ["", ""]
        assert not any(caption.is_coming for caption in reader.captions)

    program.set_up(narrator_model="missing")
    program.run(scenario, draw_comic())


def test_a_narrator_that_cannot_be_started_has_failed_and_reading_goes_on(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until(lambda: reader.narrator == "Narrator failed")
        assert "/nowhere/narrator" in reader.message
        await read_to_the_end(reader)

    program.narrator = ("/nowhere/narrator",)
    program.run(scenario, draw_comic())


def test_another_narrator_can_be_chosen_after_one_has_failed(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until(lambda: reader.narrator == "Narrator failed")
        reader.window.actions_table[ActionId.CHOOSE_NARRATOR].trigger()
        dialog = await reader.until_asked()
        choices = {button.text(): button for button in dialog.findChildren(QRadioButton)}
        assert choices["From the Hugging Face hub"].isChecked()
        assert dialog.findChildren(QLineEdit)[-1].text() == "missing"
        choices["The built-in narrator"].click()
        reader.press_button("Use this narrator")
        await reader.until_told()
        assert reader.narrator == "Narrator ready"
        assert not reader.message
        assert reader.stored(1) == (reader.texts[0], "model:fake-embedded/description")

    program.set_up(narrator_model="missing")
    program.run(scenario, draw_comic())


def test_trying_again_starts_a_narrator_that_had_failed(
    program: Program, draw_comic, tmp_path: Path, fake_narrator: list[str]
) -> None:
    python = tmp_path / "python"

    async def scenario(reader: LiveReader) -> None:
        await reader.until(lambda: reader.narrator == "Narrator failed")
        python.symlink_to(fake_narrator[0])
        reader.press_button("Try again")
        await reader.until_told()
        assert not reader.message

    program.narrator = (str(python), *fake_narrator[1:])
    program.run(scenario, draw_comic())


@pytest.mark.usefixtures("caplog")  # each death is logged
def test_a_narrator_that_dies_is_started_again_and_ends_its_page(program: Program, draw_comic, tmp_path: Path) -> None:
    died = tmp_path / "died"

    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        assert died.exists()
        assert [text.split(" after ")[-1] for text in reader.texts] == ["0 previous", "1 previous", "2 previous"]
        assert not reader.message

    program.narrator += ("--die-after", "1", "--die-once", str(died))
    program.run(scenario, draw_comic(pages=1, columns=3))


@pytest.mark.usefixtures("caplog")
def test_a_narrator_that_keeps_dying_has_failed_and_reading_goes_on(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until(lambda: reader.narrator == "Narrator failed")
        assert "It keeps doing so" in reader.message
        await read_to_the_end(reader)

    program.narrator += ("--die-after", "0")
    program.run(scenario, draw_comic())


def test_a_narrator_that_was_switched_off_writes_only_when_asked(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        assert reader.narrator == "Narrator off"
        await reader.until(reader.window.actions_table[ActionId.REGENERATE].isEnabled)
        assert reader.texts == ["", ""]
        reader.press("R")
        await reader.until(lambda: reader.captions[0].is_standing)
        assert reader.texts[1] == ""

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic())


def test_closing_does_not_wait_for_a_narrator_that_will_not_go(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()

    program.narrator += ("--stubborn",)
    program.run(scenario, draw_comic())  # that nothing stays behind is checked after every test


def test_a_caption_that_is_written_while_the_page_is_read_from_the_library_is_seen(
    program: Program, draw_comic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next page is told ahead; who turns to it in the middle sees what was written before, then, and after."""
    program.narrator += ("--delay", "0.3")
    read = Library.captions_of
    slow: list[int] = []

    def slowly(library: Library, page_id: str) -> dict[str, Caption]:
        found = read(library, page_id)
        if slow and 0 < len(found) < 3:
            time.sleep(slow.pop())
        return found

    monkeypatch.setattr(Library, "captions_of", slowly)

    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        second = await reader.until(lambda: reader.program.books.session.desk.ready_panels(1))
        with Library.open(program.paths.library_file) as library:
            await reader.until(lambda: len(read(library, second.page_id)) == 1)
            slow.append(1)  # longer than the rest of the page takes
            reader.press("PgDown")
            await reader.until_at(2)
            await reader.until(lambda: len(read(library, second.page_id)) == 3)
        await reader.until_told()

    program.run(scenario, draw_comic(pages=2, columns=3))

"""Auto-play: moves on after a reader's pace, and stops as soon as the person takes over."""

import pytest

from comicreader.ui.actions import ActionId
from tests.fixtures.live_reader import LiveReader, Program

FASTEST = 400


def is_playing(reader: LiveReader) -> bool:
    return reader.window.actions_table[ActionId.AUTO_PLAY].isChecked()


def test_it_goes_on_to_the_next_panel_and_stops_at_the_end(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("A")
        assert is_playing(reader)
        await reader.until_at(1, 2)
        assert is_playing(reader)
        await reader.until(lambda: not is_playing(reader))
        assert reader.message == "This is the end of the comic."

    program.set_up(narrate_automatically=False, words_per_minute=FASTEST)  # a look at each panel, nothing to read
    program.run(scenario, draw_comic(pages=1, columns=2))


def test_it_waits_for_a_caption_that_is_being_written(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until(lambda: reader.captions and reader.captions[0].is_coming)
        reader.press("A")
        places: list[bool] = []

        def has_moved() -> bool:
            places.append(reader.captions[0].is_standing)
            return "Panel 2" in reader.place

        await reader.until(has_moved)
        assert places[-1]

    program.set_up(words_per_minute=FASTEST)
    program.narrator += ("--delay", "1.6")
    program.run(scenario, draw_comic(pages=1, columns=2))


@pytest.mark.parametrize("key", ["N", "Shift+N", "Space", "Right", "PgDown", "End", "R", "E", "A", "Esc"])
def test_it_pauses_when_the_person_takes_over(program: Program, draw_comic, key: str) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("N", "A")
        assert is_playing(reader)
        reader.press(key)
        assert not is_playing(reader)

    program.run(scenario, draw_comic(pages=2))


def test_it_pauses_when_the_current_caption_is_edited_in_the_list(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("A")
        reader.double_click_row(1)
        await reader.until_editing()
        assert not is_playing(reader)

    program.run(scenario, draw_comic(pages=2))


def test_it_pauses_on_a_click_and_when_the_book_is_closed(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("A")
        reader.click(1)
        assert not is_playing(reader)
        reader.press("A", "Ctrl+W")
        await reader.until(lambda: not is_playing(reader))

    program.run(scenario, draw_comic(pages=2))

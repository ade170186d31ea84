"""What is there again after the program was closed: place, edits, direction, mode and window."""

from PySide6.QtCore import QSize

from tests.fixtures.live_reader import LiveReader, Program


def test_the_place_comes_back(program: Program, draw_comic) -> None:
    async def read(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("PgDown", "PgDown")
        await reader.until_at(3)
        reader.press("N")
        await reader.until_at(3, 2)

    async def read_on(reader: LiveReader) -> None:
        await reader.until_at(3, 2)

    book = draw_comic(pages=4)
    program.run(read, book)
    program.run(read_on, book)


def test_a_book_that_is_left_for_another_one_keeps_its_place(program: Program, draw_comic) -> None:
    first, second = draw_comic("first.cbz"), draw_comic("second.cbz", seed=9)

    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("PgDown")
        await reader.until_at(2)
        reader.drop(second)
        await reader.until_at(1)
        reader.drop(first)
        await reader.until_at(2)

    program.run(scenario, first)


def test_edits_come_back_and_are_not_narrated_over(program: Program, draw_comic) -> None:
    async def write(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("E")
        await reader.until_editing()
        reader.press("Ctrl+A")
        reader.type("Mine to keep.")
        reader.press("Ctrl+Return")
        await reader.until(lambda: not reader.editor)

    async def look_again(reader: LiveReader) -> None:
        await reader.until_told()
        assert reader.texts[0] == "Mine to keep."
        assert [caption.byline for caption in reader.captions] == ["Yours", "Written by the narrator"]

    book = draw_comic()
    program.run(write, book)
    program.run(look_again, book)


def test_the_reading_direction_belongs_to_its_book(program: Program, draw_comic) -> None:
    manga, comic = draw_comic("manga.cbz"), draw_comic("comic.cbz", seed=9)

    async def turn_round(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("M")
        await reader.until(lambda: begins_right(reader))

    async def look_again(reader: LiveReader) -> None:
        await reader.until(lambda: reader.panels and begins_right(reader))
        reader.drop(comic)
        await reader.until(lambda: reader.window.windowTitle().startswith("comic") and reader.panels)
        assert not begins_right(reader)

    program.run(turn_round, manga)
    program.run(look_again, manga)


def test_the_mode_and_the_windows_shape_come_back(program: Program, draw_comic) -> None:
    size = QSize(700, 500)

    async def arrange(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.window.resize(size)
        reader.press("P", "L", "C")
        await reader.until(lambda: reader.window.size() == size and not reader.view.is_dimmed)
        await reader.until(program.paths.settings_file.exists)

    async def look_again(reader: LiveReader) -> None:
        await reader.until_told()
        assert reader.window.size() == size
        assert not reader.view.is_dimmed
        assert not reader.boxes
        assert not reader.window.captions.isVisible()

    book = draw_comic()
    program.run(arrange, book)
    program.run(look_again, book)


def test_a_book_changed_to_fewer_pages_opens_at_its_beginning(program: Program, draw_comic) -> None:
    async def read(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("End")
        await reader.until_at(5)

    async def look_again(reader: LiveReader) -> None:
        await reader.until_at(1)
        assert "of 2" in reader.place

    program.run(read, draw_comic(pages=5))
    program.run(look_again, draw_comic(pages=2))


def begins_right(reader: LiveReader) -> bool:
    """Whether the first panel is the one on the right."""
    return bool(reader.panels) and reader.panels[0].box.x > reader.panels[-1].box.x

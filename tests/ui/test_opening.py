"""Opening a book in the window: its first page, its panels, and the narration as it arrives."""

from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QPushButton, QToolButton

from tests.fixtures.comic_files import drawn_page, encoded, page_color, write_cbz
from tests.fixtures.live_reader import LiveReader, Program

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # said of every dialog where there is no screen


def test_a_book_opens_at_its_first_page_and_first_panel(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        assert reader.place == "Page 1 of 2 · Panel 1 of 3"
        assert reader.window.windowTitle().startswith("comic")
        assert len(reader.panels) == 3

    program.run(scenario, draw_comic(pages=2, columns=3))


def test_the_pictures_own_pixels_are_on_the_screen(program: Program, tmp_path: Path) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        await reader.until(lambda: reader.rests_at(1))
        picture = reader.view.viewport().grab().toImage()
        middle = reader.view.mapFromScene(200, 300)
        assert picture.pixelColor(middle) == QColor(*page_color(3))

    program.set_up(show_captions=False, narrate_automatically=False)
    program.run(scenario, write_cbz(tmp_path / "one.cbz", {"1.png": encoded(drawn_page(3, 400, 600))}))


def test_captions_arrive_in_reading_order_each_told_from_those_before(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        assert [text.split(" after ")[-1] for text in reader.texts] == ["0 previous", "1 previous", "2 previous"]
        assert [panel.id in text for panel, text in zip(reader.panels, reader.texts, strict=True)] == [True] * 3
        reader.press("PgDown")
        await reader.until_at(2)
        await reader.until_told()
        assert [text.split(" after ")[-1] for text in reader.texts] == ["3 previous", "4 previous", "5 previous"]

    program.run(scenario, draw_comic(pages=2, columns=3))


def test_each_caption_is_seen_to_come_grow_and_stand(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        seen: list[str] = []

        def look(*_changed: object) -> None:
            seen.append(" ".join(caption.state.value for caption in reader.captions))

        reader.window.captions.list_view.model().dataChanged.connect(look)
        await reader.until_told()
        assert list(dict.fromkeys(state for state in seen if "generated" in state)) == [
            "generated waiting",
            "generated writing",
            "generated generated",
        ]

    program.run(scenario, draw_comic(pages=1, columns=2))


def test_the_current_panels_caption_is_in_a_box_on_the_page(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        for panel in (1, 2):
            await reader.until_at(1, panel)
            (box,) = await reader.until(lambda: reader.boxes)
            assert box.caption == reader.captions[panel - 1]
            reader.press("N")

    program.run(scenario, draw_comic(pages=1, columns=3))


def test_page_by_page_all_boxes_up_to_the_current_panel_are_there(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        assert [box.caption.number for box in reader.boxes] == [1]
        reader.press("N", "N")
        await reader.until(lambda: [box.caption.number for box in reader.boxes] == [1, 2, 3])

    program.set_up(panel_mode=False)
    program.run(scenario, draw_comic(pages=1, columns=2, rows=2))


def test_a_file_dropped_on_the_window_opens(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        assert not reader.place
        assert reader.drop(draw_comic("dropped.cbz"))
        await reader.until_at(1)
        assert reader.window.windowTitle().startswith("dropped")

    program.run(scenario)


def test_of_two_books_dropped_at_once_the_last_one_opens(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        for name in ("one.cbz", "two.cbz", "three.cbz"):
            reader.drop(draw_comic(name, seed=len(name)))
        await reader.until_at(1)
        assert reader.window.windowTitle().startswith("three")

    program.run(scenario)


def test_a_book_whose_file_is_deleted_meanwhile_is_read_on(program: Program, draw_comic) -> None:
    book = draw_comic(pages=8)

    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        book.unlink()
        reader.press("End")
        await reader.until_at(8)

    program.run(scenario, book)


def test_the_program_closes_under_an_open_dialog(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("G")
        await reader.until_asked()

    program.run(scenario, draw_comic())


def test_the_demo_opens_from_the_welcome_page(program: Program) -> None:
    async def scenario(reader: LiveReader) -> None:
        button(reader, "See the demo").click()
        await reader.until_at(1)

    program.run(scenario)


def test_books_that_were_open_are_offered_newest_first(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        for name in ("one.cbz", "two.cbz"):
            reader.drop(draw_comic(name, seed=len(name)))
            await reader.until(lambda name=name: reader.window.windowTitle().startswith(name[:3]) and reader.panels)
        reader.press("N")
        await reader.until_at(1, 2)
        reader.press("Ctrl+W")
        await reader.until(lambda: len(recent_books(reader)) == 2)
        assert recent_books(reader) == ["two, page 1 of 2", "one, page 1 of 2"]
        button(reader, "one").click()
        await reader.until(lambda: reader.window.windowTitle().startswith("one"))

    program.run(scenario)


def test_a_recent_book_that_is_gone_cannot_be_chosen_and_can_be_forgotten(program: Program, draw_comic) -> None:
    book = draw_comic("lost.cbz")

    async def read(reader: LiveReader) -> None:
        await reader.until_at(1)

    async def look_again(reader: LiveReader) -> None:
        await reader.until(lambda: recent_books(reader) == ["lost, not found"])
        assert not button(reader, "lost").isEnabled()
        tools = reader.window.welcome.findChildren(QToolButton)
        next(tool for tool in tools if "off the list" in tool.accessibleName()).click()
        await reader.until(lambda: recent_books(reader) == [])

    program.run(read, book)
    book.unlink()
    program.run(look_again)


def button(reader: LiveReader, text: str) -> QPushButton:
    buttons = [each for each in reader.window.welcome.findChildren(QPushButton) if each.isVisible()]
    return next(each for each in buttons if each.text().startswith(text))


def recent_books(reader: LiveReader) -> list[str]:
    buttons = reader.window.welcome.findChildren(QPushButton, "recentBook")
    return [each.accessibleName() for each in buttons if each.isVisible()]

"""Moving through a book by keys, mouse and wheel, panel by panel and page by page."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QSlider, QSpinBox

from tests.fixtures.live_reader import LiveReader, Program

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # said of every dialog where there is no screen


async def walk(reader: LiveReader, *steps: tuple[str, int, int]) -> None:
    """Press keys one after the other; each must lead to a page and a panel."""
    for key, page, panel in steps:
        reader.press(key)
        await reader.until_at(page, panel)


@pytest.mark.parametrize(
    ("forward", "backward"), [("N", "Shift+N"), ("Space", "Shift+Space"), ("Right", "Left"), ("Space", "Backspace")]
)
def test_panels_follow_each_other_across_pages_both_ways(
    program: Program, draw_comic, forward: str, backward: str
) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1, 1)
        await walk(reader, (forward, 1, 2), (forward, 2, 1), (forward, 2, 2))
        await walk(reader, (backward, 2, 1), (backward, 1, 2), (backward, 1, 1))

    program.run(scenario, draw_comic(pages=2, columns=2))


def test_read_from_right_to_left_the_arrows_are_mirrored_and_so_are_the_panels(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1, 1)
        reader.press("M")
        await reader.until(lambda: reader.panels and reader.panels[0].box.x > reader.panels[1].box.x)
        await walk(reader, ("Left", 1, 2), ("Left", 2, 1), ("Right", 1, 2), ("Space", 2, 1))

    program.run(scenario, draw_comic(pages=2, columns=2))


def test_pages_are_turned_and_both_ends_are_one_key_away(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        await walk(reader, ("PgDown", 2, 1), ("End", 4, 1), ("PgUp", 3, 1), ("Home", 1, 1))

    program.run(scenario, draw_comic(pages=4))


def test_page_by_page_space_and_arrows_turn_a_page_that_is_all_in_sight(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        await walk(reader, ("Space", 2, 1), ("Right", 3, 1), ("Left", 2, 1), ("Shift+Space", 1, 1))

    program.set_up(panel_mode=False)
    program.run(scenario, draw_comic(pages=3))


def test_a_page_that_fits_by_its_width_is_scrolled_before_it_is_turned(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        top = reader.view.page_place().y
        reader.press("Space")
        await reader.until(lambda: reader.view.page_place().y < top)
        assert reader.page == 0
        for _ in range(4):
            reader.press("Space")
        await reader.until_at(2)

    program.set_up(panel_mode=False, fit_mode="width", reduce_motion=True)
    program.run(scenario, draw_comic(pages=2))


def test_at_the_end_the_book_says_so_and_can_be_read_again(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        await walk(reader, ("End", 2, 1), ("N", 2, 2))
        reader.press("N")
        assert reader.message == "This is the end of the comic."
        assert "Page 2 of 2 · Panel 2 of 2" in reader.place
        reader.press_button("Read it again")
        await reader.until_at(1)
        assert not reader.message

    program.run(scenario, draw_comic(pages=2))


def test_before_the_beginning_the_book_says_so(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        for key in ("Shift+N", "PgUp"):
            reader.press(key)
            assert reader.message == "This is where the comic begins."
            reader.press("Esc")
            assert not reader.message
        assert reader.page == 0

    program.run(scenario, draw_comic())


def test_a_page_can_be_asked_for_by_its_number(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("G")
        dialog = await reader.until_asked()
        field = dialog.findChild(QSpinBox)
        assert (field.value(), field.maximum()) == (1, 5)
        reader.type("4")
        reader.press("Return")
        await reader.until_at(4)

    program.run(scenario, draw_comic(pages=5))


def test_a_question_for_a_page_can_be_left(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("G")
        await reader.until_asked()
        reader.type("4")
        reader.press("Esc")
        await reader.until_back()
        assert reader.page == 0

    program.run(scenario, draw_comic(pages=5))


def test_the_slider_goes_to_pages(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        slider = reader.window.place_bar.findChild(QSlider)
        slider.setFocus()
        reader.press("PgUp")  # Qt's sliders grow upwards
        await reader.until_at(2)
        assert slider.value() == 2

    program.run(scenario, draw_comic(pages=3))


def test_a_click_goes_to_the_panel_under_it(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.click(3)
        await reader.until_at(1, 3)

    program.set_up(panel_mode=False)
    program.run(scenario, draw_comic(columns=2, rows=2))


def test_a_double_click_reads_panel_by_panel_from_there_and_another_one_shows_the_page(
    program: Program, draw_comic
) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.double_click(4)
        await reader.until_at(1, 4)
        await reader.until(lambda: reader.view.is_dimmed and reader.rests_at(4))
        reader.double_click(4)
        await reader.until(lambda: not reader.view.is_dimmed)
        await reader.until_at(1, 4)

    program.set_up(panel_mode=False, show_captions=False)
    program.run(scenario, draw_comic(columns=2, rows=2))


def test_a_row_of_the_list_goes_to_its_panel(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.click_row(3)
        await reader.until_at(1, 3)

    program.run(scenario, draw_comic(columns=3))


def test_the_wheel_steps_where_there_is_nothing_to_scroll(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        turn_wheel(reader, notches=-1)
        await reader.until_at(1, 2)
        turn_wheel(reader, notches=1)
        await reader.until_at(1, 1)

    program.run(scenario, draw_comic())


def test_the_keys_held_down_end_where_they_were_let_go(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        for _ in range(30):
            reader.press("PgDown")
        reader.press(*["PgUp"] * 5)
        await reader.until_at(26)

    program.run(scenario, draw_comic(pages=31))


def test_the_sheet_of_keys_names_every_menus_keys(program: Program) -> None:
    async def scenario(reader: LiveReader) -> None:
        reader.press("F1")
        dialog = await reader.until_asked()
        words = {label.text() for label in dialog.findChildren(QLabel)}
        assert {"Next panel", "Edit caption", "<code>N</code>", "<code>E</code>"} <= words
        reader.press("Esc")
        await reader.until_back()

    program.run(scenario)


def turn_wheel(reader: LiveReader, notches: int) -> None:
    viewport = reader.view.viewport()
    middle = QPointF(viewport.rect().center())
    event = QWheelEvent(
        middle,
        QPointF(viewport.mapToGlobal(middle.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)

"""Correcting panels in the window: by mouse and by keys, and what the library holds afterwards."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QToolBar

from comicreader.domain.geometry import Box
from comicreader.ui.actions import ActionId
from tests.fixtures.live_reader import LiveReader, Program

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # said of every dialog where there is no screen

# The drawn pages are 400 by 600; two columns and one row of panels.
LEFT, RIGHT = Box(12, 12, 177, 577), Box(212, 12, 177, 577)


async def begin(reader: LiveReader) -> None:
    """Open the mode on a page whose panels are known."""
    await reader.until(reader.window.actions_table[ActionId.EDIT_CAPTION].isEnabled)
    reader.press("X")
    await reader.until(lambda: reader.window.panel_hint.isVisible())
    assert reader.view.hasFocus()


def point(reader: LiveReader, x: float, y: float) -> QPoint:
    return reader.view.mapFromScene(QPointF(x, y))


def click(reader: LiveReader, x: float, y: float, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.mouseClick(reader.view.viewport(), Qt.MouseButton.LeftButton, keys, point(reader, x, y))


def drag(reader: LiveReader, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press, move in two steps, let go; page pixels."""
    viewport, button = reader.view.viewport(), Qt.MouseButton.LeftButton
    QTest.mousePress(viewport, button, pos=point(reader, *start))
    for way in (0.5, 1.0):
        x, y = (start[axis] + way * (end[axis] - start[axis]) for axis in (0, 1))
        QTest.mouseMove(viewport, point(reader, x, y))
    QTest.mouseRelease(viewport, button, pos=point(reader, *end))


def boxes(reader: LiveReader) -> list[Box]:
    return [panel.box for panel in reader.panels]


def is_near(found: Sequence[Box], expected: Sequence[Box]) -> bool:
    """The same boxes to within what a mouse can tell."""
    pairs = zip(found, expected, strict=False)
    return len(found) == len(expected) and all(
        abs(one - other) <= 3
        for first, second in pairs
        for one, other in zip(
            (first.x, first.y, first.right, first.bottom),
            (second.x, second.y, second.right, second.bottom),
            strict=True,
        )
    )


def history(reader: LiveReader) -> list[str]:
    """What the library says was done to panels."""
    with closing(sqlite3.connect(reader.library_file)) as connection:
        return [kind for (kind,) in connection.execute("SELECT kind FROM panel_edits ORDER BY edit_id")]


def last_stored(reader: LiveReader) -> list[Box]:
    """The panels that another program finds for the page on the screen."""
    ids = [panel.id for panel in reader.panels]
    with closing(sqlite3.connect(reader.library_file)) as connection:
        rows = connection.execute(
            """SELECT polygon FROM panels WHERE ordinal IS NOT NULL AND page_id =
                (SELECT page_id FROM panels WHERE panel_id = ?) ORDER BY ordinal""",
            ids[:1],
        ).fetchall()
    polygons = [json.loads(polygon) for (polygon,) in rows]
    return [
        Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
        for xs, ys in (zip(*polygon, strict=True) for polygon in polygons)
    ]


async def write(reader: LiveReader, row: int, text: str) -> None:
    """Make a text the caption of a panel, in the list beside the page."""
    reader.double_click_row(row)
    await reader.until_editing()
    reader.press("Ctrl+A")
    reader.type(text)
    reader.press("Ctrl+Return")
    await reader.until(lambda: not reader.editor)


def test_the_mode_shows_the_whole_page_its_tools_and_a_hint_and_esc_ends_it(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        await reader.until(lambda: reader.boxes)
        await begin(reader)
        tools = reader.window.findChild(QToolBar, "panelTools")
        assert tools.isVisible()
        assert reader.window.panel_hint.text.startswith("Drag a panel, its edges or corners")
        assert not reader.boxes
        assert not reader.view.is_dimmed
        reader.press("S")
        assert reader.window.panel_hint.text.startswith("Draw a line across a panel")
        reader.press("Esc")
        assert reader.window.panel_hint.text.startswith("Drag a panel")
        reader.press("Esc")
        assert not tools.isVisible()
        assert reader.view.is_dimmed
        await reader.until(lambda: reader.boxes)

    program.run(scenario, draw_comic())


def test_a_panel_is_dragged_and_keeps_its_id_and_its_caption(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        await write(reader, 1, "Mine.")
        before = reader.panels
        await begin(reader)
        drag(reader, (100, 300), (108, 306))
        await reader.until(lambda: is_near(boxes(reader), [Box(20, 18, 177, 577), RIGHT]))
        assert [panel.id for panel in reader.panels] == [panel.id for panel in before]
        await reader.until(lambda: reader.texts[0] == "Mine.")
        assert last_stored(reader) == boxes(reader)
        assert history(reader) == ["move"]

    program.run(scenario, draw_comic(pages=1))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((189, 300), (150, 320), Box(12, 12, 138, 577)),
        ((100, 589), (120, 500), Box(12, 12, 177, 488)),
        ((12, 12), (60, 80), Box(60, 80, 129, 509)),
        ((189, 589), (900, 900), Box(12, 12, 388, 588)),
    ],
    ids=["right edge", "lower edge", "corner", "beyond the page"],
)
def test_edges_and_corners_resize(program: Program, draw_comic, start, end, expected: Box) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        drag(reader, start, end)
        await reader.until(lambda: is_near(boxes(reader), [expected, RIGHT]))
        assert history(reader) == ["reshape"]

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_an_edge_can_be_set_right_by_a_few_pixels(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        right = reader.panels[0].box.right
        drag(reader, (right, 300), (right - 5, 300))
        await reader.until(lambda: reader.panels[0].box.right < right)
        assert abs(right - 5 - reader.panels[0].box.right) <= 1

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_corners_are_dragged_added_and_taken_away(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        reader.press("D")
        drag(reader, (189, 589), (150, 560))
        await reader.until(lambda: is_near([Box(*reader.panels[0].polygon[2], 0, 0)], [Box(150, 560, 0, 0)]))
        drag(reader, (100, 12), (100, 40))
        await reader.until(lambda: len(reader.panels[0].polygon) == 5)
        assert is_near([Box(*reader.panels[0].polygon[1], 0, 0)], [Box(100, 40, 0, 0)])
        corner = point(reader, *reader.panels[0].polygon[1])
        QTest.mouseDClick(reader.view.viewport(), Qt.MouseButton.LeftButton, pos=corner)
        await reader.until(lambda: len(reader.panels[0].polygon) == 4)
        assert history(reader) == ["reshape"] * 3

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_a_line_splits_a_panel_and_the_narrator_tells_the_new_part_when_the_mode_ends(
    program: Program, draw_comic
) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        old = reader.panels
        await begin(reader)
        reader.press("S")
        drag(reader, (6, 300), (194, 300))
        await reader.until(lambda: len(reader.panels) == 3)
        assert is_near(boxes(reader), [Box(12, 12, 177, 288), Box(12, 300, 177, 289), RIGHT])
        assert reader.panels[0].id == old[0].id
        await reader.until(lambda: reader.texts[0] and reader.texts[2])
        assert not reader.texts[1]
        reader.press("Esc", "Esc")
        await reader.until_told()
        assert reader.panels[1].id in reader.texts[1]

    program.run(scenario, draw_comic(pages=1))


@pytest.mark.parametrize(("answer", "keeps"), [("Upper part", 0), ("Lower part", 1)])
def test_a_split_asks_which_part_keeps_a_persons_text(program: Program, draw_comic, answer: str, keeps: int) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        await write(reader, 1, "Mine.")
        await begin(reader)
        reader.press("S")
        drag(reader, (6, 300), (194, 300))
        await reader.until_asked()
        assert not history(reader)
        reader.press_button(answer)
        await reader.until_back()
        await reader.until(lambda: len(reader.panels) == 3 and "Mine." in reader.texts)
        assert reader.texts.index("Mine.") == keeps

    program.run(scenario, draw_comic(pages=1))


def test_a_split_that_is_not_answered_changes_nothing(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        await write(reader, 1, "Mine.")
        await begin(reader)
        reader.press("S")
        drag(reader, (6, 300), (194, 300))
        await reader.until_asked()
        reader.press("Esc")
        await reader.until_back()
        assert len(reader.panels) == 2
        assert not history(reader)

    program.run(scenario, draw_comic(pages=1))


def test_merged_panels_join_the_persons_texts(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        await write(reader, 2, "And ends.")
        await write(reader, 1, "It begins.")
        await begin(reader)
        click(reader, 100, 300)
        click(reader, 300, 300, Qt.KeyboardModifier.ShiftModifier)
        reader.press("J")
        await reader.until(lambda: reader.texts == ["It begins. And ends."])
        assert is_near(boxes(reader), [Box(12, 12, 377, 577)])
        reader.press("Ctrl+Z")
        await reader.until(lambda: reader.texts == ["It begins.", "And ends."])

    program.run(scenario, draw_comic(pages=1))


def test_a_panel_is_deleted_and_undo_and_redo_go_back_and_forth(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        await write(reader, 2, "Mine.")
        detected = reader.panels
        await begin(reader)
        click(reader, 300, 300)
        reader.press("Del")
        await reader.until(lambda: len(reader.panels) == 1)
        reader.press("Ctrl+Z")
        await reader.until(lambda: reader.panels == detected and reader.texts[1] == "Mine.")
        reader.press("Ctrl+Shift+Z")
        await reader.until(lambda: len(reader.panels) == 1)
        assert history(reader) == ["delete", "undo", "redo"]
        assert reader.edits() == [("edit", "Mine.")]

    program.run(scenario, draw_comic(pages=1))


def test_outside_the_mode_undo_means_the_caption(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        told = reader.texts[0]
        await write(reader, 1, "Mine.")
        await begin(reader)
        reader.press("Right")
        await reader.until(reader.window.actions_table[ActionId.UNDO_PANELS].isEnabled)
        reader.press("Ctrl+Z")
        await reader.until(reader.window.actions_table[ActionId.REDO_PANELS].isEnabled)
        reader.press("Ctrl+Z")
        reader.press("Esc", "Ctrl+Z")
        await reader.until(lambda: reader.texts[0] == told)
        assert history(reader) == ["move", "undo"]

    program.run(scenario, draw_comic(pages=1))


def test_a_panel_is_drawn_on_empty_paper_or_with_the_tool_on_top_of_others(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        drag(reader, (200, 4), (300, 200))
        await reader.until(lambda: len(reader.panels) == 3)
        assert any(is_near([box], [Box(200, 4, 100, 196)]) for box in boxes(reader))
        reader.press("B")
        drag(reader, (240, 50), (340, 150))
        await reader.until(lambda: len(reader.panels) == 4)
        assert any(is_near([box], [Box(240, 50, 100, 100)]) for box in boxes(reader))
        assert history(reader) == ["add", "add"]

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_panels_are_numbered_by_clicking_them_in_order(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        before = [panel.id for panel in reader.panels]
        reader.press("O")
        for number, panel in enumerate((4, 2, 3, 1)):
            assert f"{number} of 4 numbered" in reader.window.panel_hint.text
            click(reader, *reader.panels[panel - 1].box.center)
        await reader.until(lambda: [panel.id for panel in reader.panels] == [before[i] for i in (3, 1, 2, 0)])
        assert reader.window.panel_hint.text.startswith("Drag a panel")
        assert history(reader) == ["renumber"]

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1, columns=2, rows=2))


def test_the_order_a_person_gave_stays_when_the_direction_turns(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        first, second = (panel.id for panel in reader.panels)
        reader.press("O")
        click(reader, *reader.panels[1].box.center)
        reader.press("Return")
        await reader.until(lambda: [panel.id for panel in reader.panels] == [second, first])
        reader.press("M")
        await reader.until(lambda: reader.window.place_bar.text.startswith("Page 1"))
        reader.press("M")
        await reader.until(lambda: reader.panels)
        assert [panel.id for panel in reader.panels] == [second, first]

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_everything_can_be_done_with_keys(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        left, right = boxes(reader)
        reader.press("Tab", "Shift+Left", "Ctrl+Up")
        moved = Box(right.x - 10, right.y, right.width, right.height - 1)
        await reader.until(lambda: boxes(reader) == [left, moved])
        reader.press("S", "Down", "Down", "Return")
        await reader.until(lambda: len(reader.panels) == 3)
        assert reader.panels[1].box.height == moved.height // 2 + 1
        reader.press("V", "J")
        await reader.until(lambda: boxes(reader) == [left, moved])
        reader.press("B", "Return")
        await reader.until(lambda: len(reader.panels) == 3)
        reader.press("Backspace")
        await reader.until(lambda: len(reader.panels) == 2)
        reader.press("V", "Shift+Tab", "O", "Tab", "Space", "Return")
        await reader.until(lambda: boxes(reader) == [moved, left])
        reader.press("D", "Tab", "Shift+Down", "Return")
        await reader.until(lambda: len(reader.panels[0].polygon) == 5)
        reader.press("Delete")
        await reader.until(lambda: len(reader.panels[0].polygon) == 4)
        assert reader.panels[0].polygon[0] == (moved.x, moved.y + 10)

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_a_key_held_down_is_one_edit(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        x = reader.panels[0].box.x
        for _ in range(7):
            QTest.keyPress(reader.view, Qt.Key.Key_Right)
        QTest.keyRelease(reader.view, Qt.Key.Key_Right)
        await reader.until(lambda: reader.panels[0].box.x == x + 7)
        assert history(reader) == ["move"]

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_tab_leaves_the_page_after_its_last_panel(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        reader.press("Tab")
        await reader.until_at(1, 2)
        assert reader.view.hasFocus()
        reader.press("Tab")
        assert not reader.view.hasFocus()

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_the_selected_panel_is_the_one_that_is_read(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        assert reader.window.panel_editor.selection == (reader.panels[0].id,)
        click(reader, *reader.panels[1].box.center)
        await reader.until_at(1, 2)
        reader.click_row(1)
        await reader.until(lambda: reader.window.panel_editor.selection == (reader.panels[0].id,))

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_shift_adds_to_the_selection_and_a_plain_click_leaves_one(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        left, right = (panel.id for panel in reader.panels)
        click(reader, *RIGHT.center, Qt.KeyboardModifier.ShiftModifier)
        assert reader.window.panel_editor.selection == (left, right)
        drag(reader, LEFT.center, (LEFT.center[0], LEFT.center[1] + 9))
        await reader.until(lambda: all(abs(box.y - 21) <= 3 for box in boxes(reader)))
        assert reader.window.panel_editor.selection == (left, right)
        click(reader, *RIGHT.center)
        assert reader.window.panel_editor.selection == (right,)
        click(reader, *RIGHT.center, Qt.KeyboardModifier.ControlModifier)
        assert reader.window.panel_editor.selection == ()
        assert not reader.window.actions_table[ActionId.DELETE_PANELS].isEnabled()
        assert history(reader) == ["move"]

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_detecting_again_brings_the_detectors_panels_back_and_can_be_undone(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        detected = reader.panels
        reader.press("Del")
        await reader.until(lambda: len(reader.panels) == 1)
        reader.window.actions_table[ActionId.DETECT_AGAIN].trigger()
        await reader.until(lambda: reader.panels == detected)
        reader.press("Ctrl+Z")
        await reader.until(lambda: len(reader.panels) == 1)

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_a_layout_is_used_on_the_next_and_on_the_facing_page(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        reader.press("Del")
        await reader.until(lambda: len(reader.panels) == 1)
        layout = boxes(reader)
        reader.window.actions_table[ActionId.LAYOUT_TO_FACING].trigger()
        await reader.until(lambda: reader.message == "No page faces this one.")
        reader.window.actions_table[ActionId.LAYOUT_TO_NEXT].trigger()
        await reader.until(lambda: reader.message == "Page 2 has the layout of this page now.")
        reader.press_button("Go there")
        await reader.until(lambda: reader.page == 1 and boxes(reader) == layout)
        assert reader.window.panel_hint.isVisible()
        reader.press("Ctrl+Z")
        await reader.until(lambda: len(reader.panels) == 2)
        reader.press("Ctrl+Z")
        await reader.until(lambda: reader.page == 0 and len(reader.panels) == 2)

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=3))


def test_corrections_are_there_when_the_book_is_opened_again(program: Program, draw_comic) -> None:
    async def correct(reader: LiveReader) -> None:
        await begin(reader)
        reader.press("Del")
        await reader.until(lambda: history(reader) == ["delete"])

    async def look(reader: LiveReader) -> None:
        await reader.until_at(1)
        assert len(reader.panels) == 1
        reader.press("X")
        assert not reader.window.actions_table[ActionId.UNDO_PANELS].isEnabled()

    program.set_up(narrate_automatically=False)
    book = draw_comic(pages=1)
    program.run(correct, book)
    program.run(look, book)


def test_a_correction_made_right_before_the_program_ends_is_kept(program: Program, draw_comic) -> None:
    async def correct(reader: LiveReader) -> None:
        await begin(reader)
        reader.press("Del")

    async def look(reader: LiveReader) -> None:
        await reader.until_at(1)
        assert len(reader.panels) == 1

    program.set_up(narrate_automatically=False)
    book = draw_comic(pages=1)
    program.run(correct, book)
    program.run(look, book)


def test_an_edit_that_cannot_be_made_says_why_and_all_is_as_before(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        before = reader.panels
        reader.press("S")
        drag(reader, (100, 200), (100, 201))
        drag(reader, (13, 100), (13, 400))
        await reader.until(lambda: reader.message == "Draw the line across one panel, from side to side.")
        assert reader.window.panel_editor.panels == before
        assert not history(reader)

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_esc_gives_up_what_is_being_pulled(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        before = reader.panels
        QTest.mousePress(reader.view.viewport(), Qt.MouseButton.LeftButton, pos=point(reader, 100, 300))
        QTest.mouseMove(reader.view.viewport(), point(reader, 140, 340))
        reader.press("Esc")
        QTest.mouseRelease(reader.view.viewport(), Qt.MouseButton.LeftButton, pos=point(reader, 140, 340))
        assert reader.window.panel_hint.isVisible()
        assert reader.window.panel_editor.panels == before
        assert not history(reader)

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_the_mode_ends_with_the_book(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        reader.drop(draw_comic("other.cbz", columns=3))
        await reader.until(lambda: len(reader.panels) == 3)
        assert not reader.window.panel_hint.isVisible()
        assert not reader.window.actions_table[ActionId.UNDO_PANELS].isEnabled()
        assert reader.view.is_dimmed

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_every_tool_has_a_name_and_can_be_reached_by_tab(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        tools = reader.window.findChild(QToolBar, "panelTools")
        buttons = [each for each in tools.findChildren(QAbstractButton) if each.objectName() != "qt_toolbar_ext_button"]
        assert len(buttons) == 12
        assert all(button.accessibleName() for button in buttons)
        reached = set()
        for _ in range(60):
            reader.press("Tab")
            reached.add(QApplication.focusWidget())
        assert {button for button in buttons if button.isEnabled() and button.isVisible()} <= reached

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


def test_in_the_smallest_window_every_tool_is_there_and_the_hint_is_one_line(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        one_line_px = reader.window.panel_hint.height()
        reader.window.resize(reader.window.minimumSize())
        tools = reader.window.findChild(QToolBar, "panelTools")
        await reader.until(lambda: tools.width() <= reader.window.minimumWidth())
        buttons = [each for each in tools.findChildren(QAbstractButton) if each.objectName() != "qt_toolbar_ext_button"]
        await reader.until(lambda: all(button.isVisible() for button in buttons))
        assert max(button.geometry().right() for button in buttons) < tools.width()
        assert reader.window.panel_hint.height() == one_line_px

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1))


@pytest.mark.parametrize("ground", ["white paper", "black ink"])
def test_outlines_stand_out_from_any_art(program: Program, draw_comic, ground: str) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        image = reader.view.viewport().grab().toImage()
        place = point(reader, reader.panels[1].box.x, 500)
        across = [image.pixelColor(place.x() + step, place.y()).lightness() for step in range(-4, 5)]
        assert max(across) - min(across) > 200
        assert min(across[:4]) < 60
        assert min(across[5:]) < 60

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=1, seed=0 if ground == "white paper" else 5))


def test_the_middle_button_moves_the_page_and_the_panels_stay_where_they_are_on_it(
    program: Program, draw_comic
) -> None:
    async def scenario(reader: LiveReader) -> None:
        await begin(reader)
        reader.press("+", "+", "+", "+")
        place = point(reader, 100, 300)
        QTest.mousePress(reader.view.viewport(), Qt.MouseButton.MiddleButton, pos=place)
        QTest.mouseMove(reader.view.viewport(), place + QPoint(0, 60))
        QTest.mouseRelease(reader.view.viewport(), Qt.MouseButton.MiddleButton, pos=place + QPoint(0, 60))
        assert point(reader, 100, 300).y() == pytest.approx(place.y() + 60, abs=2)
        assert not history(reader)
        drag(reader, (100, 300), (108, 300))
        await reader.until(lambda: is_near(boxes(reader), [Box(20, 12, 177, 577), RIGHT]))

    program.set_up(narrate_automatically=False, reduce_motion=True)
    program.run(scenario, draw_comic(pages=1))

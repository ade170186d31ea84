"""What the window shows and how large: zoom, fit, full screen, modes, and the camera's glide."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDockWidget

from tests.fixtures.live_reader import LiveReader, Program


def test_zoom_keys_change_the_page_by_a_quarter_and_back_to_fit(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        fitted = reader.view.zoom_frac
        reader.press("+")
        assert reader.view.zoom_frac == pytest.approx(1.25 * fitted)
        reader.press("-", "-")
        assert reader.view.zoom_frac == pytest.approx(fitted / 1.25)
        reader.press("0")
        assert reader.view.zoom_frac == pytest.approx(fitted)

    program.set_up(panel_mode=False)
    program.run(scenario, draw_comic())


def test_zoom_ends_at_eight_view_pixels_a_page_pixel_and_at_half_the_fit(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        fitted = reader.view.zoom_frac
        reader.press(*["+"] * 30)
        assert reader.view.zoom_frac == pytest.approx(8)
        reader.press(*["-"] * 40)
        assert reader.view.zoom_frac == pytest.approx(fitted / 2)

    program.set_up(panel_mode=False)
    program.run(scenario, draw_comic())


def test_the_page_can_be_fitted_by_its_width(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        fitted = reader.view.page_place()
        reader.press("W")
        wide = reader.view.page_place()
        assert wide.width > fitted.width
        assert wide.height > reader.view.viewport().height()
        reader.press("W")
        assert reader.view.page_place() == fitted

    program.set_up(panel_mode=False)
    program.run(scenario, draw_comic())


def test_the_next_step_undoes_zooming_by_hand(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("+", "+", "N")
        await reader.until_at(1, 2)
        await reader.until(lambda: reader.rests_at(2))
        framed = reader.view.zoom_frac
        reader.press("0")
        assert reader.view.zoom_frac == pytest.approx(framed)

    program.run(scenario, draw_comic())


def test_full_screen_leaves_the_screen_to_the_page_and_esc_comes_back(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        parts = reader.window.menuBar(), reader.window.statusBar(), reader.window.findChild(QDockWidget)
        reader.press("F11")
        await reader.until(reader.window.isFullScreen)
        assert not any(part.isVisible() for part in parts)
        reader.press("N")
        await reader.until_at(1, 2)
        reader.press("Esc")
        await reader.until(lambda: not reader.window.isFullScreen())
        assert all(part.isVisible() for part in parts)

    program.run(scenario, draw_comic())


def test_esc_steps_out_of_one_thing_at_a_time(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("Shift+N", "F11")
        await reader.until(reader.window.isFullScreen)
        reader.press("Esc")
        await reader.until(lambda: not reader.window.isFullScreen())
        assert reader.message
        reader.press("Esc")
        assert not reader.message
        assert reader.view.is_dimmed
        reader.press("Esc")
        assert not reader.view.is_dimmed

    program.run(scenario, draw_comic())


def test_narration_and_list_can_be_put_out_of_sight(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        await reader.until(lambda: reader.boxes)
        reader.press("C")
        assert not reader.boxes
        reader.press("C")
        assert reader.boxes
        reader.press("L")
        assert not reader.window.captions.isVisible()
        reader.press("L")
        assert reader.window.captions.isVisible()

    program.run(scenario, draw_comic())


def test_in_panel_mode_the_camera_glides_to_the_panel(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        await reader.until(lambda: reader.rests_at(1))
        reader.press("N")
        assert not reader.rests_at(2)
        await reader.until(lambda: reader.rests_at(2))

    program.run(scenario, draw_comic())


def test_with_reduced_motion_nothing_glides(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        assert reader.rests_at(1)
        reader.press("N")
        assert reader.rests_at(2)
        reader.press("P")
        assert reader.rests_at(2)
        reader.press("+")
        assert reader.rests_at(2)

    program.set_up(reduce_motion=True)
    program.run(scenario, draw_comic())


@pytest.mark.parametrize("panel_mode", [True, False])
def test_boxes_are_inside_the_view_at_every_size_of_the_window(program: Program, draw_comic, panel_mode: bool) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("N", "N", "N")
        await reader.until_at(1, 4)
        for size in (QSize(640, 420), QSize(900, 1100), QSize(1600, 900), QSize(1280, 420), QSize(640, 1000)):
            reader.window.resize(size)
            await reader.until(lambda size=size: reader.window.size() == size and reader.boxes)
            view = reader.view.viewport().rect()
            outside = [box.paper for box in reader.boxes if not view.contains(box.paper)]
            assert not outside, f"{outside} in {view} of a window of {size}"

    program.set_up(panel_mode=panel_mode)
    program.run(scenario, draw_comic(columns=2, rows=2))

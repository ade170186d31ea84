import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicreader.domain.framing import CaptionRoom, Extent, Pose, frame_page, frame_panel, keep_in_sight, scroll_step
from comicreader.domain.geometry import Box

PAGE = Extent(1000, 1400)
NO_ROOM = CaptionRoom()


def shown(box: Box, pose: Pose, view: Extent) -> Box:
    return pose.to_view(box, view)


def test_a_whole_page_is_centred_and_wholly_visible():
    view = Extent(1200, 800)
    on_screen = shown(Box(0, 0, 1000, 1400), frame_page(PAGE, view, "page", NO_ROOM), view)
    assert on_screen.y >= 0
    assert on_screen.bottom <= 800
    assert abs(on_screen.x - (1200 - on_screen.right)) <= 1


def test_a_page_fitted_by_its_width_starts_at_its_top():
    view = Extent(900, 600)
    on_screen = shown(Box(0, 0, 1000, 1400), frame_page(PAGE, view, "width", NO_ROOM), view)
    assert on_screen.width == pytest.approx(880, abs=1)
    assert 0 <= on_screen.y <= 12
    assert on_screen.bottom > 600


def test_a_tall_strip_is_fitted_by_its_width_even_when_whole_pages_are_asked_for():
    view = Extent(900, 600)
    strip = Extent(800, 20_000)
    on_screen = shown(Box(0, 0, 800, 20_000), frame_page(strip, view, "page", NO_ROOM), view)
    assert on_screen.width > 800


def test_a_page_moves_aside_when_only_both_margins_together_hold_a_narration_box():
    view = Extent(1000, 800)
    centred = frame_page(PAGE, view, "page", CaptionRoom(beside_px=150))
    aside = frame_page(PAGE, view, "page", CaptionRoom(beside_px=300))
    page = Box(0, 0, 1000, 1400)
    assert shown(page, centred, view).x > 200
    assert shown(page, aside, view).x <= 12
    assert 1000 - shown(page, aside, view).right >= 300


def test_a_panel_leaves_room_for_its_narration_below():
    view = Extent(1000, 800)
    on_screen = shown(Box(0, 0, 900, 300), frame_panel(Box(0, 0, 900, 300), PAGE, view, CaptionRoom(140, 300)), view)
    assert on_screen.x >= 0
    assert on_screen.right <= 1000
    assert 800 - on_screen.bottom >= 140


def test_the_narration_of_a_tall_panel_gets_its_room_beside_it():
    view = Extent(1000, 800)
    panel = Box(300, 0, 300, 1300)
    on_screen = shown(panel, frame_panel(panel, PAGE, view, CaptionRoom(140, 300)), view)
    assert 1000 - on_screen.right >= 300
    assert on_screen.height > 700


def test_a_tiny_panel_is_not_blown_up_beyond_sense():
    view = Extent(2000, 1600)
    pose = frame_panel(Box(10, 10, 20, 20), PAGE, view, NO_ROOM)
    assert pose.scale <= 3.01 * (1600 - 20) / 1400


def test_zooming_keeps_the_point_under_the_pointer():
    view = Extent(1000, 800)
    pose = Pose(500, 700, 0.5)
    before = shown(Box(200, 300, 1, 1), pose, view)
    after = shown(Box(200, 300, 1, 1), pose.zoomed(2.0, 200, 300), view)
    assert (before.x, before.y) == (after.x, after.y)


def test_scrolling_ends_at_the_bottom_of_the_page():
    view = Extent(900, 600)
    pose = frame_page(PAGE, view, "width", NO_ROOM)
    steps = 0
    while (following := scroll_step(pose, PAGE, view, forward=True)) is not None:
        pose, steps = following, steps + 1
    assert steps == 2
    assert shown(Box(0, 0, 1000, 1400), pose, view).bottom <= 600


def test_a_page_in_full_view_has_nothing_to_scroll():
    view = Extent(1200, 800)
    assert scroll_step(frame_page(PAGE, view, "page", NO_ROOM), PAGE, view, forward=True) is None


sides = st.integers(20, 4000)


@given(page_w=sides, page_h=sides, view_w=sides, view_h=sides, data=st.data())
def test_every_panel_is_wholly_inside_every_view(page_w, page_h, view_w, view_h, data):
    x = data.draw(st.integers(0, page_w - 2))
    y = data.draw(st.integers(0, page_h - 2))
    panel = Box(x, y, data.draw(st.integers(1, page_w - x)), data.draw(st.integers(1, page_h - y)))
    view = Extent(view_w, view_h)
    on_screen = frame_panel(panel, Extent(page_w, page_h), view, NO_ROOM).to_view(panel, view)
    assert on_screen.x >= -1
    assert on_screen.y >= -1
    assert on_screen.right <= view_w + 1
    assert on_screen.bottom <= view_h + 1


@given(x=st.floats(-5000, 5000), y=st.floats(-5000, 5000), scale=st.floats(0.05, 8))
def test_a_page_never_leaves_the_view(x, y, scale):
    view = Extent(900, 600)
    pose = keep_in_sight(Pose(x, y, scale), PAGE, view)
    on_screen = pose.to_view(Box(0, 0, 1000, 1400), view)
    assert on_screen.intersection(Box(0, 0, 900, 600)).area > 0
    assert keep_in_sight(pose, PAGE, view) == pose


@given(frac=st.floats(0, 1))
def test_a_glide_stays_between_its_ends(frac):
    start, goal = Pose(0, 0, 0.5), Pose(100, 200, 2.0)
    pose = start.toward(goal, frac)
    assert 0 <= pose.x <= 100
    assert 0.5 <= pose.scale <= 2.0 + 1e-9

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from comicreader.domain.box_placement import DetailMap, Stage, place_box
from comicreader.domain.geometry import Box

VIEW = Box(0, 0, 1000, 800)
SIZES = [(300, 90)]


def busy(height: int, width: int) -> np.ndarray:
    """A page of dense hatching."""
    page = np.full((height, width, 3), 255, np.uint8)
    page[::4] = 0
    page[:, ::4] = 0
    return page


def is_inside(inner: Box, outer: Box) -> bool:
    return inner.intersection(outer) == inner


def test_with_margins_beside_the_page_nothing_of_it_is_hidden():
    page = Box(330, 0, 340, 800)
    stage = Stage(VIEW, page, Box(340, 100, 320, 200), is_dimmed=False)
    box = place_box(SIZES, stage, DetailMap.of(busy(800, 340)))
    assert box is not None
    assert box.intersection(page).area == 0


def test_below_a_panel_is_better_than_on_it():
    panel = Box(100, 50, 800, 500)
    stage = Stage(VIEW, Box(0, 0, 1000, 1400), panel, is_dimmed=True)
    box = place_box(SIZES, stage, DetailMap.of(busy(1400, 1000)))
    assert box is not None
    assert box.y >= panel.bottom


def test_on_a_panel_that_fills_the_view_the_emptiest_edge_is_taken():
    page = busy(800, 1000)
    page[600:, 600:] = 255  # an empty corner at the bottom right
    stage = Stage(VIEW, VIEW, VIEW, is_dimmed=True)
    box = place_box(SIZES, stage, DetailMap.of(page))
    assert box is not None
    assert is_inside(box, Box(600, 600, 400, 200))


def test_a_face_is_spared_where_a_sky_can_be_covered():
    page = np.full((800, 1000, 3), (150, 190, 230), np.uint8)  # sky
    page[:400] = (235, 190, 160)  # skin
    box = place_box(SIZES, Stage(VIEW, VIEW, VIEW, is_dimmed=False), DetailMap.of(page))
    assert box is not None
    assert box.y >= 400


def test_boxes_that_stand_already_are_not_covered():
    stage = Stage(VIEW, Box(330, 0, 340, 800), Box(340, 100, 320, 200), is_dimmed=False)
    first = place_box(SIZES, stage, DetailMap.blank())
    assert first is not None
    second = place_box(SIZES, Stage(stage.view, stage.page, stage.panel, False, taken=(first,)), DetailMap.blank())
    assert second is not None
    assert second.intersection(first).area == 0


def test_there_is_no_place_when_all_is_taken():
    stage = Stage(VIEW, VIEW, VIEW, is_dimmed=False, taken=(VIEW,))
    assert place_box(SIZES, stage, DetailMap.blank()) is None


def test_detail_is_high_on_drawing_and_low_on_paper():
    page = np.full((400, 400, 3), 255, np.uint8)
    page[:, :200] = busy(400, 200)
    detail = DetailMap.of(page)
    whole = Box(0, 0, 400, 400)
    assert detail.mean(Box(0, 0, 180, 400), whole) > 0.3
    assert detail.mean(Box(220, 0, 180, 400), whole) < 0.02


coordinates = st.integers(-3000, 3000)
sides = st.integers(1, 5000)


@given(
    page=st.builds(Box, coordinates, coordinates, sides, sides),
    panel=st.builds(Box, coordinates, coordinates, sides, sides),
    view=st.builds(Box, st.just(0), st.just(0), st.integers(120, 3000), st.integers(120, 3000)),
    size=st.tuples(st.integers(10, 3000), st.integers(10, 3000)),
    is_dimmed=st.booleans(),
)
def test_a_box_is_never_off_screen(page, panel, view, size, is_dimmed):
    box = place_box([size], Stage(view, page, panel, is_dimmed), DetailMap.blank())
    assert box is not None
    assert is_inside(box, view)
    assert box.area > 0

"""Correcting panels: what becomes of shapes, order and ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicreader.domain.book import Direction
from comicreader.domain.errors import PanelEditError
from comicreader.domain.geometry import Box, bounding_box, polygon_area
from comicreader.domain.panel_edits import (
    added,
    deleted,
    facing_page,
    laid_out,
    merged,
    moved,
    renumbered,
    reshaped,
    resized,
    split,
)
from comicreader.domain.panels import Panel

PAGE = Box(0, 0, 400, 600)
LTR, RTL = Direction.LEFT_TO_RIGHT, Direction.RIGHT_TO_LEFT


def box_panel(name: str, x: int, y: int, width: int, height: int) -> Panel:
    return Panel(Box(x, y, width, height).corners, 0.7, name)


A, B = box_panel("a", 10, 10, 180, 200), box_panel("b", 210, 10, 180, 200)
C = box_panel("c", 10, 230, 380, 350)
PANELS = (A, B, C)


def ids(panels: tuple[Panel, ...]) -> list[str]:
    return [panel.id for panel in panels]


def test_a_moved_panel_keeps_id_shape_and_place_in_the_order() -> None:
    edit = moved(PANELS, {"b"}, -15, 20, PAGE)
    assert ids(edit.panels) == ["a", "b", "c"]
    assert edit.panels[1].box == Box(195, 30, 180, 200)
    assert edit.panels[1].confidence == 1
    assert (edit.panels[0], edit.panels[2]) == (A, C)


@given(st.integers(-2000, 2000), st.integers(-2000, 2000))
def test_panels_moved_together_stay_whole_inside_the_page(right: int, down: int) -> None:
    first, second, _ = moved(PANELS, {"a", "b"}, right, down, PAGE).panels
    assert first.box.intersection(PAGE) == first.box
    assert second.box.intersection(PAGE) == second.box
    assert (second.box.x - first.box.x, second.box.y - first.box.y) == (200, 0)


def test_a_reshaped_panel_is_pulled_into_the_page_and_begins_top_left() -> None:
    edit = reshaped(PANELS, "a", ((150, 300), (-20, 260), (20, -9), (190, 10)), PAGE)
    assert edit.panels[0] == Panel(((20, 0), (190, 10), (150, 300), (0, 260)), 1.0, "a")


@pytest.mark.parametrize(
    ("polygon", "why"),
    [
        (((0, 0), (100, 100), (100, 0), (0, 100)), "cross itself"),
        (((0, 0), (200, 0), (200, 200), (100, 0), (0, 200)), "cross itself"),
        (((0, 0), (100, 0), (100, 5), (0, 5)), "too small"),
        (((0, 0), (100, 100), (50, 50)), "too small"),
        (((-50, 0), (-9, 0), (-9, 90)), "too small"),
    ],
    ids=["a bow", "a corner on a side", "thin", "flat", "beside the page"],
)
def test_an_outline_that_is_none_is_refused(polygon, why: str) -> None:
    with pytest.raises(PanelEditError, match=why):
        reshaped(PANELS, "a", polygon, PAGE)


def test_a_resized_panel_fills_the_box_with_all_its_corners() -> None:
    slanted = Panel(((0, 0), (100, 0), (80, 50), (0, 50)), id="s")
    edit = resized((slanted,), "s", Box(10, 20, 200, 200), PAGE)
    assert edit.panels[0].polygon == ((10, 20), (210, 20), (170, 220), (10, 220))


@pytest.mark.parametrize(("direction", "first_x"), [(LTR, 10), (RTL, 205)])
def test_the_parts_of_a_split_stand_in_its_place_in_reading_order(direction: Direction, first_x: int) -> None:
    edit = split(PANELS, "c", ((205, 0), (205, 50)), direction)
    assert ids(edit.panels) == ["a", "b", "c", ""]
    assert edit.panels[2].box.x == first_x
    assert sum(polygon_area(panel.polygon) for panel in edit.panels[2:]) == C.box.area


def test_the_part_that_is_chosen_keeps_the_caption() -> None:
    edit = split(PANELS, "c", ((0, 400), (400, 401)), LTR, keeper=1)
    assert ids(edit.panels) == ["a", "b", "", "c"]
    assert edit.panels[2].box.y == 230


def test_a_slanted_line_makes_slanted_parts() -> None:
    first, second = split((A,), "a", ((60, 10), (140, 210)), LTR).panels
    assert first.polygon == ((10, 10), (60, 10), (140, 210), (10, 210))
    assert second.polygon == ((60, 10), (190, 10), (190, 210), (140, 210))


@pytest.mark.parametrize(
    "line", [((500, 0), (500, 9)), ((50, 50), (50, 50)), ((12, 0), (12, 9))], ids=["beside", "a dot", "a sliver"]
)
def test_a_line_that_cuts_nothing_in_two_is_refused(line) -> None:
    with pytest.raises(PanelEditError, match="Draw the line"):
        split(PANELS, "a", line, LTR)


def test_a_line_through_both_arms_of_a_bent_panel_is_refused() -> None:
    bent = Panel(((0, 0), (300, 0), (300, 200), (200, 200), (200, 100), (100, 100), (100, 200), (0, 200)), id="u")
    with pytest.raises(PanelEditError, match="Draw the line"):
        split((bent,), "u", ((0, 150), (300, 150)), LTR)
    assert len(split((bent,), "u", ((150, 0), (150, 300)), LTR).panels) == 2


def test_merged_panels_are_one_new_one_that_takes_their_texts() -> None:
    edit = merged(PANELS, {"b", "a"}, PAGE)
    assert ids(edit.panels) == ["", "c"]
    assert edit.panels[0].polygon == Box(10, 10, 380, 200).corners
    assert edit.joined == ("a", "b")


def test_merged_panels_that_fill_no_box_become_their_hull() -> None:
    low = box_panel("low", 210, 300, 180, 200)
    (whole,) = merged((A, low), {"a", "low"}, PAGE).panels
    assert whole.box == Box(10, 10, 380, 490)
    assert len(whole.polygon) == 6
    assert polygon_area(whole.polygon) < 0.9 * whole.box.area


def test_one_panel_cannot_be_merged() -> None:
    with pytest.raises(PanelEditError, match="two panels"):
        merged(PANELS, {"b"}, PAGE)


def test_deleted_panels_are_gone_and_a_page_may_have_none() -> None:
    assert deleted(PANELS, {"a", "c"}).panels == (B,)
    assert deleted((A,), {"a"}).panels == ()


@pytest.mark.parametrize(
    ("direction", "order"), [(LTR, ["a", "", "b", "c"]), (RTL, ["a", "b", "", "c"])], ids=["ltr", "rtl"]
)
def test_an_added_panel_is_put_behind_the_one_read_before_it(direction: Direction, order: list[str]) -> None:
    narrow = (box_panel("a", 0, 0, 100, 200), box_panel("b", 290, 0, 100, 200), C)
    assert ids(added(narrow, Box(120, 0, 150, 200), PAGE, direction).panels) == order


def test_an_added_panel_leaves_the_order_a_person_gave_alone() -> None:
    edit = added((C, B, A), Box(10, 585, 380, 100), PAGE, LTR)
    assert ids(edit.panels) == ["c", "", "b", "a"]
    assert edit.panels[1].box == Box(10, 585, 380, 15)


def test_the_first_panel_of_a_page_can_be_added_in_front_and_alone() -> None:
    assert ids(added((C,), Box(0, 0, 400, 200), PAGE, LTR).panels) == ["", "c"]
    assert len(added((), Box(0, 0, 400, 200), PAGE, LTR).panels) == 1


def test_renumbered_panels_come_first_and_the_others_follow_as_they_were() -> None:
    assert ids(renumbered(PANELS, ["c", "a"]).panels) == ["c", "a", "b"]


def test_a_layout_is_stretched_to_the_other_page_without_ids() -> None:
    copied = laid_out(PANELS, PAGE, Box(0, 0, 800, 600))
    assert [panel.box for panel in copied] == [Box(20, 10, 360, 200), Box(420, 10, 360, 200), Box(20, 230, 760, 350)]
    assert ids(copied) == ["", "", ""]


def test_the_cover_faces_no_page_and_the_others_face_in_pairs() -> None:
    assert [facing_page(index, 6) for index in range(6)] == [None, 2, 1, 4, 3, None]


@pytest.mark.parametrize(
    "edit",
    [
        lambda: moved(PANELS, {"gone"}, 1, 1, PAGE),
        lambda: reshaped(PANELS, "gone", A.polygon, PAGE),
        lambda: split(PANELS, "gone", ((0, 0), (9, 9)), LTR),
        lambda: merged(PANELS, {"a", "gone"}, PAGE),
        lambda: deleted(PANELS, {"gone"}),
        lambda: renumbered(PANELS, ["gone"]),
        lambda: deleted(added((), Box(0, 0, 50, 50), PAGE, LTR).panels, {""}),
    ],
    ids=["move", "reshape", "split", "merge", "delete", "renumber", "without an id"],
)
def test_a_panel_that_is_not_there_cannot_be_edited(edit) -> None:
    with pytest.raises(PanelEditError, match="not on the page"):
        edit()


@given(st.integers(-100, 500), st.integers(-100, 700), st.integers(-100, 500), st.integers(-100, 700))
def test_whatever_line_is_drawn_the_parts_fill_the_panel(x0: int, y0: int, x1: int, y1: int) -> None:
    try:
        parts = split((C,), "c", ((x0, y0), (x1, y1)), LTR).panels
    except PanelEditError:
        return
    assert sum(polygon_area(part.polygon) for part in parts) == pytest.approx(C.box.area, rel=0.01)
    assert bounding_box([point for part in parts for point in part.polygon]) == C.box

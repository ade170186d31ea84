"""Taking hold of panels: what the hand gets, and what pulling makes of the outline."""

import pytest

from comicreader.domain.geometry import Box
from comicreader.domain.panel_grips import Grip, GripKind, corner_grips, dragged, grip_at, is_box, without_corner
from comicreader.domain.panels import Panel

LEFT = Panel(Box(0, 0, 100, 200).corners, id="left")
RIGHT = Panel(Box(110, 0, 100, 200).corners, id="right")
INSET = Panel(Box(20, 50, 40, 40).corners, id="inset")
SLANTED = Panel(((0, 0), (100, 0), (60, 100), (0, 100)), id="slanted")
BOX = LEFT.polygon


@pytest.mark.parametrize(
    ("point", "grip"),
    [
        ((2, 3), Grip(GripKind.BOX_CORNER, "left", 0)),
        ((98, 196), Grip(GripKind.BOX_CORNER, "left", 2)),
        ((103, 100), Grip(GripKind.EDGE, "left", 1)),
        ((107, 100), Grip(GripKind.EDGE, "right", 3)),
        ((80, 150), Grip(GripKind.BODY, "left")),
        ((40, 70), Grip(GripKind.BODY, "inset")),
        ((40, 290), None),
    ],
)
def test_the_hand_takes_hold_of_what_is_under_it(point, grip) -> None:
    assert grip_at((LEFT, RIGHT, INSET), (), point, 8) == grip


def test_a_selected_panels_edge_comes_before_its_neighbours() -> None:
    assert grip_at((LEFT, RIGHT), {"right"}, (104, 100), 8) == Grip(GripKind.EDGE, "right", 3)


def test_a_small_panel_can_still_be_moved() -> None:
    tiny = Panel(Box(0, 0, 12, 12).corners, id="tiny")
    assert grip_at((tiny,), {"tiny"}, (6, 6), 20) == Grip(GripKind.BODY, "tiny")


def test_when_reshaping_corners_are_free_and_edges_have_one_more() -> None:
    assert grip_at((LEFT,), (), (1, 1), 8, reshapes=True) == Grip(GripKind.CORNER, "left", 0)
    assert grip_at((LEFT,), (), (99, 101), 8, reshapes=True) == Grip(GripKind.NEW_CORNER, "left", 1)
    assert len(list(corner_grips(LEFT, reshapes=True))) == 8
    assert len(list(corner_grips(LEFT, reshapes=False))) == 4


def test_a_slanted_panels_corners_go_their_own_way() -> None:
    assert grip_at((SLANTED,), (), (98, 2), 8) == Grip(GripKind.CORNER, "slanted", 1)


@pytest.mark.parametrize(
    ("kind", "index", "expected"),
    [
        (GripKind.BODY, 0, Box(10, 20, 100, 200).corners),
        (GripKind.EDGE, 1, Box(0, 0, 110, 200).corners),
        (GripKind.EDGE, 2, Box(0, 0, 100, 220).corners),
        (GripKind.BOX_CORNER, 0, Box(10, 20, 90, 180).corners),
        (GripKind.BOX_CORNER, 3, Box(10, 0, 90, 220).corners),
        (GripKind.CORNER, 2, ((0, 0), (100, 0), (110, 220), (0, 200))),
        (GripKind.NEW_CORNER, 3, ((0, 0), (100, 0), (100, 200), (0, 200), (10, 120))),
    ],
)
def test_pulling_to_the_right_and_down(kind: GripKind, index: int, expected) -> None:
    assert dragged(BOX, Grip(kind, "left", index), 10, 20) == expected


def test_a_corner_pulled_past_the_opposite_one_turns_the_box_over() -> None:
    assert dragged(BOX, Grip(GripKind.BOX_CORNER, "left", 2), -130, 0) == Box(-30, 0, 30, 200).corners


def test_a_slanted_edge_moves_at_right_angles_to_itself() -> None:
    diamond = ((50, 0), (100, 50), (50, 100), (0, 50))
    assert dragged(diamond, Grip(GripKind.EDGE, "", 0), 10, -10) == ((60, -10), (110, 40), (50, 100), (0, 50))
    assert dragged(diamond, Grip(GripKind.EDGE, "", 0), 10, 10) == diamond


def test_a_corner_can_be_taken_away_down_to_a_triangle() -> None:
    triangle = without_corner(BOX, 1)
    assert triangle == ((0, 0), (100, 200), (0, 200))
    assert without_corner(triangle, 1) == triangle


def test_a_box_is_told_from_other_outlines() -> None:
    assert is_box(BOX)
    assert not is_box(SLANTED.polygon)
    assert not is_box(((0, 0), (10, 0), (20, 0), (20, 20), (0, 20)))

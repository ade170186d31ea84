"""Boxes and polygons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicreader.domain.geometry import (
    Box,
    bounding_box,
    intersection_over_union,
    polygon_area,
    polygon_contains,
)

boxes = st.builds(Box, *[st.integers(-500, 500)] * 2, *[st.integers(0, 400)] * 2)
full_boxes = st.builds(Box, *[st.integers(-500, 500)] * 2, *[st.integers(1, 400)] * 2)
points = st.tuples(st.integers(-600, 1000), st.integers(-600, 1000))


def test_a_box_knows_its_edges() -> None:
    box = Box(10, 20, 30, 40)
    assert (box.right, box.bottom, box.area, box.center) == (40, 60, 1200, (25, 40))
    assert box.corners == ((10, 20), (40, 20), (40, 60), (10, 60))


def test_a_box_cannot_have_a_negative_extent() -> None:
    with pytest.raises(ValueError, match="negative extent"):
        Box(0, 0, -1, 5)


@given(boxes, boxes, points)
def test_the_intersection_holds_exactly_the_points_of_both(first: Box, second: Box, point: tuple[int, int]) -> None:
    shared = first.intersection(second)
    assert shared.contains(point) == (first.contains(point) and second.contains(point))
    assert shared.area == second.intersection(first).area


@given(boxes, boxes)
def test_overlap_is_a_symmetric_share(first: Box, second: Box) -> None:
    overlap = intersection_over_union(first, second)
    assert 0 <= overlap <= 1
    assert overlap == intersection_over_union(second, first)


@given(full_boxes)
def test_a_box_overlaps_itself_wholly(box: Box) -> None:
    assert intersection_over_union(box, box) == 1


def test_half_covered_boxes_overlap_by_a_third() -> None:
    assert intersection_over_union(Box(0, 0, 10, 10), Box(5, 0, 10, 10)) == pytest.approx(1 / 3)


@given(boxes)
def test_the_corners_give_the_box_back(box: Box) -> None:
    assert bounding_box(box.corners) == box
    assert polygon_area(box.corners) == box.area


def test_a_shrunk_box_loses_its_margin_but_never_turns_inside_out() -> None:
    assert Box(10, 20, 30, 40).shrunk(5) == Box(15, 25, 20, 30)
    assert Box(10, 20, 7, 40).shrunk(5) == Box(13, 25, 1, 30)


def test_no_points_have_no_bounding_box() -> None:
    with pytest.raises(ValueError, match=r"."):
        bounding_box([])


@given(full_boxes, points)
def test_a_box_as_a_polygon_holds_the_same_pixels(box: Box, point: tuple[int, int]) -> None:
    middle_of_pixel = point[0] + 0.5, point[1] + 0.5
    assert polygon_contains(box.corners, middle_of_pixel) == box.contains(point)


def test_a_slanted_polygon_holds_what_lies_between_its_edges() -> None:
    slanted = ((0, 0), (100, 0), (140, 100), (40, 100))
    assert polygon_contains(slanted, (30, 50))
    assert not polygon_contains(slanted, (10, 50))
    assert polygon_contains(slanted, (110, 50))
    assert polygon_area(slanted) == 10_000


def test_the_notch_of_a_polygon_is_outside() -> None:
    arrow = ((0, 0), (100, 0), (50, 50), (100, 100), (0, 100))
    assert polygon_contains(arrow, (40, 50))
    assert not polygon_contains(arrow, (80, 50))

"""The order in which panels are read."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicreader.domain.book import Direction
from comicreader.domain.geometry import Box
from comicreader.domain.reading_order import fold_of, reading_order

LTR, RTL = Direction.LEFT_TO_RIGHT, Direction.RIGHT_TO_LEFT

any_boxes = st.lists(st.builds(Box, *[st.integers(0, 1000)] * 2, *[st.integers(0, 600)] * 2), max_size=12)


@dataclass(frozen=True)
class Tree:
    """A layout cut again and again: tiers hold columns, columns hold tiers; a leaf has no parts."""

    parts: tuple[Tree, ...] = ()
    weights: tuple[int, ...] = ()


def leaves(tree: Tree, box: Box, gutter_px: int, *, tiers: bool) -> list[Box]:
    """The panels of a layout in the order in which they were cut."""
    if not tree.parts:
        return [box]
    extent = (box.height if tiers else box.width) - gutter_px * (len(tree.parts) - 1)
    result, start = [], box.y if tiers else box.x
    for part, weight in zip(tree.parts, tree.weights, strict=True):
        size = extent * weight // sum(tree.weights)
        inner = Box(box.x, start, box.width, size) if tiers else Box(start, box.y, size, box.height)
        result += leaves(part, inner, gutter_px, tiers=not tiers)
        start += size + gutter_px
    return result


@st.composite
def trees(draw: st.DrawFn, depth: int = 3, *, tiers: bool = True) -> Tree:
    """Layouts whose order nobody disputes: beside a column of several panels stand only full-height ones."""
    count = draw(st.integers(1, 3)) if depth else 1
    if count == 1:
        return Tree()
    deep = range(count) if tiers else [draw(st.integers(0, count - 1))]
    parts = tuple(draw(trees(depth - 1, tiers=not tiers)) if i in deep else Tree() for i in range(count))
    return Tree(parts, tuple(draw(st.integers(2, 5)) for _ in range(count)))


def mirrored(boxes: list[Box], page_width: int) -> list[Box]:
    return [Box(page_width - box.right, box.y, box.width, box.height) for box in boxes]


@given(any_boxes, st.sampled_from(Direction), st.none() | st.integers(0, 1600))
def test_every_box_is_read_exactly_once(boxes: list[Box], direction: Direction, fold_x: float | None) -> None:
    assert sorted(reading_order(boxes, direction, fold_x)) == list(range(len(boxes)))


@given(any_boxes, st.sampled_from(Direction), st.randoms())
def test_the_order_does_not_depend_on_how_the_boxes_are_listed(boxes, direction, random) -> None:
    shuffled = random.sample(boxes, len(boxes))
    in_order = [boxes[i] for i in reading_order(boxes, direction)]
    assert [shuffled[i] for i in reading_order(shuffled, direction)] == in_order


@given(any_boxes, st.none() | st.integers(1, 799))
def test_right_to_left_reads_the_mirrored_page_in_the_same_order(boxes: list[Box], fold_x: int | None) -> None:
    # A box whose middle lies on the fold belongs to either side; odd widths keep middles off it.
    boxes = [Box(box.x * 2, box.y, box.width * 2 // 4 * 4 + 2, box.height) for box in boxes]
    fold = None if fold_x is None else fold_x * 2.0
    flipped_fold = None if fold is None else 1600 - fold
    expected = [boxes[i] for i in reading_order(boxes, LTR, fold)]
    flipped = mirrored(boxes, 1600)
    found = [flipped[i] for i in reading_order(flipped, RTL, flipped_fold)]
    assert mirrored(found, 1600) == expected


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 30), st.sampled_from(Direction), st.randoms())
def test_a_grid_is_read_row_by_row(rows: int, columns: int, gutter: int, direction: Direction, random) -> None:
    grid = [Box(c * (120 + gutter), r * (150 + gutter), 120, 150) for r in range(rows) for c in range(columns)]
    if direction is RTL:
        grid = mirrored(grid, 2000)
    shuffled = random.sample(grid, len(grid))
    assert [shuffled[i] for i in reading_order(shuffled, direction)] == grid


@given(trees(), st.booleans(), st.integers(0, 16), st.randoms())
def test_a_layout_is_read_in_the_order_in_which_it_was_cut(tree: Tree, tiers: bool, gutter: int, random) -> None:
    panels = leaves(tree, Box(20, 20, 9600, 14400), gutter, tiers=True)
    shuffled = random.sample(panels, len(panels))
    assert [shuffled[i] for i in reading_order(shuffled, LTR)] == panels


@given(trees(), st.data())
def test_boxes_found_a_little_off_are_read_in_the_same_order(tree: Tree, data: st.DataObject) -> None:
    panels = leaves(tree, Box(20, 20, 9600, 14400), 60, tiers=True)
    off = st.integers(-20, 20)
    shaken = [Box(b.x + data.draw(off), b.y + data.draw(off), b.width, b.height) for b in panels]
    assert reading_order(shaken, LTR) == list(range(len(panels)))


def test_a_tall_panel_beside_a_stack_is_one_step() -> None:
    stack_then_tall = [Box(0, 0, 100, 300), Box(0, 310, 100, 90), Box(110, 0, 100, 400)]
    assert reading_order(stack_then_tall, LTR) == [0, 1, 2]
    tall_then_stack = [Box(0, 0, 100, 400), Box(110, 0, 100, 300), Box(110, 310, 100, 90)]
    assert reading_order(tall_then_stack, LTR) == [0, 1, 2]


def test_tiers_that_do_not_quite_line_up_are_still_tiers() -> None:
    upper = [Box(0, 0, 100, 180), Box(110, 0, 100, 220)]
    lower = [Box(0, 190, 100, 210), Box(110, 230, 100, 170)]
    assert reading_order(upper + lower, LTR) == [0, 1, 2, 3]


def test_slanted_panels_whose_boxes_overlap_are_read_in_their_tier() -> None:
    row = [Box(0, 0, 130, 300), Box(100, 0, 150, 300), Box(220, 0, 100, 300)]
    assert reading_order([*row, Box(0, 290, 320, 100)], LTR) == [0, 1, 2, 3]


def test_a_pinwheel_without_any_clean_cut_starts_at_the_top() -> None:
    order = reading_order(
        [Box(0, 0, 200, 100), Box(200, 0, 100, 200), Box(0, 100, 100, 200), Box(100, 200, 200, 100)], LTR
    )
    assert order[0] == 0
    assert order[-1] == 3


@pytest.mark.parametrize(
    ("inset", "expected"),
    [
        (Box(10, 10, 80, 60), [1, 0, 2]),  # the corner where reading begins
        (Box(300, 220, 80, 60), [0, 1, 2]),
        (Box(300, 10, 80, 60), [0, 1, 2]),
        (Box(160, 120, 80, 60), [0, 1, 2]),
    ],
)
def test_an_inset_is_read_next_to_its_host(inset: Box, expected: list[int]) -> None:
    assert reading_order([Box(0, 0, 400, 300), inset, Box(0, 310, 400, 200)], LTR) == expected


def test_several_insets_of_one_panel_are_read_in_order_after_it() -> None:
    host, first, second = Box(0, 0, 400, 600), Box(20, 400, 120, 150), Box(240, 400, 140, 150)
    nested = Box(260, 420, 60, 60)
    shuffled = [second, host, nested, first]
    order = [shuffled[i] for i in reading_order(shuffled, LTR)]
    assert order[:2] == [host, first]
    assert set(order[2:]) == {second, nested}


def test_a_spread_is_read_page_by_page() -> None:
    left = [Box(0, 0, 480, 300), Box(0, 310, 480, 400)]
    right = [Box(520, 0, 480, 300), Box(520, 310, 480, 400)]
    fold_x = fold_of(1000, 710)
    assert reading_order([*left, *right], LTR, fold_x) == [0, 1, 2, 3]
    assert reading_order([*left, *right], RTL, fold_x) == [2, 3, 0, 1]


def test_a_panel_across_the_fold_makes_the_spread_one_page() -> None:
    across = Box(0, 0, 1000, 300)
    grid = [Box(x, y, 480, 190) for y in (310, 510) for x in (0, 520)]
    assert reading_order([across, *grid], LTR, fold_of(1000, 710)) == [0, 1, 2, 3, 4]


def test_only_wide_pages_have_a_fold() -> None:
    assert fold_of(1000, 1400) is None
    assert fold_of(1000, 1000) is None
    assert fold_of(2000, 1400) == 1000


def test_no_boxes_give_an_empty_order() -> None:
    assert reading_order([], LTR) == []

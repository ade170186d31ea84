"""Stepping through a book."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicreader.domain.navigation import (
    LAST_PANEL,
    Position,
    first_stop,
    last_stop,
    next_page,
    next_stop,
    previous_page,
    previous_stop,
    settle,
    stop_at,
)
from comicreader.domain.panels import Panel

known_books = st.lists(st.integers(1, 9), min_size=1, max_size=8)


def unknown(page_index: int) -> int | None:
    return None


def walk_forward(counts: list[int]) -> list[Position]:
    stops, position = [], first_stop()
    while position is not None:
        stops.append(position)
        position = next_stop(position, counts.__getitem__, len(counts))
    return stops


@given(known_books)
def test_walking_forward_visits_every_panel_once_in_order(counts: list[int]) -> None:
    every_panel = [Position(page, panel) for page, count in enumerate(counts) for panel in range(count)]
    assert walk_forward(counts) == every_panel


@given(known_books)
def test_walking_back_visits_the_same_stops_in_reverse(counts: list[int]) -> None:
    stops, position = [], last_stop(counts.__getitem__, len(counts))
    while position is not None:
        stops.append(position)
        position = previous_stop(position, counts.__getitem__)
    assert stops == walk_forward(counts)[::-1]


@given(known_books, st.data())
def test_settling_late_leads_to_the_same_stop_as_knowing_before(counts: list[int], data: st.DataObject) -> None:
    position = data.draw(st.sampled_from(walk_forward(counts)))
    informed = previous_stop(position, counts.__getitem__)
    this_page_only = previous_stop(position, lambda page: counts[page] if page == position.page_index else None)
    if informed is None:
        assert this_page_only is None
    else:
        assert settle(this_page_only, counts[this_page_only.page_index]) == informed


def test_an_unknown_page_is_entered_at_its_first_panel_and_from_behind_at_its_last() -> None:
    counts = {0: 3, 2: 4}.get
    assert next_stop(Position(0, 2), counts, 3) == Position(1, 0)
    assert previous_stop(Position(2, 0), counts) == Position(1, LAST_PANEL)
    assert settle(Position(1, LAST_PANEL), 5) == Position(1, 4)


def test_an_unknown_page_is_a_single_stop() -> None:
    assert next_stop(Position(1, 0), unknown, 3) == Position(2, 0)
    assert next_stop(Position(1, LAST_PANEL), unknown, 3) == Position(2, 0)
    assert previous_stop(Position(1, LAST_PANEL), unknown) == Position(0, LAST_PANEL)
    assert last_stop(unknown, 3) == Position(2, LAST_PANEL)


def test_the_last_panel_is_left_by_its_neighbours_once_the_page_is_known() -> None:
    assert previous_stop(Position(0, LAST_PANEL), lambda _: 4) == Position(0, 2)
    assert next_stop(Position(0, LAST_PANEL), lambda _: 4, 2) == Position(1, 0)


def test_a_whole_page_leads_into_its_panels_and_back_to_the_page_before() -> None:
    assert next_stop(Position(1), lambda _: 3, 2) == Position(1, 0)
    assert previous_stop(Position(1), lambda _: 3) == Position(0, 2)


def test_the_ends_of_the_book_are_ends() -> None:
    assert next_stop(Position(1, 2), lambda _: 3, 2) is None
    assert previous_stop(Position(0, 0), lambda _: 3) is None
    assert previous_stop(Position(0), lambda _: 3) is None
    assert next_page(Position(1, 2), 2) is None
    assert previous_page(Position(0, 1)) is None


def test_page_steps_show_whole_pages() -> None:
    assert next_page(Position(0, 2), 2) == Position(1, None)
    assert previous_page(Position(1, 2)) == Position(0, None)


def test_settling_keeps_a_whole_page_and_clamps_a_panel_that_is_gone() -> None:
    assert settle(Position(2), 5) == Position(2)
    assert settle(Position(2, 7), 5) == Position(2, 4)
    assert settle(Position(2, 3), 5) == Position(2, 3)


@pytest.mark.parametrize(("page_index", "panel_index"), [(-1, None), (0, -2)])
def test_there_is_nothing_before_the_first_page(page_index: int, panel_index: int | None) -> None:
    with pytest.raises(ValueError, match="no such place"):
        Position(page_index, panel_index)


def test_a_click_starts_at_the_panel_under_it() -> None:
    host = Panel(((0, 0), (400, 0), (400, 300), (0, 300)))
    inset = Panel(((300, 200), (380, 200), (380, 280), (300, 280)))
    slanted = Panel(((0, 310), (200, 310), (260, 500), (0, 500)))
    panels = [host, inset, slanted]
    assert stop_at(4, panels, (50, 50)) == Position(4, 0)
    assert stop_at(4, panels, (350, 250)) == Position(4, 1)
    assert stop_at(4, panels, (240, 480)) == Position(4, 2)
    assert stop_at(4, panels, (240, 330)) is None

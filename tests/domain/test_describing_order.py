import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from comicreader.domain.describing_order import describing_order


def look(*colour):
    return np.array(colour, np.float32).reshape(1, 1, -1)


def names(order):
    return [worth.panel_id for worth in order]


def test_the_middle_of_the_largest_group_comes_first_then_another_group():
    reds = {f"red {number}": look(1, 0.1 * number, 0) for number in (-1, 0, 1)}
    blues = {f"blue {number}": look(0, 0.1 * number, 1) for number in (0, 1)}
    order = describing_order({**blues, **reds}, (), 5)
    assert names(order)[0] == "red 0"
    assert order[0].stands_for == 4
    assert names(order)[1].startswith("blue")
    assert order[1].stands_for == 1
    assert sorted(names(order)) == sorted([*reds, *blues])


def test_what_is_described_is_neither_proposed_nor_in_want_of_another():
    looks = {"a": look(1, 0), "b": look(1, 0.01), "c": look(0, 1), "d": look(0.3, 1)}
    assert names(describing_order(looks, {"a"}, 1))[0] in ("c", "d")
    assert "a" not in names(describing_order(looks, {"a"}, 9))
    assert describing_order(looks, set(looks), 9) == []
    assert describing_order({}, (), 9) == []


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=12), st.integers(0, 15))
def test_every_open_panel_comes_once_and_no_more_than_wanted(colours, limit):
    looks = {str(number): look(*colour) for number, colour in enumerate(colours)}
    described = {"0", "3"}
    order = describing_order(looks, described, limit)
    assert len(order) == min(limit, len(set(looks) - described))
    assert len(set(names(order))) == len(order)
    assert all(0 <= worth.stands_for < len(looks) for worth in order)

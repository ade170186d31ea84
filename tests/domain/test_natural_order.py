"""Page order: what people expect of numbered names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicreader.domain.natural_order import natural_key, natural_order


@pytest.mark.parametrize(
    "ordered",
    [
        ["page 1.jpg", "page 2.jpg", "page 10.jpg"],
        ["001.jpg", "2.jpg", "010.jpg"],
        ["ch1/1.jpg", "ch1/10.jpg", "ch2/2.jpg", "ch10/1.jpg"],
        ["a/b 2/9.png", "a/b 10/1.png"],
        ["Page1.JPG", "page2.jpg", "PAGE3.Jpg"],
        ["\uff11.png", "2.png", "\uff11\uff10.png"],  # full-width 1, then full-width 10
        ["第2話/1.png", "第10話/1.png"],
        ["page 1.jpg", "page 1-2.jpg", "page 1a.jpg", "page 3.jpg"],
        ["vol.2", "vol.10"],
        ["1.5.jpg", "1.10.jpg"],
        ["1.jpg", "cover.jpg"],
    ],
)
def test_numbers_count_as_numbers_in_every_part_of_a_name(ordered: list[str]) -> None:
    assert natural_order(reversed(ordered)) == ordered


def test_names_that_differ_only_in_zeros_or_case_keep_one_order() -> None:
    assert natural_order(["b1", "B1", "b01"]) == natural_order(["b01", "b1", "B1"])


def test_a_name_of_ten_thousand_digits_is_sorted_like_any_other() -> None:
    huge = "9" * 10_000
    assert natural_order([f"{huge}.png", "10.png"]) == ["10.png", f"{huge}.png"]


@given(st.lists(st.integers(0, 10**20), unique=True))
def test_numbers_are_sorted_by_value(numbers: list[int]) -> None:
    names = [f"page {number}.png" for number in numbers]
    assert natural_order(names) == [f"page {number}.png" for number in sorted(numbers)]


@given(st.lists(st.text()))
def test_any_names_can_be_sorted_and_their_order_does_not_depend_on_where_they_came_from(names: list[str]) -> None:
    assert natural_order(names) == natural_order(reversed(names))


@given(st.text(), st.text())
def test_keys_of_any_two_names_can_be_compared(one: str, other: str) -> None:
    assert (natural_key(one) < natural_key(other)) + (natural_key(other) < natural_key(one)) <= 1

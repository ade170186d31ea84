from __future__ import annotations

import numpy as np
import pytest

from trainer.significance import value_of
from trainer.story_flow import bands, flow_measures, flow_values

X, Y = [1.0, 0.0], [0.0, 1.0]


def test_the_measures_of_a_book_by_hand() -> None:
    # Texts x x y y: neighbours 1, 0, 1; of the six pairs two are alike; the first and the last are not.
    values = flow_values(np.array([X, X, Y, Y]), ["a"] * 4)
    assert {name: found["a"] for name, found in values.items()} == pytest.approx(
        {"adjacent_similarity": 2 / 3, "order_gain": 2 / 3 - 2 / 6, "decay": 2 / 3, "nearest_earlier": 2 / 3}
    )


def test_coming_back_is_no_order_but_is_repetition() -> None:
    values = flow_values(np.array([X, Y, X, Y]), ["a"] * 4)
    assert values["adjacent_similarity"]["a"] == 0
    assert values["order_gain"]["a"] == pytest.approx(-2 / 6)
    assert values["nearest_earlier"]["a"] == pytest.approx(2 / 3)


def test_order_gain_is_what_shuffling_would_lose() -> None:
    numbers = np.random.default_rng(0)
    texts = numbers.normal(size=(6, 8))
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    found = flow_values(texts, ["a"] * 6)
    shuffled = [flow_values(texts[numbers.permutation(6)], ["a"] * 6)["adjacent_similarity"]["a"] for _ in range(2000)]
    gain = found["adjacent_similarity"]["a"] - np.mean(shuffled)
    assert found["order_gain"]["a"] == pytest.approx(gain, abs=0.02)


def test_books_count_alike_whatever_their_length_and_short_ones_not_at_all() -> None:
    texts = np.array([X] * 4 + [X, Y] * 4 + [X, X, X])
    books = ["same"] * 4 + ["back and forth"] * 8 + ["short"] * 3
    measured = flow_measures(texts, books)
    assert value_of(measured["adjacent_similarity"]) == pytest.approx((1 + 0) / 2)
    assert flow_measures(np.array([X, X, X]), ["short"] * 3) == {}


def test_records_of_a_book_need_not_stand_together() -> None:
    texts, books = np.array([X, Y, X, Y, Y, X, Y, X]), ["a", "b"] * 4
    assert flow_values(texts, books)["adjacent_similarity"] == pytest.approx({"a": 2 / 3, "b": 2 / 3})


def test_bands_are_those_of_the_human_books() -> None:
    numbers = np.random.default_rng(0)
    books = [str(i // 8) for i in range(160)]
    human = numbers.normal(size=(160, 8))
    human /= np.linalg.norm(human, axis=1, keepdims=True)
    found = bands(human, human, books)
    assert set(found) == {"adjacent_similarity", "order_gain", "decay", "nearest_earlier"}
    assert all(band.low < band.median < band.high for band in found.values())
    assert all(band.inside_frac == pytest.approx(0.9) for band in found.values())
    machine = np.tile(X + [0.0] * 6, (160, 1))
    assert bands(human, machine, books)["nearest_earlier"].inside_frac == 0
    assert bands(human[:3], human[:3], ["a"] * 3) == {}

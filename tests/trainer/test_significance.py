from __future__ import annotations

import numpy as np
import pytest

from trainer.metrics import reference_measures
from trainer.significance import RESAMPLES, difference, estimate, mean, ratio, resampling, value_of


def test_a_draw_takes_whole_books() -> None:
    draws = resampling(["a", "a", "a", "b"], resamples=50)
    assert draws.book_of.tolist() == [0, 0, 0, 1]
    assert (draws.counts.sum(axis=1) == 2).all()
    # Only (a, a), (a, b) and (b, b) can be drawn: means of 0, 1/4 and 1, nothing between.
    only_b = estimate(mean([0, 0, 0, 1]), draws)
    assert (only_b.value, only_b.low, only_b.high) == (0.25, 0, 1)


def test_the_same_seed_draws_the_same_books() -> None:
    books = [str(i % 7) for i in range(70)]
    values = mean(np.random.default_rng(0).random(70))
    assert estimate(values, resampling(books)) == estimate(values, resampling(books))
    assert estimate(values, resampling(books)) != estimate(values, resampling(books, seed=1))


def test_the_interval_is_that_of_the_books() -> None:
    # Twenty records a book that all say the same are worth one: the interval is that of 25 numbers, not of 500.
    by_book = np.random.default_rng(0).normal(size=25)
    books = [str(i // 20) for i in range(500)]
    found = estimate(mean(np.repeat(by_book, 20)), resampling(books))
    assert found.high - found.low == pytest.approx(2 * 1.96 * by_book.std() / 5, rel=0.1)
    naive = estimate(mean(np.repeat(by_book, 20)), resampling([str(i) for i in range(500)]))
    assert naive.high - naive.low < 0.3 * (found.high - found.low)


def test_equal_systems_do_not_differ() -> None:
    draws = resampling([str(i % 9) for i in range(90)])
    values = np.random.default_rng(0).random(90)
    found = difference(mean(values), mean(values), draws)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_a_small_steady_gain_is_seen_because_the_draws_are_paired() -> None:
    numbers = np.random.default_rng(0)
    books = [str(i % 30) for i in range(300)]
    values = numbers.normal(size=300)
    better = values + 0.02 + numbers.normal(scale=0.05, size=300)
    draws = resampling(books)
    found = difference(mean(better), mean(values), draws)
    assert found.p < 0.01
    assert 0 < found.low < 0.02 < found.high
    alone = estimate(mean(values), draws)
    assert alone.high - alone.low > 0.1


def test_no_difference_is_seldom_called_one() -> None:
    numbers = np.random.default_rng(0)
    books = [str(i % 30) for i in range(120)]
    found = [
        difference(mean(numbers.normal(size=120)), mean(numbers.normal(size=120)), resampling(books, 300, seed)).p
        for seed in range(100)
    ]
    assert np.mean(np.array(found) < 0.05) <= 0.12


def test_p_is_never_zero_and_has_the_side_of_the_interval() -> None:
    draws = resampling([str(i) for i in range(10)])
    found = difference(mean([1.0] * 10), mean([0.0] * 10), draws)
    assert found.p == pytest.approx(2 / (RESAMPLES + 1))
    assert found.low == found.high == 1
    turned = difference(mean([0.0] * 10), mean([1.0] * 10), draws)
    assert (turned.value, turned.p) == (-1, found.p)


def test_corpus_measures_are_resampled_from_their_statistics() -> None:
    references = ["The goat ran up the green hill.", "It rained all day long.", "We went home at night."] * 4
    captions = ["The goat ran up the green hill.", "It rained a bit.", "She slept."] * 4
    books = [str(i // 3) for i in range(12)]
    measured = reference_measures(captions, references)["bleu"]
    found = estimate(measured, resampling(books))
    assert found.low == pytest.approx(found.value)  # all books are alike
    assert found.high == pytest.approx(found.value)


def test_draws_without_anything_to_measure_do_not_count() -> None:
    measured = ratio([0.0, 3.0], [0.0, 1.0])  # the first book has no value
    found = estimate(measured, resampling(["a", "b"], resamples=100))
    assert (found.value, found.low, found.high) == (3, 3, 3)
    nothing = estimate(ratio([0.0], [0.0]), resampling(["a"], resamples=10))
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()
    assert np.isnan(value_of(ratio([0.0], [0.0])))

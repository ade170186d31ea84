"""How sure a measured number is, when the records of one book are not independent.

Panels of a book share characters, words and a way of telling, so a sample of records is really a sample of books.
Every interval and p here comes from one bootstrap (Efron & Tibshirani 1993): books are drawn with replacement, a
drawn book brings all its records. Two systems are compared on the same draws (Koehn 2004, "Statistical Significance
Tests for Machine Translation Evaluation"), so what makes a book easy or hard for both cancels.

A measure is kept as numbers a record that are summed before they are scored. Corpus measures (BLEU, chrF++) and means
then need no text again, and a thousand draws are one matrix product.

Letters: N records, G books, S statistics a record, R draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

RESAMPLES = 1000
"""Draws: as many as sacreBLEU's own paired bootstrap takes."""

SEED = 12345
"""sacreBLEU's, so that a report can be made again."""

_LOW, _HIGH = 0.025, 0.975


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure of one system, kept record by record.

    Attributes:
        rows: (N, S) statistics of each record.
        score: from summed statistics (R, S) to R values of the measure; NaN where there was nothing to measure.
    """

    rows: Floats
    score: Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value and its 95 % interval.

    Attributes:
        value: on all records.
        low: lower end.
        high: upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One system's value minus another's on the same records.

    Attributes:
        value: on all records.
        low: lower end of the 95 % interval.
        high: upper end.
        p: two-sided; below 0.05 where the interval does not hold 0.
    """

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Resampling:
    """Which books each draw took.

    Attributes:
        book_of: (N,) each record's book as a number from 0.
        counts: (R, G) how often each draw took each book.
    """

    book_of: NDArray[np.int64]
    counts: Floats


def resampling(books: Sequence[str], resamples: int = RESAMPLES, seed: int = SEED) -> Resampling:
    """Draw books.

    Args:
        books: each record's book.
        resamples: R.
        seed: of the draws.
    """
    numbers = {book: number for number, book in enumerate(dict.fromkeys(books))}
    draws = np.random.default_rng(seed).multinomial(len(numbers), [1 / len(numbers)] * len(numbers), size=resamples)
    return Resampling(np.array([numbers[book] for book in books]), draws.astype(np.float64))


def ratio(numerators: Sequence[float] | Floats, denominators: Sequence[float] | Floats) -> Measured:
    """The measure sum(numerators) / sum(denominators): a mean where the denominators are ones."""
    rows = np.stack([np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)], axis=1)  # (N, 2)
    return Measured(rows, _quotient)


def mean(values: Sequence[float] | Floats) -> Measured:
    """The mean of one value a record."""
    return ratio(values, np.ones(len(values)))


def value_of(measured: Measured) -> float:
    """The measure on all records."""
    return float(measured.score(measured.rows.sum(axis=0, keepdims=True))[0])


def estimate(measured: Measured, draws: Resampling) -> Estimate:
    """A measure and its interval."""
    sampled = _sampled(measured, draws)
    return Estimate(value_of(measured), *_interval(sampled))


def difference(system: Measured, baseline: Measured, draws: Resampling) -> Difference:
    """How much higher a system is than a baseline.

    p is twice the smaller share of draws on either side of no difference, the observed sample counted as one draw
    more, so that it is never 0 (Davison & Hinkley 1997, section 4.2).
    """
    sampled = _sampled(system, draws) - _sampled(baseline, draws)
    sampled = sampled[~np.isnan(sampled)]
    at_most, at_least = (np.count_nonzero(side) + 1 for side in (sampled <= 0, sampled >= 0))
    p = min(1.0, 2 * min(at_most, at_least) / (len(sampled) + 1))
    return Difference(value_of(system) - value_of(baseline), *_interval(sampled), p)


def _sampled(measured: Measured, draws: Resampling) -> Floats:
    """The measure on each draw: (R,)."""
    by_book = np.zeros((draws.counts.shape[1], measured.rows.shape[1]))  # (G, S)
    np.add.at(by_book, draws.book_of, measured.rows)
    return measured.score(draws.counts @ by_book)


def _interval(sampled: Floats) -> tuple[float, float]:
    known = sampled[~np.isnan(sampled)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [_LOW, _HIGH])
    return float(low), float(high)


def _quotient(sums: Floats) -> Floats:
    quotients = np.full(len(sums), np.nan)
    np.divide(sums[:, 0], sums[:, 1], out=quotients, where=sums[:, 1] != 0)
    return quotients

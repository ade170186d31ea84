"""How the texts of a book hang together, seen through sentence vectors.

Of the measures that separate people from machines these cost nothing but MiniLM. People's neighbouring texts are a
little more alike than their book is on the whole (order gain) and grow apart with distance (decay); machines repeat
themselves (nearest earlier text). More is not better: a narrator should lie where people lie, so every measure is
read against the values of the reference texts of the same books.

A book gives one value of each measure, and a measure is the mean over books. Texts are whole captions, not sentences,
so published numbers on sentences are not comparable; the references of the split are.

Letters: N records, L texts of a book, D features.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.significance import Floats, Measured, ratio

FAR = 3
"""Distance that decay looks at: as far as the captions a narrator is shown reach back."""

_FEWEST_TEXTS = FAR + 1


@dataclass(frozen=True, slots=True)
class Band:
    """Where the human texts lie, over books, and how many of a narrator's books lie there too.

    Attributes:
        low: 5 % of the human books are below.
        median: of the human books.
        high: 5 % of the human books are above.
        inside_frac: share of the narrator's books from low to high; people's own is about 0.9.
    """

    low: float
    median: float
    high: float
    inside_frac: float


def flow_values(embeddings: Floats, books: Sequence[str]) -> dict[str, dict[str, float]]:
    """Each measure of each book.

    Args:
        embeddings: (N, D) unit vectors of the texts, those of a book in reading order.
        books: each text's book.

    Returns:
        Measure to book to value, of books with at least four texts:
        "adjacent_similarity", the mean cosine of neighbours;
        "order_gain", that minus the mean cosine of all pairs, which is what neighbours would have in random order;
        "decay", that minus the mean cosine of texts three apart;
        "nearest_earlier", the mean over texts of the highest cosine to any text before it.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, book in enumerate(books):
        places[book].append(place)
    values: dict[str, dict[str, float]] = {name: {} for name in FLOW_MEASURES}
    for book, members in places.items():
        if len(members) >= _FEWEST_TEXTS:
            for name, value in _values_of_book(embeddings[members]).items():
                values[name][book] = value
    return values


FLOW_MEASURES = ("adjacent_similarity", "order_gain", "decay", "nearest_earlier")


def _values_of_book(texts: Floats) -> dict[str, float]:
    """The measures of one book from its texts' vectors (L, D)."""
    similarity = texts @ texts.T  # (L, L)
    adjacent = float(np.diagonal(similarity, 1).mean())
    earlier = np.where(np.tri(len(texts), k=-1, dtype=bool), similarity, -np.inf)[1:]
    return {
        "adjacent_similarity": adjacent,
        "order_gain": adjacent - float(similarity[np.triu_indices(len(texts), 1)].mean()),
        "decay": adjacent - float(np.diagonal(similarity, FAR).mean()),
        "nearest_earlier": float(earlier.max(axis=1).mean()),
    }


def flow_measures(embeddings: Floats, books: Sequence[str]) -> dict[str, Measured]:
    """The measures as means over books, for `trainer.significance`.

    Args:
        embeddings: (N, D), as for `flow_values`.
        books: each text's book.

    Returns:
        Measure to statistics, a book's value at its first record; empty where no book has four texts.
    """
    first = [books.index(book) == place for place, book in enumerate(books)]
    measured = {}
    for name, values in flow_values(embeddings, books).items():
        if not values:
            continue
        counted = [float(is_first and book in values) for is_first, book in zip(first, books, strict=True)]
        measured[name] = ratio(
            [count * values.get(book, 0.0) for count, book in zip(counted, books, strict=True)], counted
        )
    return measured


def bands(human: Floats, system: Floats, books: Sequence[str]) -> dict[str, Band]:
    """The human band of each measure and a system's place in it.

    Args:
        human: (N, D) vectors of the reference texts.
        system: (N, D) vectors of the system's captions.
        books: each text's book.

    Returns:
        Measure to band; empty where no book has four texts.
    """
    written = flow_values(system, books)
    found = {}
    for name, values in flow_values(human, books).items():
        if values:
            low, median, high = (float(edge) for edge in np.quantile(list(values.values()), [0.05, 0.5, 0.95]))
            inside = [low <= value <= high for value in written[name].values()]
            found[name] = Band(low, median, high, float(np.mean(inside)))
    return found

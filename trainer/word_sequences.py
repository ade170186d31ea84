"""How usual a sequence of words is: n-gram models with Witten-Bell smoothing, small enough for a few thousand texts.

    p(w | h) = (c(h w) + t(h) p(w | shorter h)) / (c(h) + t(h))

c counts, t is how many different words were seen after h (Witten & Bell 1991; Chen & Goodman 1999). Of two
kinds of sequence one sees which words go together, the other sees word classes, which know more of order: a frequent
word is its own class, any other is told by its ending.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

_TOKEN = re.compile(r"\w+(?:'\w+)*|[.,!?;:…]")
_ENDINGS = ("ing", "ed", "ly", "er", "est", "'s", "s")
_START = "<s>"
END = "</s>"


def tokens(text: str) -> list[str]:
    """Lower-case words and the punctuation that divides sentences; quotation marks are left out."""
    return _TOKEN.findall(text.lower().replace("’", "'"))


def frequent_words(texts: Iterable[Sequence[str]], count: int) -> frozenset[str]:
    """The `count` most frequent tokens of the texts; of equally frequent ones the first in the alphabet."""
    uses = Counter(token for text in texts for token in text)
    return frozenset(sorted(uses, key=lambda token: (-uses[token], token))[:count])


def word_classes(text: Sequence[str], frequent: frozenset[str]) -> list[str]:
    """Each token's class: itself where it is frequent, else its ending."""
    return [token if token in frequent else _class(token) for token in text]


def _class(token: str) -> str:
    if token.isdigit():
        return "<number>"
    for ending in _ENDINGS:
        if token.endswith(ending) and len(token) > len(ending) + 1:
            return f"<{ending}>"
    return "<other>"


class SequenceModel:
    """How probable a token is after those before it."""

    def __init__(self, texts: Iterable[Sequence[str]], order: int) -> None:
        """Count.

        Args:
            texts: sequences of tokens.
            order: tokens an n-gram has at most.
        """
        self._order = order
        self._counts: Counter[tuple[str, ...]] = Counter()
        for text in texts:
            padded = [_START] * (order - 1) + [*text, END]
            for end in range(order, len(padded) + 1):
                self._counts.update(tuple(padded[end - size : end]) for size in range(1, order + 1))
        self._after: dict[tuple[str, ...], tuple[int, int]] = {}  # h to c(h) and t(h)
        for ngram, count in self._counts.items():
            uses, kinds = self._after.get(ngram[:-1], (0, 0))
            self._after[ngram[:-1]] = uses + count, kinds + 1

    def log_probabilities(self, text: Sequence[str]) -> list[list[float]]:
        """What is known of each token and of the end.

        Returns:
            For each of the tokens and the end, the natural logarithm of its probability after 0, 1, ..., order - 1
            tokens.
        """
        padded = [_START] * (self._order - 1) + [*text, END]
        return [self._of_last(tuple(padded[end - self._order : end])) for end in range(self._order, len(padded) + 1)]

    def _of_last(self, ngram: tuple[str, ...]) -> list[float]:
        probability = 1 / (self._after[()][1] + 1)  # one more for all that was never seen
        found = []
        for start in range(self._order - 1, -1, -1):
            seen = self._after.get(ngram[start:-1])
            if seen:
                uses, kinds = seen
                probability = (self._counts.get(ngram[start:], 0) + kinds * probability) / (uses + kinds)
            found.append(math.log(probability))
        return found

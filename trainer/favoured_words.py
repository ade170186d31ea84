"""Words that shall come more readily: a little is added to the scores of the tokens that begin and continue them.

What is added multiplies a word's odds wherever it could stand, so a word that does not fit the sentence stays out: the
narrator's own grammar is left alone. A word that stands in the caption already is not favoured again.

Letters: R rows, T tokens written, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor


class FavouredWords:
    """Adds to the scores of favoured words' tokens.

    A word is known in the spelling it is given in and with a capital letter, each behind a space, as captions have it.
    """

    def __init__(self, favours: Mapping[str, float], tokens_of: Callable[[str], Sequence[int]]) -> None:
        """Spell the words.

        Args:
            favours: words or phrases, each with what is added to the scores of its tokens.
            tokens_of: the tokens of a text, as the narrator's tokenizer has them.
        """
        self._spellings = {
            tuple(tokens_of(f" {spelling}")): weight
            for word, weight in favours.items()
            for spelling in dict.fromkeys((word, word[:1].upper() + word[1:]))
        }

    def __call__(self, written: Tensor, scores: Tensor) -> Tensor:
        """Tokens written (R, T) and scores (R, V) to scores (R, V)."""
        scores = scores.clone()
        for row, tokens in enumerate(written.tolist()):
            for token, weight in self.next_tokens(tokens).items():
                scores[row, token] += weight
        return scores

    def next_tokens(self, written: Sequence[int]) -> dict[int, float]:
        """Which tokens would begin or continue a favoured word, each with the highest that is to be added."""
        tokens, found = tuple(written), dict[int, float]()
        for spelling, weight in self._spellings.items():
            if _stands_in(spelling, tokens):
                continue
            for done in range(min(len(spelling), len(tokens) + 1)):
                if spelling[:done] == tokens[len(tokens) - done :]:
                    found[spelling[done]] = max(weight, found.get(spelling[done], weight))
        return found


def _stands_in(part: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    return any(whole[start : start + len(part)] == part for start in range(len(whole) - len(part) + 1))

"""Words that a picture shows come more readily while a caption is written, words that it does not show less readily.

A small language model knows how sentences go but follows a picture loosely; the classifier of `picture_words` knows
nothing of sentences but is right about what is there far more often. Both are asked at every token: to a token's score
is added how much likelier than usual its word is in this picture, log(p / q), times a weight (log-linear fusion, as in
Gülçehre et al. 2015; with weight 1 Bayes' rule, if words were independent). Which words can stand where stays the
language model's business. A word that stands in the caption already is not made likelier again.

Letters: B pictures, R rows (some for each picture), T tokens written, V vocabulary, W words, K tokens that are words.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from trainer.favoured_words import FavouredWords
from trainer.metrics import words
from trainer.token_rules import Vocabulary
from trainer.word_forms import Lexicon

_LEAST_LIFT = 0.5  # of a word in several tokens: below, its beginning is not worth disturbing other words for


class WordTokens:
    """Which tokens of a vocabulary are, in any form, one of W words.

    Attributes:
        known: the words.
        tokens: (K,) tokens that are a whole word behind a space.
        word_of: (K,) the number of each one's word.
        spelt: words that no token is, by their number.
        tokens_of: the tokens of a text.
    """

    def __init__(self, vocabulary: Vocabulary, known: Sequence[str]) -> None:
        self.known = tuple(known)
        self.tokens_of = vocabulary.tokens
        self._lexicon = Lexicon(known)
        found = {
            token: number
            for token, word in vocabulary.whole_words().items()
            if (number := self._lexicon.number(word)) is not None
        }
        self.tokens = torch.tensor(list(found), dtype=torch.long)
        self.word_of = torch.tensor(list(found.values()), dtype=torch.long)
        missing = {self._lexicon.number(word) for word in known} - set(found.values())
        self.spelt = {number: known[number] for number in missing if number is not None}

    def named(self, text: str) -> list[int]:
        """The numbers of the words that a text names, in whatever form."""
        return self._lexicon.named(words(text))


class SeenWords:
    """Adds to the scores of words' tokens; a `Rule`."""

    def __init__(self, known: WordTokens, lifts: Tensor, begun: Sequence[Sequence[int]], copies: int) -> None:
        """Prepare.

        Args:
            known: the words and their tokens.
            lifts: (B, W), what is added for each word.
            begun: for each picture the tokens that its caption begins with.
            copies: rows a picture.
        """
        self._known = known
        self._lifts = lifts[:, known.word_of.to(lifts.device)].cpu()  # (B, K)
        self._begun = begun
        self._copies = copies
        self._spelt = [
            FavouredWords(
                {word: float(row[number]) for number, word in known.spelt.items() if row[number] > _LEAST_LIFT},
                known.tokens_of,
            )
            for row in lifts
        ]
        self._word_of_token = dict(zip(known.tokens.tolist(), known.word_of.tolist(), strict=True))

    def __call__(self, written: Tensor, scores: Tensor) -> Tensor:
        """Tokens written (R, T) and scores (R, V) to log probabilities (R, V)."""
        scores = scores.clone()
        for row, behind in enumerate(written.tolist()):
            picture = row // self._copies
            tokens, lifts = [*self._begun[picture], *behind], self._lifts[picture]
            told = {self._word_of_token[token] for token in tokens if token in self._word_of_token}
            if told:
                stands = torch.isin(self._known.word_of, torch.tensor(sorted(told)))
                lifts = torch.where(stands, lifts.clamp(max=0), lifts)
            scores[row, self._known.tokens.to(scores.device)] += lifts.to(scores)
            for token, lift in self._spelt[picture].next_tokens(tokens).items():
                scores[row, token] += lift
        return scores.log_softmax(-1)  # beams add up what they choose

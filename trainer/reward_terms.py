"""What a caption is rewarded for: one term a property, each with its name, none of them weighted.

A term says NaN where it does not apply: the first panel of a book hangs together with nothing. Terms that tell a fault
are 0 where there is none and fall below. Two properties are bands, not maxima: people's neighbouring captions are alike
to a degree, and machines are more alike (literature: LLaVA's stories lie above people's by every measure of coherence),
so more is not better. The band is 0 inside and falls linearly outside.

Letters: N episodes, R panels of the run's data, E width of the scorer's space, D features of a sentence vector,
C different panels of a batch and their neighbours.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from trainer.grammar import GrammarJudge
from trainer.metrics import talks_of_picture, words
from trainer.text_vectors import TextVectors as TextVectors  # what terms and bands are made with

_COPIED_WORDS = 4  # in a row: one human caption in eight does so; of three words, one in three
_SAME_PICTURE = 0.9999  # cosine from which a picture is the same one, used twice
_SENTENCE_ENDS, _CLOSING_MARKS = (".", "!", "?", "…"), "\"”’')]"


@dataclass(frozen=True, slots=True)
class Episode:
    """One sampled caption of one panel.

    Attributes:
        record: the panel's place in the run's data; its picture's vector is looked up by it.
        previous: the captions before it, oldest first.
        text: what was written.
        reference: what a person wrote there; empty where there is nothing.
        finished: the narrator ended it by itself, and was not cut off.
    """

    record: int
    previous: tuple[str, ...]
    text: str
    reference: str = ""
    finished: bool = True


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both inside."""

    low: float
    high: float

    def distance(self, value: float) -> float:
        """How far a value lies outside; 0 inside."""
        return float(max(self.low - value, value - self.high, 0))


@dataclass(frozen=True, slots=True)
class Bands:
    """Where reference texts lie: from their 5 % to their 95 % quantile.

    Attributes:
        likeness: cosine to the most alike of the captions before.
        words: words a caption.
    """

    likeness: Interval
    words: Interval


DESCRIPTION_BANDS = Bands(Interval(0.14, 0.73), Interval(13, 22))
"""Of the storybooks' 2,661 training descriptions, with up to three captions before each (`measured_bands`).

Beside them: people's narrations of the same pictures 0.23 to 0.82 and 4 to 64 words; people's neighbouring sentences in
500 stories of VWP 0.12 to 0.65."""


class Term(Protocol):
    """One property of a caption."""

    @property
    def name(self) -> str:
        """Names it in weights and logs."""

    def __call__(self, episodes: Sequence[Episode]) -> Tensor:
        """Judge captions: (N,) float32, higher is better, NaN where the term does not apply."""


class PictureFit:
    """How well text and picture fit: the scorer's cosine, the original study's whole reward."""

    name = "picture_fit"

    def __init__(self, texts: TextVectors, pictures: Tensor) -> None:
        """Take the scorer's text side and the panels' vectors (R, E)."""
        self._texts, self._pictures = texts, pictures

    def __call__(self, episodes: Sequence[Episode]) -> Tensor:
        """See `Term`."""
        own = self._pictures[[episode.record for episode in episodes]]  # (N, E)
        return (own * self._texts([episode.text for episode in episodes])).sum(dim=1)


class PictureContrast:
    """How surely the text points out its own picture among the batch's and the most alike ones of its book.

    The log softmax of the right one (Chaffin, Kijak & Claveau 2024 reward captions so): a text that fits every picture
    earns nothing. A picture that is the right one again, on another page, is no wrong answer.
    """

    name = "picture_contrast"

    def __init__(self, texts: TextVectors, pictures: Tensor, books: Sequence[str], scale: float, of_book: int) -> None:
        """Take what decides.

        Args:
            texts: the scorer's text side.
            pictures: (R, E) unit vectors.
            books: the R panels' books.
            scale: of cosines in the softmax.
            of_book: how many of the most alike pictures of the same book stand beside the right one.
        """
        self._texts, self._pictures, self._scale = texts, pictures, scale
        rows_of: dict[str, list[int]] = {}
        for row, book in enumerate(books):
            rows_of.setdefault(book, []).append(row)
        self._neighbours = [self._most_alike(row, rows_of[book], of_book) for row, book in enumerate(books)]

    def _most_alike(self, row: int, rows: Sequence[int], count: int) -> list[int]:
        likeness = (self._pictures[rows] @ self._pictures[row]).tolist()
        others = [(-value, other) for value, other in zip(likeness, rows, strict=True) if value < _SAME_PICTURE]
        return [other for _, other in sorted(others)[:count]]

    def __call__(self, episodes: Sequence[Episode]) -> Tensor:
        """See `Term`; NaN where there is no other picture."""
        batch = {episode.record for episode in episodes}
        columns = sorted(batch.union(*(self._neighbours[record] for record in batch)))  # C
        others = self._pictures[columns]
        own = self._pictures[[episode.record for episode in episodes]]  # (N, E)
        texts = self._texts([episode.text for episode in episodes])
        asked = torch.tensor(
            [
                [column in batch or column in self._neighbours[episode.record] for column in columns]
                for episode in episodes
            ]
        )
        wrong = asked & (own @ others.T < _SAME_PICTURE)  # (N, C)
        right = self._scale * (own * texts).sum(dim=1)
        logits = (self._scale * texts @ others.T).masked_fill(~wrong, -torch.inf)
        rewards = right - torch.logaddexp(right, logits.logsumexp(dim=1))
        return rewards.masked_fill(~wrong.any(dim=1), torch.nan)


class Coherence:
    """Whether the text is as like what was told before as references are: neither elsewhere, nor the same again."""

    name = "coherence"

    def __init__(self, sentences: TextVectors, band: Interval) -> None:
        """Take the sentence encoder, and the band of the cosine to the most alike earlier caption."""
        self._sentences, self._band = sentences, band

    def __call__(self, episodes: Sequence[Episode]) -> Tensor:
        """See `Term`; NaN where nothing was told before."""
        likeness = likeness_to_previous(episodes, self._sentences)
        return torch.tensor([torch.nan if value is None else -self._band.distance(value) for value in likeness])


class Grammar:
    """How sure the judge is that nobody spoilt the text: a log probability."""

    name = "grammar"

    def __init__(self, judge: GrammarJudge) -> None:
        self._judge = judge

    def __call__(self, episodes: Sequence[Episode]) -> Tensor:
        """See `Term`."""
        return self._judge([episode.text for episode in episodes])


class Repetition:
    """Minus the share of word pairs that stood earlier in the text, and of runs of words copied from before."""

    name = "repetition"

    def __call__(self, episodes: Sequence[Episode]) -> Tensor:
        """See `Term`; from 0 down to -2."""
        return torch.tensor([-_repeated_share(episode.text) - _copied_share(episode) for episode in episodes])


class Length:
    """How far the number of words lies outside the band of reference texts."""

    name = "length"

    def __init__(self, band: Interval) -> None:
        """Take the band of words a caption."""
        self._band = band

    def __call__(self, episodes: Sequence[Episode]) -> Tensor:
        """See `Term`; minus words."""
        return torch.tensor([-self._band.distance(len(words(episode.text))) for episode in episodes])


class FinishedSentence:
    """Whether the narrator ended the caption, and with a sentence: 0, else -1 (as in PPO on summaries)."""

    name = "finished"

    def __call__(self, episodes: Sequence[Episode]) -> Tensor:
        """See `Term`."""
        return torch.tensor([float(episode.finished and _ends_sentence(episode.text)) - 1 for episode in episodes])


class PictureTalk:
    """Whether the text speaks of "the picture" instead of telling: -1, else 0."""

    name = "picture_talk"

    def __call__(self, episodes: Sequence[Episode]) -> Tensor:
        """See `Term`."""
        return torch.tensor([-float(talks_of_picture(episode.text)) for episode in episodes])


class ReferenceLikeness:
    """How near in meaning the text is to the reference: the cosine of their sentence vectors."""

    name = "reference"

    def __init__(self, sentences: TextVectors) -> None:
        """Take the sentence encoder."""
        self._sentences = sentences

    def __call__(self, episodes: Sequence[Episode]) -> Tensor:
        """See `Term`; NaN where there is no reference."""
        texts = self._sentences([episode.text for episode in episodes])
        references = self._sentences([episode.reference for episode in episodes])
        has_reference = torch.tensor([bool(episode.reference) for episode in episodes])
        return (texts * references).sum(dim=1).masked_fill(~has_reference, torch.nan)


def likeness_to_previous(episodes: Sequence[Episode], sentences: TextVectors) -> list[float | None]:
    """Each text's cosine to the most alike of the captions before it; None where there are none."""
    return [
        float((sentences(episode.previous) @ sentences([episode.text])[0]).max()) if episode.previous else None
        for episode in episodes
    ]


def measured_bands(references: Sequence[Episode], sentences: TextVectors) -> Bands:
    """Where texts lie that a narrator should be like.

    Args:
        references: episodes whose `text` is a reference, with the references before it.
        sentences: the sentence encoder.

    Returns:
        Their bands; where none of them has a caption before it, every likeness is inside.
    """
    likeness = [value for value in likeness_to_previous(references, sentences) if value is not None]
    return Bands(_middle(likeness or [-1.0, 1.0]), _middle([len(words(episode.text)) for episode in references]))


def _middle(values: Sequence[float]) -> Interval:
    low, high = np.quantile(values, [0.05, 0.95])
    return Interval(float(low), float(high))


def _repeated_share(text: str) -> float:
    pairs = list(itertools.pairwise(words(text)))
    return 1 - len(set(pairs)) / len(pairs) if pairs else 0.0


def _copied_share(episode: Episode) -> float:
    """Share of the text's runs of _COPIED_WORDS words that stand in a caption before it."""
    runs = _runs(episode.text)
    told = {run for text in episode.previous for run in _runs(text)}
    return sum(run in told for run in runs) / len(runs) if runs else 0.0


def _runs(text: str) -> list[tuple[str, ...]]:
    row = words(text)
    return list(zip(*(row[start:] for start in range(_COPIED_WORDS)), strict=False))


def _ends_sentence(text: str) -> bool:
    return text.rstrip().rstrip(_CLOSING_MARKS).endswith(_SENTENCE_ENDS)

"""Whether a text is sound language: a small judge that learns from the data's own texts and spoilt copies of them.

    text -> tokens -> how usual its words are beside each other (`trainer.word_sequences`), what it repeats -> features
         -> a network of one hidden layer -> log odds that nobody spoilt it

A picture scorer hardly sees the order of words, so a narrator rewarded by it alone ends in heaps of words; a judge
trained on spoilt texts keeps it at language (Cho et al. 2022). Here the judge needs no text encoder: order is read off
n-grams, each measured against how frequent the word is by itself (as in SLOR, Pauls & Klein 2012), so that a rare word
is no fault.

Letters: N texts, F features.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainer.text_corruption import CORRUPTIONS, corrupted
from trainer.word_sequences import SequenceModel, frequent_words, tokens, word_classes

_FREQUENT_WORDS = 300
_WORD_ORDER, _CLASS_ORDER = 2, 3
_LOWEST = (1, 3, 6)  # places of a text whose mean is taken: one fault, or many
_STRANGE_WORD, _STRANGE_CLASS = -2.0, -1.0  # nats gained by what stands before; 3 % and 13 % of sound places lie below
_FOLDS = 4
_FARTHEST = 5.0  # standard deviations; what a text is like beyond that, no text has taught
_HIDDEN = 32
_STEPS, _BATCH, _LEARNING_RATE, _WEIGHT_DECAY = 300, 256, 1e-2, 0.01


class WordOrder:
    """What is known of usual sequences, and a text's features by it.

    Attributes:
        texts: the texts it was made from; everything else follows from them.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        rows = [tokens(text) for text in texts]
        self._frequent = frequent_words(rows, _FREQUENT_WORDS)
        self._words = SequenceModel(rows, _WORD_ORDER)
        self._classes = SequenceModel([word_classes(row, self._frequent) for row in rows], _CLASS_ORDER)

    def features(self, texts: Sequence[str]) -> Tensor:
        """What texts are like: (N, F)."""
        return torch.tensor([self._features_of(text) for text in texts], dtype=torch.float32)

    def _features_of(self, text: str) -> list[float]:
        row = tokens(text)
        by_word = np.array(self._words.log_probabilities(row))  # (tokens + 1, _WORD_ORDER)
        by_class = np.array(self._classes.log_probabilities(word_classes(row, self._frequent)))
        gains = (
            by_word[:, 1] - by_word[:, 0],
            by_class[:, 1] - by_class[:, 0],
            by_class[:, 2] - by_class[:, 0],
            by_class[:, 2],
        )
        count = len(row) + 1
        return [
            *itertools.chain.from_iterable(_summary(gain) for gain in gains),
            float((gains[0] < _STRANGE_WORD).mean()),
            float((gains[2] < _STRANGE_CLASS).mean()),
            float(by_word[:, 0].mean()),
            *(sum(map(str.__eq__, row, row[distance:])) / count for distance in (1, 2, 3)),
            float(any(map(str.__eq__, row, row[1:]))),
            *(_repeated(row, size) / count for size in (2, 3, 4)),
            math.log(count),
            math.log(1 + _longest_run(row)),
            sum(token in self._frequent for token in row) / count,
        ]


class GrammarJudge:
    """How sure it is that nobody spoilt a text."""

    def __init__(self, order: WordOrder, network: nn.Module, mean: Tensor, std: Tensor) -> None:
        """Join the parts; `train_grammar` makes them, with the features' means and standard deviations (F,)."""
        self._order, self._network, self._mean, self._std = order, network, mean, std

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        """The natural logarithm of the probability that a text is sound: (N,), at most 0.

        It hardly rises among sound texts and falls on and on among spoilt ones: nothing is to be won by being more
        usual than people are.
        """
        if not texts:
            return torch.zeros(0)
        features = _standardised(self._order.features(texts), self._mean, self._std)
        return nn.functional.logsigmoid(self._network(features)[:, 0])

    def state_dict(self) -> dict[str, Any]:
        """All of it, for JSON: the texts it was made from, and its weights."""
        return {
            "texts": list(self._order.texts),
            "mean": self._mean.tolist(),
            "std": self._std.tolist(),
            "network": {name: value.tolist() for name, value in self._network.state_dict().items()},
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> GrammarJudge:
        """The judge that gave `state_dict`."""
        mean, std = torch.tensor(state["mean"]), torch.tensor(state["std"])
        network = _new_network(len(mean))
        network.load_state_dict({name: torch.tensor(value) for name, value in state["network"].items()})
        return cls(WordOrder(state["texts"]), network, mean, std)


def train_grammar(texts: Sequence[str], seed: int) -> GrammarJudge:
    """Train a judge: 20 s of CPU for five thousand texts.

    A text's features come from a model of word order that did not count the text, nor its neighbours, which are of the
    same book: else sound texts would look more usual in training than they ever will again.

    Args:
        texts: sound ones in the order of their books, train split only.
        seed: of spoiling, initial weights and batches.

    Raises:
        ValueError: there are fewer than eight texts.
    """
    if len(texts) < 2 * _FOLDS:
        raise ValueError(f"a judge of grammar needs at least {2 * _FOLDS} texts, not {len(texts)}")
    draw = random.Random(seed)
    parts, labels = [], list[float]()
    other_words = [word for text in texts for word in text.split()]
    for fold in range(_FOLDS):
        start, end = (len(texts) * edge // _FOLDS for edge in (fold, fold + 1))
        order = WordOrder([*texts[:start], *texts[end:]])
        spoilt = [corrupted(text, kind, other_words, draw) for text in texts[start:end] for kind in CORRUPTIONS]
        sound = set(texts[start:end])
        spoilt = [text for text in spoilt if text not in sound]
        parts.append(order.features([*texts[start:end], *spoilt]))
        labels += [1.0] * (end - start) + [0.0] * len(spoilt)
    features, labelled = torch.cat(parts), torch.tensor(labels)
    mean, std = features.mean(dim=0), features.std(dim=0)
    std = torch.where(std > 1e-6, std, 1.0)
    network = _fitted(_standardised(features, mean, std), labelled, seed)
    return GrammarJudge(WordOrder(texts), network, mean, std)


def _fitted(features: Tensor, labels: Tensor, seed: int) -> nn.Module:
    """A network that tells sound (label 1) from spoilt ones, both counting the same in all: (N, F), (N,)."""
    generator = torch.Generator().manual_seed(seed)
    network = _new_network(features.shape[1])
    for weights in network.parameters():
        nn.init.normal_(weights, std=0.1, generator=generator)
    weight = torch.where(labels == 1, (labels == 0).sum() / (labels == 1).sum(), 1.0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    for step in range(_STEPS):
        for group in optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * (1 - step / _STEPS)
        rows = torch.randint(0, len(features), (_BATCH,), generator=generator)
        loss = nn.functional.binary_cross_entropy_with_logits(
            network(features[rows])[:, 0], labels[rows], weight=weight[rows]
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return network.eval()


def _new_network(size: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, 1))


def _standardised(features: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """On one scale, and not beyond what was seen in training: (N, F)."""
    return ((features - mean) / std).clamp(-_FARTHEST, _FARTHEST)


def _summary(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """The mean, and the means of the few lowest."""
    lowest = np.sort(values)
    return [float(values.mean()), *(float(lowest[:count].mean()) for count in _LOWEST)]


def _repeated(row: Sequence[str], size: int) -> int:
    """How many n-grams stood before in the text."""
    ngrams = list(zip(*(row[start:] for start in range(size)), strict=False))
    return len(ngrams) - len(set(ngrams))


def _longest_run(row: Sequence[str]) -> int:
    """Most words in a row without punctuation."""
    runs = itertools.groupby(row, lambda token: token[0].isalnum())
    return max((sum(1 for _ in run) for is_word, run in runs if is_word), default=0)

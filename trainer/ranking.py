"""Which of several captions of a picture is taken: the one that a `Rank` scores highest.

Minimum Bayes risk (Kumar & Byrne 2004; Eikema & Aziz 2022 for samples): of N captions sampled from a narrator, the one
that is on average most like the others is what the narrator most stands for, though no single one is likely. What
captions agree on is mostly what is usual, so with a scorer the fit to the picture counts as well (`certainty`).

Letters: B pictures, E width of the scorer's space, N captions of one picture, G different n-grams.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from sacrebleu.metrics import CHRF
from torch import Tensor

from trainer.captioner import Rank, WrittenCaption
from trainer.certainty import agreement, certainty
from trainer.config import ConfigError
from trainer.decoding import CERTAINTY, SIMILARITY, Decoding
from trainer.scoreboard import Embed
from trainer.scorer import DualEncoder
from trainer.significance import Floats

Utility: TypeAlias = Callable[[Sequence[str]], Floats]
"""How good each of N texts is where each of them is the right one: (N, N), written text by row, right one by column."""

_CHRF = CHRF(word_order=2)


def choose(features: Tensor, candidates: Sequence[Sequence[WrittenCaption]], rank: Rank) -> list[WrittenCaption]:
    """Take each picture's best caption, of equally good ones the first.

    Args:
        features: (B, V, D) of the pictures.
        candidates: B lists, none of them empty.
        rank: judges them; not asked where there is nothing to choose.
    """
    if all(len(captions) == 1 for captions in candidates):
        return [captions[0] for captions in candidates]
    scores = rank(features, [[caption.text for caption in captions] for captions in candidates])
    return [captions[int(np.argmax(row))] for captions, row in zip(candidates, scores, strict=True)]


def ranking(decoding: Decoding, embed: Embed | None = None, sure: Rank | None = None) -> Rank:
    """What `decoding` says captions are chosen by.

    Args:
        decoding: names the utility.
        embed: `SentenceEncoder`, where several samples are judged by SIMILARITY.
        sure: `by_certainty`, where they are judged by CERTAINTY.

    Raises:
        ConfigError: what the utility needs is not there.
    """
    if decoding.samples == 1:  # of one caption nothing is judged
        return expected_utility(chrf)
    if decoding.utility == CERTAINTY:
        if sure is None:
            raise ConfigError(f"The utility {CERTAINTY} needs a scorer, which is not loaded here; use chrf.")
        return sure
    if decoding.utility != SIMILARITY:
        return expected_utility(chrf)
    if embed is None:
        raise ConfigError(f"The utility {SIMILARITY} needs the sentence encoder, which is not loaded here; use chrf.")
    encoder = embed

    def similarity(texts: Sequence[str]) -> Floats:
        vectors = encoder(texts)
        return vectors @ vectors.T

    return expected_utility(similarity)


def by_certainty(scorer: DualEncoder, place: Callable[[Tensor], Tensor]) -> Rank:
    """Rank a caption by how sure it is, 0 to 1, of what the others say and how far it fits its picture.

    Args:
        scorer: judges; several captions a picture are needed.
        place: a narrator's features (B, V, D) to the pictures' vectors (B, E); `scorer.encode_features` where both
            look through the same encoder.
    """

    def rank(features: Tensor, candidates: Sequence[Sequence[str]]) -> list[list[float]]:
        scores = []
        for picture, texts in zip(place(features), candidates, strict=True):
            sentences = scorer.sentence_vectors(texts)
            placed = scorer.place_sentences(sentences)
            surplus = scorer.backdrop.surplus(picture.expand(len(texts), -1), placed).tolist()
            scores.append(list(map(certainty, agreement(sentences), surplus)))
        return scores

    return rank


def expected_utility(utility: Utility) -> Rank:
    """Rank a caption by its mean utility where one of the other candidates is the right one."""

    def rank(_: Tensor, candidates: Sequence[Sequence[str]]) -> list[list[float]]:
        scores = []
        for texts in candidates:
            if len(texts) == 1:
                scores.append([0.0])
                continue
            table = np.array(utility(texts))  # (N, N)
            np.fill_diagonal(table, 0)
            scores.append([float(mean) for mean in table.sum(axis=1) / (len(texts) - 1)])
        return scores

    return rank


def chrf(texts: Sequence[str]) -> Floats:
    """chrF++ (Popović 2017) of each text against each, as sacreBLEU's `sentence_chrf` counts it: (N, N), 0 to 100."""
    ngrams = [_CHRF._extract_reference_info([text])["ref_ngrams"][0] for text in texts]  # a counter an order
    precision, recall, orders = np.zeros((3, len(texts), len(texts)))
    for counters in zip(*ngrams, strict=True):
        places = {ngram: place for place, ngram in enumerate(dict.fromkeys(key for row in counters for key in row))}
        counts = np.zeros((len(texts), len(places)), dtype=np.int32)  # (N, G)
        for row, counter in zip(counts, counters, strict=True):
            row[[places[ngram] for ngram in counter]] = list(counter.values())
        matches = np.stack([np.minimum(row, counts).sum(axis=1) for row in counts])  # (N, N)
        totals = counts.sum(axis=1)
        counted = (totals[:, None] > 0) & (totals[None] > 0)
        precision += np.where(counted, matches / np.maximum(totals, 1)[:, None], 0)
        recall += np.where(counted, matches / np.maximum(totals, 1)[None], 0)
        orders += counted
    precision, recall = precision / np.maximum(orders, 1), recall / np.maximum(orders, 1)
    factor = _CHRF.beta**2
    weighted = factor * precision + recall
    scores: Floats = 100 * (1 + factor) * precision * recall / np.where(weighted > 0, weighted, 1)
    return scores

"""Which of several captions of a picture is taken: the one that a `Rank` scores highest.

Minimum Bayes risk (Kumar & Byrne 2004; Eikema & Aziz 2022 for samples): of N captions sampled from a narrator, the one
that is on average most like the others is what the narrator most stands for, though no single one is likely. Or the
one that fits the picture best to a scorer.

Letters: B pictures, E width of the scorer's space, N captions of one picture, G different n-grams.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from sacrebleu.metrics import CHRF
from torch import Tensor

from trainer.captioner import Captioner, Rank, Report, WrittenCaption
from trainer.config import ConfigError
from trainer.decoding import FIT, SIMILARITY, Decoding
from trainer.picture_encoder import PictureEncoder
from trainer.scoreboard import Embed
from trainer.scorer import DualEncoder, load_scorer
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


def ranking(decoding: Decoding, embed: Embed | None = None, fit: Rank | None = None) -> Rank:
    """What `decoding` says captions are chosen by.

    Args:
        decoding: names the utility.
        embed: `SentenceEncoder`, where several samples are judged by SIMILARITY.
        fit: `by_fit`, where they are judged by FIT.

    Raises:
        ConfigError: what the utility needs is not there.
    """
    if decoding.samples == 1:  # of one caption nothing is judged
        return expected_utility(chrf)
    if decoding.utility == FIT:
        if fit is None:
            raise ConfigError(f"The utility {FIT} needs a scorer, which is not loaded here; use chrf.")
        return fit
    if decoding.utility != SIMILARITY:
        return expected_utility(chrf)
    if embed is None:
        raise ConfigError(f"The utility {SIMILARITY} needs the sentence encoder, which is not loaded here; use chrf.")
    encoder = embed

    def similarity(texts: Sequence[str]) -> Floats:
        vectors = encoder(texts)
        return vectors @ vectors.T

    return expected_utility(similarity)


def by_fit(scorer: DualEncoder) -> Rank:
    """Rank a caption by how far it fits its picture above the usual (`fit.Backdrop.surplus`).

    Args:
        scorer: judges; it looks through the narrator's own encoder.
    """

    def rank(features: Tensor, candidates: Sequence[Sequence[str]]) -> list[list[float]]:
        pictures = scorer.encode_features(features)
        return [
            scorer.surplus(picture.expand(len(texts), -1), texts).tolist()
            for picture, texts in zip(pictures, candidates, strict=True)
        ]

    return rank


def load_fit(name: str, decoding: Decoding, captioner: Captioner, base_weights: Path, report: Report) -> Rank | None:
    """The scorer's judgement of captions, where `decoding` asks for it.

    Args:
        name: "embedded" or a directory (`load_scorer`).
        decoding: says whether it is needed.
        captioner: whose captions are judged.
        base_weights: the folder of `trainer.base_weights`.
        report: is told what is being done.

    Raises:
        CaptionerError: the scorer cannot be loaded.
        ConfigError: it does not look through the narrator's own encoder.
    """
    if decoding.utility != FIT or decoding.samples == 1:
        return None
    eyes = getattr(captioner, "encoder", None)
    scorer = load_scorer(name, base_weights, report, eyes if isinstance(eyes, PictureEncoder) else None)
    if not isinstance(scorer, DualEncoder) or scorer.encoder is not eyes:
        raise ConfigError(f"The scorer “{name}” does not look through the narrator's own encoder; use chrf.")
    return by_fit(scorer)


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

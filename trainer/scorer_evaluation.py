"""How good a scorer is: retrieval on a split, and whether it sees that a text was spoilt.

Both kinds of text are measured apart: a description says what is seen, a narration what happens. Intervals by book.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from trainer.captioner import Report
from trainer.controls import open_picture
from trainer.dataset import DESCRIPTION, NARRATION, DatasetError, Record, load_descriptions, load_records
from trainer.events import Event, Loading, Metrics, RunFinished
from trainer.picture_encoder import FeatureCache
from trainer.picture_words import known_words
from trainer.retrieval import picture_ranks, spoilt_texts, text_ranks
from trainer.scorer import DualEncoder, Scorer, load_scorer
from trainer.significance import Estimate, Measured, estimate, mean, resampling

Scores: TypeAlias = dict[str, dict[str, Estimate]]
"""Style to measure to value and interval."""

_CUTS = (1, 5, 10)
_SEED = 0
_BATCH = 16
_LOOK_REPORT_EVERY = 50  # pictures


def evaluate_scorer(
    name: str,
    data: Path,
    split: str,
    descriptions: Path | None,
    json_file: Path | None,
    base_weights: Path,
    emit: Callable[[Event], None],
) -> RunFinished:
    """Measure a scorer.

    Args:
        name: as `load_scorer` takes it.
        data: the data set's folder.
        split: which split.
        descriptions: descriptions in place of the data set's own (`load_descriptions`); None: none.
        json_file: gets the numbers; None: none.
        base_weights: the folder of `trainer.base_weights`.
        emit: takes every event.

    Raises:
        CaptionerError: the scorer cannot be loaded.
        DatasetError: no data set, or a split without two texts of a style.
    """

    def report(message: str, done_frac: float | None) -> None:
        emit(Loading(message, done_frac))

    everything, _ = load_records(data, load_descriptions(descriptions) if descriptions else None)
    records = [record for record in everything if record.split == split]
    names = known_words([record for record in everything if record.split == "train"] or records)
    scorer = load_scorer(name, base_weights, report)
    pictures = _placed_pictures(scorer, records, base_weights, report)
    scores: Scores = {}
    for style in (NARRATION, DESCRIPTION):
        rows = [row for row, record in enumerate(records) if record.told_as(style)[0]]
        if len(rows) > 1:
            told = [records[row] for row in rows]
            scores[style] = _style_scores(scorer, pictures[rows], told, style, names)
            emit(Metrics(0, {f"eval/{style}/{key}": value.value for key, value in scores[style].items()}))
    if not scores:
        raise DatasetError(f"The split “{split}” of {data} has no two pictures with texts.")
    if json_file:
        content = {style: {key: asdict(value) for key, value in found.items()} for style, found in scores.items()}
        json_file.write_text(json.dumps({"scorer": scorer.id, "split": split, "scores": content}, indent=2) + "\n")
    return RunFinished(in_sentences(scores), str(json_file or ""))


def _placed_pictures(scorer: Scorer, records: Sequence[Record], base_weights: Path, report: Report) -> Tensor:
    """The records' pictures as the scorer places them: (N, E)."""

    def looked(done: int, count: int) -> None:
        if done % _LOOK_REPORT_EVERY == 0 or done == count:
            report("Looking at the pictures", done / count)

    paths = [record.image for record in records]
    if isinstance(scorer, DualEncoder):  # a narrator trained on the same ViT has looked at them already
        features = FeatureCache(base_weights.parent / "features").features_of(scorer.encoder, paths, looked)
        return torch.cat([scorer.encode_features(features[path][None].float()) for path in paths])
    parts = []
    for start in range(0, len(paths), _BATCH):
        parts.append(scorer.encode_pictures([open_picture(path) for path in paths[start : start + _BATCH]]))
        looked(min(start + _BATCH, len(paths)), len(paths))
    return torch.cat(parts)


def _style_scores(
    scorer: Scorer, pictures: Tensor, records: Sequence[Record], style: str, names: Sequence[str]
) -> dict[str, Estimate]:
    """Retrieval and preferences on the texts of one style."""
    texts, books = [record.told_as(style)[0] for record in records], [record.book for record in records]
    placed = scorer.encode_texts(texts)
    measured: dict[str, tuple[Measured, list[str]]] = {}
    ranks = {"text": text_ranks(pictures, placed), "picture": picture_ranks(pictures, placed)}
    for sought, places in ranks.items():
        for cut in _CUTS:
            measured[f"{sought}_recall_{cut}"] = mean((places <= cut).double().numpy()), books
    fits = (pictures * placed).sum(dim=1)  # (N,)
    for way, spoilt in spoilt_texts(texts, books, names, _SEED).items():
        changed = [row for row, (text, other) in enumerate(zip(texts, spoilt, strict=True)) if text != other]
        if changed:
            other_fits = (pictures[changed] * scorer.encode_texts([spoilt[row] for row in changed])).sum(dim=1)
            is_preferred = (fits[changed] > other_fits).double().numpy()
            measured[f"prefers_to_{way}"] = mean(is_preferred), [books[row] for row in changed]
    return {key: estimate(values, resampling(where)) for key, (values, where) in measured.items()}


def in_sentences(scores: Scores) -> str:
    """The numbers for people, a line each."""
    lines = [
        f"{style}: {key.replace('_', ' ')} {value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"
        for style, found in scores.items()
        for key, value in found.items()
    ]
    return "\n".join(lines)

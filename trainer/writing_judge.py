"""The dev split's verdict on what a narrator writes: how near its captions come to the references.

The captions are written greedily by the rules that `evaluate` has by default, so that its numbers are comparable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from trainer.captioner import Decoding, Prompt
from trainer.dataset import Record
from trainer.device import best_device
from trainer.metrics import reference_measures, text_measures
from trainer.policy import Trainee
from trainer.scoreboard import Embed
from trainer.significance import Measured

_BATCH = 8
_SHOWN_RECORDS = 8

Written: TypeAlias = list[tuple[Record, str]]


class WritingJudge:
    """Has the same dev records captioned again and again."""

    def __init__(
        self, dev: Sequence[Record], style: str, features: Mapping[Path, Tensor], max_tokens: int, embed: Embed | None
    ) -> None:
        """Choose what is judged.

        Args:
            dev: records; those without a text of the style are left out.
            style: which texts are written.
            features: (V, D) for each picture.
            max_tokens: longest caption.
            embed: texts to unit vectors, for likeness in meaning; None leaves it out.
        """
        self._records = [record for record in dev if record.told_as(style)[0]]
        self._style = style
        self._features = features
        self._decoding = Decoding(max_tokens=max_tokens)
        self._embed = embed

    def look(self, trainee: Trainee) -> tuple[dict[str, float], Written]:
        """Have the records captioned.

        Returns:
            "eval/bleu", "eval/chrf", "eval/distinct_2", "eval/words" and, with an encoder, "eval/similarity"; nothing
            where there is nothing to judge by. And the captions of a few records, always the same.
        """
        if not self._records:
            return {}, []
        captions: list[str] = []
        for start in range(0, len(self._records), _BATCH):
            captions += self._write(trainee, self._records[start : start + _BATCH])
        references = [record.told_as(self._style)[0] for record in self._records]
        measures = reference_measures(captions, references) | text_measures(captions)
        names = {"bleu": "bleu", "chrf": "chrf", "distinct_2": "distinct_2", "mean_words": "words"}
        values = {f"eval/{name}": _of_all(measures[measure]) for measure, name in names.items()}
        if self._embed is not None:
            values["eval/similarity"] = float((self._embed(captions) * self._embed(references)).sum(axis=1).mean())
        step = max(1, len(captions) // _SHOWN_RECORDS)
        return values, list(zip(self._records, captions, strict=True))[::step][:_SHOWN_RECORDS]

    def _write(self, trainee: Trainee, records: Sequence[Record]) -> list[str]:
        features = torch.stack([self._features[record.image] for record in records]).float().to(best_device())
        prompts = [Prompt(record.told_as(self._style)[1], self._style) for record in records]
        written = trainee.captioner.write(trainee.policy.encoded(features), prompts, self._decoding)
        return [caption.text for caption in written]


def _of_all(measure: Measured) -> float:
    """Its value on all records."""
    return float(measure.score(measure.rows.sum(axis=0, keepdims=True))[0])

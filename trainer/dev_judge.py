"""The dev split's verdict during training: how well the references are foreseen, and whether the picture helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from trainer.batches import Example, Wording, collate
from trainer.dataset import DESCRIPTION, NARRATION, Record
from trainer.policy import IGNORED

Loss = Callable[[Mapping[str, Tensor]], Tensor]
"""The sum of the caption tokens' losses of a batch, nats, weights aside."""


class DevJudge:
    """Looks at the same dev records again and again.

    Attributes:
        sampled: a few of them, to be written for a person to read.
    """

    _SAMPLED_RECORDS = 4

    def __init__(
        self,
        wording: Wording,
        dev: Sequence[Record],
        features: Mapping[Path, Tensor],
        kept: Sequence[Record] = (),
    ) -> None:
        """Prepare the records.

        Args:
            wording: shows them.
            dev: of the data set that is learned.
            features: (V, D) for each picture.
            kept: what the narrator knew before.
        """
        self._features = features
        self._pad_id = wording.trainee.pad_id
        self._batch_size = max(1, wording.config.batch_size // wording.config.accumulation)
        self._shown: dict[str, list[tuple[Example, Example]]] = {}  # with its own picture, with a wrong one
        for style in (NARRATION, DESCRIPTION):
            told = [record for record in dev if record.told_as(style)[0]]
            # Half the split away lies another book's picture: a model that looks at pictures then does worse.
            others = [record.image for record in (*told[len(told) // 2 :], *told[: len(told) // 2])]
            if told:
                self._shown[style] = [
                    (wording.whole(record, style, record.image), wording.whole(record, style, other))
                    for record, other in zip(told, others, strict=True)
                ]
        self._kept = [
            wording.whole(record, DESCRIPTION if record.description else NARRATION, record.image) for record in kept
        ]
        self.sampled = tuple(dev[:: max(1, len(dev) // self._SAMPLED_RECORDS)][: self._SAMPLED_RECORDS])

    def metrics(self, loss: Loss, rank: int, world: int, total: Callable[[Tensor], Tensor]) -> dict[str, float]:
        """Mean nats a token for each style, and how many more they are with wrong pictures.

        Args:
            loss: of a batch.
            rank: of this process among those that share the work.
            world: how many they are.
            total: the sum of a tensor over all of them.

        Returns:
            "eval/loss_<style>", "eval/picture_gain_<style>", and "eval/loss", the mean over the styles; nothing where
            there is no dev split.
        """
        values: dict[str, float] = {}
        means: list[float] = []
        for style, pairs in self._shown.items():
            right = self._mean([pair[0] for pair in pairs], loss, rank, world, total)
            wrong = self._mean([pair[1] for pair in pairs], loss, rank, world, total)
            values |= {f"eval/loss_{style}": right, f"eval/picture_gain_{style}": wrong - right}
            means.append(right)
        return values | ({"eval/loss": sum(means) / len(means)} if means else {})

    def kept_loss(self, loss: Loss, rank: int, world: int, total: Callable[[Tensor], Tensor]) -> float | None:
        """Mean nats a token of what the narrator knew before, as for `metrics`; None where that is not known."""
        return self._mean(self._kept, loss, rank, world, total) if self._kept else None

    def _mean(
        self, examples: Sequence[Example], loss: Loss, rank: int, world: int, total: Callable[[Tensor], Tensor]
    ) -> float:
        ordered = sorted(examples, key=len)
        batches = [ordered[i : i + self._batch_size] for i in range(0, len(ordered), self._batch_size)]
        sums = torch.zeros(2, dtype=torch.float64)  # nats, tokens
        for first in range(0, len(batches), world):
            # Every process computes as often as the others, for sharded weights are gathered together; one without a
            # batch of its own computes the first again and does not count it.
            mine = first + rank
            batch = collate(batches[mine if mine < len(batches) else 0], self._features, self._pad_id)
            nats = loss(batch | {"loss_weights": torch.ones(len(batch["input_ids"]))})
            if mine < len(batches):
                sums += torch.tensor([nats.item(), (batch["labels"] != IGNORED).sum().item()], dtype=torch.float64)
        nats_in_all, tokens = total(sums).tolist()
        return float(nats_in_all / max(1.0, tokens))

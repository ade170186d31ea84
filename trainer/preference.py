"""Direct preference optimisation: of captions of one panel, the better becomes likelier than the others.

Two sources of preferences. A reward's: the best of several samples is set against all the others, the worse the more
(DiCO, Moratelli et al. 2024: DPO with the rejected captions weighted by how far they are behind). A person's: a file of
pairs, one JSON object a line:

    {"id": "asp-0001-01", "chosen": "A tall man digs.", "rejected": "A man is in a picture."}

Letters: B panels, G captions a panel.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainer.dataset import DatasetError
from trainer.ppo_math import masked_mean
from trainer.reward_terms import Episode
from trainer.rewards import RewardTable
from trainer.rl_job import Panel, RlJob
from trainer.rl_trainers import GrpoRun
from trainer.rollouts import RolloutWriter
from trainer.sampling import PromptBatch, Samples


@dataclass(frozen=True, slots=True)
class Preference:
    """What a person preferred.

    Attributes:
        record_id: of the picture.
        chosen: the better caption.
        rejected: the worse one.
    """

    record_id: str
    chosen: str
    rejected: str


def load_preferences(path: Path) -> list[Preference]:
    """Read a file of pairs.

    Raises:
        DatasetError: it cannot be read; the text names the line.
    """
    found = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"The preferences {path} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            found.append(Preference(str(row["id"]), str(row["chosen"]), str(row["rejected"])))
        except (ValueError, TypeError, KeyError) as error:
            raise DatasetError(
                f"Line {number} of {path} is no preference: it needs id, chosen and rejected."
            ) from error
    return found


def preference_loss(gains: Tensor, scores: Tensor, beta: float, sharpness: float) -> Tensor:
    """DPO's loss of each panel, the rejected captions weighted: (B,).

    -log sigmoid(beta * (gain of the best - weighted mean gain of the others)), where the weights are the softmax of how
    far each is behind the best times `sharpness`. 0 where no caption is better than another.

    Args:
        gains: (B, G) log probability of each caption less the reference's.
        scores: (B, G) rewards.
        beta: how closely the policy stays with the reference.
        sharpness: 0 weighs the rejected captions alike.
    """
    best = scores.argmax(dim=1, keepdim=True)  # (B, 1)
    behind = scores.gather(1, best) - scores  # (B, G), 0 for the best
    is_best = torch.zeros_like(scores, dtype=torch.bool).scatter(1, best, value=True)
    weights = (sharpness * behind).masked_fill(is_best, -torch.inf).softmax(dim=1)
    margin = gains.gather(1, best)[:, 0] - (weights * gains).sum(dim=1)
    differs = behind.max(dim=1).values > 0
    return -torch.nn.functional.logsigmoid(beta * margin) * differs


class DpoRun(GrpoRun):
    """A run with DPO on a reward's preferences."""

    def _compute_loss(self, _: Any, inputs: dict[str, Tensor]) -> Tensor:
        """The mean of `preference_loss`."""
        valid_mask, config = inputs["completion_mask"], self._job.config
        found = self.likelihood_of(
            torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], dim=1),
            torch.cat([inputs["prompt_mask"], valid_mask], dim=1),
            valid_mask.shape[1],
            inputs["pixel_values"],
        )
        self._metrics["train"]["entropy"].append(float(masked_mean(found.entropy, valid_mask)))
        gains = ((found.log_probs - inputs["reference_log_probs"]) * valid_mask).sum(1).view(-1, self.num_generations)
        scores = inputs["scores"].view(-1, self.num_generations)
        losses = preference_loss(gains, scores, config.dpo_beta, config.dpo_sharpness)
        loss: Tensor = losses.mean() / self.current_gradient_accumulation_steps
        return loss


class PairedRun(DpoRun):
    """A run with DPO on a person's preferences: nothing is sampled, and the reward is the person's choice.

    Its panels are those of the preferences, in their order.
    """

    def __init__(self, job: RlJob, arguments: Any, preferences: Sequence[Preference]) -> None:
        self._preferences = preferences
        super().__init__(job, arguments)

    def writer(self) -> RolloutWriter:
        """See `RolloutEngine.writer`."""
        return PairWriter(self._job, self.accelerator.autocast, self._preferences)


class PairWriter(RolloutWriter):
    """Has the two captions of each preference, the better first."""

    def __init__(
        self, job: RlJob, autocast: Callable[[], AbstractContextManager[None]], preferences: Sequence[Preference]
    ) -> None:
        super().__init__(job, autocast)
        self._preferences = preferences

    def drawn(self, panels: Sequence[Panel], _: PromptBatch, __: int) -> Samples:
        """See `RolloutWriter.drawn`."""
        trainee, limit = self._job.trainee, self._job.config.max_tokens
        pairs = [self._preferences[panel.number] for panel in panels]
        texts = [text for pair in pairs for text in (pair.chosen, pair.rejected)]
        return Samples([trainee.caption_tokens(text, limit) for text in texts], [], [])


class Preferred:
    """The reward of captions that stand in pairs, the better first: 1 and 0."""

    def __call__(self, episodes: Sequence[Episode]) -> RewardTable:
        """See `Reward`."""
        return RewardTable(torch.tensor([1.0, 0.0] * (len(episodes) // 2)), {}, {})

    def fit_normalisation(self, _: Sequence[Episode]) -> None:
        """Nothing: a choice has no scale."""

    def state_dict(self) -> dict[str, float]:
        """Nothing."""
        return {}

    def load_state_dict(self, _: Mapping[str, float]) -> None:
        """Nothing."""

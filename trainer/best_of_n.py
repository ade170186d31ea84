"""Rejection sampling: the best of several captions of each panel is learned like a reference text.

The plainest way to learn from a reward (RAFT, Dong et al. 2023), and the one that the others must beat. A panel whose
captions are all judged alike teaches nothing and is left out.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from trainer.ppo_math import masked_mean
from trainer.rl_trainers import GrpoRun


class BestOfNRun(GrpoRun):
    """A run that learns the best captions of each rollout."""

    def _compute_loss(self, _: Any, inputs: dict[str, Tensor]) -> Tensor:
        """Mean nats a token of the best captions."""
        valid_mask = inputs["completion_mask"]
        found = self.likelihood_of(
            torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], dim=1),
            torch.cat([inputs["prompt_mask"], valid_mask], dim=1),
            valid_mask.shape[1],
            inputs["pixel_values"],
        )
        self._metrics["train"]["entropy"].append(float(masked_mean(found.entropy, valid_mask)))
        learned = valid_mask * best_rows(inputs["scores"].view(-1, self.num_generations))[:, None]
        loss: Tensor = -masked_mean(found.log_probs, learned) / self.current_gradient_accumulation_steps
        return loss


def best_rows(scores: Tensor) -> Tensor:
    """From scores (B, samples) to a mask (B * samples,): 1 for the first best of each panel whose scores differ."""
    differs = scores.max(dim=1).values > scores.min(dim=1).values
    best = torch.nn.functional.one_hot(scores.argmax(dim=1), scores.shape[1])
    return (best * differs[:, None]).view(-1)

"""What tells a run that learns something from one that only pleases its reward.

A policy that is pushed by a reward soon finds texts that the reward likes and nobody else does: its reward rises while
its captions leave their references, repeat each other, or all become the same (measured: at no cost of divergence BLEU
fell from 85 to 1 while the reward looked as good as in every other run). So the first look at the dev split is
remembered, and what falls too far below it is a reason to go back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from trainer.config import RlConfig

LIKENESS = ("eval/bleu", "eval/chrf")
VARIETY = "eval/distinct_2"
_SMALLEST_BLEU = 1.0
"""Below this the first BLEU says nothing: one lucky word sequence more or less doubles it."""


@dataclass(frozen=True, slots=True)
class GuardRails:
    """The limits of a run.

    Attributes:
        likeness_fall: share of the first BLEU and chrF++ that may be lost.
        variety_fall: share of the first different word pairs that may be lost.
        kl_budget: nats a caption away from the start.
        entropy_floor: share of the first entropy that is kept.
    """

    likeness_fall: float
    variety_fall: float
    kl_budget: float
    entropy_floor: float

    @classmethod
    def of(cls, config: RlConfig) -> GuardRails:
        """The limits that a configuration sets."""
        return cls(config.likeness_fall, config.variety_fall, config.kl_budget, config.entropy_floor)

    def broken_by_look(self, first: Mapping[str, float], now: Mapping[str, float]) -> str:
        """What a look at the dev split shows to be wrong, in words; empty where nothing is.

        Args:
            first: of the narrator that the run started from.
            now: of the narrator as it is; both with LIKENESS and VARIETY.
        """
        allowed = dict.fromkeys(LIKENESS, self.likeness_fall) | {VARIETY: self.variety_fall}
        for name, fall in allowed.items():
            if name not in first or (name == "eval/bleu" and first[name] < _SMALLEST_BLEU):
                continue
            if now[name] < (1 - fall) * first[name]:
                title = name.removeprefix("eval/")
                return f"{title} on dev fell from {first[name]:.3g} to {now[name]:.3g}"
        return ""

    def broken_by_rollout(self, divergence: float, entropy: float, first_entropy: float) -> str:
        """What sampled captions show to be wrong, in words; empty where nothing is.

        Args:
            divergence: mean nats a caption away from the start.
            entropy: mean nats a token.
            first_entropy: the same at the start.
        """
        if divergence > self.kl_budget:
            return f"captions are {divergence:.1f} nats away from the start, more than {self.kl_budget:g}"
        if entropy < self.entropy_floor * first_entropy:
            return f"entropy fell from {first_entropy:.2f} to {entropy:.2f} nats a token"
        return ""

    @staticmethod
    def broken_by_step(gradient_norm: float) -> str:
        """What an optimiser step shows to be wrong, in words; empty where nothing is."""
        return "" if math.isfinite(gradient_norm) else f"the gradient of the loss is {gradient_norm}"

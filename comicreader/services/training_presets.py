"""Ways to train that suit most people: a name, a sentence, and what it changes of a configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from comicreader.services.training_run import RL, SFT
from trainer.config import RlConfig, SftConfig


@dataclass(frozen=True, slots=True)
class Preset:
    """A way to train.

    Attributes:
        name: for people.
        kind: SFT or RL.
        note: what it is for, a sentence.
        changes: fields that differ from the configuration's own defaults.
    """

    name: str
    kind: str
    note: str
    changes: dict[str, Any]

    def config(self) -> SftConfig | RlConfig:
        """The configuration, without data and narrator."""
        return replace(SftConfig(), **self.changes) if self.kind == SFT else replace(RlConfig(), **self.changes)


PRESETS = (
    Preset(
        "Quick", SFT, "Some minutes on your captions: enough to see whether it takes to them.",
        {"max_hours": 0.25, "epochs": 3.0, "learning_rate": 1e-4, "projector_learning_rate": 1e-4, "evaluate_every": 20,
         "dev_records": 32},
    ),
    Preset(
        "Careful", SFT, "Up to two hours, and an early end when held-out captions get no better.",
        {"max_hours": 2.0, "epochs": 10.0, "learning_rate": 1e-4, "projector_learning_rate": 1e-4, "patience": 4,
         "evaluate_every": 50},
    ),
    Preset(
        "Overnight", SFT, "Up to eight hours with every caption seen many times.",
        {"max_hours": 8.0, "epochs": 40.0, "learning_rate": 2e-4, "projector_learning_rate": 2e-4, "patience": 8},
    ),
    Preset(
        "From rewards, an hour", RL, "It writes, is judged, and writes more of what was judged better.",
        {"max_hours": 1.0, "rollouts": 2000},
    ),
    Preset(
        "From rewards, overnight", RL, "The same for up to eight hours.",
        {"max_hours": 8.0, "rollouts": 20_000},
    ),
)  # fmt: skip

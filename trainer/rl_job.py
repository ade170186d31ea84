"""What a run of learning from rewards works on, and how it stands."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from trainer.batches import Wording
from trainer.config import RlConfig
from trainer.dataset import Record
from trainer.events import Event
from trainer.guard_rails import GuardRails
from trainer.policy import Trainee
from trainer.reference import Reference
from trainer.reward_terms import Episode
from trainer.rewards import RewardTable
from trainer.run_dir import RunDir
from trainer.training_state import Standing
from trainer.writing_judge import WritingJudge


class Reward(Protocol):
    """Judges captions; `trainer.rewards` has the one that is trained with."""

    def __call__(self, episodes: Sequence[Episode]) -> RewardTable:
        """A total for each of n episodes, and the terms it is made of."""

    def fit_normalisation(self, episodes: Sequence[Episode]) -> None:
        """Learn from captions of the start what is usual."""

    def state_dict(self) -> Mapping[str, Any]:
        """What `fit_normalisation` learned, for JSON."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what it learned earlier."""


@dataclass(frozen=True, slots=True)
class Panel:
    """What a caption is asked for.

    Attributes:
        number: of the record among those that are learned from.
        record: the picture and its texts.
        prompt_tokens: what stands before a caption.
        reference_tokens: the data set's own text, end token last.
    """

    number: int
    record: Record
    prompt_tokens: tuple[int, ...]
    reference_tokens: tuple[int, ...]


class Panels:
    """The panels of a run, position by position: every pass over the records has its own random order.

    A pure function of seed and position, so that a run that goes on sees what an undisturbed one sees.
    """

    def __init__(self, records: Sequence[Record], wording: Wording, style: str, seed: int) -> None:
        self.records = records
        self._wording = wording
        self._style = style
        self._seed = seed
        self._order = cache(self._draw_order)

    def __getitem__(self, position: int) -> Panel:
        """The panel at a position."""
        epoch, place = divmod(position, len(self.records))
        return self.of_record(self._order(epoch)[place])

    def of_record(self, number: int) -> Panel:
        """The panel of a record."""
        record = self.records[number]
        example = self._wording.whole(record, self._style, record.image)
        return Panel(number, record, example.prompt_tokens, example.caption_tokens)

    def episode(self, number: int, text: str, *, finished: bool) -> Episode:
        """A caption of a record's panel as rewards are asked about it."""
        reference, previous = self.records[number].told_as(self._style)
        return Episode(number, previous, text, reference, finished)

    def _draw_order(self, epoch: int) -> list[int]:
        order = list(range(len(self.records)))
        random.Random(f"panels {self._seed} {epoch}").shuffle(order)
        return order


@dataclass(frozen=True, slots=True)
class RlJob:
    """What learns from what, how, and who is told.

    Attributes:
        trainee: the narrator.
        panels: what captions are asked for.
        features: (V, D) for each picture.
        reward: judges captions.
        reference: the narrator as it was at the start.
        judge: looks at the dev split.
        rails: when a run is put back.
        config: what was asked for.
        total_steps: optimiser steps at most.
        fingerprint: names the data.
        run: where checkpoints go.
        emit: takes every event.
        should_stop: asked after every rollout.
    """

    trainee: Trainee
    panels: Panels
    features: Mapping[Path, Tensor]
    reward: Reward
    reference: Reference
    judge: WritingJudge
    rails: GuardRails
    config: RlConfig
    total_steps: int
    fingerprint: str
    run: RunDir
    emit: Callable[[Event], None]
    should_stop: Callable[[], bool]


@dataclass(slots=True)
class RlStanding(Standing):
    """How a run of learning from rewards stands.

    Attributes:
        kl_coefficient: what a nat away from the start costs now.
        rate_frac: share of the learning rate that rollbacks have left.
        rollbacks: times the run was put back.
        given_up: why it ended before its time; empty while it goes on.
        first: the first look at the dev split.
        first_entropy: of the first rollout, nats a token; None before it.
        first_reward: of the first rollout.
        last_reward: of the last one.
    """

    kl_coefficient: float = 0.0
    rate_frac: float = 1.0
    rollbacks: int = 0
    given_up: str = ""
    first: dict[str, float] = field(default_factory=dict)
    first_entropy: float | None = None
    first_reward: float | None = None
    last_reward: float = 0.0

"""What a training will take: time, by the pace of the last one here or of a common processor; and memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from comicreader.services.run_history import RunSummary
from comicreader.services.training_run import RL, SFT
from trainer.config import ConfigError, RlConfig, SftConfig
from trainer.run_dir import CONFIG_FILE

# Fewer steps are mostly the start.
_FEWEST_STEPS = 10
_COMMON = {SFT: 1.3, RL: 0.7}
"""Captions a second on one core of a server of 2023 (README, “Learning from rewards, measured” and the trainer)."""


# Peaks of the embedded narrator's training on 98 captions were 2.9, 3.1, 3.6 and 4.8 GiB at 1, 2, 4 and 8 of them a
# portion; what a frozen ViT's four layers know of a picture stays in memory, 257 x 1,536 numbers of two bytes.
_MODEL_GIB, _PORTION_GIB, _PICTURE_GIB = 2.5, 0.28, 257 * 1536 * 2 / 2**30


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a computer trains.

    Attributes:
        captions_a_second: learned from.
        is_measured: whether it was seen on this computer.
    """

    captions_a_second: float
    is_measured: bool


def pace_of(kind: str, runs: Iterable[RunSummary]) -> Pace:
    """The pace of the newest run of a kind that went on long enough; runs are newest first."""
    for run in runs:
        status = run.status
        if status.kind == kind and status.step >= _FEWEST_STEPS and status.seconds > 0:
            try:
                captions = captions_a_step(_config(kind, run))
            except ConfigError:
                continue
            return Pace(status.step * captions / status.seconds, is_measured=True)
    return Pace(_COMMON[kind], is_measured=False)


def captions_a_step(config: SftConfig | RlConfig) -> float:
    """Captions that an optimiser step stands for: what is learned, or what is sampled, judged and learned."""
    if isinstance(config, SftConfig):
        return config.batch_size
    return config.panels * config.samples / config.updates


def estimated_seconds(config: SftConfig | RlConfig, captions: int, pace: Pace) -> float:
    """How long a run on so many captions will take, at most.

    Args:
        config: of the run.
        captions: in the data set.
        pace: of this computer.
    """
    if isinstance(config, SftConfig):
        steps = max(1, round(captions * config.epochs / config.batch_size / (1 - config.replay_share)))
        steps = min(steps, config.max_steps or steps)
    else:
        steps = config.rollouts * config.updates
    seconds = steps * captions_a_step(config) / pace.captions_a_second
    return min(seconds, config.max_hours * 3600) if config.max_hours else seconds


def estimated_gib(config: SftConfig, captions: int) -> float:
    """Memory that supervised training of a narrator of the embedded one's size takes at its peak, on a processor."""
    return _MODEL_GIB + _PORTION_GIB * config.batch_size / config.accumulation + _PICTURE_GIB * captions


def _config(kind: str, run: RunSummary) -> SftConfig | RlConfig:
    file = run.status.folder / CONFIG_FILE
    return SftConfig.load(file) if kind == SFT else RlConfig.load(file)

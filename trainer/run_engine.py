"""What the training runs of this program share on top of a transformers `Trainer`.

Two learning rates, weights that thaw during the run, an end by steps, by hours or by a person's wish, and checkpoints
that resume to the last bit:

    <checkpoint>/
        model/                       what `load_captioner` reads
        training_state/
            weights.safetensors      every weight that is trained, exactly
            optimizer.safetensors    AdamW's moments
            progress.json            step, schedule, best dev loss, time spent
            trainer_state.json       the same step, as transformers reads it

No generator's state is kept: the random numbers of a step are seeded by its number (`step_seed`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate.utils import broadcast
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import TrainerCallback, set_seed
from transformers.trainer import TRAINER_STATE_NAME

from trainer.events import CheckpointSaved, Event
from trainer.policy import Part, Trainee
from trainer.run_dir import MODEL, TRAINING_STATE, RunDir
from trainer.schedule import step_seed, warm_cosine
from trainer.tensor_files import as_os_error
from trainer.training_state import (
    PROGRESS_FILE,
    Standing,
    load_optimizer,
    load_weights,
    optimizer_state,
    save_training_state,
    whole_state,
)

_BETAS = (0.9, 0.98)


class EngineConfig(Protocol):
    """The options that every run has; `SftConfig` and `RlConfig` say what they mean."""

    @property
    def seed(self) -> int:
        """Seed of every random choice."""

    @property
    def max_hours(self) -> float:
        """Hours at most; 0 sets no limit."""

    @property
    def warmup_frac(self) -> float:
        """Share of the run in which the learning rate rises."""

    @property
    def weight_decay(self) -> float:
        """Decoupled weight decay of the matrices."""


class EngineJob(Protocol):
    """What an engine works on."""

    @property
    def trainee(self) -> Trainee:
        """The narrator."""

    @property
    def config(self) -> EngineConfig:
        """What was asked for."""

    @property
    def total_steps(self) -> int:
        """Optimiser steps at most."""

    @property
    def run(self) -> RunDir:
        """Where checkpoints go."""

    @property
    def emit(self) -> Callable[[Event], None]:
        """Takes every event, in the first process only."""

    @property
    def should_stop(self) -> Callable[[], bool]:
        """Asked where a run may end, in the first process only."""


class RunEngine:
    """Mixed into a `Trainer`, before it.

    Attributes:
        standing: how far the run is and how good.
        was_stopped: whether a person ended it before its time.
    """

    standing: Standing
    was_stopped: bool

    _job: EngineJob
    _trained: list[str]
    _began_s: float

    # What `Trainer` has.
    model: nn.Module
    optimizer: Any
    lr_scheduler: Any
    accelerator: Any
    args: Any
    state: Any
    control: Any
    is_fsdp_enabled: bool
    is_world_process_zero: Callable[[], bool]

    def begin_run(self, job: EngineJob, standing: Standing) -> None:
        """To be called before `Trainer` is set up."""
        self._job, self.standing = job, standing
        self.was_stopped = False
        self._began_s = time.monotonic()

    def know_trained_weights(self) -> None:
        """Remember the names of the weights that are trained now or later; to be called once they are chosen."""
        self._trained = [name for name, p in self._job.trainee.policy.named_parameters() if p.requires_grad]

    def _send_telemetry(self) -> None:
        """Nobody is told."""

    @property
    def parts(self) -> Sequence[Part]:
        """What is trained, and from when on."""
        return self._job.trainee.parts

    def begin_training(self) -> None:
        """Called once the optimiser is there, before the first step and after a checkpoint was loaded."""

    # The optimiser and its schedule.

    def create_optimizer(self, _: nn.Module | None = None) -> Any:
        """AdamW; matrices decay, vectors do not, and each part has its own learning rate."""
        if self.optimizer is None:
            groups = []
            for part in self.parts:
                for decay, chosen in (
                    (self._job.config.weight_decay, [p for p in part.parameters if p.ndim >= 2]),
                    (0.0, [p for p in part.parameters if p.ndim < 2]),
                ):
                    if chosen:
                        groups.append({"params": chosen, "lr": part.learning_rate, "weight_decay": decay})
            self.optimizer = torch.optim.AdamW(groups, betas=_BETAS)
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:  # noqa: ARG002 - named by transformers
        """Linear rise, then half a cosine down to zero, over the steps or the hours, whichever end first."""
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, self.rate_frac)
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def rate_frac(self, step: int) -> float:
        """Share of the highest learning rate at a step."""
        return warm_cosine(self.done_frac(step), self._job.config.warmup_frac)

    def done_frac(self, step: int) -> float:
        """Share of the run that is done."""
        limit = self._job.config.max_hours
        return max(step / self._job.total_steps, self.standing.hours / limit if limit else 0.0)

    # One step.

    def begin_step(self) -> None:
        """Seed the step's random numbers, and thaw what is to be trained by now."""
        set_seed(step_seed(self._job.config.seed, self.state.global_step, self.args.process_index))
        done = self.done_frac(self.state.global_step)
        for part in self.parts:
            for parameter in part.parameters:
                parameter.requires_grad_(done >= part.from_frac)

    def end_step(self) -> None:
        """Decide, for all processes alike, whether to look at the dev split and whether to go on."""
        hours = self.standing.hours + (time.monotonic() - self._began_s) / 3600
        self._began_s = time.monotonic()
        asked = self._job.should_stop() if self.is_world_process_zero() else False
        verdict = torch.tensor([hours, float(asked)], dtype=torch.float64, device=self.args.device)
        self.standing.hours, stop = broadcast(verdict).tolist()
        step = self.state.global_step
        if not self.may_end(step):
            return
        is_done = self.done_frac(step) >= 1
        self.was_stopped = bool(stop) and not is_done
        is_last = is_done or self.was_stopped
        if is_last or self.is_look(step):
            self.control.should_evaluate = self.control.should_save = True
        self.control.should_training_stop = is_last

    def may_end(self, step: int) -> bool:  # noqa: ARG002 - for those that cannot
        """Whether the run can be gone on with from this step."""
        return True

    def is_look(self, step: int) -> bool:
        """Whether it is time to look at the dev split."""
        raise NotImplementedError

    # Checkpoints.

    def narrator_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """What of the model's state belongs to the narrator."""
        return state

    def _save_checkpoint(self, *_: Any) -> None:
        """Write everything from the first process; every process gives its share where weights are sharded."""
        state = whole_state(self.model, is_sharded=self.is_fsdp_enabled)
        optimizer = optimizer_state(self.model, self.optimizer, is_sharded=self.is_fsdp_enabled)
        if self.is_world_process_zero():
            step, is_best = self.state.global_step, self.standing.best_step == self.state.global_step

            def write(folder: Path) -> None:
                trained = {name: state[name] for name in self._trained}
                save_training_state(
                    folder / TRAINING_STATE, trained, optimizer, self.lr_scheduler.state_dict(), self.standing
                )
                self.state.save_to_json(str(folder / TRAINING_STATE / TRAINER_STATE_NAME))
                try:
                    self._job.trainee.save(self.narrator_state(state), folder / MODEL)
                except SafetensorError as error:
                    raise as_os_error(error, folder) from error

            folder = self._job.run.save_checkpoint(step, is_best, write)
            self._job.emit(CheckpointSaved(step, str(folder), is_best))
        self.accelerator.wait_for_everyone()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        """Take over the weights and the standing of a checkpoint's `training_state`."""
        folder = Path(resume_from_checkpoint)
        load_weights(model or self.model, folder, self._trained, is_sharded=self.is_fsdp_enabled)
        self.standing = type(self.standing).load(folder / PROGRESS_FILE)
        if self.is_world_process_zero():
            self._job.run.mark_best(self.standing.best_step)  # a run may die between a checkpoint and the mark

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """Take over the optimiser's moments and the place on the schedule."""
        if checkpoint is not None:
            schedule = load_optimizer(self.model, self.optimizer, Path(checkpoint), is_sharded=self.is_fsdp_enabled)
            self.lr_scheduler.load_state_dict(schedule)


class Steps(TrainerCallback):  # type: ignore[misc]
    """Tells an engine where transformers' loop is."""

    def __init__(self, engine: RunEngine) -> None:
        self._engine = engine

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """See `RunEngine.begin_training`."""
        self._engine.begin_training()

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """See `RunEngine.begin_step`."""
        self._engine.begin_step()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """See `RunEngine.end_step`."""
        self._engine.end_step()

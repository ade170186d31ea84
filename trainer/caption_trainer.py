"""trl's SFT engine, taught what a captioner's run needs.

trl's `SFTTrainer` brings the loop: gradient accumulation, clipping, mixed precision, DistributedDataParallel and FSDP
through accelerate. What is ours is set here: the loss (only caption tokens go through the vocabulary, and each weighs
the same however they are spread over processes and portions), two learning rates, weights that thaw during the run,
the dev split's verdict, and checkpoints that resume to the last bit.

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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import broadcast
from datasets import Dataset
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import PrinterCallback, TrainerCallback, set_seed
from transformers.trainer import TRAINER_STATE_NAME
from trl import SFTConfig as EngineConfig
from trl import SFTTrainer

from trainer.batches import Course, collate, learned_weight
from trainer.captioner import Decoding, Prompt
from trainer.config import ConfigError, SftConfig
from trainer.dataset import DESCRIPTION, NARRATION
from trainer.dev_judge import DevJudge
from trainer.events import CheckpointSaved, Event, Metrics, Progress, Sample
from trainer.policy import Trainee
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

_REPORT_EVERY_STEPS = 10
_BETAS = (0.9, 0.98)


@dataclass(frozen=True, slots=True)
class Job:
    """What is trained on what, how, and who is told.

    Attributes:
        trainee: the narrator.
        course: what it learns.
        judge: what it is judged by.
        features: (V, D) for each picture.
        config: what was asked for.
        total_steps: optimiser steps at most.
        fingerprint: names the data.
        run: where checkpoints go.
        emit: takes every event, in the first process only.
        should_stop: asked after every step, in the first process only.
    """

    trainee: Trainee
    course: Course
    judge: DevJudge
    features: Mapping[Path, Tensor]
    config: SftConfig
    total_steps: int
    fingerprint: str
    run: RunDir
    emit: Callable[[Event], None]
    should_stop: Callable[[], bool]


class CaptionTrainer(SFTTrainer):  # type: ignore[misc]
    """One run.

    Attributes:
        standing: how far it is and how good.
        was_stopped: whether a person ended it before its time.
    """

    optimizer: Any

    def __init__(self, job: Job, arguments: EngineConfig) -> None:
        self._job = job
        self.standing = Standing(fingerprint=job.fingerprint)
        self.was_stopped = False
        self._began_s = time.monotonic()
        positions = Dataset.from_dict({"position": np.arange(job.total_steps * job.config.batch_size)})
        super().__init__(
            job.trainee.policy,
            arguments,
            data_collator=self._collate,
            train_dataset=positions,
            processing_class=job.trainee.tokenizer,
            callbacks=[_Steps(self)],
        )
        self.remove_callback(PrinterCallback)
        if self.is_fsdp_enabled and any(part.from_frac > 0 for part in job.trainee.parts):
            raise ConfigError(
                "decoder_from_frac and encoder_from_frac must be 0 with FSDP: shared weights cannot thaw."
            )
        self._trained = [name for name, p in job.trainee.policy.named_parameters() if p.requires_grad]

    def _send_telemetry(self) -> None:
        """Nobody is told."""

    # The loss.

    def _collate(self, rows: Sequence[Mapping[str, int]]) -> dict[str, Tensor]:
        examples = [self._job.course[row["position"]] for row in rows]
        return collate(examples, self._job.features, self._job.trainee.pad_id)

    def _get_num_items_in_batch(self, batch_samples: Sequence[Mapping[str, Tensor]], device: torch.device) -> Tensor:
        """The weight of all caption tokens of a step, over its portions and processes."""
        weight = torch.stack([learned_weight(batch) for batch in batch_samples]).sum().to(device)
        return self.accelerator.reduce(weight, reduction="sum")  # type: ignore[no-any-return]

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The policy's own; trl's would send every token through the vocabulary on a CPU."""
        return super(SFTTrainer, self).compute_loss(model, inputs, return_outputs, num_items_in_batch)

    # The optimiser and its schedule.

    def create_optimizer(self, _: nn.Module | None = None) -> Any:
        """AdamW; matrices decay, vectors do not, and each part has its own learning rate."""
        if self.optimizer is None:
            groups = []
            for part in self._job.trainee.parts:
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
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer or self.optimizer, lambda step: warm_cosine(self.done_frac(step), self._job.config.warmup_frac)
        )
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def done_frac(self, step: int) -> float:
        """Share of the run that is done."""
        limit = self._job.config.max_hours
        return max(step / self._job.total_steps, self.standing.hours / limit if limit else 0.0)

    # One step.

    def begin_step(self) -> None:
        """Seed the step's random numbers, and thaw what is to be trained by now."""
        set_seed(step_seed(self._job.config.seed, self.state.global_step, self.args.process_index))
        done = self.done_frac(self.state.global_step)
        for part in self._job.trainee.parts:
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
        is_done = self.done_frac(step) >= 1
        self.was_stopped = bool(stop) and not is_done
        is_last = is_done or self.was_stopped
        if is_last or step % self._job.config.evaluate_every == 0:
            self.control.should_evaluate = self.control.should_save = True
        self.control.should_training_stop = is_last

    def log(self, logs: dict[str, float], _: float | None = None) -> None:
        """Tell the mean loss of the last steps; called after each."""
        self.control.should_log = False
        if "loss" not in logs:  # transformers' summary at the end
            return
        self.standing.losses.append(logs["loss"])
        step = self.state.global_step
        if step % _REPORT_EVERY_STEPS == 0:
            mean = sum(self.standing.losses) / len(self.standing.losses)
            self.standing.losses.clear()
            self._job.emit(Progress(step, self._job.total_steps, self.standing.hours * 3600))
            values = {"train/loss": mean, "train/learning_rate": logs["learning_rate"]}
            self._job.emit(Metrics(step, values | {"train/gradient_norm": logs["grad_norm"]}))

    # The dev split.

    @torch.no_grad()
    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure the dev split and show what the model writes for a few of its records."""
        self.control.should_evaluate = False
        self.model.eval()
        step = self.state.global_step
        values = self._job.judge.metrics(self._dev_loss, self.args.process_index, self.args.world_size, self._total)
        if values:
            self._job.emit(Metrics(step, values))
        self.standing.judge(values.get("eval/loss", -float(step)), step)  # without a dev split the last is the best
        patience = self._job.config.patience
        if patience and self.standing.looks_since_best >= patience:
            self.control.should_training_stop = True
        if self.is_world_process_zero() and not self.is_fsdp_enabled:  # sharded weights cannot write in one process
            self._show_samples(step)
        return values

    def _dev_loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        return self.model(**self._prepare_inputs(dict(batch)), num_items_in_batch=1.0).loss  # type: ignore[no-any-return]

    def _total(self, values: Tensor) -> Tensor:
        return self.accelerator.reduce(values.to(self.args.device), reduction="sum")  # type: ignore[no-any-return]

    def _show_samples(self, step: int) -> None:
        trainee = self._job.trainee
        for record in self._job.judge.sampled:
            style = DESCRIPTION if record.description else NARRATION
            text, previous = record.told_as(style)
            with torch.autocast(self.args.device.type, torch.bfloat16, enabled=self.args.bf16):
                features = trainee.policy.encoded(self._job.features[record.image][None].float().to(self.args.device))
                written = trainee.captioner.write(features, [Prompt(previous, style)], Decoding())
            self._job.emit(Sample(step, record.id, written[0].text, text))

    # Checkpoints.

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
                    self._job.trainee.save(state, folder / MODEL)
                except SafetensorError as error:
                    raise as_os_error(error, folder) from error

            folder = self._job.run.save_checkpoint(step, is_best, write)
            self._job.emit(CheckpointSaved(step, str(folder), is_best))
        self.accelerator.wait_for_everyone()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        """Take over the weights and the standing of a checkpoint's `training_state`."""
        folder = Path(resume_from_checkpoint)
        load_weights(model or self.model, folder, self._trained, is_sharded=self.is_fsdp_enabled)
        self.standing = Standing.load(folder / PROGRESS_FILE)
        if self.is_world_process_zero():
            self._job.run.mark_best(self.standing.best_step)  # a run may die between a checkpoint and the mark

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """Take over the optimiser's moments and the place on the schedule."""
        if checkpoint is not None:
            schedule = load_optimizer(self.model, self.optimizer, Path(checkpoint), is_sharded=self.is_fsdp_enabled)
            self.lr_scheduler.load_state_dict(schedule)


class _Steps(TrainerCallback):  # type: ignore[misc]
    """Tells the trainer where its loop is."""

    def __init__(self, trainer: CaptionTrainer) -> None:
        self._trainer = trainer

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """See `CaptionTrainer.begin_step`."""
        self._trainer.begin_step()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """See `CaptionTrainer.end_step`."""
        self._trainer.end_step()

"""trl's SFT engine, taught what a captioner's run needs.

trl's `SFTTrainer` brings the loop: gradient accumulation, clipping, mixed precision, DistributedDataParallel and FSDP
through accelerate. What is ours is set here: the loss (only caption tokens go through the vocabulary, and each weighs
the same however they are spread over processes and portions), two learning rates, weights that thaw during the run,
the dev split's verdict (`run_engine`: checkpoints, and when a run ends).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor, nn
from transformers import PrinterCallback
from trl import SFTConfig as EngineConfig
from trl import SFTTrainer

from trainer.batches import Course, collate, learned_weight
from trainer.captioner import Decoding, Prompt
from trainer.config import ConfigError, SftConfig
from trainer.dataset import DESCRIPTION, NARRATION
from trainer.dev_judge import DevJudge
from trainer.events import Event, Metrics, Progress, Sample
from trainer.policy import Trainee
from trainer.run_dir import RunDir
from trainer.run_engine import RunEngine, Steps
from trainer.training_state import Standing

_REPORT_EVERY_STEPS = 10


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


class CaptionTrainer(RunEngine, SFTTrainer):  # type: ignore[misc]
    """One run; see `RunEngine`."""

    _job: Job

    def __init__(self, job: Job, arguments: EngineConfig) -> None:
        self.begin_run(job, Standing(fingerprint=job.fingerprint))
        positions = Dataset.from_dict({"position": np.arange(job.total_steps * job.config.batch_size)})
        super().__init__(
            job.trainee.policy,
            arguments,
            data_collator=self._collate,
            train_dataset=positions,
            processing_class=job.trainee.tokenizer,
            callbacks=[Steps(self)],
        )
        self.remove_callback(PrinterCallback)
        if self.is_fsdp_enabled and any(part.from_frac > 0 for part in job.trainee.parts):
            raise ConfigError(
                "decoder_from_frac and encoder_from_frac must be 0 with FSDP: shared weights cannot thaw."
            )
        self.know_trained_weights()

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

    # One step.

    def is_look(self, step: int) -> bool:
        """See `RunEngine.is_look`."""
        return step % self._job.config.evaluate_every == 0

    def log(self, logs: dict[str, float], _: float | None = None) -> None:
        """Tell the mean loss of the last steps; called after each."""
        self.control.should_log = False
        if "loss" not in logs:  # transformers' summary at the end
            return
        self.standing.losses.append(logs["loss"])
        step = self.state.global_step
        if step == 1 or step % _REPORT_EVERY_STEPS == 0:  # the first says at once how long all will take
            mean = sum(self.standing.losses) / len(self.standing.losses)
            self.standing.losses.clear()
            self._job.emit(Progress(step, self._job.total_steps, self.standing.hours * 3600))
            values = {"train/loss": mean, "train/learning_rate": logs["learning_rate"]}
            self._job.emit(Metrics(step, values | {"train/gradient_norm": logs["grad_norm"]}))

    # The dev split.

    def begin_training(self) -> None:
        """Ask what the narrator knows before it learns anything else."""
        if self.standing.kept_loss is None:
            self.model.eval()
            with torch.no_grad():
                self.standing.kept_loss = self._kept_loss()

    def _kept_loss(self) -> float | None:
        return self._job.judge.kept_loss(self._dev_loss, self.args.process_index, self.args.world_size, self._total)

    @torch.no_grad()
    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure the dev split and show what the model writes for a few of its records."""
        self.control.should_evaluate = False
        self.model.eval()
        step = self.state.global_step
        values = self._job.judge.metrics(self._dev_loss, self.args.process_index, self.args.world_size, self._total)
        forgotten = None
        if self.standing.kept_loss is not None:
            forgotten = (self._kept_loss() or 0.0) - self.standing.kept_loss
            values["eval/forgotten"] = forgotten
        if values:
            self._job.emit(Metrics(step, values))
        self.standing.judge(values.get("eval/loss", -float(step)), step)  # without a dev split the last is the best
        if self.standing.best_step == step:
            self.standing.forgotten = forgotten
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

"""The steps of a contrastive training run, with recall on the dev split as its judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from trainer.config import ScorerConfig, VisionConfig
from trainer.device import best_device, describe
from trainer.events import CheckpointSaved, Event, Metrics, Progress, RunCancelled, RunFinished, RunStarted
from trainer.run_dir import RunDir
from trainer.scorer import ScorerHeads

_REPORT_EVERY_STEPS = 10
_LARGEST_NORM = 1.0


@dataclass(frozen=True, slots=True)
class ContrastiveJob:
    """What one kind of run has of its own.

    Attributes:
        kind: names it in events.
        heads: the maps, in training mode.
        optimizer: of all that is trained.
        rate: share of the highest learning rates after so many steps.
        clipped: parameters whose gradient is scaled down to a norm of 1.
        loss: of the next batch.
        measured: the dev split's measures, with "eval/recall_10"; nothing where there is no dev split.
        save: fills a checkpoint's folder.
    """

    kind: str
    heads: ScorerHeads
    optimizer: torch.optim.Optimizer
    rate: Callable[[int], float]
    clipped: Sequence[nn.Parameter]
    loss: Callable[[], Tensor]
    measured: Callable[[], dict[str, float]]
    save: Callable[[Path], None]


def run_contrastive(
    job: ContrastiveJob,
    config: ScorerConfig | VisionConfig,
    run: RunDir,
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool],
) -> RunFinished | RunCancelled:
    """Train and leave the best checkpoint in the run's folder.

    Args:
        job: what is trained.
        config: how many steps, and how often to look at the dev split.
        run: the run's folder.
        emit: takes every event.
        should_stop: asked after every step; True ends the run with a checkpoint.

    Raises:
        RunDirError: a checkpoint cannot be written.
    """
    schedule = torch.optim.lr_scheduler.LambdaLR(job.optimizer, job.rate)
    emit(RunStarted(run.path.name, job.kind, config.steps, describe(best_device())))
    started, step, best, losses = time.monotonic(), 0, -1.0, list[float]()
    while True:
        last = step >= config.steps or should_stop()
        if step and (last or step % config.evaluate_every == 0):
            job.heads.eval()
            found = job.measured()
            emit(Metrics(step, found))
            judged = found.get("eval/recall_10", float(step))  # without a dev split the last one is best
            folder = run.save_checkpoint(step, judged > best, job.save)
            emit(CheckpointSaved(step, str(folder), judged > best))
            best = max(best, judged)
            job.heads.train()
        if last:
            break
        loss = job.loss()
        job.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if job.clipped:
            nn.utils.clip_grad_norm_(job.clipped, _LARGEST_NORM)
        job.optimizer.step()
        schedule.step()
        losses.append(loss.item())
        step += 1
        if step == 1 or step % _REPORT_EVERY_STEPS == 0:
            emit(Progress(step, config.steps, time.monotonic() - started))
            emit(Metrics(step, {"train/loss": sum(losses) / len(losses)}))
            losses.clear()
    if step < config.steps:
        return RunCancelled(f"Stopped after {step} steps; the best checkpoint is kept.")
    return RunFinished(f"Trained {step} steps; best mean recall at ten on dev {best:.3f}.", str(run.best_model()))

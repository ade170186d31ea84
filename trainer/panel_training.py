"""Training of the panel detector's net on synthetic pages. Reads top to bottom as `train_panels`.

A second process draws the pages (`panel_pages`) while the first learns from those that are there. The first part of
the run sees them smaller by a third, which is twice as many a minute. Pages that people corrected are learned beside
them; held-out drawn pages alone judge, so that a net that forgets the rest is not the best one.
"""

from __future__ import annotations

import math
import multiprocessing
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from trainer.dataset import DatasetError
from trainer.device import inference_dtype, set_threads
from trainer.events import CheckpointSaved, Event, Loading, Metrics, Progress, RunCancelled, RunFinished, RunStarted
from trainer.panel_batches import PanelBatch, random_batch, whole_batches
from trainer.panel_config import PanelConfig
from trainer.panel_corrections import corrected_pages
from trainer.panel_loss import PanelLoss, panel_loss
from trainer.panel_net import PanelNet
from trainer.panel_onnx import save_onnx
from trainer.panel_pages import DEV, TRAIN, PageSet, draw_chunks, page_sets
from trainer.run_dir import MODEL, TRAINING_STATE, RunDir, RunDirError

ONNX_FILE = "panels.onnx"
_STATE_FILE = "state.pt"
_PAGES_FOLDER = "pages"
_REPORT_EVERY_STEPS = 25
_RELOAD_EVERY_STEPS = 50  # new chunks are looked for
_WARMUP_STEPS = 100
_LOWEST_RATE_SHARE = 0.005
_MAX_GRADIENT_NORM = 5.0
_POLL_S = 0.5


@dataclass(slots=True)
class _Standing:
    """How a run stands.

    Attributes:
        step: steps done.
        seconds: training has taken so far.
        best_loss: lowest dev loss.
    """

    step: int = 0
    seconds: float = 0.0
    best_loss: float = math.inf

    def share(self, config: PanelConfig) -> float:
        """How far the run is, 0 to 1."""
        by_time = self.seconds / (config.max_hours * 3600) if config.max_hours else 0.0
        return min(1.0, max(self.step / config.steps, by_time))


def train_panels(
    config: PanelConfig, run: RunDir, emit: Callable[[Event], None], should_stop: Callable[[], bool]
) -> RunFinished | RunCancelled:
    """Train, and leave the best net as ONNX in the run's folder.

    Args:
        config: what to do.
        run: the run's folder, new or to go on.
        emit: takes every event.
        should_stop: asked after every step; True ends the run with a checkpoint.

    Raises:
        DatasetError: the art or the corrected pages cannot be read, or no page could be drawn.
        RunDirError: the checkpoint to go on from cannot be read.
    """
    # 1. Set up: seeds, net, where the run stood.
    if not run.config_file.exists():
        config.save(run.config_file)
    set_threads(config.threads)
    torch.manual_seed(config.seed)
    net = PanelNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    standing = _resume(run, net, optimizer)
    dtype = inference_dtype(torch.device("cpu")) if config.bf16 else torch.float32
    corrected = corrected_pages(Path(config.corrected)) if config.corrected else []
    emit(RunStarted(run.name, "panels", config.steps, f"CPU, {torch.get_num_threads()} threads"))

    with _drawing(config, run.path / _PAGES_FOLDER) as is_drawing:
        # 2. Wait for the held-out pages and the first ones to learn from.
        dev = whole_batches(_first_pages(run, DEV, is_drawing, emit), config.batch_size)
        pages = _first_pages(run, TRAIN, is_drawing, emit)

        # 3. Steps: loss, warm-up and a cosine down to nearly nothing, held-out pages as judge.
        random = np.random.default_rng(config.seed + standing.step)
        losses: list[PanelLoss] = []
        judged_at = standing.step
        began = time.monotonic() - standing.seconds
        while True:
            standing.seconds = time.monotonic() - began
            last = standing.share(config) >= 1 or should_stop()
            if standing.step > judged_at and (last or standing.step % config.evaluate_every == 0):
                _judge(run, net, optimizer, dev, standing, emit)
                judged_at = standing.step
            if last:
                break
            rate = min(1.0, (standing.step + 1) / _WARMUP_STEPS) * _cosine(standing.share(config))
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * rate
            is_corrected = bool(corrected) and random.random() < config.corrected_share
            batch = random_batch(
                corrected if is_corrected else pages,
                random,
                config.batch_size,
                standing.share(config) < config.coarse_frac,
            )
            losses.append(_step(net, optimizer, batch, dtype))
            standing.step += 1
            if standing.step % _REPORT_EVERY_STEPS == 0:
                emit(Progress(standing.step, config.steps, standing.seconds))
                emit(Metrics(standing.step, _means(losses, "train")))
                losses.clear()
            if standing.step % _RELOAD_EVERY_STEPS == 0 and is_drawing():
                pages = page_sets(run.path / _PAGES_FOLDER, TRAIN)

    # 4. The last word.
    if standing.share(config) < 1:
        return RunCancelled(f"Stopped after {standing.step} steps; the best checkpoint is kept.")
    words = f"Trained {standing.step} steps; best loss on held-out pages {standing.best_loss:.3f}."
    return RunFinished(words, str(run.best_model()))


def _step(net: PanelNet, optimizer: torch.optim.Optimizer, batch: PanelBatch, dtype: torch.dtype) -> PanelLoss:
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        votes = net(batch.pages.contiguous(memory_format=torch.channels_last))
    loss = panel_loss(votes.float(), batch.truth)
    optimizer.zero_grad()
    loss.total.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(net.parameters(), _MAX_GRADIENT_NORM)
    optimizer.step()
    return PanelLoss(loss.inside.detach(), loss.border.detach(), loss.box.detach(), loss.overlap)


def _cosine(share: float) -> float:
    """Share of the highest learning rate, 1 falling to nearly 0."""
    return _LOWEST_RATE_SHARE + (1 - _LOWEST_RATE_SHARE) * (1 + math.cos(math.pi * share)) / 2


def _means(losses: list[PanelLoss], name: str) -> dict[str, float]:
    return {
        f"{name}/loss": float(torch.stack([loss.total for loss in losses]).mean()),
        f"{name}/inside": float(torch.stack([loss.inside for loss in losses]).mean()),
        f"{name}/border": float(torch.stack([loss.border for loss in losses]).mean()),
        f"{name}/overlap": float(torch.stack([loss.overlap for loss in losses]).mean()),
    }


@contextmanager
def _drawing(config: PanelConfig, folder: Path) -> Iterator[Callable[[], bool]]:
    """A process that draws the run's pages; gives whether it still does."""
    process = multiprocessing.get_context("spawn").Process(target=draw_chunks, args=(config, folder), daemon=True)
    process.start()
    try:
        yield process.is_alive
    finally:
        process.terminate()
        process.join()


def _first_pages(
    run: RunDir, split: str, is_drawing: Callable[[], bool], emit: Callable[[Event], None]
) -> list[PageSet]:
    """The pages of a split as soon as there are any."""
    emit(Loading("Drawing pages"))
    while True:
        still_draws = is_drawing()
        found = page_sets(run.path / _PAGES_FOLDER, split)
        if found:
            return found
        if not still_draws:
            raise DatasetError("No pages could be drawn; the folders of art may be damaged.")
        time.sleep(_POLL_S)


@torch.no_grad()
def _judge(
    run: RunDir,
    net: PanelNet,
    optimizer: torch.optim.Optimizer,
    dev: list[PanelBatch],
    standing: _Standing,
    emit: Callable[[Event], None],
) -> None:
    """Measure held-out pages and save a checkpoint."""
    net.eval()
    found = _means([panel_loss(net(batch.pages), batch.truth) for batch in dev], "eval")
    net.train()
    emit(Metrics(standing.step, found))
    is_best = found["eval/loss"] < standing.best_loss
    standing.best_loss = min(standing.best_loss, found["eval/loss"])

    def write(folder: Path) -> None:
        save_onnx(net, folder / MODEL / ONNX_FILE)
        torch.save(
            {
                "net": net.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": standing.step,
                "seconds": standing.seconds,
                "best_loss": standing.best_loss,
            },
            folder / TRAINING_STATE / _STATE_FILE,
        )

    emit(CheckpointSaved(standing.step, str(run.save_checkpoint(standing.step, is_best, write)), is_best))


def _resume(run: RunDir, net: PanelNet, optimizer: torch.optim.Optimizer) -> _Standing:
    """Take over the newest checkpoint, if there is one.

    Raises:
        RunDirError: it cannot be read.
    """
    newest = run.newest_checkpoint()
    if newest is None:
        return _Standing()
    try:
        state = torch.load(newest / TRAINING_STATE / _STATE_FILE, weights_only=True)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        return _Standing(state["step"], state["seconds"], state["best_loss"])
    except (OSError, KeyError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise RunDirError(f"The checkpoint {newest} cannot be read: {error}.") from error

"""Training of the embedded scorer: its two linear maps, on vectors that frozen models give once.

The loss is in `paired_texts`. Reads top to bottom as `train_scorer`.

Letters: N pictures, D features.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from trainer.config import ScorerConfig
from trainer.dataset import Record
from trainer.device import best_device, describe, set_threads
from trainer.events import (
    CheckpointSaved,
    Event,
    Loading,
    Metrics,
    Progress,
    RunCancelled,
    RunFinished,
    RunStarted,
)
from trainer.fit import Backdrop
from trainer.paired_texts import PairedTexts, contrastive_loss, load_splits, texts_of
from trainer.picture_encoder import FeatureCache, summarise
from trainer.run_dir import MODEL, RunDir
from trainer.scorer import DualEncoder, ScorerCard, ScorerHeads, new_dual_encoder, save_dual_encoder

_REPORT_EVERY_STEPS = 20
_LOOK_REPORT_EVERY = 50  # pictures
_WARMUP_STEPS = 50
_BACKDROP_MEMBERS = 512


def train_scorer(
    config: ScorerConfig,
    run: RunDir,
    base_weights: Path,
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool],
) -> RunFinished | RunCancelled:
    """Train and leave the best checkpoint in the run's folder.

    Args:
        config: what to do.
        run: the run's folder, new.
        base_weights: the folder of `trainer.base_weights`; features are cached beside it.
        emit: takes every event.
        should_stop: asked after every step; True ends the run with a checkpoint.

    Raises:
        CaptionerError: base weights are missing.
        DatasetError: no usable data.
    """
    # 1. Set up: seeds, frozen models, data as vectors.
    config.save(run.config_file)
    set_threads(config.threads)
    torch.manual_seed(config.seed)
    draw = random.Random(config.seed)
    card = ScorerCard(run.name, run.name, config.vision, config.joined_layers(), config.width)
    scorer = new_dual_encoder(card, base_weights)
    train, dev = load_splits(config)
    summaries = _summaries(scorer, train, base_weights, emit)
    dev_summaries = _summaries(scorer, dev, base_weights, emit)
    emit(Loading("Reading the texts"))
    texts, dev_texts = texts_of(scorer, train), texts_of(scorer, dev)
    heads = scorer.heads.to("cpu").train()  # two matrices: a GPU would only wait
    optimizer = torch.optim.AdamW(heads.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)

    def save(checkpoint: Path) -> None:
        save_dual_encoder(card, heads, _backdrop(heads, summaries, texts), checkpoint / MODEL)

    emit(RunStarted(run.name, "scorer", config.steps, describe(best_device())))

    # 2. Steps: contrastive loss, warm-up and linear decay, dev recall as judge.
    started, step, best, losses = time.monotonic(), 0, -1.0, list[float]()
    while True:
        last = step >= config.steps or should_stop()
        if step and (last or step % config.evaluate_every == 0):
            heads.eval()
            found = dev_texts.measured(heads, dev_summaries)
            emit(Metrics(step, found))
            judged = found.get("eval/recall_10", float(step))  # without a dev split the last one is best
            folder = run.save_checkpoint(step, judged > best, save)
            emit(CheckpointSaved(step, str(folder), judged > best))
            best = max(best, judged)
            heads.train()
        if last:
            break
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * min(1.0, step / _WARMUP_STEPS) * (1 - step / config.steps)
        rows = texts.draw(config.batch_size, draw)
        shown = nn.functional.dropout(summaries[rows], config.dropout)
        loss = contrastive_loss(heads, shown, *texts.choose(rows, torch.rand(len(rows)) < config.narration_share))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
        step += 1
        if step % _REPORT_EVERY_STEPS == 0:
            emit(Progress(step, config.steps, time.monotonic() - started))
            emit(Metrics(step, {"train/loss": sum(losses) / len(losses)}))
            losses.clear()

    # 3. The last word.
    if step < config.steps:
        return RunCancelled(f"Stopped after {step} steps; the best checkpoint is kept.")
    return RunFinished(f"Trained {step} steps; best mean recall at ten on dev {best:.3f}.", str(run.best_model()))


@torch.no_grad()
def _backdrop(heads: ScorerHeads, summaries: Tensor, texts: PairedTexts) -> Backdrop:
    """Training pictures evenly spread over the books, and their texts, descriptions and narrations in turn."""
    rows = torch.arange(0, len(summaries), max(1, len(summaries) // _BACKDROP_MEMBERS))[:_BACKDROP_MEMBERS]
    told, _ = texts.choose(rows, torch.arange(len(rows)) % 2 == 0)
    return Backdrop(heads.place_pictures(summaries[rows]), heads.place_texts(told))


def _summaries(
    scorer: DualEncoder, records: Sequence[Record], base_weights: Path, emit: Callable[[Event], None]
) -> Tensor:
    """The records' pictures, encoded once and kept: (N, 3 D).

    Args:
        scorer: gives the encoder.
        records: N records.
        base_weights: features are cached beside this folder.
        emit: is told how far it is.
    """

    def report(done: int, count: int) -> None:
        if done % _LOOK_REPORT_EVERY == 0 or done == count:
            emit(Loading("Looking at the pictures", done / count))

    cache = FeatureCache(base_weights.parent / "features")
    features = cache.features_of(scorer.encoder, [record.image for record in records], report)
    summaries = [summarise(features[record.image][None].float()) for record in records]
    return torch.cat(summaries) if summaries else torch.zeros(0, 3 * scorer.encoder.size)

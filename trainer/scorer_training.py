"""Training of the embedded scorer: its two linear maps, on vectors that frozen models give once.

The loss is in `paired_texts`. Reads top to bottom as `train_scorer`.

Letters: N pictures, D features.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from trainer.config import ScorerConfig
from trainer.contrastive_run import ContrastiveJob, run_contrastive
from trainer.dataset import Record
from trainer.device import set_threads
from trainer.events import Event, Loading, RunCancelled, RunFinished
from trainer.fit import Backdrop
from trainer.paired_texts import PairedTexts, contrastive_loss, load_splits, texts_of
from trainer.picture_encoder import summarise, training_features
from trainer.run_dir import MODEL, RunDir
from trainer.scorer import DualEncoder, ScorerCard, ScorerHeads, new_dual_encoder, save_dual_encoder

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

    def loss() -> Tensor:
        rows = texts.draw(config.batch_size, draw)
        shown = nn.functional.dropout(summaries[rows], config.dropout)
        return contrastive_loss(heads, shown, *texts.draw_texts(rows, config.narration_share))

    # 2. Train: warm-up and linear decay.
    job = ContrastiveJob(
        kind="scorer",
        heads=heads,
        optimizer=optimizer,
        rate=lambda done: min(1.0, done / _WARMUP_STEPS) * (1 - done / config.steps),
        clipped=(),
        loss=loss,
        measured=lambda: dev_texts.measured(heads, dev_summaries),
        save=save,
    )
    return run_contrastive(job, config, run, emit, should_stop)


@torch.no_grad()
def _backdrop(heads: ScorerHeads, summaries: Tensor, texts: PairedTexts) -> Backdrop:
    """Training pictures evenly spread over the books, and their texts, descriptions and narrations in turn."""
    rows = torch.arange(0, len(summaries), max(1, len(summaries) // _BACKDROP_MEMBERS))[:_BACKDROP_MEMBERS]
    turn = torch.arange(len(rows))
    told, _ = texts.choose(rows, turn % 2 == 0, turn % 4 == 1)
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

    features = training_features(scorer.encoder, [record.image for record in records], base_weights, report)
    summaries = [summarise(features[record.image][None].float()) for record in records]
    return torch.cat(summaries) if summaries else torch.zeros(0, 3 * scorer.encoder.size)

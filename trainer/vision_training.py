"""Tuning a ViT's last blocks on drawings, so that what it sees is nearer to what people say of a picture.

A pretrained ViT was made on photographs. Its last blocks are trained together with two linear maps by the scorer's
contrastive loss (`paired_texts`), and with a linear classifier of the pictures' tags where they have any; maps and
classifier are thrown away afterwards, the blocks are kept (`trainer.vision`). Training pictures are few: each is seen
cropped, mirrored and a little lighter or darker, half of its patches at a time, never twice alike.

Whoever wants to train a narrator on the same pictures tunes in folds: encoders that each leave out a part of the
pictures, and their mean. Reads top to bottom as `train_vision`.

Letters: B pictures of a batch, H W pixels, D features, W tags.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor, nn

from trainer.base_weights import PREFIX
from trainer.config import ConfigError, VisionConfig
from trainer.contrastive_run import ContrastiveJob, run_contrastive
from trainer.controls import open_picture
from trainer.dataset import DatasetError, Record
from trainer.device import best_device, set_threads
from trainer.events import CheckpointSaved, Event, Loading, RunCancelled, RunFinished
from trainer.folds import picture_folds
from trainer.paired_texts import contrastive_loss, load_splits, texts_of
from trainer.picture_encoder import PictureEncoder, summarise
from trainer.picture_words import known_words, uses_of
from trainer.run_dir import MODEL, RunDir
from trainer.schedule import warm_cosine
from trainer.scorer import ScorerCard, new_dual_encoder
from trainer.transformer_blocks import blocks
from trainer.vision import VisionCard, read_card, save_folded, save_tuned, tuned_folder

_PICTURES_AT_ONCE = 16
_SMALLEST_CROP = 0.75  # of a side: what a text tells of should stay in sight
_LIGHT = 0.15
_FOLD = "fold-"


def train_vision(
    config: VisionConfig,
    run: RunDir,
    base_weights: Path,
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool],
) -> RunFinished | RunCancelled:
    """Train and leave the best checkpoint in the run's folder.

    Args:
        config: what to do.
        run: the run's folder, new.
        base_weights: the folder of `trainer.base_weights`.
        emit: takes every event.
        should_stop: asked after every step; True ends the run with a checkpoint.

    Raises:
        CaptionerError: base weights are missing.
        ConfigError: more blocks than the encoder has, or one that was tuned already.
        DatasetError: no usable data.
    """
    # 1. Set up: settings, data.
    config.save(run.config_file)
    set_threads(config.threads)
    if tuned_folder(config.vision) is not None:
        raise ConfigError(f"vision is “{config.vision}”, which was tuned already; start from {PREFIX}dinov2-small.")
    train, dev = load_splits(config)

    # 2. Tune: one encoder on all pictures, or one without each fold.
    if not config.folds:
        return _tune(config, run, train, dev, base_weights, emit, should_stop)
    folds, tuned = picture_folds(train, config.folds), dict[int, Path]()
    if len(set(folds.values())) < config.folds:
        raise DatasetError(f"There are too few books for {config.folds} folds.")
    for fold in range(config.folds):
        part = RunDir.create(run.path / f"{_FOLD}{fold}")
        learned = [record for record in train if folds[record.image] != fold]
        emit(Loading(f"Fold {fold + 1} of {config.folds}", fold / config.folds))
        outcome = _tune(config, part, learned, dev, base_weights, emit, should_stop)
        if isinstance(outcome, RunCancelled):
            return RunCancelled(f"Stopped in fold {fold + 1} of {config.folds}; folds cannot be gone on with.")
        tuned[fold] = part.best_model() or part.path

    # 3. Keep their mean, and them.
    card = replace(read_card(tuned[0]), id=run.name, title=run.name)
    folder = run.save_checkpoint(config.steps, True, lambda made: save_folded(card, tuned, folds, made / MODEL))
    for fold in tuned:
        shutil.rmtree(run.path / f"{_FOLD}{fold}")
    emit(CheckpointSaved(config.steps, str(folder), is_best=True))
    return RunFinished(
        f"Tuned {config.folds} encoders; their mean is kept, and they for training.", str(folder / MODEL)
    )


def _tune(
    config: VisionConfig,
    run: RunDir,
    train: Sequence[Record],
    dev: Sequence[Record],
    base_weights: Path,
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool],
) -> RunFinished | RunCancelled:
    """Tune one encoder; see `train_vision`."""
    torch.manual_seed(config.seed)
    draw, device = random.Random(config.seed), best_device()
    scorer = new_dual_encoder(
        ScorerCard(run.name, run.name, config.vision, config.joined_layers(), config.width), base_weights
    )
    encoder, heads = scorer.encoder.float(), scorer.heads.train()
    layers = blocks(encoder.backbone)
    if config.blocks > len(layers):
        raise ConfigError(f"blocks is {config.blocks}; this encoder has {len(layers)}.")
    card = VisionCard(run.name, run.name, config.vision, len(layers) - config.blocks)
    trained = layers[card.first_block :].requires_grad_(True)
    emit(Loading("Reading the texts"))
    texts, dev_texts = texts_of(scorer, train), texts_of(scorer, dev)
    tags = PictureTags(train, 3 * encoder.size).to(device)
    weighed = [*heads.parameters(), *tags.parameters()]
    optimizer = torch.optim.AdamW(
        [
            {"params": weighed, "lr": config.learning_rate, "weight_decay": config.weight_decay},
            {"params": list(trained.parameters()), "lr": config.block_learning_rate, "weight_decay": 0.01},
        ]
    )

    def loss() -> Tensor:
        rows = texts.draw(config.batch_size, draw)
        pictures = [varied(open_picture(train[row].image), draw) for row in rows.tolist()]
        with torch.autocast(device.type, torch.bfloat16, enabled=config.bf16):
            summaries = _summaries(encoder, pictures, config.patch_dropout)
        shown = nn.functional.dropout(summaries, config.dropout)
        told, keys = texts.draw_texts(rows, config.narration_share)
        fit = contrastive_loss(heads, shown, told.to(device), keys.to(device))
        return fit + config.tag_weight * tags.loss(shown, rows) if config.tag_weight else fit

    # Warm-up and cosine.
    job = ContrastiveJob(
        kind="vision",
        heads=heads,
        optimizer=optimizer,
        rate=lambda done: warm_cosine(done / config.steps, config.warmup_frac),
        clipped=list(trained.parameters()),
        loss=loss,
        measured=lambda: dev_texts.measured(heads, _dev_summaries(encoder, dev, config.bf16)) if dev else {},
        save=lambda checkpoint: save_tuned(card, encoder.backbone, checkpoint / MODEL),
    )
    return run_contrastive(job, config, run, emit, should_stop)


class PictureTags(nn.Module):
    """A linear classifier of N pictures' tags. It keeps their features telling of what there is."""

    def __init__(self, records: Sequence[Record], summary_size: int) -> None:
        super().__init__()
        tagged = [record for record in records if record.tags]
        self.has_tags = torch.tensor([bool(record.tags) for record in records])
        self.tags = uses_of(records, known_words(tagged))  # (N, W)
        share = self.tags[self.has_tags].mean(0) if tagged else torch.zeros(0)
        self.weight = nn.Parameter(torch.randn(len(share), summary_size) / (10 * summary_size**0.5))
        self.bias = nn.Parameter(share.clamp(1e-3, 1 - 1e-3).logit())

    def loss(self, summaries: Tensor, rows: Tensor) -> Tensor:
        """Cross-entropy in nats, summed over tags, mean over the pictures that have tags; 0 where none has.

        Args:
            summaries: (B, 3 D).
            rows: (B,) which of the N pictures they are of.
        """
        told = self.has_tags[rows]
        if not told.any():
            return summaries.new_zeros(())
        odds = nn.functional.linear(summaries[told.to(summaries.device)], self.weight, self.bias)
        right = self.tags[rows[told]].to(odds.device)
        return nn.functional.binary_cross_entropy_with_logits(odds, right, reduction="none").sum(1).mean()


def varied(picture: Image.Image, draw: random.Random) -> Image.Image:
    """The picture cropped by up to a quarter a side, mirrored half of the time, a little lighter or darker.

    Args:
        picture: RGB.
        draw: draws.
    """
    width, height = (max(1, round(side * draw.uniform(_SMALLEST_CROP, 1))) for side in picture.size)
    left, top = draw.randint(0, picture.width - width), draw.randint(0, picture.height - height)
    cropped = picture.crop((left, top, left + width, top + height))
    if draw.random() < 0.5:
        cropped = ImageOps.mirror(cropped)
    for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast):
        cropped = kind(cropped).enhance(draw.uniform(1 - _LIGHT, 1 + _LIGHT))
    return cropped


def _summaries(encoder: PictureEncoder, pictures: Sequence[Image.Image], patch_dropout: float = 0.0) -> Tensor:
    """Pictures of any sizes as summary vectors, those of one size together, with a share of patches left out.

    Returns:
        (B, 3 D).
    """
    prepared = [encoder.prepare(picture) for picture in pictures]
    by_size: dict[tuple[int, ...], list[int]] = {}
    for number, pixels in enumerate(prepared):
        by_size.setdefault(tuple(pixels.shape), []).append(number)
    seen: dict[int, Tensor] = {}
    for size, numbers in by_size.items():
        for start in range(0, len(numbers), _PICTURES_AT_ONCE):
            part = numbers[start : start + _PICTURES_AT_ONCE]
            features = encoder.look(
                torch.stack([prepared[number] for number in part]), _kept(encoder, size, len(part), patch_dropout)
            )
            seen |= dict(zip(part, summarise(features.float()), strict=True))
    return torch.stack([seen[number] for number in range(len(prepared))])


def _kept(encoder: PictureEncoder, size: tuple[int, ...], count: int, patch_dropout: float) -> Tensor | None:
    """The patches that stay in sight, drawn by torch for each of `count` pictures (3, H, W); None for all."""
    patches = encoder.patches(size)
    if not patch_dropout:
        return None
    return torch.rand(count, patches).argsort(1)[:, : max(1, round(patches * (1 - patch_dropout)))]


@torch.inference_mode()
def _dev_summaries(encoder: PictureEncoder, records: Sequence[Record], is_bf16: bool) -> Tensor:
    """The summary vectors of whole pictures: (N, 3 D)."""
    device = next(encoder.parameters()).device
    found = []
    for start in range(0, len(records), _PICTURES_AT_ONCE):
        pictures = [open_picture(record.image) for record in records[start : start + _PICTURES_AT_ONCE]]
        with torch.autocast(device.type, torch.bfloat16, enabled=is_bf16):
            found.append(_summaries(encoder, pictures))
    return torch.cat(found)

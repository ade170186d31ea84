"""Tuning a ViT's last blocks on drawings, so that what it sees is nearer to what people say of a picture.

A pretrained ViT was made on photographs. Its last blocks are trained together with two linear maps by the scorer's
contrastive loss (`paired_texts`); the maps are thrown away afterwards, the blocks are kept (`trainer.vision`). Training
pictures are few: each is seen cropped, mirrored and a little lighter or darker, never twice alike. Reads top to
bottom as `train_vision`.

Letters: B pictures of a batch, H W pixels, D features.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor, nn

from trainer.base_weights import PREFIX
from trainer.config import ConfigError, VisionConfig
from trainer.contrastive_run import ContrastiveJob, run_contrastive
from trainer.controls import open_picture
from trainer.dataset import Record
from trainer.device import best_device, set_threads
from trainer.events import Event, Loading, RunCancelled, RunFinished
from trainer.paired_texts import contrastive_loss, load_splits, texts_of
from trainer.picture_encoder import PictureEncoder, summarise
from trainer.run_dir import MODEL, RunDir
from trainer.schedule import warm_cosine
from trainer.scorer import ScorerCard, new_dual_encoder
from trainer.transformer_blocks import blocks
from trainer.vision import VisionCard, save_tuned, tuned_folder

_PICTURES_AT_ONCE = 16
_SMALLEST_CROP = 0.75  # of a side: what a text tells of should stay in sight
_LIGHT = 0.15


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
    # 1. Set up: seeds, the encoder with its last blocks unfrozen, two maps, data.
    config.save(run.config_file)
    set_threads(config.threads)
    torch.manual_seed(config.seed)
    draw, device = random.Random(config.seed), best_device()
    if tuned_folder(config.vision) is not None:
        raise ConfigError(f"vision is “{config.vision}”, which was tuned already; start from {PREFIX}dinov2-small.")
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
    train, dev = load_splits(config)
    texts, dev_texts = texts_of(scorer, train), texts_of(scorer, dev)
    optimizer = torch.optim.AdamW(
        [
            {"params": list(heads.parameters()), "lr": config.learning_rate, "weight_decay": config.weight_decay},
            {"params": list(trained.parameters()), "lr": config.block_learning_rate, "weight_decay": 0.01},
        ]
    )

    def loss() -> Tensor:
        rows = texts.draw(config.batch_size, draw)
        pictures = [varied(open_picture(train[row].image), draw) for row in rows.tolist()]
        with torch.autocast(device.type, torch.bfloat16, enabled=config.bf16):
            summaries = _summaries(encoder, pictures)
        shown = nn.functional.dropout(summaries, config.dropout)
        told, keys = texts.choose(rows, torch.rand(len(rows)) < config.narration_share)
        return contrastive_loss(heads, shown, told.to(device), keys.to(device))

    # 2. Train: warm-up and cosine.
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


def _summaries(encoder: PictureEncoder, pictures: Sequence[Image.Image]) -> Tensor:
    """Pictures of any sizes as summary vectors, those of one size together: (B, 3 D)."""
    prepared = [encoder.prepare(picture) for picture in pictures]
    by_size: dict[tuple[int, ...], list[int]] = {}
    for number, pixels in enumerate(prepared):
        by_size.setdefault(tuple(pixels.shape), []).append(number)
    seen: dict[int, Tensor] = {}
    for numbers in by_size.values():
        for start in range(0, len(numbers), _PICTURES_AT_ONCE):
            part = numbers[start : start + _PICTURES_AT_ONCE]
            features = encoder.look(torch.stack([prepared[number] for number in part]))
            seen |= dict(zip(part, summarise(features.float()), strict=True))
    return torch.stack([seen[number] for number in range(len(prepared))])


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

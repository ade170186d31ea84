"""Supervised fine-tuning of a prefix narrator: projector and adapters learn to write the reference captions.

First version: one process, a frozen picture encoder whose features are computed once, AdamW with two learning
rates, cosine decay, the dev split as judge. Reads top to bottom as `train`.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from trainer.batches import Example, caption_loss, epoch, example
from trainer.captioner import Decoding, Prompt
from trainer.config import SftConfig
from trainer.dataset import DESCRIPTION, NARRATION, DatasetError, Record, load_descriptions, load_records
from trainer.device import best_device, describe, inference_dtype, set_threads
from trainer.events import (
    CheckpointSaved,
    Event,
    Loading,
    Metrics,
    Progress,
    RunCancelled,
    RunFinished,
    RunStarted,
    Sample,
)
from trainer.picture_encoder import FeatureCache
from trainer.picture_words import cross_fitted_words, known_words, learn_words
from trainer.prefix_captioner import NarratorCard, PrefixCaptioner, new_prefix, read_saved, save_prefix
from trainer.run_dir import RunDir

_REPORT_EVERY_STEPS = 10
_FEATURE_REPORT_EVERY = 50
_SAMPLED_RECORDS = 4
_ADAPTER = "default"  # peft's name for the first adapter
_LORA_LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_LORA_ALPHA_PER_RANK = 2  # the update's scale, alpha / rank; 2 as Hu et al. use for language models


@dataclass(frozen=True, slots=True)
class Story:
    """The data of a run: examples' records and their features by split."""

    train: tuple[Record, ...]
    dev: tuple[Record, ...]
    features: dict[Path, Tensor]  # (V, D) each
    words: dict[Path, tuple[str, ...]]  # what each picture suggests


def train(
    config: SftConfig, run: RunDir, base_weights: Path, emit: Callable[[Event], None], should_stop: Callable[[], bool]
) -> RunFinished | RunCancelled:
    """Train and leave the best checkpoint in the run's folder.

    Args:
        config: what to do.
        run: the run's folder, new.
        base_weights: the folder of `trainer.base_weights`; features are cached beside it.
        emit: takes every event.
        should_stop: asked after every step; True ends the run with a checkpoint.

    Returns:
        The run's last word.
    """
    # 1. Set up: seeds, model, data.
    config.save(run.path / "config.json")
    set_threads(config.threads)
    generator = random.Random(config.seed)
    torch.manual_seed(config.seed)
    device = best_device()
    captioner, adapters = _starting_point(config, run.name, base_weights)
    story = _load_story(captioner, config, base_weights, emit)
    captioner.projector.to(device)
    captioner.words.to(device)
    captioner.language.to(device, torch.bfloat16 if config.bf16 else torch.float32)
    trained = [p for p in (*captioner.projector.parameters(), *captioner.language.parameters()) if p.requires_grad]
    for parameter in trained:
        parameter.data = parameter.data.float()  # small updates vanish in bfloat16
    optimizer = _optimizer(captioner, config)
    total_steps = max(1, round(math.ceil(len(story.train) / config.batch_size) * config.epochs))
    total_steps = min(total_steps, config.max_steps or total_steps)
    emit(RunStarted(run.name, "sft", total_steps, describe(device)))

    # 2. Steps: loss of the caption tokens, clipped gradient, cosine schedule over steps or hours.
    started, step, best, judged_step = time.monotonic(), 0, math.inf, -1
    losses: list[float] = []
    batches = _endless(captioner, story, config, generator)
    while True:
        hours = (time.monotonic() - started) / 3600
        done_frac = max(step / total_steps, hours / config.max_hours if config.max_hours else 0.0)
        last = done_frac >= 1 or should_stop()
        if step and step != judged_step and (last or step % config.evaluate_every == 0):
            loss = _judge(captioner, story, config, step, emit, device)
            is_best, best, judged_step = loss < best, min(loss, best), step
            folder = run.save_checkpoint(
                step, is_best, lambda model: save_prefix(captioner, adapter_tensors(adapters), model)
            )
            emit(CheckpointSaved(step, str(folder), is_best))
        if last:
            break
        _set_learning_rate(optimizer, done_frac, config.warmup_frac)
        batch = next(batches)
        losses.append(_step(captioner, _batch_features(story, batch, device), batch, optimizer, trained, config))
        step += 1
        if step % _REPORT_EVERY_STEPS == 0:
            emit(Progress(step, total_steps, hours * 3600))
            emit(
                Metrics(
                    step,
                    {"train/loss": sum(losses) / len(losses), "train/learning_rate": optimizer.param_groups[0]["lr"]},
                )
            )
            losses.clear()

    # 3. The last word.
    if done_frac < 1:
        return RunCancelled(f"Stopped after {step} steps; the best checkpoint is kept.")
    return RunFinished(f"Trained {step} steps; best dev loss {best:.3f} nats a token.", str(run.best_model()))


def _endless(
    captioner: PrefixCaptioner, story: Story, config: SftConfig, generator: random.Random
) -> Iterator[list[Example]]:
    while True:
        yield from epoch(captioner, story.train, story.words, config, generator)


def _starting_point(config: SftConfig, name: str, base_weights: Path) -> tuple[PrefixCaptioner, dict[str, LoraLayer]]:
    """The narrator to train, its adapters attached: a new one, or a saved one's weights under a new name."""
    saved = read_saved(Path(config.model)) if config.model else None
    rank = saved.card.lora_rank if saved else config.lora_rank
    if saved:
        card = replace(saved.card, id=name, title=name)
    else:
        alpha, joined = rank * _LORA_ALPHA_PER_RANK, config.joined_layers()
        card = NarratorCard(name, name, config.vision, config.language, rank, alpha, vision_layers=joined)
    captioner = new_prefix(card, base_weights)
    lora = LoraConfig(
        r=rank,
        lora_alpha=captioner.card.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=list(_LORA_LAYERS),
    )
    inject_adapter_in_model(lora, captioner.language)
    layers = {key: layer for key, layer in captioner.language.named_modules() if isinstance(layer, LoraLayer)}
    if saved:
        captioner.projector.load_state_dict(saved.projector)
        if saved.card.words:
            captioner.words.load_state_dict(saved.words)
        with torch.no_grad():
            for key, layer in layers.items():
                layer.lora_A[_ADAPTER].weight.copy_(saved.adapters[f"{key}.lora_A"])
                layer.lora_B[_ADAPTER].weight.copy_(saved.adapters[f"{key}.lora_B"])
    return captioner, layers


def adapter_tensors(layers: dict[str, LoraLayer]) -> dict[str, Tensor]:
    """The adapters' matrices, named as `SavedNarrator` names them."""
    tensors: dict[str, Tensor] = {}
    for key, layer in layers.items():
        tensors[f"{key}.lora_A"] = layer.lora_A[_ADAPTER].weight
        tensors[f"{key}.lora_B"] = layer.lora_B[_ADAPTER].weight
    return tensors


def _load_story(
    captioner: PrefixCaptioner, config: SftConfig, base_weights: Path, emit: Callable[[Event], None]
) -> Story:
    """Read the data set and encode its pictures, once."""
    descriptions = load_descriptions(Path(config.descriptions)) if config.descriptions else None
    records, bad = load_records(Path(config.data), descriptions)
    if bad:
        emit(
            Loading(f"{len(bad)} lines of the data set are left out; the first: line {bad[0].number}, {bad[0].reason}")
        )
    extra = load_records(Path(config.extra_data))[0] if config.extra_data else ()
    train = tuple(record for record in (*records, *extra) if record.split == "train")
    dev = tuple(record for record in records if record.split == "dev")[:: _stride(records, config.dev_records)]
    if not train:
        raise DatasetError(f"The data set {config.data} has no record in its split “train”.")

    def report(done: int, count: int) -> None:
        if done % _FEATURE_REPORT_EVERY == 0 or done == count:
            emit(Loading("Looking at the pictures", done / count))

    captioner.encoder.to(best_device(), inference_dtype(best_device()))
    cache = FeatureCache(base_weights.parent / "features")
    features = cache.features_of(captioner.encoder, [record.image for record in (*train, *dev)], report)
    return Story(train, dev, features, _picture_words(captioner, config, train, dev, features, emit))


def _picture_words(
    captioner: PrefixCaptioner,
    config: SftConfig,
    train: Sequence[Record],
    dev: Sequence[Record],
    features: dict[Path, Tensor],
    emit: Callable[[Event], None],
) -> dict[Path, tuple[str, ...]]:
    """What each picture suggests; a new narrator first learns which words there are."""
    size = captioner.encoder.size
    shown: dict[Path, tuple[str, ...]] = {}
    if not config.model:
        known = known_words(train)
        captioner.words = learn_words(train, features, known, size, config.seed)
        captioner.card = replace(captioner.card, words=captioner.words.words)
        shown = cross_fitted_words(
            train, features, known, size, config.seed,
            lambda done, count: emit(Loading("Learning words for pictures", done / count)),
        )  # fmt: skip
    for record in (*train, *dev):
        if record.image not in shown:
            shown[record.image] = captioner.words.best(features[record.image][None])[0]
    return shown


def _stride(records: Sequence[Record], wanted: int) -> int:
    """Every how-many-th dev record is looked at, so that all books are represented."""
    return max(1, sum(record.split == "dev" for record in records) // wanted)


def _optimizer(captioner: PrefixCaptioner, config: SftConfig) -> torch.optim.AdamW:
    """AdamW; matrices decay, the projector learns faster than the adapters."""
    adapters = [p for p in captioner.language.parameters() if p.requires_grad]
    matrices = [p for p in captioner.projector.parameters() if p.ndim >= 2]
    others = [p for p in captioner.projector.parameters() if p.ndim < 2]
    groups = [
        {"params": adapters, "lr": config.learning_rate, "weight_decay": config.weight_decay},
        {"params": matrices, "lr": config.projector_learning_rate, "weight_decay": config.weight_decay},
        {"params": others, "lr": config.projector_learning_rate, "weight_decay": 0.0},
    ]
    for group in groups:
        group["highest_lr"] = group["lr"]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def _set_learning_rate(optimizer: torch.optim.Optimizer, done_frac: float, warmup_frac: float) -> None:
    """Linear rise, then half a cosine down to zero."""
    if done_frac < warmup_frac:
        share = done_frac / warmup_frac
    else:
        share = 0.5 * (1 + math.cos(math.pi * (done_frac - warmup_frac) / (1 - warmup_frac)))
    for group in optimizer.param_groups:
        group["lr"] = group["highest_lr"] * share


def _batch_features(story: Story, examples: Sequence[Example], device: torch.device) -> Tensor:
    """(B, V, D), single precision."""
    return torch.stack([story.features[item.record.image] for item in examples]).float().to(device)


def _step(
    captioner: PrefixCaptioner,
    features: Tensor,
    batch: Sequence[Example],
    optimizer: torch.optim.Optimizer,
    trained: Sequence[nn.Parameter],
    config: SftConfig,
) -> float:
    """One optimiser step; returns the batch's loss."""
    captioner.language.train()
    with torch.autocast(features.device.type, torch.bfloat16, enabled=config.bf16):
        loss = caption_loss(captioner, features, batch)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(trained, config.max_gradient_norm)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


@torch.inference_mode()
def _dev_loss(
    captioner: PrefixCaptioner, story: Story, style: str, config: SftConfig, device: torch.device, *, is_shifted: bool
) -> float:
    """Mean nats a caption token on the dev split.

    Args:
        captioner: the model.
        story: the data.
        style: which texts are to be told.
        config: batch size and lengths.
        device: where to compute.
        is_shifted: show each record the picture of one half the split away: a model that looks at pictures then
            does worse.
    """
    captioner.language.eval()
    records = [record for record in story.dev if record.told_as(style)[0]]
    half = len(records) // 2 if is_shifted else 0
    images = [record.image for record in (*records[half:], *records[:half])]
    pictures = [story.features[image] for image in images]
    shown = [
        example(captioner, record, style, story.words[image], config, None)
        for record, image in zip(records, images, strict=True)
    ]
    total, count = 0.0, 0
    for start in range(0, len(shown), config.batch_size):
        batch = shown[start : start + config.batch_size]
        features = torch.stack(pictures[start : start + config.batch_size]).float().to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=config.bf16):
            losses = caption_loss(captioner, features, batch, reduction="none")
        total, count = total + losses.sum().item(), count + len(losses)
    return total / max(1, count)


def _judge(
    captioner: PrefixCaptioner,
    story: Story,
    config: SftConfig,
    step: int,
    emit: Callable[[Event], None],
    device: torch.device,
) -> float:
    """Measure the dev split and show what the model writes for a few of its records.

    Returns:
        The mean of the styles' losses, nats a token.
    """
    losses: list[float] = []
    for style in (NARRATION, DESCRIPTION):
        if any(record.told_as(style)[0] for record in story.dev):
            loss = _dev_loss(captioner, story, style, config, device, is_shifted=False)
            wrong = _dev_loss(captioner, story, style, config, device, is_shifted=True)
            emit(Metrics(step, {f"eval/loss_{style}": loss, f"eval/picture_gain_{style}": wrong - loss}))
            losses.append(loss)
    if not losses:  # no dev split: the last checkpoint is the best
        return -step
    emit(Metrics(step, {"eval/loss": sum(losses) / len(losses)}))
    for record in story.dev[:: max(1, len(story.dev) // _SAMPLED_RECORDS)][:_SAMPLED_RECORDS]:
        style = DESCRIPTION if record.description else NARRATION
        text, previous = record.told_as(style)
        features = story.features[record.image][None].float().to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=config.bf16):
            written = captioner.write(features, [Prompt(previous, style)], Decoding())
        emit(Sample(step, record.id, written[0].text, text))
    return sum(losses) / len(losses)

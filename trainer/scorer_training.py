"""Training of the embedded scorer: its two linear maps, on vectors that frozen models give once.

The loss is CLIP's (Radford et al. 2021): in a batch every text is a wrong answer for every picture but its own, and
the other way round. Half of a batch is drawn book by book, so that pictures of one book, alike in style and cast,
are told apart too. Reads top to bottom as `train_scorer`.

Letters: B pairs of a batch, D features.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from trainer.config import ScorerConfig
from trainer.dataset import DESCRIPTION, NARRATION, DatasetError, Record, load_descriptions, load_records
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
from trainer.picture_encoder import FeatureCache, summarise
from trainer.retrieval import picture_ranks, recall, text_ranks
from trainer.run_dir import MODEL, RunDir
from trainer.scorer import DualEncoder, ScorerCard, ScorerHeads, new_dual_encoder, save_dual_encoder

_REPORT_EVERY_STEPS = 20
_LOOK_REPORT_EVERY = 50  # pictures
_PAIRS_OF_A_BOOK = 4
_LARGEST_SCALE = math.log(50.0)  # a few thousand pairs would drive it up until training pairs are known by heart
_WARMUP_STEPS = 50
_BACKDROP_MEMBERS = 512


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pictures with their texts as vectors.

    Attributes:
        summaries: (N, 3 D) one row a picture.
        texts: for each style (N, TEXT_SIZE); rows without a text are zero.
        has_text: for each style (N,) bool.
        keys: for each style N numbers, equal for equal texts.
        books: N numbers.
    """

    summaries: Tensor
    texts: dict[str, Tensor]
    has_text: dict[str, Tensor]
    keys: dict[str, Tensor]
    books: Tensor

    def rows_by_book(self) -> tuple[tuple[int, ...], ...]:
        """The rows of each book."""
        rows: dict[int, list[int]] = {}
        for row, book in enumerate(self.books.tolist()):
            rows.setdefault(book, []).append(row)
        return tuple(tuple(found) for found in rows.values())

    def measured(self, heads: ScorerHeads) -> dict[str, float]:
        """Recall at ten in both directions, for each style with texts."""
        found: dict[str, float] = {}
        for style, texts in self.texts.items():
            rows = self.has_text[style]
            if rows.any():
                pictures = heads.place_pictures(self.summaries[rows])
                placed = heads.place_texts(texts[rows])
                found[f"eval/recall_10_text_{style}"] = recall(text_ranks(pictures, placed), 10)
                found[f"eval/recall_10_picture_{style}"] = recall(picture_ranks(pictures, placed), 10)
        return found


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
    train, dev = _load_pairs(scorer, config, base_weights, emit)
    books = train.rows_by_book()
    heads = scorer.heads.to("cpu").train()  # two matrices: a GPU would only wait
    optimizer = torch.optim.AdamW(heads.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    emit(RunStarted(run.name, "scorer", config.steps, describe(best_device())))

    # 2. Steps: contrastive loss, warm-up and linear decay, dev recall as judge.
    started, step, best, losses = time.monotonic(), 0, -1.0, list[float]()
    while True:
        last = step >= config.steps or should_stop()
        if step and (last or step % config.evaluate_every == 0):
            recall = _judge(heads, dev, step, emit)
            folder = run.save_checkpoint(step, recall > best, lambda part: _save(card, heads, train, part / MODEL))
            emit(CheckpointSaved(step, str(folder), recall > best))
            best = max(best, recall)
        if last:
            break
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * min(1.0, step / _WARMUP_STEPS) * (1 - step / config.steps)
        loss = contrastive_loss(heads, train, _drawn(books, config.batch_size, draw), config)
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


def contrastive_loss(heads: ScorerHeads, pairs: Pairs, rows: Tensor, config: ScorerConfig) -> Tensor:
    """The mean of both directions' cross-entropy, nats.

    Args:
        heads: the maps.
        pairs: the data.
        rows: (B,) which pairs.
        config: dropout and the share of narrations.
    """
    narrated = torch.rand(len(rows)) < config.narration_share
    is_narration = pairs.has_text[NARRATION][rows] & (narrated | ~pairs.has_text[DESCRIPTION][rows])
    texts = torch.where(is_narration[:, None], pairs.texts[NARRATION][rows], pairs.texts[DESCRIPTION][rows])
    keys = torch.where(is_narration, pairs.keys[NARRATION][rows], pairs.keys[DESCRIPTION][rows])
    summaries = nn.functional.dropout(pairs.summaries[rows], config.dropout)
    likeness = heads.place_pictures(summaries) @ heads.place_texts(texts).T  # (B, B)
    logits = likeness * heads.log_scale.clamp(max=_LARGEST_SCALE).exp()
    is_double = (keys[:, None] == keys) & ~torch.eye(len(rows), dtype=torch.bool)
    logits = logits.masked_fill(is_double, -torch.inf)  # “The end.” is no wrong answer to “The end.”
    right = torch.arange(len(rows))
    return (nn.functional.cross_entropy(logits, right) + nn.functional.cross_entropy(logits.T, right)) / 2


def _drawn(books: Sequence[Sequence[int]], batch_size: int, draw: random.Random) -> Tensor:
    """Rows of a batch without doubles: half at random, half a few of a book at a time.

    Args:
        books: the rows of each book.
        batch_size: rows wanted; fewer where there are fewer.
        draw: draws.
    """
    everything = sum(map(len, books))
    chosen = dict.fromkeys(draw.sample(range(everything), min(everything, batch_size // 2)))
    for rows in draw.sample(books, len(books)):
        if len(chosen) >= min(everything, batch_size):
            break
        chosen.update(dict.fromkeys(draw.sample(rows, min(_PAIRS_OF_A_BOOK, len(rows)))))
    return torch.tensor(list(chosen)[:batch_size])


@torch.no_grad()
def _judge(heads: ScorerHeads, dev: Pairs, step: int, emit: Callable[[Event], None]) -> float:
    """Measure the dev split: the mean of all recalls; without a dev split the step, so that the last one is best."""
    heads.eval()
    found = dev.measured(heads) if len(dev.books) else {}
    heads.train()
    if not found:
        return float(step)
    mean = sum(found.values()) / len(found)
    emit(Metrics(step, {**found, "eval/recall_10": mean}))
    return mean


@torch.no_grad()
def _save(card: ScorerCard, heads: ScorerHeads, train: Pairs, folder: Path) -> None:
    """Write the scorer with its backdrop."""
    heads.eval()
    save_dual_encoder(card, heads, _backdrop(heads, train), folder)
    heads.train()


def _backdrop(heads: ScorerHeads, train: Pairs) -> Backdrop:
    """Training pictures evenly spread over the books, and their texts, descriptions and narrations in turn."""
    rows = torch.arange(0, len(train.books), max(1, len(train.books) // _BACKDROP_MEMBERS))[:_BACKDROP_MEMBERS]
    wants_narration = torch.arange(len(rows)) % 2 == 0
    narrated = train.has_text[NARRATION][rows] & (wants_narration | ~train.has_text[DESCRIPTION][rows])
    texts = torch.where(narrated[:, None], train.texts[NARRATION][rows], train.texts[DESCRIPTION][rows])
    return Backdrop(heads.place_pictures(train.summaries[rows]), heads.place_texts(texts))


def _load_pairs(
    scorer: DualEncoder, config: ScorerConfig, base_weights: Path, emit: Callable[[Event], None]
) -> tuple[Pairs, Pairs]:
    """Training pairs and dev pairs."""
    descriptions = load_descriptions(Path(config.descriptions)) if config.descriptions else None
    records, _ = load_records(Path(config.data), descriptions)
    extra = load_records(Path(config.extra_data))[0] if config.extra_data else ()
    train = [record for record in (*records, *extra) if record.split == "train"]
    dev = [record for record in records if record.split == "dev"]
    if len(train) < 2:
        raise DatasetError(f"The data set {config.data} has no two records in its split “train”.")
    return tuple(pairs_of(scorer, part, base_weights, emit) for part in (train, dev))  # type: ignore[return-value]


def pairs_of(
    scorer: DualEncoder, records: Sequence[Record], base_weights: Path, emit: Callable[[Event], None]
) -> Pairs:
    """Records as vectors; pictures are encoded once and kept.

    Args:
        scorer: gives the frozen models.
        records: N records.
        base_weights: features are cached beside this folder.
        emit: is told how far it is.
    """

    def report(done: int, count: int) -> None:
        if done % _LOOK_REPORT_EVERY == 0 or done == count:
            emit(Loading("Looking at the pictures", done / count))

    cache = FeatureCache(base_weights.parent / "features")
    features = cache.features_of(scorer.encoder, [record.image for record in records], report)
    size = 3 * scorer.encoder.size
    summaries = [summarise(features[record.image][None].float()) for record in records]
    emit(Loading("Reading the texts"))
    told = {style: [record.told_as(style)[0] for record in records] for style in (NARRATION, DESCRIPTION)}
    numbers = {text: number for number, text in enumerate(dict.fromkeys([*told[NARRATION], *told[DESCRIPTION]]))}
    books = {book: number for number, book in enumerate(dict.fromkeys(record.book for record in records))}
    return Pairs(
        summaries=torch.cat(summaries) if summaries else torch.zeros(0, size),
        texts={style: scorer.sentence_vectors(texts) for style, texts in told.items()},
        has_text={style: torch.tensor([bool(text) for text in texts]) for style, texts in told.items()},
        keys={style: torch.tensor([numbers[text] for text in texts]) for style, texts in told.items()},
        books=torch.tensor([books[record.book] for record in records]),
    )

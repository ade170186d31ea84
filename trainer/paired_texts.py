"""Pictures' texts as vectors, and the contrastive loss that brings both into one space.

The loss is CLIP's (Radford et al. 2021): in a batch every text is a wrong answer for every picture but its own, and
the other way round. Half of a batch is drawn book by book, so that pictures of one book, alike in style and cast,
are told apart too.

Letters: N records, B pairs of a batch, D features.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor, nn

from trainer.config import RunConfig
from trainer.dataset import DESCRIPTION, NARRATION, DatasetError, Record, load_descriptions, load_records
from trainer.retrieval import picture_ranks, recall, text_ranks
from trainer.scorer import DualEncoder, ScorerHeads

STANDALONE = "standalone"
"""The kind of a description that stands for itself."""

_PAIRS_OF_A_BOOK = 4
_LARGEST_SCALE = math.log(50.0)  # a few thousand pairs would drive it up until training pairs are known by heart


@dataclass(frozen=True, slots=True)
class PairedTexts:
    """The texts of N pictures.

    Attributes:
        vectors: for each kind of text (N, TEXT_SIZE); rows without a text are zero. The kinds are the two styles, and
            STANDALONE where there are such texts.
        has_text: for each kind (N,) bool.
        keys: for each kind (N,) numbers, equal for equal texts.
        books: (N,) numbers.
    """

    vectors: dict[str, Tensor]
    has_text: dict[str, Tensor]
    keys: dict[str, Tensor]
    books: Tensor

    def draw(self, batch_size: int, draw: random.Random) -> Tensor:
        """Rows of a batch without doubles: half at random, half a few of a book at a time.

        Args:
            batch_size: rows wanted; fewer where there are fewer.
            draw: draws.
        """
        everything = len(self.books)
        books: dict[int, list[int]] = {}
        for row, book in enumerate(self.books.tolist()):
            books.setdefault(book, []).append(row)
        chosen = dict.fromkeys(draw.sample(range(everything), min(everything, batch_size // 2)))
        for book in draw.sample(list(books), len(books)):
            if len(chosen) >= min(everything, batch_size):
                break
            chosen.update(dict.fromkeys(draw.sample(books[book], min(_PAIRS_OF_A_BOOK, len(books[book])))))
        return torch.tensor(list(chosen)[:batch_size])

    def choose(self, rows: Tensor, wants_narration: Tensor, wants_standalone: Tensor) -> tuple[Tensor, Tensor]:
        """One text of each row: the narration where it is wanted or is the only one, else a description.

        Args:
            rows: (B,).
            wants_narration: (B,) bool.
            wants_standalone: (B,) bool: which description, where there are two.

        Returns:
            Vectors (B, TEXT_SIZE) and keys (B,).
        """
        narrated = self.has_text[NARRATION][rows] & (wants_narration | ~self.has_text[DESCRIPTION][rows])
        chosen = {NARRATION: narrated}
        if STANDALONE in self.vectors:
            chosen[STANDALONE] = ~narrated & wants_standalone & self.has_text[STANDALONE][rows]
        vectors, keys = self.vectors[DESCRIPTION][rows], self.keys[DESCRIPTION][rows]
        for kind, taken in chosen.items():
            vectors = torch.where(taken[:, None], self.vectors[kind][rows], vectors)
            keys = torch.where(taken, self.keys[kind][rows], keys)
        return vectors, keys

    def draw_texts(self, rows: Tensor, narration_share: float) -> tuple[Tensor, Tensor]:
        """As `choose`, by chance: narrations with `narration_share`, either description as often as the other."""
        drawn = torch.rand(2, len(rows))
        return self.choose(rows, drawn[0] < narration_share, drawn[1] < 0.5)

    @torch.no_grad()
    def measured(self, heads: ScorerHeads, summaries: Tensor) -> dict[str, float]:
        """Recall at ten in both directions, for each kind of text, and their mean; nothing without texts.

        Args:
            heads: the maps.
            summaries: (N, 3 D) of the pictures.
        """
        found: dict[str, float] = {}
        for style, vectors in self.vectors.items():
            rows = self.has_text[style]
            if rows.any():
                pictures, texts = (
                    heads.place_pictures(summaries[rows]),
                    heads.place_texts(vectors[rows].to(summaries.device)),
                )
                found[f"eval/recall_10_text_{style}"] = recall(text_ranks(pictures, texts), 10)
                found[f"eval/recall_10_picture_{style}"] = recall(picture_ranks(pictures, texts), 10)
        return {**found, "eval/recall_10": sum(found.values()) / len(found)} if found else {}


def contrastive_loss(heads: ScorerHeads, summaries: Tensor, texts: Tensor, keys: Tensor) -> Tensor:
    """The mean of both directions' cross-entropy, nats.

    Args:
        heads: the maps.
        summaries: (B, 3 D).
        texts: (B, TEXT_SIZE).
        keys: (B,) numbers, equal for equal texts.
    """
    likeness = heads.place_pictures(summaries) @ heads.place_texts(texts).T  # (B, B)
    logits = likeness * heads.log_scale.clamp(max=_LARGEST_SCALE).exp()
    right = torch.arange(len(keys), device=keys.device)
    is_double = (keys[:, None] == keys) & (right[:, None] != right)
    logits = logits.masked_fill(is_double, -torch.inf)  # “The end.” is no wrong answer to “The end.”
    return (nn.functional.cross_entropy(logits, right) + nn.functional.cross_entropy(logits.T, right)) / 2


def load_splits(config: RunConfig) -> tuple[list[Record], list[Record]]:
    """The records to learn from and those of the dev split.

    Raises:
        DatasetError: no data set, or fewer than two records to learn from.
    """
    descriptions = load_descriptions(Path(config.descriptions)) if config.descriptions else None
    records, _ = load_records(Path(config.data), descriptions)
    extra = load_records(Path(config.extra_data))[0] if config.extra_data else ()
    train = [record for record in (*records, *extra) if record.split == "train"]
    if len(train) < 2:
        raise DatasetError(f"The data set {config.data} has no two records in its split “train”.")
    return train, [record for record in records if record.split == "dev"]


def texts_of(scorer: DualEncoder, records: Sequence[Record]) -> PairedTexts:
    """Read the texts of N records.

    Args:
        scorer: gives the sentence model.
        records: N records.
    """
    told = {style: [record.told_as(style)[0] for record in records] for style in (NARRATION, DESCRIPTION)}
    if any(record.standalone for record in records):
        told[STANDALONE] = [record.standalone for record in records]
    numbers = {text: number for number, text in enumerate(dict.fromkeys(chain.from_iterable(told.values())))}
    books = {book: number for number, book in enumerate(dict.fromkeys(record.book for record in records))}
    return PairedTexts(
        vectors={style: scorer.sentence_vectors(texts) for style, texts in told.items()},
        has_text={style: torch.tensor([bool(text) for text in texts]) for style, texts in told.items()},
        keys={style: torch.tensor([numbers[text] for text in texts]) for style, texts in told.items()},
        books=torch.tensor([books[record.book] for record in records]),
    )

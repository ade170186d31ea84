"""What a narrator must beat to have looked at the picture at all.

Three controls of the same records: the narrator itself shown pictures of other books (what it writes from the context
and from habit), the text of the training picture that looks most alike (what looking without language gives), and the
text met most often in training (what language without looking gives).

Letters: B pictures, V vectors a picture, D features, N records, M training records.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from trainer.captioner import Captioner
from trainer.dataset import Record
from trainer.picture_encoder import FeatureCache
from trainer.prefix_captioner import PrefixCaptioner

_BATCH = 8


def text_of(record: Record) -> str:
    """The text a narrator is asked for: the story's, or the description where there is no story."""
    return record.narration or record.description


def most_frequent_text(train: Sequence[Record]) -> str:
    """The training text met most often."""
    return Counter(text_of(record) for record in train).most_common(1)[0][0]


def wrong_pictures(records: Sequence[Record], seed: int) -> list[Path]:
    """Give each record the picture of another book, every picture to exactly one record.

    The records are laid out book by book, books and records within them in random order, and the pictures move on by
    the length of the longest book. Where that book holds more than half of all records some of them cannot get out
    of it and get another picture of their own book.

    Args:
        records: at least two.
        seed: of the random order.
    """
    draw = random.Random(seed)
    places: dict[str, list[int]] = {}
    for place, record in enumerate(records):
        places.setdefault(record.book, []).append(place)
    books = list(places.values())
    draw.shuffle(books)
    order = [place for book in books for place in draw.sample(book, len(book))]
    step = min(max(map(len, books)), len(records) // 2)
    given = {order[i]: records[order[(i + step) % len(order)]].image for i in range(len(order))}
    return [given[place] for place in range(len(records))]


def nearest_texts(
    captioner: Captioner,
    train: Sequence[Record],
    records: Sequence[Record],
    cache_folder: Path,
    report: Callable[[int, int], None],
) -> list[str]:
    """The text of the training picture that looks most like each record's, to the narrator's own encoder.

    Pictures are compared by the cosines of their class tokens and of the means of their fields, half and half.
    Pictures of the record's own book do not count.

    Args:
        captioner: whose eyes are used.
        train: M training records.
        records: N records.
        cache_folder: keeps the features of frozen encoders (`FeatureCache`).
        report: is told how many of how many pictures are done.
    """
    pictures = [record.image for record in (*train, *records)]
    looks = _looks(captioner, pictures, cache_folder, report)  # (M + N, 2 D)
    likeness = looks[len(train) :] @ looks[: len(train)].T  # (N, M)
    own_book = torch.tensor([[record.book == other.book for other in train] for record in records])
    nearest = likeness.masked_fill(own_book, -torch.inf).argmax(dim=1)
    return [text_of(train[place]) for place in nearest.tolist()]


def open_picture(path: Path) -> Image.Image:
    """Read a picture as RGB."""
    with Image.open(path) as picture:
        return picture.convert("RGB")


def _looks(
    captioner: Captioner, pictures: Sequence[Path], cache_folder: Path, report: Callable[[int, int], None]
) -> Tensor:
    """Pictures as unit vectors: (B, 2 D)."""
    if isinstance(captioner, PrefixCaptioner):  # the features it was trained on are on disk already
        features = FeatureCache(cache_folder).features_of(captioner.encoder, pictures, report)
        return torch.cat([_summary(features[path][None]) for path in pictures])
    parts = []
    for start in range(0, len(pictures), _BATCH):
        batch = [open_picture(path) for path in pictures[start : start + _BATCH]]
        parts.append(_summary(captioner.encode(batch)))
        report(start + len(batch), len(pictures))
    return torch.cat(parts)


def _summary(features: Tensor) -> Tensor:
    """Features (B, V, D), class token first, as unit vectors (B, 2 D)."""
    features = features.float().cpu()
    halves = [features[:, 0], features[:, 1:].mean(dim=1)]
    return torch.cat([torch.nn.functional.normalize(half, dim=-1) for half in halves], dim=1) / 2**0.5

"""Parts of a data set for cross-fitting: whatever says something of a training picture has not learned from it.

A picture may stand in several books (picture stories are told again with other words), so it is pictures that are
parted, each with the first book that shows it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from trainer.dataset import Record

_DIGEST_DIGITS = 16


def picture_folds(records: Sequence[Record], count: int) -> dict[Path, int]:
    """The fold of each picture, 0 to `count` - 1; the books' names are dealt out in turn.

    Args:
        records: their pictures are parted.
        count: number of folds, 1 or more.
    """
    books = sorted({record.book for record in records})
    fold_of_book = {book: number % count for number, book in enumerate(books)}
    digests = {image: picture_digest(image) for image in dict.fromkeys(record.image for record in records)}
    fold_of: dict[str, int] = {}
    for record in records:
        fold_of.setdefault(digests[record.image], fold_of_book[record.book])
    return {image: fold_of[digest] for image, digest in digests.items()}


def picture_digest(picture: Path) -> str:
    """Knows a picture's file again wherever it lies."""
    return hashlib.sha256(picture.read_bytes()).hexdigest()[:_DIGEST_DIGITS]

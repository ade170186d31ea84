"""Parts of a data set for cross-fitting: whatever says something of a training picture has not learned from it.

A picture may stand in several books (picture stories are told again with other words), so it is pictures that are
parted, each with the first book that shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trainer.dataset import Record


def picture_folds(records: Sequence[Record], count: int) -> dict[Path, int]:
    """The fold of each picture, 0 to `count` - 1; the books' names are dealt out in turn.

    Args:
        records: their pictures are parted.
        count: number of folds, 1 or more.
    """
    books = sorted({record.book for record in records})
    fold_of_book = {book: number % count for number, book in enumerate(books)}
    folds: dict[Path, int] = {}
    for record in records:
        folds.setdefault(record.image, fold_of_book[record.book])
    return folds

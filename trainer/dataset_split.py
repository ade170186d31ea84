"""Dividing a data set into train, dev and test so that nothing leaks.

Books that share a near-duplicate picture, a title or a long text belong together (`Groups`); whole groups go to one
split. Which ones is drawn by a seed, so that a data set is always divided alike, whatever the order of its books.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.dataset import (
    DEV,
    HELD_OUT_FRAC,
    RECORDS,
    TEST,
    TRAIN,
    DatasetError,
    Record,
    parse_line,
    parse_record,
    read_lines,
)
from trainer.dataset_check import long_texts, normalised, shape_of
from trainer.dataset_pictures import Look, LookCache, Report, near_links
from trainer.whole_files import write_whole


@dataclass(frozen=True, slots=True)
class Wish:
    """How a data set is to be divided.

    Attributes:
        dev_frac: share of the records that dev should have.
        test_frac: share that test should have.
        seed: another one draws other books.
    """

    dev_frac: float = HELD_OUT_FRAC
    test_frac: float = HELD_OUT_FRAC
    seed: int = 0

    def validate(self) -> None:
        """Raise DatasetError where the fractions leave nothing for train."""
        fractions = (self.dev_frac, self.test_frac)
        if not all(math.isfinite(part) and part >= 0 for part in fractions) or sum(fractions) >= 1:
            raise DatasetError("The fractions of dev and test must be 0 or more and leave something for train.")


def split_folder(folder: Path, wish: Wish, looks: LookCache, report: Report | None = None) -> Counter[str]:
    """Write a new split into every record of a data set; all else on its lines, and bad lines, stay.

    Args:
        folder: the data set; its `records.jsonl` is replaced at once or not at all.
        wish: how to divide it.
        looks: where looks of pictures are kept.
        report: is told how many pictures are decoded.

    Returns:
        How many records each split has.

    Raises:
        DatasetError: no data set, no usable record, a wish that cannot be, or the file cannot be written.
    """
    wish.validate()
    lines = read_lines(folder)
    raws: dict[int, dict[str, Any]] = {}
    records: dict[int, Record] = {}
    for number, line in lines:
        raw = parse_line(line)
        if isinstance(raw, dict):
            # The old split may be what is wrong with a line; it is to be replaced anyhow.
            parsed = parse_record(raw | {"split": None}, folder)
            if isinstance(parsed, Record):
                raws[number], records[number] = raw, parsed
    if not records:
        raise DatasetError(f"{folder} holds no usable record.")
    seen = looks.looks_of((record.image for record in records.values()), report)
    split_of = divide(tuple(records.values()), seen, wish)
    written = []
    for number, line in lines:
        if number in records:
            raws[number]["split"] = split_of[records[number].book]
            line = json.dumps(raws[number], ensure_ascii=False).encode()
        written.append(line + b"\n")
    try:
        write_whole(folder / RECORDS, b"".join(written))
    except OSError as error:
        raise DatasetError(f"{folder / RECORDS} cannot be written ({error}); it is as it was.") from error
    return Counter(split_of[record.book] for record in records.values())


def divide(records: Sequence[Record], looks: Mapping[Path, Look | str], wish: Wish) -> dict[str, str]:
    """The split of each book.

    Test is drawn first, then dev of what is left, each as near to its share of the records as whole groups allow; one
    that is wanted gets a group even where that is more than its share, as long as a group is left for train.
    """
    groups = [sorted(group) for group in joined_books(records, looks)]
    random.Random(wish.seed).shuffle(groups)
    sizes = Counter(record.book for record in records)
    split_of: dict[str, str] = {}
    for split, fraction in ((TEST, wish.test_frac), (DEV, wish.dev_frac)):
        counts = [sum(sizes[book] for book in group) for group in groups]
        chosen = _nearest_sum(counts, fraction * len(records)) if fraction else set()
        split_of |= {book: split for index in chosen for book in groups[index]}
        groups = [group for index, group in enumerate(groups) if index not in chosen]
    return split_of | {book: TRAIN for group in groups for book in group}


def joined_books(records: Sequence[Record], looks: Mapping[Path, Look | str]) -> list[set[str]]:
    """Groups of books that must not be parted, each joined by what `find_leaks` would find between its books.

    Returns:
        Groups in the order of their first book's name.
    """
    parent = {record.book: record.book for record in records}

    def root(book: str) -> str:
        while parent[book] != book:
            parent[book] = book = parent[parent[book]]
        return book

    first: dict[tuple[str, str], str] = {}
    for record in records:
        signs = [("title", normalised(record.title))] if normalised(record.title) else []
        for sign in (*signs, *(("text", text) for text in long_texts(record))):
            parent[root(record.book)] = root(first.setdefault(sign, record.book))
    for one, other in near_links([shape_of(record, looks) for record in records]):
        parent[root(records[one].book)] = root(records[other].book)
    groups: dict[str, set[str]] = {}
    for book in parent:
        groups.setdefault(root(book), set()).add(book)
    return sorted(groups.values(), key=min)


def _nearest_sum(counts: Sequence[int], wanted: float) -> set[int]:
    """Which of some numbers sum up to nearest a wanted one; at least one of them, and never all.

    Sums that can be reached are the bits of one integer, so that each number costs a shift. For every sum the number
    that first reached it is kept: going back from a sum meets ever earlier numbers, none twice.
    """
    if len(counts) < 2:
        return set()
    limit = math.ceil(wanted + abs(min(counts) - wanted))  # the smallest alone is at least as near as any sum beyond
    within = (1 << (limit + 1)) - 1
    reached, by = 1, {0: -1}
    for index, count in enumerate(counts):
        fresh = (reached << count) & within & ~reached
        reached |= fresh
        while fresh:
            lowest = fresh & -fresh
            by[lowest.bit_length() - 1] = index
            fresh ^= lowest
    sums = (reach for reach in by if 0 < reach < sum(counts))
    best = min(sums, key=lambda reach: (abs(reach - wanted), reach))
    chosen = set()
    while best:
        chosen.add(by[best])
        best -= counts[by[best]]
    return chosen

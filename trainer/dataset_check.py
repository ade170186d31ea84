"""What is wrong with a data set: lines, pictures, order, and what leaks from one split into another.

A leak makes a score worthless: a narrator that has seen the test picture, or learned the test text by heart, is
measured on its memory. Splits must share no book, no picture (near-duplicates count, see `dataset_pictures`), no title
and no long text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from trainer.dataset import (
    SPLITS,
    STYLES,
    TEST,
    TRAIN,
    BadLine,
    DatasetError,
    Record,
    Seen,
    parse_line,
    read_lines,
    scan_records,
)
from trainer.dataset_pictures import SHAPE_BITS, Look, LookCache, Report, nearest

LONG_TEXT_LETTERS = 36
"""A text of fewer letters may stand in two stories by chance, as “And that is the end of the story.” (25 letters) and
“They are not always green, are they?” (28) do. Of the longer texts that stand under two titles among 3,349 storybook
records and 391 further stories, all belong to two editions of one tale but one, “Use your imagination and colour this
picture any way you like”. Letters and not words, for scripts that put no spaces between words."""

_SHOWN_LETTERS = 60


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that stands in two splits.

    Attributes:
        kind: "book", "picture", "title" or "text".
        record: where it stands in the split that is to be held out.
        other: where it stands in the split before it, of train, dev and test.
        what: which book, how near a picture, which title or text.
    """

    kind: str
    record: Record
    other: Record
    what: str

    def in_words(self) -> str:
        """One sentence that names both records."""
        pair = f"the {self.record.split} record {self.record.id} and the {self.other.split} record {self.other.id}"
        match self.kind:
            case "book":
                return f"{pair} belong to one book, {self.what}"
            case "picture":
                return f"{pair} show nearly the same picture ({self.what})"
            case "title":
                return f"{pair} belong to books of the same title, “{self.what}”"
            case _:
                return f"{pair} have the same text, “{self.what}”"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found.

    Attributes:
        records: the usable ones, whatever else is wrong.
        bad: lines left out, and lines that are wrong beside others, by number.
        strangers: ids of descriptions that belong to no record.
        leaks: at most one of a kind for each held-out record and split.
    """

    records: tuple[Record, ...]
    bad: tuple[BadLine, ...]
    strangers: tuple[str, ...]
    leaks: tuple[Leak, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return bool(self.records) and not self.bad and not self.strangers and not self.leaks


def check(
    folder: Path, looks: LookCache, descriptions: Mapping[str, Seen] | None = None, report: Report | None = None
) -> Findings:
    """Look for everything that can be wrong with a data set.

    Args:
        folder: the data set.
        looks: where looks of pictures are kept.
        descriptions: as for `load_records`.
        report: is told how many pictures are decoded.

    Raises:
        DatasetError: there is no readable `records.jsonl`.
    """
    records, bad = scan_records(folder, descriptions)
    seen = looks.looks_of((record.image for record in records), report)
    unusable = {line.number for line in bad}
    numbers = {
        str(raw["id"]): number
        for number, line in read_lines(folder)
        if number not in unusable and isinstance(raw := parse_line(line), dict)
    }
    wrong = [*bad, *_broken_pictures(records, numbers, seen), *_broken_order(records, numbers)]
    usable = tuple(record for record in records if isinstance(seen[record.image], Look))
    strangers = tuple(name for name in descriptions or () if name not in numbers)
    leaks = [leak for early, late in combinations(SPLITS, 2) for leak in find_leaks(usable, early, late, seen)]
    return Findings(usable, tuple(sorted(wrong, key=lambda line: line.number)), strangers, tuple(leaks))


def refuse_leaks(records: Sequence[Record], cache: Path, report: Report | None = None) -> None:
    """Refuse to train where a test picture or text is in train, or a book in both.

    Pictures that do not decode are passed over: `readable_records` finds them.

    Args:
        records: all that training and measuring will see.
        cache: the folder where looks of pictures are kept; the first time takes some milliseconds a picture.
        report: is told how many pictures are decoded.

    Raises:
        DatasetError: there is a leak; the sentence names two records and the way out.
    """
    pictures = [record.image for record in records if record.split in (TRAIN, TEST)]
    found = find_leaks(records, TRAIN, TEST, LookCache(cache).looks_of(pictures, report))
    leaks = [leak for leak in found if leak.kind != "title"]
    if leaks:
        more = f", and {len(leaks) - 1} more such pairs were found" if len(leaks) > 1 else ""
        raise DatasetError(
            f"Training is refused because {leaks[0].in_words()}{more}; `python -m trainer data validate` shows all, "
            "`python -m trainer data split` divides the books anew."
        )


def readable_records(records: Sequence[Record], cache: Path) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    """The records whose pictures decode, and a sentence about each other one."""
    looks = LookCache(cache).looks_of(record.image for record in records)
    wrong = tuple(f"{record.id}: the picture {record.image} {look}" for record in records
                  if isinstance(look := looks[record.image], str))  # fmt: skip
    return tuple(record for record in records if isinstance(looks[record.image], Look)), wrong


def find_leaks(records: Sequence[Record], early: str, late: str, looks: Mapping[Path, Look | str]) -> list[Leak]:
    """What of one split stands in an earlier one: each of its records with the first, or nearest, it meets there."""
    given = [record for record in records if record.split == early]
    held_out = [record for record in records if record.split == late]
    books = {record.book: record for record in reversed(given)}
    torn = {record.book: record for record in reversed(held_out) if record.book in books}
    leaks = [Leak("book", record, books[book], book) for book, record in torn.items()]
    leaks += _shared_titles(given, [record for record in held_out if record.book not in torn])
    leaks += _shared_texts(given, held_out)
    return leaks + _shared_pictures(given, held_out, looks)


def _shared_titles(given: Sequence[Record], held_out: Sequence[Record]) -> list[Leak]:
    titles = {normalised(record.title): record for record in reversed(given) if normalised(record.title)}
    first_of_book = {record.book: record for record in reversed(held_out)}
    return [
        Leak("title", record, titles[title], record.title)
        for record in first_of_book.values()
        if (title := normalised(record.title)) in titles
    ]


def _shared_texts(given: Sequence[Record], held_out: Sequence[Record]) -> list[Leak]:
    texts = {text: record for record in reversed(given) for text in long_texts(record)}
    leaks = []
    for record in held_out:
        for text in long_texts(record):
            if text in texts:
                shown = text if len(text) <= _SHOWN_LETTERS else text[:_SHOWN_LETTERS].rstrip() + "…"
                leaks.append(Leak("text", record, texts[text], shown))
                break
    return leaks


def _shared_pictures(
    given: Sequence[Record], held_out: Sequence[Record], looks: Mapping[Path, Look | str]
) -> list[Leak]:
    twins = nearest([shape_of(record, looks) for record in held_out], [shape_of(record, looks) for record in given])
    return [
        Leak("picture", record, given[twin.index], f"{twin.bits} of {SHAPE_BITS} bits differ")
        for record, twin in zip(held_out, twins, strict=True)
        if twin
    ]


def shape_of(record: Record, looks: Mapping[Path, Look | str]) -> bytes:
    """The shape of a record's picture; empty where it is blank or cannot be read."""
    look = looks[record.image]
    return look.shape if isinstance(look, Look) else b""


def long_texts(record: Record) -> list[str]:
    """A record's texts, normalised, that are too long to be written twice by chance."""
    texts = (normalised(text) for text in (*(record.told_as(style)[0] for style in STYLES), record.standalone))
    return [text for text in texts if len(text.replace(" ", "")) >= LONG_TEXT_LETTERS]


def normalised(text: str) -> str:
    """Letters, marks and digits in lower case, one space between words: what is equal however it is set."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in folded).split())


def _broken_pictures(
    records: Sequence[Record], numbers: Mapping[str, int], looks: Mapping[Path, Look | str]
) -> list[BadLine]:
    return [
        BadLine(numbers[record.id], f"the picture {record.image.name} {look}")
        for record in records
        if isinstance(look := looks[record.image], str)
    ]


def _broken_order(records: Sequence[Record], numbers: Mapping[str, int]) -> list[BadLine]:
    """Places where a book goes back: what was told before a picture would be what comes after it."""
    wrong: list[BadLine] = []
    last: dict[str, Record] = {}
    for record in records:
        before = last.get(record.book)
        if before and before.page and record.page and (record.page, record.panel) < (before.page, before.panel):
            place = f"page {record.page}" + (f", panel {record.panel}" if record.panel else "")
            wrong.append(BadLine(numbers[record.id], f"{place} of the book {record.book} stands after a later place"))
        last[record.book] = record
    return wrong

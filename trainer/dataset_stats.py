"""What a data set holds: records, books, texts and words by split, pictures and their sizes, what stands twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import mean, median

from trainer.dataset import NARRATION, SPLITS, STYLES, TRAIN, Record
from trainer.dataset_check import normalised, shape_of
from trainer.dataset_pictures import Look, near_links

ALL = "all"
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # “don’t” is one word
_FIRST_COLUMN, _COLUMN = 34, 10  # characters


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one style in one split.

    Attributes:
        count: texts.
        words_mean: words a text; 0 where there is none, as all below.
        words_median: the middle text's words.
        words_longest: the longest text's words.
        vocabulary: different words, upper and lower case alike.
        unseen_words_frac: share of its words, each time it stands there, that no text of this style in train has.
    """

    count: int
    words_mean: float
    words_median: float
    words_longest: int
    vocabulary: int
    unseen_words_frac: float


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of one split.

    Attributes:
        count: different files.
        broken: of these, files that cannot be used.
        blank: of these, files without contrast.
        near_duplicates: of these, files that show nearly what another one shows.
        width_px: smallest, middle and largest; zeros where there is none.
        height_px: the same.
    """

    count: int
    broken: int
    blank: int
    near_duplicates: int
    width_px: tuple[int, float, int]
    height_px: tuple[int, float, int]


@dataclass(frozen=True, slots=True)
class SplitStats:
    """One split, or all.

    Attributes:
        records: in it.
        books: in it.
        both_texts_frac: share of its records that have a narration and a description.
        repeated_texts: texts that stand in an earlier record of it too, letter case and punctuation aside.
        texts: by style.
        pictures: what they are.
    """

    records: int
    books: int
    both_texts_frac: float
    repeated_texts: int
    texts: dict[str, Texts]
    pictures: Pictures


def count(records: Sequence[Record], looks: Mapping[Path, Look | str]) -> dict[str, SplitStats]:
    """Count a data set.

    Args:
        records: the usable ones.
        looks: of all their pictures, from `LookCache.looks_of`.

    Returns:
        By split, and under ALL for the whole.
    """
    learned = {
        style: set(chain.from_iterable(words(r.told_as(style)[0]) for r in records if r.split == TRAIN))
        for style in STYLES
    }
    parts = {split: [record for record in records if record.split == split] for split in SPLITS}
    return {name: _split(part, looks, learned) for name, part in (parts | {ALL: list(records)}).items()}


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return [word.casefold() for word in _WORD.findall(text)]


def _split(records: Sequence[Record], looks: Mapping[Path, Look | str], learned: Mapping[str, set[str]]) -> SplitStats:
    told = [[normalised(text) for record in records if (text := record.told_as(style)[0])] for style in STYLES]
    both = sum(bool(record.narration and record.description) for record in records)
    return SplitStats(
        records=len(records),
        books=len({record.book for record in records}),
        both_texts_frac=both / len(records) if records else 0.0,
        repeated_texts=sum(len(texts) - len(set(texts)) for texts in told),
        texts={style: _texts(records, style, learned[style]) for style in STYLES},
        pictures=_pictures(records, looks),
    )


def _texts(records: Sequence[Record], style: str, learned: set[str]) -> Texts:
    told = [words(text) for record in records if (text := record.told_as(style)[0])]
    lengths = [len(text) for text in told]
    uses = Counter(chain.from_iterable(told))
    unseen = sum(times for word, times in uses.items() if word not in learned)
    return Texts(
        count=len(told),
        words_mean=mean(lengths) if lengths else 0.0,
        words_median=median(lengths) if lengths else 0.0,
        words_longest=max(lengths, default=0),
        vocabulary=len(uses),
        unseen_words_frac=unseen / uses.total() if uses else 0.0,
    )


def _pictures(records: Sequence[Record], looks: Mapping[Path, Look | str]) -> Pictures:
    shown = list({record.image: record for record in records}.values())
    good = [look for record in shown if isinstance(look := looks[record.image], Look)]
    twins = set(chain.from_iterable(near_links([shape_of(record, looks) for record in shown])))
    return Pictures(
        count=len(shown),
        broken=len(shown) - len(good),
        blank=sum(not look.shape for look in good),
        near_duplicates=len(twins),
        width_px=_spread([look.width_px for look in good]),
        height_px=_spread([look.height_px for look in good]),
    )


def _spread(sizes: Sequence[int]) -> tuple[int, float, int]:
    return (min(sizes), median(sizes), max(sizes)) if sizes else (0, 0.0, 0)


def as_table(stats: Mapping[str, SplitStats]) -> str:
    """The counts as a table for a person, a column a split."""
    rows: list[tuple[str, list[str]]] = [("", list(stats))]

    def add(title: str, cells: Sequence[str]) -> None:
        rows.append((title, list(cells)))

    columns = list(stats.values())
    add("records", [f"{part.records:,}" for part in columns])
    add("books", [f"{part.books:,}" for part in columns])
    add("with both texts", [f"{part.both_texts_frac:.1%}" for part in columns])
    add("texts that stand there before", [f"{part.repeated_texts:,}" for part in columns])
    for style in STYLES:
        told = [part.texts[style] for part in columns]
        add("narrations" if style == NARRATION else "descriptions", [f"{texts.count:,}" for texts in told])
        add("  words a text, mean", [f"{texts.words_mean:.1f}" for texts in told])
        add("  words a text, median", [f"{texts.words_median:.0f}" for texts in told])
        add("  words a text, longest", [f"{texts.words_longest:,}" for texts in told])
        add("  vocabulary", [f"{texts.vocabulary:,}" for texts in told])
        add("  words never seen in train", [f"{texts.unseen_words_frac:.1%}" for texts in told])
    shown = [part.pictures for part in columns]
    add("pictures", [f"{pictures.count:,}" for pictures in shown])
    add("  nearly like another", [f"{pictures.near_duplicates:,}" for pictures in shown])
    add("  blank", [f"{pictures.blank:,}" for pictures in shown])
    add("  that cannot be used", [f"{pictures.broken:,}" for pictures in shown])
    for name, sizes in (("width", [p.width_px for p in shown]), ("height", [p.height_px for p in shown])):
        for place, spread in enumerate(("smallest", "median", "largest")):
            add(f"  {name} in pixels, {spread}", [f"{size[place]:,.0f}" for size in sizes])
    return "".join(f"{title:<{_FIRST_COLUMN}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells) + "\n"
                   for title, cells in rows)  # fmt: skip

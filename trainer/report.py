"""What an evaluation found, and its JSON file, from which a later evaluation can compare itself with this one.

    {"model": …, "against": …, "split": …, "records": 410, "books": 36, "decoding": {…}, "signatures": {…},
     "scores": {system: {measure: {"value": …, "low": …, "high": …}}},
     "differences": {system: {measure: {"value": …, "low": …, "high": …, "p": …}}},    narrator minus system
     "bands": {measure: {"low": …, "median": …, "high": …, "inside_frac": …}}, "chance": {measure: …},
     "captions": [{"id": …, "book": …, "reference": …, system: caption, …}]}

A number that could not be measured is null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainer.captioner import Decoding
from trainer.controls import text_of
from trainer.dataset import DatasetError, Record
from trainer.metrics import signatures
from trainer.scoreboard import NARRATOR, Scoreboard


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation's outcome.

    Attributes:
        model: the narrator's id.
        against: what else it was compared with, as the person named it; empty: only the controls.
        split: which split.
        decoding: how captions were chosen.
        board: the numbers.
        records: what was measured on.
        systems: name to captions, one a record.
    """

    model: str
    against: str
    split: str
    decoding: Decoding
    board: Scoreboard
    records: tuple[Record, ...]
    systems: Mapping[str, Sequence[str]]

    @property
    def books(self) -> int:
        """How many books the records are of."""
        return len({record.book for record in self.records})


@dataclass(frozen=True, slots=True)
class Measure:
    """How a measure is shown to people.

    Attributes:
        label: its name.
        digits: decimals that mean something.
        note: what it is, in a sentence.
    """

    label: str
    digits: int
    note: str


MEASURES = {
    "bleu": Measure("BLEU", 2, "Words and word sequences shared with the reference, over the whole split (0 to 100)."),
    "chrf": Measure("chrF++", 2, "Letter and word sequences shared with the reference, over the split (0 to 100)."),
    "rouge_l": Measure("ROUGE-L", 3, "Longest common subsequence of words with the reference, F1, mean (0 to 1)."),
    "cider_d": Measure("CIDEr-D", 3, "Shared word sequences weighted by their rarity, mean (about 0 to 10)."),
    "similarity": Measure("Similarity", 3, "Nearness in meaning to the reference: MiniLM cosine, mean (-1 to 1)."),
    "right_picture": Measure(
        "Right picture", 3, "How often a caption is nearest to the text of its own picture among 20 of the split."
    ),
    "tags_right": Measure(
        "Rightly named", 3, "Of the words that are tags of some picture, the share that are tags of this one."
    ),
    "tags_told": Measure("Tags named", 3, "Share of a picture's tags that its caption names."),
    "picture_fit": Measure("Picture fit", 3, "Cosine of text and picture to the scorer, mean (-1 to 1)."),
    "edit_distance": Measure("Edit distance", 3, "Letters to change over the longer text's letters, mean (0 to 1)."),
    "mean_words": Measure("Words", 1, "Words a caption."),
    "distinct_1": Measure("Distinct-1", 3, "Different words over all words."),
    "distinct_2": Measure("Distinct-2", 3, "Different word pairs over all word pairs."),
    "unique_share": Measure("Unique captions", 3, "Different captions over all captions."),
    "repeated_share": Measure("Repetition", 3, "Share of captions in which a word pair stands twice."),
    "picture_talk": Measure("Picture talk", 3, "Share of captions that say “in this picture”, “we see” and the like."),
    "adjacent_similarity": Measure("Next to each other", 3, "MiniLM cosine of neighbouring texts, mean of books."),
    "order_gain": Measure("Order gain", 3, "Cosine of neighbours minus that of all pairs of a book, mean of books."),
    "decay": Measure("Decay", 3, "Cosine of neighbours minus that of texts three apart, mean of books."),
    "nearest_earlier": Measure("Nearest earlier", 3, "Highest cosine to any earlier text of the book, mean of books."),
}
"""Every measure, in the order people read them."""


def as_json(report: Report) -> dict[str, Any]:
    """The report as the JSON file's object."""
    captions = [
        {"id": record.id, "book": record.book, "reference": text_of(record)}
        | {name: texts[place] for name, texts in report.systems.items()}
        for place, record in enumerate(report.records)
    ]
    whole = {
        "model": report.model,
        "against": report.against,
        "split": report.split,
        "records": len(report.records),
        "books": report.books,
        "decoding": asdict(report.decoding),
        "signatures": signatures(),
        **asdict(report.board),
        "captions": captions,
    }
    return {name: _without_nan(value) for name, value in whole.items()}


def write_json(report: Report, file: Path) -> None:
    """Write the JSON file."""
    text = json.dumps(as_json(report), indent=1, ensure_ascii=False, allow_nan=False)
    write_beside(file, lambda scratch: scratch.write_text(text + "\n", encoding="utf-8"))


def write_beside(file: Path, write: Callable[[Path], object]) -> None:
    """Let a file be written under another name and put it in place when it is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.part")
    write(scratch)
    scratch.replace(file)


def captions_of(file: Path, records: Sequence[Record]) -> list[str]:
    """The narrator's captions in an earlier report, one for each record.

    Raises:
        DatasetError: the file is no report, or one of other records.
    """
    try:
        captions = json.loads(file.read_text(encoding="utf-8"))["captions"]
        rows = {row["id"]: row[NARRATOR] for row in captions}
        told = {row["id"]: row["reference"] for row in captions}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{file} is no report of an evaluation ({type(error).__name__}: {error}).") from error
    for record in records:
        if not isinstance(rows.get(record.id), str):
            raise DatasetError(f"The report {file} was made on other records: it has no caption for {record.id}.")
        if told.get(record.id) != text_of(record):
            raise DatasetError(f"The report {file} was made on other texts: {record.id} has another reference there.")
    return [rows[record.id] for record in records]


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value

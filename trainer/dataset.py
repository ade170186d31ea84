"""Picture stories on disk: one `records.jsonl` and its pictures.

A line is one picture with its texts:

    {"id": "asp-0001-01", "split": "train", "book": "asp-0001", "page": 1, "image": "images/4d93….webp",
     "narration": "His hoe was too short.", "description": null, "license": "CC BY", "author": "…", …}

Records of one book stand in reading order. A bad line is reported with its number and left out; the rest
is usable. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDS = "records.jsonl"
CONTEXT_CAPTIONS = 3
"""Captions that are shown as context: the field's usual window (Iyyer et al. 2017, "The Amazing Mysteries of the
Gutter")."""


class DatasetError(Exception):
    """The folder is no data set; the text is one sentence for the person."""


@dataclass(frozen=True, slots=True)
class Record:
    """One picture of a story.

    Attributes:
        id: unique in the data set.
        split: "train", "dev" or "test".
        book: the story it belongs to.
        page: its place in the story.
        image: the picture's file.
        narration: what the story tells at this picture; empty where there is none.
        description: what is seen, in a person's words; empty where there is none.
        previous: narrations of the pictures before it, oldest first, at most CONTEXT_CAPTIONS.
    """

    id: str
    split: str
    book: str
    page: int
    image: Path
    narration: str
    description: str
    previous: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no record: its number from 1, and why."""

    number: int
    reason: str


def load_records(folder: Path) -> tuple[tuple[Record, ...], tuple[BadLine, ...]]:
    """Read every record, with what came before each.

    Returns:
        The usable records in file order, and the lines left out.

    Raises:
        DatasetError: there is no readable `records.jsonl`, or no record in it.
    """
    try:
        lines = (folder / RECORDS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{folder} is no data set: {RECORDS} cannot be read ({error}).") from error
    records: list[Record] = []
    bad: list[BadLine] = []
    seen: set[str] = set()
    told: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        parsed = _parse(line, folder)
        if isinstance(parsed, Record) and parsed.id in seen:
            parsed = f"the id {parsed.id} stands on an earlier line"
        if isinstance(parsed, str):
            bad.append(BadLine(number, parsed))
            continue
        seen.add(parsed.id)
        before = told.setdefault(parsed.book, [])
        records.append(_with_previous(parsed, before[-CONTEXT_CAPTIONS:]))
        if parsed.narration:
            before.append(parsed.narration)
    if not records:
        raise DatasetError(f"{folder} holds no usable record.")
    return tuple(records), tuple(bad)


def _with_previous(record: Record, previous: Sequence[str]) -> Record:
    return Record(
        record.id, record.split, record.book, record.page, record.image, record.narration, record.description,
        tuple(previous),
    )  # fmt: skip


def _parse(line: str, folder: Path) -> Record | str:
    """The record on a line, or what is wrong with it."""
    try:
        raw: Any = json.loads(line)
    except ValueError as error:
        return f"no JSON ({error})"
    if not isinstance(raw, dict):
        return "not a JSON object"
    for name in ("id", "book", "image"):
        if not isinstance(raw.get(name), str) or not raw[name]:
            return f"“{name}” is missing"
    image = folder / raw["image"]
    if not image.resolve().is_relative_to(folder.resolve()):
        return f"the picture {raw['image']} lies outside the data set"
    if not image.is_file():
        return f"the picture {raw['image']} is missing"
    texts = {name: (raw.get(name) or "") for name in ("narration", "description")}
    if not all(isinstance(text, str) for text in texts.values()):
        return "a text is not a string"
    if not any(text.strip() for text in texts.values()):
        return "neither narration nor description"
    page = raw.get("page", 0)
    return Record(
        id=raw["id"],
        split=str(raw.get("split", "train")),
        book=raw["book"],
        page=page if isinstance(page, int) else 0,
        image=image,
        narration=texts["narration"].strip(),
        description=texts["description"].strip(),
    )

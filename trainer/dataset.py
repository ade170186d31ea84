"""Picture stories on disk: one `records.jsonl` and its pictures.

A line is one picture with its texts:

    {"id": "asp-0001-01", "split": "train", "book": "asp-0001", "page": 1, "image": "images/4d93….webp",
     "narration": "His hoe was too short.", "description": null, "license": "CC BY", "author": "…", …}

Records of one book stand in reading order. A bad line is reported with its number and left out; the rest
is usable. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

RECORDS = "records.jsonl"
NARRATION, DESCRIPTION = "narration", "description"
"""The two ways in which a picture is told: what the story says at it, and what is seen."""
CONTEXT_CAPTIONS = 3
"""Captions that are shown as context: the field's usual window (Iyyer et al. 2017, "The Amazing Mysteries of the
Gutter")."""


class DatasetError(Exception):
    """The folder is no data set; the text is one sentence for the person."""


@dataclass(frozen=True, slots=True)
class Record:
    """One picture of a story.

    The two texts are two ways of telling it, each going on from its own kind.

    Attributes:
        id: unique in the data set.
        split: "train", "dev" or "test".
        book: the story it belongs to.
        page: its place in the story.
        image: the picture's file.
        narration: what the story tells at this picture; empty where there is none.
        description: what is seen, in a person's words; empty where there is none.
        previous: narrations of the pictures before it, oldest first, at most CONTEXT_CAPTIONS.
        previous_descriptions: the same for descriptions.
    """

    id: str
    split: str
    book: str
    page: int
    image: Path
    narration: str
    description: str
    previous: tuple[str, ...] = ()
    previous_descriptions: tuple[str, ...] = ()

    def told_as(self, style: str) -> tuple[str, tuple[str, ...]]:
        """The text in a style (empty where there is none), and what was told before it in the same style."""
        if style == DESCRIPTION:
            return self.description, self.previous_descriptions
        return self.narration, self.previous


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no record: its number from 1, and why."""

    number: int
    reason: str


def load_records(
    folder: Path, descriptions: Mapping[str, str] | None = None
) -> tuple[tuple[Record, ...], tuple[BadLine, ...]]:
    """Read every record, with what came before each.

    Args:
        folder: the data set.
        descriptions: by record id, from `load_descriptions`; they take the place of the records' own.

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
    described: dict[str, list[str]] = {}
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
        if descriptions and parsed.id in descriptions:
            parsed = replace(parsed, description=descriptions[parsed.id])
        narrations, seen_before = told.setdefault(parsed.book, []), described.setdefault(parsed.book, [])
        records.append(
            replace(
                parsed,
                previous=tuple(narrations[-CONTEXT_CAPTIONS:]),
                previous_descriptions=tuple(seen_before[-CONTEXT_CAPTIONS:]),
            )
        )
        narrations += [parsed.narration] if parsed.narration else []
        seen_before += [parsed.description] if parsed.description else []
    if not records:
        raise DatasetError(f"{folder} holds no usable record.")
    return tuple(records), tuple(bad)


def load_descriptions(file: Path) -> dict[str, str]:
    """Read descriptions that are kept apart from their pictures: lines `{"id": ..., "description": ...}`.

    Raises:
        DatasetError: the file cannot be read, or a line is not of this form.
    """
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {str(line["id"]): str(line["description"]) for line in lines}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DatasetError(f"{file} holds no descriptions that can be read: {error}.") from error


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

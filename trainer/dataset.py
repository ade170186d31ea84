"""Picture stories on disk: one `records.jsonl` and its pictures.

A line is one picture with its texts:

    {"id": "asp-0001-01", "split": "train", "book": "asp-0001", "title": "A very tall man", "page": 1, "panel": 2,
     "image": "images/4d93….webp", "narration": "His hoe was too short.", "description": null,
     "author": "…", "illustrator": "…", "license": "CC BY", "source": "African Storybook", …}

Only `id`, `book`, `image` and one of the two texts must be there. A picture may also have a description that stands for
itself (`standalone`, where `description` goes on from those before it) and the words for what is seen (`tags`). Records
of one book stand in reading order, and what was told before a picture follows from it; a line may say it itself
(`previous`, `previous_descriptions`). Other fields are kept. A bad line is reported with its number and left out; the
rest is usable.

`dataset_check` finds what is wrong with a whole data set, `dataset_split` divides it, `dataset_stats` counts it,
`dataset_import` and `dataset_export` exchange it with other forms. This module is standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

RECORDS = "records.jsonl"
NARRATION, DESCRIPTION = "narration", "description"
"""The two ways in which a picture is told: what the story says at it, and what is seen."""
STYLES = (NARRATION, DESCRIPTION)
TRAIN, DEV, TEST = "train", "dev", "test"
SPLITS = (TRAIN, DEV, TEST)
"""Learned from, chosen by, and measured on."""
HELD_OUT_FRAC = 0.1
"""Share of the records that dev, and test, get where nobody says otherwise."""
CONTEXT_CAPTIONS = 3
"""Captions that are shown as context: the field's usual window (Iyyer et al. 2017, "The Amazing Mysteries of the
Gutter")."""

NO_PICTURE = Path()
"""The image of a text that stands alone."""

_CREDITS = ("title", "source", "author", "illustrator", "license")
CONTEXTS = {NARRATION: "previous", DESCRIPTION: "previous_descriptions"}
"""The field that says what was told before, by style."""
KNOWN_FIELDS = (
    "id", "split", "book", "title", "page", "panel", "image", *STYLES, "standalone", "tags", *CONTEXTS.values(),
    *_CREDITS[1:],
)  # fmt: skip
"""The fields of a line that mean something here, in the order in which they are written."""


class DatasetError(Exception):
    """The folder is no data set, or not one to train on; the text is one sentence for the person."""


@dataclass(frozen=True, slots=True)
class Record:
    """One picture of a story.

    The two texts are two ways of telling it, each going on from its own kind.

    Attributes:
        id: unique in the data set.
        split: "train", "dev" or "test".
        book: the story it belongs to.
        page: its place in the story; 0 where that is not said.
        image: the picture's file.
        narration: what the story tells at this picture; empty where there is none.
        description: what is seen, in a person's words; empty where there is none.
        previous: narrations of the pictures before it, oldest first, at most CONTEXT_CAPTIONS.
        previous_descriptions: the same for descriptions.
        panel: its place on the page; 0 where that is not said.
        standalone: what is seen, told without the pictures before it; empty where there is no such text.
        tags: words for what is seen, the most important first.
        title: the book's title.
        source: where picture and text come from.
        author: who wrote the text.
        illustrator: who drew the picture.
        license: on what terms they were given.
        more: the line's other fields, as they stand there.
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
    panel: int = 0
    standalone: str = ""
    tags: tuple[str, ...] = ()
    title: str = ""
    source: str = ""
    author: str = ""
    illustrator: str = ""
    license: str = ""
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def told_as(self, style: str) -> tuple[str, tuple[str, ...]]:
        """The text in a style (empty where there is none), and what was told before it in the same style."""
        if style == DESCRIPTION:
            return self.description, self.previous_descriptions
        return self.narration, self.previous

    def told_alone(self, style: str) -> tuple[str, tuple[str, ...]]:
        """The text for someone who knows nothing of what was told before, which is then nothing."""
        return (style == DESCRIPTION and self.standalone) or self.told_as(style)[0], ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen in a picture, kept apart from it; the attributes as in `Record`."""

    description: str
    standalone: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no record: its number from 1, and why."""

    number: int
    reason: str


def load_records(
    folder: Path, descriptions: Mapping[str, Seen] | None = None
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
    records, bad = scan_records(folder, descriptions)
    if not records:
        first = f" The first line left out is {bad[0].number}: {bad[0].reason}." if bad else ""
        raise DatasetError(f"{folder} holds no usable record.{first}")
    return records, bad


def scan_records(
    folder: Path, descriptions: Mapping[str, Seen] | None = None
) -> tuple[tuple[Record, ...], tuple[BadLine, ...]]:
    """As `load_records`, for whoever wants the bad lines even where there is no usable one.

    Raises:
        DatasetError: there is no readable `records.jsonl`.
    """
    records: list[Record] = []
    bad: list[BadLine] = []
    seen: dict[str, int] = {}
    so_far = StorySoFar()
    for number, line in read_lines(folder):
        raw = parse_line(line)
        parsed = raw if isinstance(raw, str) else parse_record(raw, folder)
        if isinstance(parsed, Record) and parsed.id in seen:
            parsed = f"the id {parsed.id} stands on an earlier line, {seen[parsed.id]}"
        if isinstance(raw, str) or isinstance(parsed, str):
            bad.append(BadLine(number, str(parsed)))
            continue
        seen[parsed.id] = number
        if descriptions and parsed.id in descriptions:
            seen_there = descriptions[parsed.id]
            parsed = replace(
                parsed, description=seen_there.description, standalone=seen_there.standalone or parsed.standalone,
                tags=seen_there.tags or parsed.tags,
            )  # fmt: skip
        records.append(so_far.put_before(parsed, raw))
    return tuple(records), tuple(bad)


class StorySoFar:
    """What each book has told, in both styles, while its records are read in order."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], list[str]] = {}

    def before(self, book: str, style: str) -> tuple[str, ...]:
        """The book's last texts, oldest first, at most CONTEXT_CAPTIONS."""
        return tuple(self._told.get((book, style), ())[-CONTEXT_CAPTIONS:])

    def put_before(self, record: Record, raw: Mapping[str, Any]) -> Record:
        """The record with the texts before it, except where its line says them itself; then it is told too."""
        narrations, descriptions = (
            record.told_as(style)[1] if raw.get(name) is not None else self.before(record.book, style)
            for style, name in CONTEXTS.items()
        )
        for style in STYLES:
            text = record.told_as(style)[0]
            self._told.setdefault((record.book, style), []).extend([text] if text else [])
        return replace(record, previous=narrations, previous_descriptions=descriptions)


def load_descriptions(file: Path) -> dict[str, Seen]:
    """Read descriptions that are kept apart from their pictures.

    Lines `{"id": ..., "description": ...}`, with `standalone` and `tags` where there are such.

    Raises:
        DatasetError: the file cannot be read, or a line is not of this form.
    """
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]
        return {
            str(line["id"]): Seen(str(line["description"]), str(line.get("standalone") or ""), _tags(line.get("tags")))
            for line in lines
        }
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DatasetError(f"{file} holds no descriptions that can be read: {error}.") from error


def _tags(listed: Any) -> tuple[str, ...]:
    """Tags as they count: lower case, each once.

    Raises:
        TypeError: they are no list of strings.
    """
    if listed is not None and not (isinstance(listed, list) and all(isinstance(tag, str) for tag in listed)):
        raise TypeError("“tags” is no list of strings")
    return tuple(dict.fromkeys(tag for listed_tag in listed or () if (tag := listed_tag.strip().lower())))


def read_lines(folder: Path) -> list[tuple[int, bytes]]:
    """The lines of a data set that are not blank, each with its number from 1.

    Raises:
        DatasetError: there is no readable `records.jsonl`.
    """
    try:
        return list(numbered_lines(folder / RECORDS))
    except OSError as error:
        raise DatasetError(f"{folder} is no data set: {RECORDS} cannot be read ({error}).") from error


def numbered_lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, each with its number from 1.

    They are bytes because one line in a wrong encoding must not spoil the others, and because str.splitlines would
    break lines at characters that may stand inside a text, U+2028 for one.
    """
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if line.strip():
                yield number, line.rstrip(b"\r\n")


def parse_line(line: bytes) -> dict[str, Any] | str:
    """The JSON object on a line, or what is wrong with it."""
    try:
        raw: Any = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return f"no JSON ({error})"
    return raw if isinstance(raw, dict) else "not a JSON object"


def parse_record(raw: Mapping[str, Any], folder: Path) -> Record | str:
    """The record that a line's object means, or what is wrong with it.

    The texts before it are those that the object itself gives.
    """
    for name in ("id", "book", "image"):
        if not isinstance(raw.get(name), str) or not raw[name].strip():
            return f"“{name}” is missing"
    wrong = _wrong_field(raw) or _wrong_place(raw["image"], folder)
    if wrong:
        return wrong
    narration, description = ((raw.get(name) or "").strip() for name in STYLES)
    if not narration and not description:
        return "neither narration nor description"
    previous, previous_descriptions = (tuple(raw.get(name) or ())[-CONTEXT_CAPTIONS:] for name in CONTEXTS.values())
    return Record(
        id=raw["id"],
        split=TRAIN if raw.get("split") is None else raw["split"],
        book=raw["book"],
        page=raw.get("page") or 0,
        image=folder / raw["image"],
        narration=narration,
        description=description,
        previous=previous,
        previous_descriptions=previous_descriptions,
        panel=raw.get("panel") or 0,
        standalone=(raw.get("standalone") or "").strip(),
        tags=_tags(raw.get("tags")),
        title=raw.get("title") or "",
        source=raw.get("source") or "",
        author=raw.get("author") or "",
        illustrator=raw.get("illustrator") or "",
        license=raw.get("license") or "",
        more={name: value for name, value in raw.items() if name not in KNOWN_FIELDS},
    )


def _wrong_field(raw: Mapping[str, Any]) -> str:
    """Which field holds what it must not; empty where all is well."""
    if raw.get("split") is not None and raw["split"] not in SPLITS:
        return f"the split {raw['split']!r} is none of {', '.join(SPLITS)}"
    for name in ("page", "panel"):
        if raw.get(name) is not None and (type(raw[name]) is not int or raw[name] < 0):  # True is an int in Python
            return f"“{name}” is no whole number from 0 up"
    for name in (*STYLES, "standalone", *_CREDITS):
        if raw.get(name) is not None and not isinstance(raw[name], str):
            return f"“{name}” is not a string"
    for name in (*CONTEXTS.values(), "tags"):
        texts = raw.get(name) or []
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            return f"“{name}” is no list of strings"
    try:
        json.dumps(raw, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return "a text holds half of a character pair (a lone surrogate)"
    return ""


def _wrong_place(image: str, folder: Path) -> str:
    """Why a picture cannot be the data set's; empty where it can."""
    try:
        if not (folder / image).resolve().is_relative_to(folder.resolve()):
            return f"the picture {image} lies outside the data set"
        if not (folder / image).is_file():
            return f"the picture {image} is missing"
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, a null byte, a loop of links
        return f"the picture {image!r} cannot be reached ({error})"
    return ""

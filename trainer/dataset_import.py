"""Pictures and texts from elsewhere, made into a data set folder.

    rows of a source -> one record each (or one of two texts of a record) -> folder, its pictures copied into it

A row needs a picture and a text. Its columns are those of `records.jsonl`; beside them a text may stand as `text` or
`caption`, with its `style` and its `previous`, a picture as `image` or `file_name`, and a split may be called
"validation". Rows of both styles at one picture become one record. What a row does not say is filled in: fresh ids, a
book for each picture (nothing is known of what was told before it), and splits by the rule of `dataset_split`, where
no row names one. A row that is no record is reported with its number and left out.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from trainer.dataset import (
    CONTEXTS,
    DEV,
    KNOWN_FIELDS,
    RECORDS,
    STYLES,
    TRAIN,
    BadLine,
    DatasetError,
    Record,
    StorySoFar,
    parse_record,
)
from trainer.dataset_pictures import Look, look_at
from trainer.dataset_rows import PICTURES, Row, read_rows
from trainer.dataset_split import Wish, divide
from trainer.whole_files import made_whole

_TEXT_COLUMNS = ("text", "caption")
_MEANT = (*KNOWN_FIELDS, *_TEXT_COLUMNS, "style", "more")  # columns in which an empty cell says nothing
_SPLIT_NAMES = {"validation": DEV, "valid": DEV, "val": DEV}
_NAME_DIGITS = 16
_DIGEST_LETTERS = 8
_LONGEST_NAME = 100  # characters: with what is added, and in any encoding, within every file system's 255 bytes


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made.

    Attributes:
        records: how many, by split.
        bad: rows left out, each with its number and why.
    """

    records: Counter[str]
    bad: tuple[BadLine, ...]


def import_rows(source: Path, folder: Path, style: str, wish: Wish) -> Imported:
    """Make a data set folder.

    Args:
        source: what `dataset_rows.read_rows` reads.
        folder: to be made; must not be there, or be empty.
        style: what a `text` is whose row does not say.
        wish: how to divide the books where no row names a split.

    Raises:
        DatasetError: the source cannot be read or holds no record, or the folder cannot be made.
    """
    wish.validate()
    try:
        with made_whole(folder) as scratch:
            scratch.mkdir()
            importer = _Importer(scratch, style)
            bad = []
            for row in read_rows(source):
                reason = row.reason if isinstance(row, BadLine) else importer.add(row)
                if reason:
                    bad.append(BadLine(row.number, reason))
            if not importer.raws:
                first = f" The first row left out is {bad[0].number}: {bad[0].reason}." if bad else ""
                raise DatasetError(f"{source} holds no record.{first}")
            return Imported(importer.finish(wish), tuple(bad))
    except OSError as error:
        raise DatasetError(f"The data set was not imported: {error}") from error


class _Importer:
    """Collects records and copies their pictures.

    Attributes:
        raws: the lines to be written, by id, in order.
    """

    def __init__(self, folder: Path, style: str) -> None:
        self.raws: dict[str, dict[str, Any]] = {}
        self._folder = folder
        self._style = style
        self._ids: dict[tuple[object, ...], str] = {}  # the first record at a place of a book
        self._pictures: dict[str, tuple[str, str]] = {}  # name and digest, by the name in lower case
        self._looks: dict[str, Look | str] = {}  # by digest
        self._names_split = False

    def add(self, row: Row) -> str:
        """Take one row in; returns why it is no record, empty where it is."""
        try:
            data = row.picture if isinstance(row.picture, bytes) else row.picture.read_bytes()
        except (OSError, ValueError) as error:
            return f"the picture {row.name} cannot be read ({error})"
        digest = hashlib.sha256(data).hexdigest()
        look = self._looks[digest] if digest in self._looks else look_at(io.BytesIO(data))
        self._looks[digest] = look
        if isinstance(look, str):
            return f"the picture {row.name or 'without a name'} {look}"
        try:
            fields = _settled(row.fields, self._style)
        except ValueError as error:
            return str(error)
        name = self._free_name(_place(row.name, data, digest), digest)
        file = self._folder / name
        is_fresh = name.casefold() not in self._pictures
        if is_fresh:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        reason = self._take(fields | {"image": name}, row.number)
        if not reason:
            self._pictures[name.casefold()] = name, digest
        elif is_fresh:
            file.unlink()
        return reason

    def _free_name(self, name: str, digest: str) -> str:
        """The name, or one beside it where another picture has it; some file systems know no upper case."""
        taken, its_digest = self._pictures.get(name.casefold(), (name, digest))
        if its_digest == digest:
            return taken
        path = PurePosixPath(name)
        return str(path.with_name(f"{path.stem}-{digest[:_DIGEST_LETTERS]}{path.suffix}"))

    def _take(self, fields: dict[str, Any], number: int) -> str:
        """Make the fields a record, or the second text of one; returns why that cannot be."""
        place = tuple(str(fields.get(name)) for name in ("book", "page", "panel", "image"))
        given = str(fields["id"]) if "id" in fields else ""
        name = given or self._ids.get(place, "")
        earlier = self.raws.get(name)
        if earlier and earlier["image"] == fields["image"] and not any(earlier[s] and fields.get(s) for s in STYLES):
            told = {key: value for key, value in fields.items() if key in (*STYLES, *CONTEXTS.values())}
            raw = _ordered(fields | {key: value for key, value in earlier.items() if value is not None} | told)
        elif earlier and given:
            return f"the id {given} stands in an earlier row"
        else:
            name = given or f"row-{number:06d}"
            raw = _ordered({"split": TRAIN, "book": name} | fields | {"id": name})
        wrong = parse_record(raw, self._folder)
        if isinstance(wrong, str):
            return wrong
        self._names_split |= "split" in fields
        self._ids.setdefault(place, name)
        self.raws[name] = raw
        return ""

    def finish(self, wish: Wish) -> Counter[str]:
        """Write the records; returns how many each split has."""
        records = {name: record for name, raw in self.raws.items()
                   if isinstance(record := parse_record(raw, self._folder), Record)}  # fmt: skip
        if not self._names_split:
            looks = {self._folder / name: self._looks[digest] for name, digest in self._pictures.values()}
            split_of = divide(tuple(records.values()), looks, wish)
            for name, raw in self.raws.items():
                raw["split"] = split_of[records[name].book]
        so_far = StorySoFar()
        for name, raw in self.raws.items():
            # What follows from the order is not said twice.
            for style, context in CONTEXTS.items():
                if raw.get(context) is not None and tuple(raw[context]) == so_far.before(raw["book"], style):
                    del raw[context]
            so_far.put_before(records[name], raw)
        lines = (json.dumps(raw, ensure_ascii=False) + "\n" for raw in self.raws.values())
        (self._folder / RECORDS).write_text("".join(lines), encoding="utf-8", newline="\n")
        return Counter(raw["split"] for raw in self.raws.values())


def _settled(row: Mapping[str, Any], style: str) -> dict[str, Any]:
    """A row's fields under the names and in the types of `records.jsonl`.

    Raises:
        ValueError: the row has no text, or one in an unknown style; the text is the reason.
    """
    fields = {name: value for name, value in row.items() if name not in _MEANT or value not in (None, "")}
    if not any(name in fields for name in STYLES):
        column = next((name for name in _TEXT_COLUMNS if name in fields), "")
        if not column:
            raise ValueError("there is no text (a column “text”, “narration” or “description”)")
        told = fields.pop("style", style)
        if told not in STYLES:
            raise ValueError(f"the style {told!r} is none of {', '.join(STYLES)}")
        fields[told] = fields.pop(column)
        if "previous" in fields:
            fields[CONTEXTS[told]] = fields.pop("previous")
    for name in (*CONTEXTS.values(), "tags"):
        if isinstance(fields.get(name), str):
            listed = _from_json(fields[name], list)
            fields[name] = [fields[name]] if listed is None else listed
    if not fields.get("tags"):
        fields.pop("tags", None)
    for name in ("page", "panel"):
        fields |= {name: _whole_number(fields[name])} if name in fields else {}
    if "split" in fields:
        fields["split"] = _SPLIT_NAMES.get(str(fields["split"]), fields["split"])
    more = _from_json(fields.get("more"), dict)
    if more is not None:
        del fields["more"]
        fields = more | fields
    settled: dict[str, Any] = json.loads(json.dumps(fields, ensure_ascii=False, default=str))
    return settled


def _from_json(text: object, kind: type[Any]) -> Any:
    """What a text says in JSON, None where it is no text or says nothing of the kind."""
    if not isinstance(text, str):
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, kind) else None


def _whole_number(value: object) -> object:
    """A number out of a table's cell; what is none comes back as it is."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _ordered(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A line's fields in the order of KNOWN_FIELDS, both texts named, then the others."""
    known = {name: raw.get(name) for name in KNOWN_FIELDS if raw.get(name) not in (None, "", 0) or name in STYLES}
    return known | {name: value for name, value in raw.items() if name not in KNOWN_FIELDS}


def _place(name: str, data: bytes, digest: str) -> str:
    """Where a picture goes: where the source had it if that lies inside the folder, else among PICTURES."""
    path = PurePosixPath(name.replace("\\", "/"))
    is_safe = not path.is_absolute() and ".." not in path.parts and not any(sign in name for sign in ":\0")
    if path.name and len(path.name) <= _LONGEST_NAME and is_safe and path.name.casefold() != RECORDS:
        return str(path)
    with Image.open(io.BytesIO(data)) as picture:
        return f"{PICTURES}/{digest[:_NAME_DIGITS]}.{(picture.format or 'picture').lower()}"

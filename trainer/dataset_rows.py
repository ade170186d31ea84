"""Rows of pictures and texts as they come from elsewhere, each with its picture or the reason why it has none.

Sources: a table (`.csv`, `.tsv`, `.jsonl`) whose pictures lie beside it, or a folder with one such table, a data set
folder for one; a parquet file; a folder that `datasets` has saved with `save_to_disk`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict, Image, load_from_disk

from trainer.dataset import BadLine, DatasetError, numbered_lines, parse_line

PICTURES = "images"
"""The folder for pictures that come without a place of their own."""

_TABLES = (".csv", ".tsv", ".jsonl")
_ROWS_AT_ONCE = 64  # pictures of a parquet file in memory
_LONGEST_CELL = 1 << 24  # characters; the csv module's own limit of 131,072 is short for a page of text with context


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a source.

    Attributes:
        number: its line in a table, else its place in the source from 1.
        fields: its columns without the picture.
        picture: the picture's file, or its bytes.
        name: the place that the source gives the picture, with `/`; empty where it gives none.
    """

    number: int
    fields: dict[str, Any]
    picture: Path | bytes
    name: str


def read_rows(source: Path) -> Iterator[Row | BadLine]:
    """Read a source row by row.

    Raises:
        DatasetError: it is none of the known forms, or cannot be read.
    """
    if not source.exists():
        raise DatasetError(f"There is no {source}.")
    try:
        if (source / "dataset_dict.json").is_file() or (source / "state.json").is_file():
            yield from _saved_rows(source)
        elif source.suffix == ".parquet":
            yield from _parquet_rows(source)
        else:
            table = _table_in(source) if source.is_dir() else source
            if table.suffix not in _TABLES:
                raise DatasetError(f"{source} is none of {', '.join(_TABLES)}, .parquet and folders with such a table.")
            yield from _jsonl_rows(table) if table.suffix == ".jsonl" else _table_rows(table)
    except (OSError, ValueError, csv.Error, pa.ArrowException) as error:
        raise DatasetError(f"{source} cannot be read: {error}") from error


def _table_in(folder: Path) -> Path:
    tables = [file for file in sorted(folder.iterdir()) if file.suffix in _TABLES and not file.name.startswith(".")]
    if len(tables) != 1:
        found = f"{len(tables)} of them ({', '.join(file.name for file in tables)})" if tables else "none"
        raise DatasetError(f"{folder} must hold one table ({', '.join(_TABLES)}), but holds {found}; name the file.")
    return tables[0]


def _table_rows(table: Path) -> Iterator[Row | BadLine]:
    csv.field_size_limit(_LONGEST_CELL)
    with table.open(encoding="utf-8-sig", newline="") as stream:
        head = stream.readline()
        stream.seek(0)
        # Where a comma is the decimal sign, programs write semicolons.
        comma = "\t" if table.suffix == ".tsv" else max(",;", key=head.count)
        reader = csv.DictReader(stream, delimiter=comma)
        for cells in reader:
            if None in cells:  # where csv puts what is beyond the head
                yield BadLine(reader.line_num, "more cells than the table's head has")
                continue
            fields = {name: cell for name, cell in cells.items() if cell}
            yield _row(reader.line_num, fields, table.parent)


def _jsonl_rows(table: Path) -> Iterator[Row | BadLine]:
    for number, line in numbered_lines(table):
        raw = parse_line(line)
        yield BadLine(number, raw) if isinstance(raw, str) else _row(number, raw, table.parent)


def _parquet_rows(file: Path) -> Iterator[Row | BadLine]:
    number = 0
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(batch_size=_ROWS_AT_ONCE):
            for fields in batch.to_pylist():
                number += 1
                yield _row(number, fields, file.parent)


def _saved_rows(folder: Path) -> Iterator[Row | BadLine]:
    saved: Dataset | DatasetDict = load_from_disk(str(folder))
    number = 0
    for split, rows in saved.items() if isinstance(saved, DatasetDict) else (("", saved),):
        for name, kind in rows.features.items():
            if isinstance(kind, Image):
                rows = rows.cast_column(name, Image(decode=False))
        for fields in rows:
            number += 1
            yield _row(number, ({"split": split} if split else {}) | fields, folder)


def _row(number: int, fields: Mapping[str, Any], folder: Path) -> Row | BadLine:
    """Part the picture from the other fields: `image`, else `file_name`, else the first column that is a picture."""
    kept = dict(fields)
    place = kept.pop("file_name", None)
    image = kept.pop("image", None)
    if image is None:
        column = next((name for name, value in kept.items() if isinstance(value, dict) and "bytes" in value), "")
        image = kept.pop(column, place)
    name = place if isinstance(place, str) else ""
    if isinstance(image, dict):
        path = image.get("path")
        if isinstance(path, str) and path:
            name = name or f"{PICTURES}/{PurePosixPath(path).name}"
        image = path if image.get("bytes") is None else image["bytes"]
    if isinstance(image, bytes):
        return Row(number, kept, image, name)
    if isinstance(image, str) and image:
        return Row(number, kept, folder / image, name or image)
    return BadLine(number, "there is no picture (a column “image” or “file_name”)")

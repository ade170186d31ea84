"""A data set in the forms of Hugging Face `datasets`: in memory, as a `DatasetDict` folder, as a parquet file.

Each row is one record with its picture, its two texts and what was told before it, so that rows may be shuffled.
`file_name` is the picture's place in the data set folder; `more` holds the fields that mean nothing here, as JSON.
`dataset_import` reads all of it back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict, Features, Image, List, Value

from trainer.dataset import SPLITS, DatasetError, Record, Seen, load_records
from trainer.whole_files import made_whole

PARQUET = ".parquet"
_ROWS_AT_ONCE = 100  # a row group: what readers of picture data sets are advised to fetch at once
_TEXT, _NUMBER = Value("string"), Value("int64")
_COLUMNS = {
    "id": _TEXT, "split": _TEXT, "book": _TEXT, "title": _TEXT, "page": _NUMBER, "panel": _NUMBER, "image": Image(),
    "file_name": _TEXT, "narration": _TEXT, "description": _TEXT, "standalone": _TEXT, "tags": List(_TEXT),
    "previous": List(_TEXT), "previous_descriptions": List(_TEXT), "source": _TEXT, "author": _TEXT,
    "illustrator": _TEXT, "license": _TEXT, "more": _TEXT,
}  # fmt: skip


def as_hf_dataset(folder: Path, descriptions: Mapping[str, Seen] | None = None) -> DatasetDict:
    """A data set folder as a `datasets.DatasetDict`, a `Dataset` for each split that has records.

    Pictures stay where they are, in a column of type `Image`; they are decoded when they are asked for.

    Args:
        folder: the data set.
        descriptions: as for `load_records`.

    Raises:
        DatasetError: no data set.
    """
    return _dataset_dict(load_records(folder, descriptions)[0], folder)


def export(records: Sequence[Record], folder: Path, out: Path) -> None:
    """Write records with their pictures inside, whole or not at all.

    Args:
        records: of the data set, their pictures readable.
        folder: the data set.
        out: ends in `.parquet` for one file with a column `split`; else a folder for `datasets.load_from_disk`.

    Raises:
        DatasetError: it stands there already, a picture cannot be read, or there is no room.
    """
    try:
        with made_whole(out) as scratch:
            if out.suffix == PARQUET:
                _write_parquet(records, folder, scratch)
            else:
                _dataset_dict(records, folder).save_to_disk(str(scratch))
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"The data set was not exported: {error}") from error


def _dataset_dict(records: Sequence[Record], folder: Path) -> DatasetDict:
    columns = {name: kind for name, kind in _COLUMNS.items() if name != "split"}
    splits = {}
    for split in SPLITS:
        rows = [_row(record, folder) for record in records if record.split == split]
        for row in rows:
            row["image"] = {"bytes": None, "path": str((folder / row["file_name"]).absolute())}
        if rows:
            by_column = {name: [row[name] for row in rows] for name in columns}
            splits[split] = Dataset.from_dict(by_column, features=Features(columns))
    return DatasetDict(splits)


def _write_parquet(records: Sequence[Record], folder: Path, file: Path) -> None:
    """Write one file, a few pictures in memory at a time."""
    schema = Features(_COLUMNS).arrow_schema  # says in its metadata that `image` is a picture
    with pq.ParquetWriter(file, schema) as writer:
        for start in range(0, len(records), _ROWS_AT_ONCE):
            rows = [_row(record, folder) for record in records[start : start + _ROWS_AT_ONCE]]
            for row in rows:
                row["image"] = {"bytes": (folder / row["file_name"]).read_bytes(), "path": row["file_name"]}
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _row(record: Record, folder: Path) -> dict[str, Any]:
    """A record's columns, all but the picture."""
    return {
        "id": record.id,
        "split": record.split,
        "book": record.book,
        "title": record.title,
        "page": record.page,
        "panel": record.panel,
        "file_name": record.image.resolve().relative_to(folder.resolve()).as_posix(),
        "narration": record.narration or None,
        "description": record.description or None,
        "standalone": record.standalone or None,
        "tags": list(record.tags),
        "previous": list(record.previous),
        "previous_descriptions": list(record.previous_descriptions),
        "source": record.source,
        "author": record.author,
        "illustrator": record.illustrator,
        "license": record.license,
        "more": json.dumps(record.more, ensure_ascii=False) if record.more else None,
    }

"""The commands of `python -m trainer data`: check a data set, divide it, count it, exchange it with other forms.

They write for a person (`stats --json` for a program), and end with 1 where something is wrong or left out.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from trainer.dataset import SPLITS, DatasetError, Seen, load_descriptions, load_records
from trainer.dataset_check import check, readable_records
from trainer.dataset_pictures import LookCache
from trainer.dataset_split import Wish, split_folder
from trainer.dataset_stats import as_table, count
from trainer.whole_files import write_whole

SOUND, FAULTY = 0, 1


def run(parsed: argparse.Namespace, cache: Path, out: TextIO, notes: TextIO) -> int:
    """Run one command.

    Args:
        parsed: what the arguments of `data_arguments` said.
        cache: the folder where looks of pictures are kept.
        out: takes what was asked for.
        notes: takes what else there is to say.

    Returns:
        The exit status.
    """
    looks = LookCache(cache)
    commands: dict[str, Callable[[], int]] = {
        "validate": lambda: _validate(parsed, looks, out),
        "split": lambda: _split(parsed, looks, out),
        "stats": lambda: _stats(parsed, looks, out, notes),
        "import": lambda: _import(parsed, out, notes),
        "export": lambda: _export(parsed, cache, out, notes),
    }
    try:
        return commands[parsed.data_command]()
    except DatasetError as error:
        notes.write(f"{error}\n")
        return FAULTY


def _validate(parsed: argparse.Namespace, looks: LookCache, out: TextIO) -> int:
    found = check(parsed.folder, looks, _descriptions(parsed))
    for line in found.bad:
        out.write(f"line {line.number}: {line.reason}\n")
    for stranger in found.strangers:
        out.write(f"the description of {stranger} belongs to no record\n")
    for leak in found.leaks:
        out.write(f"leak: {leak.in_words()}\n")
    books = len({record.book for record in found.records})
    splits = Counter(record.split for record in found.records)
    out.write(f"{len(found.records):,} usable records of {books:,} books: {_by_split(splits)}\n")
    out.write(
        f"{len(found.bad):,} bad lines, {len(found.strangers):,} descriptions without a record, "
        f"{len(found.leaks):,} leaks between splits\n"
    )
    return SOUND if found.is_sound else FAULTY


def _split(parsed: argparse.Namespace, looks: LookCache, out: TextIO) -> int:
    splits = split_folder(parsed.folder, _wish(parsed), looks)
    out.write(f"{splits.total():,} records divided: {_by_split(splits)}\n")
    return SOUND


def _stats(parsed: argparse.Namespace, looks: LookCache, out: TextIO, notes: TextIO) -> int:
    records, bad = load_records(parsed.folder, _descriptions(parsed))
    stats = count(records, looks.looks_of(record.image for record in records))
    if bad:
        notes.write(f"{len(bad):,} bad lines are not counted; `data validate` names them.\n")
    counted = json.dumps({name: asdict(part) for name, part in stats.items()}, indent=2) + "\n"
    out.write(counted if parsed.json == "-" else as_table(stats))
    if parsed.json and parsed.json != "-":
        try:
            write_whole(Path(parsed.json), counted.encode())
        except OSError as error:
            raise DatasetError(f"{parsed.json} cannot be written: {error}") from error
    return SOUND


def _import(parsed: argparse.Namespace, out: TextIO, notes: TextIO) -> int:
    from trainer.dataset_import import import_rows  # heavy, as is export: they load Hugging Face datasets

    made = import_rows(parsed.source, parsed.folder, parsed.style, _wish(parsed))
    for row in made.bad:
        notes.write(f"row {row.number}: {row.reason}\n")
    out.write(
        f"{made.records.total():,} records imported ({_by_split(made.records)}), {len(made.bad):,} rows left out\n"
    )
    return FAULTY if made.bad else SOUND


def _export(parsed: argparse.Namespace, cache: Path, out: TextIO, notes: TextIO) -> int:
    from trainer.dataset_export import export

    loaded, bad = load_records(parsed.folder, _descriptions(parsed))
    records, broken = readable_records(loaded, cache)
    for reason in (*(f"line {line.number}: {line.reason}" for line in bad), *broken):
        notes.write(f"left out: {reason}\n")
    if not records:
        raise DatasetError(f"No record of {parsed.folder} has a picture that can be read.")
    export(records, parsed.folder, parsed.out)
    out.write(f"{len(records):,} records exported to {parsed.out}\n")
    return FAULTY if bad or broken else SOUND


def _descriptions(parsed: argparse.Namespace) -> dict[str, Seen] | None:
    return load_descriptions(parsed.descriptions) if parsed.descriptions else None


def _wish(parsed: argparse.Namespace) -> Wish:
    return Wish(parsed.dev_frac, parsed.test_frac, parsed.seed)


def _by_split(splits: Counter[str]) -> str:
    return ", ".join(f"{split} {splits[split]:,}" for split in SPLITS)

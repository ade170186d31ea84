"""The arguments of `python -m trainer data`, apart from its commands so that other commands need not load those."""

from __future__ import annotations

import argparse
from pathlib import Path

from trainer.dataset import HELD_OUT_FRAC, NARRATION, STYLES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of `data`."""
    commands = parser.add_subparsers(dest="data_command", required=True)
    folder = argparse.ArgumentParser(add_help=False)
    folder.add_argument("folder", type=Path, help="folder of the data set")
    told = argparse.ArgumentParser(add_help=False)
    told.add_argument("--descriptions", type=Path, help="file of descriptions in place of the data set's own")
    wish = argparse.ArgumentParser(add_help=False)
    wish.add_argument(
        "--dev-frac", type=float, default=HELD_OUT_FRAC, help="share of the records for dev (%(default)s)"
    )
    wish.add_argument(
        "--test-frac", type=float, default=HELD_OUT_FRAC, help="share of the records for test (%(default)s)"
    )
    wish.add_argument("--seed", type=int, default=0, help="draws the books (%(default)s)")

    commands.add_parser("validate", parents=[folder, told], help="name bad records, and what leaks between splits")
    commands.add_parser("split", parents=[folder, wish], help="divide the books into train, dev and test")
    stats = commands.add_parser("stats", parents=[folder, told], help="count records, texts, words and pictures")
    stats.add_argument("--json", metavar="FILE", help="write the counts here as JSON; - for stdout, without the table")
    importing = commands.add_parser("import", parents=[wish], help="make a data set of pictures and texts")
    importing.add_argument(
        "source",
        type=Path,
        help="a table (.csv, .tsv, .jsonl) with its pictures beside it, or the folder of one; a .parquet file; "
        "a folder saved by Hugging Face datasets",
    )
    importing.add_argument("folder", type=Path, help="the data set to make")
    importing.add_argument("--style", choices=STYLES, default=NARRATION, help="what a “text” is (%(default)s)")
    exporting = commands.add_parser("export", parents=[folder, told], help="write a data set for Hugging Face datasets")
    exporting.add_argument("out", type=Path, help="a .parquet file with a column “split”, else a DatasetDict folder")

"""`python -m trainer data` as a person calls it."""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from drawn_stories import record, stories

from trainer.data_arguments import add_arguments
from trainer.data_commands import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return stories(tmp_path / "set", *(record(book, page) for book in "abcdefghij" for page in (1, 2)))


class Called(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def data(folder: Path, *arguments: object) -> Called:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    out, notes = io.StringIO(), io.StringIO()
    status = run(parser.parse_args([str(one) for one in arguments]), folder.parent / "cache", out, notes)
    return Called(status, out.getvalue(), notes.getvalue())


def test_the_command_line_ends_with_the_status_and_keeps_what_it_has_seen(folder: Path) -> None:
    (folder / "images" / "b1.png").write_bytes(b"no picture")
    environment = os.environ | {"XDG_CACHE_HOME": str(folder.parent / "home"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "trainer", "data", "validate", str(folder)]
    called = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert (called.returncode, called.stderr) == (1, "")
    assert called.stdout.startswith("line 3: the picture b1.png cannot be decoded")
    assert list((folder.parent / "home" / "comicreader" / "looks").iterdir())


def test_a_data_set_is_divided_checked_and_counted(folder: Path) -> None:
    assert data(folder, "split", folder, "--dev-frac", 0.2, "--test-frac", 0.3, "--seed", 3).stdout == (
        "20 records divided: train 10, dev 4, test 6\n"
    )
    checked = data(folder, "validate", folder)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.splitlines() == [
        "20 usable records of 10 books: train 10, dev 4, test 6",
        "0 bad lines, 0 descriptions without a record, 0 leaks between splits",
    ]
    counted = data(folder, "stats", folder, "--json", "-")
    assert json.loads(counted.stdout)["test"]["records"] == 6
    shown = data(folder, "stats", folder, "--json", folder / "stats.json")
    assert shown.stdout.splitlines()[1].split() == ["records", "10", "4", "6", "20"]
    assert json.loads((folder / "stats.json").read_text()) == json.loads(counted.stdout)


def test_what_is_wrong_is_told_with_lines_and_ends_with_1(folder: Path) -> None:
    with (folder / "records.jsonl").open("a") as stream:
        stream.write("{\n" + json.dumps(record("k", 1, "test", image="images/a1.png")) + "\n")
    (folder / "told.jsonl").write_text('{"id": "z-1", "description": "A hut."}\n')
    checked = data(folder, "validate", folder, "--descriptions", folder / "told.jsonl")
    assert checked.returncode == 1
    lines = checked.stdout.splitlines()
    assert lines[0].startswith("line 21: no JSON")
    assert lines[1] == "the description of z-1 belongs to no record"
    assert lines[2] == (
        "leak: the test record k-1 and the train record a-1 show nearly the same picture (0 of 256 bits differ)"
    )
    assert lines[3:] == [
        "21 usable records of 11 books: train 20, dev 0, test 1",
        "1 bad lines, 1 descriptions without a record, 1 leaks between splits",
    ]
    counted = data(folder, "stats", folder)
    assert (counted.returncode, counted.stderr) == (0, "1 bad lines are not counted; `data validate` names them.\n")


def test_a_data_set_goes_out_and_comes_back(folder: Path, tmp_path: Path) -> None:
    out = data(folder, "export", folder, tmp_path / "set.parquet")
    assert (out.returncode, out.stdout) == (0, f"20 records exported to {tmp_path / 'set.parquet'}\n")
    back = data(folder, "import", tmp_path / "set.parquet", tmp_path / "back")
    assert (back.returncode, back.stdout) == (0, "20 records imported (train 20, dev 0, test 0), 0 rows left out\n")
    assert data(folder, "validate", tmp_path / "back").returncode == 0


def test_what_is_left_out_is_told_beside_and_ends_with_1(folder: Path, tmp_path: Path) -> None:
    (folder / "images" / "b1.png").write_bytes(b"no picture")
    out = data(folder, "export", folder, tmp_path / "saved")
    assert out.returncode == 1
    assert "left out: b-1: the picture" in out.stderr
    assert out.stdout == f"19 records exported to {tmp_path / 'saved'}\n"
    back = data(folder, "import", folder, tmp_path / "back")
    assert back.returncode == 1
    assert "row 3: the picture images/b1.png cannot be decoded" in back.stderr


def test_a_wrong_folder_is_one_sentence(folder: Path) -> None:
    for command in ("validate", "stats", "split"):
        failed = data(folder, command, folder / "none")
        assert failed.returncode == 1
        assert failed.stdout == ""
        assert failed.stderr.count("\n") == 1
        assert "is no data set" in failed.stderr

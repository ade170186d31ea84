from __future__ import annotations

import json
import random
import resource
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from drawn_stories import record, stories
from PIL import Image

from trainer.dataset import DatasetError, load_records
from trainer.dataset_check import check, refuse_leaks
from trainer.dataset_pictures import LookCache
from trainer.dataset_split import Wish, split_folder

LONG = "The goat and the moon came down to the river, and they sang until the morning."


def books(**pages: int) -> list[dict[str, Any]]:
    return [record(book, page) for book, count in pages.items() for page in range(1, count + 1)]


def split_of(folder: Path, **wish: Any) -> dict[str, str]:
    counts = split_folder(folder, Wish(**wish), LookCache(folder.parent / "cache"))
    records, _ = load_records(folder)
    assert counts == Counter(one.split for one in records)
    splits = {one.book: one.split for one in records}
    assert all(splits[one.book] == one.split for one in records)  # no book is torn
    return splits


def test_fractions_are_met_as_nearly_as_whole_books_allow(tmp_path: Path) -> None:
    sizes = {"a": 7, "b": 5, "c": 4, "d": 3, "e": 1}
    folder = stories(tmp_path / "set", *books(**sizes))
    for seed in range(4):
        splits = split_of(folder, dev_frac=0.25, test_frac=0.4, seed=seed)
        counts = Counter[str]()
        for book, split in splits.items():
            counts[split] += sizes[book]
        assert counts == {"test": 8, "dev": 5, "train": 7}
    assert check(folder, LookCache(tmp_path / "cache")).is_sound


def test_each_seed_draws_always_the_same_books_whatever_their_order(tmp_path: Path) -> None:
    lines = books(**{f"book{number:02}": 2 for number in range(20)})
    folder = stories(tmp_path / "set", *lines)
    first = split_of(folder, seed=1)
    written = (folder / "records.jsonl").read_bytes()
    assert split_of(folder, seed=1) == first
    assert (folder / "records.jsonl").read_bytes() == written
    assert split_of(stories(tmp_path / "set", *reversed(lines)), seed=1) == first
    assert any(split_of(folder, seed=seed) != first for seed in (2, 3))
    assert Counter(first.values()) == {"train": 16, "dev": 2, "test": 2}


def test_books_that_share_anything_stay_together(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    lines = books(a=2, b=2, c=2, d=2, e=2, f=2, g=2, h=2)
    lines[2]["image"] = "images/copy.webp"  # b shows a picture of a
    lines[5]["narration"] = lines[3]["narration"] = LONG  # c tells a text of b
    lines[6]["title"] = "the tale of C!"  # d has the title of c
    stories(folder, *lines)
    with Image.open(folder / "images" / "a1.png") as original:
        original.convert("L").save(folder / "images" / "copy.webp", quality=60)
    for seed in range(6):
        splits = split_of(folder, dev_frac=0.3, test_frac=0.3, seed=seed)
        assert len({splits[book] for book in "abcd"}) == 1
        assert set(splits.values()) == {"train", "dev", "test"}
        refuse_leaks(load_records(folder)[0], tmp_path / "cache")
        assert check(folder, LookCache(tmp_path / "cache")).is_sound


@pytest.mark.parametrize(
    ("pages", "wish", "sizes"),
    [
        ({"a": 3}, {}, {"train": 1}),
        ({"a": 3, "b": 9}, {}, {"train": 1, "test": 1}),  # test goes first
        ({"a": 3, "b": 9, "c": 9}, {}, {"train": 1, "test": 1, "dev": 1}),
        ({"a": 3, "b": 9, "c": 9}, {"test_frac": 0.0}, {"train": 2, "dev": 1}),
        ({"a": 3, "b": 9, "c": 9}, {"dev_frac": 0.0, "test_frac": 0.0}, {"train": 3}),
        ({"a": 1, "b": 1}, {"dev_frac": 0.0, "test_frac": 0.99}, {"train": 1, "test": 1}),
    ],
)
def test_train_is_never_empty_and_a_wanted_split_only_where_books_lack(
    tmp_path: Path, pages: dict[str, int], wish: dict[str, float], sizes: dict[str, int]
) -> None:
    folder = stories(tmp_path / "set", *books(**pages))
    assert Counter(split_of(folder, **wish).values()) == sizes


def test_random_sizes_come_near_their_share(tmp_path: Path) -> None:
    chance = random.Random(5)
    pages = {f"book{number:02}": chance.randint(1, 9) for number in range(12)}
    folder = stories(tmp_path / "set", *books(**pages))
    total = sum(pages.values())
    for seed in range(3):
        splits = split_of(folder, dev_frac=0.2, test_frac=0.2, seed=seed)
        for part in ("dev", "test"):
            assert abs(sum(pages[book] for book, split in splits.items() if split == part) - 0.2 * total) < 1


def test_bad_lines_and_unknown_fields_stay_and_bad_split_names_are_mended(tmp_path: Path) -> None:
    mended = record("a", 1, split="holdout", mood={"b": None}, note="“ü”")
    folder = stories(tmp_path / "set", "{ not json", mended, b'{"id": "\xff"}', *books(b=2, c=2))
    assert set(split_of(folder)) == {"a", "b", "c"}
    lines = (folder / "records.jsonl").read_bytes().splitlines()
    assert (lines[0], lines[2]) == (b"{ not json", b'{"id": "\xff"}')
    raw = json.loads(lines[1])
    assert list(raw) == list(mended)
    assert raw | {"split": "holdout"} == mended
    assert [path.name for path in folder.iterdir() if path.name != "images"] == ["records.jsonl"]


def test_a_full_disk_leaves_the_records_as_they_were(tmp_path: Path) -> None:
    folder = stories(tmp_path / "set", *books(a=2, b=2, c=2))
    before = (folder / "records.jsonl").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))  # no file may grow beyond
    try:
        with pytest.raises(DatasetError, match=r"cannot be written .*; it is as it was"):
            split_folder(folder, Wish(), LookCache(tmp_path / "cache"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (folder / "records.jsonl").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["images", "records.jsonl"]


@pytest.mark.parametrize("wish", [(-0.1, 0.1), (0.5, 0.5), (float("nan"), 0.1), (0.0, 1.0)])
def test_fractions_that_leave_nothing_for_train_are_refused(tmp_path: Path, wish: tuple[float, float]) -> None:
    folder = stories(tmp_path / "set", *books(a=2, b=2))
    before = (folder / "records.jsonl").read_bytes()
    with pytest.raises(DatasetError, match="leave something for train"):
        split_folder(folder, Wish(*wish), LookCache(tmp_path / "cache"))
    assert (folder / "records.jsonl").read_bytes() == before


def test_what_is_no_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no data set"):
        split_folder(tmp_path, Wish(), LookCache(tmp_path / "cache"))
    with pytest.raises(DatasetError, match="no usable record"):
        split_folder(stories(tmp_path / "set", "{"), Wish(), LookCache(tmp_path / "cache"))

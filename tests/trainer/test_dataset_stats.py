from __future__ import annotations

from pathlib import Path

import pytest
from drawn_stories import record, stories
from PIL import Image

from trainer.dataset import load_records
from trainer.dataset_pictures import LookCache
from trainer.dataset_stats import ALL, SplitStats, as_table, count, words


@pytest.fixture
def stats(tmp_path: Path) -> dict[str, SplitStats]:
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    Image.new("RGB", (50, 70), "white").save(folder / "images" / "blank.png")
    (folder / "images" / "broken.png").write_bytes(b"no")
    stories(
        folder,
        record("a", 1, narration="Don't go, goat!", description="A goat."),
        record("a", 2, narration="Don’t go home, old goat, at night.", image="images/a1.png"),
        record("a", 3, narration="dont", description="a GOAT"),
        record("b", 1, narration="", description="The hut.", image="images/blank.png"),
        record("c", 1, "test", narration="Go to the moon", image="images/broken.png"),
    )
    with Image.open(folder / "images" / "a1.png") as original:
        original.resize((80, 60)).save(folder / "images" / "a3.png")
    records, bad = load_records(folder)
    assert not bad
    return count(records, LookCache(tmp_path / "cache").looks_of(one.image for one in records))


def test_records_books_and_texts_are_counted_by_split(stats: dict[str, SplitStats]) -> None:
    assert {name: (part.records, part.books) for name, part in stats.items()} == {
        "train": (4, 2), "dev": (0, 0), "test": (1, 1), ALL: (5, 3),
    }  # fmt: skip
    train = stats["train"]
    assert train.both_texts_frac == 0.5
    assert train.repeated_texts == 1  # “A goat.” and “a GOAT”
    narrations = train.texts["narration"]
    assert (narrations.count, narrations.words_longest, narrations.words_median) == (3, 7, 3)
    assert narrations.words_mean == pytest.approx(11 / 3)
    assert train.texts["description"].count == 3
    assert stats["dev"].texts["narration"].words_mean == 0


def test_words_are_counted_and_unseen_ones_weighed_by_use(stats: dict[str, SplitStats]) -> None:
    assert words("Don’t go—Ñandú_7 ‘now’!") == ["don’t", "go", "ñandú", "7", "now"]
    test = stats["test"].texts["narration"]
    assert test.vocabulary == 4
    assert test.unseen_words_frac == 0.75  # train has “go”
    assert stats["train"].texts["narration"].unseen_words_frac == 0


def test_pictures_are_counted_as_files(stats: dict[str, SplitStats]) -> None:
    train, test = stats["train"].pictures, stats["test"].pictures
    assert (train.count, train.broken, train.blank, train.near_duplicates) == (3, 0, 1, 2)
    assert train.width_px == (50, 80, 160)
    assert train.height_px == (60, 70, 120)
    assert (test.count, test.broken, test.width_px) == (1, 1, (0, 0, 0))


def test_the_table_has_a_column_a_split(stats: dict[str, SplitStats]) -> None:
    lines = as_table(stats).splitlines()
    assert lines[0].split() == ["train", "dev", "test", "all"]
    assert lines[1].split() == ["records", "4", "0", "1", "5"]
    assert len({len(line) for line in lines}) == 1
    assert any(line.split() == ["with", "both", "texts", "50.0%", "0.0%", "0.0%", "40.0%"] for line in lines)

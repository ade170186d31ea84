from __future__ import annotations

from pathlib import Path

import pytest
import tiny_models

from trainer.captioner import load_captioner
from trainer.controls import most_frequent_text, nearest_texts, text_of, wrong_pictures
from trainer.dataset import Record, load_records


def record(book: str, page: int, narration: str = "A goat.", description: str = "") -> Record:
    return Record(f"{book}-{page}", "test", book, page, Path(f"{book}-{page}.png"), narration, description)


def books(*lengths: int) -> list[Record]:
    return [record(f"book{number}", page) for number, length in enumerate(lengths) for page in range(length)]


@pytest.mark.parametrize("lengths", [(1, 1), (5, 5), (4, 9, 1, 3, 7), (3,) * 12])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_picture_goes_to_one_record_of_another_book(lengths: tuple[int, ...], seed: int) -> None:
    records = books(*lengths)
    given = wrong_pictures(records, seed)
    assert sorted(given) == sorted(one.image for one in records)
    assert all(not picture.name.startswith(f"{one.book}-") for one, picture in zip(records, given, strict=True))


def test_the_same_seed_gives_the_same_wrong_pictures() -> None:
    records = books(4, 9, 1, 3, 7)
    assert wrong_pictures(records, 0) == wrong_pictures(records, 0)
    assert wrong_pictures(records, 0) != wrong_pictures(records, 1)


@pytest.mark.parametrize("lengths", [(2,), (6,), (9, 2)])
def test_where_one_book_is_most_of_it_the_picture_is_wrong_all_the_same(lengths: tuple[int, ...]) -> None:
    records = books(*lengths)
    assert all(one.image != picture for one, picture in zip(records, wrong_pictures(records, 0), strict=True))


def test_the_text_asked_for_is_the_storys_first() -> None:
    assert text_of(record("a", 1, "It rained.", "A goat in the rain.")) == "It rained."
    assert text_of(record("a", 1, "", "A goat in the rain.")) == "A goat in the rain."
    told = [record("a", page, text) for page, text in enumerate(["Run!", "It rained.", "Run!"])]
    assert most_frequent_text(told) == "Run!"


@pytest.mark.parametrize("family", ["prefix", "encoder-decoder"])
def test_the_nearest_training_picture_lends_its_text(
    family: str, tiny_narrator: Path, stories: Path, tmp_path: Path
) -> None:
    model = tiny_narrator if family == "prefix" else tiny_models.tiny_encoder_decoder(tmp_path / "model", False)
    captioner = load_captioner(str(model), tmp_path, lambda *_: None)
    records = load_records(stories)[0]
    train, dev = records[:4], records[4:]  # the same four colours
    seen: list[tuple[int, int]] = []
    texts = nearest_texts(captioner, train, dev, tmp_path / "features", lambda done, count: seen.append((done, count)))
    assert texts == [one.narration for one in dev]
    assert seen[-1] == (8, 8)
    # A book never answers for itself: among its own pictures each record would find its own text.
    assert not set(nearest_texts(captioner, [*dev, *train], dev[:1], tmp_path, lambda *_: None)) - {train[0].narration}

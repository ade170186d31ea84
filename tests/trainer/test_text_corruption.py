from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.metrics import words
from trainer.text_corruption import CORRUPTIONS, INSERTED, REMOVED, REPEATED, SHUFFLED, SWAPPED, corrupted

TEXT = "The old man walks to the river, and his dog runs after him."
OTHER_WORDS = ["kite", "green"]


def spoilt(kind: str, seed: int, text: str = TEXT) -> str:
    return corrupted(text, kind, OTHER_WORDS, random.Random(seed))


@pytest.mark.parametrize("seed", range(20))
def test_each_way_does_what_its_name_says(seed: int) -> None:
    sound = Counter(words(TEXT))
    more = Counter(words(spoilt(REPEATED, seed))) - sound
    assert 1 <= more.total() <= sound.total() // 2
    assert set(more) <= set(sound)
    fewer = sound - Counter(words(spoilt(REMOVED, seed)))
    assert 1 <= fewer.total() <= 3
    inserted = Counter(words(spoilt(INSERTED, seed))) - sound
    assert 1 <= inserted.total() <= 3
    assert set(inserted) <= set(OTHER_WORDS)
    for kind in (SWAPPED, SHUFFLED):
        assert Counter(words(spoilt(kind, seed))) == sound
    for kind in CORRUPTIONS:
        assert words(spoilt(kind, seed)) != words(TEXT)


def test_words_repeat_at_once() -> None:
    row = words(spoilt(REPEATED, 1))
    assert any(row[at : at + size] == row[at + size : at + 2 * size] for at in range(len(row)) for size in range(1, 7))


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_punctuation_and_the_large_first_letter_stay(kind: str) -> None:
    for seed in range(20):
        text = spoilt(kind, seed)
        assert text[0].isupper()
        assert text.endswith(".")
        assert text.count(",") == 1 or kind == REPEATED  # words said twice bring the comma between them
        assert "  " not in text


@given(st.text(alphabet="ab Iñ.,'’\"-\n", max_size=40), st.sampled_from(CORRUPTIONS), st.integers(0, 99))
def test_any_text_is_spoilt_the_same_way_twice_or_left(text: str, kind: str, seed: int) -> None:
    once = corrupted(text, kind, OTHER_WORDS, random.Random(seed))
    assert once == corrupted(text, kind, OTHER_WORDS, random.Random(seed))
    if len(words(text)) < 3:
        assert once == text


def test_where_nothing_can_change_the_text_stays() -> None:
    assert spoilt(SHUFFLED, 0, "very very very very") == "very very very very"
    assert corrupted(TEXT, INSERTED, [], random.Random(0)) == TEXT


def test_a_way_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="none of repeated"):
        spoilt("burnt", 0)

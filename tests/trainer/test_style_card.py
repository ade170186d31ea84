"""A card's wishes: names in every form they are spoken in, words and length, and through a narrator."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import tiny_models
from hypothesis import given
from hypothesis import strategies as st

from trainer.captioner import Decoding, Prompt, load_captioner
from trainer.config import ConfigError
from trainer.style_card import StyleCard, inflections

NAMES = {"the girl": "Pepper", "cat": "Carrot", "cottage": "igloo", "the man": "Neymar", "the old man": "the wizard"}
CARD = StyleCard(names=tuple(NAMES.items()))
HOT = Decoding(temperature=1.5, top_p=1.0, max_tokens=40, repetition_penalty=1.0, no_repeat_ngram=0, no_copy_ngram=0)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("The girl smiles.", "Pepper smiles."),
        ("On a hill sits a girl.", "On a hill sits Pepper."),
        ("A little girl in red waves.", "Pepper in red waves."),
        ("The girl's hat and the girl’s broom.", "Pepper's hat and Pepper’s broom."),
        ("Two girls and the girls' hats.", "Two girls and the girls' hats."),
        ("The girlfriend of the girl-scout.", "The girlfriend of the girl-scout."),
        ("A cat sleeps. Her cat wakes.", "Carrot sleeps. Carrot wakes."),
        ("Cat and dog.", "Carrot and dog."),
        ("They see a cottage.", "They see an igloo."),
        ("The cottage is white. Cottage doors.", "The igloo is white. Igloo doors."),
        ("The old man looks at a man.", "The wizard looks at Neymar."),
        ("The man Neymar runs.", "Neymar runs."),
    ],
)
def test_names_take_their_bearers_places(written: str, told: str) -> None:
    assert CARD.renamed(written) == told


def test_a_name_is_not_renamed_again() -> None:
    card = StyleCard(names=(("the boy", "the girl's brother"), ("the girl", "Pepper")))
    assert card.renamed("The boy waves. The girl waves.") == "The girl's brother waves. Pepper waves."


@given(st.text(alphabet="the girlTHE.a's ", max_size=40))
def test_a_blank_card_changes_no_text(text: str) -> None:
    assert StyleCard().renamed(text) == text


def test_a_blank_card_changes_no_decoding() -> None:
    decoding = Decoding(min_words=3, max_words=20, bad_phrases="a dark night", favoured_words="moon=1")
    assert StyleCard().decoding(decoding) == decoding


def test_words_and_length_become_rules_beside_those_that_stand() -> None:
    card = StyleCard(use=("broom", "magic potion"), avoid=("witch",), fewest_words=4, most_words=60)
    decoding = card.decoding(Decoding(min_words=100, bad_phrases="a dark night", favoured_words="moon=1"))
    decoding.validate()
    assert {"a dark night", "witch", "witches", "witch's"} <= set(decoding.phrases())
    assert list(decoding.favours()) == ["moon", "broom", "magic potion"]
    assert (decoding.min_words, decoding.max_words) == (4, 60)
    assert decoding.max_tokens >= 120


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("witch", {"witches", "witch's"}),
        ("run", {"runs", "running"}),
        ("bake", {"bakes", "baked", "baking"}),
        ("cry", {"cries", "cried", "crying"}),
        ("magic potion", {"magic potions"}),
        ("12", {"12"}),
        (" ", set()),
    ],
)
def test_inflections(word: str, forms: set[str]) -> None:
    assert forms <= set(inflections(word))
    assert "runes" not in inflections(word)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fewest_words": 9, "most_words": 4}, "most words"),
        ({"most_words": -1}, "words"),
        ({"names": [["the girl", " "]]}, "name"),
        ({"use": ["a;b"]}, "word"),
        ({"names": 3}, "no style card"),
        ([], "no style card"),
    ],
)
def test_what_is_no_card_says_what_is_wrong(wrong: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        StyleCard.from_json(wrong)


def test_a_card_survives_json() -> None:
    card = dataclasses.replace(CARD, use=("broom",), avoid=("witch",), fewest_words=2, most_words=9)
    assert StyleCard.from_json(card.as_json()) == card
    assert StyleCard.from_json({}) == StyleCard()


def test_a_narrator_that_writes_nonsense_obeys_at_once(tiny_narrator: Path) -> None:
    captioner = load_captioner(str(tiny_narrator), tiny_narrator, lambda *_: None)
    features = captioner.encode([tiny_models.picture("red")])
    card = StyleCard(avoid=("e", "t"), most_words=3)
    for seed in range(4):
        text = captioner.write(features, [Prompt(seed=seed)], card.decoding(HOT))[0].text
        assert len(text.split()) <= 3
        assert not {"e", "t"} & set(text.lower().split())

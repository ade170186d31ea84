from __future__ import annotations

import pytest

from trainer.word_forms import Lexicon, forms


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ("running", "runs ran run running"), ("sitting", "sit sits sat"), ("standing", "stand stands stood"),
        ("smiling", "smile smiles smiled"), ("dancing", "dance dances danced"), ("leaving", "leave leaves"),
        ("singing", "sing sings sang"), ("changing", "change changes"), ("opening", "open opens opened"),
        ("flying", "fly flies flew"), ("crying", "cry cries cried"), ("lying", "lie lies lay"),
        ("falling", "fall falls"),
        ("hugging", "hug hugs hugged"), ("eating", "eat eats ate"), ("looking", "look looks looked"),
        ("kissing", "kiss kisses kissed"), ("hiding", "hide hides hid"), ("playing", "play plays played"),
        ("baby", "baby babies"), ("leaf", "leaf leaves"), ("knife", "knives"), ("wolf", "wolves"), ("bus", "buses"),
        ("woman", "woman women"), ("mouse", "mouse mice"), ("tomato", "tomatoes"), ("box", "boxes"), ("tree", "trees"),
    ],
)  # fmt: skip
def test_a_word_is_found_in_its_forms(known: str, told: str) -> None:
    lexicon = Lexicon(["moon", known])
    assert lexicon.named(told.split()) == [1]


@pytest.mark.parametrize(
    ("known", "other"),
    [
        ("hugging", "huge"), ("car", "care"), ("hat", "hate"), ("star", "stare"), ("plane", "plan"), ("kite", "kit"),
        ("sitting", "site"), ("sky", "ski"), ("man", "mane"), ("biting", "bitter"), ("shorts", "short"),
        ("pig", "pige"),
    ],
)  # fmt: skip
def test_other_words_are_other_words(known: str, other: str) -> None:
    assert other not in forms(known)


def test_a_form_of_a_known_word_has_its_number() -> None:
    lexicon = Lexicon(["butterflies", "goat", "butterfly"])
    assert lexicon.named(["butterflies", "goats", "butterfly", "sea"]) == [2, 1]
    assert lexicon.number("sea") is None

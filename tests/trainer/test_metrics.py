from __future__ import annotations

import math
import random

import numpy as np
import pytest
import sacrebleu

from trainer.metrics import (
    cider_d,
    edit_distance,
    meaning_measures,
    reference_measures,
    right_picture,
    rouge_l,
    signatures,
    tag_measures,
    talks_of_picture,
    text_measures,
    words,
)
from trainer.significance import value_of

CAPTIONS = ["The goat ran up the hill.", "It rained all day long.", "Sindi's dog barked at the goat."]
REFERENCES = ["The goat ran up the green hill.", "It rained.", "The dog barked at Sindi."]


def test_words_are_lower_case_and_keep_their_apostrophes() -> None:
    assert words("“Don’t go,” said Méline - 3 times!") == ["don't", "go", "said", "méline", "3", "times"]


def test_bleu_and_chrf_are_sacrebleus() -> None:
    measured = reference_measures(CAPTIONS, REFERENCES)
    assert value_of(measured["bleu"]) == pytest.approx(sacrebleu.corpus_bleu(CAPTIONS, [REFERENCES]).score)
    assert value_of(measured["chrf"]) == pytest.approx(
        sacrebleu.corpus_chrf(CAPTIONS, [REFERENCES], word_order=2).score
    )
    assert signatures()["bleu"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp")
    assert "nw:2" in signatures()["chrf"]


def test_tags_are_counted_over_all_records_whatever_the_form_of_a_word() -> None:
    captions = ["A goat runs to the old tree.", "A dog and a goat.", "It rains.", "A goat."]
    tags = [("goat", "running", "hill"), ("dog", "tree"), ("rain", "hill"), ()]  # nobody said what is in the last
    found = tag_measures(captions, tags)
    # named and there: goat, runs | dog | rains; named and only elsewhere: tree | goat
    assert value_of(found["tags_right"]) == pytest.approx(4 / 6)
    assert value_of(found["tags_told"]) == pytest.approx(4 / 7)
    assert math.isnan(value_of(tag_measures(["It is so."], [("goat",)])["tags_right"]))  # nothing was named


def test_rouge_l_of_lins_examples() -> None:
    # Lin 2004, section 3.1: "police kill the gunman" keeps three words in order, "the gunman kill police" two
    assert rouge_l("Police kill the gunman.", "Police killed the gunman.") == pytest.approx(2 * 3 / 8)
    assert rouge_l("The gunman kill police.", "Police killed the gunman.") == pytest.approx(2 * 2 / 8)
    assert rouge_l("The cat", "The cat sat on the mat.") == pytest.approx(2 * 2 / 8)
    assert rouge_l("", "Police killed the gunman.") == 0


def test_cider_d_by_hand() -> None:
    # Two documents, every word in one of them: each n-gram weighs ln 2, which cancels in the cosines.
    references = ["a b", "c d"]
    assert cider_d(["a b", "d c"], references) == pytest.approx([10 * (1 + 1) / 4, 10 * (1 + 0) / 4])
    # "a a": the weight 2 is clipped at 1, (1 * 1) / (2 * sqrt 2); "a": 1 / sqrt 2, one word too short
    short = math.exp(-1 / 72)
    assert cider_d(["a a", "c"], references) == pytest.approx(
        [10 / 4 / (2 * math.sqrt(2)), 10 / 4 / math.sqrt(2) * short]
    )


def test_cider_d_weighs_nothing_that_every_reference_says() -> None:
    assert cider_d(["x", "x b"], ["x a", "x b"]) == pytest.approx([0, 10 * 2 / 4])


def test_edit_distance_of_known_words() -> None:
    assert edit_distance("kitten", "sitting") == pytest.approx(3 / 7)
    assert edit_distance("", "abcd") == 1
    assert edit_distance("", "") == 0
    assert edit_distance("same", "same") == 0


def test_bit_vectors_count_as_the_table_does() -> None:
    draw = random.Random(0)
    for _ in range(100):
        one = "".join(draw.choices("abc ", k=draw.randint(1, 90)))
        two = "".join(draw.choices("abc ", k=draw.randint(1, 90)))
        assert edit_distance(one, two) == pytest.approx(table_distance(one, two) / max(len(one), len(two)))
        first, second = words(one), words(two)
        common = table_common(first, second)
        assert rouge_l(one, two) == pytest.approx(2 * common / max(1, len(first) + len(second)))


def table_distance(one: str, two: str) -> int:
    row = list(range(len(two) + 1))
    for letter in one:
        above, row = row, [row[0] + 1]
        for place, other in enumerate(two):
            row.append(min(above[place + 1] + 1, row[place] + 1, above[place] + (letter != other)))
    return row[-1]


def table_common(one: list[str], two: list[str]) -> int:
    row = [0] * (len(two) + 1)
    for word in one:
        above, row = row, [0]
        for place, other in enumerate(two):
            row.append(above[place] + 1 if word == other else max(above[place + 1], row[place]))
    return row[-1]


def test_what_dull_captions_are_like() -> None:
    measured = {name: value_of(measure) for name, measure in text_measures(["a b a b", "a b a b"]).items()}
    assert measured == pytest.approx(
        {
            "distinct_1": 2 / 8,
            "distinct_2": 2 / 6,
            "unique_share": 1 / 2,
            "repeated_share": 1,
            "mean_words": 4,
            "picture_talk": 0,
        }
    )
    assert math.isnan(value_of(text_measures(["a", "b"])["distinct_2"]))


@pytest.mark.parametrize(
    ("text", "talks"),
    [
        ("In this image, a goat runs.", True),
        ("In the first panel a goat runs.", True),
        ("The picture shows a goat.", True),
        ("A drawing of a goat.", True),
        ("We can see a goat.", True),
        ("She drew a picture and gave it to her mother.", False),
        ("We saw a goat in the field.", False),
    ],
)
def test_talk_of_pictures(text: str, talks: bool) -> None:
    assert talks_of_picture(text) is talks


def test_the_right_picture_by_hand() -> None:
    # Caption 0 is nearest to its own; caption 1 has one of two others before it; caption 2 both.
    similarity = np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.3], [0.6, 0.7, 0.5]])
    assert right_picture(similarity, pool=2) == pytest.approx([1, 1 / 2, 0])
    assert right_picture(similarity, pool=20) == pytest.approx([1, 0, 0])  # all three are the pool


def test_a_caption_that_tells_nothing_finds_its_picture_by_chance() -> None:
    assert right_picture(np.ones((50, 50)), pool=20) == pytest.approx([1 / 20] * 50)


def test_the_right_picture_is_the_mean_over_draws() -> None:
    numbers = np.random.default_rng(0)
    similarity = numbers.random((30, 30))
    hits = []
    for _ in range(4000):
        others = numbers.choice(29, size=4, replace=False)
        hits.append(similarity[29, 29] > similarity[29, others].max())
    assert right_picture(similarity, pool=5)[29] == pytest.approx(np.mean(hits), abs=0.03)


def test_meaning_is_measured_against_the_own_reference() -> None:
    one, two = np.array([[1.0, 0], [0, 1]]), np.array([[1.0, 0], [0.6, 0.8]])
    measured = meaning_measures(one, two)
    assert value_of(measured["similarity"]) == pytest.approx(0.9)
    assert value_of(measured["right_picture"]) == 1

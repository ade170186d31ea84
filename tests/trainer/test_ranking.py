"""Choosing among several captions: chrF as sacreBLEU counts it, minimum Bayes risk, and any other judge."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tiny_models
import torch
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import CHRF
from torch import Tensor
from word_vectors import word_vectors

from trainer.captioner import Decoding, Prompt, WrittenCaption, load_captioner
from trainer.config import ConfigError
from trainer.ranking import choose, chrf, expected_utility, ranking

SAMPLED = Decoding(max_tokens=8, temperature=1.5, top_p=1.0, samples=5)
NO_PICTURES = torch.zeros(1, 1, 1)


def captions(*texts: str) -> list[WrittenCaption]:
    return [WrittenCaption(text, 0.5) for text in texts]


@given(st.lists(st.text(alphabet="abc .,'(é”\n", max_size=30), min_size=1, max_size=6))
def test_chrf_is_sacrebleus(texts: list[str]) -> None:
    sacrebleu = CHRF(word_order=2)
    expected = [[sacrebleu.sentence_score(written, [right]).score for right in texts] for written in texts]
    np.testing.assert_allclose(chrf(texts), expected, atol=1e-6)


def test_the_caption_that_the_others_agree_with_is_taken() -> None:
    candidates = captions("The dog runs home.", "A dog runs home now.", "Rain.", "The dog runs home now.")
    assert choose(NO_PICTURES, [candidates], expected_utility(chrf))[0].text == "The dog runs home now."


def test_agreement_in_meaning_is_another_choice() -> None:
    # letters agree in the first three, words in the last two
    texts = ["one tortoise", "on tortoises", "onto tortoise", "red ball kite", "kite red ball"]
    letters = choose(NO_PICTURES, [captions(*texts)], ranking(Decoding()))[0]
    by_words = ranking(dataclasses.replace(SAMPLED, utility="similarity"), word_vectors)
    assert "tortoise" in letters.text
    assert choose(NO_PICTURES, [captions(*texts)], by_words)[0].text == "red ball kite"


def test_meaning_without_an_encoder_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs the sentence encoder"):
        ranking(dataclasses.replace(SAMPLED, utility="similarity"))


def test_a_single_caption_needs_no_judge(tiny_narrator: Path) -> None:
    captioner = load_captioner(str(tiny_narrator), tiny_narrator, lambda *_: None)
    features = captioner.encode([tiny_models.picture("red")])
    one = Decoding(max_tokens=8)
    by_meaning = dataclasses.replace(one, utility="similarity")
    assert captioner.write(features, [Prompt()], by_meaning) == captioner.write(features, [Prompt()], one)


def test_of_equally_good_captions_the_first_is_taken() -> None:
    assert choose(NO_PICTURES, [captions("a b", "a b")], expected_utility(chrf))[0].text == "a b"
    assert expected_utility(chrf)(NO_PICTURES, [["alone"], ["x", "x"]]) == [[0.0], [100.0, 100.0]]


def test_a_judge_of_pictures_and_texts_can_choose(tiny_narrator: Path) -> None:
    captioner = load_captioner(str(tiny_narrator), tiny_narrator, lambda *_: None)
    features = captioner.encode([tiny_models.picture("red"), tiny_models.picture("blue")])
    prompts = [Prompt(seed=1), Prompt(seed=2)]
    asked: list[Tensor] = []

    def longest(pictures: Tensor, candidates: Sequence[Sequence[str]]) -> list[list[float]]:
        asked.append(pictures)
        return [[float(len(text)) for text in texts] for texts in candidates]

    candidates = captioner.write_candidates(features, prompts, SAMPLED)
    written = captioner.write(features, prompts, SAMPLED, rank=longest)
    assert [len(texts) for texts in candidates] == [5, 5]
    assert [c.text for c in written] == [max((c.text for c in row), key=len) for row in candidates]
    assert torch.equal(asked[0], features)
    captioner.write(features, prompts, dataclasses.replace(SAMPLED, samples=1), rank=longest)
    assert len(asked) == 1  # nothing to choose from


def test_a_narrators_choice_is_minimum_bayes_risk(tiny_narrator: Path) -> None:
    captioner = load_captioner(str(tiny_narrator), tiny_narrator, lambda *_: None)
    features, sacrebleu = captioner.encode([tiny_models.picture("red")]), CHRF(word_order=2)
    texts = [caption.text for caption in captioner.write_candidates(features, [Prompt()], SAMPLED)[0]]
    risks = [
        sum(sacrebleu.sentence_score(text, [other]).score for j, other in enumerate(texts) if j != i)
        for i, text in enumerate(texts)
    ]
    assert captioner.write(features, [Prompt()], SAMPLED)[0].text == texts[int(np.argmax(risks))]

"""Words that come more readily: which tokens are raised, when, and what of it a narrator writes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import tiny_models
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from trainer.captioner import Decoding, Prompt, load_captioner
from trainer.config import ConfigError
from trainer.decoding import FAVOUR
from trainer.favoured_words import FavouredWords
from trainer.token_rules import Vocabulary

HOT = Decoding(temperature=1.0, max_tokens=40, repetition_penalty=1.0, no_repeat_ngram=0, no_copy_ngram=0, samples=4)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerFast:
    return tiny_models.tiny_tokenizer(tmp_path_factory.mktemp("tokenizer"))


def added(tokenizer: PreTrainedTokenizerFast, written: str, **favours: float) -> dict[str, float]:
    """What is added after a text, by token."""
    vocabulary = Vocabulary(tokenizer)
    rule = FavouredWords({name.replace("_", " "): weight for name, weight in favours.items()}, vocabulary.tokens)
    tokens = torch.tensor([vocabulary.tokens(written)], dtype=torch.long).reshape(1, -1)
    scores: Tensor = rule(tokens, torch.zeros(1, len(tokenizer)))[0]
    return {tokenizer.decode([int(token)]): float(scores[token]) for token in scores.nonzero()[:, 0]}


def test_the_token_that_begins_a_word_is_raised(tokenizer: PreTrainedTokenizerFast) -> None:
    assert added(tokenizer, "", ball=1.5)[" ball"] == 1.5
    assert added(tokenizer, " The red", ball=1.5)[" ball"] == 1.5
    assert not added(tokenizer, " The red")


def test_a_word_of_several_tokens_is_gone_on_with(tokenizer: PreTrainedTokenizerFast) -> None:
    first, second, *_ = (tokenizer.decode([token]) for token in Vocabulary(tokenizer).tokens(" zebra"))
    assert added(tokenizer, "", zebra=2.0)[first] == 2
    assert added(tokenizer, f" The{first}", zebra=2.0)[second] == 2
    assert second not in added(tokenizer, " The", zebra=2.0)


def test_a_phrase_is_gone_on_with(tokenizer: PreTrainedTokenizerFast) -> None:
    assert added(tokenizer, " a red", red_ball=1.0)[" ball"] == 1
    assert " ball" not in added(tokenizer, " a blue", red_ball=1.0)


def test_a_word_that_stands_already_is_not_raised_again(tokenizer: PreTrainedTokenizerFast) -> None:
    assert " ball" not in added(tokenizer, " The ball and the", ball=1.5)
    assert added(tokenizer, " The ball and the", ball=1.5, kite=1.0)[" kite"] == 1


def test_the_higher_of_two_wishes_counts(tokenizer: PreTrainedTokenizerFast) -> None:
    assert added(tokenizer, "", red=1.0, red_ball=2.0)[" red"] == 2


def test_rows_have_their_own_text(tokenizer: PreTrainedTokenizerFast) -> None:
    vocabulary = Vocabulary(tokenizer)
    (ball,), (the,) = vocabulary.tokens(" ball"), vocabulary.tokens(" the")
    rule = FavouredWords({"ball": 1.0}, vocabulary.tokens)
    scores = rule(torch.tensor([[ball], [the]]), torch.zeros(2, len(tokenizer)))
    assert scores[:, ball].tolist() == [0, 1]


def test_a_favoured_word_is_written_more_often(tiny_narrator: Path) -> None:
    captioner = load_captioner(str(tiny_narrator), tiny_narrator, lambda *_: None)
    features = captioner.encode([tiny_models.picture("red")])

    def uses(decoding: Decoding) -> int:
        written = captioner.write_candidates(features, [Prompt(seed=7)], decoding)[0]
        return sum("kite" in caption.text for caption in written)

    assert uses(dataclasses.replace(HOT, favoured_words="kite=15")) > uses(HOT)


def test_favours_are_read_with_and_without_a_number() -> None:
    assert Decoding(favoured_words=" Pepper = 1.5; magic potion; ;dull=-2").favours() == {
        "Pepper": 1.5, "magic potion": FAVOUR, "dull": -2.0,
    }  # fmt: skip


@pytest.mark.parametrize("wrong", ["Pepper=much", "Pepper=", "Pepper=nan", "Pepper=99"])
def test_a_favour_without_a_usable_number_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match="favoured_words"):
        Decoding(favoured_words=wrong).validate()

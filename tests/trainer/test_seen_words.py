"""What a picture shows changes which words are written, in a real narrator with a tiny vocabulary and in numbers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import tiny_models
import torch
from PIL import Image

from trainer.captioner import Decoding, Prompt, load_captioner
from trainer.picture_words import PictureWords
from trainer.prefix_captioner import PrefixCaptioner
from trainer.seen_words import SeenWords, WordTokens
from trainer.token_rules import Vocabulary

PLAIN = Decoding(max_tokens=8, repetition_penalty=1.0, no_repeat_ngram=0, no_copy_ngram=0)


@pytest.fixture
def prefix(tiny_narrator: Path, base_weights: Path) -> PrefixCaptioner:
    captioner = load_captioner(str(tiny_narrator), base_weights, lambda *_: None)
    assert isinstance(captioner, PrefixCaptioner)
    return captioner


def picture() -> list[Image.Image]:
    return [tiny_models.picture("red", (64, 48))]


def teach(prefix: PrefixCaptioner, chances: dict[str, float], usual: float = 0.1) -> None:
    """A classifier that sees the same in every picture."""
    words = PictureWords(prefix.encoder.size, list(chances), tells_how_sure=True)
    with torch.no_grad():
        words.weight.zero_()
        words.bias.copy_(torch.tensor(list(chances.values())).logit())
        words.usual.fill_(torch.tensor(usual).logit())
    prefix.words = words
    prefix.card = dataclasses.replace(prefix.card, words=words.words, tells_how_sure=True)


def test_forms_of_a_word_and_words_of_several_tokens_are_known(prefix: PrefixCaptioner) -> None:
    vocabulary = Vocabulary(prefix.tokenizer)
    a_word = next(word for word in vocabulary.whole_words().values() if len(word) >= 4 and not word.endswith("s"))
    known = WordTokens(vocabulary, [a_word, "zzyzx"])
    told = [vocabulary.text([token]) for token in known.tokens[known.word_of == 0].tolist()]
    assert a_word in told
    assert known.spelt == {1: "zzyzx"}
    assert known.named(f"Two {a_word}s, and a Zzyzx.") == [0, 1]
    assert known.named("Nothing of it.") == []


def test_a_word_is_lifted_in_its_own_rows_until_it_is_told(prefix: PrefixCaptioner) -> None:
    known = WordTokens(Vocabulary(prefix.tokenizer), ["ball", "zzyzx"])
    ball = int(known.tokens[0])
    lifts = torch.tensor([[2.0, 0.0], [-1.0, 3.0]])  # two pictures
    rule = SeenWords(known, lifts, [[], []], copies=2)
    size = len(prefix.tokenizer)
    other = next(token for token in range(size) if token not in known.tokens.tolist())
    flat = torch.zeros(4, size)

    def added(given: SeenWords, written: list[list[int]], token: int) -> list[float]:
        scores = given(torch.tensor(written), flat)
        return [round(value, 3) for value in (scores[:, token] - scores[:, other]).tolist()]

    first = known.tokens_of(" zzyzx")[0]
    assert added(rule, [[other]] * 4, ball) == [2, 2, -1, -1]
    assert added(rule, [[other]] * 4, first) == [0, 0, 3, 3]
    assert added(rule, [[ball], [other], [ball], [other]], ball) == [0, 2, -1, -1]  # what is absent stays unlikely
    assert torch.allclose(rule(torch.full((4, 1), other), flat).exp().sum(-1), torch.ones(4), atol=1e-4)
    begun = SeenWords(known, lifts, [[ball], []], copies=2)
    assert added(begun, [[other]] * 4, ball) == [0, 0, -1, -1]


@pytest.mark.parametrize("way", [{"beams": 2}, {"guidance": 1.5}, {"temperature": 0.7, "samples": 3}])
def test_every_way_of_choosing_goes_with_it(prefix: PrefixCaptioner, way: dict[str, float]) -> None:
    features = prefix.encode(picture() * 2)
    teach(prefix, {"ball": 0.1, "hill": 0.98}, usual=0.001)
    strong = dataclasses.replace(PLAIN, seen_words=10.0, **way)  # type: ignore[arg-type]
    assert all("hill" in caption.text for caption in prefix.write(features, [Prompt()] * 2, strong))


def test_what_the_picture_shows_is_written(prefix: PrefixCaptioner) -> None:
    features = prefix.encode(picture())
    teach(prefix, {"ball": 0.1, "hill": 0.1})
    before = prefix.write(features, [Prompt()], PLAIN)[0].text
    teach(prefix, {"ball": 0.1, "hill": 0.98}, usual=0.001)
    strong = dataclasses.replace(PLAIN, seen_words=10.0)
    after = prefix.write(features, [Prompt()], strong)[0]
    assert "hill" in after.text
    assert "hill" not in before
    off = dataclasses.replace(PLAIN, seen_words=0.0)
    teach(prefix, {"ball": 0.1, "hill": 0.1})
    assert prefix.write(features, [Prompt()], off)[0].text == before  # nothing is as usual: the narrator's own words


def test_confidence_is_the_mean_chance_of_the_words_named(prefix: PrefixCaptioner) -> None:
    features = prefix.encode(picture())
    teach(prefix, {"ball": 0.2, "hill": 0.98}, usual=0.001)
    told = prefix.write(features, [Prompt()], dataclasses.replace(PLAIN, seen_words=10.0))[0]
    chances = [chance for word, chance in (("ball", 0.2), ("hill", 0.98)) if word in told.text]
    assert told.confidence == pytest.approx(sum(chances) / len(chances), abs=1e-3)
    unled = dataclasses.replace(PLAIN, seen_words=0.0)
    weighed = prefix.write(features, [Prompt()], unled)[0]
    prefix.words.tells_how_sure = False
    prefix.card = dataclasses.replace(prefix.card, tells_how_sure=False)
    plain = prefix.write(features, [Prompt()], unled)[0]
    assert plain.confidence not in {weighed.confidence, 0.0}  # its tokens' own


def test_a_caption_that_names_nothing_known_is_not_trusted(prefix: PrefixCaptioner) -> None:
    features = prefix.encode(picture())
    teach(prefix, {"zzyzx": 0.01})
    assert prefix.write(features, [Prompt()], PLAIN)[0].confidence == 0

"""What may be written next: the rules alone on a tokenizer's tokens, and through narrators that write nonsense."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
import tiny_models
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import PreTrainedTokenizerFast, TopPLogitsWarper

from trainer.captioner import Captioner, Decoding, Prompt, load_captioner
from trainer.metrics import talks_of_picture, words
from trainer.token_rules import (
    LengthBand,
    LikeliestShare,
    NoBadPhrases,
    NoCopyFromContext,
    SeededSampling,
    Vocabulary,
    rules_of,
    seed_of,
    whole_sentences,
)

END = 0
PLAIN = Decoding(max_tokens=40, repetition_penalty=1.0, no_repeat_ngram=0, no_copy_ngram=0)
HOT = dataclasses.replace(PLAIN, temperature=1.5, top_p=1.0)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerFast:
    return tiny_models.tiny_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="module")
def vocabulary(tokenizer: PreTrainedTokenizerFast) -> Vocabulary:
    return Vocabulary(tokenizer)


@pytest.fixture(scope="module", params=["prefix", "encoder-decoder"])
def captioner(
    request: pytest.FixtureRequest, tiny_narrator: Path, tmp_path_factory: pytest.TempPathFactory
) -> Captioner:
    folder = tiny_narrator
    if request.param == "encoder-decoder":
        folder = tiny_models.tiny_encoder_decoder(tmp_path_factory.mktemp("ved"), uses_context=True)
    return load_captioner(str(folder), folder, lambda *_: None)


def tokens_of(tokenizer: PreTrainedTokenizerFast, text: str) -> Tensor:
    """(1, T)."""
    return torch.tensor([tokenizer(text, add_special_tokens=False).input_ids], dtype=torch.long)


def likeliest_first(tokenizer: PreTrainedTokenizerFast, *texts: str) -> Tensor:
    """Scores (1, V) with these texts' tokens on top, each a single token."""
    scores = torch.zeros(1, len(tokenizer))
    for place, text in enumerate(texts):
        (token,) = tokens_of(tokenizer, text)[0].tolist()
        scores[0, token] = 10 - place
    return scores


def test_a_name_of_many_tokens_can_be_told_again() -> None:
    begins_word = torch.tensor([True, False, False, True])  # token 0: " N", 1 and 2: the rest of the name
    keep_out = NoCopyFromContext([[0, 1, 2, 3, 0, 1, 2]], ngram=3, begins_word=begins_word)
    scores = torch.zeros(1, 4)
    assert keep_out(torch.tensor([[0, 1]]), scores).isfinite().all()  # " N" + 1 -> 2 lies inside the name
    assert keep_out(torch.tensor([[1, 2]]), scores)[0].tolist() == [0, 0, 0, -torch.inf]  # 3 begins the next word
    assert keep_out(torch.tensor([[2]]), scores).isfinite().all()  # less is written than the rule looks at


def test_what_was_told_is_each_rows_own() -> None:
    keep_out = NoCopyFromContext([[1, 2], [1, 3], []], ngram=2, begins_word=torch.ones(4, dtype=torch.bool))
    forbidden = keep_out(torch.tensor([[1], [1], [1]]), torch.zeros(3, 4)).isinf()
    assert forbidden.tolist() == [[False, False, True, False], [False, False, False, True], [False] * 4]


def test_tokens_know_whether_they_begin_a_word_or_end_a_sentence(
    tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary
) -> None:
    def of(mask: Tensor) -> set[str]:
        return {tokenizer.decode([int(token)]) for token in mask.nonzero()[:, 0]}

    assert {" ball", "\n", "\t"} <= of(vocabulary.begins_word)
    assert "ball" not in of(vocabulary.begins_word)
    assert of(vocabulary.ends_sentence) == {".", "!", "?"}


@given(st.lists(st.sampled_from(["A", "b", "c.", "d!", "e?”", "f"]), min_size=1, max_size=12), st.integers(0, 12))
def test_only_a_cut_off_sentence_is_left_out_and_only_where_enough_stays(parts: list[str], fewest: int) -> None:
    text = " ".join(parts)
    cut = whole_sentences(text, fewest)
    assert text.startswith(cut)
    assert cut == text or len(cut.split()) >= fewest
    if cut != text:
        assert cut[-1] in ".!?”"
        assert not any(mark in text[len(cut) :] for mark in ".!?")


class TestLengthBand:
    def rule(self, vocabulary: Vocabulary, fewest: int, most: int) -> LengthBand:
        return LengthBand(dataclasses.replace(PLAIN, min_words=fewest, max_words=most), vocabulary, [END])

    def test_there_is_no_end_before_the_fewest_words(
        self, tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary
    ) -> None:
        rule, scores = self.rule(vocabulary, 3, 0), torch.zeros(1, len(tokenizer))
        assert rule(tokens_of(tokenizer, ""), scores)[0, END] == -torch.inf
        assert rule(tokens_of(tokenizer, " The ball"), scores)[0, END] == -torch.inf
        assert rule(tokens_of(tokenizer, " The red ball"), scores)[0, END] == 0

    def test_a_sentence_that_ends_near_the_most_words_ends_the_caption(
        self, tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary
    ) -> None:
        rule, scores = self.rule(vocabulary, 2, 8), torch.zeros(1, len(tokenizer))
        allowed = rule(tokens_of(tokenizer, " The red ball goes on."), scores)[0].isfinite()
        assert allowed.nonzero()[:, 0].tolist() == [END]
        assert rule(tokens_of(tokenizer, " The ball."), scores).isfinite().all()  # a sentence more has room

    def test_what_is_begun_behind_a_sentence_is_not_finished_at_the_most(
        self, tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary
    ) -> None:
        rule, scores = self.rule(vocabulary, 2, 6), torch.zeros(1, len(tokenizer))
        allowed = rule(tokens_of(tokenizer, " The ball. The red kite on"), scores)[0].isfinite()
        assert allowed.nonzero()[:, 0].tolist() == [END]
        # "Oh." alone would be too short: the sentence behind it has to be closed
        allowed = rule(tokens_of(tokenizer, "Oh. The red kite on hill"), scores)[0].isfinite()
        assert allowed.sum() > 1

    def test_a_long_sentence_is_led_to_its_end(
        self, tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary
    ) -> None:
        rule, scores = self.rule(vocabulary, 0, 8), torch.zeros(1, len(tokenizer))
        (stop,) = tokens_of(tokenizer, ".")[0].tolist()
        text = [" The", " red", " ball", " sits", " on", " the", " hill", " so"]
        bonus = [float(rule(tokens_of(tokenizer, "".join(text[:n])), scores)[0, stop]) for n in range(1, 9)]
        assert bonus == [0, 0, 0, 1, 2, 3, 4, 5]
        last = rule(tokens_of(tokenizer, "".join(text)), scores)[0]
        assert last[vocabulary.begins_word].isinf().all()
        assert last[~vocabulary.begins_word].isfinite().all()

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 2**20))
    def test_nonsense_stays_inside_the_band(self, captioner: Captioner, fewest: int, room: int, seed: int) -> None:
        most = fewest + room or 1
        hot = dataclasses.replace(HOT, min_words=fewest, max_words=most, seed=seed, max_tokens=60)
        features = captioner.encode([tiny_models.picture("red")])
        text = captioner.write(features, [Prompt(("The ball.",))], hot)[0].text
        assert len(text.split()) <= most
        assert len(text.split()) >= fewest or len(text) >= 20  # letters by the dozen can fill the caption's tokens


class TestNoBadPhrases:
    def next_texts(
        self, tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary, written: str, scores: Tensor, **fields: object
    ) -> str:
        rule = NoBadPhrases(dataclasses.replace(PLAIN, **fields), vocabulary, [END])
        return tokenizer.decode([int(rule(tokens_of(tokenizer, written), scores).argmax())])

    def test_a_phrase_is_ruled_out_at_its_last_word(
        self, tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary
    ) -> None:
        scores = likeliest_first(tokenizer, " ball", " kite")
        phrases = {"bad_phrases": "The RED ball; nothing"}
        assert self.next_texts(tokenizer, vocabulary, " the red", scores, **phrases) == " kite"
        assert self.next_texts(tokenizer, vocabulary, " The, red,", scores, **phrases) == " kite"
        assert self.next_texts(tokenizer, vocabulary, " the blue", scores, **phrases) == " ball"
        assert self.next_texts(tokenizer, vocabulary, " bathe red", scores, **phrases) == " ball"  # "the" inside a word

    def test_a_phrase_in_other_tokens_is_the_same_phrase(
        self, tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary
    ) -> None:
        scores = likeliest_first(tokenizer, "e", "s")
        assert self.next_texts(tokenizer, vocabulary, " in this imag", scores, picture_talk=False) == "s"
        assert self.next_texts(tokenizer, vocabulary, " in thi imag", scores, picture_talk=False) == "e"

    def test_words_that_a_phrase_is_made_of_stay_free(
        self, tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary
    ) -> None:
        scores = likeliest_first(tokenizer, "e", "s")
        assert self.next_texts(tokenizer, vocabulary, " She drew an imag", scores, picture_talk=False) == "e"
        assert self.next_texts(tokenizer, vocabulary, " in this imag", scores, picture_talk=True) == "e"

    def test_as_many_good_tokens_are_left_as_beams_can_take(
        self, tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary
    ) -> None:
        rule = NoBadPhrases(
            dataclasses.replace(PLAIN, bad_phrases="red ball; red kite; red hill", beams=2), vocabulary, [END]
        )
        scores = likeliest_first(tokenizer, " ball", " kite", " hill", " goes", " on", " the", " is")
        best = rule(tokens_of(tokenizer, "red"), scores)[0].topk(4).indices
        assert [tokenizer.decode([int(token)]) for token in best] == [" goes", " on", " the", " is"]

    @pytest.mark.parametrize("way", [{}, {"temperature": 1.5}, {"beams": 3}, {"contrast": 0.5}])
    def test_a_narrator_never_writes_them(self, captioner: Captioner, way: dict[str, float]) -> None:
        features = captioner.encode([tiny_models.picture(colour) for colour in ("red", "blue", "green")])
        prompts = [Prompt(seed=seed) for seed in range(3)]
        decoding = dataclasses.replace(PLAIN, max_tokens=16, **way)
        free = [caption.text for caption in captioner.write(features, prompts, decoding)]
        unwanted = {" ".join(pair) for text in free for pair in itertools.pairwise(words(text))}
        assert unwanted
        strict = dataclasses.replace(decoding, bad_phrases=";".join(unwanted))
        for caption in captioner.write(features, prompts, strict):
            assert not unwanted & {" ".join(pair) for pair in itertools.pairwise(words(caption.text))}


def test_picture_talk_is_what_is_measured_as_such(tokenizer: PreTrainedTokenizerFast, vocabulary: Vocabulary) -> None:
    rule = NoBadPhrases(dataclasses.replace(PLAIN, picture_talk=False), vocabulary, [END])
    text = " We can see a red ball in the picture and a photo of the hill"
    tokens = tokens_of(tokenizer, text)
    taken = torch.zeros(1, 0, dtype=torch.long)
    for token in tokens[0]:
        scores = torch.zeros(1, len(tokenizer))
        scores[0, token] = 1
        if rule(taken, scores)[0, token].isfinite():
            taken = torch.cat([taken, token[None, None]], dim=1)
    assert talks_of_picture(text)
    assert not talks_of_picture(tokenizer.decode(taken[0]))
    assert len(taken[0]) > len(tokens[0]) / 2


@pytest.mark.parametrize("spread", [0.01, 1.0, 4.0])  # nearly even, where the likeliest thousand hold little, to sharp
@pytest.mark.parametrize("top_p", [0.3, 0.9])
def test_the_likeliest_share_is_transformers_own(spread: float, top_p: float) -> None:
    torch.manual_seed(0)
    scores = spread * torch.randn(3, 5000)
    scores[0, :50] = -torch.inf
    nothing = torch.zeros(3, 0, dtype=torch.long)
    assert torch.equal(LikeliestShare(top_p)(nothing, scores), TopPLogitsWarper(top_p)(nothing, scores))


class TestSeededSampling:
    def test_a_rows_noise_is_its_seeds(self) -> None:
        hot = dataclasses.replace(HOT, top_p=1.0)
        both, one = SeededSampling(hot, [1, 2]), SeededSampling(hot, [2])
        for _ in range(3):
            scores = torch.randn(2, 9)
            assert torch.equal(both(scores, scores)[1:], one(scores, scores[1:]))

    def test_what_is_not_kept_comes_only_where_nothing_else_may(self) -> None:
        sampling = SeededSampling(dataclasses.replace(HOT, top_k=1, top_p=0.5), [5])
        noisy = sampling(torch.zeros(1, 0), torch.tensor([[3.0, 2.0, -torch.inf]]))
        assert noisy.argmax() == 0
        assert noisy[0, 1].isfinite()  # another rule may forbid the first
        assert noisy[0, 2].isinf()

    def test_seeds_side_by_side_are_far_apart(self) -> None:
        assert len({seed_of(a, b, c) for a in range(3) for b in range(12) for c in range(12)}) == 3 * 12 * 12


def test_no_rule_is_made_that_was_not_asked_for(vocabulary: Vocabulary) -> None:
    assert not rules_of(PLAIN, vocabulary, [END], [[1, 2, 3]], [0])
    assert len(rules_of(Decoding(), vocabulary, [END], [[1, 2, 3]], [0])) == 3
    assert len(rules_of(Decoding(), vocabulary, [END], [[]], [0])) == 2  # nothing was told that could be copied

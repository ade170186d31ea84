"""Every way of decoding, through both families: the same in every batch, and what it says it is."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest
import tiny_models
import torch
from torch import Tensor, nn

from trainer.captioner import Captioner, Decoding, Prompt, load_captioner
from trainer.config import ConfigError
from trainer.encoder_decoder_captioner import EncoderDecoderCaptioner
from trainer.prefix_captioner import PrefixCaptioner
from trainer.token_rules import whole_sentences

PICTURES = [tiny_models.picture("red"), tiny_models.picture("blue", (40, 120)), tiny_models.picture("green", (300, 60))]
RAGGED = [
    Prompt(seed=1),
    Prompt(("The red ball.",), seed=2),
    Prompt(("One.", "A blue kite on the hill, so far.", "It sits."), seed=3),
]
PLAIN = Decoding(max_tokens=12, repetition_penalty=1.0, no_repeat_ngram=0, no_copy_ngram=0)
PENALTIES = Decoding(max_tokens=12)
SAMPLED = dataclasses.replace(PENALTIES, temperature=1.0, top_p=0.95)
WAYS = {
    "greedy": PENALTIES,
    "beam": dataclasses.replace(PENALTIES, beams=3),
    "sampling": SAMPLED,
    "sampling of the likeliest": dataclasses.replace(SAMPLED, top_k=5),
    "minimum Bayes risk": dataclasses.replace(SAMPLED, samples=4),
    "contrastive": dataclasses.replace(PENALTIES, contrast=0.6),
    "length band": dataclasses.replace(PENALTIES, max_tokens=30, min_words=2, max_words=4),
}
GUIDED = {
    "guided": dataclasses.replace(PENALTIES, guidance=2.0),
    "guided beam": dataclasses.replace(PENALTIES, guidance=2.0, beams=3),
    "guided sampling": dataclasses.replace(SAMPLED, guidance=2.0),
    "guided minimum Bayes risk": dataclasses.replace(SAMPLED, guidance=2.0, samples=4),
}


def loaded(folder: Path) -> Captioner:
    captioner = load_captioner(str(folder), folder, lambda *_: None)
    if isinstance(captioner, PrefixCaptioner):
        # random weights have near ties everywhere, which half precision breaks by chance
        captioner.language.float()
        captioner.encoder.float()
    return captioner


@pytest.fixture(scope="module")
def prefix(tiny_narrator: Path) -> PrefixCaptioner:
    captioner = loaded(tiny_narrator)
    assert isinstance(captioner, PrefixCaptioner)
    return captioner


@pytest.fixture(scope="module")
def encoder_decoder(tmp_path_factory: pytest.TempPathFactory) -> EncoderDecoderCaptioner:
    captioner = loaded(tiny_models.tiny_encoder_decoder(tmp_path_factory.mktemp("ved"), uses_context=True))
    assert isinstance(captioner, EncoderDecoderCaptioner)
    return captioner


@pytest.fixture(params=["prefix", "encoder_decoder"])
def captioner(request: pytest.FixtureRequest) -> Captioner:
    found: Captioner = request.getfixturevalue(request.param)
    return found


def assert_the_same_alone(captioner: Captioner, decoding: Decoding, prompts: Sequence[Prompt] = RAGGED) -> None:
    """Every candidate, not only the one that is chosen."""
    together = captioner.write_candidates(captioner.encode(PICTURES), prompts, decoding)
    for number, picture in enumerate(PICTURES):
        alone = captioner.write_candidates(captioner.encode([picture]), [prompts[number]], decoding)[0]
        assert [caption.text for caption in together[number]] == [caption.text for caption in alone]
        for batched, single in zip(together[number], alone, strict=True):
            assert batched.confidence == pytest.approx(single.confidence, rel=1e-3)
    assert len({captions[0].text for captions in together}) == len(PICTURES)


@pytest.mark.parametrize("way", WAYS)
def test_a_batch_with_ragged_contexts_writes_what_each_would_alone(captioner: Captioner, way: str) -> None:
    assert_the_same_alone(captioner, WAYS[way])


@pytest.mark.parametrize("way", GUIDED)
def test_a_guided_batch_writes_what_each_would_alone(prefix: PrefixCaptioner, way: str) -> None:
    assert_the_same_alone(prefix, GUIDED[way])


@pytest.mark.parametrize("way", ["beam", "minimum Bayes risk"])
def test_prompts_without_a_context_are_shared_as_well(captioner: Captioner, way: str) -> None:
    # for the encoder-decoder family they are the begin token alone
    assert_the_same_alone(captioner, WAYS[way], [Prompt(seed=seed) for seed in range(3)])


def test_a_sample_does_not_depend_on_its_place(captioner: Captioner) -> None:
    features = captioner.encode(PICTURES)
    forwards = captioner.write(features, RAGGED, SAMPLED)
    backwards = captioner.write(features.flip(0), RAGGED[::-1], SAMPLED)
    assert [caption.text for caption in forwards] == [caption.text for caption in backwards[::-1]]


def test_a_prompts_seed_and_the_decodings_both_change_the_sample(captioner: Captioner) -> None:
    features = captioner.encode(PICTURES[:1])

    def write(decoding_seed: int, prompt_seed: int) -> str:
        decoding = dataclasses.replace(SAMPLED, seed=decoding_seed)
        return captioner.write(features, [Prompt(seed=prompt_seed)], decoding)[0].text

    assert len({write(0, 0), write(1, 0), write(0, 1), write(1, 1)}) == 4


def test_sampling_draws_what_the_narrator_believes(captioner: Captioner) -> None:
    one = dataclasses.replace(PLAIN, max_tokens=1, temperature=1.0, top_p=1.0, samples=250)
    drawn = [c for seed in range(8) for c in captioner.write_candidates(
        captioner.encode(PICTURES[:1]), [Prompt(seed=seed)], one)[0]]  # fmt: skip
    likeliest = captioner.write(captioner.encode(PICTURES[:1]), [Prompt()], dataclasses.replace(PLAIN, max_tokens=1))[0]
    share = sum(abs(c.confidence - likeliest.confidence) < 1e-6 for c in drawn) / len(drawn)
    assert share == pytest.approx(likeliest.confidence, abs=0.04)  # 2,000 draws: 0.011 standard deviation at most


def test_few_kept_tokens_make_sampling_greedy(captioner: Captioner) -> None:
    features = captioner.encode(PICTURES)
    greedy = captioner.write(features, RAGGED, PENALTIES)
    for sharp in ({"top_k": 1, "top_p": 1.0}, {"top_p": 0.0}):
        assert captioner.write(features, RAGGED, dataclasses.replace(SAMPLED, **sharp)) == greedy


def test_the_first_of_several_samples_is_the_sample_of_one(captioner: Captioner) -> None:
    features = captioner.encode(PICTURES)
    several = captioner.write_candidates(features, RAGGED, WAYS["minimum Bayes risk"])
    one = captioner.write(features, RAGGED, SAMPLED)
    assert [captions[0].text for captions in several] == [caption.text for caption in one]
    assert all(len({caption.text for caption in captions}) > 1 for captions in several)


def test_what_a_models_files_say_of_decoding_is_overruled(encoder_decoder: EncoderDecoderCaptioner) -> None:
    features = encoder_decoder.encode(PICTURES)
    expected = encoder_decoder.write(features, RAGGED, PENALTIES)
    settings = encoder_decoder.model.generation_config
    odd = {"num_beams": 4, "do_sample": True, "top_k": 3, "no_repeat_ngram_size": 1, "min_length": 9, "max_length": 4}
    before = {name: getattr(settings, name) for name in odd}
    for name, value in odd.items():
        setattr(settings, name, value)
    written = encoder_decoder.write(features, RAGGED, PENALTIES)
    for name, value in before.items():
        setattr(settings, name, value)
    assert written == expected


# What each way is, in its plainest form: one row, no cache, no batch.


@torch.inference_mode()
def prompt_of(captioner: Captioner, prompt: Prompt, features: Tensor, shown: bool = True) -> tuple[Tensor, list[int]]:
    """The prompt's embeddings (prefix) or features (encoder-decoder), and the tokens before the caption."""
    if isinstance(captioner, EncoderDecoderCaptioner):
        return features, captioner.prompt_tokens(prompt)
    assert isinstance(captioner, PrefixCaptioner)
    rows = [captioner.prompt_tokens(prompt, ())]
    return captioner.embed(features, rows, torch.tensor([shown]), pad_left=True)[0], []


@torch.inference_mode()
def read(captioner: Captioner, prompt: Tensor, tokens: list[int]) -> tuple[Tensor, Tensor]:
    """Scores of the next token (V,), and the last layer's states (L, D)."""
    ids = torch.tensor([tokens], dtype=torch.long)
    if isinstance(captioner, EncoderDecoderCaptioner):
        output = captioner.model(encoder_outputs=(prompt,), decoder_input_ids=ids, output_hidden_states=True)
        return output.logits[0, -1], output.decoder_hidden_states[-1][0]
    assert isinstance(captioner, PrefixCaptioner)
    embedded = torch.cat([prompt, captioner.language.get_input_embeddings()(ids)], dim=1)  # type: ignore[operator]
    output = captioner.language(inputs_embeds=embedded, output_hidden_states=True)
    return output.logits[0, -1], output.hidden_states[-1][0]


def text_of(captioner: Captioner, tokens: list[int]) -> str:
    assert isinstance(captioner, (PrefixCaptioner, EncoderDecoderCaptioner))
    ended = tokens[: tokens.index(0)] if 0 in tokens else tokens
    return whole_sentences(" ".join(captioner.tokenizer.decode(ended).split()))


@pytest.mark.parametrize("beams", [2, 4])
def test_beam_search_finds_what_following_every_beam_by_hand_finds(captioner: Captioner, beams: int) -> None:
    steps = 6
    for number, prompt in enumerate(RAGGED):
        features = captioner.encode(PICTURES[number : number + 1])
        shown, start = prompt_of(captioner, prompt, features)
        running, finished = [(0.0, list[int]())], list[tuple[float, list[int]]]()
        for step in range(1, steps + 1):
            grown = []
            for score, tokens in running:
                values, likely = read(captioner, shown, start + tokens)[0].log_softmax(-1).topk(2 * beams)
                grown += [(score + v, [*tokens, t]) for v, t in zip(values.tolist(), likely.tolist(), strict=True)]
            grown.sort(reverse=True)
            ends = [(score / step, tokens) for score, tokens in grown[:beams] if tokens[-1] == 0 or step == steps]
            finished += ends
            running = [beam for beam in grown if beam[1][-1] != 0][:beams]
        best = max(finished)[1]
        decoding = dataclasses.replace(PLAIN, max_tokens=steps, beams=beams)
        written = captioner.write(features, [prompt], decoding)[0]
        assert written.text == text_of(captioner, best)
        log_probs = [read(captioner, shown, start + best[:i])[0].log_softmax(-1)[t] for i, t in enumerate(best)]
        assert written.confidence == pytest.approx(torch.stack(log_probs).mean().exp().item(), rel=1e-3)


@pytest.mark.parametrize("scale", [0.0, 1.5, 3.0])
def test_guidance_leads_away_from_what_is_written_without_the_picture(prefix: PrefixCaptioner, scale: float) -> None:
    for number, prompt in enumerate(RAGGED):
        features = prefix.encode(PICTURES[number : number + 1])
        shown, hidden = (prompt_of(prefix, prompt, features, is_shown)[0] for is_shown in (True, False))
        tokens: list[int] = []
        while len(tokens) < PLAIN.max_tokens and 0 not in tokens:
            own, without = read(prefix, shown, tokens)[0], read(prefix, hidden, tokens)[0]
            tokens.append(int((without + scale * (own - without)).argmax()))
        written = prefix.write(features, [prompt], dataclasses.replace(PLAIN, guidance=scale))[0]
        assert written.text == text_of(prefix, tokens)


def test_guidance_takes_the_pictures_words_away_as_well(prefix: PrefixCaptioner) -> None:
    """Without picture and without words nothing is left of the picture: at scale 0 all pictures are told alike."""
    features = prefix.encode(PICTURES)
    prefix.words, before = _words_of(prefix, features), prefix.words
    try:
        assert len(set(prefix.words.best(features))) == len(PICTURES)
        blind = prefix.write(features, [RAGGED[1]] * 3, dataclasses.replace(PLAIN, guidance=0.0))
        seeing = prefix.write(features, [RAGGED[1]] * 3, PLAIN)
    finally:
        prefix.words = before
    assert len({caption.text for caption in blind}) == 1
    assert len({caption.text for caption in seeing}) == 3


def _words_of(prefix: PrefixCaptioner, features: Tensor) -> nn.Module:
    words = type(prefix.words)(features.shape[-1], [*"abcdefghijklmnop"])
    with torch.no_grad():
        words.weight.normal_(generator=torch.Generator().manual_seed(3))
    return words


def test_a_guided_caption_is_streamed_once(prefix: PrefixCaptioner) -> None:
    seen: list[str] = []
    written = prefix.write(prefix.encode(PICTURES[:1]), [Prompt()], GUIDED["guided"], on_text=seen.append)[0]
    assert len(seen) == GUIDED["guided"].max_tokens
    assert seen[-1].startswith(written.text)


def test_a_family_that_was_never_without_pictures_refuses_guidance(encoder_decoder: EncoderDecoderCaptioner) -> None:
    with pytest.raises(ConfigError, match=r"guidance is 2\.0; .* never trained without pictures"):
        encoder_decoder.write(encoder_decoder.encode(PICTURES[:1]), [Prompt()], GUIDED["guided"])


@pytest.mark.parametrize("alpha", [0.3, 0.9])
def test_contrastive_search_passes_over_what_resembles_the_text_before(captioner: Captioner, alpha: float) -> None:
    decoding = dataclasses.replace(PLAIN, contrast=alpha, contrast_tokens=5)
    greedy_differs = False
    for number, prompt in enumerate(RAGGED):
        features = captioner.encode(PICTURES[number : number + 1])
        shown, start = prompt_of(captioner, prompt, features)
        tokens: list[int] = []
        while len(tokens) < PLAIN.max_tokens and 0 not in tokens:
            scores, told = read(captioner, shown, start + tokens)
            values, likely = scores.softmax(-1).topk(5)
            merits = []
            for value, token in zip(values, likely.tolist(), strict=True):
                state = read(captioner, shown, [*start, *tokens, token])[1][-1]
                nearness = nn.functional.cosine_similarity(state[None], told).max()
                merits.append((1 - alpha) * value - alpha * nearness)
            tokens.append(int(likely[torch.stack(merits).argmax()]))
        written = captioner.write(features, [prompt], decoding)[0]
        assert written.text == text_of(captioner, tokens)
        greedy_differs |= written != captioner.write(features, [prompt], PLAIN)[0]
    assert greedy_differs


@pytest.mark.parametrize("way", ["greedy", "sampling", "contrastive"])
def test_a_caption_streams_and_stops_when_asked(captioner: Captioner, way: str) -> None:
    features = captioner.encode(PICTURES[:1])
    seen: list[str] = []
    whole = captioner.write(features, [Prompt()], WAYS[way], on_text=seen.append)[0]
    assert len(seen) > 3
    assert seen[-1].startswith(whole.text)
    seen.clear()
    captioner.write(features, [Prompt()], WAYS[way], on_text=seen.append, should_stop=lambda: len(seen) >= 2)
    assert 2 <= len(seen) <= 3  # the next token may have been begun


@pytest.mark.parametrize("way", ["beam", "minimum Bayes risk"])
def test_what_is_chosen_at_the_end_is_not_streamed_but_stops(captioner: Captioner, way: str) -> None:
    seen: list[str] = []
    asked: list[int] = []
    features = captioner.encode(PICTURES[:1])

    def asked_twice() -> bool:
        asked.append(len(asked))
        return len(asked) > 2

    stopped = captioner.write(features, [Prompt()], WAYS[way], seen.append, asked_twice)[0]
    assert not seen
    assert len(asked) == 3
    assert len(stopped.text) < len(captioner.write(features, [Prompt()], WAYS[way])[0].text)


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"samples": 4}, "samples is 4 with temperature 0"),
        ({"beams": 4, "temperature": 1.0}, "beams and temperature"),
        ({"contrast": 0.5, "beams": 2}, "contrast goes with"),
        ({"contrast": 0.5, "guidance": 2.0}, "contrast goes with"),
        ({"min_words": 9, "max_words": 5}, "min_words is 9"),
        ({"utility": "bleu"}, "utility is “bleu”"),
        ({"top_p": 1.5}, "top_p is 1.5"),
    ],
)
def test_ways_that_do_not_go_together_are_refused(
    prefix: PrefixCaptioner, fields: dict[str, float], names: str
) -> None:
    with pytest.raises(ConfigError, match=names):
        prefix.write(prefix.encode(PICTURES[:1]), [Prompt()], dataclasses.replace(PLAIN, **fields))


def test_the_command_line_asks_for_every_way() -> None:
    parser = argparse.ArgumentParser()
    Decoding.add_arguments(parser)
    assert Decoding.from_arguments(parser.parse_args([])) == Decoding()
    written = ["--samples", "8", "--temperature", "0.7", "--utility", "similarity", "--guidance", "1.5"]
    written += ["--no-picture-talk", "--bad-phrases", "once upon a time; the end", "--min-words", "5"]
    expected = Decoding(
        samples=8, temperature=0.7, utility="similarity", guidance=1.5, picture_talk=False,
        bad_phrases="once upon a time; the end", min_words=5,
    )  # fmt: skip
    asked = Decoding.from_arguments(parser.parse_args(written))
    assert asked == expected
    assert asked.phrases() == ("once upon a time", "the end")

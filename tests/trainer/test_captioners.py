"""Both families through the one interface."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
import tiny_models
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from trainer.captioner import Captioner, CaptionerError, Decoding, Prompt, load_captioner
from trainer.picture_encoder import FEATURES, GRID, PATCH_BUDGET, FeatureCache, PictureEncoder, patch_grid
from trainer.prefix_captioner import PrefixCaptioner

PICTURES = [tiny_models.picture("red"), tiny_models.picture("blue", (40, 120)), tiny_models.picture("green", (300, 60))]
RAGGED = [Prompt(), Prompt(("The red ball.",)), Prompt(("One.", "A blue kite on the hill, so far.", "It sits."))]
SHORT = Decoding(max_tokens=12)


@pytest.fixture(scope="module")
def encoder_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.tiny_encoder_decoder(tmp_path_factory.mktemp("ved"), uses_context=True)


@pytest.fixture(params=["prefix", "encoder-decoder"])
def captioner(request: pytest.FixtureRequest, tiny_narrator: Path, encoder_decoder: Path) -> Captioner:
    folder = tiny_narrator if request.param == "prefix" else encoder_decoder
    loaded = load_captioner(str(folder), folder, lambda *_: None)
    if isinstance(loaded, PrefixCaptioner):
        # random weights have near ties everywhere, which half precision breaks by chance
        loaded.language.float()
        loaded.encoder.float()
    return loaded


def test_a_batch_with_ragged_contexts_writes_what_each_would_alone(captioner: Captioner) -> None:
    together = captioner.write(captioner.encode(PICTURES), RAGGED, SHORT)
    alone = [
        captioner.write(captioner.encode([picture]), [prompt], SHORT)[0]
        for picture, prompt in zip(PICTURES, RAGGED, strict=True)
    ]
    assert [caption.text for caption in together] == [caption.text for caption in alone]
    for batched, single in zip(together, alone, strict=True):
        assert batched.confidence == pytest.approx(single.confidence, rel=0.05)


def test_picture_and_context_both_change_the_text(captioner: Captioner) -> None:
    features = captioner.encode(PICTURES[:2])
    texts = {
        captioner.write(features[i : i + 1], [prompt], SHORT)[0].text
        for i in range(2)
        for prompt in (Prompt(), Prompt(("A blue kite.",)))
    }
    assert len(texts) == 4


def test_a_caption_begins_as_it_is_told_to(captioner: Captioner) -> None:
    features = captioner.encode(PICTURES[:2])
    prompts = [Prompt(begun="The red ball"), Prompt()]
    begun, free = captioner.write(features, prompts, SHORT)
    assert begun.text.startswith("The red ball")
    assert begun.text != "The red ball"
    assert free.text == captioner.write(features[1:], prompts[1:], SHORT)[0].text
    sampled = dataclasses.replace(SHORT, temperature=1.0, samples=3)
    candidates = captioner.write_candidates(features[:1], prompts[:1], sampled)[0]
    assert [caption.text[:12] for caption in candidates] == ["The red ball"] * 3
    grown: list[str] = []
    captioner.write(features[:1], prompts[:1], SHORT, on_text=grown.append)
    assert all(text.startswith("The red ball") for text in grown)


def test_a_caption_streams_and_stops_when_asked(captioner: Captioner) -> None:
    seen: list[str] = []
    features = captioner.encode(PICTURES[:1])
    whole = captioner.write(features, [Prompt()], SHORT, on_text=seen.append)[0]
    assert len(seen) > 3
    assert seen[-1].startswith(whole.text)
    seen.clear()
    captioner.write(features, [Prompt()], SHORT, on_text=seen.append, should_stop=lambda: len(seen) >= 2)
    assert 2 <= len(seen) <= 3  # generate may have begun the next token


def test_what_the_context_said_is_not_said_again(captioner: Captioner) -> None:
    features = captioner.encode(PICTURES[:1])
    free = dataclasses.replace(SHORT, max_tokens=30, no_copy_ngram=0)
    said = captioner.write(features, [Prompt(("x",))], free)[0].text
    # the narrator's own words as context: what it would like to say again is ruled out
    again = captioner.write(features, [Prompt((said,))], dataclasses.replace(free, no_copy_ngram=2))[0].text
    pairs = {pair for pair in itertools.pairwise(said.split()) if len(pair[1]) > 1}
    assert not pairs & set(itertools.pairwise(again.split()))


def test_sampling_repeats_with_its_seed_and_differs_with_another(captioner: Captioner) -> None:
    features = captioner.encode(PICTURES[:1])

    def write(seed: int) -> str:
        warm = dataclasses.replace(SHORT, temperature=1.0, top_p=1.0, seed=seed)
        return captioner.write(features, [Prompt()], warm)[0].text

    assert write(1) == write(1)
    assert len({write(seed) for seed in range(1, 5)}) > 1


def test_sampling_leaves_the_random_state_alone(captioner: Captioner) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    captioner.write(captioner.encode(PICTURES[:1]), [Prompt()], dataclasses.replace(SHORT, temperature=1.0))
    assert torch.rand(1) == expected


def test_a_public_checkpoint_is_not_shown_a_context_it_never_learned(tmp_path: Path) -> None:
    folder = tiny_models.tiny_encoder_decoder(tmp_path, uses_context=False)
    captioner = load_captioner(str(folder), tmp_path, lambda *_: None)
    features = captioner.encode(PICTURES[:1])
    with_context = captioner.write(features, [Prompt(("A blue kite.",))], SHORT)[0]
    assert with_context == captioner.write(features, [Prompt()], SHORT)[0]


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all"])
def test_a_folder_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(CaptionerError, match="There is no narrator in") as caught:
        load_captioner(name, tmp_path, lambda *_: None)
    assert caught.value.reason == "model_not_found"


def test_a_hub_model_without_network_says_so(tmp_path: Path) -> None:
    with pytest.raises(CaptionerError, match="hub cannot be reached") as caught:
        load_captioner("nobody/no-such-model", tmp_path, lambda *_: None)
    assert caught.value.reason == "no_network"
    assert "embedded narrator" in caught.value.hint


def test_weights_that_do_not_fit_are_refused_in_one_sentence(tiny_narrator: Path, tmp_path: Path) -> None:
    for file in tiny_narrator.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "weights.safetensors")
    weights["projector.absent"] = torch.zeros(3, 3)
    save_file(weights, tmp_path / "weights.safetensors")
    with pytest.raises(CaptionerError, match="do not fit"):
        load_captioner(str(tmp_path), tmp_path, lambda *_: None)
    (tmp_path / "weights.safetensors").write_bytes(b"half a file")
    with pytest.raises(CaptionerError, match="cannot be read"):
        load_captioner(str(tmp_path), tmp_path, lambda *_: None)


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_the_patch_grid_fits_the_budget_and_never_falls_below_the_field(width: int, height: int) -> None:
    columns, rows = patch_grid(width, height)
    assert columns >= GRID
    assert rows >= GRID
    assert columns * rows <= PATCH_BUDGET + columns
    if 1 / 4 <= width / height <= 4:
        assert columns / rows == pytest.approx(width / height, rel=0.25)


def test_features_are_computed_once_and_only_for_new_pictures(tmp_path: Path) -> None:
    vision, _ = tiny_models.tiny_bases(tmp_path)
    encoder = PictureEncoder(str(vision), tmp_path)
    files = [tmp_path / f"{colour}.png" for colour in ("red", "blue", "green")]
    for file in files:
        tiny_models.picture(file.stem).save(file)
    computed: list[int] = []
    cache = FeatureCache(tmp_path / "cache")
    first = cache.features_of(encoder, files[:2], lambda done, _: computed.append(done))
    assert first[files[0]].shape == (FEATURES, encoder.size)
    assert not torch.equal(first[files[0]], first[files[1]])
    again = FeatureCache(tmp_path / "cache").features_of(encoder, files, lambda done, count: computed.append(count))
    assert computed == [1, 2, 1]
    assert torch.equal(again[files[0]], first[files[0]])

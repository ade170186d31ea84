"""Supervised fine-tuning from every starting point, and what the run's options do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models
import torch
from safetensors.torch import load_file, save_file
from transformers import VisionEncoderDecoderModel

from trainer import events
from trainer.captioner import CaptionerError, Decoding, Prompt, load_captioner
from trainer.config import ConfigError, SftConfig
from trainer.dataset import DESCRIPTION, DatasetError, load_records
from trainer.run_dir import RunDir
from trainer.sft import train

PLAIN = Decoding(repetition_penalty=1.0, no_repeat_ngram=0, no_copy_ngram=0)


@pytest.fixture(scope="module")
def vision(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.tiny_bases(tmp_path_factory.mktemp("bases"))[0]


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.tiny_gpt2(tmp_path_factory.mktemp("gpt2"))


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A VisionEncoderDecoderModel as the public ones are stored, with word embeddings that can express something."""
    folder = tiny_models.tiny_encoder_decoder(tmp_path_factory.mktemp("ved"), uses_context=False)
    weights = load_file(folder / "model.safetensors")
    weights["decoder.transformer.wte.weight"] *= 15
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def settings(stories: Path, run: Path, **changes: object) -> SftConfig:
    config = SftConfig(
        data=str(stories), run=str(run), threads=1, batch_size=4, epochs=1000, max_steps=200, evaluate_every=200,
        learning_rate=0.02, projector_learning_rate=0.03, block_learning_rate=0.01, lora_rank=8, lora_dropout=0.0,
        picture_dropout=0.0, context_dropout=0.0, vision_layers="", bf16=False,
    )  # fmt: skip
    return replace(config, **changes)  # type: ignore[arg-type]


def learn(config: SftConfig) -> list[events.Event]:
    seen: list[events.Event] = []
    run = RunDir.create(Path(config.run))
    seen.append(train(config, run, run.path.parent / "base" / "weights", seen.append, lambda: False))
    return seen


def reported(seen: list[events.Event], name: str) -> list[float]:
    return [e.values[name] for e in seen if isinstance(e, events.Metrics) and name in e.values]


def assert_knows_the_stories(run: Path, stories: Path) -> None:
    """The saved narrator names each picture's colour."""
    captioner = load_captioner(str(run), run.parent, lambda *_: None)
    for record in load_records(stories)[0]:
        if record.split == "train":
            features = captioner.encode([tiny_models.Image.open(record.image)])
            text = captioner.write(features, [Prompt(record.previous)], PLAIN)[0].text
            assert text.split()[:3] == record.narration.split()[:3]


@pytest.mark.parametrize("rank", [0, 8])
def test_a_public_encoder_decoder_learns_and_stays_a_plain_one(
    rank: int, stories: Path, public: Path, tmp_path: Path
) -> None:
    config = settings(
        stories, tmp_path / "run", model=str(public), lora_rank=rank, decoder_blocks=2, encoder_blocks=1,
        decoder_from_frac=0.0, encoder_from_frac=0.2,
    )  # fmt: skip
    seen = learn(config)
    losses = reported(seen, "train/loss")
    assert losses[-1] < 0.6 * losses[0]  # it is sixteen numbers wide
    model = RunDir(tmp_path / "run").best_model()
    assert model is not None
    saved = json.loads((model / "config.json").read_text())
    assert saved["architectures"] == ["VisionEncoderDecoderModel"]
    assert load_file(model / "model.safetensors").keys() == load_file(public / "model.safetensors").keys()
    assert type(VisionEncoderDecoderModel.from_pretrained(model)) is VisionEncoderDecoderModel
    # what was saved, adapters merged, is what was judged: a step of nothing from there is judged the same
    still = replace(config, model=str(model), run=str(tmp_path / "still"), max_steps=1, learning_rate=1e-8,
                    block_learning_rate=1e-8)  # fmt: skip
    assert reported(learn(still), "eval/loss")[-1] == pytest.approx(min(reported(seen, "eval/loss")), rel=1e-4)


def test_a_vit_and_gpt2_become_an_encoder_decoder(stories: Path, vision: Path, gpt2: Path, tmp_path: Path) -> None:
    config = settings(
        stories,
        tmp_path / "run",
        family="encoder-decoder",
        vision=str(vision),
        language=str(gpt2),
        decoder_from_frac=0.0,
    )
    losses = reported(learn(config), "train/loss")
    assert losses[-1] < 0.25 * losses[0]
    assert_knows_the_stories(tmp_path / "run", stories)


def test_a_prefix_narrator_grows_on_gpt2(stories: Path, vision: Path, gpt2: Path, tmp_path: Path) -> None:
    learn(settings(stories, tmp_path / "run", vision=str(vision), language=str(gpt2)))
    assert_knows_the_stories(tmp_path / "run", stories)


def test_both_styles_are_told_apart(public: Path, tmp_path: Path) -> None:
    own = tiny_models.tiny_stories(tmp_path / "stories")
    lines = [json.loads(line) | {"description": "A kite."} for line in (own / "records.jsonl").read_text().splitlines()]
    (own / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    seen = learn(settings(own, tmp_path / "run", model=str(public), lora_rank=0, decoder_from_frac=0.0))
    assert reported(seen, "eval/loss_description")
    assert reported(seen, "eval/loss_narration")
    captioner = load_captioner(str(tmp_path / "run"), tmp_path, lambda *_: None)
    features = captioner.encode([tiny_models.picture("red")])
    assert captioner.write(features, [Prompt((), DESCRIPTION)], PLAIN)[0].text == "A kite."
    assert captioner.write(features, [Prompt(())], PLAIN)[0].text.startswith("The")


def test_weights_thaw_in_their_turn(stories: Path, public: Path, tmp_path: Path) -> None:
    config = settings(
        stories, tmp_path / "run", model=str(public), lora_rank=0, decoder_blocks=1, encoder_blocks=1, max_steps=10,
        evaluate_every=5, decoder_from_frac=0.5, encoder_from_frac=1.0,
    )  # fmt: skip
    learn(config)
    before = load_file(public / "model.safetensors")

    def moved(step: str) -> set[str]:
        after = load_file(tmp_path / "run" / "checkpoints" / step / "model" / "model.safetensors")
        return {name for name, weight in before.items() if not torch.equal(weight, after[name])}

    crossing = {name for name in before if "cross" in name or "enc_to_dec_proj" in name}
    last_block = {name for name in before if name.startswith("decoder.transformer.h.1.")}
    assert moved("step_000005") == crossing
    assert moved("step_000010") == crossing | last_block


def test_a_step_in_portions_is_the_same_step(stories: Path, vision: Path, gpt2: Path, tmp_path: Path) -> None:
    def losses(accumulation: int) -> list[float]:
        config = settings(
            stories, tmp_path / f"run{accumulation}", vision=str(vision), language=str(gpt2), max_steps=20,
            accumulation=accumulation, picture_dropout=0.5, learning_rate=1e-3, projector_learning_rate=1e-3,
        )  # fmt: skip
        seen = learn(config)
        return reported(seen, "train/gradient_norm") + reported(seen, "eval/loss")

    # dropout's noise would differ: it is drawn for a whole portion at once
    quiet = json.loads((gpt2 / "config.json").read_text()) | {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}
    (gpt2 / "config.json").write_text(json.dumps(quiet))
    assert losses(4) == pytest.approx(losses(1), rel=1e-3)


def test_training_stops_when_dev_gets_no_better(public: Path, tmp_path: Path) -> None:
    own = tiny_models.tiny_stories(tmp_path / "stories")
    lines = [json.loads(line) for line in (own / "records.jsonl").read_text().splitlines()]
    lines = [line | ({"narration": "xyz"} if line["split"] == "dev" else {}) for line in lines]  # soon unlearned
    (own / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = settings(
        own, tmp_path / "run", model=str(public), learning_rate=0.1, evaluate_every=1, max_steps=200, patience=3
    )
    seen = learn(config)
    losses = reported(seen, "eval/loss")
    assert len(losses) < 100
    assert losses.index(min(losses)) == len(losses) - 4  # three looks without a better one
    assert isinstance(seen[-1], events.RunFinished)
    best = RunDir(tmp_path / "run").best_model()
    assert best is not None
    assert best.parent.name == f"step_{len(losses) - 3:06d}"


def test_time_ends_a_run(stories: Path, public: Path, tmp_path: Path) -> None:
    seen = learn(settings(stories, tmp_path / "run", model=str(public), max_steps=100_000, max_hours=2 / 3600))
    assert isinstance(seen[-1], events.RunFinished)
    assert reported(seen, "train/learning_rate")[-1] < 0.005  # the schedule ran over the hours
    assert RunDir(tmp_path / "run").best_model() is not None


def test_a_language_model_without_cross_attention_is_refused(stories: Path, vision: Path, tmp_path: Path) -> None:
    llama = vision.parent / "language"
    config = settings(stories, tmp_path / "run", family="encoder-decoder", vision=str(vision), language=str(llama))
    with pytest.raises(CaptionerError, match="has no cross-attention"):
        learn(config)


def test_more_encoder_blocks_than_there_are_are_refused(stories: Path, public: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="encoder_blocks is 5; this encoder has 1"):
        learn(settings(stories, tmp_path / "run", model=str(public), encoder_blocks=5))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"family": "cnn"}, "family is “cnn”"), ({"accumulation": 3}, "accumulation is 3; it must divide batch_size")],
)
def test_options_that_do_not_fit_are_named(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(SftConfig(), **wrong).validate()  # type: ignore[arg-type]


def test_a_test_picture_among_those_to_be_learned_is_refused(public: Path, tmp_path: Path) -> None:
    own = tiny_models.tiny_stories(tmp_path / "stories")
    lines = [json.loads(line) for line in (own / "records.jsonl").read_text().splitlines()]
    stolen = lines[0] | {"id": "c-1", "book": "c", "split": "test", "narration": "Another text."}
    (own / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*lines, stolen]))
    with pytest.raises(DatasetError, match="Training is refused because"):
        learn(settings(own, tmp_path / "run", model=str(public)))

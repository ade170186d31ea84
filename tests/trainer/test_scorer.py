"""The scorer: trained on pictures whose colour is in their text, saved, measured; and CLIP and SigLIP models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_models
import torch
from PIL import Image
from tokenizers.processors import TemplateProcessing
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPVisionConfig,
    SiglipConfig,
    SiglipModel,
    SiglipTextConfig,
    SiglipVisionConfig,
)

from trainer import events
from trainer.base_weights import default_cache
from trainer.captioner import CaptionerError, WrittenCaption, load_captioner
from trainer.config import ConfigError, ScorerConfig
from trainer.decoding import FIT, Decoding
from trainer.picture_encoder import PictureEncoder
from trainer.ranking import by_fit, choose, load_fit
from trainer.run_dir import RunDir
from trainer.scorer import DualEncoder, embedded_scorer_folder, load_scorer
from trainer.scorer_evaluation import evaluate_scorer
from trainer.scorer_training import train_scorer

needs_minilm = pytest.mark.skipif(
    not (default_cache() / "minilm-l6").exists(), reason="the base weights are not here: python -m trainer fetch-base"
)
COLOURS = ("red", "blue", "green", "yellow")
TEXTS = [f"The {colour} ball sits on the hill." for colour in COLOURS]


def silent(_: str, __: float | None) -> None:
    """Progress that nobody reads."""


@pytest.fixture(scope="module")
def base_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MiniLM and a place for features, without a trace in the user's cache."""
    folder = tmp_path_factory.mktemp("scorer") / "base_weights"
    folder.mkdir()
    (folder / "minilm-l6").symlink_to(default_cache() / "minilm-l6")
    return folder


@pytest.fixture(scope="module")
def vision(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.tiny_bases(tmp_path_factory.mktemp("bases"))[0]


def config(stories: Path, run: Path, vision: Path, **changes: object) -> ScorerConfig:
    values: dict[str, object] = {
        "data": str(stories), "run": str(run), "vision": str(vision), "vision_layers": "1,2", "width": 16,
        "steps": 120, "batch_size": 4, "learning_rate": 0.01, "dropout": 0.0, "evaluate_every": 60, "threads": 1,
    } | changes  # fmt: skip
    return ScorerConfig(**values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def trained(
    stories: Path, vision: Path, base_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[events.Event]]:
    """A run on the four training pictures, and what it said."""
    run, seen = tmp_path_factory.mktemp("runs") / "colours", list[events.Event]()
    train_scorer(config(stories, run, vision), RunDir.create(run), base_weights, seen.append, lambda: False)
    return run, seen


@needs_minilm
def test_it_learns_which_text_belongs_to_a_picture_of_another_book(
    trained: tuple[Path, list[events.Event]], base_weights: Path
) -> None:
    run, seen = trained
    losses = [e.values["train/loss"] for e in seen if isinstance(e, events.Metrics) and "train/loss" in e.values]
    assert losses[-1] < 0.5 * losses[0]
    scorer = load_scorer(str(run), base_weights, silent)
    pictures = scorer.encode_pictures([tiny_models.picture(colour, (90, 70)) for colour in COLOURS])
    assert pictures.norm(dim=1) == pytest.approx(torch.ones(4), abs=1e-3)
    fits = pictures @ scorer.encode_texts(TEXTS).T
    assert fits.argmax(dim=1).tolist() == [0, 1, 2, 3]
    assert fits.argmax(dim=0).tolist() == [0, 1, 2, 3]


@needs_minilm
def test_a_text_fits_its_own_picture_above_the_usual(
    trained: tuple[Path, list[events.Event]], base_weights: Path
) -> None:
    scorer = load_scorer(str(trained[0]), base_weights, silent)
    assert isinstance(scorer, DualEncoder)
    pictures = scorer.encode_pictures([tiny_models.picture(colour, (90, 70)) for colour in COLOURS])
    own = scorer.surplus(pictures, TEXTS)
    others = scorer.surplus(pictures, TEXTS[1:] + TEXTS[:1])
    assert bool((own > others).all())
    assert float(own.mean()) > 0.5


@needs_minilm
def test_the_caption_that_fits_is_taken_of_several(
    trained: tuple[Path, list[events.Event]], base_weights: Path
) -> None:
    scorer = load_scorer(str(trained[0]), base_weights, silent)
    assert isinstance(scorer, DualEncoder)
    features = scorer.encoder([tiny_models.picture(colour, (90, 70)) for colour in COLOURS])
    written = [WrittenCaption(text, 0.5) for text in TEXTS]
    chosen = choose(features, [written] * len(COLOURS), by_fit(scorer))
    assert [caption.text for caption in chosen] == TEXTS


@needs_minilm
def test_a_narrator_with_other_eyes_cannot_be_judged_by_fit(
    trained: tuple[Path, list[events.Event]], base_weights: Path, tiny_narrator: Path
) -> None:
    captioner = load_captioner(str(tiny_narrator), tiny_narrator, silent)
    several = Decoding(temperature=1.0, samples=2, utility=FIT)
    with pytest.raises(ConfigError, match="narrator's own encoder"):
        load_fit(str(trained[0]), several, captioner, base_weights, silent)
    assert load_fit(str(trained[0]), Decoding(), captioner, base_weights, silent) is None


def test_a_scorer_that_does_not_come_with_the_program_is_one_clear_sentence(base_weights: Path) -> None:
    with pytest.raises(CaptionerError, match="There is no scorer in"):
        load_scorer("embedded:scorer-0", base_weights, silent)


@needs_minilm
def test_it_borrows_eyes_of_its_own_kind_only(trained: tuple[Path, list[events.Event]], base_weights: Path) -> None:
    first = load_scorer(str(trained[0]), base_weights, silent)
    assert isinstance(first, DualEncoder)
    again = load_scorer(str(trained[0]), base_weights, silent, first.encoder)
    assert isinstance(again, DualEncoder)
    assert again.encoder is first.encoder
    last_layer = PictureEncoder(first.card.vision, base_weights)
    third = load_scorer(str(trained[0]), base_weights, silent, last_layer)
    assert isinstance(third, DualEncoder)
    assert third.encoder.layers == first.encoder.layers


@needs_minilm
def test_features_of_the_same_encoder_need_no_second_look(
    trained: tuple[Path, list[events.Event]], base_weights: Path
) -> None:
    scorer = load_scorer(str(trained[0]), base_weights, silent)
    assert isinstance(scorer, DualEncoder)
    looked = [tiny_models.picture("red"), tiny_models.picture("blue", (40, 90))]
    assert torch.equal(scorer.encode_features(scorer.encoder(looked)), scorer.encode_pictures(looked))


@needs_minilm
def test_the_same_seed_gives_the_same_losses(stories: Path, vision: Path, base_weights: Path, tmp_path: Path) -> None:
    def losses(name: str) -> list[events.Event]:
        seen: list[events.Event] = []
        settings = config(stories, tmp_path / name, vision, steps=40)
        train_scorer(settings, RunDir.create(tmp_path / name), base_weights, seen.append, lambda: False)
        return [event for event in seen if isinstance(event, events.Metrics)]

    assert losses("one") == losses("two")


@needs_minilm
def test_a_run_that_is_stopped_keeps_a_checkpoint(
    stories: Path, vision: Path, base_weights: Path, tmp_path: Path
) -> None:
    asked = iter([False] * 7)
    last = train_scorer(
        config(stories, tmp_path / "run", vision), RunDir.create(tmp_path / "run"), base_weights, lambda _: None,
        lambda: next(asked, True),
    )  # fmt: skip
    assert last == events.RunCancelled("Stopped after 7 steps; the best checkpoint is kept.")
    assert load_scorer(str(tmp_path / "run"), base_weights, silent).id == "run"


@needs_minilm
def test_the_measures_are_perfect_where_the_scorer_is(
    trained: tuple[Path, list[events.Event]], stories: Path, base_weights: Path, tmp_path: Path
) -> None:
    seen: list[events.Event] = []
    report = tmp_path / "scorer.json"
    last = evaluate_scorer(str(trained[0]), stories, "dev", None, report, base_weights, seen.append)
    scores = json.loads(report.read_text())["scores"]["narration"]
    assert scores["text_recall_1"]["value"] == scores["picture_recall_1"]["value"] == 1
    assert 0 <= scores["prefers_to_shuffled"]["value"] <= 1
    assert "narration: text recall 1 1.000" in last.message
    assert "prefers_to_other_text" not in scores  # one book only: there is no text of another one


@needs_minilm
def test_the_command_trains_and_measures(stories: Path, vision: Path, base_weights: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, list[events.Event]]:
        command = [sys.executable, "-m", "trainer", *arguments, "--base-weights", str(base_weights)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as child:  # its stdin stays open: the end of stdin would be the wish to stop
            assert child.stdout is not None
            seen = [events.decode_event(line) for line in child.stdout]
            return child.wait(60), seen

    told = ["--data", str(stories), "--run", str(tmp_path / "run"), "--vision", str(vision), "--vision-layers", ""]
    status, seen = run("scorer", *told, "--steps", "10", "--batch-size", "4", "--threads", "1")
    assert status == 0
    assert isinstance(seen[-1], events.RunFinished)
    report = tmp_path / "report.json"
    told = ["--scorer", str(tmp_path / "run"), "--data", str(stories), "--split", "dev", "--json", str(report)]
    status, seen = run("scorer-evaluate", *told)
    assert status == 0
    assert json.loads(report.read_text())["split"] == "dev"


def clip(folder: Path) -> Path:
    """A CLIP model as the public ones are stored, with random weights."""
    torch.manual_seed(0)
    tokenizer = tiny_models.tiny_tokenizer(folder)
    text = CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=12, eos_token_id=0, bos_token_id=0, pad_token_id=0,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8
    )
    # A public CLIP's tokenizer ends every text with the token at which the text's vector is read.
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A <|end|>", special_tokens=[("<|end|>", 0)]
    )
    tokenizer.save_pretrained(folder)
    CLIPModel(CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=8)).save_pretrained(
        folder
    )
    processor(folder, "CLIPImageProcessor")
    return folder


def siglip(folder: Path) -> Path:
    """A SigLIP model, likewise."""
    torch.manual_seed(0)
    tokenizer = tiny_models.tiny_tokenizer(folder)
    text = SiglipTextConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=12, eos_token_id=0, bos_token_id=0, pad_token_id=0, projection_size=16,
    )  # fmt: skip
    vision = SiglipVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8
    )
    SiglipModel(SiglipConfig(text_config=text.to_dict(), vision_config=vision.to_dict())).save_pretrained(folder)
    processor(folder, "SiglipImageProcessor")
    return folder


def processor(folder: Path, kind: str) -> None:
    content = {
        "image_processor_type": kind, "size": {"height": 32, "width": 32}, "do_resize": True, "do_center_crop": False,
        "do_rescale": True, "do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(content))


@pytest.mark.parametrize("make", [clip, siglip])
def test_public_models_score_texts_of_any_length(make: object, tmp_path: Path) -> None:
    assert callable(make)
    scorer = load_scorer(str(make(tmp_path / "model")), tmp_path, silent)
    long = "The red ball sits on the hill and rolls. " * 30
    texts = scorer.encode_texts([*TEXTS, long, ""])
    pictures = scorer.encode_pictures([tiny_models.picture("red"), Image.new("L", (3, 200), 90)])
    assert texts.shape[0] == 6
    assert pictures.shape == (2, texts.shape[1])
    assert texts.norm(dim=1) == pytest.approx(torch.ones(6), abs=1e-5)
    assert scorer.encode_texts(TEXTS[:1])[0] == pytest.approx(
        texts[0], abs=1e-5
    )  # the longer neighbour changed nothing


def test_a_model_of_another_kind_is_no_scorer(tmp_path: Path) -> None:
    vision, _ = tiny_models.tiny_bases(tmp_path)
    with pytest.raises(CaptionerError, match="a scorer must be CLIP or SigLIP"):
        load_scorer(str(vision), tmp_path, silent)


def test_a_folder_without_a_scorer_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptionerError, match="There is no scorer in"):
        load_scorer(str(tmp_path), tmp_path, silent)


@needs_minilm
def test_a_damaged_scorer_is_named(
    trained: tuple[Path, list[events.Event]], base_weights: Path, tmp_path: Path
) -> None:
    best = RunDir(trained[0]).best_model()
    assert best is not None
    (tmp_path / "scorer.json").write_bytes((best / "scorer.json").read_bytes())
    (tmp_path / "weights.safetensors").write_bytes((best / "weights.safetensors").read_bytes()[:-50])
    with pytest.raises(CaptionerError, match="cannot be read"):
        load_scorer(str(tmp_path), base_weights, silent)


@needs_minilm
@pytest.mark.skipif(not (default_cache() / "dinov2-small").exists(), reason="the base weights are not here")
@pytest.mark.skipif(not embedded_scorer_folder().exists(), reason="no scorer is shipped yet")
@pytest.mark.parametrize("name", ["embedded", "embedded:scorer-2"])
def test_the_embedded_scorers_load(name: str) -> None:
    scorer = load_scorer(name, default_cache(), silent)
    drawn = Image.new("RGB", (300, 300), "#7ec8f0")
    placed = scorer.encode_pictures([drawn])
    assert placed.shape == (1, 256)

"""Tuning a vision encoder's last blocks: what changes, how it comes back, and who can see with it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from trainer import events
from trainer.captioner import CaptionerError, Prompt, load_captioner
from trainer.config import ConfigError, ScorerConfig, SftConfig, VisionConfig
from trainer.dataset import DatasetError, load_records
from trainer.folds import picture_folds
from trainer.picture_encoder import PictureEncoder, training_features
from trainer.picture_words import PictureWords
from trainer.prefix_captioner import PrefixCaptioner
from trainer.run_dir import RunDir
from trainer.scorer import DualEncoder, load_scorer
from trainer.scorer_training import train_scorer
from trainer.sft import train
from trainer.tensor_files import save_tensors
from trainer.vision import (
    VisionCard,
    eyes_for,
    fold_folder,
    is_folded,
    load_vision,
    read_card,
    save_tuned,
    tuned_folder,
)
from trainer.vision_training import PictureTags, train_vision

COLOURS = ("red", "blue", "green", "yellow")


def silent(_: str, __: float | None) -> None:
    """Progress that nobody reads."""


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny vision encoder and a tiny language model."""
    return tiny_models.tiny_bases(tmp_path_factory.mktemp("bases"))


def config(stories: Path, run: Path, vision: str, **changes: object) -> VisionConfig:
    values: dict[str, object] = {
        "data": str(stories), "run": str(run), "vision": vision, "vision_layers": "1,2", "blocks": 1, "width": 16,
        "steps": 30, "batch_size": 4, "learning_rate": 0.01, "block_learning_rate": 0.003, "dropout": 0.0,
        "evaluate_every": 15, "threads": 1, "bf16": False,
    } | changes  # fmt: skip
    return VisionConfig(**values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tuned(
    stories: Path, bases: tuple[Path, Path], base_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[events.Event]]:
    """A run on the four training pictures, and what it said."""
    run, seen = tmp_path_factory.mktemp("runs") / "eyes", list[events.Event]()
    train_vision(config(stories, run, str(bases[0])), RunDir.create(run), base_weights, seen.append, lambda: False)
    return run, seen


def test_only_the_last_blocks_change_and_the_loss_falls(
    tuned: tuple[Path, list[events.Event]], bases: tuple[Path, Path], base_weights: Path
) -> None:
    run, seen = tuned
    losses = [e.values["train/loss"] for e in seen if isinstance(e, events.Metrics) and "train/loss" in e.values]
    assert losses[-1] < losses[0]
    assert any("eval/recall_10" in e.values for e in seen if isinstance(e, events.Metrics))
    before, after = (load_vision(str(name), base_weights).state_dict() for name in (bases[0], run))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(".1." in name for name in changed)
    folder = tuned_folder(str(run))
    assert folder is not None
    assert set(load_file(folder / "weights.safetensors")) == {name for name in before if ".layer.1." in name}


def test_the_same_seed_tunes_the_same(
    tuned: tuple[Path, list[events.Event]], stories: Path, bases: tuple[Path, Path], base_weights: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    train_vision(config(stories, again, str(bases[0])), RunDir.create(again), base_weights, lambda _: None, bool)
    first, second = (load_vision(str(run), base_weights).state_dict() for run in (tuned[0], again))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_pictures_are_seen_otherwise_and_kept_apart_from_the_untuned_ones(
    tuned: tuple[Path, list[events.Event]], bases: tuple[Path, Path], base_weights: Path
) -> None:
    before = PictureEncoder(str(bases[0]), base_weights, (1, 2))
    after = PictureEncoder(str(tuned[0]), base_weights, (1, 2))
    assert before.cache_key != after.cache_key
    picture = [tiny_models.picture("red")]
    early, late = before(picture).chunk(2, dim=-1), after(picture).chunk(2, dim=-1)
    assert torch.equal(early[0], late[0])  # the first layer is the same
    assert not torch.allclose(early[1], late[1], atol=1e-3)


def test_a_scorer_and_a_narrator_see_with_it(
    tuned: tuple[Path, list[events.Event]], stories: Path, bases: tuple[Path, Path], base_weights: Path, tmp_path: Path
) -> None:
    scoring = ScorerConfig(
        data=str(stories), run=str(tmp_path / "scorer"), vision=str(tuned[0]), vision_layers="1,2", width=16, steps=2,
        batch_size=4, threads=1,
    )  # fmt: skip
    train_scorer(scoring, RunDir.create(tmp_path / "scorer"), base_weights, lambda _: None, lambda: False)
    telling = SftConfig(
        data=str(stories), run=str(tmp_path / "sft"), vision=str(tuned[0]), vision_layers="1,2", max_steps=2,
        language=str(bases[1]), batch_size=2, lora_rank=2, threads=1, bf16=False,
    )  # fmt: skip
    train(telling, RunDir.create(tmp_path / "sft"), base_weights, lambda _: None, lambda: False)
    (tmp_path / "moved").mkdir()
    for name in ("sft", "scorer"):
        shutil.copytree(RunDir(tmp_path / name).best_model() or tmp_path, tmp_path / "moved" / name)
        shutil.rmtree(tmp_path / name)
    hidden = tuned[0].rename(tuned[0].with_name("hidden"))  # they have brought their eyes along
    try:
        captioner = load_captioner(str(tmp_path / "moved" / "sft"), base_weights, silent)
        scorer = load_scorer(str(tmp_path / "moved" / "scorer"), base_weights, silent, captioner.encoder)  # type: ignore[attr-defined]
    finally:
        hidden.rename(tuned[0])
    assert isinstance(scorer, DualEncoder)
    assert scorer.encoder is captioner.encoder  # type: ignore[attr-defined]


def wordy_stories(folder: Path) -> Path:
    """Three books of eight pictures: enough that their words are learned."""
    lines = []
    (folder / "images").mkdir(parents=True)
    for number in range(24):
        colour = COLOURS[number % 4]
        tiny_models.picture(colour, (64 + 2 * number, 48)).save(folder / "images" / f"{number}.png")
        lines.append(
            {"id": str(number), "split": "train", "book": str(number // 8), "page": number % 8 + 1,
             "image": f"images/{number}.png", "description": f"A {colour} ball lies here."}
        )  # fmt: skip
    (folder / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def tag(stories: Path, word: str) -> None:
    lines = [json.loads(line) | {"tags": [word]} for line in (stories / "records.jsonl").read_text().splitlines()]
    (stories / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def wordy(tmp_path: Path) -> Path:
    return wordy_stories(tmp_path / "wordy")


def test_training_pictures_are_shown_the_words_of_the_encoder_before_it_was_tuned_on_them(
    wordy: Path, bases: tuple[Path, Path], base_weights: Path, tmp_path: Path
) -> None:
    blind = load_vision(str(bases[0]), base_weights)  # "tuned" until every picture looks the same
    blind.state_dict()["encoder.layer.1.mlp.fc2.bias"].copy_(torch.linspace(-3e4, 3e4, 16))
    (tmp_path / "blind").mkdir()
    save_tuned(VisionCard("blind", "blind", str(bases[0]), 1), blind, tmp_path / "blind")
    shown, learned = [], []
    for number, vision in enumerate((bases[0], tmp_path / "blind")):
        telling = SftConfig(
            data=str(wordy), run=str(tmp_path / str(number)), vision=str(vision), vision_layers="2", max_steps=1,
            language=str(bases[1]), batch_size=2, lora_rank=2, threads=1, bf16=False,
        )  # fmt: skip
        train(telling, RunDir.create(Path(telling.run)), base_weights, lambda _: None, lambda: False)
        folder = tmp_path / str(number) / "picture_words"
        shown.append(json.loads((folder / "shown.json").read_text())["shown"])
        learned.append(load_file(folder / "weights.safetensors")["weight"])
    assert len(shown[0]) == 24
    assert shown[0] == shown[1]
    assert not torch.equal(learned[0], learned[1])  # new pictures are read with the tuned one


def test_an_encoder_decoder_starts_from_it(
    tuned: tuple[Path, list[events.Event]], stories: Path, base_weights: Path, tmp_path: Path
) -> None:
    telling = SftConfig(
        data=str(stories), run=str(tmp_path / "sft"), vision=str(tuned[0]), family="encoder-decoder", max_steps=1,
        language=str(tiny_models.tiny_gpt2(tmp_path)), batch_size=2, lora_rank=0, threads=1, bf16=False,
    )  # fmt: skip
    train(telling, RunDir.create(tmp_path / "sft"), base_weights, lambda _: None, lambda: False)
    captioner = load_captioner(str(tmp_path / "sft"), base_weights, silent)
    own = captioner.model.encoder.state_dict()  # type: ignore[attr-defined]
    expected = load_vision(str(tuned[0]), base_weights).state_dict()
    assert all(torch.equal(own[name].float(), expected[name]) for name in expected if ".layer." in name)


def test_stopping_keeps_what_was_learned(
    stories: Path, bases: tuple[Path, Path], base_weights: Path, tmp_path: Path
) -> None:
    asked = iter([False, False, True])
    word = train_vision(
        config(stories, tmp_path / "run", str(bases[0])), RunDir.create(tmp_path / "run"), base_weights,
        lambda _: None, lambda: next(asked),
    )  # fmt: skip
    assert isinstance(word, events.RunCancelled)
    assert tuned_folder(str(tmp_path / "run")) is not None


@pytest.mark.parametrize(("blocks", "message"), [(3, "blocks is 3; this encoder has 2"), (1, "was tuned already")])
def test_what_cannot_be_tuned_is_said(
    tuned: tuple[Path, list[events.Event]],
    stories: Path,
    bases: tuple[Path, Path],
    base_weights: Path,
    tmp_path: Path,
    blocks: int,
    message: str,
) -> None:
    start = str(bases[0] if blocks == 3 else tuned[0])
    with pytest.raises(ConfigError, match=message):
        train_vision(
            config(stories, tmp_path / "run", start, blocks=blocks), RunDir.create(tmp_path / "run"), base_weights,
            lambda _: None, lambda: False,
        )  # fmt: skip


def test_damaged_or_missing_blocks_are_one_clear_sentence(
    tuned: tuple[Path, list[events.Event]], stories: Path, base_weights: Path, tmp_path: Path
) -> None:
    folder = tuned_folder(str(tuned[0]))
    assert folder is not None
    shutil.copytree(folder, tmp_path / "damaged")
    (tmp_path / "damaged" / "weights.safetensors").write_bytes(b"no tensors")
    for name, reason in ((str(tmp_path / "damaged"), "cannot be used"), ("embedded:vision-0", "has no vision encoder")):
        scoring = ScorerConfig(data=str(stories), run=str(tmp_path / f"run {reason}"), vision=name)
        run = RunDir.create(Path(scoring.run))
        with pytest.raises(CaptionerError, match=reason):
            train_scorer(scoring, run, base_weights, lambda _: None, lambda: False)


def test_blocks_of_another_encoder_are_refused(
    tuned: tuple[Path, list[events.Event]], bases: tuple[Path, Path], base_weights: Path, tmp_path: Path
) -> None:
    folder = tuned_folder(str(tuned[0]))
    assert folder is not None
    card = read_card(folder)
    backbone = load_vision(str(bases[0]), base_weights)
    save_tuned(card, backbone, tmp_path)
    assert load_vision(str(tmp_path), base_weights) is not None
    stranger = {"decoder.weight": torch.zeros(2)}
    save_tensors(stranger, tmp_path / "weights.safetensors")
    with pytest.raises(ValueError, match="of another encoder"):
        load_vision(str(tmp_path), base_weights)


@pytest.fixture(scope="module")
def in_folds(
    bases: tuple[Path, Path], base_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A data set of three books, and a run in two folds on it."""
    stories = wordy_stories(tmp_path_factory.mktemp("wordy"))
    run = tmp_path_factory.mktemp("runs") / "folded"
    asked = config(stories, run, str(bases[0]), folds=2, steps=6, evaluate_every=6, patch_dropout=0.5)
    outcome = train_vision(asked, RunDir.create(run), base_weights, lambda _: None, lambda: False)
    assert isinstance(outcome, events.RunFinished)
    return stories, run


def test_an_encoder_tuned_in_folds_is_their_mean(in_folds: tuple[Path, Path], base_weights: Path) -> None:
    _, run = in_folds
    folder = tuned_folder(str(run))
    assert folder is not None
    assert is_folded(str(run))
    mean, *parts = (load_vision(str(where), base_weights).state_dict() for where in (
        run, *(fold_folder(folder, fold) for fold in range(2))
    ))  # fmt: skip
    name = next(name for name in mean if ".layer.1.mlp.fc1.weight" in name)
    assert not torch.equal(parts[0][name], parts[1][name])
    assert torch.allclose(mean[name], (parts[0][name] + parts[1][name]) / 2, atol=1e-3)
    assert sorted(file.name for file in run.iterdir()) == ["best.txt", "checkpoints", "config.json"]


def test_no_fold_learns_from_the_pictures_it_looks_at_later(
    in_folds: tuple[Path, Path], bases: tuple[Path, Path], base_weights: Path, tmp_path: Path
) -> None:
    """Tuned alone on all but one fold's pictures, an encoder is the one that later looks at that fold."""
    stories, run = in_folds
    folds = picture_folds(load_records(stories)[0], 2)
    for name, seen in eyes_for(str(run), folds).items():
        lines = [json.loads(line) for line in (stories / "records.jsonl").read_text().splitlines()]
        kept = [line for line in lines if stories / line["image"] not in seen]
        shutil.copytree(stories, tmp_path / Path(name).name)
        (tmp_path / Path(name).name / "records.jsonl").write_text("".join(json.dumps(line) + "\n" for line in kept))
        alone = tmp_path / f"{Path(name).name}-alone"
        asked = config(
            tmp_path / Path(name).name, alone, str(bases[0]), steps=6, evaluate_every=6, patch_dropout=0.5
        )  # fmt: skip
        train_vision(asked, RunDir.create(alone), base_weights, lambda _: None, lambda: False)
        first, second = (load_vision(where, base_weights).state_dict() for where in (name, str(alone)))
        assert all(torch.equal(first[part], second[part]) for part in first)


def test_a_training_picture_is_looked_at_by_the_fold_that_left_it_out(
    in_folds: tuple[Path, Path], base_weights: Path, tmp_path: Path
) -> None:
    stories, run = in_folds
    pictures = sorted((stories / "images").iterdir(), key=lambda file: int(file.stem))
    new = tmp_path / "new.png"
    tiny_models.picture("red", (40, 40)).save(new)
    encoder = PictureEncoder(str(run), base_weights, (1, 2))
    features = training_features(encoder, [*pictures, new], tmp_path / "weights", lambda *_: None)
    by_eyes = eyes_for(str(run), [*pictures, new])
    assert by_eyes[str(run)] == [new]
    assert sorted(map(len, by_eyes.values())) == [1, 8, 16]  # the picture that no one saw, and three books of eight
    for name, seen in by_eyes.items():
        eyes = PictureEncoder(name, base_weights, (1, 2))
        with Image.open(seen[0]) as picture:
            assert torch.equal(features[seen[0]], eyes([picture])[0].half())


def test_one_fold_and_too_few_books_are_refused(
    stories: Path, bases: tuple[Path, Path], base_weights: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="folds is 1"):
        config(stories, tmp_path / "one", str(bases[0]), folds=1).validate()
    asked = config(stories, tmp_path / "many", str(bases[0]), folds=50, steps=1)
    with pytest.raises(DatasetError, match="too few books for 50 folds"):
        train_vision(asked, RunDir.create(tmp_path / "many"), base_weights, lambda _: None, lambda: False)


def test_patches_left_out_are_not_looked_at(bases: tuple[Path, Path], base_weights: Path) -> None:
    encoder = PictureEncoder(str(bases[0]), base_weights, (1, 2))
    pixels = encoder.prepare(tiny_models.picture("red", (60, 40)))[None]
    patches = encoder.patches(pixels.shape[1:])
    whole = encoder.look(pixels)
    for order in (torch.arange(patches), torch.randperm(patches, generator=torch.Generator().manual_seed(1))):
        assert torch.allclose(encoder.look(pixels, order[None]), whole, atol=1e-5)
    part = encoder.look(pixels, torch.arange(0, patches, 2)[None])
    assert part.shape == whole.shape
    assert torch.isfinite(part).all()
    assert torch.equal(encoder.look(pixels), whole)  # the hook is gone again


def test_tags_are_told_from_what_is_shown(stories: Path) -> None:
    record = load_records(stories)[0][0]
    tagged = [replace(record, tags=("goat", "red")), replace(record, tags=("hut",)), replace(record, tags=())] * 5
    tags = PictureTags(tagged, 6)
    rows = torch.arange(3)
    assert tags.tags[rows[:2]].tolist() == [[1, 0, 1], [0, 1, 0]]  # goat, hut, red
    told = tags.loss(torch.eye(3, 6), rows)
    usual = tags.tags[tags.has_tags].mean(0)
    expected = nn.functional.binary_cross_entropy(usual.expand(2, -1), tags.tags[rows[:2]], reduction="none")
    assert told.item() == pytest.approx(expected.sum(1).mean().item(), abs=0.3)
    assert tags.loss(torch.zeros(1, 6), torch.tensor([2])).item() == 0  # nobody said what is in it


def test_a_known_narrator_learns_words_anew_only_where_it_is_asked_to(
    wordy: Path, bases: tuple[Path, Path], base_weights: Path, tmp_path: Path
) -> None:
    def words_after(name: str, **changes: object) -> set[str]:
        telling = SftConfig(
            data=str(wordy), run=str(tmp_path / name), vision=str(bases[0]), vision_layers="2", max_steps=1,
            language=str(bases[1]), batch_size=2, lora_rank=2, threads=1, bf16=False, **changes,  # type: ignore[arg-type]
        )  # fmt: skip
        train(telling, RunDir.create(Path(telling.run)), base_weights, lambda _: None, lambda: False)
        return set(load_captioner(telling.run, base_weights, silent).card.words)  # type: ignore[attr-defined]

    known = words_after("first")
    assert known == {"ball", "lies", *COLOURS}
    tag(wordy, "moon")
    assert words_after("second", model=str(tmp_path / "first")) == known
    assert words_after("third", model=str(tmp_path / "first"), relearn_words=True) == {"moon"}


def test_words_are_told_with_how_sure_they_are() -> None:
    words = PictureWords(4, ["goat", "hut", "moon", "sea"], tells_how_sure=True)
    with torch.no_grad():
        words.weight.zero_()
        words.bias.copy_(torch.tensor([0.9, 0.3, 0.05, 0.6]).logit())
        words.usual.copy_(torch.tensor([0.2, 0.1, 0.01, 0.55]).logit())
    assert words.best(torch.zeros(1, 5, 4)) == [("goat", "hut?", "sea")]  # the most telling first; no moon at 5 %
    words.tells_how_sure = False
    assert words.best(torch.zeros(1, 5, 4)) == [("goat", "hut", "moon", "sea")]


def test_a_narrator_is_told_which_words_are_sure_if_it_learned_so(
    wordy: Path, bases: tuple[Path, Path], base_weights: Path, tmp_path: Path
) -> None:
    telling = SftConfig(
        data=str(wordy), run=str(tmp_path / "run"), vision=str(bases[0]), vision_layers="2", max_steps=1,
        language=str(bases[1]), batch_size=2, lora_rank=2, threads=1, bf16=False,
    )  # fmt: skip
    tag(wordy, "moon")
    train(telling, RunDir.create(Path(telling.run)), base_weights, lambda _: None, lambda: False)
    captioner = load_captioner(telling.run, base_weights, silent)
    assert isinstance(captioner, PrefixCaptioner)

    def told(words: tuple[str, ...]) -> str:
        return str(captioner.tokenizer.decode(captioner.prompt_tokens(Prompt(), words))).partition("\n")[0]  # type: ignore[attr-defined]

    assert captioner.words.tells_how_sure
    assert told(("goat", "hut?", "sea")) == "Seen: goat, sea. Maybe hut."
    assert told(("hut?",)) == "Maybe hut."
    captioner.card = replace(captioner.card, tells_how_sure=False)  # as narrators before did not
    assert told(("goat", "hut")) == "Maybe goat, hut."

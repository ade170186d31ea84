"""Learning from rewards: every algorithm raises its reward, stays near its start, and can be gone on with."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models
from safetensors.torch import load_file, save_file
from tiny_rewards import TinyReward, balls, long_for_red_and_blue

from trainer import events
from trainer.base_weights import default_cache
from trainer.captioner import Decoding, Prompt, load_captioner
from trainer.config import ConfigError, RlConfig, SftConfig
from trainer.dataset import DatasetError
from trainer.reward_terms import Episode
from trainer.rl import train
from trainer.run_dir import RunDir
from trainer.sft import train as train_supervised

WITHOUT_RAILS = {"likeness_fall": 1.0, "variety_fall": 1.0, "kl_budget": 1e6, "entropy_floor": 0.0}


@pytest.fixture(scope="module")
def narrator(stories: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the prefix family; half knows its stories."""
    folder = tmp_path_factory.mktemp("narrator")
    vision, language = tiny_models.tiny_bases(folder / "bases")
    config = SftConfig(
        data=str(stories), run=str(folder / "run"), vision=str(vision), language=str(language), vision_layers="1,2",
        threads=1, batch_size=4, epochs=1000, max_steps=120, evaluate_every=120, learning_rate=0.03,
        projector_learning_rate=0.03, lora_rank=8, lora_dropout=0.0, picture_dropout=0.0, context_dropout=0.0,
        bf16=False,
    )  # fmt: skip
    train_supervised(config, RunDir.create(folder / "run"), base(folder / "run"), lambda _: None, lambda: False)
    return folder / "run"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the encoder-decoder family, untrained."""
    folder = tiny_models.tiny_encoder_decoder(tmp_path_factory.mktemp("ved"), uses_context=True)
    weights = load_file(folder / "model.safetensors")
    weights["decoder.transformer.wte.weight"] *= 15  # word embeddings that can express something
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def settings(stories: Path, narrator: Path, tmp_path: Path) -> Callable[..., RlConfig]:
    def made(**changes: object) -> RlConfig:
        config = RlConfig(
            data=str(stories), run=str(tmp_path / "run"), model=str(narrator), style="narration", threads=1, panels=4,
            samples=8, accumulation=1, max_tokens=12, rollouts=20, passes=2, learning_rate=0.004,
            projector_learning_rate=0.001, block_learning_rate=0.004, evaluate_every=10, kl_coefficient=0.01,
            lora_rank=0,
        )  # fmt: skip
        return replace(config, **changes)  # type: ignore[arg-type]

    return made


def base(run: Path) -> Path:
    return run.parent / "base" / "weights"


def learn(
    config: RlConfig, judge: Callable[[Episode], float], emit: Callable[[events.Event], None] = lambda _: None
) -> list[events.Event]:
    """A run's events, its last word last."""
    seen: list[events.Event] = []
    folder = Path(config.run)
    run = RunDir.reopen(folder) if (folder / "config.json").exists() else RunDir.create(folder)

    def take(event: events.Event) -> None:
        seen.append(event)
        emit(event)

    seen.append(train(config, run, base(folder), take, lambda: False, TinyReward(judge)))
    return seen


def reported(seen: list[events.Event], name: str) -> list[float]:
    return [e.values[name] for e in seen if isinstance(e, events.Metrics) and name in e.values]


def notices(seen: list[events.Event]) -> list[str]:
    return [event.message for event in seen if isinstance(event, events.Loading)]


@pytest.mark.parametrize("algorithm", ["ppo", "rloo", "grpo", "dpo", "best-of-n"])
def test_a_reward_that_depends_on_the_picture_rises(algorithm: str, settings: Callable[..., RlConfig]) -> None:
    # best-of-n learns from one caption in eight; PPO's critic knows nothing at first
    rollouts, panels = {"best-of-n": (30, 4), "ppo": (30, 8)}.get(algorithm, (20, 4))
    config = settings(algorithm=algorithm, rollouts=rollouts, panels=panels, trace=1.0, **WITHOUT_RAILS)
    seen = learn(config, long_for_red_and_blue)
    assert isinstance(seen[-1], events.RunFinished)
    rewards = reported(seen, "reward/total")
    assert len(rewards) == config.rollouts
    assert sum(rewards[-5:]) / 5 > sum(rewards[:2]) / 2 + 0.12
    assert reported(seen, "train/kl")[0] == pytest.approx(0, abs=1e-4)
    for name in ("reward/tiny", "train/kl_coefficient", "train/entropy", "train/tokens", "train/finished_share"):
        assert len(reported(seen, name)) >= config.rollouts
    assert bool(reported(seen, "ppo/explained_variance")) == (algorithm == "ppo")
    assert {sample.step for sample in seen if isinstance(sample, events.Sample)} == set(range(0, 2 * rollouts + 1, 20))
    load_captioner(seen[-1].path, Path(config.run).parent, lambda *_: None)


@pytest.mark.parametrize("algorithm", ["ppo", "rloo", "dpo"])
def test_the_encoder_decoder_family_learns_from_rewards(
    algorithm: str, settings: Callable[..., RlConfig], public: Path
) -> None:
    config = settings(algorithm=algorithm, model=str(public), rollouts=15, trace=1.0, **WITHOUT_RAILS)
    seen = learn(config, lambda episode: len(episode.text.split()) / 4)
    rewards = reported(seen, "reward/total")
    assert sum(rewards[-3:]) / 3 > rewards[0] + 0.1
    newest = RunDir(Path(config.run)).newest_checkpoint()
    assert newest is not None
    saved = load_file(newest / "model" / "model.safetensors")
    assert saved.keys() == load_file(public / "model.safetensors").keys()  # a plain one, without critic


def test_what_is_kept_is_what_comes_nearest_to_the_references(
    settings: Callable[..., RlConfig], tmp_path: Path
) -> None:
    """Not what earns most: this reward likes short captions."""
    config = settings(rollouts=4, evaluate_every=2, **WITHOUT_RAILS)
    seen = learn(config, lambda episode: -float(len(episode.text)))
    likeness = reported(seen, "eval/chrf")
    saved = [event for event in seen if isinstance(event, events.CheckpointSaved)]
    assert [event.step for event in saved] == [0, 4, 8]
    best = saved[likeness.index(max(likeness))]
    assert isinstance(seen[-1], events.RunFinished)
    assert seen[-1].path == f"{best.path}/model"
    assert f"{max(likeness):.3f}" in seen[-1].message


def test_a_saved_narrator_writes_what_was_judged(settings: Callable[..., RlConfig], stories: Path) -> None:
    config = settings(algorithm="best-of-n", rollouts=2, evaluate_every=2, **WITHOUT_RAILS)
    seen = learn(config, long_for_red_and_blue)
    newest = RunDir(Path(config.run)).newest_checkpoint()
    captioner = load_captioner(str(newest), Path(config.run).parent, lambda *_: None)
    samples = [event for event in seen if isinstance(event, events.Sample) and event.step == 4]
    pictures = {f"b-{number}": number for number in range(4, 8)}
    exact, previous = 0, list[str]()
    for sample in samples:
        features = captioner.encode([tiny_models.Image.open(stories / f"images/{pictures[sample.record_id]}.png")])
        written = captioner.write(features, [Prompt(tuple(previous[-3:]))], Decoding(max_tokens=12))
        exact += written[0].text == sample.text
        previous.append(sample.reference)
    assert exact >= len(samples) - 1  # half precision may cost one a letter


def test_a_careless_reward_ruins_the_texts_and_guard_rails_see_it(
    settings: Callable[..., RlConfig], tmp_path: Path
) -> None:
    careless = {"kl_coefficient": 0.0, "learning_rate": 0.02, "rollouts": 8, "evaluate_every": 4, "passes": 1}
    ruined = learn(settings(**careless, **WITHOUT_RAILS), balls)
    rewards, likeness = reported(ruined, "reward/total"), reported(ruined, "eval/bleu")
    assert max(rewards) > 1.5 * rewards[0], rewards
    assert likeness[-1] < 0.5 * likeness[0]
    railed = WITHOUT_RAILS | {"likeness_fall": 0.3, "rollbacks": 1, "run": str(tmp_path / "railed")}
    kept = learn(settings(**careless, **railed), balls)
    back = [text for text in notices(kept) if text.startswith("Back to step 000000, with half the learning rate")]
    assert back
    assert " on dev fell from " in back[0]
    assert "while the reward changed by +" in back[0], (back, rewards)
    rates = reported(kept, "train/learning_rate")
    assert rates[-1] < 0.6 * rates[0]
    assert isinstance(kept[-1], events.RunFinished)
    assert "because" in kept[-1].message or reported(kept, "eval/bleu")[-1] >= 0.7 * likeness[0]


def test_a_run_that_only_gets_worse_ends_and_says_why(settings: Callable[..., RlConfig]) -> None:
    config = settings(rollouts=30, rollbacks=2, kl_budget=0.5, kl_coefficient=0.0, learning_rate=0.1, passes=1)
    seen = learn(config, balls)
    assert isinstance(seen[-1], events.RunFinished)
    assert "because captions are" in seen[-1].message
    assert "nats away from the start, more than 0.5" in seen[-1].message
    assert reported(seen, "train/rollbacks") == [1, 2, 3]
    assert len(reported(seen, "train/loss")) < 30
    again = learn(config, balls)  # it is not taken up again
    assert again[-1] == seen[-1]
    assert not [event for event in again if isinstance(event, events.RunStarted)]


def test_a_reward_that_is_no_number_is_survived(settings: Callable[..., RlConfig]) -> None:
    calls = iter(range(10**6))

    def judge(episode: Episode) -> float:
        return math.inf if next(calls) == 100 else len(episode.text) / 10

    seen = learn(settings(rollouts=6, passes=1, rollbacks=3), judge)
    assert isinstance(seen[-1], events.RunFinished)
    assert [text for text in notices(seen) if "gradient" in text]
    assert all(math.isfinite(value) for value in reported(seen, "train/loss")[-2:])
    assert len(reported(seen, "train/rollbacks")) == 1, notices(seen)


def test_the_coefficient_steers_the_divergence(settings: Callable[..., RlConfig]) -> None:
    strict = settings(rollouts=10, kl_target=0.01, kl_horizon=32, kl_coefficient=0.05)
    seen = learn(strict, long_for_red_and_blue)
    coefficients = reported(seen, "train/kl_coefficient")
    assert coefficients[-1] > 1.5 * min(coefficients)


@pytest.mark.parametrize("algorithm", ["rloo", "ppo"])
def test_a_run_that_dies_and_goes_on_is_the_undisturbed_one(
    algorithm: str, settings: Callable[..., RlConfig], tmp_path: Path
) -> None:
    config = settings(algorithm=algorithm, rollouts=3, evaluate_every=1, kl_target=0.5, kl_horizon=64)
    whole = learn(config, long_for_red_and_blue)

    def die(event: events.Event) -> None:
        if isinstance(event, events.Metrics) and event.step == 5 and "train/loss" in event.values:
            raise KeyboardInterrupt  # in the middle of a rollout, after the checkpoint of step 4

    broken = replace(config, run=str(tmp_path / "broken"))
    with pytest.raises(KeyboardInterrupt):
        learn(broken, long_for_red_and_blue, die)
    rest = learn(broken, long_for_red_and_blue)
    assert comparable(rest) == [told for told in comparable(whole) if told[0] > 4]
    weights = "checkpoints/step_000006/training_state/weights.safetensors"
    assert (Path(broken.run) / weights).read_bytes() == (Path(config.run) / weights).read_bytes()
    assert len([event for event in rest if isinstance(event, events.RunStarted)]) == 1
    assert comparable(learn(broken, long_for_red_and_blue)) == []  # what is finished stays so


@pytest.mark.skipif(not (default_cache() / "dinov2-small").exists(), reason="python -m trainer fetch-base")
def test_a_killed_command_goes_on_as_the_undisturbed_one(stories: Path, narrator: Path, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "base_weights").symlink_to(default_cache())

    def command(name: str, *more: str) -> list[str]:
        told = [sys.executable, "-m", "trainer", "rl", "--run", str(tmp_path / name)]
        return [*told, "--base-weights", str(tmp_path / "base" / "base_weights"), *more]

    options = (
        "--algorithm", "rloo", "--style", "narration", "--data", str(stories), "--model", str(narrator),
        "--rewards", "repetition=1,finished=1", "--panels", "4", "--samples", "4", "--accumulation", "1",
        "--max-tokens", "12", "--rollouts", "6", "--evaluate-every", "2", "--threads", "1", "--dev-metric", "bleu",
    )  # fmt: skip
    subprocess.run(command("whole", *options), stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=100)
    with subprocess.Popen(
        command("killed", *options),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            told = events.decode_event(line)
            if isinstance(told, events.CheckpointSaved) and told.step == 2:
                child.kill()
    assert child.returncode == -signal.SIGKILL
    subprocess.run(
        command("killed", "--resume"), stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=100
    )
    weights = "checkpoints/step_000006/training_state/weights.safetensors"
    assert (tmp_path / "killed" / weights).read_bytes() == (tmp_path / "whole" / weights).read_bytes()
    whole, killed = (
        [events.decode_event(line) for line in (tmp_path / name / "events.jsonl").read_text().splitlines()]
        for name in ("whole", "killed")
    )
    assert comparable(killed) == comparable(whole)


def comparable(seen: list[events.Event]) -> list[tuple[int, object]]:
    """What was measured and written, how long it took aside."""
    told: list[tuple[int, object]] = []
    for event in seen:
        if isinstance(event, events.Metrics):
            told.append((event.step, {k: v for k, v in event.values.items() if not k.startswith("time/")}))
        elif isinstance(event, events.Sample):
            told.append((event.step, event))
    return told


def test_portions_and_minibatches_hold_whole_panels(settings: Callable[..., RlConfig]) -> None:
    for algorithm in ("rloo", "dpo"):
        config = settings(algorithm=algorithm, rollouts=2, passes=1, minibatches=2, accumulation=2, evaluate_every=2)
        seen = learn(replace(config, run=f"{config.run}-{algorithm}"), long_for_red_and_blue)
        assert len(reported(seen, "train/loss")) == 4
        assert len(reported(seen, "reward/total")) == 2


def test_captions_of_people_and_of_the_start_take_part(settings: Callable[..., RlConfig], tmp_path: Path) -> None:
    judged: list[str] = []

    def judge(episode: Episode) -> float:
        judged.append(episode.text)
        return float(episode.text == episode.reference)

    learn(settings(rollouts=2, human_captions=True), judge)
    assert all(text.startswith("The ") and text.endswith("hill.") for text in judged[7::8])
    seen = learn(settings(algorithm="dpo", from_start=True, rollouts=2, run=str(tmp_path / "other")), judge)
    assert isinstance(seen[-1], events.RunFinished)


def test_what_people_prefer_is_learned(settings: Callable[..., RlConfig], tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    rows = [{"id": f"a-{n}", "chosen": "A kite.", "rejected": f"The {colour} ball sits on the hill."}
            for n, colour in enumerate(["red", "blue", "green", "yellow"])]  # fmt: skip
    file.write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0] | {"id": "unknown"}]))
    config = settings(algorithm="dpo", pairs=str(file), passes=1, rollouts=15, learning_rate=0.01, **WITHOUT_RAILS)
    run = RunDir.create(Path(config.run))
    seen: list[events.Event] = []
    last = train(config, run, base(run.path), seen.append, lambda: False)
    assert isinstance(last, events.RunFinished)
    losses = reported(seen, "train/loss")
    assert losses[0] == pytest.approx(math.log(2), rel=1e-3)
    assert losses[-1] < 0.3 * losses[0]


def test_stop_ends_a_run_between_rollouts_with_a_checkpoint(settings: Callable[..., RlConfig]) -> None:
    config = settings(rollouts=50, passes=3)
    run, asked = RunDir.create(Path(config.run)), iter([False] * 3 + [True] * 100)
    last = train(config, run, base(run.path), lambda _: None, lambda: next(asked), TinyReward(balls))
    assert isinstance(last, events.RunCancelled)
    newest = run.newest_checkpoint()
    assert newest is not None
    assert newest.name == "step_000006"


def test_the_command_learns_preferences_until_told_to_stop(stories: Path, narrator: Path, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps({"id": "a-0", "chosen": "A kite.", "rejected": "The red ball."}) + "\n")
    command = [
        sys.executable,
        "-m",
        "trainer",
        "rl",
        "--algorithm",
        "dpo",
        "--pairs",
        str(file),
        "--style",
        "narration",
    ]
    command += ["--data", str(stories), "--model", str(narrator), "--run", str(tmp_path / "run"), "--panels", "1"]
    command += ["--accumulation", "1"]
    command += ["--threads", "1", "--rollouts", "100000", "--base-weights", str(tmp_path / "base" / "weights")]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if isinstance(events.decode_event(line), events.Progress):
            break
    rest, errors = child.communicate("stop\n", timeout=100)
    assert child.returncode == 130, errors
    assert isinstance(events.decode_event(rest.splitlines()[-1]), events.RunCancelled)
    again = ["--run", str(tmp_path / "run"), "--resume", "--base-weights", str(tmp_path / "base" / "weights")]
    resumed = subprocess.run(
        [*command[:4], *again],
        input="stop\n", capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert resumed.returncode == 130, resumed.stderr


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"algorithm": "sarsa"}, "algorithm is “sarsa”; it must be one of ppo, rloo"),
        ({"style": "poem"}, "style is “poem”"),
        ({"dev_metric": "reward"}, "dev_metric is “reward”"),
        ({"panels": 6, "minibatches": 4, "accumulation": 1}, "panels is 6; it must be a multiple"),
        ({"pairs": "x.jsonl"}, "pairs are learned by dpo only"),
        ({"from_start": True}, "from_start goes with dpo and best-of-n only"),
    ],
)
def test_options_that_do_not_fit_are_named(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(RlConfig(), **wrong).validate()  # type: ignore[arg-type]


def test_a_style_that_nothing_is_told_in_is_refused(settings: Callable[..., RlConfig]) -> None:
    with pytest.raises(DatasetError, match="no record with a description"):
        learn(settings(style="description"), balls)


def test_preferences_of_unknown_pictures_are_refused(settings: Callable[..., RlConfig], tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"id": "b-5", "chosen": "A kite.", "rejected": "No."}\n')  # of the dev split
    with pytest.raises(DatasetError, match="No preference in"):
        learn(settings(algorithm="dpo", pairs=str(file)), balls)

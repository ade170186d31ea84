"""A run that dies and goes on is the run that did not die."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import tiny_models

from trainer import events
from trainer.captioner import load_captioner
from trainer.config import SftConfig
from trainer.dataset import DatasetError
from trainer.run_dir import RunDir, RunDirError
from trainer.sft import train

STEPS, LOOK_EVERY = 40, 7  # the looks fall between the reports of ten steps each
Config = Callable[[Path], SftConfig]


@pytest.fixture(scope="module")
def prefix(stories: Path, tmp_path_factory: pytest.TempPathFactory) -> Config:
    vision, language = tiny_models.tiny_bases(tmp_path_factory.mktemp("bases"))
    return lambda run: replace(settings(stories, run), vision=str(vision), language=str(language), vision_layers="1,2")


@pytest.fixture(scope="module")
def encoder_decoder(stories: Path, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Its decoder thaws at step 8, its encoder at step 20: before and after the checkpoint that is gone on from."""
    model = tiny_models.tiny_encoder_decoder(tmp_path_factory.mktemp("ved"), uses_context=False)
    return lambda run: replace(settings(stories, run), model=str(model), decoder_blocks=1, encoder_blocks=1)


@pytest.fixture(params=["prefix", "encoder_decoder"])
def family(request: pytest.FixtureRequest) -> Config:
    config: Config = request.getfixturevalue(request.param)
    return config


def settings(stories: Path, run: Path) -> SftConfig:
    return SftConfig(
        data=str(stories), run=str(run), threads=1, batch_size=4, accumulation=2, max_steps=STEPS, epochs=1000,
        evaluate_every=LOOK_EVERY, lora_rank=4, lora_dropout=0.1, bf16=False,
    )  # fmt: skip


def begin(config: SftConfig) -> list[str]:
    """The command that a configuration comes from."""
    command = [sys.executable, "-m", "trainer", "sft", "--base-weights", base_weights(Path(config.run))]
    for name, value in asdict(config).items():
        flag = "--" + name.replace("_", "-")
        command += [flag if value else f"--no-{flag[2:]}"] if isinstance(value, bool) else [flag, str(value)]
    return command


def go_on(run: Path) -> list[str]:
    return [sys.executable, "-m", "trainer", "sft", "--run", str(run), "--resume", "--base-weights", base_weights(run)]


def base_weights(run: Path) -> str:
    return str(run.parent / "base" / "weights")


def finish(command: list[str], limit: Callable[[], None] | None = None) -> events.Event:
    """The last word of a child."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=100, preexec_fn=limit
    )
    assert done.stdout, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return events.decode_event(done.stdout.splitlines()[-1])


def kill_when(command: list[str], is_time: Callable[[events.Event], bool]) -> None:
    """SIGKILL the child as soon as it has told what is waited for."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if is_time(events.decode_event(line)):
            break
    os.kill(child.pid, signal.SIGKILL)
    _, errors = child.communicate(timeout=30)
    assert child.returncode == -signal.SIGKILL, errors


def run_here(config: SftConfig, run: RunDir, should_stop: Callable[[], bool] = lambda: False) -> events.LastWord:
    """The same in this process, which has loaded torch already."""
    with run.events_file.open("a", encoding="utf-8") as file:

        def emit(event: events.Event) -> None:
            file.write(events.encode(event))

        return train(config, run, Path(base_weights(run.path)), emit, should_stop)


def go_on_here(folder: Path) -> events.LastWord:
    run = RunDir.reopen(folder)
    run.rewind_events()
    return run_here(SftConfig.load(run.config_file), run)


def told(run: Path) -> list[events.Event]:
    """The metrics and samples that a run's folder keeps."""
    kept = [events.decode_event(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [event for event in kept if isinstance(event, events.Metrics | events.Sample)]


def reported_steps(run: Path) -> list[int]:
    return [e.step for e in told(run) if isinstance(e, events.Metrics) and "train/loss" in e.values]


def test_a_killed_run_that_goes_on_is_the_undisturbed_one_to_the_last_bit(family: Config, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole" / "run", tmp_path / "broken" / "run"
    run_here(family(whole), RunDir.create(whole))
    kill_when(begin(family(broken)), lambda event: isinstance(event, events.CheckpointSaved) and event.step == 14)
    assert isinstance(go_on_here(broken), events.RunFinished)
    assert told(broken) == told(whole)
    assert reported_steps(whole) == [1, 10, 20, 30, 40]
    files = [file.relative_to(whole) for file in whole.rglob("step_000040/*/*.safetensors")]
    assert len(files) == 3  # the model, the trained weights, the optimiser's moments
    for file in files:
        assert (broken / file).read_bytes() == (whole / file).read_bytes()
    assert (broken / "best.txt").read_text() == (whole / "best.txt").read_text()


def test_a_stopped_run_that_goes_on_learns_what_an_undisturbed_one_does(family: Config, tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole" / "run", tmp_path / "stopped" / "run"
    run_here(family(whole), RunDir.create(whole))
    asked = iter([False] * 10 + [True])
    assert isinstance(run_here(family(stopped), RunDir.create(stopped), lambda: next(asked)), events.RunCancelled)
    assert isinstance(go_on_here(stopped), events.RunFinished)
    assert reported_steps(stopped) == [1, 10, 20, 30, 40]
    weights = "checkpoints/step_000040/training_state/weights.safetensors"
    assert (stopped / weights).read_bytes() == (whole / weights).read_bytes()


def test_a_run_killed_before_its_first_checkpoint_begins_again(prefix: Config, tmp_path: Path) -> None:
    run = tmp_path / "run"
    kill_when(begin(prefix(run)), lambda event: isinstance(event, events.RunStarted))
    assert isinstance(finish(go_on(run)), events.RunFinished)
    assert reported_steps(run) == [1, 10, 20, 30, 40]


def test_a_finished_run_stays_as_it_is(prefix: Config, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run_here(replace(prefix(run), max_steps=8), RunDir.create(run))
    before = told(run)
    assert isinstance(go_on_here(run), events.RunFinished)
    assert told(run) == before


def test_a_run_does_not_go_on_with_other_data(prefix: Config, tmp_path: Path) -> None:
    own, run = tiny_models.tiny_stories(tmp_path / "stories"), tmp_path / "run"
    run_here(replace(prefix(run), data=str(own), max_steps=8), RunDir.create(run))
    records = own / "records.jsonl"
    records.write_text(records.read_text().replace("red ball", "red kite"))
    with pytest.raises(DatasetError, match="has changed since this run began"):
        go_on_here(run)


def test_a_folder_without_a_run_cannot_go_on(tmp_path: Path) -> None:
    with pytest.raises(RunDirError, match=r"no run in .* config\.json"):
        RunDir.reopen(tmp_path)


def test_a_damaged_checkpoint_is_named(prefix: Config, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run_here(replace(prefix(run), max_steps=7), RunDir.create(run))
    weights = run / "checkpoints" / "step_000007" / "training_state" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(RunDirError, match=r"step_000007 cannot be read"):
        go_on_here(run)


def test_a_full_disk_ends_a_run_in_words_and_spares_the_last_checkpoint(family: Config, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run_here(replace(family(run), max_steps=7), RunDir.create(run))
    family(run).save(run / "config.json")  # there are to be more steps
    largest = max(file.stat().st_size for file in (run / "checkpoints").rglob("*") if file.is_file())

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest * 9 // 10, largest * 9 // 10))

    last = finish(go_on(run), full)
    assert isinstance(last, events.RunFailed)
    assert last.reason == "disk_full"
    assert "checkpoint of step 14" in last.message
    assert "--resume" in last.hint
    assert [folder.name for folder in (run / "checkpoints").iterdir()] == ["step_000007"]
    load_captioner(str(run), tmp_path, lambda *_: None)
    assert isinstance(go_on_here(run), events.RunFinished)


def test_too_little_memory_ends_a_run_in_words(prefix: Config, tmp_path: Path) -> None:
    def little() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (3 << 29, 3 << 29))

    run = tmp_path / "run"
    last = finish(begin(replace(prefix(run), batch_size=4096, accumulation=1)), little)
    assert isinstance(last, events.RunFailed)
    assert last.reason == "out_of_memory"
    assert "batch_size" in last.hint

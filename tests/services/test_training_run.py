"""Training runs as the reader sees them: real processes on tiny models that stop, die, and outlive who started them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from comicreader.domain.errors import TrainingError
from comicreader.services.run_history import delete_run, export_model, new_run_folder, running_run, runs_in
from comicreader.services.task_runner import TaskRunner
from comicreader.services.training_run import SFT, RunPhase, RunStatus, TrainingRun, is_running, status_of
from trainer.config import SftConfig
from trainer.events import CheckpointSaved, Event, Metrics, Progress, RunStarted
from trainer.run_dir import RunDir

_PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> SftConfig:
    """A run of a second or two on tiny models, which would go on for hours."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fixtures"))
    import tiny_models

    vision, language = tiny_models.tiny_bases(tmp_path_factory.mktemp("bases"))
    return SftConfig(
        data=str(tiny_models.tiny_stories(tmp_path_factory.mktemp("stories"))), vision=str(vision),
        language=str(language), vision_layers="1,2", threads=1, batch_size=4, epochs=1e3, max_steps=20,
        evaluate_every=10, lora_rank=2, bf16=False,
    )  # fmt: skip


class Watcher:
    """Starts and follows runs, and remembers what it heard."""

    def __init__(self, tmp_path: Path) -> None:
        self.runs = tmp_path / "runs"
        self.folder = self.runs / "first"
        self.events: list[Event] = []
        self.phases: list[RunPhase] = []
        self.tasks = TaskRunner(lambda error: pytest.fail(repr(error)))
        self._environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}

    async def start(self, config: SftConfig) -> TrainingRun:
        return await TrainingRun.start(
            SFT, config, self.folder, self.tasks, self.events.append, self._note, environment=self._environment
        )

    async def resume(self) -> TrainingRun:
        return await TrainingRun.resume(
            self.folder, self.tasks, self.events.append, self._note, environment=self._environment
        )

    def attach(self) -> TrainingRun:
        return TrainingRun.attach(self.folder, self.tasks, self.events.append, self._note)

    async def until(self, condition: Callable[[], object]) -> None:
        deadline = asyncio.get_running_loop().time() + _PATIENCE_S
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, (self.phases, self.events[-3:])
            await asyncio.sleep(0.02)

    def checkpoints(self) -> list[int]:
        return [event.step for event in self.events if isinstance(event, CheckpointSaved)]

    def process(self) -> psutil.Process:
        """The child that works on the run."""
        return next(
            process
            for process in psutil.Process().children(recursive=True)
            if any(str(self.folder) in part for part in process.cmdline())
        )

    def _note(self, status: RunStatus) -> None:
        if not self.phases or self.phases[-1] is not status.phase:
            self.phases.append(status.phase)


@pytest.fixture
def watcher(tmp_path: Path):
    made = Watcher(tmp_path)
    yield made
    for process in psutil.Process().children(recursive=True):
        if any(str(tmp_path) in part for part in process.cmdline()):
            process.kill()
            process.wait(10)


def act(scenario: Coroutine[None, None, None]) -> None:
    asyncio.run(scenario)


def test_a_run_is_told_from_its_start_to_its_end(watcher: Watcher, config: SftConfig) -> None:
    async def scenario() -> None:
        run = await watcher.start(config)
        await watcher.until(lambda: run.status.is_over)
        assert watcher.phases == [RunPhase.RUNNING, RunPhase.FINISHED]
        assert (run.status.kind, run.status.step, run.status.total_steps) == (SFT, 20, 20)
        assert watcher.checkpoints() == [10, 20]
        assert not run.status.can_resume
        await watcher.tasks.close()

    act(scenario())
    (summary,) = runs_in(watcher.runs)
    assert (summary.name, summary.status.phase) == ("first", RunPhase.FINISHED)
    assert summary.figures["loss"] > 0
    assert summary.size_bytes > 10_000
    export_model(watcher.folder, watcher.runs.parent / "exported")
    assert (watcher.runs.parent / "exported" / "narrator.json").is_file()
    delete_run(watcher.folder)
    assert list(watcher.runs.iterdir()) == []


def test_a_run_that_is_stopped_goes_on_where_it_was(watcher: Watcher, config: SftConfig) -> None:
    async def scenario() -> None:
        run = await watcher.start(replace(config, max_steps=100_000, batch_size=1))  # long enough
        await watcher.until(lambda: watcher.checkpoints())
        run.stop()
        assert run.status.phase is RunPhase.STOPPING
        await watcher.until(lambda: run.status.is_over)
        assert run.status.phase is RunPhase.STOPPED
        assert run.status.can_resume
        stopped_at = watcher.checkpoints()[-1]
        again = await watcher.resume()
        await watcher.until(lambda: watcher.checkpoints()[-1] > stopped_at)
        with pytest.raises(TrainingError, match="going on already"):
            await watcher.resume()
        with pytest.raises(TrainingError, match="stop it first"):
            delete_run(watcher.folder)
        again.stop()
        await watcher.until(lambda: again.status.is_over)
        await watcher.tasks.close()

    act(scenario())


def test_a_run_outlives_who_started_it_and_is_found_again(watcher: Watcher, config: SftConfig) -> None:
    async def leave() -> None:
        run = await watcher.start(replace(config, max_steps=100_000, batch_size=1))  # long enough
        await watcher.until(lambda: watcher.checkpoints())
        run.close()
        await watcher.tasks.close()

    async def come_back() -> None:
        assert running_run(watcher.runs) == watcher.folder
        (summary,) = runs_in(watcher.runs)
        assert summary.status.phase is RunPhase.RUNNING
        watcher.events.clear()
        watcher.tasks = TaskRunner(lambda error: pytest.fail(repr(error)))
        run = watcher.attach()
        await watcher.until(lambda: len(watcher.checkpoints()) > 2)
        assert any(isinstance(event, RunStarted) for event in watcher.events)
        assert watcher.checkpoints()[0] == 10
        run.stop()
        await watcher.until(lambda: run.status.is_over)
        assert run.status.phase is RunPhase.STOPPED
        await watcher.tasks.close()

    act(leave())
    act(come_back())
    assert running_run(watcher.runs) is None


def test_a_run_that_is_killed_is_dead_and_can_be_gone_on_with(watcher: Watcher, config: SftConfig) -> None:
    async def scenario() -> None:
        run = await watcher.start(replace(config, max_steps=100_000, batch_size=1))  # long enough
        await watcher.until(lambda: watcher.checkpoints())
        watcher.process().send_signal(signal.SIGKILL)
        await watcher.until(lambda: run.status.is_over)
        assert run.status.phase is RunPhase.DIED
        assert run.status.can_resume
        assert not is_running(watcher.folder)
        (summary,) = runs_in(watcher.runs)
        assert summary.status.phase is RunPhase.DIED
        last = RunDir(watcher.folder).newest_checkpoint()
        assert last is not None
        before = len(watcher.events)
        again = await watcher.resume()
        await watcher.until(
            lambda: any(isinstance(event, Metrics) for event in watcher.events[before:]) and again.status.step > 10
        )
        again.stop()
        await watcher.until(lambda: again.status.is_over)
        assert again.status.phase is RunPhase.STOPPED
        await watcher.tasks.close()

    act(scenario())


def test_what_is_wrong_is_said_in_a_sentence(watcher: Watcher, config: SftConfig, tmp_path: Path) -> None:
    async def scenario() -> None:
        with pytest.raises(TrainingError, match="batch_size is 0"):
            await watcher.start(replace(config, batch_size=0))
        run = await watcher.start(replace(config, data=str(tmp_path / "nowhere")))
        await watcher.until(lambda: run.status.is_over)
        assert (run.status.phase, run.status.reason) == (RunPhase.FAILED, "bad_data")
        assert "nowhere" in run.status.message
        await watcher.tasks.close()

    act(scenario())


def test_new_folders_are_named_by_kind_and_time(tmp_path: Path) -> None:
    at = datetime(2027, 3, 4, 5, 6)
    first = new_run_folder(tmp_path, SFT, at)
    first.mkdir()
    assert first.name == "sft 2027-03-04 05.06"
    assert new_run_folder(tmp_path, SFT, at).name == "sft 2027-03-04 05.06 (2)"


def test_no_run_takes_longer_than_it_may(tmp_path: Path) -> None:
    SftConfig(max_hours=0.5).save(tmp_path / "config.json")
    told = [RunStarted("run", "sft", 1000, "CPU"), Progress(10, 1000, 100.0)]
    assert status_of(tmp_path, told).eta_s == 1700
    SftConfig().save(tmp_path / "config.json")
    assert status_of(tmp_path, told).eta_s == 9900

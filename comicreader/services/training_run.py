"""A training run as the reader sees it: started in a process that outlives the reader, followed by its folder.

start / resume  ->  python -m trainer sft|rl, a session of its own, output into <run>.log beside the folder
attach          ->  the same run, from another life of the reader
events.jsonl    ->  events, as they are written; `RunStatus` sums them up
running.lock    ->  whether the process lives; the file `stop` asks it to end with a checkpoint
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path

from filelock import FileLock, Timeout

from comicreader.domain.errors import TrainingError
from comicreader.services.task_runner import TaskRunner
from trainer.config import ConfigError, Options, RlConfig, SftConfig
from trainer.events import (
    Event,
    Loading,
    Progress,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
    decode_event,
)
from trainer.run_dir import RunDir

_log = logging.getLogger(__name__)

SFT, RL = "sft", "rl"
CONFIGS: dict[str, type[SftConfig] | type[RlConfig]] = {SFT: SftConfig, RL: RlConfig}
"""What can be started here, and what it is told."""

_POLL_S = 0.25
# Torch takes some seconds to load before a run's folder is there.
_STARTING_S = 120.0
# Turning pages must stay smooth while a narrator learns.
_NICE = 10
_LAST_WORDS = (RunFinished, RunCancelled, RunFailed)


class RunPhase(Enum):
    """How a run stands."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    DIED = "died"


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A run in short.

    Attributes:
        folder: of the run.
        kind: SFT or RL; empty before it said so.
        phase: how it stands. STOPPED, FAILED and DIED can be gone on with.
        step: optimiser steps done.
        total_steps: until the end; 0 before they are known.
        seconds: since it began.
        device: where it runs, for people.
        message: its newest sentence.
        reason: of a failure, a stable word (`trainer.events.RunFailed`).
        hint: what to change after a failure.
        limit_s: seconds that it may take; 0: as many as it needs.
    """

    folder: Path
    kind: str = ""
    phase: RunPhase = RunPhase.STARTING
    step: int = 0
    total_steps: int = 0
    seconds: float = 0.0
    device: str = ""
    message: str = ""
    reason: str = ""
    hint: str = ""
    limit_s: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether nothing works on it."""
        return self.phase not in (RunPhase.STARTING, RunPhase.RUNNING, RunPhase.STOPPING)

    @property
    def can_resume(self) -> bool:
        """Whether it can be gone on with."""
        return (
            self.phase in (RunPhase.STOPPED, RunPhase.FAILED, RunPhase.DIED)
            and RunDir(self.folder).newest_checkpoint() is not None
        )

    @property
    def eta_s(self) -> float | None:
        """Seconds until the end at the pace so far; None while it cannot be told."""
        if not self.step or self.is_over:
            return None
        left = self.seconds / self.step * max(0, self.total_steps - self.step)
        return min(left, max(0.0, self.limit_s - self.seconds)) if self.limit_s else left

    def after(self, event: Event) -> RunStatus:
        """The status once an event is known."""
        match event:
            case RunStarted(_, kind, total_steps, device):
                return replace(
                    self,
                    kind=kind,
                    total_steps=total_steps,
                    device=device,
                    phase=RunPhase.RUNNING,
                    limit_s=_limit_s(self.folder),
                )
            case Progress(step, total_steps, seconds):
                return replace(self, step=step, total_steps=total_steps, seconds=seconds, phase=self._at_work())
            case Loading(message, _):
                return replace(self, message=message, phase=self._at_work())
            case RunFinished(message, _):
                return replace(self, message=message, phase=RunPhase.FINISHED)
            case RunCancelled(message):
                return replace(self, message=message, phase=RunPhase.STOPPED)
            case RunFailed(reason, message, hint):
                return replace(self, reason=reason, message=message, hint=hint, phase=RunPhase.FAILED)
        return self

    def _at_work(self) -> RunPhase:
        return RunPhase.STOPPING if self.phase is RunPhase.STOPPING else RunPhase.RUNNING


def default_training_command() -> list[str]:
    """The trainer's program, without what it is to do; see `narrator.default_command` for `-P`."""
    return [sys.executable, "-P", "-m", "trainer"]


def is_running(folder: Path) -> bool:
    """Whether a process works on a run."""
    lock_file = RunDir(folder).lock_file
    if not lock_file.exists():
        return False
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def log_file(folder: Path) -> Path:
    """What a run's process wrote for people: beside the folder, which the process makes itself."""
    return folder.with_name(f"{folder.name}.log")


class TrainingRun:
    """One run, followed until it is over or let go of. To be used in one event loop.

    Attributes:
        status: how it stands.
    """

    def __init__(self, folder: Path, on_event: Callable[[Event], None], on_status: Callable[[RunStatus], None]) -> None:
        self.status = RunStatus(folder)
        self._on_event = on_event
        self._on_status = on_status
        self._process: subprocess.Popen[bytes] | None = None
        self._following: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        kind: str,
        config: Options,
        folder: Path,
        tasks: TaskRunner,
        on_event: Callable[[Event], None],
        on_status: Callable[[RunStatus], None],
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> TrainingRun:
        """Start a run in a new folder.

        Args:
            kind: SFT or RL.
            config: what it is told; its field `run` is set to the folder.
            folder: of the run; its parent is made.
            tasks: keeps the task that follows it.
            on_event: called with every event.
            on_status: called with every new status.
            command: the trainer's program; None: the default one.
            environment: the child's; None: this process's.

        Raises:
            TrainingError: the configuration is wrong, or the program cannot be started.
        """
        config = replace(config, run=str(folder))  # type: ignore[call-arg] # every run's configuration has it
        try:
            config.validate()
        except ConfigError as error:
            raise TrainingError(str(error)) from error
        run = cls(folder, on_event, on_status)
        await run._launch([*(command or default_training_command()), kind, *_as_arguments(config)], environment, tasks)
        return run

    @classmethod
    async def resume(
        cls,
        folder: Path,
        tasks: TaskRunner,
        on_event: Callable[[Event], None],
        on_status: Callable[[RunStatus], None],
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> TrainingRun:
        """Go on with a run from its last checkpoint; arguments as for `start`.

        Raises:
            TrainingError: something works on it, or the program cannot be started.
        """
        if is_running(folder):
            raise TrainingError("This training is going on already.")
        kind = status_of(folder, read_events(folder)).kind or SFT
        run = cls(folder, on_event, on_status)
        arguments = [kind, "--run", str(folder), "--resume", "--nice", str(_NICE)]
        await run._launch([*(command or default_training_command()), *arguments], environment, tasks)
        return run

    @classmethod
    def attach(
        cls,
        folder: Path,
        tasks: TaskRunner,
        on_event: Callable[[Event], None],
        on_status: Callable[[RunStatus], None],
    ) -> TrainingRun:
        """Follow a run that goes on, or look at one that is over: its events are told from the first on."""
        run = cls(folder, on_event, on_status)
        run._following = tasks.start(run._follow(), name=f"follow {folder.name}")
        return run

    def stop(self) -> None:
        """Ask it to end with a checkpoint."""
        if not self.status.is_over:
            try:
                RunDir(self.status.folder).stop_file.touch()
            except OSError as error:
                _log.warning("the run cannot be asked to stop: %s", error)
                return
            self._set(replace(self.status, phase=RunPhase.STOPPING))

    def close(self) -> None:
        """Let go of it; its process goes on."""
        if self._following is not None:
            self._following.cancel()

    async def _launch(self, command: Sequence[str], environment: Mapping[str, str] | None, tasks: TaskRunner) -> None:
        folder = self.status.folder
        try:
            # whole in the other thread: who closes the window meanwhile cuts short only what comes after it
            self._process = await asyncio.to_thread(_started, command, environment, log_file(folder))
        except OSError as error:
            raise TrainingError(f"The training cannot be started: {error.strerror or error}.") from error
        _log.info("training %s started as process %d", folder.name, self._process.pid)
        self._following = tasks.start(self._follow(), name=f"follow {folder.name}")

    async def _follow(self) -> None:
        """Tell the events as they come, until the process is gone and everything was read."""
        file = _EventFile(RunDir(self.status.folder).events_file)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        was_alive = False
        while True:
            is_alive = await asyncio.to_thread(self._is_alive)
            was_alive |= is_alive
            for event in await asyncio.to_thread(file.new_events):
                self._on_event(event)
                self._set(self.status.after(event))
            if not is_alive and (was_alive or self._process is None or self._process.poll() is not None):
                break
            if not was_alive and loop.time() - began_s > _STARTING_S:
                break
            await asyncio.sleep(_POLL_S)
        if not self.status.is_over:
            last = await asyncio.to_thread(_last_word_in, log_file(self.status.folder))
            ended = self.status.after(last) if last is not None and not file.has_been_read else None
            self._set(ended or replace(self.status, phase=RunPhase.DIED, message="The training ended unexpectedly."))

    def _is_alive(self) -> bool:
        if self._process is not None and self._process.poll() is None:
            return True
        return is_running(self.status.folder)

    def _set(self, status: RunStatus) -> None:
        if status != self.status:
            self.status = status
            self._on_status(status)


def _started(command: Sequence[str], environment: Mapping[str, str] | None, log: Path) -> subprocess.Popen[bytes]:
    """A process in a session of its own and without a pipe of ours, so that it outlives this one."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=None if environment is None else dict(environment),
            start_new_session=True,
        )
    # somebody must take note of its end, or it stays in the table of processes
    threading.Thread(target=process.wait, name="training's end", daemon=True).start()
    return process


def _limit_s(folder: Path) -> float:
    try:
        return SftConfig.load(RunDir(folder).config_file).max_hours * 3600  # every run's configuration has it
    except ConfigError:
        return 0.0


class _EventFile:
    """A run's events.jsonl, read as it grows.

    Attributes:
        has_been_read: whether there was anything in it.
    """

    def __init__(self, path: Path) -> None:
        self.has_been_read = False
        self._path = path
        self._offset = 0
        self._inode = 0

    def new_events(self) -> list[Event]:
        """The whole lines since the last call; all lines again where the run was wound back to a checkpoint."""
        try:
            with self._path.open("rb") as stream:
                found = self._path.stat()
                if found.st_ino != self._inode or found.st_size < self._offset:
                    self._inode, self._offset = found.st_ino, 0
                stream.seek(self._offset)
                content = stream.read()
        except OSError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        self.has_been_read |= bool(whole)
        return [decode_event(line) for line in whole.decode("utf-8", "replace").splitlines()]


def read_events(folder: Path) -> list[Event]:
    """All events that a run has told."""
    return _EventFile(RunDir(folder).events_file).new_events()


def status_of(folder: Path, events: Iterable[Event]) -> RunStatus:
    """How a run stands by its events alone: one that ended without a last word looks as if it went on."""
    status = RunStatus(folder)
    for event in events:
        status = status.after(event)
    return status


def _last_word_in(log: Path) -> Event | None:
    """What a process said last that ended before it had a folder to say it in."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        event = decode_event(line)
        if isinstance(event, _LAST_WORDS):
            return event
    return None


def _as_arguments(config: Options) -> list[str]:
    """The command line that `Options.from_arguments` reads the configuration from."""
    found = ["--nice", str(_NICE)]
    for name, value in asdict(config).items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            found.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            found += [f"--{flag}={value}"]
    return found

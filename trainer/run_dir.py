"""The folder of one run, and how it is written so that a crash never leaves half of something.

    <run>/
        config.json
        events.jsonl                    every event, the same lines as on stdout
        picture_words/                  what a new narrator's pictures suggest, learned once at the start
        rewards.json                    the scale of the rewards, learned once at the start
        checkpoints/step_000500/
            model/                      what inference needs
            training_state/             what going on needs
        best.txt                        the name of the best checkpoint by the dev split
        running.lock                    locked while a process works on the run
        stop                            while it is there, that process is asked to end with a checkpoint

Every checkpoint is written beside its name and renamed when whole. Standard library only.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

CHECKPOINTS = "checkpoints"
BEST_FILE = "best.txt"
MODEL, TRAINING_STATE = "model", "training_state"
CONFIG_FILE = "config.json"
_KEPT_CHECKPOINTS = 2  # the newest, and the one before it; the best is kept besides
_LAST_WORDS = ("run_finished", "run_cancelled", "run_failed")


class RunDirError(Exception):
    """The folder cannot be used; the text is one sentence for the person."""


class DiskError(RunDirError):
    """Something cannot be written: the disk is full, most often."""


class RunDir:
    """One run's folder.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> RunDir:
        """Make the folder.

        Raises:
            RunDirError: it exists and holds something already, or cannot be made.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            occupied = any(path.iterdir())
        except OSError as error:
            raise RunDirError(f"The run folder {path} cannot be made: {error}") from error
        if occupied:
            raise RunDirError(f"The run folder {path} is not empty; choose another name, or go on with --resume.")
        return cls(path)

    @classmethod
    def reopen(cls, path: Path) -> RunDir:
        """Open the folder of a run that is to go on.

        Raises:
            RunDirError: there is no run in it.
        """
        if not (path / CONFIG_FILE).is_file():
            raise RunDirError(f"There is no run in {path} that could go on: it holds no {CONFIG_FILE}.")
        return cls(path)

    @classmethod
    def of_model(cls, model: Path) -> RunDir:
        """The run that a checkpoint's model folder belongs to."""
        return cls(model.parents[2])

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.name

    @property
    def config_file(self) -> Path:
        """What the run was told."""
        return self.path / CONFIG_FILE

    @property
    def events_file(self) -> Path:
        """The stream of events."""
        return self.path / "events.jsonl"

    @property
    def picture_words(self) -> Path:
        """What pictures suggest."""
        return self.path / "picture_words"

    @property
    def rewards_file(self) -> Path:
        """The scale of rewards."""
        return self.path / "rewards.json"

    @property
    def lock_file(self) -> Path:
        """Locked while a process works on the run: the system lets go of it however that process ends."""
        return self.path / "running.lock"

    @property
    def stop_file(self) -> Path:
        """While it is there, the run is asked to end with a checkpoint."""
        return self.path / "stop"

    def best_model(self) -> Path | None:
        """The model folder of the best checkpoint; None before the first."""
        try:
            step = (self.path / BEST_FILE).read_text().strip()
        except OSError:
            return None
        return self.path / CHECKPOINTS / step / MODEL

    def newest_checkpoint(self) -> Path | None:
        """The folder of the last whole checkpoint; None before the first."""
        folders = self._checkpoints()
        return folders[-1] if folders else None

    def mark_best(self, step: int) -> None:
        """Say which checkpoint is the best."""
        part = self.path / f"{BEST_FILE}.part"
        part.write_text(_name(step) + "\n")
        part.replace(self.path / BEST_FILE)

    def save_checkpoint(self, step: int, is_best: bool, write: Callable[[Path], None]) -> Path:
        """Write a checkpoint and forget the ones no longer needed.

        Args:
            step: optimiser steps done.
            is_best: whether it is the best so far.
            write: fills the checkpoint's folder it is given, in which `model` and `training_state` are empty folders.

        Returns:
            The checkpoint's folder.

        Raises:
            DiskError: it cannot be written; the checkpoints before it are as they were.
        """
        name = _name(step)
        final = self.path / CHECKPOINTS / name
        scratch = final.with_name(f".{name}.part")
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            for part in (MODEL, TRAINING_STATE):
                (scratch / part).mkdir(parents=True)
            write(scratch)
        except OSError as error:
            shutil.rmtree(scratch, ignore_errors=True)  # where the disk is full, the half would keep it so
            raise DiskError(f"The checkpoint of step {step} cannot be written: {error.strerror or error}.") from error
        shutil.rmtree(final, ignore_errors=True)
        scratch.replace(final)
        if is_best:
            self.mark_best(step)
        self._forget_old()
        return final

    def rewind_events(self) -> None:
        """Forget the events after the newest checkpoint: the run goes on from there and will tell them again."""
        try:
            lines = self.events_file.read_text(encoding="utf-8").splitlines(keepends=True)
        except OSError:
            return
        newest = self.newest_checkpoint()
        step = _step(newest) if newest else -1
        part = self.events_file.with_suffix(".part")
        part.write_text("".join(line for line in lines if newest and _was_told_by(line, step)), encoding="utf-8")
        part.replace(self.events_file)

    def _forget_old(self) -> None:
        best = self.best_model()
        for folder in self._checkpoints()[:-_KEPT_CHECKPOINTS]:
            if best is None or folder != best.parent:
                shutil.rmtree(folder, ignore_errors=True)

    def _checkpoints(self) -> list[Path]:
        """Oldest first."""
        return sorted((self.path / CHECKPOINTS).glob("step_*"), key=_step)


def _name(step: int) -> str:
    return f"step_{step:06d}"


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("step_"))


def _was_told_by(line: str, step: int) -> bool:
    """Whether an event belongs to the run up to a step; a line that was cut off belongs nowhere."""
    try:
        event = json.loads(line)
    except ValueError:
        return False
    return event.get("type") not in _LAST_WORDS and event.get("step", 0) <= step

"""The folder of one run, and how it is written so that a crash never leaves half of something.

    <run>/
        config.json
        events.jsonl                    every event, the same lines as on stdout
        checkpoints/step_000500/model/  what inference needs
        best -> checkpoints/step_…      the best checkpoint by the dev split (a folder name in best.txt)

Every checkpoint is written beside its name and renamed when whole. Standard library only.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

CHECKPOINTS = "checkpoints"
BEST_FILE = "best.txt"
_KEPT_CHECKPOINTS = 2  # the newest, and the one before it; the best is kept besides


class RunDirError(Exception):
    """The folder cannot be used; the text is one sentence for the person."""


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
            raise RunDirError(f"The run folder {path} is not empty; choose another name.")
        return cls(path)

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.name

    @property
    def events_file(self) -> Path:
        """The stream of events."""
        return self.path / "events.jsonl"

    def best_model(self) -> Path | None:
        """The model folder of the best checkpoint; None before the first."""
        try:
            step = (self.path / BEST_FILE).read_text().strip()
        except OSError:
            return None
        return self.path / CHECKPOINTS / step / "model"

    def save_checkpoint(self, step: int, is_best: bool, write_model: Callable[[Path], None]) -> Path:
        """Write a checkpoint and forget the ones no longer needed.

        Args:
            step: optimiser steps done.
            is_best: whether it is the best so far.
            write_model: fills the model folder it is given.

        Returns:
            The checkpoint's folder.
        """
        name = f"step_{step:06d}"
        final = self.path / CHECKPOINTS / name
        scratch = final.with_name(f".{name}.part")
        shutil.rmtree(scratch, ignore_errors=True)
        (scratch / "model").mkdir(parents=True)
        write_model(scratch / "model")
        shutil.rmtree(final, ignore_errors=True)
        scratch.replace(final)
        if is_best:
            part = self.path / f"{BEST_FILE}.part"
            part.write_text(name + "\n")
            part.replace(self.path / BEST_FILE)
        self._forget_old()
        return final

    def _forget_old(self) -> None:
        best = self.best_model()
        folders = sorted((self.path / CHECKPOINTS).glob("step_*"))
        for folder in folders[:-_KEPT_CHECKPOINTS]:
            if best is None or folder != best.parent:
                shutil.rmtree(folder, ignore_errors=True)

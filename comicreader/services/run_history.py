"""The training runs on this computer: what each did, how well, and how much room it takes."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from comicreader.domain.errors import TrainingError
from comicreader.services.training_run import RunPhase, RunStatus, is_running, log_file, read_events, status_of
from trainer.config import ConfigError, RlConfig, SftConfig
from trainer.events import CheckpointSaved, Metrics
from trainer.run_dir import CONFIG_FILE, RunDir

_DEV = "eval/"


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run.

    Attributes:
        status: how it stands.
        began: when, local time.
        figures: of the dev split at the best checkpoint, by name without "eval/".
        best_model: the best checkpoint's narrator; None before the first.
        size_bytes: of its folder.
        forget_limit: nats a token that it was allowed to get worse at what it knew before.
    """

    status: RunStatus
    began: datetime
    figures: dict[str, float]
    best_model: Path | None
    size_bytes: int
    forget_limit: float

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.status.folder.name

    @property
    def forgotten(self) -> float:
        """Nats a token that it is worse at what it knew before; 0 within its limit, or where that is not known."""
        nats = self.figures.get("forgotten", 0.0)
        return nats if nats > self.forget_limit else 0.0


def runs_in(runs: Path) -> tuple[RunSummary, ...]:
    """The runs in a folder, newest first; what is no run is left out."""
    if not runs.is_dir():
        return ()
    folders = [path for path in runs.iterdir() if (path / CONFIG_FILE).is_file()]
    found = [_summary(folder) for folder in folders]
    return tuple(sorted(found, key=lambda run: run.began, reverse=True))


def summary_of(run: Path) -> RunSummary:
    """One run."""
    return _summary(run)


def running_run(runs: Path) -> Path | None:
    """A run that a process works on just now."""
    if not runs.is_dir():
        return None
    return next((path for path in sorted(runs.iterdir()) if path.is_dir() and is_running(path)), None)


def new_run_folder(runs: Path, kind: str, now: datetime) -> Path:
    """A folder for a new run that is not there yet, named by kind and time."""
    name = f"{kind} {now:%Y-%m-%d %H.%M}"
    number = 1
    while (folder := runs / (name if number == 1 else f"{name} ({number})")).exists() or log_file(folder).exists():
        number += 1
    return folder


def delete_run(folder: Path) -> None:
    """Take a run and its checkpoints off the disk.

    Raises:
        TrainingError: it goes on, or cannot be deleted.
    """
    if is_running(folder):
        raise TrainingError("This training goes on; stop it first.")
    try:
        shutil.rmtree(folder)
        log_file(folder).unlink(missing_ok=True)
    except OSError as error:
        raise TrainingError(f"{folder.name} cannot be deleted: {error.strerror or error}.") from error


def save_memory(folder: Path) -> None:
    """Have a run compute its steps in twice as many portions from now on, each half as large; it learns the same.

    Raises:
        TrainingError: its portions are as small as can be, or the folder cannot be read or written.
    """
    file = folder / CONFIG_FILE
    try:
        is_rl = "rollouts" in json.loads(file.read_text())
        config: SftConfig | RlConfig = RlConfig.load(file) if is_rl else SftConfig.load(file)
        smaller = replace(config, accumulation=2 * config.accumulation)
        smaller.validate()
        smaller.save(file)
    except (ConfigError, ValueError, OSError) as error:
        raise TrainingError(f"It cannot work in smaller portions: {error}") from error


def export_model(folder: Path, target: Path) -> None:
    """Copy a run's best narrator into a new folder.

    A narrator of the encoder-decoder family is what `VisionEncoderDecoderModel.from_pretrained` loads; one of the
    prefix family needs this program, on any computer: `--model FOLDER`.

    Raises:
        TrainingError: there is no checkpoint yet, or the folder is there already or cannot be written.
    """
    best = RunDir(folder).best_model()
    if best is None or not best.is_dir():
        raise TrainingError("This training has no checkpoint yet.")
    try:
        shutil.copytree(best, target)
    except OSError as error:
        raise TrainingError(f"{target} cannot be written: {error.strerror or 'it is there already'}.") from error


def _summary(folder: Path) -> RunSummary:
    events = read_events(folder)
    status = status_of(folder, events)
    if not status.is_over and not is_running(folder):
        status = RunStatus(
            folder, status.kind, RunPhase.DIED, status.step, status.total_steps, status.seconds, status.device
        )
    best_step = max((event.step for event in events if isinstance(event, CheckpointSaved) and event.is_best), default=0)
    figures = {
        name.removeprefix(_DEV): value
        for event in events
        if isinstance(event, Metrics) and event.step == best_step
        for name, value in event.values.items()
        if name.startswith(_DEV)
    }
    files = [path for path in folder.rglob("*") if path.is_file()]
    began = datetime.fromtimestamp((folder / CONFIG_FILE).stat().st_mtime)
    size = sum(path.stat().st_size for path in files)
    return RunSummary(status, began, figures, RunDir(folder).best_model(), size, _forget_limit(folder))


def _forget_limit(folder: Path) -> float:
    try:
        return SftConfig.load(folder / CONFIG_FILE).forget_limit
    except ConfigError:
        return SftConfig().forget_limit

"""Which narrators a person can choose from on this computer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trainer.run_dir import CHECKPOINTS, RunDir

SUGGESTED_HUB_MODEL = "nlpconnect/vit-gpt2-image-captioning"
"""A public ViT-GPT2 that describes photographs; the best known of its kind."""


@dataclass(frozen=True, slots=True)
class TrainedNarrator:
    """A checkpoint of a training run.

    Attributes:
        title: run and step, for people.
        folder: what the narrator is started with.
    """

    title: str
    folder: Path


def trained_narrators(runs: Path) -> tuple[TrainedNarrator, ...]:
    """The checkpoints under the folder of runs: newest run first, in it the best checkpoint, then the newest."""
    if not runs.is_dir():
        return ()
    folders = sorted((path for path in runs.iterdir() if path.is_dir()), key=lambda path: -path.stat().st_mtime)
    return tuple(narrator for folder in folders for narrator in _checkpoints(RunDir(folder)))


def _checkpoints(run: RunDir) -> list[TrainedNarrator]:
    best = run.best_model()
    models = sorted((run.path / CHECKPOINTS).glob("step_*/model"), reverse=True)
    models.sort(key=lambda model: model != best)  # stable: the others stay newest first
    return [TrainedNarrator(f"{run.name} · {_step(model)}{' (best)' * (model == best)}", model) for model in models]


def _step(model: Path) -> str:
    """For people: "step 500" of a folder ".../step_000500/model"."""
    return f"step {int(model.parent.name.removeprefix('step_'))}"

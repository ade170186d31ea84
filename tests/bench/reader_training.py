"""Training on what a simulated reader has corrected so far: the same command that a person starts from the menu."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from trainer.captioner import EMBEDDED, Captioner, load_captioner
from trainer.dataset import DEV, RECORDS, TRAIN, Record
from trainer.run_dir import RunDir

_DEV_EVERY = 10
_BATCH_SIZE = 8


def trained_on(records: Sequence[Record], options: argparse.Namespace) -> Captioner:
    """The embedded narrator after a short training on the captions of these records, which is done once.

    Args:
        records: all that was corrected so far, in order.
        options: of `simulated_reader`: out, style, steps, learning_rate, threads, base_weights.
    """
    name = f"after_{len(records):04}"
    data, run = options.out / "data" / name, options.out / "runs" / name
    if RunDir(run).best_model() is None:
        shutil.rmtree(data, ignore_errors=True)
        shutil.rmtree(run, ignore_errors=True)
        _write_data(records, options.style, data)
        _train(data, run, options)
    model = RunDir(run).best_model()
    assert model is not None
    return load_captioner(str(model), options.base_weights, lambda *_: None)


def _train(data: Path, run: Path, options: argparse.Namespace) -> None:
    run.parent.mkdir(exist_ok=True)
    settings = {
        "model": EMBEDDED, "data": data, "run": run, "threads": options.threads, "max_steps": options.steps,
        "epochs": 1000, "evaluate_every": options.steps, "batch_size": _BATCH_SIZE,
        "learning_rate": options.learning_rate, "projector_learning_rate": options.learning_rate,
    }  # fmt: skip
    given = [part for key, value in settings.items() for part in (f"--{key.replace('_', '-')}", str(value))]
    command = [sys.executable, "-m", "trainer", "sft", *given, "--base-weights", str(options.base_weights)]
    # The end of its stdin would stop the training.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
        if child.wait():
            raise SystemExit(f"The training in {run} ended with {child.returncode}.")


def _write_data(records: Sequence[Record], style: str, folder: Path) -> None:
    """A data set of the records' texts in one style; one in ten is looked at to see that training learns."""
    (folder / "images").mkdir(parents=True)
    lines = []
    for place, record in enumerate(records):
        image = f"images/{record.image.name}"
        shutil.copy(record.image, folder / image)
        split = DEV if place % _DEV_EVERY == _DEV_EVERY - 1 else TRAIN
        text = record.told_as(style)[0]
        lines.append(json.dumps({"id": record.id, "split": split, "book": record.book, "image": image, style: text}))
    (folder / RECORDS).write_text("\n".join(lines) + "\n", encoding="utf-8")

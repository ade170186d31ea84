"""Two narrators on panels that were held out: both write in a child process, and what they wrote is measured.

the run's data set -> held-out records -> python -m trainer evaluate --no-controls -> its report
-> pairs of captions, measures with intervals
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comicreader.domain.errors import TrainingError
from comicreader.services.training_run import default_training_command
from trainer.config import ConfigError, SftConfig
from trainer.dataset import DESCRIPTION, DEV, STYLES, TEST, TRAIN, DatasetError, load_records
from trainer.events import Loading, Progress, RunCancelled, RunFailed, RunFinished, decode_event
from trainer.run_dir import CONFIG_FILE

_log = logging.getLogger(__name__)

PANELS = 20
"""Panels that are compared: a person's minute or two."""

MEASURES = ("chrf", "bleu", "similarity", "distinct_2", "mean_words")
"""What is shown of the report, in this order."""

_FEWEST_RECORDS = 2  # of which an interval can be made
_NARRATOR, _OTHER = "narrator", "other narrator"  # the report's names
_LONGEST_LINE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Pair:
    """What both narrators wrote for one panel.

    Attributes:
        record_id: of the data set.
        picture: the panel's file.
        first: the narrator's so far.
        second: the new one's.
        reference: what a person wrote.
    """

    record_id: str
    picture: Path
    first: str
    second: str
    reference: str


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One measure of both narrators.

    Attributes:
        name: of the measure.
        first: of the narrator so far; None where it could not be measured, as all that follow.
        second: of the new one.
        low: lower end of the 95 % interval of what the new one has more.
        high: its upper end.
        p: how likely so large a difference is by chance.
    """

    name: str
    first: float | None
    second: float | None
    low: float | None
    high: float | None
    p: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two narrators side by side.

    Attributes:
        first_model: the narrator so far.
        second_model: the new one.
        split: of the data set; TRAIN: nothing was held out, the new one has learned from these panels.
        pairs: panel by panel.
        measures: of all pairs.
        books: how many the panels are of.
    """

    first_model: str
    second_model: str
    split: str
    pairs: tuple[Pair, ...]
    measures: tuple[MeasureRow, ...]
    books: int


def start_model_of(run: Path) -> str:
    """The narrator that a run started from.

    Raises:
        TrainingError: the run's configuration cannot be read.
    """
    return _config_of(run).model or "embedded"


async def compare(
    run: Path,
    first_model: str,
    second_model: str,
    on_progress: Callable[[str, float | None], None],
    command: Sequence[str] | None = None,
) -> Comparison:
    """Let both narrators write; cancelling ends the child process.

    Args:
        run: the training run's folder: its data set's panels are told, and the report is kept in it.
        first_model: the narrator so far: "embedded", a directory, or a hub name.
        second_model: the new one.
        on_progress: called with a sentence and the share that is done, None while it is not known.
        command: the trainer's program; None: the default one.

    Raises:
        TrainingError: the data set is gone or too small, or a narrator cannot be loaded.
    """
    config = await asyncio.to_thread(_config_of, run)
    data = Path(config.data)
    split, style = await asyncio.to_thread(_held_out, data)
    report = run / "comparison.json"
    arguments = [
        "evaluate", "--model", second_model, "--against", first_model, "--data", str(data), "--split", split,
        "--style", style, "--limit", str(PANELS), "--no-controls", "--judge=", "--json", str(report),
    ]  # fmt: skip
    if config.descriptions:
        arguments += ["--descriptions", config.descriptions]
    await _run([*(command or default_training_command()), *arguments], on_progress)
    return await asyncio.to_thread(_comparison, report, data, first_model, second_model, split)


def sign_test(wins: int, losses: int) -> float:
    """How likely a tally as one-sided as this is if neither were better: the exact two-sided sign test."""
    count = wins + losses
    tail = sum(math.comb(count, fewer) for fewer in range(min(wins, losses) + 1))
    return min(1.0, 2.0 * tail / float(2**count))


def _config_of(run: Path) -> SftConfig:
    try:
        return SftConfig.load(run / CONFIG_FILE)  # data, descriptions and model are every run's
    except ConfigError as error:
        raise TrainingError(str(error)) from error


def _held_out(data: Path) -> tuple[str, str]:
    """Split and style to compare on: the least learned from that has enough records, in its commonest style."""
    try:
        records = load_records(data)[0]
    except DatasetError as error:
        raise TrainingError(f"The data set that it learned from cannot be read: {error}") from error
    for split in (TEST, DEV, TRAIN):
        styles = Counter(
            style for record in records if record.split == split for style in STYLES if record.told_as(style)[0]
        )
        style = max(styles, key=lambda name: (styles[name], name == DESCRIPTION), default=DESCRIPTION)
        if styles[style] >= _FEWEST_RECORDS:
            return split, style
    raise TrainingError("The data set that it learned from has too few panels to compare narrators on.")


async def _run(command: Sequence[str], on_progress: Callable[[str, float | None], None]) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, limit=_LONGEST_LINE_BYTES, start_new_session=True
        )
    except OSError as error:
        raise TrainingError(f"The narrators cannot be compared: {error.strerror or error}.") from error
    last: object = None
    lines = process.stdout or asyncio.StreamReader()  # always the first: it was asked for
    try:
        async for line in lines:
            event = decode_event(line.decode("utf-8", "replace"))
            if isinstance(event, Loading):
                on_progress(event.message, event.done_frac)
            elif isinstance(event, Progress):
                on_progress("Both narrators write", event.step / max(1, event.total_steps))
            elif isinstance(event, RunFinished | RunFailed | RunCancelled):
                last = event
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    if isinstance(last, RunFailed):
        raise TrainingError(f"The narrators cannot be compared. {last.message} {last.hint}".strip())
    if not isinstance(last, RunFinished):
        raise TrainingError("The comparison ended unexpectedly.")


def _comparison(report: Path, data: Path, first_model: str, second_model: str, split: str) -> Comparison:
    try:
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        pictures = {record.id: record.image for record in load_records(data)[0]}
        pairs = tuple(
            Pair(row["id"], pictures[row["id"]], row[_OTHER], row[_NARRATOR], row["reference"])
            for row in found["captions"]
        )
        scores, differences = found["scores"], found["differences"][_OTHER]
        measures = tuple(
            MeasureRow(
                name,
                scores[_OTHER][name]["value"],
                scores[_NARRATOR][name]["value"],
                *(differences[name][part] for part in ("low", "high", "p")),
            )
            for name in MEASURES
        )
        return Comparison(first_model, second_model, split, pairs, measures, found["books"])
    except (OSError, ValueError, KeyError, TypeError, DatasetError) as error:
        _log.warning("report of a comparison: %r", error)
        raise TrainingError("The comparison's report cannot be read.") from error

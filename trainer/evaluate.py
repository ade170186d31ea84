"""How good a narrator is on a split, beside the controls that show whether it looks at the picture.

    records -> narrator, narrator shown wrong pictures   captions     `controls`
            -> nearest and most frequent training text   captions     `controls`
            -> another narrator, or an earlier report    captions
    captions and references -> measures, intervals, differences       `scoreboard`: `metrics`, `story_flow`,
                                                                        `significance`
    everything -> JSON and HTML                                        `report`, `report_page`

A person's captions are the context of the next one, so what is measured is one caption, not the drift of a whole book.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from trainer.captioner import EMBEDDED, Captioner, Decoding, Prompt, Rank, load_captioner
from trainer.controls import most_frequent_text, nearest_texts, open_picture, text_of, wrong_pictures
from trainer.dataset import DESCRIPTION, NARRATION, DatasetError, Record, load_descriptions, load_records
from trainer.device import best_device, describe
from trainer.events import Event, Loading, Metrics, Progress, RunFinished, RunStarted
from trainer.ranking import load_fit, ranking
from trainer.report import Report, captions_of, write_json
from trainer.report_page import write_page
from trainer.scoreboard import NARRATOR, Embed, Fit, Scoreboard, score_systems
from trainer.scorer import load_scorer
from trainer.significance import Floats

WRONG_PICTURES = "narrator, wrong pictures"
NEAREST = "nearest training text"
MOST_FREQUENT = "most frequent caption"
OTHER = "other narrator"

_BATCH = 8
_SEED = 0  # the same wrong pictures for every narrator
_LOOK_REPORT_EVERY = 50  # pictures


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is to be measured.

    Attributes:
        model: "embedded", a directory or a hub name.
        data: the data set's folder.
        split: which split.
        style: which of the records' texts the narrator is asked for: NARRATION or DESCRIPTION.
        descriptions: descriptions that take the place of the data set's own (`load_descriptions`); None: none.
        alone: every picture is told for itself: without what came before, against its standalone description.
        limit: records at most, two at least; 0: all.
        controls: whether the controls write too, which shows whether the picture counts; without them it is two
            narrators' comparison alone. Where there is nothing to train on, wrong pictures are the only control.
        against: another narrator, or the JSON report of one on the same records; empty: none.
        decoding: how captions are chosen.
        scorer: what several samples are chosen by where `decoding` says by fit ("embedded" or a directory).
        judge: the scorer that says how well captions fit their pictures, as `load_scorer` names it; empty: none.
        json_file: gets scores, signatures and every caption; None: none.
        html_file: gets the same for people, with the pictures; None: none.
    """

    model: str
    data: Path
    split: str = "test"
    style: str = NARRATION
    descriptions: Path | None = None
    alone: bool = False
    limit: int = 0
    controls: bool = True
    against: str = ""
    decoding: Decoding = field(default_factory=Decoding)
    scorer: str = EMBEDDED
    judge: str = ""
    json_file: Path | None = None
    html_file: Path | None = None


def evaluate(wanted: Evaluation, base_weights: Path, embed: Embed, emit: Callable[[Event], None]) -> RunFinished:
    """Measure a narrator.

    Args:
        wanted: what to measure.
        base_weights: the folder of `trainer.base_weights`.
        embed: texts to unit vectors; `SentenceEncoder` outside of tests.
        emit: takes every event.

    Raises:
        CaptionerError: a narrator cannot be loaded.
        ConfigError: a narrator cannot write as `wanted.decoding` says.
        DatasetError: no data set, a split that is too small, or an earlier report of other records.
    """
    train, records = _records(wanted)
    # An earlier report is read first: a wrong file name should not cost an hour of writing.
    earlier = captions_of(Path(wanted.against), records) if wanted.against.endswith(".json") else None
    captioner, rank = _load(wanted.model, wanted, base_weights, embed, emit)
    total = len(records) * (1 + wanted.controls + bool(wanted.against and earlier is None))
    emit(RunStarted(captioner.id, "evaluate", total, describe(best_device())))
    clock = _Clock(total, emit)
    pictures = [record.image for record in records]
    systems = {NARRATOR: _write_all(captioner, records, pictures, wanted, rank, clock)}
    if wanted.controls:
        strangers = wrong_pictures(records, _SEED)
        systems[WRONG_PICTURES] = _write_all(captioner, records, strangers, wanted, rank, clock)
        if train:
            seen = base_weights.parent / "features"
            systems[NEAREST] = nearest_texts(captioner, train, records, seen, _looking(emit))
            systems[MOST_FREQUENT] = [most_frequent_text(train)] * len(records)
    if earlier is not None:
        systems[OTHER] = earlier
    elif wanted.against:
        other, other_rank = _load(wanted.against, wanted, base_weights, embed, emit)
        systems[OTHER] = _write_all(other, records, pictures, wanted, other_rank, clock)
    fit = _judged_by(wanted.judge, records, base_weights, emit) if wanted.judge else None
    return _report(wanted, captioner.id, records, systems, embed, fit, emit)


def _report(
    wanted: Evaluation,
    model: str,
    records: Sequence[Record],
    systems: Mapping[str, Sequence[str]],
    embed: Embed,
    fit: Fit | None,
    emit: Callable[[Event], None],
) -> RunFinished:
    """Measure what was written, and write the reports."""
    emit(Loading("Comparing the texts"))
    references, books = [text_of(record) for record in records], [record.book for record in records]
    tags = [record.tags for record in records] if any(record.tags for record in records) else None
    board = score_systems(systems, references, books, embed, fit, tags)
    _emit_scores(board, emit)
    report = Report(model, wanted.against, wanted.split, wanted.decoding, board, tuple(records), systems)
    if wanted.json_file:
        write_json(report, wanted.json_file)
    if wanted.html_file:
        write_page(report, wanted.html_file)
    return RunFinished(_in_words(board, len(records)), str(wanted.html_file or wanted.json_file or ""))


class _Clock:
    """Says how far the writing is, over all systems.

    Attributes:
        done: captions written.
    """

    def __init__(self, total: int, emit: Callable[[Event], None]) -> None:
        self.done = 0
        self._total, self._emit, self._start = total, emit, time.monotonic()

    def add(self, written: int) -> None:
        """Count captions."""
        self.done += written
        self._emit(Progress(self.done, self._total, time.monotonic() - self._start))


def _records(wanted: Evaluation) -> tuple[list[Record], list[Record]]:
    """The training records and those to measure on, each with the text of the wanted style alone.

    A limit takes the beginnings of as many books, evenly spread, as it would fill: neighbours stay neighbours.
    """
    descriptions = load_descriptions(wanted.descriptions) if wanted.descriptions else None
    every = [
        replace(record, narration="") if wanted.style == DESCRIPTION else replace(record, description="")
        for record in load_records(wanted.data, descriptions)[0]
        if record.told_as(wanted.style)[0]
    ]
    if wanted.alone:
        every = [_alone(record, wanted.style) for record in every]
    train = [record for record in every if record.split == "train"]
    records = [record for record in every if record.split == wanted.split]
    if len(records) < 2:  # a wrong picture is another record's
        raise DatasetError(
            f"The split “{wanted.split}” of {wanted.data} has fewer than two records with a {wanted.style}."
        )
    books: dict[str, list[Record]] = {}
    for record in records:
        books.setdefault(record.book, []).append(record)
    if wanted.limit and wanted.limit < len(records):
        count = min(len(books), max(2, round(wanted.limit * len(books) / len(records))))
        chosen = list(books)[:: len(books) // count][:count]
        books = {book: books[book][: max(2, wanted.limit) // count] for book in chosen}
    return train, [record for members in books.values() for record in members]


def _alone(record: Record, style: str) -> Record:
    """The record as of someone who knows nothing of what came before."""
    text = record.told_alone(style)[0]
    return replace(record, previous=(), previous_descriptions=(), **{style: text})  # type: ignore[arg-type]


def _load(
    model: str, wanted: Evaluation, base_weights: Path, embed: Embed, emit: Callable[[Event], None]
) -> tuple[Captioner, Rank]:
    """A narrator, and what its captions are chosen by."""

    def report(text: str, done_frac: float | None) -> None:
        emit(Loading(text, done_frac))

    captioner = load_captioner(model, base_weights, report)
    captioner.check(wanted.decoding)
    fit = load_fit(wanted.scorer, wanted.decoding, captioner, base_weights, report)
    return captioner, ranking(wanted.decoding, embed, fit)


def _judged_by(name: str, records: Sequence[Record], base_weights: Path, emit: Callable[[Event], None]) -> Fit:
    """A scorer's cosine of one text for each record with the record's picture."""
    scorer = load_scorer(name, base_weights, lambda text, done_frac: emit(Loading(text, done_frac)))
    pictures = torch.cat(
        [
            scorer.encode_pictures([open_picture(record.image) for record in records[start : start + _BATCH]])
            for start in range(0, len(records), _BATCH)
        ]
    )  # (N, E)

    def fit(texts: Sequence[str]) -> Floats:
        cosines: Floats = (pictures * scorer.encode_texts(texts)).sum(dim=1).double().cpu().numpy()
        return cosines

    return fit


def _looking(emit: Callable[[Event], None]) -> Callable[[int, int], None]:
    def report(done: int, count: int) -> None:
        if done % _LOOK_REPORT_EVERY == 0 or done == count:
            emit(Loading("Looking at the training pictures", done / count))

    return report


def _write_all(
    captioner: Captioner,
    records: Sequence[Record],
    pictures: Sequence[Path],
    wanted: Evaluation,
    rank: Rank,
    clock: _Clock,
) -> list[str]:
    style = wanted.style
    captions: list[str] = []
    for start in range(0, len(records), _BATCH):
        batch = records[start : start + _BATCH]
        opened = [open_picture(path) for path in pictures[start : start + _BATCH]]
        # A record is sampled by its own seed: the same whatever is written beside it.
        prompts = [Prompt(record.told_as(style)[1], style, zlib.crc32(record.id.encode())) for record in batch]
        written = captioner.write(captioner.encode(opened), prompts, wanted.decoding, rank=rank)
        captions += [caption.text for caption in written]
        clock.add(len(batch))
    return captions


def _emit_scores(board: Scoreboard, emit: Callable[[Event], None]) -> None:
    for system, scores in board.scores.items():
        values = {f"eval/{system}/{name}": round(score.value, 4) for name, score in scores.items()}
        emit(Metrics(0, {name: value for name, value in values.items() if not math.isnan(value)}))


def _in_words(board: Scoreboard, records: int) -> str:
    scores = board.scores[NARRATOR]
    found = (
        f"BLEU {scores['bleu'].value:.2f}, chrF++ {scores['chrf'].value:.2f}, "
        f"similarity {scores['similarity'].value:.3f} on {records} records"
    )
    compared = {WRONG_PICTURES: "the right pictures give {} over wrong ones", OTHER: "{} over the other narrator"}
    for name, sentence in compared.items():
        if name in board.differences:
            likeness = board.differences[name]["similarity"]
            return f"{found}; {sentence.format(f'{likeness.value:+.3f} similarity')} (p = {likeness.p:.3f})."
    return f"{found}."

"""How good a narrator is on a split, beside the controls that show whether it looks at the picture.

First version: corpus BLEU and chrF++ (sacreBLEU, with signatures), length, variety and repetition, for the narrator,
for the same narrator shown the wrong pictures, and for the single most frequent way to begin.
Previous captions are the references: what is measured is one caption, not the drift of a whole book.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import sacrebleu
from PIL import Image

from trainer.captioner import DESCRIPTION, NARRATION, Captioner, Decoding, Prompt, load_captioner
from trainer.dataset import DatasetError, Record, load_records
from trainer.events import Event, Loading, Metrics, Progress, RunFinished, RunStarted

_BATCH = 8


@dataclass(frozen=True, slots=True)
class Scores:
    """One system on one split.

    Attributes:
        bleu: corpus BLEU, 0 to 100.
        chrf: chrF++, 0 to 100.
        mean_words: words a caption.
        distinct_2: different word pairs over all word pairs (Li et al. 2016).
        unique_share: different captions over all captions.
        repeated_share: captions in which a word pair stands twice.
    """

    bleu: float
    chrf: float
    mean_words: float
    distinct_2: float
    unique_share: float
    repeated_share: float


def evaluate(
    model: str,
    base_weights: Path,
    data: Path,
    split: str,
    limit: int,
    report_file: Path | None,
    emit: Callable[[Event], None],
) -> RunFinished:
    """Measure a narrator.

    Args:
        model: "embedded", a directory or a hub name.
        base_weights: the folder of `trainer.base_weights`.
        data: the data set's folder.
        split: which split.
        limit: records at most, evenly spread; 0: all.
        report_file: gets scores, signatures and every caption as JSON; None: none.
        emit: takes every event.

    Raises:
        CaptionerError: the narrator cannot be loaded.
        DatasetError: no data set, or an empty split.
    """
    records = [record for record in load_records(data)[0] if record.split == split]
    if not records:
        raise DatasetError(f"The data set {data} has no record in its split “{split}”.")
    records = records[:: max(1, len(records) // limit)][:limit] if limit else records
    captioner = load_captioner(model, base_weights, lambda text, done_frac: emit(Loading(text, done_frac)))
    emit(RunStarted(captioner.id, "evaluate", 2 * len(records), split))

    def write_all(pictures: Sequence[Path], done_before: int) -> list[str]:
        return _write_all(
            captioner, records, pictures, lambda n: emit(Progress(done_before + n, 2 * len(records), 0.0))
        )

    pictures = [record.image for record in records]
    half = len(pictures) // 2
    systems = {
        "narrator": write_all(pictures, 0),
        "narrator, wrong pictures": write_all(pictures[half:] + pictures[:half], len(records)),
        "most frequent caption": [_most_frequent(load_records(data)[0])] * len(records),
    }
    references = [_reference(record) for record in records]
    scores = {name: score(captions, references) for name, captions in systems.items()}
    for name, values in scores.items():
        emit(Metrics(0, {f"eval/{name}/{key}": round(value, 4) for key, value in asdict(values).items()}))
    if report_file:
        _write_report(report_file, captioner.id, split, records, references, systems, scores)
    return RunFinished(
        f"BLEU {scores['narrator'].bleu:.2f}, chrF++ {scores['narrator'].chrf:.2f} on {len(records)} records."
    )


def score(captions: Sequence[str], references: Sequence[str]) -> Scores:
    """Scores of captions against one reference each."""
    pairs = [list(itertools.pairwise(words)) for words in (caption.lower().split() for caption in captions)]
    all_pairs = [pair for row in pairs for pair in row]
    return Scores(
        bleu=sacrebleu.corpus_bleu(list(captions), [list(references)]).score,
        chrf=sacrebleu.corpus_chrf(list(captions), [list(references)], word_order=2).score,
        mean_words=sum(len(caption.split()) for caption in captions) / len(captions),
        distinct_2=len(set(all_pairs)) / max(1, len(all_pairs)),
        unique_share=len(set(captions)) / len(captions),
        repeated_share=sum(len(set(row)) < len(row) for row in pairs) / len(captions),
    )


def _reference(record: Record) -> str:
    return record.narration or record.description


def _most_frequent(records: Sequence[Record]) -> str:
    """The train caption met most often: what a model writes that has learned only the language's habits."""
    return Counter(_reference(record) for record in records if record.split == "train").most_common(1)[0][0]


def _write_all(
    captioner: Captioner, records: Sequence[Record], pictures: Sequence[Path], report: Callable[[int], None]
) -> list[str]:
    captions: list[str] = []
    for start in range(0, len(records), _BATCH):
        batch = records[start : start + _BATCH]
        opened = [_open(path) for path in pictures[start : start + _BATCH]]
        prompts = [Prompt(record.previous, NARRATION if record.narration else DESCRIPTION) for record in batch]
        captions += [written.text for written in captioner.write(captioner.encode(opened), prompts, Decoding())]
        report(len(captions))
    return captions


def _open(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def _write_report(
    file: Path,
    model: str,
    split: str,
    records: Sequence[Record],
    references: Sequence[str],
    systems: dict[str, list[str]],
    scores: dict[str, Scores],
) -> None:
    bleu, chrf = sacrebleu.metrics.BLEU(), sacrebleu.metrics.CHRF(word_order=2)
    bleu.corpus_score(["a"], [["a"]])  # a signature exists only after the first use
    chrf.corpus_score(["a"], [["a"]])
    captions = [
        {"id": record.id, "reference": reference, **{name: texts[i] for name, texts in systems.items()}}
        for i, (record, reference) in enumerate(zip(records, references, strict=True))
    ]
    report = {
        "model": model,
        "split": split,
        "records": len(records),
        "signatures": {"bleu": str(bleu.get_signature()), "chrf": str(chrf.get_signature())},
        "scores": {name: asdict(values) for name, values in scores.items()},
        "captions": captions,
    }
    scratch = file.with_name(f".{file.name}.part")
    scratch.write_text(json.dumps(report, indent=1, ensure_ascii=False))
    scratch.replace(file)

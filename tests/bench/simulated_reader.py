"""What a person types who corrects every caption of a few books, with and without ways of learning from it.

    python tests/bench/simulated_reader.py STORYBOOKS [--descriptions FILE] [--style description] [--half report]
        [--strength 1] [--train-every 50] [--steps 20] [--threads 1] --out FOLDER

The dev books are read in order. At every picture a draft is written, with the true captions before it as context; the
true text stands for what the person makes of it. The cost is the letters to change, insert or delete (Levenshtein).
Then the true text is the person's caption: it is context for the next ones and enters the memory. Context and memory
do not depend on the drafts, so all arms are written for the same ten records at a time, and are compared on the same
books (paired bootstrap). `--half tune` reads every other book, for choosing; `report` reads the rest.

In the folder: drafts.jsonl (every draft), costs.csv (a row a caption), costs.svg (moving means), runs/ (training). A
second call with the same folder goes on where the first one ended; `--report` only reports what is there.
"""

from __future__ import annotations

import argparse
import statistics
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from reader_costs import (
    AGREED,
    BEST,
    BOTH,
    CARD,
    CHOOSES,
    NOTHING,
    ORDER,
    PLAIN,
    SHORTEST,
    SUGGESTS,
    TRAINED,
    TRAINED_CHOOSES,
    Drafts,
    keep,
    kept,
    letters_changed,
    print_report,
    write_costs,
)
from reader_training import trained_on
from torch import Tensor

from trainer.base_weights import default_cache
from trainer.caption_memory import (
    FOR_CHOICE,
    FOR_WORDS,
    STRENGTH,
    CaptionMemory,
    Recalled,
    Remembered,
    favoured,
    favoured_words,
    suitability,
)
from trainer.captioner import Captioner, Prompt, load_captioner
from trainer.dataset import DEV, STYLES, Record, load_descriptions, load_records
from trainer.decoding import READING_TEMPERATURE, Decoding
from trainer.device import set_threads
from trainer.picture_encoder import FeatureCache, PictureEncoder
from trainer.ranking import chrf
from trainer.scorer import DualEncoder, load_scorer
from trainer.style_card import StyleCard

BATCH = 10
SAMPLES = 4
WAY = Decoding(temperature=READING_TEMPERATURE, samples=SAMPLES)
FEWEST_FOR_CARD = 5
"""Captions after which a length can be read from them."""


class Clock:
    """CPU seconds, by what they were spent on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.process_time()

    def note(self, name: str) -> None:
        """What was done since the last note has this name."""
        self.seconds[name] = time.process_time() - self._last
        self._last = time.process_time()


class SimulatedReader:
    """Reads, corrects and remembers."""

    def __init__(self, options: argparse.Namespace, captioner: Captioner, scorer: DualEncoder) -> None:
        self._options = options
        self._captioner = self._trained = captioner
        self._scorer = scorer
        self._memory = CaptionMemory()
        self._read: list[Record] = []
        self._trained_at = 0

    def read(self, records: Sequence[Record], features: Mapping[Path, Tensor]) -> list[Drafts]:
        """Draft and correct all captions; what is in the folder already is only remembered."""
        done, known = [], {one.id: one for one in kept(self._options.out)}
        for start in range(0, len(records), BATCH):
            batch = records[start : start + BATCH]
            pictures = torch.stack([features[record.image].float() for record in batch])  # (B, V, D)
            places = self._scorer.encode_features(pictures).float()  # (B, E)
            if all(record.id in known for record in batch):
                done += [known[record.id] for record in batch]
            else:
                written = self._write_all(batch, pictures, places)
                keep(written, self._options.out)
                done += written
            self._remember(batch, places)
            print(f"{len(done)} of {len(records)}: " + ", ".join(_running(done)), flush=True)
            every = self._options.train_every
            if every and len(self._read) >= self._trained_at + every and start + BATCH < len(records):
                self._trained_at = len(self._read)
                self._trained = trained_on(self._read, self._options)
        return done

    def _write_all(self, batch: Sequence[Record], pictures: Tensor, places: Tensor) -> list[Drafts]:
        """All arms' drafts for a batch; the memory grows from record to record."""
        clock = Clock()
        plain = self._write(self._captioner, pictures, batch, WAY)
        clock.note("plain")
        is_trained = self._trained is not self._captioner
        trained = self._write(self._trained, pictures, batch, WAY) if is_trained else plain
        clock.note("trained")
        card = self._write(self._captioner, pictures, batch, replace(self._card().decoding(WAY), samples=1))
        clock.note("card")
        memory, recalled, suggested = self._memory.copy(), [], []
        for number, record in enumerate(batch):
            place = places[number]
            recalled.append(memory.recall(record.id, record.book, place, FOR_CHOICE))
            nearest = memory.recall(record.id, record.book, place, FOR_WORDS)
            favours = favoured_words(favoured(nearest, self._options.strength))
            way = replace(WAY, favoured_words=favours)
            alone = pictures[number : number + 1]
            suggested.append(self._write(self._captioner, alone, [record], way)[0])
            memory.remember(record.id, self._remembered(record, place))
        clock.note("suggested")
        seconds = {name: round(spent / len(batch), 2) for name, spent in clock.seconds.items()}
        rows = zip(batch, plain, suggested, trained, card, recalled, strict=True)
        return [
            self._drafts(record, len(self._read) + place, samples, mind, seconds)
            for place, (record, *samples, mind) in enumerate(rows)
        ]

    def _drafts(
        self,
        record: Record,
        place: int,
        samples: Sequence[Sequence[str]],
        recalled: Sequence[Recalled],
        seconds: Mapping[str, float],
    ) -> Drafts:
        """What each arm makes of what was written: plain, suggested, trained, and with the card."""
        plain, suggested, trained, card = samples
        truth = self._truth(record)
        texts = {
            NOTHING: "",
            PLAIN: plain[0],
            SHORTEST: min(plain, key=len),
            AGREED: plain[int(np.argmax(chrf(plain).sum(axis=1)))],
            CARD: card[0],
            CHOOSES: self._chosen(plain, recalled),
            SUGGESTS: suggested[0],
            BOTH: self._chosen(suggested, recalled),
            TRAINED: trained[0],
            TRAINED_CHOOSES: self._chosen(trained, recalled),
            BEST: min(plain, key=lambda text: letters_changed(text, truth)),
        }
        known = {self._truth(read) for read in self._read}
        return Drafts(record.id, record.book, place, truth, texts, [a for a in ORDER if texts[a] in known], seconds)

    def _truth(self, record: Record) -> str:
        return record.told_as(self._options.style)[0]

    def _remembered(self, record: Record, place: Tensor) -> Remembered:
        return Remembered(
            record.book, self._truth(record), place, self._scorer.sentence_vectors([self._truth(record)])[0]
        )

    def _remember(self, batch: Sequence[Record], places: Tensor) -> None:
        for record, place in zip(batch, places, strict=True):
            self._memory.remember(record.id, self._remembered(record, place))
            self._read.append(record)

    def _write(
        self, captioner: Captioner, pictures: Tensor, records: Sequence[Record], way: Decoding
    ) -> list[list[str]]:
        """What a narrator writes for each record."""
        style = self._options.style
        prompts = [Prompt(record.told_as(style)[1], style, zlib.crc32(record.id.encode())) for record in records]
        written = captioner.write_candidates(pictures.to(_number_format(captioner)), prompts, way)
        return [[caption.text for caption in captions] for captions in written]

    def _chosen(self, texts: Sequence[str], recalled: Sequence[Recalled]) -> str:
        if not recalled:
            return texts[0]
        scores = suitability(texts, self._scorer.sentence_vectors(texts), recalled)
        return texts[int(scores.argmax())]

    def _card(self) -> StyleCard:
        """The one thing that a card can be filled with from captions alone: how long they are."""
        counts = sorted(len(self._truth(record).split()) for record in self._read)
        if len(counts) < FEWEST_FOR_CARD:
            return StyleCard()
        low, high = np.quantile(counts, [0.1, 0.9])
        return StyleCard(fewest_words=int(low), most_words=int(high))


def _number_format(captioner: Captioner) -> torch.dtype:
    eyes = getattr(captioner, "encoder", None)
    return next(eyes.parameters()).dtype if isinstance(eyes, PictureEncoder) else torch.float32


def _running(done: Sequence[Drafts]) -> list[str]:
    arms = (PLAIN, SHORTEST, CARD, CHOOSES, SUGGESTS, BOTH, TRAINED, TRAINED_CHOOSES)
    return [f"{arm} {statistics.mean(draft.cost(arm) for draft in done):.1f}" for arm in arms]


def dev_books(options: argparse.Namespace) -> list[Record]:
    """The records that are read, in order."""
    texts = load_descriptions(options.descriptions) if options.descriptions else None
    records = [r for r in load_records(options.data, texts)[0] if r.split == DEV and r.told_as(options.style)[0]]
    books = list(dict.fromkeys(record.book for record in records))
    chosen = {"tune": books[::2], "report": books[1::2], "all": books}[options.half][: options.books or None]
    return [record for record in records if record.book in chosen]


def main() -> None:
    """Read and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--descriptions", type=Path)
    parser.add_argument("--style", default="description", choices=STYLES)
    parser.add_argument("--half", default="report", choices=("tune", "report", "all"))
    parser.add_argument("--books", type=int, default=0, help="books at most; 0: all of the half")
    parser.add_argument(
        "--strength", type=float, default=STRENGTH, help="what a word gets that all recalled captions have"
    )
    parser.add_argument("--train-every", type=int, default=0, help="captions between two trainings; 0: none")
    parser.add_argument("--steps", type=int, default=20, help="optimiser steps a training")
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--base-weights", type=Path, default=default_cache())
    parser.add_argument("--report", action="store_true", help="read nothing more")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    set_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    captioner = load_captioner("embedded", options.base_weights, lambda *_: None)
    eyes = getattr(captioner, "encoder", None)
    scorer = load_scorer("embedded", options.base_weights, lambda *_: None, eyes)
    assert isinstance(eyes, PictureEncoder)
    assert isinstance(scorer, DualEncoder)
    records = dev_books(options)
    cache = FeatureCache(options.base_weights.parent / "features")
    features = cache.features_of(eyes, [record.image for record in records], lambda *_: None)
    if options.report:
        write_costs(kept(options.out), options.out)
        print_report(kept(options.out), scorer, options.train_every)
        return
    done = SimulatedReader(options, captioner, scorer).read(records, features)
    write_costs(done, options.out)
    print_report(done, scorer, options.train_every or len(done) // 2)


if __name__ == "__main__":
    main()

"""How well the judge of grammar tells sound texts from spoilt ones: `python tests/bench/grammar_judge.py DATA [FILE]`.

DATA is a data set's folder, FILE its descriptions. The judge learns from the train split and is measured on dev, on the
five ways of spoiling it learned from and on three others. AUC is the probability that a sound text scores above a
spoilt one; seen is the share of spoilt texts that are rather spoilt than sound by the judge.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import torch

from trainer.dataset import STYLES, Record, load_descriptions, load_records
from trainer.grammar import train_grammar
from trainer.retrieval import spoilt_texts
from trainer.text_corruption import CORRUPTIONS, corrupted

_HALF = -0.6931  # log(1 / 2)


def main() -> None:
    torch.set_num_threads(1)
    descriptions = load_descriptions(Path(sys.argv[2])) if len(sys.argv) > 2 else None
    records, _ = load_records(Path(sys.argv[1]), descriptions)
    train = [text for text, _ in _texts(records, "train")]
    started = time.process_time()
    judge = train_grammar(train, seed=0)
    print(f"trained on {len(train)} texts in {time.process_time() - started:.1f} s of CPU")
    dev, books = zip(*_texts(records, "dev"), strict=True)
    started = time.process_time()
    sound = judge(dev)
    print(f"{1000 * (time.process_time() - started) / len(dev):.2f} ms of CPU a text")
    print(f"{'sound':>12}: {len(dev)} texts, {(sound > _HALF).float().mean():.3f} taken for sound")
    draw, other_words = random.Random(1), [word for text in train for word in text.split()]
    spoilt = {kind: [corrupted(text, kind, other_words, draw) for text in dev] for kind in CORRUPTIONS}
    others = spoilt_texts(dev, books, [], seed=1)
    spoilt |= {f"all {kind}": others[kind] for kind in ("repeated", "shuffled", "truncated")}
    for kind, texts in spoilt.items():
        changed = [row for row, (text, other) in enumerate(zip(dev, texts, strict=True)) if text != other]
        found = judge([texts[row] for row in changed])
        above = (sound[:, None] > found).float().mean() + (sound[:, None] == found).float().mean() / 2
        own = (sound[changed] > found).float().mean()
        seen = (found < _HALF).float().mean()
        print(f"{kind:>12}: AUC {above:.3f}, seen {seen:.3f}, below the same text unspoilt {own:.3f}")


def _texts(records: tuple[Record, ...], split: str) -> list[tuple[str, str]]:
    """The split's texts in both styles, each with its book."""
    found = [(record.told_as(style)[0], record.book) for style in STYLES for record in records if record.split == split]
    return [(text, book) for text, book in found if text]


if __name__ == "__main__":
    main()

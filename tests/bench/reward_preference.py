"""Whether rewards see that a caption was spoilt.

    python tests/bench/reward_preference.py STORYBOOKS [--descriptions FILE] [--style narration] [--scorer RUN_FOLDER]

For each reference text of the dev split and each way of spoiling it, does the reward prefer the reference? Prints the
share, ties counting half, for the composite reward without the term "reference" and for each of its terms. The grammar
judge and the bands are learned from the train split, the common scale from half of the dev references spoilt at random.
Without --scorer the terms that look at the picture are left out.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from trainer.base_weights import default_cache
from trainer.controls import open_picture
from trainer.dataset import DESCRIPTION, Record, load_descriptions, load_records
from trainer.device import set_threads
from trainer.picture_words import known_words
from trainer.retrieval import spoilt_texts
from trainer.reward_terms import measured_bands
from trainer.rewards import COMPOSITE, PRESETS, Episode, Rewards, build_rewards, train_grammar
from trainer.scorer import Scorer, load_scorer
from trainer.sentence_encoder import SentenceEncoder
from trainer.text_corruption import CORRUPTIONS, corrupted
from trainer.text_vectors import TextVectors

_WITH_PICTURE = ("picture_fit", "picture_contrast")


class NoScorer:
    """Stands where no picture is looked at."""

    id = "none"

    def encode_pictures(self, pictures: Sequence[object]) -> Tensor:
        """Nothing is known of pictures."""
        return torch.zeros(len(pictures), 1)

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Nothing is known of texts."""
        return torch.zeros(len(texts), 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--descriptions", type=Path)
    parser.add_argument("--style", default=DESCRIPTION)
    parser.add_argument("--scorer", default="", help="as `python -m trainer scorer-evaluate` takes it")
    parser.add_argument("--base-weights", type=Path, default=default_cache())
    asked = parser.parse_args()
    set_threads(1)
    records, _ = load_records(asked.data, load_descriptions(asked.descriptions) if asked.descriptions else None)
    told = [record for record in records if record.told_as(asked.style)[0]]
    train, dev = ([record for record in told if record.split == split] for split in ("train", "dev"))
    sentences = SentenceEncoder(asked.base_weights)
    scorer: Scorer = load_scorer(asked.scorer, asked.base_weights, lambda *_: None) if asked.scorer else NoScorer()
    pictures = torch.cat([scorer.encode_pictures([open_picture(record.image)]) for record in dev])
    meanings = TextVectors(lambda texts: torch.from_numpy(sentences(texts)))
    learned = episodes_of(train, asked.style)
    bands = measured_bands(learned[:: max(1, len(learned) // 500)], meanings)
    print(bands)
    left_out = ("reference",) if asked.scorer else ("reference", *_WITH_PICTURE)
    weights = {name: weight for name, weight in PRESETS[COMPOSITE].items() if name not in left_out}
    judge = train_grammar([episode.text for episode in learned], seed=0)
    books = [record.book for record in dev]
    rewards = build_rewards(weights, scorer, sentences, pictures, books, judge, bands)
    sound = episodes_of(dev, asked.style)
    print_preferences(rewards, sound, spoilt_in_all_ways(sound, books, known_words(train)))


def episodes_of(records: Sequence[Record], style: str) -> list[Episode]:
    """The references as if a narrator had written them."""
    return [Episode(row, record.told_as(style)[1], record.told_as(style)[0]) for row, record in enumerate(records)]


def spoilt_in_all_ways(sound: Sequence[Episode], books: Sequence[str], names: Sequence[str]) -> dict[str, list[str]]:
    """The texts spoilt a little, wholly, and by copying what was told before."""
    texts, draw = [episode.text for episode in sound], random.Random(1)
    other_words = [word for text in texts for word in text.split()]
    spoilt = {f"few {kind}": [corrupted(text, kind, other_words, draw) for text in texts] for kind in CORRUPTIONS}
    spoilt |= {f"all {kind}": texts for kind, texts in spoilt_texts(texts, books, names, seed=1).items()}
    return spoilt | {"told before": [episode.previous[-1] if episode.previous else episode.text for episode in sound]}


def print_preferences(rewards: Rewards, sound: Sequence[Episode], spoilt: dict[str, list[str]]) -> None:
    draw = random.Random(2)
    rewards.fit_normalisation(
        [replace(episode, text=draw.choice(list(spoilt.values()))[row]) for row, episode in enumerate(sound) if row % 2]
    )
    right = rewards(sound)
    print(f"{len(sound)} references; {'total':>24} " + " ".join(f"{name:>16}" for name in rewards.names))
    for kind, texts in spoilt.items():
        rows = [row for row, episode in enumerate(sound) if episode.text != texts[row]]
        wrong = rewards([replace(episode, text=text) for episode, text in zip(sound, texts, strict=True)])
        shares = [preferred(right.total[rows], wrong.total[rows])]
        shares += [preferred(right.terms[name][rows], wrong.terms[name][rows]) for name in rewards.names]
        print(f"{kind:>20} {len(rows):>4} {shares[0]:13.3f} " + " ".join(f"{share:16.3f}" for share in shares[1:]))


def preferred(right: Tensor, wrong: Tensor) -> float:
    return float(((right > wrong).float() + (right == wrong).float() / 2).mean())


if __name__ == "__main__":
    main()

"""Whether the panels that the reader has described first help the rest more than panels drawn by chance.

    python tests/bench/describing_order_quality.py STORYBOOKS --descriptions FILE [--drafts FOLDER/drafts.jsonl]

Every other dev book is the pool. So many of its pictures are described (their true texts enter the memory); measured is
how like in meaning (MiniLM cosine) the captions that come to mind for each other picture of the pool are to its true
text, weighted as the narrator's memory weights them. Beside the program's order (`domain.describing_order`):

    by chance                40 draws, with the range of 95 % of them, and the share of them that an order beats
    the scorer's vectors     the same covering with the vectors that the memory itself compares
    disagreement             where the narrator's samples differ most in meaning, from the drafts of `simulated_reader`
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from comicreader.domain.colour_look import colour_look
from comicreader.domain.describing_order import describing_order
from trainer.base_weights import default_cache
from trainer.caption_memory import FOR_WORDS, CaptionMemory, Remembered, likeness
from trainer.captioner import load_captioner
from trainer.dataset import DESCRIPTION, DEV, Record, load_descriptions, load_records
from trainer.device import set_threads
from trainer.picture_encoder import PictureEncoder
from trainer.scorer import DualEncoder, load_scorer

_COUNTS = (10, 20, 40)
_DRAWS = 40


def main() -> None:
    """Describe, recall, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--descriptions", type=Path)
    parser.add_argument("--drafts", type=Path)
    parser.add_argument("--base-weights", type=Path, default=default_cache())
    parsed = parser.parse_args()
    set_threads(1)
    scorer = _scorer(parsed.base_weights)
    records = _pool(parsed.data, parsed.descriptions)
    pictures = [Image.open(record.image).convert("RGB") for record in records]
    places = torch.cat([scorer.encode_pictures([picture]) for picture in pictures]).float().cpu()  # (N, E)
    meanings = scorer.sentence_vectors([record.told_as(DESCRIPTION)[0] for record in records])  # (N, D)
    looks = {str(place): colour_look(np.asarray(picture)) for place, picture in enumerate(pictures)}
    seen = {str(place): vector.numpy()[None, None] for place, vector in enumerate(places)}
    print(f"{len(records)} pictures | " + " | ".join(f"{count} described" for count in _COUNTS))
    draw = np.random.default_rng(0)
    chance = {
        count: [
            _help(draw.choice(len(records), count, replace=False), records, places, meanings) for _ in range(_DRAWS)
        ]
        for count in _COUNTS
    }
    print("by chance | " + " | ".join(_range(chance[count]) for count in _COUNTS))
    orders = {
        "colours (the program)": [int(one.panel_id) for one in describing_order(looks, (), max(_COUNTS))],
        "the scorer's vectors": [int(one.panel_id) for one in describing_order(seen, (), max(_COUNTS))],
    }
    if parsed.drafts:
        orders["disagreement"] = _by_disagreement(records, parsed.drafts, scorer)
    for name, order in orders.items():
        cells = []
        for count in _COUNTS:
            found = _help(order[:count], records, places, meanings)
            cells.append(f"{found:.3f} ({np.mean([found > drawn for drawn in chance[count]]):.0%})")
        print(f"{name} | " + " | ".join(cells))


def _scorer(base_weights: Path) -> DualEncoder:
    captioner = load_captioner("embedded", base_weights, lambda *_: None)
    eyes = getattr(captioner, "encoder", None)
    scorer = load_scorer("embedded", base_weights, lambda *_: None, eyes if isinstance(eyes, PictureEncoder) else None)
    assert isinstance(scorer, DualEncoder)
    return scorer


def _pool(data: Path, descriptions: Path | None) -> list[Record]:
    texts = load_descriptions(descriptions) if descriptions else None
    records = [one for one in load_records(data, texts)[0] if one.split == DEV and one.told_as(DESCRIPTION)[0]]
    books = list(dict.fromkeys(record.book for record in records))[1::2]
    return [record for record in records if record.book in books]


def _help(
    described: Sequence[int] | npt.NDArray[np.int64], records: Sequence[Record], places: Tensor, meanings: Tensor
) -> float:
    """Mean likeness of what comes to mind to the true texts of the pictures that are not described."""
    memory, chosen = CaptionMemory(), {int(place) for place in described}
    for place in chosen:
        text = records[place].told_as(DESCRIPTION)[0]
        memory.remember(str(place), Remembered(records[place].book, text, places[place], meanings[place]))
    rest = [place for place in range(len(records)) if place not in chosen]
    return float(
        np.mean(
            [
                float(
                    likeness(
                        meanings[place : place + 1],
                        memory.recall(str(place), records[place].book, places[place], FOR_WORDS),
                    )[0]
                )
                for place in rest
            ]
        )
    )


def _by_disagreement(records: Sequence[Record], drafts: Path, scorer: DualEncoder) -> list[int]:
    """The pictures, those whose drafts without memory differ most first."""
    differences = {}
    for line in drafts.read_text().splitlines():
        draft = json.loads(line)
        names = ("no learning", "shortest of four", "most agreed of four", "memory chooses", "best of four")
        vectors = scorer.sentence_vectors(list(dict.fromkeys(draft["texts"][name] for name in names)))
        pairs = len(vectors) * (len(vectors) - 1)
        differences[draft["id"]] = 1 - float((vectors @ vectors.T).sum() - len(vectors)) / pairs if pairs else 0.0
    return sorted(range(len(records)), key=lambda place: -differences.get(records[place].id, 0.0))


def _range(found: Sequence[float]) -> str:
    low, high = np.quantile(found, (0.025, 0.975))
    return f"{np.mean(found):.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()

"""What a caption's certainty should be made of: fits `trainer.certainty`'s line on the dev split.

    python tests/bench/caption_certainty.py STORYBOOKS DESCRIPTIONS [--records 60] [--threads 1] [--json FILE]

Every record is written as the reader's narrator does it, once with its own picture and once with another book's. A
caption is right where its similarity (MiniLM) to the description is at least 0.4: read side by side, such captions
name the main figure or the place. Prints how well each signal tells right captions from others (AUC, 0.5 is chance),
and the line through agreement and surplus.
"""

from __future__ import annotations

import argparse
import json
import zlib
from pathlib import Path

import numpy as np
import torch

from trainer.base_weights import default_cache
from trainer.captioner import Prompt, load_captioner
from trainer.certainty import agreement
from trainer.controls import open_picture, wrong_pictures
from trainer.dataset import DESCRIPTION, load_descriptions, load_records
from trainer.decoding import CERTAINTY, READING_SAMPLES, READING_TEMPERATURE, Decoding
from trainer.device import set_threads
from trainer.prefix_captioner import PrefixCaptioner
from trainer.ranking import by_certainty, choose
from trainer.scorer import DualEncoder, load_scorer

RIGHT_FROM = 0.4
SIGNALS = ("agreement", "surplus", "token probability")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("descriptions", type=Path)
    parser.add_argument("--records", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    set_threads(asked.threads)
    captioner = load_captioner("embedded", default_cache(), lambda *_: None)
    assert isinstance(captioner, PrefixCaptioner)
    scorer = load_scorer("embedded", default_cache(), lambda *_: None, captioner.encoder)
    assert isinstance(scorer, DualEncoder)
    captioner.quantise()
    every = [r for r in load_records(asked.data, load_descriptions(asked.descriptions))[0] if r.split == "dev"]
    wrong = wrong_pictures(every, 0)
    chosen = range(0, len(every), max(1, len(every) // asked.records))
    decoding = Decoding(temperature=READING_TEMPERATURE, samples=READING_SAMPLES, utility=CERTAINTY)
    rank, rows, told = by_certainty(scorer, scorer.encode_features), [], []
    for index in chosen:
        record = every[index]
        text, previous = record.told_as(DESCRIPTION)
        if not text:
            continue
        for path in (record.image, wrong[index]):
            features = captioner.encode([open_picture(path)])
            prompt = Prompt(previous, DESCRIPTION, zlib.crc32(record.id.encode()))
            candidates = captioner.write_candidates(features, [prompt], decoding)
            caption = choose(features, candidates, rank)[0]
            texts = [candidate.text for candidate in candidates[0]]
            agreed = agreement(scorer.sentence_vectors(texts))[candidates[0].index(caption)]
            surplus = float(scorer.surplus(scorer.encode_features(features), [caption.text])[0])
            pair = scorer.sentence_vectors([caption.text, text])
            rows.append((float(pair[0] @ pair[1]), agreed, surplus, caption.confidence, float(path == record.image)))
            told.append({"id": record.id, "picture": path.name, "text": caption.text, "reference": text})
        print(len(rows), end="\r", flush=True)
    table = np.array(rows)
    own = table[table[:, 4] == 1]
    print(f"{len(own)} captions of their own pictures, {len(table) - len(own)} of others")
    for name, part in (("own pictures", own), ("all", table)):
        right = part[:, 0] >= RIGHT_FROM
        print(f"{name}: right {right.mean():.2f}, mean similarity {part[:, 0].mean():.3f}")
        for column, signal in enumerate(SIGNALS, 1):
            print(f"    {signal:20} AUC {auc(part[right, column], part[~right, column]):.2f}")
        weights = line(part[:, 1:3], right)
        score = part[:, 1:3] @ weights[:2] + weights[2]
        print(f"    line {np.round(weights, 2)}: AUC {auc(score[right], score[~right]):.2f}")
        for limit in (0.3, 0.4, 0.5, 0.6):
            sure = 1 / (1 + np.exp(-score)) >= limit
            share = right[sure].mean() if sure.any() else float("nan")
            rest = right[~sure].mean()
            print(f"    from {limit}: {sure.mean():.2f} sure, of these right {share:.2f}, of the rest {rest:.2f}")
    if asked.json:
        asked.json.write_text(json.dumps([{**t, "row": r} for t, r in zip(told, rows, strict=True)], indent=1))


def auc(right: np.ndarray, others: np.ndarray) -> float:
    return float((right[:, None] > others[None]).mean() + 0.5 * (right[:, None] == others[None]).mean())


def line(signals: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Logistic regression: weights of the two signals, then the constant."""
    inputs = torch.tensor(np.c_[signals, np.ones(len(signals))])
    weights = torch.zeros(3, dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = torch.nn.functional.binary_cross_entropy_with_logits(inputs @ weights, torch.tensor(right).double())
        value.backward()
        return value

    optimizer.step(loss)
    return weights.detach().numpy()


if __name__ == "__main__":
    main()

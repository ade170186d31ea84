"""What it saves to look at a panel once and not for each caption that is sampled of it.

    python tests/bench/rl_caching.py DATA [--panels 16] [--samples 4] [--rounds 3] [--bf16]

One rollout as `trainer rl` makes it, less the learning: captions are sampled and judged by the embedded scorer. In
turns:

    once        a panel goes through the narrator's encoder and the scorer's once, for all its captions
    each time   every caption has its picture encoded for the narrator and for the scorer
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch

from trainer.base_weights import default_cache
from trainer.captioner import EMBEDDED, Captioner, Decoding, Prompt, load_captioner
from trainer.controls import open_picture
from trainer.dataset import DESCRIPTION, load_descriptions, load_records
from trainer.scorer import Scorer, load_scorer

_DESCRIPTIONS = Path(__file__).resolve().parents[2] / "resources" / "datasets" / "storybook_descriptions.jsonl"


def rollout(captioner: Captioner, scorer: Scorer, options: argparse.Namespace, *, looks_each_time: bool) -> list[float]:
    """Seconds of looking, of writing, and of judging."""
    records = load_records(options.data, load_descriptions(_DESCRIPTIONS))[0]
    told = [record for record in records if record.description][: options.panels]
    pictures = [open_picture(record.image) for record in told]
    looks = options.samples if looks_each_time else 1
    began = time.perf_counter()
    for _ in range(looks):
        features = captioner.encode(pictures)
        seen = scorer.encode_pictures(pictures)
    looked = time.perf_counter()
    written = [
        captioner.write(
            features,
            [Prompt(record.previous_descriptions, DESCRIPTION, 1000 * round_ + n) for n, record in enumerate(told)],
            Decoding(temperature=1.0, max_tokens=40),
        )
        for round_ in range(options.samples)
    ]
    wrote = time.perf_counter()
    for captions in written:
        (seen * scorer.encode_texts([caption.text for caption in captions])).sum(dim=1)
    return [looked - began, wrote - looked, time.perf_counter() - wrote]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--panels", type=int, default=16)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bf16", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    captioner = load_captioner(EMBEDDED, default_cache(), lambda *_: None)
    scorer = load_scorer(EMBEDDED, default_cache(), lambda *_: None)
    found: dict[bool, list[list[float]]] = {False: [], True: []}
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
        for number in range(options.rounds):
            for each_time in (False, True) if number % 2 else (True, False):
                found[each_time].append(rollout(captioner, scorer, options, looks_each_time=each_time))
    captions = options.panels * options.samples
    for each_time, name in ((False, "once"), (True, "each time")):
        looking, writing, judging = (statistics.median(column) for column in zip(*found[each_time], strict=True))
        whole = looking + writing + judging
        print(
            f"{name}: looking {looking:.2f} s, writing {writing:.2f} s, judging {judging:.2f} s; "
            f"{captions / whole:.2f} captions a second"
        )
    pairs = list(zip(found[False], found[True], strict=True))
    for name, ratios in (
        ("looking", [each[0] / once[0] for once, each in pairs]),
        ("whole rollout", [sum(each) / sum(once) for once, each in pairs]),
    ):
        print(f"each time to once, {name}: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()

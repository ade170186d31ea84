"""What each way of decoding costs and gives, on the dev split of a data set.

    python tests/bench/decoding_quality.py STORYBOOKS [--descriptions FILE] [--model M] [--records 60] [--timed 12]
        [--threads 2] [--ways "greedy; beam 4"] [--json FILE]

Times are of one caption at a time, as a reader waits for them, every way in turn for each record: what else the machine
does then slows them all alike, and the times relative to greedy stay right. Quality is of all records, in batches.
Prints a line a way, and writes the captions where --json says.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from trainer.base_weights import default_cache
from trainer.captioner import Captioner, Prompt, Rank, load_captioner
from trainer.config import ConfigError
from trainer.controls import open_picture
from trainer.dataset import NARRATION, Record, load_descriptions, load_records
from trainer.decoding import CHRF, READING_TEMPERATURE, SIMILARITY, Decoding
from trainer.device import set_threads
from trainer.ranking import choose, ranking
from trainer.scoreboard import NARRATOR, score_systems
from trainer.sentence_encoder import SentenceEncoder

BATCH = 8
GREEDY = "greedy"
WAYS = {
    GREEDY: Decoding(),
    "no picture talk": Decoding(picture_talk=False),
    "15 to 30 words": Decoding(min_words=15, max_words=30, max_tokens=64),
    "beam 4": Decoding(beams=4),
    "contrastive 0.6": Decoding(contrast=0.6),
    "sampling 0.6": Decoding(temperature=READING_TEMPERATURE),
    "MBR 4, 0.6": Decoding(temperature=READING_TEMPERATURE, samples=4),
    "MBR 8, 0.6": Decoding(temperature=READING_TEMPERATURE, samples=8),
    "MBR 8, 1.0": Decoding(temperature=1.0, samples=8),
    "guidance 1.5": Decoding(guidance=1.5),
    "guidance 2": Decoding(guidance=2.0),
    "guidance 1.5, MBR 8": Decoding(temperature=READING_TEMPERATURE, samples=8, guidance=1.5),
}
MEASURES = ("chrf", "bleu", "similarity", "distinct_2", "unique_share", "repeated_share", "picture_talk", "mean_words")


def dev_records(data: Path, descriptions: Path | None, style: str, count: int) -> list[Record]:
    """Records spread evenly over the dev split; test is not for choosing."""
    texts = load_descriptions(descriptions) if descriptions else None
    records = [r for r in load_records(data, texts)[0] if r.split == "dev" and r.told_as(style)[0]]
    return records[:: max(1, len(records) // count)][:count]


def write_all(
    captioner: Captioner, records: Sequence[Record], ways: Mapping[str, Decoding], style: str, embed: SentenceEncoder
) -> dict[str, list[str]]:
    """Captions of each way, written in batches; ways that sample several give one system for each utility."""
    texts: dict[str, list[str]] = defaultdict(list)
    ranks: dict[str, Rank] = {
        name: ranking(Decoding(temperature=1.0, samples=2, utility=name), embed) for name in (CHRF, SIMILARITY)
    }
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        features = captioner.encode([open_picture(record.image) for record in batch])
        prompts = [prompt_of(record, style) for record in batch]
        for way, decoding in ways.items():
            candidates = captioner.write_candidates(features, prompts, decoding)
            for utility, rank in ranks.items() if decoding.samples > 1 else [("", ranks[CHRF])]:
                name = f"{way}, {utility}" if utility else way
                texts[name] += [caption.text for caption in choose(features, candidates, rank)]
    return texts


def time_all(
    captioner: Captioner, records: Sequence[Record], ways: Mapping[str, Decoding], style: str
) -> dict[str, list[tuple[float, float]]]:
    """Wall and CPU seconds of each way for each record, a caption at a time, picture encoded."""
    seconds: dict[str, list[tuple[float, float]]] = defaultdict(list)
    captioner.write(captioner.encode([open_picture(records[0].image)]), [Prompt()], Decoding())  # warm up
    for record in records:
        features = captioner.encode([open_picture(record.image)])
        for way, decoding in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            captioner.write(features, [prompt_of(record, style)], decoding)
            seconds[way].append((time.perf_counter() - wall, time.process_time() - cpu))
    return seconds


def prompt_of(record: Record, style: str) -> Prompt:
    return Prompt(record.told_as(style)[1], style, zlib.crc32(record.id.encode()))


def print_times(seconds: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    count = len(seconds[GREEDY])
    print(f"{'way':36} {'wall s':>8} {'of greedy':>10} {'CPU s':>8} {'of greedy':>10}   medians of {count}")
    for way, rows in seconds.items():
        columns = []
        for kind in (0, 1):
            relative = [row[kind] / greedy[kind] for row, greedy in zip(rows, seconds[GREEDY], strict=True)]
            columns.append(f"{statistics.median(row[kind] for row in rows):8.2f} {statistics.median(relative):10.2f}")
        print(f"{way:36} {' '.join(columns)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--descriptions", type=Path)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--base-weights", type=Path, default=default_cache())
    parser.add_argument("--style", default=NARRATION)
    parser.add_argument("--records", type=int, default=60)
    parser.add_argument("--timed", type=int, default=12, help="records whose captions are timed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ways", default="; ".join(WAYS), help="some of: " + "; ".join(WAYS))
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    set_threads(asked.threads)
    captioner = load_captioner(asked.model, asked.base_weights, lambda *_: None)
    ways = {name: WAYS[name] for name in dict.fromkeys([GREEDY, *map(str.strip, asked.ways.split(";"))])}
    for name, decoding in list(ways.items()):
        try:
            captioner.check(decoding)
        except ConfigError as error:
            print(f"left out: {name}: {error}")
            del ways[name]
    records = dev_records(asked.data, asked.descriptions, asked.style, asked.records)
    print(f"{len(records)} dev records of {len({r.book for r in records})} books, {asked.style}, {captioner.id}")
    print_times(time_all(captioner, records[:: max(1, len(records) // asked.timed)][: asked.timed], ways, asked.style))
    embed = SentenceEncoder(asked.base_weights)
    texts = write_all(captioner, records, ways, asked.style, embed)
    references = [record.told_as(asked.style)[0] for record in records]
    systems = {NARRATOR: texts[GREEDY], **texts}
    tags = [record.tags for record in records] if any(record.tags for record in records) else None
    board = score_systems(systems, references, [record.book for record in records], embed, tags=tags)
    measures = (*MEASURES, "tags_right", "tags_told") if tags else MEASURES
    print(f"{'way':36} " + " ".join(f"{name:>14}" for name in measures))
    for name in texts:
        print(f"{name:36} " + " ".join(f"{board.scores[name][measure].value:14.3f}" for measure in measures))
    if asked.json:
        captions = [
            {"id": record.id, "reference": reference, **{name: rows[place] for name, rows in texts.items()}}
            for place, (record, reference) in enumerate(zip(records, references, strict=True))
        ]
        asked.json.write_text(json.dumps(captions, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

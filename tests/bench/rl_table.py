"""What learning from rewards gave: a table of runs beside the narrator they started from.

    python tests/bench/rl_table.py START.json NAME=REPORT.json[,RUN_FOLDER][;REPORT.json[,RUN_FOLDER] …] [NAME=… …]

START and REPORT are written by `python -m trainer evaluate --json` on the same records, REPORT with `--against START`,
RUN_FOLDER by `python -m trainer rl`. Several reports of one name are runs with other seeds. Prints Markdown: the mean
over seeds, and in brackets each seed's p of the difference from the start by paired bootstrap over books.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NARRATOR, OTHER = "narrator", "other narrator"
COLUMNS = {
    "bleu": ("BLEU", 2), "chrf": ("chrF++", 2), "cider_d": ("CIDEr-D", 3), "similarity": ("similarity", 3),
    "picture_fit": ("picture fit", 3), "distinct_2": ("distinct-2", 3), "repeated_share": ("repetition", 3),
    "order_gain": ("order gain", 3), "nearest_earlier": ("nearest earlier", 3), "mean_words": ("words", 1),
}  # fmt: skip
TESTED = ("bleu", "chrf", "similarity", "picture_fit")
"""Measures whose p is shown."""


def main() -> None:
    """Read, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("start", type=Path)
    parser.add_argument("reports", nargs="*", help="NAME=REPORT.json[,RUN_FOLDER][;…]")
    parsed = parser.parse_args()
    labels = [label for label, _ in COLUMNS.values()]
    print("| | " + " | ".join([*labels, "KL", "hours", "captions"]) + " |")
    print("|---" * (len(labels) + 4) + "|")
    print(_row("start", [_read(parsed.start)], []))
    for told in parsed.reports:
        name, _, seeds = told.partition("=")
        files = [seed.partition(",") for seed in seeds.split(";")]
        print(
            _row(
                name, [_read(Path(report)) for report, *_ in files], [_standing(Path(run)) for *_, run in files if run]
            )
        )


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def _row(name: str, reports: Sequence[dict[str, Any]], standings: Sequence[tuple[float, float, int]]) -> str:
    cells = []
    for measure, (_, digits) in COLUMNS.items():
        value = statistics.mean(report["scores"][NARRATOR][measure]["value"] for report in reports)
        against = [report["differences"].get(OTHER, {}).get(measure) for report in reports]
        ps = ", ".join(f"{difference['p']:.2f}".lstrip("0") for difference in against if difference)
        cells.append(f"{value:.{digits}f}" + (f" ({ps})" if ps and measure in TESTED else ""))
    if standings:
        kl, hours, captions = (statistics.mean(column) for column in zip(*standings, strict=True))
        cells += [f"{kl:.2f}", f"{hours:.2f}", f"{captions:,.0f}"]
    else:
        cells += [""] * 3
    return f"| {name} | " + " | ".join(cells) + " |"


def _standing(run: Path) -> tuple[float, float, int]:
    """Nats a caption away from the start, hours, and captions sampled, at the end of a run."""
    config = json.loads((run / "config.json").read_text())
    rollouts, kl, seconds = 0, 0.0, 0.0
    for line in (run / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["type"] == "metrics" and "train/kl" in event["values"]:
            rollouts, kl = rollouts + 1, event["values"]["train/kl"]
        elif event["type"] == "progress":
            seconds = event["seconds"]
    return kl, seconds / 3600, rollouts * config["panels"] * config["samples"]


if __name__ == "__main__":
    main()

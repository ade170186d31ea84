"""What learning from rewards gave: a table of runs beside the narrator they started from.

    python tests/bench/rl_table.py START.json NAME=REPORT.json[,RUN_FOLDER] [NAME=REPORT.json[,RUN_FOLDER] …]

START and REPORT are written by `python -m trainer evaluate --json` on the same records, REPORT with `--against START`,
RUN_FOLDER by `python -m trainer rl`. Prints Markdown: value, and in brackets p of the difference from the start by
paired bootstrap over books.
"""

from __future__ import annotations

import argparse
import json
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
    parser.add_argument("reports", nargs="*", help="NAME=REPORT.json[,RUN_FOLDER]")
    parsed = parser.parse_args()
    labels = [label for label, _ in COLUMNS.values()]
    print("| | " + " | ".join([*labels, "KL", "hours", "captions"]) + " |")
    print("|---" * (len(labels) + 4) + "|")
    print(_row("start", _read(parsed.start), {}))
    for told in parsed.reports:
        name, _, files = told.partition("=")
        report, _, run = files.partition(",")
        print(_row(name, _read(Path(report)), _standing(Path(run)) if run else {}))


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def _row(name: str, report: dict[str, Any], standing: dict[str, str]) -> str:
    scores, against = report["scores"][NARRATOR], report["differences"].get(OTHER, {})
    cells = []
    for measure, (_, digits) in COLUMNS.items():
        p = f" ({against[measure]['p']:.2f})" if measure in against and measure in TESTED else ""
        cells.append(f"{scores[measure]['value']:.{digits}f}{p}")
    cells += [standing.get(key, "") for key in ("kl", "hours", "captions")]
    return f"| {name} | " + " | ".join(cells) + " |"


def _standing(run: Path) -> dict[str, str]:
    """Nats a caption away from the start, hours, and captions sampled, at the end of a run."""
    config = json.loads((run / "config.json").read_text())
    rollouts, kl, seconds = 0, 0.0, 0.0
    for line in (run / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["type"] == "metrics" and "train/kl" in event["values"]:
            rollouts, kl = rollouts + 1, event["values"]["train/kl"]
        elif event["type"] == "progress":
            seconds = event["seconds"]
    captions = rollouts * config["panels"] * config["samples"]
    return {"kl": f"{kl:.2f}", "hours": f"{seconds / 3600:.2f}", "captions": f"{captions:,}"}


if __name__ == "__main__":
    main()

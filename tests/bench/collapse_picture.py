"""Draws two runs of `trainer rl` beside each other: what the reward says, and what likeness to the references says.

python tests/bench/collapse_picture.py OUT.svg NAME=RUN [NAME=RUN ...]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

SHOWN = {"reward/total": "reward", "eval/chrf": "dev chrF++", "eval/distinct_2": "dev different word pairs"}
COLOURS = ("#c0392b", "#2f5d9e", "#5c8a3a", "#8a5a00")
WIDTH, HEIGHT, GAP, MARGIN = 290, 190, 66, 46


def curve(run: Path, name: str) -> list[tuple[int, float]]:
    """Steps and values of a metric."""
    told = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    rows = [event for event in told if event["type"] == "metrics" and name in event["values"]]
    return [(row["step"], row["values"][name]) for row in rows]


def chart(place: int, name: str, title: str, runs: dict[str, Path]) -> list[str]:
    """One metric of all runs."""
    curves = {run: curve(path, name) for run, path in runs.items()}
    steps = [step for points in curves.values() for step, _ in points]
    values = [value for points in curves.values() for _, value in points]
    low, high, last = min(values), max(values), max(steps)
    room = (high - low or 1.0) * 0.08
    low, high = low - room, high + room
    left, top = MARGIN + place * (WIDTH + GAP), MARGIN

    def spot(step: int, value: float) -> str:
        return f"{left + WIDTH * step / last:.1f},{top + HEIGHT * (high - value) / (high - low):.1f}"

    parts = [
        f'<text x="{left}" y="{top - 12}" font-weight="bold">{title}</text>',
        f'<path d="M{left} {top}v{HEIGHT}h{WIDTH}" fill="none" stroke="#888"/>',
        f'<text x="{left - 6}" y="{top + 10}" text-anchor="end">{high:.3g}</text>',
        f'<text x="{left - 6}" y="{top + HEIGHT}" text-anchor="end">{low:.3g}</text>',
        f'<text x="{left + WIDTH}" y="{top + HEIGHT + 16}" text-anchor="end">step {last}</text>',
    ]
    for colour, points in zip(COLOURS, curves.values(), strict=False):
        line = " ".join(spot(step, value) for step, value in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{s.split(",")[0]}" cy="{s.split(",")[1]}" r="2.4" fill="{colour}"/>' for s in line.split()
        ]
    return parts


def main() -> None:
    """Draw."""
    out, runs = Path(sys.argv[1]), {}
    for argument in sys.argv[2:]:
        name, _, folder = argument.partition("=")
        runs[name] = Path(folder)
    width = MARGIN + len(SHOWN) * (WIDTH + GAP)
    height = MARGIN + HEIGHT + 56
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"',
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for place, (name, title) in enumerate(SHOWN.items()):
        parts += chart(place, name, title, runs)
    for place, (colour, name) in enumerate(zip(COLOURS, runs, strict=False)):
        x = MARGIN + place * 240
        parts.append(f'<rect x="{x}" y="{height - 22}" width="18" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{x + 24}" y="{height - 15}">{name}</text>')
    out.write_text("\n".join([*parts, "</svg>"]) + "\n")


if __name__ == "__main__":
    main()

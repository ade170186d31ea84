"""Curves of a simulated reader's costs as an SVG picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

_WINDOW = 40
"""Captions of a moving mean: about four books."""

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 860, 420, 56, 220, 36, 40
_COLOURS = ("#222222", "#999999", "#c8b400", "#7f7f00", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#d62728")


def drawn_curves(curves: Mapping[str, Sequence[float]], title: str) -> str:
    """Draw moving means, each point over the captions before it.

    Args:
        curves: name to a value a caption, all equally many.
        title: what is drawn.
    """
    means = {name: moving_mean(values, min(_WINDOW, len(values))) for name, values in curves.items()}
    ends = [value for line in means.values() for value in line]
    low, high = min(ends), max(ends)
    count = len(next(iter(curves.values())))
    first = count - len(next(iter(means.values())))

    def point(place: int, value: float) -> str:
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * (place - first) / max(1, count - 1 - first)
        y = _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / ((high - low) or 1)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="20" font-size="14">{escape(title)}, mean of {min(_WINDOW, count)} captions</text>',
    ]
    for value in np.linspace(low, high, 5):
        x, y = point(first, float(value)).split(",")
        parts.append(f'<text x="{_LEFT - 8}" y="{y}" font-size="11" text-anchor="end">{value:.2f}</text>')
        parts.append(f'<line x1="{x}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#e4e4e4"/>')
    for place in np.linspace(first, count - 1, 5).round().astype(int).tolist():
        x = point(place, low).split(",")[0]
        parts.append(f'<text x="{x}" y="{_HEIGHT - 14}" font-size="11" text-anchor="middle">{place + 1}</text>')
    for number, (name, line) in enumerate(means.items()):
        colour, middle = _COLOURS[number % len(_COLOURS)], _TOP + 14 + 20 * number
        points = " ".join(point(first + place, value) for place, value in enumerate(line))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(
            f'<text x="{_WIDTH - _RIGHT + 12}" y="{middle}" font-size="12" fill="{colour}">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def moving_mean(values: Sequence[float], window: int) -> list[float]:
    """The mean of each `window` values that follow each other."""
    means: list[float] = np.convolve(values, np.ones(window) / window, mode="valid").tolist()
    return means

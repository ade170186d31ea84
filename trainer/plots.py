"""Bars with intervals as SVG text, for a page that brings its own colours.

Shapes carry classes ("bar", "main", "whisker", "band", "zero", "mark"); the page's style sheet paints them, so that
one drawing does for dark and light.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from trainer.significance import Estimate

_WIDTH, _ROW, _BAR = 460, 22, 12
_NAMES, _NUMBERS = 176, 56  # left for the names, right for the numbers
_SPAN = _WIDTH - _NAMES - _NUMBERS


def bars(
    title: str,
    rows: Mapping[str, Estimate],
    main: str,
    digits: int,
    band: tuple[float, float] | None = None,
    line: float | None = None,
) -> str:
    """One measure of several systems.

    Args:
        title: the measure, for screen readers too.
        rows: system to value and interval, top to bottom.
        main: the system that is set off.
        digits: decimals of the numbers.
        band: a range to shade, such as the human one.
        line: a value to mark, such as chance.
    """
    marks = [*(band or ()), *([] if line is None else [line])]
    ends = [end for row in rows.values() for end in (row.value, row.low, row.high) if not math.isnan(end)]
    low, high = min([0.0, *ends, *marks]), max([0.0, *ends, *marks])
    scale = _Scale(low, _SPAN / ((high - low) or 1.0))
    height = len(rows) * _ROW + 4
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">']
    if band:
        width = max(1.0, scale.x(band[1]) - scale.x(band[0]))
        parts.append(f'<rect class="band" x="{scale.x(band[0]):.1f}" y="0" width="{width:.1f}" height="{height}"/>')
    for number, (name, row) in enumerate(rows.items()):
        kind = "bar main" if name == main else "bar"
        parts.append(_bar(name, row, scale, number * _ROW + _ROW / 2 + 2, kind, digits))
    parts.append(_upright("zero", scale.x(0.0), height))
    if line is not None:
        parts.append(_upright("mark", scale.x(line), height))
    return "".join(parts) + "</svg>"


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    px_per_unit: float

    def x(self, value: float) -> float:
        return _NAMES + (value - self.low) * self.px_per_unit


def _bar(name: str, row: Estimate, scale: _Scale, middle: float, kind: str, digits: int) -> str:
    """A name, its bar from 0, its interval and its number; the middle is a height in pixels."""
    text = f'<text x="{_NAMES - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(name)}</text>'
    if math.isnan(row.value):
        return text
    left, right = sorted((scale.x(0.0), scale.x(row.value)))
    bar = f'<rect class="{kind}" x="{left:.1f}" y="{middle - _BAR / 2}" width="{right - left:.1f}" height="{_BAR}"/>'
    number = f'<text x="{_WIDTH}" y="{middle + 4:.1f}" text-anchor="end">{row.value:z.{digits}f}</text>'
    if math.isnan(row.low):
        return text + bar + number
    ends = f'x1="{scale.x(row.low):.1f}" x2="{scale.x(row.high):.1f}"'
    return f'{text}{bar}<line class="whisker" {ends} y1="{middle}" y2="{middle}"/>{number}'


def _upright(kind: str, x: float, height: int) -> str:
    return f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}"/>'

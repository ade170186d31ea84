"""Layouts of comic pages: where the panels lie and in which order they are read, without any art.

Outlines are made in reading order, left to right; right to left is the mirrored page. All lengths that do not come
from the page's shape are shares of `size_px`, the height of an ordinary portrait page.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np

from trainer.synthetic.page_cells import MIN_SIDE_FRAC, Cell, Outline, cut, rectangle
from trainer.synthetic.page_variations import Variations

CUTS, PINWHEEL, SPLASH, COVER, TEXT = "cuts", "pinwheel", "splash", "cover", "text"
STRIP, SPREAD, WEBTOON, COLUMNS = "strip", "spread", "webtoon", "columns"
KINDS = {CUTS: 58, PINWHEEL: 4, SPLASH: 6, COVER: 4, TEXT: 2, STRIP: 9, SPREAD: 7, WEBTOON: 7, COLUMNS: 3}
"""Kinds of layout and how often they come, in parts of a hundred."""

# Portrait pages are this much higher than wide, from square-bound albums to manga and thin pamphlets.
_ASPECTS = (1.22, 1.62)
# Gutters: none (frames touch), a hair, ordinary, wide; as shares of `size_px`.
_GUTTERS = ((0.0, 0.0), (0.0015, 0.005), (0.005, 0.014), (0.008, 0.018), (0.012, 0.032))
_SLANTS = (0.0, 0.0, 0.0, 0.06, 0.16)  # largest slope of a page's cuts, radians


@dataclass(frozen=True, slots=True)
class Layout:
    """A page without art.

    Attributes:
        kind: one of `KINDS`.
        width: page pixels.
        height: page pixels.
        gutter_px: usual distance between neighbouring panels.
        cells: the panels in reading order; none on a page of text.
    """

    kind: str
    width: int
    height: int
    gutter_px: float
    cells: tuple[Cell, ...]


def draw_layout(draws: random.Random, size_px: int, right_to_left: bool, kind: str | None = None) -> Layout:
    """A random layout.

    Args:
        draws: the source of every choice.
        size_px: height of an ordinary portrait page; other shapes have sides of that order.
        right_to_left: whether it is read from the right.
        kind: one of `KINDS`; drawn by its frequency where None.
    """
    kind = kind or draws.choices(list(KINDS), list(KINDS.values()))[0]
    width, height = _page_size(draws, size_px, kind)
    gutter = draws.uniform(*draws.choices(_GUTTERS, (2, 2, 4, 4, 3))[0]) * size_px
    maker = _LayoutMaker(draws, size_px, width, height, gutter)
    layout = Layout(kind, width, height, gutter, tuple(maker.cells(kind)))
    return _mirrored(layout) if right_to_left else layout


def _page_size(draws: random.Random, size_px: int, kind: str) -> tuple[int, int]:
    aspect = draws.uniform(*_ASPECTS)
    if kind == SPREAD:
        return round(2 * size_px / aspect), size_px
    if kind == STRIP:
        return size_px, round(size_px / draws.uniform(1.5, 4.2))
    if kind == WEBTOON:
        return round(size_px / draws.uniform(1.2, 2.2)), size_px
    if kind in (CUTS, SPLASH) and draws.random() < 0.08:  # albums in landscape format
        return size_px, round(size_px / draws.uniform(1.05, 1.5))
    return round(size_px / aspect), size_px


def _mirrored(layout: Layout) -> Layout:
    cells = []
    for cell in layout.cells:
        flipped = np.column_stack([layout.width - cell.outline[:, 0], cell.outline[:, 1]])[::-1]
        first = int(np.argmin(flipped.sum(axis=1)))
        cells.append(replace(cell, outline=np.roll(flipped, -first, axis=0)))
    return replace(layout, cells=tuple(cells))


class _LayoutMaker:
    """Places cells on one page."""

    def __init__(self, draws: random.Random, size_px: int, width: int, height: int, gutter: float) -> None:
        self._draws = draws
        self._size = size_px
        self._width, self._height = width, height
        self._gutter = gutter
        self._variations = Variations(draws, size_px, width, height)
        self._slant = draws.choice(_SLANTS)
        self._is_even = draws.random() < 0.4

    def cells(self, kind: str) -> list[Cell]:
        """The cells of a page of some kind, in reading order."""
        draws = self._draws
        if kind == TEXT:
            return []
        if kind in (SPLASH, COVER):
            full = draws.random() < (0.5 if kind == SPLASH else 0.85)
            plate = rectangle(0, 0, self._width, self._height) if full else self._printed_area(0, self._width)
            return self._variations.with_insets([Cell(plate)], 0.25 if kind == SPLASH else 0.0)
        if kind == WEBTOON:
            return self._webtoon()
        if kind == SPREAD:
            return self._spread()
        cells = [Cell(outline) for outline in self._page(kind, self._printed_area(0, self._width))]
        return cells if kind in (COLUMNS, PINWHEEL) else self._variations.varied(cells)

    def _spread(self) -> list[Cell]:
        """Two facing pages, or one layout across both."""
        draws, middle = self._draws, self._width / 2
        if draws.random() < 0.25:
            return self._variations.varied(
                [Cell(outline) for outline in self._page(CUTS, self._printed_area(0, self._width))]
            )
        cells: list[Cell] = []
        for left, right in ((0.0, middle), (middle, float(self._width))):
            area = self._printed_area(left, right)
            if draws.random() < 0.12:
                bleeds = draws.random() < 0.6
                outlines = [rectangle(left, 0, right, self._height) if bleeds else area]
            else:
                outlines = self._page(CUTS, area)
            cells += self._variations.varied([Cell(outline) for outline in outlines], left, right)
        return cells

    def _printed_area(self, left: float, right: float) -> Outline:
        """The page, or one of two facing ones, without its margins."""
        draws, width = self._draws, right - left
        if draws.random() < 0.12:
            return rectangle(left, 0, right, self._height)
        usual = draws.uniform(0.01, 0.08)
        sides = [max(0.004, usual * draws.uniform(0.6, 1.4)) for _ in range(4)]
        return rectangle(
            left + sides[0] * width,
            sides[1] * self._height,
            right - sides[2] * width,
            self._height * (1 - sides[3]),
        )

    def _page(self, kind: str, area: Outline) -> list[Outline]:
        draws = self._draws
        if kind == PINWHEEL:
            return self._pinwheel(area)
        if kind == STRIP:
            return self._divide(area, 1, draws.choice((2, 3, 3, 4, 4, 4, 5)), vertical=True)
        if kind == COLUMNS:
            usual = self._gutter
            self._gutter = max(2.5 * usual, 0.025 * self._size)  # columns are told from tiers by standing apart
            columns = self._divide(area, 1, 2, vertical=True)
            self._gutter = usual
            return [cell for column in columns for cell in self._divide(column, 1, 4, vertical=False)]
        return self._divide(area, draws.choice((1, 2, 2, 2, 3, 3)))

    def _pinwheel(self, area: Outline) -> list[Outline]:
        """Four panels around a fifth, which no straight cut can part."""
        draws, half = self._draws, self._gutter / 2
        (x0, y0), (x3, y3) = area[0], area[2]
        x1, x2 = (x0 + draws.uniform(*share) * (x3 - x0) for share in ((0.22, 0.38), (0.6, 0.78)))
        y1, y2 = (y0 + draws.uniform(*share) * (y3 - y0) for share in ((0.22, 0.38), (0.6, 0.78)))
        return [
            rectangle(x0, y0, x2 - half, y1 - half),
            rectangle(x2 + half, y0, x3, y2 - half),
            rectangle(x0, y1 + half, x1 - half, y3),
            rectangle(x1 + half, y1 + half, x2 - half, y2 - half),
            rectangle(x1 + half, y2 + half, x3, y3),
        ]

    def _divide(
        self, outline: Outline, depth: int, count: int | None = None, vertical: bool | None = None
    ) -> list[Outline]:
        """Cut a region again and again; the parts in reading order."""
        draws = self._draws
        width, height = outline.max(axis=0) - outline.min(axis=0)
        if depth == 0 or max(width, height) < 2.5 * MIN_SIDE_FRAC * self._size:
            return [outline]
        is_vertical = bool(width > height * draws.uniform(0.75, 1.5)) if vertical is None else vertical
        axis = 0 if is_vertical else 1
        wanted = count or draws.choice((2, 2, 3, 3, 3, 4) if depth > 1 else (1, 2, 2, 2, 3, 3))
        parts, rest = [], outline
        low, high = outline[:, axis].min(), outline[:, axis].max()
        for share in self._shares(wanted):
            angle = draws.uniform(-self._slant, self._slant) if draws.random() < 0.6 else 0.0
            gutter = self._gutter * (draws.uniform(0.6, 2.2) if draws.random() < 0.12 else 1.0)
            halves = cut(rest, axis, low + share * (high - low), angle, gutter)
            if halves is not None and all(self._is_large(half) for half in halves):
                parts.append(halves[0])
                rest = halves[1]
        parts.append(rest)
        if count is not None:
            return parts
        divided = [self._divide(part, depth - 1 if draws.random() < 0.8 else 0) for part in parts]
        if is_vertical and _line_up(divided):
            return parts  # such a grid is read tier by tier, never column by column
        return [outline for found in divided for outline in found]

    def _shares(self, count: int) -> list[float]:
        """Where cuts lie, 0 to 1, rising."""
        draws = self._draws
        if self._is_even or draws.random() < 0.4:
            return [
                (number + 1) / count + draws.uniform(-0.02, 0.02) * (not self._is_even) for number in range(count - 1)
            ]
        return sorted(draws.uniform(0.14, 0.86) for _ in range(count - 1))

    def _is_large(self, outline: Outline) -> bool:
        extent = outline.max(axis=0) - outline.min(axis=0)
        return bool(extent.min() >= MIN_SIDE_FRAC * self._size)

    def _webtoon(self) -> list[Cell]:
        """Panels one below the other with much space between, the first and last possibly cut off."""
        draws, width = self._draws, self._width
        y = draws.uniform(-0.3, 0.1) * self._height
        cells = []
        while y < self._height - MIN_SIDE_FRAC * self._size:
            height = draws.uniform(0.25, 1.3) * width
            left, right = (
                (0.0, float(width))
                if draws.random() < 0.6
                else (
                    draws.uniform(0.02, 0.3) * width,
                    draws.uniform(0.7, 0.98) * width,
                )
            )
            row = rectangle(left, max(0, y), right, min(self._height, y + height))
            if self._is_large(row):
                parts = self._divide(row, 1, 2, vertical=True) if draws.random() < 0.12 else [row]
                cells += [Cell(part) for part in parts]
            y += height + draws.choice((0.02, 0.04, 0.1, 0.25, 0.5)) * draws.uniform(0.7, 1.3) * width
        return cells


def _line_up(columns: list[list[Outline]]) -> bool:
    """Whether a level line parts the cells of every column, or nearly: taking a third of a cell at most."""
    extents = [[(float(cell[:, 1].min()), float(cell[:, 1].max())) for cell in column] for column in columns]
    levels = {edge for column in extents for extent in column for edge in extent}
    return len(columns) > 1 and any(all(_parts_cells(level, column) for column in extents) for level in levels)


def _parts_cells(level: float, extents: list[tuple[float, float]]) -> bool:
    shares = [(level - low) / (high - low) for low, high in extents]
    return min(shares) < 0.33 and max(shares) > 0.67 and all(not 0.33 < share < 0.67 for share in shares)

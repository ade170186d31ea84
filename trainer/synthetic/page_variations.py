"""What artists do to a regular page: bleeds, panels cut short, left out or enlarged, insets."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np

from trainer.synthetic.page_cells import MIN_SIDE_FRAC, Cell, Outline, rectangle


class Variations:
    """Varies the cells of one page."""

    def __init__(self, draws: random.Random, size_px: int, width: int, height: int) -> None:
        self._draws = draws
        self._size = size_px
        self._width, self._height = width, height

    def varied(self, cells: list[Cell], left: float = 0.0, right: float | None = None) -> list[Cell]:
        """What artists do to a regular page: bleeds, panels cut short, left out or enlarged, insets."""
        draws = self._draws
        if draws.random() < 0.35:
            cells = self._bled(cells, left, self._width if right is None else right)
        if draws.random() < 0.2:
            cells = [self._shortened(cell) if draws.random() < 0.3 else cell for cell in cells]
        if len(cells) > 3 and draws.random() < 0.05:
            cells.pop(draws.randrange(len(cells)))
        if len(cells) > 1 and draws.random() < 0.1:
            cells = self._enlarged(cells)
        return self.with_insets(cells, 0.13)

    def _bled(self, cells: list[Cell], left: float, right: float) -> list[Cell]:
        """Outer panels run to the page's edge."""
        draws = self._draws
        points = np.concatenate([cell.outline for cell in cells])
        limits = [(0, points[:, 0].min(), left), (0, points[:, 0].max(), right)]
        limits += [(1, points[:, 1].min(), 0.0), (1, points[:, 1].max(), float(self._height))]
        together = draws.random() < 0.6
        for axis, limit, edge in limits:
            whole_side = draws.random() < 0.5
            moved = []
            for cell in cells:
                outline = cell.outline.copy()
                if whole_side if together else draws.random() < 0.3:
                    outline[np.abs(outline[:, axis] - limit) < 2, axis] = edge
                moved.append(replace(cell, outline=outline))
            cells = moved
        return cells

    def _shortened(self, cell: Cell) -> Cell:
        """A panel that leaves some of its place empty."""
        draws = self._draws
        axis, from_end = draws.randrange(2), draws.random() < 0.5
        outline = cell.outline.copy()
        low, high = outline[:, axis].min(), outline[:, axis].max()
        keep = draws.uniform(0.7, 0.95)
        fixed = low if from_end else high
        outline[:, axis] = fixed + (outline[:, axis] - fixed) * keep
        return replace(cell, outline=outline) if self._is_large(outline) else cell

    def _enlarged(self, cells: list[Cell]) -> list[Cell]:
        """One panel reaches over its neighbours."""
        draws = self._draws
        chosen = draws.randrange(len(cells))
        outline = cells[chosen].outline
        middle = (outline.max(axis=0) + outline.min(axis=0)) / 2
        grown = middle + (outline - middle) * [draws.uniform(1.03, 1.22), draws.uniform(1.03, 1.22)]
        grown = np.clip(grown, 0, [self._width, self._height])
        cells = list(cells)
        cells[chosen] = Cell(grown, is_on_top=True)
        return cells

    def with_insets(self, cells: list[Cell], chance: float) -> list[Cell]:
        """Small panels on large ones: read before their host in its first corner, else after it."""
        draws = self._draws
        if draws.random() >= chance:
            return cells
        found: list[Cell] = []
        for cell in cells:
            width, height = cell.extent
            if min(width, height) < 0.22 * self._size or draws.random() < 0.4:
                found.append(cell)
                continue
            before, after = self._insets_of(cell)
            found += [*before, cell, *after]
        return found

    def _insets_of(self, host: Cell) -> tuple[list[Cell], list[Cell]]:
        draws = self._draws
        (x0, y0), (width, height) = host.outline.min(axis=0), host.extent
        gap = draws.uniform(0.01, 0.05) * min(width, height)
        corners = draws.sample(((0, 0), (1, 0), (0, 1), (1, 1)), draws.choice((1, 1, 2, 3)))
        before: list[Cell] = []
        after: list[Cell] = []
        for across, down in sorted(corners, key=lambda corner: (corner[1], corner[0])):
            wide, high = width * draws.uniform(0.22, 0.42), height * draws.uniform(0.2, 0.4)
            if min(wide, high) < MIN_SIDE_FRAC * self._size:
                continue
            x = x0 + gap + across * (width - wide - 2 * gap)
            y = y0 + gap + down * (height - high - 2 * gap)
            inset = Cell(rectangle(x, y, x + wide, y + high), is_inset=True, is_on_top=True)
            (before if (across, down) == (0, 0) else after).append(inset)
        return before, after

    def _is_large(self, outline: Outline) -> bool:
        extent = outline.max(axis=0) - outline.min(axis=0)
        return bool(extent.min() >= MIN_SIDE_FRAC * self._size)

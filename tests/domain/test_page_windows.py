"""Cutting very tall pages into windows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from comicreader.domain.page_windows import windows


def strip_with_panels(width: int, panel_px: int, gap_px: int, count: int) -> np.ndarray:
    """Noisy panels one below the other on white."""
    random = np.random.default_rng(0)
    height = count * (panel_px + gap_px)
    page = np.full((height, width, 3), 255, np.uint8)
    for number in range(count):
        top = number * (panel_px + gap_px)
        page[top : top + panel_px] = random.integers(0, 200, (panel_px, width, 3))
    return page


@pytest.mark.parametrize("size", [(1400, 1000), (500, 2000), (1000, 500), (1, 1)])
def test_ordinary_pages_are_one_window(size: tuple[int, int]) -> None:
    page = np.zeros((*size, 3), np.uint8)
    assert [(part.y, part.bottom) for part in windows(page)] == [(0, size[0])]


def test_tall_pages_are_cut_between_panels() -> None:
    page = strip_with_panels(400, panel_px=500, gap_px=60, count=9)
    parts = windows(page)
    assert len(parts) > 3
    for part in parts[1:]:
        assert (page[part.y] == 255).all()


@pytest.mark.parametrize("width", [3, 50, 400])
def test_windows_cover_the_page_once_whatever_it_shows(width: int) -> None:
    page = np.random.default_rng(1).integers(0, 255, (6000, width, 3)).astype(np.uint8)
    parts = windows(page)
    assert parts[0].y == 0
    assert parts[-1].bottom == 6000
    assert all(above.bottom == below.y for above, below in pairwise(parts))
    assert all(part.height <= max(2.4 * width, 400) + 1 for part in parts)

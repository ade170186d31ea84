"""Moving the sides of roughly placed boxes to the edges of drawn panels."""

from __future__ import annotations

import numpy as np
import pytest

from comicreader.domain.edge_snapping import snapped
from comicreader.domain.geometry import Box

PANEL = Box(120, 160, 300, 420)
BEYOND = Box(440, 160, 300, 420)


def page_with(*boxes: Box, paper: int = 255, frame: int = 0) -> np.ndarray:
    """Panels of mild noise on plain paper, framed in black."""
    random = np.random.default_rng(0)
    page = np.full((900, 800, 3), paper, np.uint8)
    for box in boxes:
        page[box.y : box.bottom, box.x : box.right] = 0
        inner = box.shrunk(frame)
        page[inner.y : inner.bottom, inner.x : inner.right] = random.integers(105, 130, (inner.height, inner.width, 3))
    return page


@pytest.mark.parametrize("paper", [255, 0, 210])
@pytest.mark.parametrize("frame", [0, 3])
@pytest.mark.parametrize("off_px", [-8, -4, 5, 8])
def test_sides_move_to_the_outer_edges_of_panels(paper: int, frame: int, off_px: int) -> None:
    rough = Box(PANEL.x + off_px, PANEL.y - off_px, PANEL.width, PANEL.height + off_px)
    page = page_with(PANEL, paper=paper, frame=frame if paper else 0)
    assert snapped(page, rough) == PANEL


def test_the_neighbours_edge_is_not_taken_for_ones_own() -> None:
    page = page_with(PANEL, BEYOND, frame=3)
    rough = Box(PANEL.x, PANEL.y, PANEL.width + 8, PANEL.height)
    assert snapped(page, rough) == PANEL


def test_sides_without_an_edge_stay() -> None:
    page = np.full((900, 800, 3), 200, np.uint8)
    assert snapped(page, PANEL) == PANEL


def test_panels_that_bleed_reach_the_edge_of_the_page() -> None:
    bleeding = Box(0, 0, 800, 420)
    page = page_with(bleeding)
    assert snapped(page, Box(6, 5, 789, 412)) == bleeding


def test_boxes_too_small_to_look_at_stay() -> None:
    page = page_with(PANEL)
    assert snapped(page, Box(10, 10, 5, 200)) == Box(10, 10, 5, 200)

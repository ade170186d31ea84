"""Whatever a picture shows, its panels are polygons within it."""

from __future__ import annotations

import numpy as np
import pytest

from comicreader.domain.book import Direction
from comicreader.domain.geometry import polygon_area
from comicreader.domain.page_image import decode_picture
from comicreader.domain.panel_detection import find_panels
from tests.fixtures.odd_pictures import odd_picture


def assert_valid_panels(image: np.ndarray, width: int, height: int, direction: Direction) -> None:
    panels = find_panels(image, width, height, direction)
    assert panels
    for panel in panels:
        assert len(panel.polygon) >= 3
        assert all(0 <= x <= width and 0 <= y <= height for x, y in panel.polygon)
        assert polygon_area(panel.polygon) > 0
        assert 0 <= panel.confidence <= 1


@pytest.mark.parametrize("first", range(0, 48, 8))
def test_any_picture_gives_panels_within_it(first: int) -> None:
    for seed in range(first, first + 8):
        decoded = decode_picture(odd_picture(seed), "odd", max_side_px=1440)
        assert_valid_panels(decoded.pixels, decoded.width, decoded.height, list(Direction)[seed % 2])


@pytest.mark.parametrize("size", [(20_000, 300), (5000, 10), (300, 20_000), (10, 5000), (1, 1), (1, 9000)])
@pytest.mark.parametrize("level", [0, 255])
def test_extreme_shapes_give_panels_within_them(size: tuple[int, int], level: int) -> None:
    image = np.full((*size, 3), level, np.uint8)
    image[:: max(1, size[0] // 40)] = 255 - level
    assert_valid_panels(image, size[1], size[0], Direction.LEFT_TO_RIGHT)

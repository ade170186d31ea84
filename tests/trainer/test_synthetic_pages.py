"""Synthetic comic pages: what they promise about panels, labels and order."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from trainer.synthetic.page_art import ArtLibrary
from trainer.synthetic.page_layouts import COLUMNS, CUTS, KINDS, SPREAD, STRIP, TEXT, WEBTOON
from trainer.synthetic.pages import NO_PANEL, SyntheticPage, draw_page

NO_ART = ArtLibrary()
SEEDS = range(12)


def drawn(seed: int, kind: str | None = None, right_to_left: bool = False) -> SyntheticPage:
    return draw_page(seed, NO_ART, size_px=320, right_to_left=right_to_left, kind=kind)


def test_the_same_seed_gives_the_same_page() -> None:
    first, second, other = drawn(3), drawn(3), drawn(4)
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.labels, second.labels)
    assert first.image.shape != other.image.shape or not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("seed", [1, 2])
def test_pages_of_every_kind_are_drawn_with_their_panels(kind: str, seed: int) -> None:
    page = drawn(seed, kind)
    height, width = page.image.shape[:2]
    assert page.image.dtype == np.uint8
    assert page.labels.shape == (height, width)
    assert (len(page.panels) == 0) == (kind == TEXT)
    for outline in page.panels:
        assert len(outline) >= 3
        assert (outline >= 0).all()
        assert (outline <= [width, height]).all()
    assert set(np.unique(page.labels)) - {NO_PANEL} == set(range(len(page.panels)))


@pytest.mark.parametrize("seed", SEEDS)
def test_labels_lie_in_the_outlines_they_name(seed: int) -> None:
    page = drawn(seed)
    for index, outline in enumerate(page.panels):
        inside = cv2.fillPoly(np.zeros_like(page.labels), [outline.round().astype(np.int32)], 255)
        around = cv2.dilate(inside, np.ones((9, 9), np.uint8))
        assert around[page.labels == index].all()


def test_shapes_are_those_of_their_kind() -> None:
    heights, widths = zip(*(drawn(5, kind).image.shape[:2] for kind in (CUTS, SPREAD, STRIP, WEBTOON)), strict=True)
    assert widths[1] > heights[1]
    assert widths[2] > heights[2]
    assert heights[3] > widths[3]


@pytest.mark.parametrize("seed", SEEDS)
def test_strips_and_columns_stand_in_reading_order(seed: int) -> None:
    for right_to_left in (False, True):
        strip = drawn(seed, STRIP, right_to_left).boxes
        middles = strip[:, 0] + strip[:, 2]
        plain = [index for index, box in enumerate(strip) if box[3] - box[1] > 0.6 * (strip[:, 3] - strip[:, 1]).max()]
        steps = np.diff(middles[plain])
        assert (steps < 0).all() if right_to_left else (steps > 0).all()
    columns = drawn(seed, COLUMNS).boxes
    assert columns[0, 0] < columns[-1, 2]


def test_right_to_left_is_the_mirrored_order() -> None:
    for seed in SEEDS:
        forward, backward = drawn(seed, CUTS), drawn(seed, CUTS, right_to_left=True)
        assert forward.image.shape == backward.image.shape
        assert len(forward.panels) > 0
        assert len(backward.panels) > 0


def test_art_comes_from_folders_and_held_out_art_is_other_art(tmp_path: Path) -> None:
    for number in range(40):
        Image.new("RGB", (100, 80), (number * 6, 0, 0)).save(tmp_path / f"{number}.png")
    learned, held_out = (ArtLibrary.load(tmp_path, None, 100, held_out) for held_out in (False, True))
    shades = [{int(picture[0, 0, 0]) for book in library.books for picture in book} for library in (learned, held_out)]
    assert all(shades)
    assert not shades[0] & shades[1]
    assert len(shades[0] | shades[1]) == 40


def test_figures_are_pictures_with_transparency(tmp_path: Path) -> None:
    for number in range(8):
        Image.new("RGBA", (60, 90), (200, 0, 0, 255)).save(tmp_path / f"figure {number}.png")
        Image.new("RGB", (60, 90)).save(tmp_path / f"picture {number}.png")
    library = ArtLibrary.load(None, tmp_path, 100)
    assert 0 < len(library.figures) <= 8
    assert all(figure.shape[2] == 4 for figure in library.figures)
    assert draw_page(1, library, size_px=320).image.any()

"""The demo comic: drawn by its program, found and ordered by the detector."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from defusedxml import ElementTree
from PIL import Image

from comicreader.domain.book import Direction
from comicreader.domain.geometry import bounding_box, intersection_over_union
from comicreader.domain.panel_detection import find_panels
from trainer.synthetic.demo_comic import PAGE_HEIGHT_PX, PAGE_WIDTH_PX, PAGES, DrawnPage, encode_page

DEMO = Path(__file__).parents[2] / "resources" / "demo" / "demo.cbz"


def committed_page(name: str) -> bytes:
    with zipfile.ZipFile(DEMO) as book:
        return book.read(name)


def pixels(encoded: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB")).astype(np.int16)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_program_draws_the_committed_pages(page: DrawnPage) -> None:
    # Another release of the JPEG library may round differently, so pixels are compared, not bytes.
    difference = np.abs(pixels(encode_page(page)) - pixels(committed_page(page.name)))
    assert difference.mean() < 0.2
    assert difference.max() <= 24


def test_drawing_twice_gives_the_same_bytes() -> None:
    inset = PAGES[3].panels[-1]
    page = DrawnPage("small.jpg", (inset,))
    assert encode_page(page) == encode_page(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_detector_finds_the_drawn_panels_in_reading_order(page: DrawnPage) -> None:
    image = pixels(committed_page(page.name)).astype(np.uint8)
    assert image.shape == (PAGE_HEIGHT_PX, PAGE_WIDTH_PX, 3)
    panels = find_panels(image, PAGE_WIDTH_PX, PAGE_HEIGHT_PX, Direction.LEFT_TO_RIGHT)
    assert len(panels) == len(page.panels)
    for panel, drawn in zip(panels, page.panels, strict=True):
        assert intersection_over_union(panel.box, bounding_box(drawn.corners)) > 0.97
        off = [max(abs(x - u), abs(y - v)) for (x, y), (u, v) in zip(panel.polygon, drawn.corners, strict=True)]
        assert max(off) <= 8


def test_the_book_holds_its_pages_and_says_what_it_is_and_nothing_else() -> None:
    with zipfile.ZipFile(DEMO) as book:
        assert book.namelist() == [*(page.name for page in PAGES), "ComicInfo.xml"]
        assert {member.date_time for member in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        info = ElementTree.fromstring(book.read("ComicInfo.xml"))
    assert info.findtext("Title")
    assert info.findtext("Series")
    assert info.findtext("PageCount") == str(len(PAGES))


def test_the_book_is_small() -> None:
    assert DEMO.stat().st_size < 2_000_000


def test_pages_have_different_layouts() -> None:
    assert len(PAGES) >= 4
    assert len({tuple(panel.corners for panel in page.panels) for page in PAGES}) == len(PAGES)

"""Finding panels on drawn pages of every simple kind."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw

from comicreader.domain.book import Direction
from comicreader.domain.geometry import Box, intersection_over_union, polygon_area
from comicreader.domain.panel_detection import find_panels, find_panels_with
from comicreader.domain.panels import Panel

LTR, RTL = Direction.LEFT_TO_RIGHT, Direction.RIGHT_TO_LEFT
WHITE, BLACK, CREAM, GREY_BLUE = (255, 255, 255), (0, 0, 0), (246, 236, 214), (40, 46, 62)
Color = tuple[int, int, int]


def grid(rows: int, columns: int, gutter: int, margin: int = 40, size: tuple[int, int] = (1000, 1400)) -> list[Box]:
    """Panels of an even grid, row by row."""
    width = (size[0] - 2 * margin - gutter * (columns - 1)) // columns
    height = (size[1] - 2 * margin - gutter * (rows - 1)) // rows
    return [
        Box(margin + c * (width + gutter), margin + r * (height + gutter), width, height)
        for r in range(rows)
        for c in range(columns)
    ]


def art(width: int, height: int, seed: int) -> Image.Image:
    """A picture of coloured shapes on a shaded ground, nowhere white or black."""
    random = np.random.default_rng(seed)
    ground = random.integers(60, 190, 3) + np.linspace(-30, 30, height)[:, None, None]
    picture = Image.fromarray(np.broadcast_to(ground, (height, width, 3)).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(8):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        reach = int(random.integers(10, max(11, min(width, height) // 3)))
        shape = draw.ellipse if random.random() < 0.5 else draw.rectangle
        shape(
            (x - reach, y - reach // 2, x + reach, y + reach), fill=tuple(int(c) for c in random.integers(50, 210, 3))
        )
    return picture


def draw_page(boxes: Sequence[Box], paper: Color = WHITE, frame: int = 0, rounded: int = 0, size=(1000, 1400)):
    page = Image.new("RGB", size, paper)
    line = WHITE if sum(paper) < 384 else BLACK
    for seed, box in enumerate(boxes):
        picture, mask = art(box.width, box.height, seed), Image.new("L", (box.width, box.height))
        whole = (0, 0, box.width - 1, box.height - 1)
        ImageDraw.Draw(mask).rounded_rectangle(whole, rounded, fill=255)
        if frame:
            ImageDraw.Draw(picture).rounded_rectangle(whole, rounded, outline=line, width=frame)
        page.paste(picture, (box.x, box.y), mask)
    return page


def found_on(page: Image.Image, direction: Direction = LTR) -> tuple[Panel, ...]:
    return find_panels(np.asarray(page), page.width, page.height, direction)


def found_by_paper(page: Image.Image) -> tuple[Panel, ...]:
    return find_panels_with(None, np.asarray(page), page.width, page.height, LTR)


def assert_found(page: Image.Image, boxes: Sequence[Box], least: float = 0.95) -> None:
    panels = found_on(page)
    assert len(panels) == len(boxes)
    overlaps = [intersection_over_union(panel.box, box) for panel, box in zip(panels, boxes, strict=True)]
    assert min(overlaps) >= least


def assert_valid(panels: Sequence[Panel], width: int, height: int) -> None:
    assert panels
    for panel in panels:
        assert len(panel.polygon) >= 3
        assert all(0 <= x <= width and 0 <= y <= height for x, y in panel.polygon)
        assert polygon_area(panel.polygon) > 0
        assert 0 <= panel.confidence <= 1
        assert panel.id == ""


def as_jpeg(page: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    page.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


@pytest.mark.parametrize("paper", [WHITE, BLACK, CREAM, GREY_BLUE])
@pytest.mark.parametrize("frame", [0, 4])
@pytest.mark.parametrize("gutter", [4, 12, 40])
def test_grids_are_found_whatever_the_paper_the_frames_and_the_gutters(paper: Color, frame: int, gutter: int) -> None:
    boxes = grid(3, 2, gutter)
    assert_found(draw_page(boxes, paper, frame), boxes)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 4), (4, 1), (2, 2), (4, 3), (5, 4)])
def test_grids_of_every_shape_are_found(rows: int, columns: int) -> None:
    boxes = grid(rows, columns, 16)
    assert_found(draw_page(boxes, frame=3), boxes)


def test_a_strip_of_one_row_is_found() -> None:
    boxes = grid(1, 4, 12, margin=10, size=(1200, 374))
    assert_found(draw_page(boxes, size=(1200, 374)), boxes)


def test_rounded_panels_are_found() -> None:
    boxes = grid(2, 2, 20)
    assert_found(draw_page(boxes, frame=4, rounded=30), boxes)


@pytest.mark.parametrize("quality", [50, 90])
def test_jpeg_noise_and_paper_grain_do_no_harm(quality: int) -> None:
    boxes = grid(3, 2, 14)
    page = np.asarray(draw_page(boxes, CREAM, frame=3)).astype(np.float64)
    grainy = (page + np.random.default_rng(1).normal(0, 4, page.shape)).clip(0, 255).astype(np.uint8)
    assert_found(as_jpeg(Image.fromarray(grainy), quality), boxes)


@pytest.mark.parametrize("paper", [WHITE, BLACK, CREAM])
@pytest.mark.parametrize("margin", [0, 4])
def test_art_that_runs_to_the_edge_of_the_page_is_found(paper: Color, margin: int) -> None:
    boxes = grid(3, 2, 16, margin)
    assert_found(draw_page(boxes, paper), boxes)


def test_line_drawings_on_white_within_frames_stay_whole() -> None:
    boxes = grid(2, 2, 16)
    page = Image.new("RGB", (1000, 1400), WHITE)
    draw = ImageDraw.Draw(page)
    for box in boxes:
        draw.rectangle((box.x, box.y, box.right - 1, box.bottom - 1), outline=BLACK, width=4)
        draw.ellipse((box.x + 60, box.y + 90, box.x + 200, box.y + 400), outline=BLACK, width=4)
        draw.rectangle((box.x + 250, box.y + 60, box.x + 340, box.bottom - 60), fill=BLACK)
    assert_found(page, boxes)


def test_bubbles_that_cross_a_gutter_do_not_join_panels() -> None:
    boxes = grid(3, 2, 18)
    page = draw_page(boxes, frame=3)
    draw = ImageDraw.Draw(page)
    draw.ellipse((400, 150, 600, 240), fill=WHITE, outline=BLACK, width=3)
    draw.ellipse((150, 440, 300, 520), fill=WHITE, outline=BLACK, width=3)
    assert_found(page, boxes, least=0.94)


def test_panels_that_touch_are_told_apart_by_the_line_they_share() -> None:
    boxes = grid(3, 2, 0)
    assert_found(draw_page(boxes, frame=4), boxes)


def test_black_gutters_within_a_white_scan_margin_are_found() -> None:
    boxes = grid(2, 2, 16, margin=60)
    page = Image.new("RGB", (1000, 1400), WHITE)
    page.paste(draw_page(boxes, BLACK).crop((30, 30, 970, 1370)), (30, 30))
    assert_found(page, boxes)


def test_slanted_gutters_give_slanted_panels() -> None:
    page = Image.new("RGB", (1000, 1400), WHITE)
    outlines = [
        ((40, 40), (560, 40), (440, 660), (40, 660)),
        ((580, 40), (960, 40), (960, 660), (460, 660)),
        ((40, 680), (960, 680), (960, 1360), (40, 1360)),
    ]
    for seed, outline in enumerate(outlines):
        mask = Image.new("L", page.size)
        ImageDraw.Draw(mask).polygon(outline, fill=255)
        page.paste(art(1000, 1400, seed), (0, 0), mask)
    panels = found_on(page)
    assert len(panels) == 3
    for panel, outline in zip(panels, outlines, strict=True):
        off = [max(abs(x - u), abs(y - v)) for (x, y), (u, v) in zip(panel.polygon, outline, strict=True)]
        assert max(off) <= 6


def test_a_pinwheel_without_any_straight_cut_is_found() -> None:
    top, left, middle = Box(40, 40, 600, 400), Box(40, 460, 300, 900), Box(360, 460, 280, 440)
    right, bottom = Box(660, 40, 300, 860), Box(360, 920, 600, 440)
    assert_found(draw_page([top, left, middle, right, bottom]), [top, right, left, middle, bottom])


@pytest.mark.parametrize("frame", [0, 4])
def test_an_inset_is_found_after_its_host(frame: int) -> None:
    boxes = grid(2, 1, 20)
    page = draw_page(boxes, frame=3)
    inset = Box(620, 400, 260, 240)
    ImageDraw.Draw(page).rectangle((610, 390, 890, 650), fill=WHITE)
    picture = art(inset.width, inset.height, 9)
    if frame:
        ImageDraw.Draw(picture).rectangle((0, 0, inset.width - 1, inset.height - 1), outline=BLACK, width=frame)
    page.paste(picture, (inset.x, inset.y))
    assert_found(page, [boxes[0], inset, boxes[1]])


def test_lettering_outside_the_panels_is_no_panel() -> None:
    boxes = grid(2, 2, 20, margin=80)
    page = draw_page(boxes)
    for x in range(420, 580, 12):
        ImageDraw.Draw(page).rectangle((x, 1350, x + 7, 1366), fill=BLACK)
    assert_found(page, boxes)


def test_right_to_left_pages_start_at_the_right() -> None:
    boxes = grid(2, 2, 20)
    panels = found_on(draw_page(boxes), RTL)
    assert [panel.box.x > 400 for panel in panels] == [True, False, True, False]


def test_a_spread_is_read_page_by_page() -> None:
    left = grid(2, 1, 20, size=(1000, 1400))
    right = [Box(box.x + 1000, box.y, box.width, box.height) for box in left]
    page = draw_page([*left, *right], size=(2000, 1400))
    assert_found(page, [*left, *right])


def test_a_page_without_panels_is_one_panel_and_a_mere_guess() -> None:
    page = Image.new("RGB", (600, 900), WHITE)
    assert found_on(page) == (Panel(((0, 0), (600, 0), (600, 900), (0, 900)), confidence=0.0),)


def test_a_splash_to_the_edges_is_one_panel() -> None:
    panels = found_on(art(1000, 1400, 5))
    assert [panel.box for panel in panels] == [Box(0, 0, 1000, 1400)]


def test_a_title_page_of_lettering_is_one_panel() -> None:
    page = Image.new("RGB", (1000, 1400), WHITE)
    draw = ImageDraw.Draw(page)
    for row in range(20):
        for x in range(150, 850 - 17 * (row % 5), 17):
            draw.rectangle((x, 200 + 45 * row, x + 3 + 5 * (x % 3), 200 + 45 * row + 10 + 7 * (x % 2)), fill=BLACK)
    assert [panel.box for panel in found_on(page)] == [Box(0, 0, 1000, 1400)]


def test_without_a_net_confidence_is_the_share_of_the_outline_where_art_ends() -> None:
    page = draw_page(grid(1, 1, 0))
    assert found_by_paper(page)[0].confidence == 1
    # White art along the upper half of both sides: there the outline is not seen.
    ImageDraw.Draw(page).rectangle((0, 60, 80, 700), fill=WHITE)
    ImageDraw.Draw(page).rectangle((920, 60, 1000, 700), fill=WHITE)
    assert 0.55 < found_by_paper(page)[0].confidence < 0.85


def test_a_page_decoded_smaller_gives_panels_in_page_pixels() -> None:
    boxes = grid(2, 2, 20)
    small = draw_page(boxes).resize((500, 700), Image.Resampling.BOX)
    panels = find_panels(np.asarray(small), 1000, 1400, LTR)
    assert min(intersection_over_union(p.box, b) for p, b in zip(panels, boxes, strict=True)) > 0.97


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (3, 900), (10, 5000), (5000, 10), (37, 41)])
@pytest.mark.parametrize("kind", ["white", "black", "noise", "stripes", "checks"])
def test_any_picture_gives_valid_panels(size: tuple[int, int], kind: str) -> None:
    width, height = size
    y, x = np.mgrid[:height, :width]
    plane = {
        "white": np.full((height, width), 255),
        "black": np.zeros((height, width)),
        "noise": np.random.default_rng(0).integers(0, 256, (height, width)),
        "stripes": (x // 2 % 2) * 255,
        "checks": ((x // 3 + y // 3) % 2) * 255,
    }[kind]
    image = np.repeat(plane[..., None], 3, axis=2).astype(np.uint8)
    assert_valid(find_panels(image, width, height, LTR), width, height)


@pytest.mark.parametrize("period", [1, 2, 8, 30])
def test_stripes_and_checks_over_a_whole_page_end_in_bounded_time(period: int) -> None:
    y, x = np.mgrid[:1400, :1000]
    for plane in ((y // period) % 2, (x // period + y // period) % 2):
        image = np.repeat((plane * 255)[..., None], 3, axis=2).astype(np.uint8)
        assert_valid(find_panels(image, 1000, 1400, LTR), 1000, 1400)


@settings(deadline=None, max_examples=60)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 60), st.integers(1, 60), st.just(3))), st.sampled_from(Direction))
def test_any_pixels_give_valid_panels(image: npt.NDArray[np.uint8], direction: Direction) -> None:
    height, width = image.shape[:2]
    assert_valid(find_panels(image, 7 * width, 7 * height, direction), 7 * width, 7 * height)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 4), st.integers(1, 4), st.integers(6, 40), st.integers(6, 60), st.sampled_from([WHITE, BLACK, CREAM])
)
def test_any_even_grid_is_found(rows: int, columns: int, gutter: int, margin: int, paper: Color) -> None:
    boxes = grid(rows, columns, gutter, margin)
    panels = found_on(draw_page(boxes, paper, frame=3))
    assert len(panels) == len(boxes)
    assert min(intersection_over_union(panel.box, box) for panel, box in zip(panels, boxes, strict=True)) > 0.85

"""PDF books: scans are taken out as they are, everything else is rendered, and pages keep their ids."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from comicreader.domain.archive import open_book
from comicreader.domain.book import Book, Direction, PageImage
from comicreader.domain.errors import PageError
from tests.fixtures.comic_files import (
    PdfPageDrawing,
    drawn_page,
    encoded,
    filled,
    jpeg_page,
    page_color,
    scanned,
    write_pdf,
)

TALL = (100, 200)


def middle(page: PageImage) -> tuple[int, ...]:
    pixels = page.pixels
    return tuple(int(channel) for channel in pixels[pixels.shape[0] // 2, pixels.shape[1] // 2])


def is_near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 6 for a, b in zip(one, other, strict=True))


def open_pdf(path: Path, *pages: PdfPageDrawing) -> Book:
    return open_book(write_pdf(path, pages))


def page_ids(book: Book) -> list[str]:
    ids = [book.load_page(index, 20).page_id for index in range(len(book.page_names))]
    book.close()
    return ids


def test_a_pdf_is_known_by_its_content_and_lists_its_pages(tmp_path: Path) -> None:
    book = open_pdf(tmp_path / "story.cbz", *(scanned(jpeg_page(number)) for number in (1, 2, 3)))
    assert book.page_names == ("page 1", "page 2", "page 3")
    assert book.display_title == "story"
    assert [is_near(middle(book.load_page(number - 1)), page_color(number)) for number in (1, 2, 3)] == [True] * 3
    book.close()


def test_a_page_that_is_one_jpeg_has_the_jpegs_own_pixels(tmp_path: Path) -> None:
    book = open_pdf(tmp_path / "a.pdf", scanned(encoded(drawn_page(1, 300, 600), "JPEG"), size_pt=TALL))
    page = book.load_page(0)
    assert (page.width, page.height) == (300, 600)  # not 278 × 556, as 200 dpi would make it
    assert page.pixels.shape == (600, 300, 3)
    assert book.load_page(0, 150).pixels.shape == (150, 75, 3)
    assert book.load_page(0, 5000).pixels.shape == (600, 300, 3)
    book.close()


def test_a_drawn_page_is_rendered_at_the_size_asked_for(tmp_path: Path) -> None:
    book = open_pdf(tmp_path / "a.pdf", filled(page_color(1), size_pt=TALL))
    page = book.load_page(0)
    assert (page.width, page.height) == (278, 556)  # 100 × 200 points at 200 dpi
    assert page.pixels.shape == (556, 278, 3)
    assert is_near(middle(page), page_color(1))
    larger = book.load_page(0, 1000)
    assert (larger.width, larger.height) == (278, 556)
    assert larger.pixels.shape == (1000, 500, 3)
    for max_side_px in (1, 7, 99, 333, 1440):
        assert max(book.load_page(0, max_side_px).pixels.shape[:2]) == max_side_px
    book.close()


BLACK_BAR = b" 0 0 0 rg 0 70 120 20 re f"


def lettered(drawing: PdfPageDrawing, extra_content: bytes) -> PdfPageDrawing:
    return PdfPageDrawing(drawing.content + extra_content, drawing.jpeg, drawing.size_pt)


def test_what_is_drawn_over_a_scan_is_shown(tmp_path: Path) -> None:
    book = open_pdf(tmp_path / "a.pdf", lettered(scanned(jpeg_page(1)), BLACK_BAR))
    assert middle(book.load_page(0)) == (0, 0, 0)
    book.close()


def test_a_scan_that_is_placed_in_another_way_is_rendered(tmp_path: Path) -> None:
    half = PdfPageDrawing(b"q 60 0 0 80 0 0 cm /Picture Do Q", jpeg_page(1))
    mirrored = PdfPageDrawing(b"q -120 0 0 160 120 0 cm /Picture Do Q", jpeg_page(1))
    stretched = scanned(jpeg_page(1), size_pt=(200, 100))
    turned = scanned(jpeg_page(1), extra=b"/Rotate 90")
    book = open_pdf(tmp_path / "a.pdf", half, mirrored, stretched, turned)
    sizes = [(book.load_page(index).width, book.load_page(index).height) for index in range(4)]
    assert sizes == [(333, 444), (333, 444), (556, 278), (444, 333)]
    assert middle(book.load_page(0)) == (255, 255, 255)
    assert is_near(middle(book.load_page(3)), page_color(1))
    book.close()


def test_a_cmyk_scan_has_the_colours_that_pdfium_gives_it(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("CMYK", (120, 160), (0, 255, 255, 0)).save(buffer, "JPEG", quality=95)
    book = open_pdf(tmp_path / "a.pdf", scanned(buffer.getvalue(), picture_extra=b"/Decode[1 0 1 0 1 0 1 0]"))
    red, green, blue = middle(book.load_page(0))
    assert red > 200
    assert green < 80
    assert blue < 80
    book.close()


def test_the_orientation_inside_a_scan_is_ignored_as_the_standard_says(tmp_path: Path) -> None:
    sideways = encoded(
        drawn_page(1), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    )
    book = open_pdf(tmp_path / "a.pdf", scanned(sideways))
    page = book.load_page(0)
    assert page.width < page.height
    book.close()


def test_inserting_a_page_changes_no_other_pages_id(tmp_path: Path) -> None:
    pages = [scanned(jpeg_page(1)), filled((10, 20, 30)), filled((10, 20, 30), size_pt=TALL), scanned(jpeg_page(2))]
    before = page_ids(open_pdf(tmp_path / "a.pdf", *pages))
    after = page_ids(open_pdf(tmp_path / "b.pdf", filled((1, 2, 3)), *pages[:2], scanned(jpeg_page(3)), *pages[2:]))
    assert len(set(before)) == 4
    assert [page_id for page_id in after if page_id in before] == before
    assert all(page_id.endswith("/page") for page_id in before)


def test_pages_that_are_the_same_have_different_ids_in_whatever_order_they_are_read(tmp_path: Path) -> None:
    blank = PdfPageDrawing()
    pages = [blank, scanned(jpeg_page(1)), blank, scanned(jpeg_page(1)), blank]
    in_order = page_ids(open_pdf(tmp_path / "a.pdf", *pages))
    assert len(set(in_order)) == 5
    assert in_order[2] == f"{in_order[0]}#2"
    assert in_order[4] == f"{in_order[0]}#3"
    assert in_order[3] == f"{in_order[1]}#2"
    book = open_pdf(tmp_path / "a.pdf", *pages)
    assert [book.load_page(index, 20).page_id for index in (4, 3, 2, 1, 0)] == in_order[::-1]
    book.close()


def test_an_enormous_page_is_rendered_within_the_limit_of_pixels(tmp_path: Path) -> None:
    book = open_pdf(tmp_path / "a.pdf", filled(page_color(1), size_pt=(800, 14_400)))
    page = book.load_page(0, 1000)
    assert page.width * page.height <= 89_478_485
    assert page.pixels.shape == (1000, 56, 3)
    book.close()


def test_the_viewers_direction_and_the_title_are_read(tmp_path: Path) -> None:
    pages = [filled((0, 0, 0))]
    book = open_book(write_pdf(tmp_path / "a.pdf", pages, b"/ViewerPreferences<</Direction/R2L>>"))
    assert book.info.direction is Direction.RIGHT_TO_LEFT
    book.close()
    book = open_book(write_pdf(tmp_path / "a.pdf", pages, b"/ViewerPreferences<</Direction/L2R>>"))
    assert book.info.direction is None
    book.close()


def test_several_books_can_be_read_from_several_threads(tmp_path: Path) -> None:
    books = [
        open_pdf(tmp_path / "a.pdf", *(filled(page_color(number)) for number in range(4))),
        open_pdf(tmp_path / "b.pdf", *(scanned(jpeg_page(number)) for number in range(4))),
    ]
    jobs = [(book, index) for index in range(4) for book in books] * 3
    with ThreadPoolExecutor(4) as threads:
        colors = list(threads.map(lambda job: middle(job[0].load_page(job[1], 100)), jobs))
    assert all(is_near(color, page_color(index)) for color, (_, index) in zip(colors, jobs, strict=True))
    for book in books:
        book.close()


def test_a_broken_scan_is_an_error_of_its_page(tmp_path: Path) -> None:
    broken = scanned(jpeg_page(1))
    pages = [PdfPageDrawing(broken.content, broken.jpeg[:-200], broken.size_pt), scanned(jpeg_page(2))]
    book = open_pdf(tmp_path / "a.pdf", *pages)
    with pytest.raises(PageError, match="page 1 is damaged"):
        book.load_page(0)
    assert is_near(middle(book.load_page(1)), page_color(2))
    book.close()


def test_a_closed_book_says_so_and_can_be_closed_again(tmp_path: Path) -> None:
    book = open_pdf(tmp_path / "a.pdf", filled((0, 0, 0)))
    book.close()
    book.close()
    with pytest.raises(PageError, match="its book is closed"):
        book.load_page(0)

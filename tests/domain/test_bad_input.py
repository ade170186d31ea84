"""Bad input: one clear sentence each, and whatever can still be read is read."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import py7zr
import pypdf
import pytest
import rarfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comicreader.domain.archive import open_book
from comicreader.domain.errors import BookError, PageError
from tests.fixtures.comic_files import (
    drawn_page,
    encoded,
    jpeg_page,
    numbered_pages,
    page_color,
    png_header,
    png_page,
    scanned,
    write_cb7,
    write_cbt,
    write_cbz,
    write_pdf,
    write_rar4,
    write_rar5,
)

Writer = Callable[[Path, Mapping[str, bytes]], Path]


def refusal(path: Path, password: str | None = None) -> str:
    with pytest.raises(BookError) as error:
        open_book(path, password)
    assert "\n" not in error.value.sentence
    assert error.value.sentence.endswith(".")
    return error.value.sentence


def page_refusal(path: Path, index: int) -> str:
    book = open_book(path)
    with pytest.raises(PageError) as error:
        book.load_page(index)
    book.close()
    return error.value.sentence


def file_of(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def cut(path: Path, kept_bytes: int) -> Path:
    return file_of(path, path.read_bytes()[:kept_bytes])


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "gone.cbz"
    assert refusal(path) == f"There is no file or folder {path}."


def test_an_empty_file_is_empty(tmp_path: Path) -> None:
    assert refusal(file_of(tmp_path / "a.cbz", b"")) == "a.cbz is empty (0 bytes)."


def test_an_empty_zip_holds_no_files(tmp_path: Path) -> None:
    assert refusal(write_cbz(tmp_path / "a.cbz", {})) == "a.cbz is empty: there are no files in it."


def test_an_empty_folder_holds_no_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert refusal(tmp_path / "a") == "a is empty: there are no files in it."


@pytest.mark.parametrize("write", [write_cbz, write_cbt, write_cb7, write_rar4, write_rar5])
def test_an_archive_of_texts_contains_no_pictures(tmp_path: Path, write: Writer) -> None:
    texts = {"1.txt": b"one", "notes": b"two", "ComicInfo.xml": b"<ComicInfo/>"}
    assert refusal(write(tmp_path / "a.cbz", texts)) == (
        "a.cbz contains no pictures, so there is nothing to read in it."
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Once upon a time", id="text"),
        pytest.param(gzip.compress(b"Once upon a time", mtime=0), id="gzipped text"),
        pytest.param(b"\x1f\x8b", id="gzip head"),
        pytest.param(bytes(5000), id="zeros"),
    ],
)
def test_a_file_of_another_kind_is_no_comic(tmp_path: Path, data: bytes) -> None:
    assert refusal(file_of(tmp_path / "a.cbz", data)).startswith("a.cbz is no comic that can be opened")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_that_was_cut_off_shows_what_is_there(tmp_path: Path, compression: int) -> None:
    path = write_cbz(tmp_path / "a.cbz", numbered_pages(5), compression)
    with zipfile.ZipFile(path) as archive:
        last = archive.getinfo("page 5.png")
    cut(path, last.header_offset + 30 + len("page 5.png") + last.compress_size // 2)
    book = open_book(path)
    assert book.warnings == ("a.cbz is damaged or incomplete; the pages that can still be found are shown.",)
    assert book.page_names == tuple(f"page {number}.png" for number in range(1, 6))
    assert [tuple(book.load_page(index).pixels[80, 60]) for index in range(4)] == [page_color(n) for n in range(1, 5)]
    with pytest.raises(PageError, match=r"page 5\.png is (incomplete|damaged)"):
        book.load_page(4)
    book.close()


class _Unseekable(io.RawIOBase):
    """An output that cannot go back, for which zipfile writes sizes behind the data."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += bytes(data)
        return len(data)


def test_a_streamed_zip_that_was_cut_off_shows_what_is_there(tmp_path: Path) -> None:
    output = _Unseekable()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for name, data in numbered_pages(4).items():
            archive.writestr(name, data)
    book = open_book(file_of(tmp_path / "a.cbz", output.data[: output.data.index(b"PK\x01\x02")]))
    assert len(book.page_names) == 4
    assert tuple(book.load_page(3).pixels[80, 60]) == page_color(4)
    book.close()


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_a_tar_that_was_cut_off_shows_what_is_there(tmp_path: Path, compression: str) -> None:
    members = numbered_pages(4) | {"noise.bin": bytes(range(256)) * 4000}
    path = write_cbt(tmp_path / "a.cbt", members, compression)
    cut(path, path.stat().st_size - (600_000 if compression == "" else 40))
    book = open_book(path)
    assert book.warnings == ("a.cbt is damaged or incomplete; the pages before the damage are shown.",)
    assert [tuple(book.load_page(index).pixels[80, 60]) for index in range(4)] == [page_color(n) for n in range(1, 5)]
    book.close()


def test_a_tar_with_a_broken_header_in_the_middle_says_so(tmp_path: Path) -> None:
    path = write_cbt(tmp_path / "a.cbt", numbered_pages(3))
    data = path.read_bytes()
    place = data.index(b"page 3.png")
    book = open_book(file_of(path, data[:place] + b"broken" + data[place + 6 :]))
    assert book.page_names == ("page 1.png", "page 2.png")
    assert len(book.warnings) == 1
    book.close()


def test_a_7z_that_was_cut_off_says_that_its_end_is_missing(tmp_path: Path) -> None:
    path = write_cb7(tmp_path / "a.cb7", numbered_pages(4))
    assert "is incomplete: its table of contents, at the end of the file, is missing" in refusal(
        cut(path, path.stat().st_size - 10)
    )
    assert "is incomplete" in refusal(cut(path, 20))


def test_a_7z_with_damage_inside_says_so_page_by_page(tmp_path: Path) -> None:
    path = write_cb7(tmp_path / "a.cb7", numbered_pages(3))
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    assert "is damaged in the archive" in page_refusal(file_of(path, bytes(data)), 2)


def test_a_7z_shows_the_pages_before_the_damage_and_no_page_with_a_wrong_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a.cb7"
    with py7zr.SevenZipFile(path, "w", filters=[{"id": py7zr.FILTER_COPY}]) as archive:
        for number in (1, 2):
            archive.writestr(encoded(drawn_page(number), "BMP"), f"{number}.bmp")
    data = bytearray(path.read_bytes())
    data[100_000] ^= 0xFF  # a pixel of the second page
    book = open_book(file_of(path, bytes(data)))
    assert tuple(book.load_page(0).pixels[80, 60]) == page_color(1)
    with pytest.raises(PageError, match=r"2\.bmp is damaged in the archive"):
        book.load_page(1)
    book.close()


def test_a_rar_that_was_cut_off_shows_what_is_there(tmp_path: Path) -> None:
    for write in (write_rar4, write_rar5):
        path = write(tmp_path / "a.cbr", numbered_pages(4))
        book = open_book(cut(path, path.stat().st_size - 150))
        assert book.warnings == ("a.cbr is damaged or incomplete; the pages that can still be found are shown.",)
        assert tuple(book.load_page(2).pixels[80, 60]) == page_color(3)
        with pytest.raises(PageError, match="is damaged in the archive"):
            book.load_page(3)
        book.close()


def test_without_an_unpacking_program_a_rar_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(rarfile, "CURRENT_SETUP", None)
    assert refusal(write_rar4(tmp_path / "a.cbr", numbered_pages(2), method=0x33)) == (
        "a.cbr cannot be opened, because unpacking RAR needs a program that is not installed: "
        "install the package unar (Debian: apt install unar)."
    )
    open_book(write_rar4(tmp_path / "stored.cbr", numbered_pages(2))).close()


def test_a_rar_that_is_nothing_but_its_first_bytes_is_refused(tmp_path: Path) -> None:
    assert refusal(file_of(tmp_path / "a.cbr", b"Rar!\x1a\x07\x00")) in {
        "a.cbr is empty: there are no files in it.",
        "a.cbr is damaged, and no page of it can be read.",
    }


def test_an_empty_page_is_empty(tmp_path: Path) -> None:
    path = write_cbz(tmp_path / "a.cbz", {"1.png": b"", "2.png": png_page(2)})
    assert page_refusal(path, 0) == "1.png is empty (0 bytes)."


def test_a_huge_png_is_not_decoded(tmp_path: Path) -> None:
    path = write_cbz(tmp_path / "a.cbz", {"1.png": png_header(30_000, 30_000)})
    assert "has 30,000 × 30,000 pixels" in page_refusal(path, 0)


def test_a_page_with_a_wrong_checksum_is_damaged(tmp_path: Path) -> None:
    path = write_cbz(tmp_path / "a.cbz", numbered_pages(2), zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[120] ^= 0xFF
    assert page_refusal(file_of(path, bytes(data)), 0).startswith("page 1.png is damaged in the archive")


@pytest.mark.parametrize("write", [write_cbz, write_cbt, write_cb7, write_rar5])
def test_a_member_that_unpacks_without_end_is_stopped(
    tmp_path: Path, write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("container", "tar_container", "seven_zip_container", "rar_container"):
        monkeypatch.setattr(f"comicreader.domain.{module}.MAX_MEMBER_BYTES", 2 << 20)
    path = write(tmp_path / "a.cbz", {"1.png": bytes(3 << 20)})
    assert page_refusal(path, 0).startswith("1.png unpacks to more than ")


@pytest.mark.parametrize("write", [write_cbz, write_cbt, write_cb7, write_rar5])
def test_a_listing_longer_than_any_book_is_refused(
    tmp_path: Path, write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comicreader.domain.container.MAX_MEMBERS", 3)
    assert refusal(write(tmp_path / "a.cbz", numbered_pages(4))) == "a.cbz lists more than 3 files, which is no comic."


def test_a_pdf_without_pages_has_no_pages(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter()
    writer.write(tmp_path / "a.pdf")
    assert refusal(tmp_path / "a.pdf") == "a.pdf has no pages."


@pytest.mark.parametrize("kept_bytes", [10, 400, 2000])
def test_a_pdf_that_was_cut_off_is_refused_or_shows_what_is_there(tmp_path: Path, kept_bytes: int) -> None:
    path = write_pdf(tmp_path / "a.pdf", [scanned(jpeg_page(1)), scanned(jpeg_page(2))])
    assert refusal(cut(path, kept_bytes)) == "a.pdf is damaged or incomplete and cannot be opened."


WRITERS: dict[str, Writer] = {
    "zip": write_cbz,
    "tar": write_cbt,
    "tar.gz": lambda path, members: write_cbt(path, members, "gz"),
    "7z": write_cb7,
    "rar 4": write_rar4,
    "rar 5": write_rar5,
    "pdf": lambda path, members: write_pdf(path, [scanned(jpeg_page(number)) for number in range(len(members))]),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
def test_damage_anywhere_gives_a_book_or_a_sentence(tmp_path: Path, write: Writer) -> None:
    whole = write(tmp_path / "whole", {"1.png": png_header(8, 8), "2.txt": b"text", "ComicInfo.xml": b"<ComicInfo/>"})
    data = whole.read_bytes()

    @given(st.integers(0, len(data) - 1), st.binary(min_size=1, max_size=6), st.integers(1, len(data)))
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def damaged_opens_or_says_why(place: int, damage: bytes, kept_bytes: int) -> None:
        path = file_of(tmp_path / "damaged", (data[:place] + damage + data[place + len(damage) :])[:kept_bytes])
        try:
            book = open_book(path)
        except BookError:
            return
        for index in range(len(book.page_names)):
            with contextlib.suppress(PageError):  # nothing else may come out
                book.load_page(index, 16)
        book.close()

    damaged_opens_or_says_why()

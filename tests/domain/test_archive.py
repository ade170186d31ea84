"""Opening of books: by content, in natural order, without junk, page by page, from several threads."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comicreader.domain.archive import open_book
from comicreader.domain.book import Book, BookInfo, Direction
from comicreader.domain.errors import PageError
from tests.fixtures.comic_files import (
    drawn_page,
    encoded,
    jpeg_page,
    numbered_pages,
    page_color,
    png_page,
    write_cb7,
    write_cbt,
    write_cbz,
    write_encrypted_cbz,
    write_rar4,
    write_rar5,
)

Writer = Callable[[Path, Mapping[str, bytes]], Path]


def write_folder(path: Path, members: Mapping[str, bytes]) -> Path:
    for name, data in members.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return path


WRITERS: dict[str, Writer] = {
    "zip": write_cbz,
    "stored zip": lambda path, members: write_cbz(path, members, zipfile.ZIP_STORED),
    "tar": write_cbt,
    "tar.gz": lambda path, members: write_cbt(path, members, "gz"),
    "tar.bz2": lambda path, members: write_cbt(path, members, "bz2"),
    "tar.xz": lambda path, members: write_cbt(path, members, "xz"),
    "7z": write_cb7,
    "rar 4": write_rar4,
    "rar 5": write_rar5,
    "folder": write_folder,
}
each_container = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())


def shown_color(book: Book, index: int) -> tuple[int, ...]:
    pixels = book.load_page(index).pixels
    return tuple(int(channel) for channel in pixels[pixels.shape[0] // 2, pixels.shape[1] // 2])


@each_container
def test_a_container_is_known_by_its_content_and_gives_its_pages_in_natural_order(
    tmp_path: Path, write: Writer
) -> None:
    shuffled = dict(sorted(numbered_pages(11).items()))  # 1, 10, 11, 2, ...
    book = open_book(write(tmp_path / "comic.jpg", shuffled))
    assert book.page_names == tuple(f"page {number}.png" for number in range(1, 12))
    assert book.warnings == ()
    assert [shown_color(book, index) for index in (10, 0, 1, 5)] == [page_color(number) for number in (11, 1, 2, 6)]
    book.close()


@each_container
def test_a_page_is_named_by_its_bytes_and_its_name_alone(tmp_path: Path, write: Writer) -> None:
    data = png_page(1)
    book = open_book(write(tmp_path / "comic", {"ch 1/a.png": data, "ch 1/b.png": png_page(2)}))
    page = book.load_page(0, max_side_px=40)
    assert page.page_id == f"{hashlib.sha256(data).hexdigest()}/ch 1/a.png"
    assert page.name == "ch 1/a.png"
    assert page.pixels.shape == (40, 30, 3)
    assert (page.width, page.height) == (120, 160)
    book.close()


@each_container
def test_junk_and_other_files_are_no_pages(tmp_path: Path, write: Writer) -> None:
    members = {
        "__MACOSX/ch/._1.png": b"resource fork",
        "ch/._1.png": b"resource fork",
        "ch/.hidden.png": png_page(1),
        ".git/1.png": png_page(1),
        "@eaDir/1.png/thumb.png": png_page(1),
        "ch/.DS_Store": b"x",
        "ch/Thumbs.db": png_page(1),
        "ch/credits.txt": b"drawn by a program",
        "ch/1.png": png_page(1),
    }
    book = open_book(write(tmp_path / "comic", members))
    assert book.page_names == ("ch/1.png",)
    book.close()


@each_container
def test_a_picture_without_a_suffix_is_a_page(tmp_path: Path, write: Writer) -> None:
    book = open_book(
        write(tmp_path / "comic", {"1": jpeg_page(1), "2.dat": png_page(2), "3.png": png_page(3), "4": b"no"})
    )
    assert book.page_names == ("1", "2.dat", "3.png")
    assert shown_color(book, 1) == page_color(2)
    book.close()


@each_container
def test_comic_info_gives_title_and_direction(tmp_path: Path, write: Writer) -> None:
    info = b"<ComicInfo><Series>Kappa</Series><Number>3</Number><Manga>YesAndRightToLeft</Manga></ComicInfo>"
    book = open_book(write(tmp_path / "some file.cbz", {"sub/ComicInfo.xml": info, "sub/1.png": png_page(1)}))
    assert book.info == BookInfo("", "Kappa", "3", Direction.RIGHT_TO_LEFT)
    assert book.display_title == "Kappa 3"
    book.close()


@each_container
def test_one_broken_page_leaves_the_others(tmp_path: Path, write: Writer) -> None:
    book = open_book(
        write(tmp_path / "comic", {"1.png": png_page(1), "2.png": b"", "3.png": b"text", "4.png": png_page(4)})
    )
    assert len(book.page_names) == 4
    with pytest.raises(PageError, match=r"2\.png is empty"):
        book.load_page(1)
    with pytest.raises(PageError, match=r"3\.png is no picture"):
        book.load_page(2)
    assert shown_color(book, 3) == page_color(4)
    book.close()


@each_container
def test_pages_load_from_several_threads_at_once(tmp_path: Path, write: Writer) -> None:
    book = open_book(write(tmp_path / "comic", numbered_pages(6)))
    with ThreadPoolExecutor(4) as threads:
        colors = list(threads.map(lambda index: shown_color(book, index), [0, 5, 2, 1, 4, 3] * 3))
    assert colors == [page_color(index + 1) for index in [0, 5, 2, 1, 4, 3] * 3]
    book.close()


@each_container
def test_a_closed_book_says_so(tmp_path: Path, write: Writer) -> None:
    book = open_book(write(tmp_path / "comic", numbered_pages(1)))
    book.close()
    with pytest.raises(PageError, match="its book is closed"):
        book.load_page(0)


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"])
def test_a_single_picture_is_a_book_of_one_page(tmp_path: Path, picture_format: str) -> None:
    file = tmp_path / "cover.cbz"
    file.write_bytes(encoded(drawn_page(1), picture_format))
    book = open_book(file)
    assert book.page_names == ("cover.cbz",)
    assert book.display_title == "cover"
    assert book.load_page(0).width == 120
    book.close()


def test_without_comic_info_the_title_is_the_files_name(tmp_path: Path) -> None:
    assert open_book(write_folder(tmp_path / "vol.1", numbered_pages(1))).display_title == "vol.1"
    book = open_book(write_cbz(tmp_path / "vol.1.cbz", numbered_pages(1)))
    assert book.display_title == "vol.1"
    book.close()


def test_two_members_of_one_name_have_different_ids(tmp_path: Path) -> None:
    path = tmp_path / "twice.cbt"
    with tarfile.open(path, "w") as archive:
        for _ in range(2):
            info = tarfile.TarInfo("1.png")
            info.size = len(png_page(1))
            archive.addfile(info, io.BytesIO(png_page(1)))
    book = open_book(path)
    first, second = (book.load_page(index).page_id for index in (0, 1))
    assert second == f"{first}#2"
    book.close()


@pytest.mark.parametrize(
    ("raw_name", "shown"),
    [
        ("第1話/表紙.png".encode("cp932"), "第1話/表紙.png"),
        ("第1話/表紙.png".encode(), "第1話/表紙.png"),
        ("Böse.png".encode("cp437"), "Böse.png"),  # its "ös" reads as 敗 in Shift-JIS, which is no word
        (b"ch1\\page.png", "ch1/page.png"),
    ],
    ids=["Shift-JIS", "UTF-8 without the flag", "code page 437", "backslash"],
)
def test_names_in_zips_are_read_as_they_were_meant(tmp_path: Path, raw_name: bytes, shown: str) -> None:
    stand_in = "x" * len(raw_name)  # zipfile writes ASCII names without the flag for UTF-8
    data = write_cbz(tmp_path / "a.zip", {stand_in: png_page(1)}).read_bytes()
    path = tmp_path / "b.zip"
    path.write_bytes(data.replace(stand_in.encode(), raw_name))
    book = open_book(path)
    assert book.page_names == (shown,)
    assert shown_color(book, 0) == page_color(1)
    book.close()


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes(png_page(5))
    folder = write_folder(tmp_path / "comic", numbered_pages(1))
    (folder / "link.png").symlink_to(outside)
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    assert open_book(folder).page_names == ("page 1.png",)

    with tarfile.open(tmp_path / "comic.tar", "w") as archive:
        archive.add(folder / "page 1.png", "1.png")
        archive.add(folder / "link.png", "link.png")
    book = open_book(tmp_path / "comic.tar")
    assert book.page_names == ("1.png",)
    book.close()


def test_names_that_point_outside_are_only_names(tmp_path: Path) -> None:
    for write in (write_cbz, write_cbt):
        book = open_book(write(tmp_path / "evil", {"../../1.png": png_page(1), "/etc/2.png": png_page(2)}))
        assert sorted(book.page_names) == ["../../1.png", "/etc/2.png"]
        assert {shown_color(book, 0), shown_color(book, 1)} == {page_color(1), page_color(2)}
        book.close()


def test_a_name_on_disk_that_is_no_unicode_can_be_shown_and_stored(tmp_path: Path) -> None:
    folder = tmp_path / "comic"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xe9.png")).write_bytes(png_page(1))
    book = open_book(folder)
    assert book.page_names == ("\N{REPLACEMENT CHARACTER}.png",)
    book.load_page(0).page_id.encode()


@pytest.mark.parametrize("write", [write_encrypted_cbz, write_cb7], ids=["zip", "7z"])
def test_a_password_opens_an_encrypted_archive(
    tmp_path: Path, write: Callable[[Path, Mapping[str, bytes], str | bytes], Path]
) -> None:
    password: str | bytes = "pépin" if write is write_cb7 else "pépin".encode()
    book = open_book(write(tmp_path / "locked", numbered_pages(3), password), "pépin")
    assert [shown_color(book, index) for index in (2, 0, 1)] == [page_color(number) for number in (3, 1, 2)]
    book.close()


def test_a_large_solid_7z_is_unpacked_in_runs_that_give_every_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comicreader.domain.seven_zip_container.SHORTEST_RUN_BYTES", 1000)  # two or three pages
    book = open_book(write_cb7(tmp_path / "long.cb7", numbered_pages(12)))
    assert [shown_color(book, index) for index in range(12)] == [page_color(index + 1) for index in range(12)]
    assert shown_color(book, 0) == page_color(1)
    book.close()


@pytest.mark.shared
def test_every_shared_comic_opens_and_every_page_is_shown(shared_comics: Path) -> None:
    comics = sorted(shared_comics.iterdir())
    assert comics
    for comic in comics:
        book = open_book(comic)
        pages = [book.load_page(index, max_side_px=200) for index in range(len(book.page_names))]
        assert len({page.page_id for page in pages}) == len(pages)
        assert all(max(page.pixels.shape) == 200 for page in pages)
        assert book.warnings == ()
        book.close()

"""Passwords: asked for when they are missing, refused when they are wrong, used when they are right."""

from __future__ import annotations

from pathlib import Path

import py7zr
import pypdf
import pytest

from comicreader.domain.archive import open_book
from comicreader.domain.errors import PageError, PasswordRequiredError
from tests.fixtures.comic_files import numbered_pages, png_page, write_cb7, write_encrypted_cbz, write_rar4


def encrypted_pdf(path: Path) -> Path:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret")
    writer.write(path)
    return path


@pytest.mark.parametrize("suffix", ["cbz", "cb7", "cbr", "pdf"])
def test_an_encrypted_book_asks_for_its_password(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "cbz":
        write_encrypted_cbz(path, numbered_pages(2), b"secret")
    elif suffix == "cb7":
        write_cb7(path, numbered_pages(2), "secret")
    elif suffix == "cbr":
        write_rar4(path, numbered_pages(2), flags=0x4)
    else:
        encrypted_pdf(path)
    with pytest.raises(PasswordRequiredError) as error:
        open_book(path)
    assert error.value.sentence == f"a.{suffix} is protected by a password."
    if suffix != "cbr":  # its pages are not really encrypted
        open_book(path, "secret").close()
        with pytest.raises(PasswordRequiredError) as error:
            open_book(path, "wrong")
        assert error.value.sentence == f"The password does not open a.{suffix}."


def test_a_7z_that_hides_its_listing_asks_for_its_password(tmp_path: Path) -> None:
    path = tmp_path / "a.cb7"
    with py7zr.SevenZipFile(path, "w", password="secret", header_encryption=True) as archive:
        archive.writestr(png_page(1), "1.png")
    with pytest.raises(PasswordRequiredError, match=r"a\.cb7 is protected by a password\."):
        open_book(path)
    with pytest.raises(PasswordRequiredError, match=r"The password does not open a\.cb7\."):
        open_book(path, "wrong")
    open_book(path, "secret").close()


def test_a_zip_encrypted_with_aes_says_what_to_do(tmp_path: Path) -> None:
    path = write_encrypted_cbz(tmp_path / "a.cbz", numbered_pages(1), b"secret")
    stored, aes = b"\x14\x00\x01\x00\x00\x00", b"\x14\x00\x01\x00\x63\x00"
    path.write_bytes(path.read_bytes().replace(stored, aes))
    book = open_book(path, "secret")
    with pytest.raises(PageError, match=r"encrypted with AES, .* unpack the archive with another program"):
        book.load_page(0)
    book.close()

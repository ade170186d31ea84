"""Opening of books: any file or folder becomes a `Book`, by what it contains.

    path -> `file_kinds` (first bytes) -> a `Container` (zip, tar, 7z, rar, folder, one picture)
         -> `page_members` (which members are pages) -> `PictureBook` -> `page_image` (pixels)
    path -> `PdfBook`, which renders

Names and suffixes never decide how a file is read: a .cbz that is a RAR opens like any RAR.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

from comicreader.domain.book import Book
from comicreader.domain.container import Container
from comicreader.domain.errors import BookError
from comicreader.domain.file_kinds import BOOK_HEAD_BYTES, BookFormat, book_format
from comicreader.domain.folder_container import FolderContainer, SinglePicture
from comicreader.domain.picture_book import PictureBook
from comicreader.domain.rar_container import RarContainer
from comicreader.domain.tar_container import TarContainer, unpacked_head_is_tar
from comicreader.domain.zip_container import open_zip


def open_book(path: Path, password: str | None = None) -> Book:
    """Open a comic: an archive (ZIP, TAR, 7z, RAR), a PDF, a folder of pictures or a single picture.

    Args:
        path: the file or folder.
        password: for encrypted archives and PDFs; not used by others.

    Raises:
        PasswordRequiredError: it is encrypted and the password is missing or wrong.
        BookError: it is missing, unreadable, damaged beyond use, of no known kind, or without pages.
    """
    try:
        if path.is_dir():
            return _picture_book(path, FolderContainer(path), None)
        if not path.is_file():
            raise BookError(f"There is no file or folder {path}.")
        kind = _kind(path)
        if kind is BookFormat.PDF:
            from comicreader.domain.pdf import PdfBook  # loads PDFium: 0.1 s that no other start should wait for

            return PdfBook(path, password)
        return _picture_book(path, _container(path, kind, password), password)
    except OSError as error:
        raise BookError(f"{path.name} cannot be read ({error.strerror or error}).") from error


def _kind(path: Path) -> BookFormat:
    with path.open("rb") as file:
        head = file.read(BOOK_HEAD_BYTES)
    if not head:
        raise BookError(f"{path.name} is empty (0 bytes).")
    kind = book_format(head)
    is_packed = kind in {BookFormat.GZIP, BookFormat.BZIP2, BookFormat.XZ}
    if kind is None or (is_packed and not unpacked_head_is_tar(path, kind)):
        raise BookError(
            f"{path.name} is no comic that can be opened: "
            "it is neither a ZIP, TAR, 7z or RAR archive nor a PDF nor a picture."
        )
    return kind


def _container(path: Path, kind: BookFormat, password: str | None) -> Container:
    if kind is BookFormat.ZIP:
        return open_zip(path, password)
    if kind is BookFormat.SEVEN_ZIP:
        from comicreader.domain.seven_zip_container import SevenZipContainer  # 0.1 s too, for all its decoders

        return SevenZipContainer(path, password)
    if kind is BookFormat.RAR:
        return RarContainer(path, password)
    if kind is BookFormat.PICTURE:
        return SinglePicture(path)
    return TarContainer(path, kind)


def _picture_book(path: Path, container: Container, password: str | None) -> PictureBook:
    with ExitStack() as on_failure:
        on_failure.enter_context(closing(container))
        book = PictureBook(path, container, password)
        on_failure.pop_all()
    return book

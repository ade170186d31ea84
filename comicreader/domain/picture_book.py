"""A book whose pages are pictures in a container: an archive, a folder or a single file."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from comicreader.domain.book import BookInfo, PageImage
from comicreader.domain.comicinfo import (
    COMIC_INFO_NAME,
    MAX_COMIC_INFO_BYTES,
    parse_comic_info,
    title_for_display,
)
from comicreader.domain.container import Container, Member, WrongPasswordError, printable
from comicreader.domain.errors import BookError, PageError, PasswordRequiredError
from comicreader.domain.page_image import decode_picture
from comicreader.domain.page_members import CHEAP_REACH_BYTES, find_pages

_PASSWORD_TRIALS = 3  # a page may be damaged; three that all refuse the password are no accident


class PictureBook:
    """A `Book` over a container, which it owns and closes.

    A page's id is the SHA-256 of its member's bytes, "/" and the member's name. Two members of one name (an
    archive may hold them) are told apart by "#2", "#3", ... at the end, in the order in which they are stored.

    Raises:
        BookError: the container holds no picture.
        PasswordRequiredError: its pages are encrypted and the password is missing or wrong.
    """

    def __init__(self, path: Path, container: Container, password: str | None) -> None:
        self._container = container
        self._pages = find_pages(container)
        self._is_closed = False
        self.warnings = container.warnings
        _check_password(path.name, container, self._pages, password)
        if not self._pages:
            raise _no_pages(path.name, container)
        self.info = _read_info(container)
        file_title = printable(path.name if path.is_dir() else path.stem)
        self.display_title = title_for_display(self.info, file_title)
        self.page_names = tuple(page.name for page in self._pages)
        self._id_endings = _id_endings(self.page_names)

    def load_page(self, index: int, max_side_px: int | None = None) -> PageImage:
        """Read and decode one page; see `Book.load_page`."""
        page = self._pages[index]
        if self._is_closed:
            raise PageError(f"{page.name} cannot be shown, because its book is closed.")
        data = self._container.read(page)
        picture = decode_picture(data, page.name, max_side_px)
        page_id = f"{hashlib.sha256(data).hexdigest()}/{self._id_endings[index]}"
        return PageImage(page_id, page.name, picture.width, picture.height, picture.pixels)

    def close(self) -> None:
        """Release the container; see `Book.close`."""
        self._is_closed = True
        self._container.close()


def _check_password(book_name: str, container: Container, pages: tuple[Member, ...], password: str | None) -> None:
    """Find out while opening, not page by page, that a password is missing or wrong."""
    encrypted = [member for member in pages or container.members if member.is_encrypted]
    if not encrypted:
        return
    if password is None:
        raise PasswordRequiredError(f"{book_name} is protected by a password.")
    trials = sorted(encrypted, key=lambda member: (member.reach_bytes, member.size_bytes))[:_PASSWORD_TRIALS]
    if all(_refuses(container, member) for member in trials):
        raise PasswordRequiredError(f"The password does not open {book_name}.")


def _refuses(container: Container, member: Member) -> bool:
    try:
        container.read(member)
    except WrongPasswordError:
        return True
    except PageError:
        return False  # something else is wrong with it, which the page will say
    return False


def _no_pages(book_name: str, container: Container) -> BookError:
    if container.warnings:
        return BookError(f"{book_name} is damaged, and no page of it can be read.")
    if not container.members:
        return BookError(f"{book_name} is empty: there are no files in it.")
    return BookError(f"{book_name} contains no pictures, so there is nothing to read in it.")


def _read_info(container: Container) -> BookInfo:
    """The outermost ComicInfo.xml; nothing where there is none or it would take long to reach."""
    files = [
        member
        for member in container.members
        if member.name.rpartition("/")[2].casefold() == COMIC_INFO_NAME
        and member.size_bytes <= MAX_COMIC_INFO_BYTES
        and member.reach_bytes <= CHEAP_REACH_BYTES
    ]
    for file in sorted(files, key=lambda member: member.name.count("/")):
        try:
            return parse_comic_info(container.read(file))
        except PageError:
            continue
    return BookInfo()


def _id_endings(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each that stands there already with its number."""
    seen: Counter[str] = Counter()
    endings: list[str] = []
    for name in names:
        seen[name] += 1
        endings.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(endings)

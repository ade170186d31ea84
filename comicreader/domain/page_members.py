"""Which members of a container are pages, and in which order.

A member whose suffix is a picture's is a page: its bytes are looked at when it is shown, and one that is no
picture after all becomes a page that says so. A member with any other suffix, or none, is a page if its first
bytes are a picture's. Looking costs little where members stand alone; in a solid archive everything before a
member must be unpacked first, so there only members near the beginning are looked at, unless the archive would
otherwise have no page at all.
"""

from __future__ import annotations

from comicreader.domain.container import Container, Member
from comicreader.domain.errors import PageError
from comicreader.domain.file_kinds import picture_format
from comicreader.domain.natural_order import natural_key

CHEAP_REACH_BYTES = 32 << 20
"""What may be unpacked to look at one member while a book opens: under two seconds for the slowest, LZMA."""

_MAX_LOOKED_AT = 1000  # a book has few members of unknown kind; thousands would only delay opening

# Some of these cannot be decoded (JPEG XL, HEIC): an error page says more than a page left out.
_PICTURE_SUFFIXES = frozenset(
    {"jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "avif", "tif", "tiff", "bmp", "jxl", "jp2", "heic", "heif"}
)
_JUNK_FOLDERS = frozenset({"__macosx", "@eadir"})
_JUNK_FILES = frozenset({"thumbs.db", "desktop.ini"})


def is_junk(name: str) -> bool:
    """Whether a member is what file systems leave behind: resource forks, thumbnails, hidden files and folders."""
    parts = [part.casefold() for part in name.split("/") if part not in {"", ".", ".."}]
    if not parts:
        return True
    return any(part.startswith(".") or part in _JUNK_FOLDERS for part in parts) or parts[-1] in _JUNK_FILES


def find_pages(container: Container) -> tuple[Member, ...]:
    """The container's pages in natural order; none where it holds no picture."""
    candidates = [member for member in container.members if not is_junk(member.name)]
    pages = [member for member in candidates if _has_picture_suffix(member)]
    others = [member for member in candidates if not _has_picture_suffix(member) and not member.is_encrypted]
    near = [member for member in others if member.reach_bytes <= CHEAP_REACH_BYTES]
    pages += _pictures(container, near) or ([] if pages else _pictures(container, others))
    return tuple(sorted(pages, key=lambda member: (natural_key(member.name), member.name, member.key)))


def _has_picture_suffix(member: Member) -> bool:
    stem, dot, suffix = member.name.rpartition(".")
    return bool(stem and dot) and suffix.casefold() in _PICTURE_SUFFIXES


def _pictures(container: Container, members: list[Member]) -> list[Member]:
    """The members whose first bytes are a picture's."""
    pictures: list[Member] = []
    for member in members[:_MAX_LOOKED_AT]:
        try:
            head = container.read_head(member)
        except PageError:
            continue  # it cannot be told to be a picture, and nobody said that it is one
        if picture_format(head) is not None:
            pictures.append(member)
    return pictures

"""Where pages come from: one interface for archives of every kind, folders and single files.

A container lists its members without unpacking them and hands out one member's bytes at a time. Everything
stays in memory: no member is ever written to disk, no name of a member is ever used as a path, no link is
followed. Sizes that a file declares are not believed; reading counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from comicreader.domain.errors import BookError, PageError

MAX_MEMBER_BYTES = 256 << 20
"""The largest member that is read: far above any page (a 600 dpi TIFF of a spread has 200 MB)."""

MAX_MEMBERS = 50_000
"""More than any book has; a listing beyond it is an attack or a mistake."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a container.

    Attributes:
        name: its path in the container, parts separated by "/".
        size_bytes: its unpacked size as declared.
        key: its place in the container's own table.
        reach_bytes: how much must be unpacked to have it: its own size where members stand alone, the sum of
            all before it in a solid archive.
        is_encrypted: whether a password is needed to read it.
    """

    name: str
    size_bytes: int
    key: int
    reach_bytes: int
    is_encrypted: bool = False


class WrongPasswordError(PageError):
    """A member does not unpack with the password given (or with none)."""


class Container(Protocol):
    """A set of members. Safe to call from several threads.

    Attributes:
        members: its files, in the order in which it stores them.
        warnings: sentences about parts that could not be listed.
    """

    members: tuple[Member, ...]
    warnings: tuple[str, ...]

    def read(self, member: Member) -> bytes:
        """All bytes of a member.

        Raises:
            WrongPasswordError: it is encrypted and the password is missing or wrong.
            PageError: it is damaged, cut off, too large or packed in a way that is not known.
        """

    def read_head(self, member: Member) -> bytes:
        """The first bytes of a member, at least enough to recognise a picture; fewer where it has no more.

        Raises:
            PageError: as for `read`.
        """

    def close(self) -> None:
        """Release files."""


class ByteStream(Protocol):
    """The part of a binary file object that reading needs."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""


def read_capped(stream: ByteStream, name: str) -> bytes:
    """Read a member to its end, in chunks, so that a bomb costs no more than `MAX_MEMBER_BYTES`.

    Raises:
        PageError: it is larger than that.
    """
    chunks: list[bytes] = []
    total = 0
    while chunk := stream.read(_CHUNK_BYTES):
        total += len(chunk)
        if total > MAX_MEMBER_BYTES:
            raise too_large(name)
        chunks.append(chunk)
    return b"".join(chunks)


def too_large(name: str) -> PageError:
    """The error for a member beyond `MAX_MEMBER_BYTES`."""
    return PageError(f"{name} unpacks to more than {MAX_MEMBER_BYTES >> 20} MB, which is no page of a comic.")


def check_member_count(count: int, book_name: str) -> None:
    """Refuse listings that no book has.

    Raises:
        BookError: there are more than `MAX_MEMBERS`.
    """
    if count > MAX_MEMBERS:
        raise BookError(f"{book_name} lists more than {MAX_MEMBERS:,} files, which is no comic.")


def printable(name: str) -> str:
    """A name from a file system, fit to be shown and stored: bytes that are no UTF-8 become "�"."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def reason(error: BaseException) -> str:
    """What a library said, on one short line, for the brackets in a sentence."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else text[:119] + "…"

"""TAR archives (CBT), plain or compressed as a whole.

A TAR has no table of contents: listing it walks from header to header. In a plain file that skips the pages; a
compressed one has to be unpacked once from end to end, in passing and without being kept, and again up to a
page that is asked for out of order.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import threading
import zlib
from pathlib import Path
from typing import BinaryIO

from comicreader.domain.container import (
    MAX_MEMBER_BYTES,
    Member,
    check_member_count,
    read_capped,
    reason,
    too_large,
)
from comicreader.domain.errors import BookError, PageError
from comicreader.domain.file_kinds import PICTURE_HEAD_BYTES, BookFormat, is_tar

MAX_UNPACKED_BYTES = 8 << 30
"""How far a compressed archive is unpacked: beyond any book, and a bound on the time a bomb can take."""

# What tarfile and the decompressors let out for damaged files.
_TAR_ERRORS = (tarfile.TarError, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


class TarContainer:
    """An archive's regular files; links, devices and the like are left out."""

    def __init__(self, path: Path, book_format: BookFormat) -> None:
        self._lock = threading.Lock()  # all members share one file position
        self._stream = _BoundedStream(_open_stream(path, book_format))
        self._infos: list[tarfile.TarInfo] = []
        try:
            is_whole = self._list(path.name)
        except BookError:
            self._stream.close()
            raise
        stands_alone = book_format is BookFormat.TAR
        self.members = tuple(
            Member(info.name, info.size, key, info.size if stands_alone else info.offset_data + info.size)
            for key, info in enumerate(self._infos)
        )
        damage = f"{path.name} is damaged or incomplete; the pages before the damage are shown."
        self.warnings: tuple[str, ...] = () if is_whole else (damage,)

    def read(self, member: Member) -> bytes:
        """All bytes of a member; see `Container.read`."""
        if member.size_bytes > MAX_MEMBER_BYTES:
            raise too_large(member.name)
        return self._read(member, None)

    def read_head(self, member: Member) -> bytes:
        """The first bytes of a member; see `Container.read_head`."""
        return self._read(member, PICTURE_HEAD_BYTES)

    def close(self) -> None:
        """Close the archive."""
        with self._lock:
            self._stream.close()

    def _list(self, book_name: str) -> bool:
        """Find the members; whether the archive's end was reached."""
        try:
            # Names in other encodings must not carry surrogates, which no database or terminal takes.
            self._archive = tarfile.TarFile(fileobj=self._stream, encoding="utf-8", errors="replace")
            for count, info in enumerate(self._archive, start=1):
                check_member_count(count, book_name)
                if info.isreg():
                    self._infos.append(info)
            return self._stream.ends_in_zeros()
        except _TAR_ERRORS:
            return False

    def _read(self, member: Member, size: int | None) -> bytes:
        try:
            with self._lock:
                stream = self._archive.extractfile(self._infos[member.key])
                if stream is None:
                    raise PageError(f"{member.name} is no file.")
                return read_capped(stream, member.name) if size is None else stream.read(size)
        except _TAR_ERRORS as error:
            raise PageError(f"{member.name} is damaged or incomplete in the archive ({reason(error)}).") from error


def unpacked_head_is_tar(path: Path, book_format: BookFormat) -> bool:
    """Whether a TAR is what a compressed file holds."""
    try:
        with _open_stream(path, book_format) as stream:
            return is_tar(stream.read(tarfile.BLOCKSIZE))
    except _TAR_ERRORS:
        return False


def _open_stream(path: Path, book_format: BookFormat) -> BinaryIO | io.BufferedIOBase:
    if book_format is BookFormat.GZIP:
        return gzip.GzipFile(path)
    if book_format is BookFormat.BZIP2:
        return bz2.BZ2File(path)
    if book_format is BookFormat.XZ:
        return lzma.LZMAFile(path)
    return path.open("rb")


class _BoundedStream(io.RawIOBase):
    """A stream that believes no size a header declares.

    tarfile asks for a whole extended header at once and seeks wherever a size points; both are refused here
    beyond what a book can need, before memory or time is spent.
    """

    def __init__(self, stream: BinaryIO | io.BufferedIOBase) -> None:
        super().__init__()
        self._stream = stream
        self._last_block = b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_MEMBER_BYTES:
            raise OSError(f"a header asks for {size:,} bytes at once")
        self._last_block = self._stream.read(size)
        return self._last_block

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        if position > MAX_UNPACKED_BYTES:
            raise OSError(f"a header points {position:,} bytes into the archive")
        return self._stream.seek(position, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        self._stream.close()
        super().close()

    def ends_in_zeros(self) -> bool:
        """Whether the last block read marks the archive's end; anything else there is damage that tarfile hides."""
        return len(self._last_block) == tarfile.BLOCKSIZE and not any(self._last_block)

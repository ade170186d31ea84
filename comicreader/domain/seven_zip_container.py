"""7z archives (CB7), read through py7zr into memory.

Most of these archives are solid: their members form one compressed stream, and a member cannot be had without
unpacking all before it. So members are unpacked in runs of neighbours, of which the last is kept: a reader who
goes on to the next page finds it there already. A run is as long as what must be unpacked to reach it: the
first page comes soon, and a whole book costs no more than a few times its length.
"""

from __future__ import annotations

import io
import lzma
import struct
import threading
import zlib
from pathlib import Path, PurePosixPath

import py7zr
import py7zr.exceptions

from comicreader.domain.container import (
    MAX_MEMBER_BYTES,
    Member,
    WrongPasswordError,
    check_member_count,
    reason,
    too_large,
)
from comicreader.domain.errors import BookError, PageError, PasswordRequiredError
from comicreader.domain.file_kinds import PICTURE_HEAD_BYTES

SHORTEST_RUN_BYTES = 4 << 20
"""Unpacked size of the first run: a few pages, 0.2 s of LZMA at the 20 MB/s measured for JPEGs."""

LONGEST_RUN_BYTES = 64 << 20
"""How much of a book is kept unpacked at most."""

MAX_UNPACKED_BYTES = 2 << 30
"""How much is unpacked to reach a member: beyond any book, and a bound on the time a bomb can take."""

_START_HEADER = struct.Struct("<6s2BLQQL")  # signature, version, crc, offset and size of the listing, its crc

# What py7zr and its decoders let out for damaged archives and wrong passwords.
_SEVEN_ZIP_ERRORS = (
    py7zr.exceptions.ArchiveError,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RuntimeError,
    MemoryError,
)


class SevenZipContainer:
    """An archive's files; names that point out of the archive are left out, because py7zr refuses them."""

    def __init__(self, path: Path, password: str | None) -> None:
        self._lock = threading.Lock()  # all members share one decoder
        self._file = path.open("rb")
        try:
            self._archive = _open_archive(path, self._file, password)
            self.members, self.warnings = self._list(path.name)
        except (BookError, *_SEVEN_ZIP_ERRORS) as error:
            self._file.close()
            if isinstance(error, BookError):
                raise
            raise BookError(f"{path.name} is damaged and cannot be opened ({reason(error)}).") from error
        self._runs = _runs(self.members)
        self._unpacked: dict[int, bytes] = {}  # the run read last, by the members' keys

    def read(self, member: Member) -> bytes:
        """All bytes of a member, their checksum verified; see `Container.read`."""
        if not member.size_bytes:
            return b""
        if member.size_bytes > MAX_MEMBER_BYTES:
            raise too_large(member.name)
        with self._lock:
            error = None if member.key in self._unpacked else self._unpack(self._runs[member.key])
            if member.key in self._unpacked:
                return self._unpacked[member.key]
        if isinstance(error, py7zr.exceptions.UnsupportedCompressionMethodError):
            raise PageError(f"{member.name} is packed in a way that is not supported ({reason(error)}).") from error
        if member.is_encrypted:
            raise WrongPasswordError(f"{member.name} does not unpack with this password.") from error
        detail = f" ({reason(error)})" if error else ""
        raise PageError(f"{member.name} is damaged in the archive{detail}.") from error

    def read_head(self, member: Member) -> bytes:
        """The first bytes of a member; see `Container.read_head`."""
        return self.read(member)[:PICTURE_HEAD_BYTES]

    def close(self) -> None:
        """Close the archive."""
        with self._lock:
            self._unpacked = {}
            self._archive.close()
            self._file.close()

    def _list(self, book_name: str) -> tuple[tuple[Member, ...], tuple[str, ...]]:
        entries = [entry for entry in self._archive.list() if not (entry.is_directory or entry.is_symlink)]
        check_member_count(len(entries), book_name)
        is_encrypted = bool(self._archive.needs_password())
        members: dict[str, Member] = {}  # the first of a name; py7zr tells members apart by name only
        reach = refused = 0
        for key, entry in enumerate(entries):
            reach += entry.uncompressed
            if _is_refused(entry.filename):
                refused += 1
            else:
                member = Member(entry.filename, entry.uncompressed, key, reach, is_encrypted)
                members.setdefault(entry.filename, member)
        warning = f"{book_name} holds {refused} files with unsafe names, which are left out."
        return tuple(members.values()), (warning,) if refused else ()

    def _unpack(self, run: tuple[Member, ...]) -> Exception | None:
        """Unpack a run in place of the last one; what went wrong, where something did (the rest is kept)."""
        sinks = _Sinks()
        error: Exception | None = None
        self._unpacked = {}
        try:
            self._archive.reset()
            self._archive.extract(targets=[member.name for member in run], factory=sinks)
        except _SEVEN_ZIP_ERRORS as caught:
            error = caught
        for member in run:
            sink = sinks.by_name.get(_key_name(member.name))
            if sink is not None and sink.is_complete:
                self._unpacked[member.key] = sink.data.getvalue()
        return error


def _open_archive(path: Path, file: io.BufferedReader, password: str | None) -> py7zr.SevenZipFile:
    try:
        # A file object instead of a path keeps py7zr from starting a thread for every block.
        return py7zr.SevenZipFile(file, password=password, max_extract_size=MAX_UNPACKED_BYTES)
    except py7zr.PasswordRequired as error:
        raise PasswordRequiredError(f"{path.name} is protected by a password.") from error
    except _SEVEN_ZIP_ERRORS as error:
        if _is_cut_off(file):
            raise BookError(
                f"{path.name} is incomplete: its table of contents, at the end of the file, is missing, "
                "so no page can be found; download or copy it again."
            ) from error
        if password is not None:
            raise PasswordRequiredError(f"The password does not open {path.name}.") from error
        raise


def _is_cut_off(file: io.BufferedReader) -> bool:
    """Whether the listing should stand beyond the file's end."""
    file_size = file.seek(0, io.SEEK_END)
    file.seek(0)
    start = file.read(_START_HEADER.size)
    if len(start) < _START_HEADER.size:
        return True
    *_, offset, size, _ = _START_HEADER.unpack(start)
    return _START_HEADER.size + int(offset) + int(size) > file_size


def _is_refused(name: str) -> bool:
    path = PurePosixPath(name)
    return ".." in path.parts or path.is_absolute() or name[1:2] == ":"


def _key_name(name: str) -> str:
    """The name as py7zr gives it to the sinks: without "./" and doubled slashes."""
    return str(PurePosixPath(name))


def _runs(members: tuple[Member, ...]) -> dict[int, tuple[Member, ...]]:
    """For each member's key the neighbours that are unpacked with it; oversized and empty ones are in no run."""
    runs: list[list[Member]] = []
    room_bytes = 0
    for member in members:
        if not 0 < member.size_bytes <= MAX_MEMBER_BYTES:
            continue
        if not runs or member.size_bytes > room_bytes:
            runs.append([])
            room_bytes = min(max(SHORTEST_RUN_BYTES, member.reach_bytes - member.size_bytes), LONGEST_RUN_BYTES)
        runs[-1].append(member)
        room_bytes -= member.size_bytes
    return {member.key: tuple(run) for run in runs for member in run}


class _Sink:
    """Takes one member's bytes; py7zr's interface, which also asks for methods that unpacking never calls."""

    def __init__(self) -> None:
        self.data = io.BytesIO()
        self.is_complete = False

    def write(self, data: bytes) -> int:
        return self.data.write(data)

    def read(self, size: int | None = None) -> bytes:
        return self.data.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.data.seek(offset, whence)

    def flush(self) -> None:
        """Nothing to do in memory."""

    def size(self) -> int:
        return self.data.getbuffer().nbytes

    def close(self) -> None:
        """Called after the member's checksum was found right, and only then."""
        self.is_complete = True


class _Sinks:
    """Makes the sinks for one unpacking."""

    def __init__(self) -> None:
        self.by_name: dict[str, _Sink] = {}

    def create(self, filename: str) -> _Sink:
        return self.by_name.setdefault(filename, _Sink())

"""ZIP archives that lost their table of contents, as a download that broke off does.

The table stands at the end, but a short header stands before each member too. The file is scanned for those,
and what they announce is read as far as it is there.
"""

from __future__ import annotations

import struct
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from comicreader.domain.container import MAX_MEMBER_BYTES, Member, check_member_count, reason, too_large
from comicreader.domain.errors import PageError
from comicreader.domain.file_kinds import PICTURE_HEAD_BYTES

_SIGNATURE = b"PK\x03\x04"
_HEADER = struct.Struct("<4s5H3L2H")  # signature, version, flags, method, time, date, crc, sizes, lengths
_SIZES_FOLLOW = 0x8  # the sizes stand behind the data, because the writer could not know them before
_ENCRYPTED = 0x1
_UTF8_NAMES = 0x800
_STORED, _DEFLATED = 0, 8
_HIGHEST_VERSION = 63  # of the specification; more means that the bytes are no header
_ZIP64_SIZE = 0xFFFFFFFF  # the real size stands elsewhere
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Entry:
    """A member as its own header tells it; where that does not say, `packed_bytes` and `crc` are None."""

    name: str
    method: int
    is_encrypted: bool
    data_start: int
    packed_bytes: int | None
    size_bytes: int
    crc: int | None


class RecoveredZip:
    """The members that can still be found in a damaged archive."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._entries = _scan(file)
        check_member_count(len(self._entries), path.name)
        self._file = path.open("rb")
        self._lock = threading.Lock()  # all members share one file position
        self.members = tuple(
            Member(entry.name, entry.size_bytes, key, entry.size_bytes) for key, entry in enumerate(self._entries)
        )
        self.warnings: tuple[str, ...] = (
            f"{path.name} is damaged or incomplete; the pages that can still be found are shown.",
        )

    def read(self, member: Member) -> bytes:
        """All bytes of a member; see `Container.read`."""
        return self._read(member, MAX_MEMBER_BYTES)

    def read_head(self, member: Member) -> bytes:
        """The first bytes of a member; see `Container.read_head`."""
        return self._read(member, PICTURE_HEAD_BYTES)

    def close(self) -> None:
        """Close the archive."""
        with self._lock:
            self._file.close()

    def _read(self, member: Member, limit_bytes: int) -> bytes:
        entry = self._entries[member.key]
        if entry.is_encrypted:
            raise PageError(f"{member.name} is encrypted, and the archive is too damaged to open it.")
        try:
            with self._lock:
                self._file.seek(entry.data_start)
                if entry.method == _STORED:
                    data, is_whole = self._stored(entry, limit_bytes)
                elif entry.method == _DEFLATED:
                    data, is_whole = self._inflated(limit_bytes)
                else:
                    raise PageError(f"{member.name} is packed in a way that a damaged archive does not give back.")
        except (OSError, ValueError, zlib.error) as error:
            raise PageError(f"{member.name} is damaged in the archive ({reason(error)}).") from error
        if limit_bytes < MAX_MEMBER_BYTES:
            return data
        if not is_whole:
            raise too_large(member.name) if len(data) >= limit_bytes else _cut_off(member.name)
        if entry.crc is not None and zlib.crc32(data) != entry.crc:
            raise PageError(f"{member.name} is damaged in the archive (its checksum differs).")
        return data

    def _stored(self, entry: _Entry, limit_bytes: int) -> tuple[bytes, bool]:
        if entry.packed_bytes is None:
            raise PageError(f"{entry.name} has lost its size with the archive's end.")
        data = self._file.read(min(entry.packed_bytes, limit_bytes))
        return data, len(data) == entry.packed_bytes

    def _inflated(self, limit_bytes: int) -> tuple[bytes, bool]:
        """Deflated data knows its own end, so that its packed size is not needed."""
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        parts: list[bytes] = []
        room = limit_bytes
        packed = b""
        while room > 0 and not inflater.eof:
            packed = inflater.unconsumed_tail or self._file.read(_CHUNK_BYTES)
            if not packed:
                break
            parts.append(inflater.decompress(packed, room))
            room -= len(parts[-1])
        return b"".join(parts), inflater.eof


def _cut_off(name: str) -> PageError:
    return PageError(f"{name} is incomplete: the archive ends before the page does.")


def _scan(file: BinaryIO) -> list[_Entry]:
    """All members whose headers are found, in file order."""
    entries: list[_Entry] = []
    position = _find(file, _SIGNATURE, 0)
    while position is not None:
        entry = _entry_at(file, position)
        if entry is None:
            position = _find(file, _SIGNATURE, position + len(_SIGNATURE))
            continue
        if not entry.name.endswith("/"):
            entries.append(entry)
        position = _find(file, _SIGNATURE, entry.data_start + (entry.packed_bytes or 0))
    return entries


def _entry_at(file: BinaryIO, position: int) -> _Entry | None:
    """The member whose header stands there; None where the bytes only look like one or end too early."""
    file.seek(position)
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    _, version, flags, method, _, _, crc, packed, size, name_length, extra_length = _HEADER.unpack(header)
    raw_name = file.read(name_length)
    if version > _HIGHEST_VERSION or not raw_name or len(raw_name) < name_length or b"\0" in raw_name:
        return None
    sizes_known = not flags & _SIZES_FOLLOW and packed != _ZIP64_SIZE
    return _Entry(
        name=raw_name.decode("utf-8" if flags & _UTF8_NAMES else "cp437", "replace").replace("\\", "/"),
        method=method,
        is_encrypted=bool(flags & _ENCRYPTED),
        data_start=position + _HEADER.size + name_length + extra_length,
        packed_bytes=packed if sizes_known else None,
        size_bytes=size if sizes_known else 0,
        crc=crc if sizes_known else None,
    )


def _find(file: BinaryIO, needle: bytes, start: int) -> int | None:
    """Where the needle next stands in the file, read in chunks that overlap by its length."""
    file.seek(start)
    window = b""
    window_start = start
    while chunk := file.read(_CHUNK_BYTES):
        window += chunk
        found = window.find(needle)
        if found >= 0:
            return window_start + found
        kept = window[-(len(needle) - 1) :]
        window_start += len(window) - len(kept)
        window = kept
    return None

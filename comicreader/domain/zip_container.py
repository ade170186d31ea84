"""ZIP archives (CBZ), also those without a table of contents."""

from __future__ import annotations

import lzma
import struct
import threading
import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from comicreader.domain.container import (
    Container,
    Member,
    WrongPasswordError,
    check_member_count,
    read_capped,
    reason,
)
from comicreader.domain.errors import BookError, PageError
from comicreader.domain.file_kinds import PICTURE_HEAD_BYTES
from comicreader.domain.zip_recovery import RecoveredZip

_ENCRYPTED = 0x1
_UTF8_NAMES = 0x800
_AES = 99  # the method number under which AES hides the real one

# What zipfile lets out for damaged members and listings.
_ZIP_ERRORS = (
    BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    RuntimeError,
)


def open_zip(path: Path, password: str | None) -> Container:
    """The archive as it lists itself or, where its table of contents is missing or broken, as found by scanning.

    Raises:
        BookError: it lists more members than any book has.
    """
    try:
        archive = ZipFile(path)
    except _ZIP_ERRORS:
        return RecoveredZip(path)
    try:
        return ZipContainer(path.name, archive, password)
    except BookError:
        archive.close()
        raise


class ZipContainer:
    """An archive with its table of contents. Owns `archive`."""

    warnings: tuple[str, ...] = ()

    def __init__(self, book_name: str, archive: ZipFile, password: str | None) -> None:
        self._archive = archive
        self._password = password.encode() if password else None
        self._lock = threading.Lock()  # all members share one file position
        self._infos = [info for info in archive.infolist() if info.filename and not info.filename.endswith("/")]
        check_member_count(len(self._infos), book_name)
        names = _member_names(self._infos)
        self.members = tuple(
            Member(name, info.file_size, key, info.file_size, bool(info.flag_bits & _ENCRYPTED))
            for key, (name, info) in enumerate(zip(names, self._infos, strict=True))
        )

    def read(self, member: Member) -> bytes:
        """All bytes of a member, their checksum verified; see `Container.read`."""
        return self._read(member, None)

    def read_head(self, member: Member) -> bytes:
        """The first bytes of a member; see `Container.read_head`."""
        return self._read(member, PICTURE_HEAD_BYTES)

    def close(self) -> None:
        """Close the archive."""
        with self._lock:
            self._archive.close()

    def _read(self, member: Member, size: int | None) -> bytes:
        info = self._infos[member.key]
        if info.compress_type == _AES:
            raise PageError(
                f"{member.name} is encrypted with AES, which cannot be unpacked here; "
                "unpack the archive with another program and open the folder."
            )
        try:
            with self._lock, self._archive.open(info, pwd=self._password) as stream:
                return read_capped(stream, member.name) if size is None else stream.read(size)
        except NotImplementedError as error:
            raise PageError(f"{member.name} is packed in a way that is not supported ({reason(error)}).") from error
        except _ZIP_ERRORS as error:
            if member.is_encrypted:  # a wrong password shows as a refusal or, by chance, as damage
                raise WrongPasswordError(f"{member.name} does not unpack with this password.") from error
            raise PageError(f"{member.name} is damaged in the archive ({reason(error)}).") from error


def _member_names(infos: Sequence[ZipInfo]) -> list[str]:
    """The names as they were meant.

    The format knows two encodings: UTF-8, with a flag, and the code page 437. Programs write others without
    saying so; the bytes are had back from `zipfile`'s reading as 437 and guessed for the archive as a whole.
    """
    raw_names = [_raw_name(info) for info in infos]
    encoding = _guess_encoding([raw for raw in raw_names if raw is not None])
    return [
        (info.filename if raw is None else raw.decode(encoding)).replace("\\", "/")
        for info, raw in zip(infos, raw_names, strict=True)
    ]


def _raw_name(info: ZipInfo) -> bytes | None:
    """The name's bytes; None where its encoding is known."""
    if info.flag_bits & _UTF8_NAMES:
        return None
    try:
        return info.filename.encode("cp437")
    except UnicodeEncodeError:  # newer versions of zipfile have read it from a Unicode extra field
        return None


def _guess_encoding(names: Sequence[bytes]) -> str:
    """UTF-8 where it fits; Shift-JIS where it fits and makes Japanese words; else what the format says."""
    if _decodes(names, "utf-8"):
        return "utf-8"
    # A Western name such as "Böse" can decode to a stray ideograph: two in a row are the least word.
    if _decodes(names, "cp932") and any(_has_japanese_word(name.decode("cp932")) for name in names):
        return "cp932"
    return "cp437"


def _decodes(names: Sequence[bytes], encoding: str) -> bool:
    try:
        for name in names:
            name.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _has_japanese_word(text: str) -> bool:
    is_japanese = ["\u3041" <= char <= "\u30ff" or "\u4e00" <= char <= "\u9fff" for char in text]
    return any(one and next_one for one, next_one in pairwise(is_japanese))

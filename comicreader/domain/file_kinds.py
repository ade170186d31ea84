"""What a file is, told from its first bytes; names and suffixes are never asked.

Comics travel under wrong suffixes (a .cbz that is a RAR, a .jpg that is a WebP), so only content counts.
"""

from __future__ import annotations

import tarfile
from enum import Enum

PICTURE_HEAD_BYTES = 32
"""How much of a picture `picture_format` needs: AVIF names its brand within the first 32 bytes."""

BOOK_HEAD_BYTES = 2048
"""How much of a file `book_format` needs: a PDF may begin within its first 1,024 bytes, a TAR block is 512."""

_BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})  # "BM" alone would match too much text
_PDF_HEADER_WITHIN_BYTES = 1024  # PDF 1.7, implementation note 13


class PictureFormat(Enum):
    """Picture formats that are decoded; the value is the name for people."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    GIF = "GIF"
    AVIF = "AVIF"
    TIFF = "TIFF"
    BMP = "BMP"


class BookFormat(Enum):
    """Kinds of file that hold a book."""

    ZIP = "ZIP"
    TAR = "TAR"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    SEVEN_ZIP = "7z"
    RAR = "RAR"
    PDF = "PDF"
    PICTURE = "picture"


_PICTURE_STARTS = (
    (b"\xff\xd8\xff", PictureFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", PictureFormat.PNG),
    (b"GIF87a", PictureFormat.GIF),
    (b"GIF89a", PictureFormat.GIF),
    (b"II*\0", PictureFormat.TIFF),
    (b"MM\0*", PictureFormat.TIFF),
    (b"II+\0", PictureFormat.TIFF),
    (b"MM\0+", PictureFormat.TIFF),
)
_BOOK_STARTS = (
    (b"PK\x03\x04", BookFormat.ZIP),
    (b"PK\x05\x06", BookFormat.ZIP),  # without members
    (b"PK\x07\x08", BookFormat.ZIP),  # once meant to be split into several files
    (b"7z\xbc\xaf\x27\x1c", BookFormat.SEVEN_ZIP),
    (b"Rar!\x1a\x07", BookFormat.RAR),
    (b"\x1f\x8b", BookFormat.GZIP),
    (b"BZh", BookFormat.BZIP2),
    (b"\xfd7zXZ\0", BookFormat.XZ),
)


def picture_format(head: bytes) -> PictureFormat | None:
    """The format of a picture whose first `PICTURE_HEAD_BYTES` are given; None where it is none we decode."""
    for start, kind in _PICTURE_STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return PictureFormat.WEBP
    if head[4:8] == b"ftyp" and (b"avif" in head[8:] or b"avis" in head[8:]):
        return PictureFormat.AVIF
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return PictureFormat.BMP
    return None


def book_format(head: bytes) -> BookFormat | None:
    """The kind of book in a file whose first `BOOK_HEAD_BYTES` are given; None where it is none we open."""
    for start, kind in _BOOK_STARTS:
        if head.startswith(start):
            return kind
    if picture_format(head[:PICTURE_HEAD_BYTES]) is not None:
        return BookFormat.PICTURE
    if is_tar(head):
        return BookFormat.TAR
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN_BYTES]:
        return BookFormat.PDF
    return None


def is_tar(head: bytes) -> bool:
    """Whether a TAR's first header stands at the beginning; its checksum tells, also for the oldest dialect."""
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True

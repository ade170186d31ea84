"""What a data set's pictures are: whether they decode, how large they are, and which show nearly the same.

The shape of a picture is a perceptual hash: the signs of its lowest 16 x 16 cosine coefficients of brightness about
their median (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions", with 256 bits in place
of 64). Two pictures whose shapes differ in at most NEAR_BITS are near-duplicates: copies in another format or size,
slightly cut, lighter or darker, or the same drawing in other colours or with a figure more. Mirrored, turned and
strongly cut copies are not found.

Measured on 2,773 storybook pictures whose three splits share none: between splits no pair is nearer than 76 bits; all
62 pairs of 24 to 66 bits within a split are by eye variants of one drawing; of copies made of 397 of them 64 bits find
at least 99.5 % of those re-encoded, made smaller, grey, a quarter lighter or darker, or cut by 2 % on each side, 96 %
of those cut by 3 %, but 25 % of those cut by 5 %. With the usual 64-bit shapes there is no such gap: the nearest
strangers (6 bits) are nearer than a third of the copies cut by 2 %; difference hashes of 64 to 512 bits do worse still.

Letters: N, M pictures.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.whole_files import write_whole

_log = logging.getLogger(__name__)

Report = Callable[[int, int], None]
"""Is told how many of how many pictures are done."""

NEAR_BITS = 64
"""A quarter of a shape's bits; the module's docstring says why."""

LARGEST_PX = 89_478_485
"""More pixels than this are not decoded: the limit of Pillow, and of the reader."""

SMALLEST_PX = 8
"""A side shorter than this shows nothing: broken exports leave pictures of a single pixel."""

SHAPE_BITS = 256
_SIDE_PX = 64  # what is left of a picture before the transform
_WAVES = 16  # coefficients a side
_FLAT = 1.0  # grey levels: less contrast than this is a blank sheet, whose shape would be noise
_VERSION = 1  # of looks; how they are taken may change only together with it
_BLOCK = 1 << 22  # distances at once: 16 MiB
_REPORT_EVERY = 100
_DECODERS = 4  # threads: decoding lets go of the interpreter's lock, and more than these wait for the disk

# Pillow's plugins parse untrusted bytes in Python and let these out where a file is malformed.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    RuntimeError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
    Warning,  # where somebody has turned warnings into errors
)


@dataclass(frozen=True, slots=True)
class Look:
    """What a picture is.

    Attributes:
        width_px: as stored.
        height_px: as stored.
        shape: SHAPE_BITS / 8 bytes; empty for a blank picture, which is like no other.
    """

    width_px: int
    height_px: int
    shape: bytes


def look_at(picture: Path | BinaryIO) -> Look | str:
    """Decode a picture wholly; returns what it is, or why it cannot be used."""
    try:
        with Image.open(picture) as opened:
            width, height = opened.size
            if width * height > LARGEST_PX:
                return f"has {width} x {height} pixels, more than {LARGEST_PX // 1_000_000} million"
            if min(width, height) < SMALLEST_PX:
                return f"has {width} x {height} pixels, too few to show anything"
            return Look(width, height, _shape(opened))
    except Image.DecompressionBombError:
        return f"has more than {LARGEST_PX // 1_000_000} million pixels"
    except _DECODER_ERRORS as error:
        return f"cannot be decoded ({str(error) or type(error).__name__})"


def _shape(picture: Image.Image) -> bytes:
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    grey = picture.convert("L").resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BOX)
    brightness = np.asarray(grey, np.float64)
    if brightness.std() < _FLAT:
        return b""
    waves = _cosines() @ brightness @ _cosines().T
    return np.packbits(waves > np.median(waves)).tobytes()


def _cosines() -> npt.NDArray[np.float64]:
    """The first rows of the discrete cosine transform: (_WAVES, _SIDE_PX)."""
    turns = np.outer(np.arange(_WAVES), 2 * np.arange(_SIDE_PX) + 1) / (4 * _SIDE_PX)
    return np.cos(2 * np.pi * turns)


class LookCache:
    """Looks of picture files, taken once and kept on disk.

    A picture is known by its path, size and date. Decoding the storybooks takes some ten seconds, reading their looks
    a fraction of one.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"looks_{_VERSION}.json"

    def looks_of(self, pictures: Iterable[Path], report: Report | None = None) -> dict[Path, Look | str]:
        """The look of every picture, or why it cannot be used.

        Args:
            pictures: files; doubles are decoded once.
            report: is told how many of how many unknown ones are done.
        """
        stored = self._read()
        keys = {picture: _picture_key(picture) for picture in dict.fromkeys(pictures)}
        missing = [picture for picture, key in keys.items() if key not in stored]
        looks: dict[Path, Look | str] = {path: stored[key] for path, key in keys.items() if key in stored}
        with ThreadPoolExecutor(min(_DECODERS, os.cpu_count() or 1)) as decoders:
            for index, look in enumerate(decoders.map(look_at, missing), start=1):
                looks[missing[index - 1]] = look
                if report and (index % _REPORT_EVERY == 0 or index == len(missing)):
                    report(index, len(missing))
        fresh = {keys[path]: look for path in missing if isinstance(look := looks[path], Look)}
        if fresh:
            self._save(stored | fresh)
        return looks

    def _read(self) -> dict[str, Look]:
        try:
            raw: dict[str, Any] = json.loads(self._file.read_bytes())
            return {key: Look(int(w), int(h), bytes.fromhex(shape)) for key, (w, h, shape) in raw.items()}
        except (OSError, ValueError, TypeError, AttributeError):  # none yet, or spoilt: taken anew
            return {}

    def _save(self, looks: dict[str, Look]) -> None:
        text = json.dumps({key: (look.width_px, look.height_px, look.shape.hex()) for key, look in looks.items()})
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, text.encode())
        except OSError as error:  # a cache that cannot be written costs time, nothing else
            _log.info("the looks of pictures cannot be kept: %s", error)


def _picture_key(picture: Path) -> str:
    try:
        status = picture.stat()
    except OSError:
        return ""  # never stored: whoever looks at it is told why it cannot be read
    name = f"{picture.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Nearest:
    """Which of some pictures is nearest to one, and by how many bits they differ."""

    index: int
    bits: int


def nearest(pictures: Sequence[bytes], others: Sequence[bytes]) -> list[Nearest | None]:
    """For each shape its nearest among others, None where that is no near-duplicate or the picture is blank.

    Args:
        pictures: N shapes.
        others: M shapes.

    Returns:
        N answers; of equally near ones the first.
    """
    solid = [index for index, shape in enumerate(others) if shape]
    answers: list[Nearest | None] = [None] * len(pictures)
    asked = [index for index, shape in enumerate(pictures) if shape]
    if not solid or not asked:
        return answers
    right = _signs([others[index] for index in solid])
    for block in _blocks(asked, len(solid)):
        bits = _differing(_signs([pictures[index] for index in block]), right)
        for row, column in enumerate(bits.argmin(axis=1).tolist()):
            if bits[row, column] <= NEAR_BITS:
                answers[block[row]] = Nearest(solid[column], int(bits[row, column]))
    return answers


def near_links(shapes: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Links that join all near-duplicates among some shapes, each as two indices.

    A shape that stands there many times is linked to its first place only, so that a thousand copies of one picture
    do not make half a million links.
    """
    first: dict[bytes, int] = {}
    for index, shape in enumerate(shapes):
        if shape and first.setdefault(shape, index) != index:
            yield first[shape], index
    places = list(first.values())
    signs = _signs(list(first))
    for rows in _blocks(range(len(places)), len(places)):
        later = signs[rows[0] :]
        near = _differing(signs[rows[0] : rows[-1] + 1], later) <= NEAR_BITS
        for row, column in zip(*np.nonzero(np.triu(near, 1)), strict=True):
            yield places[rows[0] + int(row)], places[rows[0] + int(column)]


def _blocks(rows: Sequence[int], columns: int) -> Iterator[Sequence[int]]:
    """Rows in pieces that keep a piece's distances to all columns within _BLOCK."""
    size = max(1, _BLOCK // max(1, columns))
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _signs(shapes: Sequence[bytes]) -> npt.NDArray[np.float32]:
    """Bits as +1 and -1: (N, SHAPE_BITS)."""
    packed = np.frombuffer(b"".join(shapes), np.uint8).reshape(-1, SHAPE_BITS // 8)
    return np.unpackbits(packed, axis=1).astype(np.float32) * 2 - 1


def _differing(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How many bits differ: (N, M)."""
    differing: npt.NDArray[np.float32] = np.subtract(SHAPE_BITS, left @ right.T, dtype=np.float32) / 2
    return differing

"""Decoding of one picture into RGB pixels, no larger than asked for.

The header is read first: format and size decide whether the pixels are decoded at all. The format comes from
the content and picks one decoder; Pillow's others (some of them interpreters of whole languages) never see the
bytes.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

import numpy as np
from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from comicreader.domain.book import RgbImage
from comicreader.domain.container import reason
from comicreader.domain.errors import PageError
from comicreader.domain.file_kinds import PICTURE_HEAD_BYTES, PictureFormat, picture_format

MAX_PIXELS = 89_478_485
"""The largest picture that is decoded: 256 MiB as RGB. It is also where Pillow begins to warn of bombs, so up
to here it never does. A webtoon strip of 800 × 52,518 has half of it, a 600 dpi scan of an A3 spread 70 million."""

_DECODERS: dict[PictureFormat, Callable[[IO[bytes]], ImageFile]] = {
    PictureFormat.JPEG: JpegImageFile,
    PictureFormat.PNG: PngImageFile,
    PictureFormat.WEBP: WebPImageFile,
    PictureFormat.GIF: GifImageFile,
    PictureFormat.AVIF: AvifImageFile,
    PictureFormat.TIFF: TiffImageFile,
    PictureFormat.BMP: BmpImageFile,
}

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

_EXIF_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True)
class DecodedPicture:
    """A picture's pixels and what its full size is.

    Attributes:
        width: full width, pixels, after EXIF rotation.
        height: full height, pixels, after EXIF rotation.
        pixels: RGB uint8 (h, w, 3), read-only, no larger than asked for.
    """

    width: int
    height: int
    pixels: RgbImage = field(repr=False, compare=False)


def decode_picture(data: bytes, name: str, max_side_px: int | None = None) -> DecodedPicture:
    """Decode the first frame of a picture, upright, on white where it is transparent.

    Args:
        data: the whole file.
        name: what to call it in a sentence.
        max_side_px: the longest side wanted; JPEGs are then decoded smaller to begin with. None: full size.

    Raises:
        PageError: it is empty, no picture, too large or damaged.
    """
    picture = _open(data, name)
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(name, width, height)
    orientation = _orientation(picture)
    size = _fitted(width, height, max_side_px)
    try:
        if isinstance(picture, JpegImageFile):
            picture.draft(None, size)
        picture.load()
        rgb = _on_white(_resized(_resizable(picture), size))
    except _DECODER_ERRORS as error:
        raise PageError(f"{name} is damaged and cannot be shown ({reason(error)}).") from error
    if orientation in _TURNS:
        rgb = rgb.transpose(_TURNS[orientation])
    if orientation in _SIDEWAYS:
        width, height = height, width
    return DecodedPicture(width, height, np.asarray(rgb))


def _open(data: bytes, name: str) -> ImageFile:
    """Read the header with the one decoder that the first bytes call for."""
    if not data:
        raise PageError(f"{name} is empty (0 bytes).")
    kind = picture_format(data[:PICTURE_HEAD_BYTES])
    if kind is None:
        known = ", ".join(known_kind.value for known_kind in PictureFormat)
        raise PageError(f"{name} is no picture of a kind that can be shown ({known}).")
    try:
        return _DECODERS[kind](io.BytesIO(data))
    except _DECODER_ERRORS as error:
        raise PageError(f"{name} is damaged and cannot be shown ({reason(error)}).") from error


def _too_many_pixels(name: str, width: int, height: int) -> PageError:
    return PageError(
        f"{name} has {width:,} × {height:,} pixels; "
        f"pictures of more than {MAX_PIXELS // 1_000_000} million pixels are not opened."
    )


def _orientation(picture: ImageFile) -> int:
    """The EXIF orientation, 1 to 8; 1 where it is missing or unreadable."""
    if isinstance(picture, TiffImageFile):
        return 1  # the one decoder that turns the picture itself
    try:
        value = picture.getexif().get(_EXIF_ORIENTATION, 1)
    except _DECODER_ERRORS:
        return 1
    return value if isinstance(value, int) else 1


def _fitted(width: int, height: int, max_side_px: int | None) -> tuple[int, int]:
    """The size to decode to: the full one, or smaller with the same proportions."""
    if max_side_px is None or max(width, height) <= max_side_px:
        return width, height
    scale = max_side_px / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _resizable(picture: Image.Image) -> Image.Image:
    """The picture in a mode that can be averaged: L, LA, RGB, RGBA or CMYK."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return _eight_bit(picture)
    if "transparency" in picture.info or picture.mode == "PA":
        return picture.convert("RGBA")
    if picture.mode == "1":
        return picture.convert("L")
    return picture if picture.mode in {"L", "LA", "RGB", "RGBA", "CMYK"} else picture.convert("RGB")


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Grey of 16 or more bits, or floating, as eight bits; the top of the range is told from mode and values."""
    values = np.asarray(picture).astype(np.float32)
    peak = float(values.max())
    top = 65535.0 if picture.mode.startswith("I;16") or peak > 255 else 255.0 if peak > 1 else 1.0
    return Image.fromarray((np.nan_to_num(values / top).clip(0, 1) * 255).round().astype(np.uint8))


def _resized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Reduce to the size wanted.

    Measured on a 2,560 × 3,609 JPEG at 1,440: Hamming 40 ms in all, Lanczos 62 ms, for 0.3 dB on a lettered
    page. The gap lets Pillow first average whole blocks of pictures that are far too large.
    """
    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode not in {"LA", "RGBA"}:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    paper = Image.new("RGB", layer.size, "white")
    paper.paste(layer, mask=layer.getchannel("A"))
    return paper

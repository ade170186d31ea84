"""What is read from one PDF page: its pixels, the scan it may consist of, and its fingerprint.

PDFium is not thread-safe: every function here is called with the lock that `pdf` holds.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pypdfium2
import pypdfium2.raw

from comicreader.domain.book import RgbImage
from comicreader.domain.page_image import MAX_PIXELS

PAGE_DPI = 200
"""Page pixels of a rendered page per inch: an American comic has then 1,325 × 2,050, enough for its lettering."""

POINTS_PER_INCH = 72

_LISTED_OBJECTS = 2000  # drawn pages have up to a hundred thousand; the first ones tell pages apart
_OUTLINED_OBJECTS = 8
_COVERING_FRAC = 0.01  # how far a scan may fall short of the page's edges, or its proportions differ
_PLAIN_COLORS = frozenset(
    {
        pypdfium2.raw.FPDF_COLORSPACE_DEVICEGRAY,
        pypdfium2.raw.FPDF_COLORSPACE_DEVICERGB,
        pypdfium2.raw.FPDF_COLORSPACE_CALGRAY,
        pypdfium2.raw.FPDF_COLORSPACE_CALRGB,
        pypdfium2.raw.FPDF_COLORSPACE_ICCBASED,
    }
)


@dataclass(frozen=True, slots=True)
class PdfPageSize:
    """A page's size, upright.

    Attributes:
        width_pt: points, 1/72 inch.
        height_pt: points, 1/72 inch.
    """

    width_pt: float
    height_pt: float

    @property
    def is_usable(self) -> bool:
        """Whether there is anything to render."""
        return self.width_pt > 0 and self.height_pt > 0 and math.isfinite(self.width_pt * self.height_pt)

    @property
    def scale(self) -> float:
        """Page pixels per point: `PAGE_DPI`, or fewer for a page so large that it would exceed `MAX_PIXELS`."""
        return min(PAGE_DPI / POINTS_PER_INCH, math.sqrt(MAX_PIXELS / (self.width_pt * self.height_pt)))

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height in page pixels."""
        return max(1, round(self.width_pt * self.scale)), max(1, round(self.height_pt * self.scale))


def page_size(page: pypdfium2.PdfPage) -> PdfPageSize:
    """The size of a page."""
    width_pt, height_pt = page.get_size()
    return PdfPageSize(float(width_pt), float(height_pt))


def rendered(page: pypdfium2.PdfPage, max_side_px: int | None) -> RgbImage:
    """The page drawn on white, its longest side `max_side_px` or, where that is None, at its page pixels."""
    size = page_size(page)
    scale = size.scale
    if max_side_px is not None:
        # PDFium rounds up; a thousandth of a pixel less keeps it from going one beyond.
        scale = min((max_side_px - 0.001) / max(size.width_pt, size.height_pt), size.scale * 4)
    bitmap = page.render(scale=scale, rev_byteorder=True)
    try:
        pixels: RgbImage = np.array(bitmap.to_numpy())  # a copy: the bitmap's memory goes with it
    finally:
        bitmap.close()
    return pixels


def embedded_jpeg(page: pypdfium2.PdfPage) -> bytes | None:
    """The JPEG that makes up the whole page, as scanned comics have it; None where it is not as simple as that.

    It must be the page's only object, upright, as large as the page, and in a colour space that a JPEG decoder
    knows too. One with EXIF data is left to PDFium, which by the standard ignores the orientation in it.
    """
    objects = list(islice(page.get_objects(max_depth=1), 2))
    if len(objects) != 1 or page.get_rotation() or pypdfium2.raw.FPDFPage_GetAnnotCount(page):
        return None
    image = objects[0]
    if not isinstance(image, pypdfium2.PdfImage) or image.get_filters() != ["DCTDecode"]:
        return None
    if not _covers(page, image) or image.get_metadata().colorspace not in _PLAIN_COLORS:
        return None
    data = bytes(image.get_data(decode_simple=False))
    return None if b"Exif\0" in data[:64] else data


def fingerprint(page: pypdfium2.PdfPage) -> str:
    """A SHA-256 of what is on the page, the same wherever the page stands and whatever stands around it.

    A page has no bytes of its own in the file as an archive's member has: its parts are scattered and shared.
    What goes in instead is its size and rotation, the type, place (in whole points) and colour of its first
    objects, the packed bytes of its images and its text.
    """
    digest = hashlib.sha256(repr((_rounded(page.get_size()), page.get_rotation())).encode())
    for item in _objects(page, _LISTED_OBJECTS):
        digest.update(repr((item.type, _rounded(item.get_bounds()), _fill_color(item))).encode())
        if isinstance(item, pypdfium2.PdfImage):
            digest.update(bytes(item.get_data(decode_simple=False)))
    text_page = page.get_textpage()
    try:
        digest.update(text_page.get_text_range().encode("utf-8", "replace"))
    finally:
        text_page.close()
    return digest.hexdigest()


def outline(page: pypdfium2.PdfPage) -> Hashable:
    """A cheap first comparison: pages with different outlines have different fingerprints."""
    return (
        _rounded(page.get_size()),
        page.get_rotation(),
        tuple(
            (item.type, _rounded(item.get_bounds()), _packed_size(item)) for item in _objects(page, _OUTLINED_OBJECTS)
        ),
    )


def _objects(page: pypdfium2.PdfPage, count: int) -> Iterator[pypdfium2.PdfObject]:
    yield from islice(page.get_objects(), count)


def _packed_size(item: pypdfium2.PdfObject) -> int:
    if not isinstance(item, pypdfium2.PdfImage):
        return 0
    return int(pypdfium2.raw.FPDFImageObj_GetImageDataRaw(item, None, 0))


def _fill_color(item: pypdfium2.PdfObject) -> tuple[int, ...]:
    """Red, green, blue and opacity, 0 to 255; zeros for objects that have none."""
    channels = [ctypes.c_uint() for _ in "RGBA"]
    pypdfium2.raw.FPDFPageObj_GetFillColor(item, *channels)
    return tuple(channel.value for channel in channels)


def _rounded(lengths_pt: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(round(length) for length in lengths_pt)


def _covers(page: pypdfium2.PdfPage, image: pypdfium2.PdfImage) -> bool:
    """Whether an image lies upright over the whole page, in its own proportions."""
    matrix = image.get_matrix()
    if matrix.a <= 0 or matrix.d <= 0 or matrix.b or matrix.c:
        return False
    left, bottom, right, top = page.get_bbox()
    slack_x, slack_y = _COVERING_FRAC * (right - left), _COVERING_FRAC * (top - bottom)
    image_left, image_bottom, image_right, image_top = image.get_bounds()
    edges = (image_left - left, image_right - right, image_bottom - bottom, image_top - top)
    slacks = (slack_x, slack_x, slack_y, slack_y)
    if any(abs(edge) > slack for edge, slack in zip(edges, slacks, strict=True)):
        return False
    width_px, height_px = image.get_px_size()
    stretch = (matrix.a / width_px) / (matrix.d / height_px) if width_px and height_px else 0.0
    return bool(abs(stretch - 1) <= _COVERING_FRAC)

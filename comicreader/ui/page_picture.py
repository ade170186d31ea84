"""From decoded pixels to Qt images: runs in a worker, so that the GUI thread only has to paint."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage

from comicreader.domain.book import PageImage, RgbImage
from comicreader.domain.box_placement import DetailMap
from comicreader.domain.geometry import Box
from comicreader.domain.panels import Panel

# Qt's raster engine counts pixels in 15 bits; strips are far longer.
_TILE_SIDE_PX = 8192

# Sizes that pages are decoded at: steps of the square root of two keep the scaling that is left to painting between
# 0.7 and 1, and a window that grows a little asks for no new decode. Detection and crops are made from the first.
DECODE_SIDES_PX = (1448, 2048, 2896, 4096, 5792, 8192)

# A panel's picture in the list of captions, device pixels: 72 points on a screen of doubled resolution.
_THUMBNAIL_SIDE_PX = 144


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a page.

    Attributes:
        image: its pixels, in the format that the screen has.
        place: where it belongs, page pixels.
    """

    image: QImage
    place: QRectF


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as it is painted.

    Attributes:
        page_id: the page's name.
        width: page pixels.
        height: page pixels.
        side_px: longest side of the decoded pixels.
        tiles: together the whole page.
        detail: where there is much to see and where little.
    """

    page_id: str
    width: int
    height: int
    side_px: int
    tiles: tuple[Tile, ...]
    detail: DetailMap


def decode_side(wanted_px: float) -> int | None:
    """The decode size that is enough for showing a page's longest side this large; None: full size."""
    return next((side for side in DECODE_SIDES_PX if side >= wanted_px), None)


def make_picture(page: PageImage) -> PagePicture:
    """Turn a decoded page into what the screen takes."""
    height, width = page.pixels.shape[:2]
    scale = page.width / width
    tiles = tuple(
        Tile(_image(part), QRectF(x * scale, y * scale, part.shape[1] * scale, part.shape[0] * scale))
        for y in range(0, height, _TILE_SIDE_PX)
        for x in range(0, width, _TILE_SIDE_PX)
        for part in (page.pixels[y : y + _TILE_SIDE_PX, x : x + _TILE_SIDE_PX],)
    )
    return PagePicture(page.page_id, page.width, page.height, max(height, width), tiles, DetailMap.of(page.pixels))


def make_thumbnails(page: PageImage, panels: tuple[Panel, ...]) -> tuple[QImage, ...]:
    """Small pictures of the panels, in their order."""
    return tuple(_thumbnail(page, panel.box) for panel in panels)


def _thumbnail(page: PageImage, box: Box) -> QImage:
    scale = page.scale
    left, top = int(box.x * scale), int(box.y * scale)
    part = page.pixels[top : max(top + 1, int(box.bottom * scale)), left : max(left + 1, int(box.right * scale))]
    if not part.size:
        return QImage()
    return shrunk_image(part, _THUMBNAIL_SIDE_PX)


def shrunk_image(pixels: RgbImage, side_px: int) -> QImage:
    """A picture no larger than this on its longest side, pixels."""
    shrink = min(1.0, side_px / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * shrink)), max(1, round(pixels.shape[0] * shrink))
    return _image(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8))


def _image(pixels: RgbImage) -> QImage:
    """A QImage with memory of its own: one that looks into a numpy array outlives it and crashes."""
    packed = np.ascontiguousarray(pixels)
    height, width = packed.shape[:2]
    view = QImage(packed.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return view.convertToFormat(QImage.Format.Format_RGB32)

"""Panels cut out of their pages, as narrators and data sets get them."""

from __future__ import annotations

import cv2
import numpy as np

from comicreader.domain.book import PageImage, RgbImage
from comicreader.domain.panels import Panel

_CROP_SIDE_PX = 448  # the longest side a narrate request may have; the embedded ViT looks at 224
_JPEG_QUALITY = 90


def panel_jpeg(page: PageImage, panel: Panel, padding_frac: float = 0.0) -> bytes:
    """The panel as JPEG, longest side 448 px or less.

    Args:
        page: its page, decoded at any size.
        panel: in page pixels.
        padding_frac: share of the panel's width and height that is added on each side, inside the page.
    """
    return _jpeg(panel_pixels(page, panel, padding_frac))


def panel_pixels(page: PageImage, panel: Panel, padding_frac: float = 0.0) -> RgbImage:
    """The panel's part of the page as it is decoded, at least one pixel, (h, w, 3); padding as for `panel_jpeg`."""
    height, width = page.pixels.shape[:2]
    box, scale = panel.box, page.scale
    across, down = padding_frac * box.width, padding_frac * box.height
    left = min(width - 1, max(0, round((box.x - across) * scale)))
    top = min(height - 1, max(0, round((box.y - down) * scale)))
    right = max(left + 1, round((box.right + across) * scale))
    bottom = max(top + 1, round((box.bottom + down) * scale))
    return page.pixels[top:bottom, left:right]


def _jpeg(picture: RgbImage) -> bytes:
    """The picture as JPEG, made smaller where its longest side is too long."""
    height, width = picture.shape[:2]
    scale = min(1.0, _CROP_SIDE_PX / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return encoded.tobytes()

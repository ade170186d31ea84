"""How a synthetic picture story is drawn: in flat colours, lines, halftone or grey."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

FLAT, LINES, HALFTONE, GREY = "flat colour", "line", "halftone", "grey"
STYLES = (FLAT, LINES, HALFTONE, GREY)

_DOT_PITCH_FRAC = 0.0055  # of a page's height: coarse enough to be seen, fine enough for faces
_LIGHTEST_DOTTED = 190  # what is lighter stays white, so that faces are clear


def restyled(art: Image.Image, style: str, size_px: int) -> Image.Image:
    """Art (RGB, flat colours) in a style.

    Args:
        art: drawn in colours with ink lines.
        style: one of STYLES.
        size_px: the page's height.
    """
    if style == FLAT:
        return art
    grey = np.asarray(art.convert("L"), dtype=np.uint8)  # (H, W)
    if style == LINES:
        grey = _lines(grey, size_px)
    elif style == HALFTONE:
        grey = np.minimum(_lines(grey, size_px), _dots(grey, size_px))
    return Image.fromarray(grey).convert("RGB")


def _lines(grey: npt.NDArray[np.uint8], size_px: int) -> npt.NDArray[np.uint8]:
    """Ink (0) where it is darker than round about, else paper (255)."""
    block = max(3, round(size_px * 0.006)) * 2 + 1
    inked = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, block, 9)
    smooth = cv2.GaussianBlur(inked, (3, 3), 0.6)
    return np.asarray(smooth, dtype=np.uint8)


def _dots(grey: npt.NDArray[np.uint8], size_px: int) -> npt.NDArray[np.uint8]:
    """Black dots on a slanted grid, the larger the darker it is."""
    pitch = max(3.0, _DOT_PITCH_FRAC * size_px)
    rows = np.arange(grey.shape[0], dtype=np.float32)[:, None]
    columns = np.arange(grey.shape[1], dtype=np.float32)[None]
    turn = 2 * np.pi / (pitch * np.sqrt(2, dtype=np.float32))
    waves = np.cos((rows + columns) * turn) + np.cos((rows - columns) * turn)  # (H, W), 2 at a dot's middle
    lightness = grey.astype(np.float32) / _LIGHTEST_DOTTED
    dotted = 255 * np.clip(0.5 + 2.5 * (2 * lightness - 0.35 - waves / 2), 0, 1)
    return np.where(grey >= _LIGHTEST_DOTTED, 255, dotted).astype(np.uint8)

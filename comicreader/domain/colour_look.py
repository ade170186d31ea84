"""What a panel looks like, patch by patch, in colours: enough to find a comic's figures again.

A figure keeps its colours through a book (hair, hat, coat) while its pose, size and place change. On two labelled
episodes of Pepper&Carrot colours rank a figure's other panels as well as colours and a vision transformer's features
together, and better than those features alone (trainer/EXPERIMENTS.md). On grey pages they say little.

Letters: R rows, C columns of patches, D bins.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from comicreader.domain.book import RgbImage

ColourLook = NDArray[np.float16]
"""(R, C, D): each patch's colours as a unit vector, square roots of shares (Hellinger). 74 kB a panel."""

_PATCHES = 256
_FEWEST_ACROSS = 8
_LARGEST_ASPECT = 5.0
_PATCH_PX = 16
_BINS = 12
# The greys are the middle of the scale and most colours of a page are near them: the bins are finer there.
_SPREAD = 1.6


def colour_look(pixels: RgbImage) -> ColourLook:
    """Look at a panel's picture.

    Args:
        pixels: (h, w, 3), any size.

    Returns:
        About 256 patches in the picture's own proportions, each with its chromaticity (CIELAB a, b) in 12 x 12 bins;
        lightness is left out, as light and shadow change from panel to panel.
    """
    columns, rows = _grid(pixels.shape[1], pixels.shape[0])
    size = columns * _PATCH_PX, rows * _PATCH_PX
    lab = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    chroma = (lab[..., 1:].astype(np.float32) / 255 - 0.5) * _SPREAD + 0.5
    bins = np.clip(chroma * _BINS, 0, _BINS - 1).astype(np.int64)
    patch = np.arange(size[1])[:, None] // _PATCH_PX * columns + np.arange(size[0]) // _PATCH_PX
    flat = (patch * _BINS + bins[..., 0]) * _BINS + bins[..., 1]
    counts = np.bincount(flat.ravel(), minlength=rows * columns * _BINS**2)
    shares: NDArray[np.float32] = counts.reshape(-1, _BINS, _BINS).astype(np.float32)
    # A shade darker may be the bin beside: every bin lends to its neighbours.
    for axis in (1, 2):
        padded = np.pad(shares, [(0, 0), (1, 1) if axis == 1 else (0, 0), (1, 1) if axis == 2 else (0, 0)])
        before, after = (np.take(padded, range(start, start + _BINS), axis) for start in (0, 2))
        shares = (shares / 2 + (before + after) / 4).astype(np.float32)
    look = np.sqrt(shares.reshape(rows, columns, -1))
    unit: ColourLook = (look / np.linalg.norm(look, axis=-1, keepdims=True)).astype(np.float16)
    return unit


def _grid(width: int, height: int) -> tuple[int, int]:
    """Columns and rows of patches."""
    aspect = min(max(width / height, 1 / _LARGEST_ASPECT), _LARGEST_ASPECT)
    columns = max(_FEWEST_ACROSS, round(math.sqrt(_PATCHES * aspect)))
    return columns, max(_FEWEST_ACROSS, _PATCHES // columns)

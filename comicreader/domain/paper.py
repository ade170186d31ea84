"""Which pixels of a page are bare paper: the colour between the panels.

Most pages have one paper colour, white, black or tinted, and it shows along the page's edge. Where the art
runs to the edge the gutters are nearly always white or black.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicreader.domain.book import RgbImage

Mask = npt.NDArray[np.uint8]  # (H, W), 255 where it counts, else 0

# JPEG noise, paper grain and scan shadow move paper by about this much in each channel.
_TOLERANCE = 22
# Margins are at least this share of the page's mean side; a scanner's dark line is narrower.
_MARGIN_FRAC = 0.012
# With this much of the margin in one colour there is no second opinion.
_SURE_FRAC = 0.6
# With less than this much it is no paper but part of the art.
_POSSIBLE_FRAC = 0.45
# A frame line covers nearly all of a part's edge. Scaling blurs its outermost pixel, and it may be thin, so that
# the darkest (or lightest) pixel of a few counts.
_FRAMED_FRAC = 0.85
_LINE_DEPTHS = range(1, 4)
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper colour.

    Attributes:
        color: red, green and blue, 0 to 255.
    """

    color: tuple[int, int, int]

    def mask(self, image: RgbImage) -> Mask:
        """The pixels of an image that have this colour, whether bare paper or white in the art."""
        lower = np.clip(np.array(self.color, dtype=np.int16) - _TOLERANCE, 0, 255)
        upper = np.clip(np.array(self.color, dtype=np.int16) + _TOLERANCE, 0, 255)
        return cv2.inRange(image, lower.astype(np.uint8), upper.astype(np.uint8)).astype(np.uint8)


def likely_papers(image: RgbImage) -> list[Paper]:
    """The paper colours a page may have, the likeliest first; at least one."""
    mean_side_px = (image.shape[0] * image.shape[1]) ** 0.5
    margin, share = _main_color(_edge_pixels(image, max(1, round(_MARGIN_FRAC * mean_side_px))))
    if share >= _SURE_FRAC:
        return [margin]
    papers = [Paper(_WHITE), Paper(_BLACK)]
    rim, rim_share = _main_color(_edge_pixels(image, 1))
    if rim_share >= _FRAMED_FRAC:
        papers.insert(0, rim)
    elif share >= _POSSIBLE_FRAC:
        papers.append(margin)
    gutter = _gutter_color(image)
    return papers if gutter is None else [*papers, gutter]


def _edge_pixels(image: RgbImage, thickness: int) -> npt.NDArray[np.float32]:
    """The pixels (N, 3) along the four edges of an image."""
    sides = (image[:thickness], image[-thickness:], image[:, :thickness], image[:, -thickness:])
    return np.concatenate([side.reshape(-1, 3) for side in sides]).astype(np.float32)


def _gutter_color(image: RgbImage) -> Paper | None:
    """The colour of rows and columns that show one colour from edge to edge: gutters, where art has no margin."""
    plain = []
    for axis in (0, 1):
        highest, lowest = (cv2.reduce(image, axis, how) for how in (cv2.REDUCE_MAX, cv2.REDUCE_MIN))
        is_plain = (np.asarray(highest).astype(np.int16) - np.asarray(lowest)).max(axis=-1) <= _TOLERANCE
        plain.append(np.asarray(highest)[is_plain])
    pixels = np.concatenate(plain).astype(np.float32)
    return _main_color(pixels)[0] if len(pixels) else None


def frame_color(image: RgbImage) -> Paper | None:
    """The colour of a dark or light line that runs all around a part of a page; None where there is none."""
    if min(image.shape[:2]) < 2 * _LINE_DEPTHS.stop:
        return None
    sides = [np.stack([image[d], image[-1 - d]]) for d in _LINE_DEPTHS]
    ends = [np.stack([image[:, d], image[:, -1 - d]]) for d in _LINE_DEPTHS]
    for extreme in (np.minimum, np.maximum):
        line = [extreme.reduce(sides).reshape(-1, 3), extreme.reduce(ends).reshape(-1, 3)]
        paper, share = _main_color(np.concatenate(line).astype(np.float32))
        if share >= _FRAMED_FRAC:
            return paper
    return None


def _main_color(pixels: npt.NDArray[np.float32]) -> tuple[Paper, float]:
    """The middle colour of pixels (N, 3) and the share of them that has it."""
    median = np.median(pixels, axis=0)
    share = float(np.mean(np.abs(pixels - median).max(axis=1) <= _TOLERANCE))
    return Paper((int(median[0]), int(median[1]), int(median[2]))), share

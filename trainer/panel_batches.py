"""Batches of synthetic pages for the panel detector's net, varied a little each time they are seen.

Letters: B pages, H W input pixels, h w = H / 4, W / 4, P panels at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.panel_loss import PanelTruth
from trainer.panel_net import STRIDE, STRIDE_LIMIT
from trainer.panel_pages import MOST_PANELS, PageSet
from trainer.synthetic.pages import NO_PANEL

_PORTRAIT_PX = 384 * 288  # a batch has as many pixels as its number of such pages
_COARSE = 2 / 3


@dataclass(frozen=True, slots=True)
class PanelBatch:
    """Pages with their truth.

    Attributes:
        pages: (B, 3, H, W) RGB, 0 to 1.
        truth: of the same pages.
    """

    pages: Tensor
    truth: PanelTruth


def random_batch(sets: list[PageSet], random: np.random.Generator, batch_size: int, is_coarse: bool) -> PanelBatch:
    """Draw pages of one shape and vary them.

    Args:
        sets: pages to draw from, each with the same chance.
        random: the source of every choice.
        batch_size: portrait pages; fewer of larger shapes.
        is_coarse: make them smaller by a third.
    """
    sizes = np.array([len(pages) for pages in sets], dtype=np.float64)
    shape = sets[random.choice(len(sets), p=sizes / sizes.sum())].images.shape[1:3]
    alike = [pages for pages in sets if pages.images.shape[1:3] == shape]
    weights = np.array([len(pages) for pages in alike], dtype=np.float64)
    count = max(1, round(batch_size * _PORTRAIT_PX / (shape[0] * shape[1])))
    if is_coarse:
        shape = (_coarse(shape[0]), _coarse(shape[1]))
    drawn = []
    for pages in random.choice(len(alike), count, p=weights / weights.sum()):
        index = int(random.integers(len(alike[pages])))
        drawn.append(_varied(*_resized(alike[pages], index, shape), random))
    return _batch(drawn)


def whole_batches(sets: list[PageSet], batch_size: int) -> list[PanelBatch]:
    """All pages as they are, in batches of one shape."""
    return [
        _batch(
            [
                _resized(pages, index, pages.images.shape[1:3])
                for index in range(first, min(first + batch_size, len(pages)))
            ]
        )
        for pages in sets
        for first in range(0, len(pages), batch_size)
    ]


_Page = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.float32]]


def _coarse(length_px: int) -> int:
    return max(STRIDE_LIMIT, round(length_px * _COARSE / STRIDE_LIMIT) * STRIDE_LIMIT)


def _resized(pages: PageSet, index: int, shape: tuple[int, ...]) -> _Page:
    image, labels, boxes = np.asarray(pages.images[index]), np.asarray(pages.labels[index]), pages.boxes[index]
    height, width = image.shape[:2]
    if (height, width) == (shape[0], shape[1]):
        return image, labels, boxes
    image = np.asarray(cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    small = shape[1] // STRIDE, shape[0] // STRIDE
    labels = np.asarray(cv2.resize(labels, small, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    scale = np.array([shape[1] / width, shape[0] / height] * 2, dtype=np.float32)
    return image, labels, boxes * scale


def _varied(
    image: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint8],
    boxes: npt.NDArray[np.float32],
    random: np.random.Generator,
) -> _Page:
    """Mirrored, brightened, tinted, greyed or inverted by chance."""
    if random.random() < 0.5:
        image, labels = image[:, ::-1], labels[:, ::-1]
        boxes = np.where(
            boxes.any(axis=1, keepdims=True), (boxes * [-1, 1, -1, 1])[:, [2, 1, 0, 3]] + [image.shape[1], 0] * 2, 0
        )
    curve = np.arange(256, dtype=np.float32) / 255
    if random.random() < 0.04:
        curve = 1 - curve
    if random.random() < 0.5:
        curve = curve ** random.uniform(0.65, 1.5)
    tint = random.uniform(0.75, 1.0, 3) if random.random() < 0.3 else np.ones(3)
    table = (curve[:, None] * tint * 255).clip(0, 255).astype(np.uint8)
    image = np.asarray(cv2.LUT(np.ascontiguousarray(image), table[None]), dtype=np.uint8)
    if random.random() < 0.2:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        image = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    elif random.random() < 0.15:
        image = image[..., random.permutation(3)]
    return image, labels, boxes.astype(np.float32)


def _batch(pages: list[_Page]) -> PanelBatch:
    images, labels, boxes = (np.stack(arrays) for arrays in zip(*pages, strict=True))
    shown = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float() / 255
    numbers = torch.from_numpy(np.ascontiguousarray(labels)).long()
    numbers = torch.where(numbers == NO_PANEL, MOST_PANELS, numbers)
    padded = np.concatenate([boxes, np.zeros((len(boxes), 1, 4), np.float32)], axis=1)
    return PanelBatch(shown, PanelTruth(numbers, torch.from_numpy(padded)))

"""Synthetic pages as the panel detector's net sees them, drawn once and kept beside a run.

    <run>/pages/
        train_00000/                one chunk of pages; written beside its name and renamed when whole
            384x288/                the pages of one shape
                images.npy          (N, 384, 288, 3) uint8 RGB
                labels.npy          (N, 96, 72) uint8: the panel seen at each output pixel, `NO_PANEL` outside
                boxes.npy           (N, MOST_PANELS, 4) float32: left, top, right, bottom, input pixels
        dev_00000/

A chunk depends only on its number and the art, so that a run which goes on draws what is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from trainer.panel_config import PanelConfig
from trainer.synthetic.page_art import ArtLibrary
from trainer.synthetic.pages import NO_PANEL, draw_page

TRAIN, DEV = "train", "dev"
MOST_PANELS = 48
PAGES_A_CHUNK = 256

STRIDE = 4
_MULTIPLE_PX = 32
# The reader's `panel_net.input_size` follows the same rule: portrait pages have one height, wide ones one width.
_PORTRAIT_HEIGHT_PX, _LANDSCAPE_WIDTH_PX = 384, 576
_LANDSCAPE_ASPECT = 1.1
_SHORTEST_PX, _LONGEST_PX = 128, 512
_DEV_SEED = 1_000_000_000
_SEEDS_A_RUN = 10_000_000


@dataclass(frozen=True, slots=True)
class PageSet:
    """Pages of one shape.

    Attributes:
        images: (N, H, W, 3) uint8 RGB, on disk.
        labels: (N, H / 4, W / 4) uint8, on disk.
        boxes: (N, MOST_PANELS, 4) float32.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    boxes: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.images)


def input_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the net's input for a page, input pixels."""
    if width > _LANDSCAPE_ASPECT * height:
        return _LANDSCAPE_WIDTH_PX, _rounded(_LANDSCAPE_WIDTH_PX * height / width)
    return _rounded(_PORTRAIT_HEIGHT_PX * width / height), _PORTRAIT_HEIGHT_PX


def _rounded(length_px: float) -> int:
    return min(max(round(length_px / _MULTIPLE_PX) * _MULTIPLE_PX, _SHORTEST_PX), _LONGEST_PX)


def draw_chunks(config: PanelConfig, folder: Path) -> None:
    """Draw every chunk of a run that is not there yet, held-out pages first.

    Args:
        config: of the run.
        folder: where chunks are kept.

    Raises:
        DatasetError: the art's data set is damaged.
        OSError: a chunk cannot be written.
    """
    cv2.setNumThreads(1)
    for split, count in ((DEV, config.dev_pages), (TRAIN, config.pages)):
        chunks = [(first, min(PAGES_A_CHUNK, count - first)) for first in range(0, count, PAGES_A_CHUNK)]
        missing = [chunk for chunk in chunks if not _chunk_folder(folder, split, chunk[0]).is_dir()]
        if missing:
            art = _art(config, held_out=split == DEV)
        for first, pages in missing:
            _draw_chunk(config, art, _chunk_folder(folder, split, first), first, pages, split)


def page_sets(folder: Path, split: str) -> list[PageSet]:
    """The pages drawn so far, by chunk and shape."""
    shapes = sorted(folder.glob(f"{split}_*/*x*"))
    return [
        PageSet(
            np.load(shape / "images.npy", mmap_mode="r"),
            np.load(shape / "labels.npy", mmap_mode="r"),
            np.load(shape / "boxes.npy"),
        )
        for shape in shapes
    ]


PageInput: TypeAlias = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.float32]]
"""A page as the net sees it: image (H, W, 3) RGB, labels (H / 4, W / 4), boxes (MOST_PANELS, 4) in input pixels."""


def as_input(image: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], boxes: npt.NDArray[np.float64]) -> PageInput:
    """A page of any size as the net sees it.

    Args:
        image: (H, W, 3) RGB.
        labels: (H, W) the panel seen at each pixel, NO_PANEL outside all.
        boxes: (N, 4) left, top, right, bottom of the panels in pixels.
    """
    page_height, page_width = image.shape[:2]
    width, height = input_size(page_width, page_height)
    shown = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    small = width // STRIDE, height // STRIDE
    seen = np.asarray(cv2.resize(labels, small, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    reached = np.zeros((MOST_PANELS, 4), np.float32)
    found = boxes[:MOST_PANELS] * np.tile([width / page_width, height / page_height], 2)
    reached[: len(found)] = found
    seen[seen >= MOST_PANELS] = NO_PANEL
    return np.asarray(shown, dtype=np.uint8), seen, reached


def by_shape(pages: Iterable[PageInput]) -> dict[tuple[int, int], PageSet]:
    """Pages gathered by height and width, in memory."""
    found: dict[tuple[int, int], list[PageInput]] = {}
    for page in pages:
        found.setdefault((page[0].shape[0], page[0].shape[1]), []).append(page)
    return {
        shape: PageSet(*(np.stack(arrays) for arrays in zip(*alike, strict=True))) for shape, alike in found.items()
    }


def _art(config: PanelConfig, held_out: bool) -> ArtLibrary:
    pictures, figures = (Path(folder) if folder else None for folder in (config.data, config.figures))
    return ArtLibrary.load(pictures, figures, config.most_art, held_out)


def _chunk_folder(folder: Path, split: str, first: int) -> Path:
    return folder / f"{split}_{first:06d}"


def _draw_chunk(config: PanelConfig, art: ArtLibrary, folder: Path, first: int, count: int, split: str) -> None:
    base = config.seed * _SEEDS_A_RUN + (_DEV_SEED if split == DEV else 0) + first
    drawn = (draw_page(base + number, art, config.page_px, right_to_left=number % 2 == 1) for number in range(count))
    sets = by_shape(as_input(page.image, page.labels, page.boxes) for page in drawn)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for (height, width), pages in sets.items():
        shape = part / f"{height}x{width}"
        shape.mkdir(parents=True)
        for name, array in (("images", pages.images), ("labels", pages.labels), ("boxes", pages.boxes)):
            np.save(shape / f"{name}.npy", array)
    part.replace(folder)

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
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from trainer.panel_config import PanelConfig
from trainer.synthetic.page_art import ArtLibrary
from trainer.synthetic.pages import NO_PANEL, SyntheticPage, draw_page

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


def as_input(page: SyntheticPage) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """A page as the net sees it: its image, labels at the net's stride, and boxes in input pixels."""
    page_height, page_width = page.image.shape[:2]
    width, height = input_size(page_width, page_height)
    image = cv2.resize(page.image, (width, height), interpolation=cv2.INTER_AREA)
    small = width // STRIDE, height // STRIDE
    labels = np.asarray(cv2.resize(page.labels, small, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    boxes = np.zeros((MOST_PANELS, 4), np.float32)
    found = page.boxes[:MOST_PANELS] * np.tile([width / page_width, height / page_height], 2)
    boxes[: len(found)] = found
    labels[labels >= MOST_PANELS] = NO_PANEL
    return np.asarray(image, dtype=np.uint8), labels, boxes


def _art(config: PanelConfig, held_out: bool) -> ArtLibrary:
    pictures, figures = (Path(folder) if folder else None for folder in (config.data, config.figures))
    return ArtLibrary.load(pictures, figures, config.most_art, held_out)


def _chunk_folder(folder: Path, split: str, first: int) -> Path:
    return folder / f"{split}_{first:06d}"


def _draw_chunk(config: PanelConfig, art: ArtLibrary, folder: Path, first: int, count: int, split: str) -> None:
    base = config.seed * _SEEDS_A_RUN + (_DEV_SEED if split == DEV else 0) + first
    by_shape: dict[tuple[int, int], list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.float32]]]]
    by_shape = {}
    for number in range(count):
        page = as_input(draw_page(base + number, art, config.page_px, right_to_left=number % 2 == 1))
        by_shape.setdefault((page[0].shape[0], page[0].shape[1]), []).append(page)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for (height, width), pages in by_shape.items():
        shape = part / f"{height}x{width}"
        shape.mkdir(parents=True)
        for name, arrays in zip(("images", "labels", "boxes"), zip(*pages, strict=True), strict=True):
            np.save(shape / f"{name}.npy", np.stack(arrays))
    part.replace(folder)

"""Art for the panels of synthetic pages: illustrations and cut-out figures, read from folders.

An `ArtLibrary` holds what was read from folders; without any, `page_artist` draws everything itself.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from trainer.dataset import load_records

Rgb = npt.NDArray[np.uint8]  # (H, W, 3)
Rgba = npt.NDArray[np.uint8]  # (H, W, 4)

_PICTURE_PX = 420  # longest side of kept illustrations: about a large panel's
_FIGURE_PX = 240
_HELD_OUT_PARTS = 10  # one in so many files without a split is held out
_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")

_ItemT = TypeVar("_ItemT")


@dataclass(frozen=True, slots=True)
class ArtLibrary:
    """Art to make panels of.

    Attributes:
        books: illustrations, those of one book together.
        figures: cut-out drawings with transparency.
    """

    books: tuple[tuple[Rgb, ...], ...] = ()
    figures: tuple[Rgba, ...] = ()

    @classmethod
    def load(cls, pictures: Path | None, figures: Path | None, most: int, held_out: bool = False) -> ArtLibrary:
        """Read art from folders.

        Args:
            pictures: a data set folder (its split "train", or "dev" if held out), or a folder of pictures.
            figures: a folder of pictures with transparency.
            most: files of each kind at most, chosen evenly.
            held_out: read what is kept aside for measuring instead of what is learned from.

        Raises:
            DatasetError: a data set folder is damaged.
        """
        return cls(
            _books(pictures, most, held_out) if pictures else (),
            _figures(figures, most, held_out) if figures else (),
        )


def _books(folder: Path, most: int, held_out: bool) -> tuple[tuple[Rgb, ...], ...]:
    if (folder / "records.jsonl").is_file():
        records, _ = load_records(folder)
        split = "dev" if held_out else "train"
        files = [(record.book, record.image) for record in records if record.split == split]
    else:
        files = [(str(path.parent), path) for path in _files(folder, held_out)]
    books: dict[str, list[Rgb]] = {}
    for book, path in _thinned(files, most):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if picture is not None and min(picture.shape[:2]) >= 64:
            books.setdefault(book, []).append(_fitted(np.asarray(picture, dtype=np.uint8), _PICTURE_PX))
    return tuple(tuple(found) for found in books.values())


def _figures(folder: Path, most: int, held_out: bool) -> tuple[Rgba, ...]:
    figures = []
    for path in _thinned(_files(folder, held_out), most):
        drawing = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if drawing is not None and drawing.ndim == 3 and drawing.shape[2] == 4 and drawing.dtype == np.uint8:
            rgba = np.asarray(cv2.cvtColor(drawing, cv2.COLOR_BGRA2RGBA), dtype=np.uint8)
            figures.append(_fitted(rgba, _FIGURE_PX))
    return tuple(figures)


def _files(folder: Path, held_out: bool) -> list[Path]:
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _SUFFIXES]
    return [path for path in paths if (zlib.crc32(path.name.encode()) % _HELD_OUT_PARTS == 0) == held_out]


def _thinned(items: list[_ItemT], most: int) -> list[_ItemT]:
    return items if len(items) <= most else [items[number * len(items) // most] for number in range(most)]


def _fitted(picture: npt.NDArray[np.uint8], longest_px: int) -> npt.NDArray[np.uint8]:
    """A picture made smaller to a longest side; never enlarged."""
    scale = longest_px / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

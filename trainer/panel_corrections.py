"""Pages whose panels people corrected, as the panel detector's net sees them.

The reader writes them (`comicreader export --format panel-data`): any number of `records.jsonl` below the folder, a
page a line with its picture's file, and the panels as polygons in pixels of that picture, in reading order:

    {"image": "pages/0003.jpg", "panels": [{"polygon": [[x, y], …]}, …], …}
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from trainer.dataset import RECORDS, DatasetError, numbered_lines, parse_line
from trainer.panel_pages import MOST_PANELS, PageInput, PageSet, as_input, by_shape
from trainer.synthetic.pages import NO_PANEL


def corrected_pages(folder: Path) -> list[PageSet]:
    """All corrected pages below a folder, by shape.

    Raises:
        DatasetError: there are none, or a line or picture cannot be read.
    """
    files = sorted(folder.rglob(RECORDS))
    sets = by_shape(page for file in files for page in _pages_of(file))
    if not sets:
        raise DatasetError(
            f"{folder} holds no corrected pages; write some with comicreader export --format panel-data."
        )
    return list(sets.values())


def _pages_of(file: Path) -> Iterator[PageInput]:
    for number, line in numbered_lines(file):
        where = f"Line {number} of {file}"
        raw = parse_line(line)
        if isinstance(raw, str):
            raise DatasetError(f"{where}: {raw}.")
        polygons = _polygons(raw, where)
        try:
            with Image.open(file.parent / str(raw["image"])) as picture:
                image = np.asarray(picture.convert("RGB"), dtype=np.uint8)
        except (OSError, KeyError, Image.DecompressionBombError) as error:
            raise DatasetError(f"{where}: its picture cannot be read ({error}).") from error
        labels = np.full(image.shape[:2], NO_PANEL, np.uint8)
        for place, polygon in enumerate(polygons[:MOST_PANELS]):
            cv2.fillPoly(labels, [polygon.round().astype(np.int32)], place)
        boxes = np.array([[*polygon.min(axis=0), *polygon.max(axis=0)] for polygon in polygons]).reshape(-1, 4)
        yield as_input(image, labels, boxes)


def _polygons(raw: dict[str, Any], where: str) -> list[np.ndarray[Any, np.dtype[np.float64]]]:
    """The panels' corners, (N, 2) each."""
    try:
        polygons = [np.array(panel["polygon"], np.float64).reshape(-1, 2) for panel in raw["panels"]]
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{where}: its panels are no polygons.") from error
    if any(len(polygon) < 3 or not np.isfinite(polygon).all() for polygon in polygons):
        raise DatasetError(f"{where}: a panel has fewer than three corners.")
    return polygons

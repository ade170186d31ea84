"""The comic pages whose panels were labelled by eye: `tests/fixtures/panel_truth`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from comicreader.domain.archive import open_book
from trainer.panel_documents import load_documents

_TRUTH = Path(__file__).resolve().parents[1] / "fixtures" / "panel_truth"
_PAGE_SIDE_PX = 1600


def labelled_pages(comics: Path) -> Iterator[tuple[str, npt.NDArray[np.uint8], npt.NDArray[np.float64]]]:
    """Name, picture (h, w, 3) and panels (N, 4: x, y, right, bottom; pixels) of each page whose comic is there."""
    for document in load_documents(_TRUTH):
        named = (path for path in comics.rglob("*") if document.aliases & {path.name.casefold(), path.stem.casefold()})
        file = next(named, None)
        if file is None:
            continue
        book = open_book(file)
        for name, page in document.pages.items():
            image = book.load_page(book.page_names.index(name), _PAGE_SIDE_PX).pixels
            height, width = image.shape[:2]
            yield f"{file.stem} {Path(name).stem}", image, page.boxes * [width, height, width, height]
        book.close()

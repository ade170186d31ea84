"""Panels of books as JSON documents, the found and the true ones: the shape in which the reader writes them.

    {"book": title, "file": file name, "pages": [{"name": ..., "width": ..., "height": ..., "ms": ...,
        "panels": [{"box": [x, y, width, height]}, ...]}]}

Panels stand in reading order, lengths are pixels of the page. "file" and "ms" may be missing, other keys do not
matter. A file holds one such document or a list of them; a folder holds files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from trainer.dataset import DatasetError
from trainer.significance import Floats

# What books are packed in: "a.cbz" and "a" are one book, "Episode 1.5" stays as it is.
_BOOK_SUFFIXES = frozenset({".cbz", ".cbr", ".cb7", ".cbt", ".pdf", ".zip", ".rar", ".7z", ".tar", ".acbf"})


@dataclass(frozen=True, slots=True)
class PanelPage:
    """The panels of one page.

    Attributes:
        name: the member's name in its book.
        boxes: (N, 4) left, top, right and bottom of each panel as shares of the page's width and height, in reading
            order: so a page is the same page at any size.
        ms: how long finding the panels took, milliseconds; None where the document does not say.
    """

    name: str
    boxes: Floats
    ms: float | None = None


@dataclass(frozen=True, slots=True)
class PanelDocument:
    """The panels of one book.

    Attributes:
        title: how the document calls the book.
        aliases: all that the book may be called, in lower case: its title, its file's name, the document's own.
        pages: by name.
    """

    title: str
    aliases: frozenset[str]
    pages: dict[str, PanelPage]


@dataclass(frozen=True, slots=True)
class PagePair:
    """The truth of a page and what was found on it.

    Attributes:
        book: the truth's title of the book.
        truth: the true panels.
        found: the found ones; None where the page is not in the predictions.
    """

    book: str
    truth: PanelPage
    found: PanelPage | None


def load_documents(path: Path) -> list[PanelDocument]:
    """Read a file, or all files *.json of a folder.

    Raises:
        DatasetError: it cannot be read or is no such document.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    documents = [document for file in files for document in _documents_in(file)]
    if not documents:
        raise DatasetError(f"{path} holds no panels.")
    return documents


def paired(found: Sequence[PanelDocument], truth: Sequence[PanelDocument]) -> list[PagePair]:
    """Every page of the truth with what was found on it; books are known by their names, or by being the only one.

    Raises:
        DatasetError: a book of the truth is not among the predictions.
    """
    return [
        PagePair(document.title, page, partner.pages.get(page.name))
        for document in truth
        for partner in [_partner(document, found, is_only_one=len(truth) == 1)]
        for page in document.pages.values()
    ]


def _partner(document: PanelDocument, found: Sequence[PanelDocument], *, is_only_one: bool) -> PanelDocument:
    named = [other for other in found if other.aliases & document.aliases]
    if not named and is_only_one and len(found) == 1:
        return found[0]
    if len(named) != 1:
        how_many = "no" if not named else "more than one"
        raise DatasetError(f"There is {how_many} prediction for the book “{document.title}”.")
    return named[0]


def _documents_in(file: Path) -> Iterator[PanelDocument]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise DatasetError(f"{file} is no JSON: {error}.") from error
    values = content if isinstance(content, list) else [content]
    names = [] if isinstance(content, list) else [file.name.removesuffix(".json")]
    for value in values:
        try:
            yield _document(value, names)
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(f"{file} is no document of panels ({type(error).__name__}: {error}).") from error


def _document(value: dict[str, object], names: Iterable[str]) -> PanelDocument:
    title = _text(value["book"])
    aliases = {title, *names} | ({_text(value["file"])} if "file" in value else set())
    pages = [_page(page) for page in _items(value["pages"])]
    if len({page.name for page in pages}) != len(pages):
        raise ValueError(f"a page of “{title}” stands there twice")
    return PanelDocument(title, frozenset(map(_bare, aliases)), {page.name: page for page in pages})


def _page(value: dict[str, object]) -> PanelPage:
    boxes = np.array([panel["box"] for panel in _items(value["panels"])], dtype=np.float64).reshape(-1, 4)
    if not np.isfinite(boxes).all() or (boxes[:, 2:] < 0).any():
        raise ValueError(f"a box of {value['name']} has no size")
    boxes[:, 2:] += boxes[:, :2]
    if len(boxes):
        width, height = value["width"], value["height"]
        if not isinstance(width, int) or not isinstance(height, int) or min(width, height) < 1:
            raise ValueError(f"{value['name']} has panels but no size")
        boxes /= [width, height, width, height]
    ms = value.get("ms")
    return PanelPage(_text(value["name"]), boxes, float(ms) if isinstance(ms, int | float) else None)


def _items(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise TypeError("a list of objects was expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a name was expected")
    return value


def _bare(name: str) -> str:
    """A book's name without folder and suffix."""
    last = PurePosixPath(name).name
    stem, suffix = PurePosixPath(last).stem, PurePosixPath(last).suffix.casefold()
    return (stem if suffix in _BOOK_SUFFIXES else last).casefold()

"""Panels and texts as a file of another program tells them, before it is known to which pages they belong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from comicreader.domain.geometry import Polygon, bounding_box
from comicreader.domain.panels import Panel

MAX_COORDINATE = 1e7
"""No page is larger; what lies beyond is a mistake or an attack."""


@dataclass(frozen=True, slots=True)
class ImportedPanel:
    """One panel of a file.

    Attributes:
        corners: x and y of each, in the page's unit of length; three or more.
        text: what is told for it; empty where the file tells nothing.
    """

    corners: tuple[tuple[float, float], ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class ImportedPage:
    """One page of a file.

    Attributes:
        name: the picture it is about, a path as the file writes it.
        panels: in reading order.
        extent: width and height of the whole page in the unit of its corners; None where these are page pixels.
    """

    name: str
    panels: tuple[ImportedPanel, ...]
    extent: tuple[float, float] | None = None


def placed(page: ImportedPage, width: int, height: int) -> tuple[tuple[Panel, str], ...]:
    """The panels in page pixels, each with its text, cut off at the page's borders.

    Args:
        page: what the file says.
        width: of the page, page pixels.
        height: of the page, page pixels.

    Returns:
        In reading order; panels of which nothing lies on the page are left out.
    """
    across, down = page.extent or (width, height)
    found = []
    for panel in page.panels:
        corners = [(x * width / across, y * height / down) for x, y in panel.corners]
        polygon = _without_repeats([(_within(x, width), _within(y, height)) for x, y in corners])
        if len(polygon) >= 3 and bounding_box(polygon).area:
            found.append((Panel(polygon), panel.text))
    return tuple(found)


def match_pages(imported: Sequence[ImportedPage], page_names: Sequence[str]) -> dict[int, ImportedPage]:
    """Which page of a book each page of a file is: the same path, else the only one of that name, or of that stem.

    Args:
        imported: the file's pages; of two about one picture the first one that has panels counts.
        page_names: the members' names in the book.

    Returns:
        Index of the book's page -> the file's page. Pages without panels are left out.
    """
    found: dict[int, ImportedPage] = {}
    places = [(key, _places_by(key, page_names)) for key in (_path, _file_name, _stem)]
    for page in imported:
        known = (place_of.get(key(page.name)) for key, place_of in places)
        place = next((place for place in known if place is not None), None)
        if place is not None and page.panels:
            found.setdefault(place, page)
    return found


def _places_by(key: Callable[[str], str], names: Sequence[str]) -> dict[str, int]:
    """The places of names that no other one equals in what `key` makes of them."""
    count = Counter(map(key, names))
    return {key(name): place for place, name in enumerate(names) if count[key(name)] == 1}


def _path(name: str) -> str:
    """A path as archives write it."""
    return str(PurePosixPath(name.replace("\\", "/")))


def _file_name(name: str) -> str:
    return PurePosixPath(_path(name)).name


def _stem(name: str) -> str:
    return PurePosixPath(_path(name)).stem


def _within(value: float, limit: int) -> int:
    return min(max(round(value), 0), limit)


def _without_repeats(points: Sequence[tuple[int, int]]) -> Polygon:
    """A closed outline without a corner that stands there twice in a row."""
    return tuple(point for point, before in zip(points, [points[-1], *points[:-1]], strict=True) if point != before)

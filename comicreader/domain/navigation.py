"""Stepping through a book panel by panel or page by page.

How many panels a page has is known only once they were found. A page is therefore entered at its first panel,
or backwards at `LAST_PANEL`, and `settle` makes the place exact as soon as the number is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from comicreader.domain.geometry import polygon_area, polygon_contains
from comicreader.domain.panels import Panel

LAST_PANEL = -1
"""Panel index of "the last panel of a page whose panels are not known yet"."""

PanelCounts = Callable[[int], int | None]
"""Number of panels of a page, by page index; None while it is not known."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a book.

    Attributes:
        page_index: from 0.
        panel_index: from 0 in reading order, or `LAST_PANEL`; None means the page as a whole.
    """

    page_index: int
    panel_index: int | None = None

    def __post_init__(self) -> None:
        if self.page_index < 0 or (self.panel_index is not None and self.panel_index < LAST_PANEL):
            raise ValueError(f"no such place in a book: {self}")


def settle(position: Position, panel_count: int) -> Position:
    """The exact place, now that the page's panels are known.

    Args:
        position: the place; `LAST_PANEL` becomes the last one's index, and so does an index past the end
            (panels found anew may be fewer). A whole page stays one.
        panel_count: number of panels of that page.
    """
    if position.panel_index is None:
        return position
    last = max(0, panel_count - 1)
    panel_index = last if position.panel_index == LAST_PANEL else min(position.panel_index, last)
    return Position(position.page_index, panel_index)


def next_stop(position: Position, panel_counts: PanelCounts, page_count: int) -> Position | None:
    """The panel after this place, on the next page if need be.

    After a whole page comes its first panel. A page whose panels are not known yet is a single stop.

    Returns:
        None at the end of the book.
    """
    count = panel_counts(position.page_index)
    if count is not None:
        following = 0 if position.panel_index is None else (settle(position, count).panel_index or 0) + 1
        if following < count:
            return Position(position.page_index, following)
    if position.page_index + 1 >= page_count:
        return None
    return Position(position.page_index + 1, 0)


def previous_stop(position: Position, panel_counts: PanelCounts) -> Position | None:
    """The panel before this place, on the previous page if need be.

    Before a whole page comes the previous page's last panel.

    Returns:
        None at the start of the book.
    """
    count = panel_counts(position.page_index)
    if count is not None and position.panel_index is not None:
        panel_index = settle(position, count).panel_index
        if panel_index:
            return Position(position.page_index, panel_index - 1)
    if position.page_index == 0:
        return None
    return last_stop(panel_counts, position.page_index)


def next_page(position: Position, page_count: int) -> Position | None:
    """The next page as a whole; None on the last page."""
    return Position(position.page_index + 1) if position.page_index + 1 < page_count else None


def previous_page(position: Position) -> Position | None:
    """The previous page as a whole; None on the first page."""
    return Position(position.page_index - 1) if position.page_index > 0 else None


def first_stop() -> Position:
    """The first panel of the book."""
    return Position(0, 0)


def last_stop(panel_counts: PanelCounts, page_count: int) -> Position:
    """The last panel of the last page; `LAST_PANEL` where that page's panels are not known yet.

    Args:
        panel_counts: number of panels of each page.
        page_count: number of pages, at least 1.
    """
    count = panel_counts(page_count - 1)
    position = Position(page_count - 1, LAST_PANEL)
    return position if count is None else settle(position, count)


def stop_at(page_index: int, panels: Sequence[Panel], point: tuple[float, float]) -> Position | None:
    """The panel under a point of the page, the smallest where an inset lies on its host.

    Args:
        page_index: the page that was clicked.
        panels: its panels in reading order.
        point: x and y, page pixels.

    Returns:
        None where there is no panel.
    """
    hit = [index for index, panel in enumerate(panels) if polygon_contains(panel.polygon, point)]
    if not hit:
        return None
    return Position(page_index, min(hit, key=lambda index: polygon_area(panels[index].polygon)))

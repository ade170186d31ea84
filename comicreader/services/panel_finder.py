"""The panels of a page: those the library knows, else found now and kept."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from comicreader.domain.book import Direction, PageImage
from comicreader.domain.panel_detection import DETECTOR_VERSION, find_panels
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.library_records import PanelsChange


@dataclass(frozen=True, slots=True)
class FoundPanels:
    """The panels of a page and where they come from.

    Attributes:
        panels: in reading order, with ids.
        by_person: whether a person drew or ordered them.
        detection_ms: how long finding them took, milliseconds; None where the library knew them.
    """

    panels: tuple[Panel, ...]
    by_person: bool
    detection_ms: float | None = None


class PanelFinder:
    """Finds panels off the event loop's thread, once for each page, detector and direction."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def panels_for(self, page: PageImage, direction: Direction) -> tuple[Panel, ...]:
        """The page's panels in reading order, with ids.

        Raises:
            LibraryError: the library cannot be read or written.
        """
        return (await self.look(page, direction)).panels

    async def look(self, page: PageImage, direction: Direction) -> FoundPanels:
        """The page's panels, and how they came about.

        Raises:
            LibraryError: the library cannot be read or written.
        """
        return await asyncio.to_thread(self._look, page, direction)

    async def detect_again(self, page: PageImage, direction: Direction) -> PanelsChange:
        """Let detection have the last word on a page that a person has edited; it can be undone.

        Raises:
            LibraryError: the library cannot be read or written.
        """
        return await asyncio.to_thread(self._detect_again, page, direction)

    def _detect_again(self, page: PageImage, direction: Direction) -> PanelsChange:
        found = find_panels(page.pixels, page.width, page.height, direction)
        return self._library.store_redetected_panels(page.page_id, found, _version(direction))

    def _look(self, page: PageImage, direction: Direction) -> FoundPanels:
        version = _version(direction)
        stored = self._library.panels_of(page.page_id)
        if stored is not None and (stored.by_person or stored.detector_version == version):
            return FoundPanels(stored.panels, stored.by_person)
        started = time.perf_counter()
        found = find_panels(page.pixels, page.width, page.height, direction)
        detection_ms = 1000 * (time.perf_counter() - started)
        panels = self._library.store_detected_panels(page.page_id, found, version)
        return FoundPanels(panels, by_person=False, detection_ms=detection_ms)


def _version(direction: Direction) -> str:
    """The order is part of what was found: the other direction asks for another look."""
    return f"{DETECTOR_VERSION}/{direction.value}"

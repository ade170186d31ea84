"""The panels of a page: those the library knows, else found now and kept."""

from __future__ import annotations

import asyncio

from comicreader.domain.book import Direction, PageImage
from comicreader.domain.panel_detection import DETECTOR_VERSION, find_panels
from comicreader.domain.panels import Panel
from comicreader.services.library import Library


class PanelFinder:
    """Finds panels off the event loop's thread, once for each page, detector and direction."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def panels_for(self, page: PageImage, direction: Direction) -> tuple[Panel, ...]:
        """The page's panels in reading order, with ids.

        Raises:
            LibraryError: the library cannot be read or written.
        """
        return await asyncio.to_thread(self._panels_for, page, direction)

    def _panels_for(self, page: PageImage, direction: Direction) -> tuple[Panel, ...]:
        # The order is part of what was found: the other direction asks for another look.
        version = f"{DETECTOR_VERSION}/{direction.value}"
        stored = self._library.panels_of(page.page_id)
        if stored is not None and (stored.by_person or stored.detector_version == version):
            return stored.panels
        found = find_panels(page.pixels, page.width, page.height, direction)
        return self._library.store_detected_panels(page.page_id, found, version)

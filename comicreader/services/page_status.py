"""How far a page is: what the library knows of its panels and captions, in numbers for a list of pages."""

from __future__ import annotations

from dataclasses import dataclass

from comicreader.domain.panels import DOUBTFUL_CONFIDENCE
from comicreader.services.library import Library


@dataclass(frozen=True, slots=True)
class PageStatus:
    """What is known of a page whose panels were found.

    Attributes:
        panel_count: its panels.
        told_count: those of them that have a caption.
        is_doubtful: whether detection is unsure of one of them; never of what a person drew or found right.
        is_corrected: whether the panels are a person's.
    """

    panel_count: int
    told_count: int
    is_doubtful: bool
    is_corrected: bool


def page_status(library: Library, page_id: str) -> PageStatus | None:
    """A page's status; None where its panels were never found.

    Raises:
        LibraryError: the library cannot be read.
    """
    stored = library.panels_of(page_id)
    if stored is None:
        return None
    return PageStatus(
        panel_count=len(stored.panels),
        told_count=len(library.captions_of(page_id)),
        is_doubtful=any(panel.confidence < DOUBTFUL_CONFIDENCE for panel in stored.panels),
        is_corrected=stored.by_person,
    )

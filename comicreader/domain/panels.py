"""What a panel is."""

from __future__ import annotations

from dataclasses import dataclass

from comicreader.domain.geometry import Box, Polygon, bounding_box

DOUBTFUL_CONFIDENCE = 0.5
"""A page with a panel less sure than this is worth a person's look."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of a page, in page pixels.

    Attributes:
        polygon: its corners, clockwise from the top left; three or more, inside the page.
        confidence: 0 (a guess) to 1 (sure); 1 for a panel that a person drew.
        id: the name it has in the library; empty while it is only a proposal.
    """

    polygon: Polygon
    confidence: float = 1.0
    id: str = ""

    @property
    def box(self) -> Box:
        """The polygon's bounding box."""
        return bounding_box(self.polygon)

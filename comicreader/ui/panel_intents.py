"""What a person means by a stroke or a key while panels are corrected: values, all lengths in page pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from comicreader.domain.geometry import Box, Point, Polygon


@dataclass(frozen=True, slots=True)
class MovePanels:
    """Move panels together."""

    panel_ids: frozenset[str]
    right_px: int
    down_px: int


@dataclass(frozen=True, slots=True)
class ReshapePanel:
    """Give a panel this outline."""

    panel_id: str
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class DrawPanel:
    """Add a panel."""

    box: Box


@dataclass(frozen=True, slots=True)
class SplitPanel:
    """Split a panel along the line through two points; part `keeper`, 0 or 1 in reading order, keeps the caption."""

    panel_id: str
    line: tuple[Point, Point]
    keeper: int = 0


@dataclass(frozen=True, slots=True)
class OrderPanels:
    """Put these panels in front, in this order."""

    panel_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergePanels:
    """Make one panel of several."""

    panel_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class DeletePanels:
    """Take panels off the page."""

    panel_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class AcceptPanels:
    """All panels are right as they are."""


PanelIntent: TypeAlias = (
    MovePanels | ReshapePanel | DrawPanel | SplitPanel | OrderPanels | MergePanels | DeletePanels | AcceptPanels
)

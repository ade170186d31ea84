"""Pages and their panels: the library's SQL for them, one open transaction a call.

Detection may run again, with a better detector or the other reading direction. A panel that is found again keeps
its id, and with it its caption and the history of its edits.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from comicreader.domain.geometry import Polygon, intersection_over_union
from comicreader.domain.narration import MODEL_PREFIX
from comicreader.domain.panels import Panel
from comicreader.services.library_records import StoredPanels

# Half the joint area shared: what people take for the same panel.
_SAME_PANEL_IOU = 0.5


def panels_of(connection: sqlite3.Connection, page_id: str) -> StoredPanels | None:
    """The page's panels in reading order; None where none were ever found."""
    page = connection.execute("SELECT panels_by, detector_version FROM pages WHERE page_id = ?", (page_id,)).fetchone()
    if page is None:
        return None
    rows = connection.execute(
        "SELECT panel_id, polygon, confidence FROM panels WHERE page_id = ? AND ordinal IS NOT NULL ORDER BY ordinal",
        (page_id,),
    )
    return StoredPanels(tuple(_panel(*row) for row in rows), detector_version=page[1], by_person=page[0] == "person")


def store_detected_panels(
    connection: sqlite3.Connection, page_id: str, found: Sequence[Panel], detector_version: str, now: str
) -> tuple[Panel, ...]:
    """Make these the page's panels, unless a person drew them; returns what stands now, with ids."""
    stored = panels_of(connection, page_id)
    if stored is not None and stored.by_person:
        return stored.panels
    connection.execute(
        """INSERT INTO pages (page_id, panels_by, detector_version, changed_at) VALUES (?, 'detector', ?, ?)
            ON CONFLICT (page_id) DO UPDATE SET
            detector_version = excluded.detector_version, changed_at = excluded.changed_at""",
        (page_id, detector_version, now),
    )
    panels = named(connection, page_id, found)
    put_panels(connection, page_id, panels)
    return panels


def named(connection: sqlite3.Connection, page_id: str, found: Sequence[Panel]) -> tuple[Panel, ...]:
    """The panels with the ids of those they are the same as, be these out of sight by now, or with new ids."""
    known = {
        panel_id: _panel(panel_id, polygon, confidence)
        for panel_id, polygon, confidence in connection.execute(
            "SELECT panel_id, polygon, confidence FROM panels WHERE page_id = ?", (page_id,)
        )
    }
    ids = _same_panels(found, known, _told_by_people(connection, page_id))
    return tuple(replace(panel, id=ids.get(i) or uuid.uuid4().hex) for i, panel in enumerate(found))


def put_panels(connection: sqlite3.Connection, page_id: str, panels: Sequence[Panel]) -> None:
    """Let exactly these panels, which have ids, be on the page; the others stay out of sight."""
    connection.execute("UPDATE panels SET ordinal = NULL WHERE page_id = ?", (page_id,))
    connection.executemany(
        """INSERT INTO panels (panel_id, page_id, ordinal, polygon, confidence) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (panel_id) DO UPDATE SET
            ordinal = excluded.ordinal, polygon = excluded.polygon, confidence = excluded.confidence""",
        [(panel.id, page_id, i, json.dumps(panel.polygon), panel.confidence) for i, panel in enumerate(panels)],
    )


def _told_by_people(connection: sqlite3.Connection, page_id: str) -> set[str]:
    """Ids of the page's panels whose captions automation may not replace."""
    rows = connection.execute(
        """SELECT panel_id FROM panels JOIN captions USING (panel_id)
            WHERE page_id = ? AND captions.source NOT LIKE ? || '%'""",
        (page_id, MODEL_PREFIX),
    )
    return {panel_id for (panel_id,) in rows}


def _same_panels(found: Sequence[Panel], known: Mapping[str, Panel], precious: Collection[str]) -> dict[int, str]:
    """Which found panels are known ones: index -> id, each used once.

    The best match goes first, but a panel with a person's text before all others: that text must not vanish.
    """
    overlaps = [
        (panel_id in precious, intersection_over_union(panel.box, old.box), index, panel_id)
        for index, panel in enumerate(found)
        for panel_id, old in known.items()
    ]
    same: dict[int, str] = {}
    for _, overlap, index, panel_id in sorted(overlaps, reverse=True):
        if overlap >= _SAME_PANEL_IOU and index not in same and panel_id not in same.values():
            same[index] = panel_id
    return same


def _panel(panel_id: str, polygon: str, confidence: float) -> Panel:
    points: Polygon = tuple((x, y) for x, y in json.loads(polygon))
    return Panel(points, confidence, panel_id)

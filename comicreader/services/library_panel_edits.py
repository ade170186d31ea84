"""What people make of panels: the library's SQL for it, one open transaction a call.

Panels that a person has touched are the person's, all of the page: detection leaves them alone until it is asked to
look again. Every edit is kept with the panels before and after it, so that an undo is one more edit.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import replace

from comicreader.domain.errors import LibraryError
from comicreader.domain.panel_edits import PanelEdit
from comicreader.domain.panels import Panel
from comicreader.services.library_captions import join_texts
from comicreader.services.library_panels import named, panels_of, put_panels, store_detected_panels
from comicreader.services.library_records import PanelEditKind, PanelsChange, StoredPanels


def store_person_panels(
    connection: sqlite3.Connection,
    page_id: str,
    edit: PanelEdit,
    kind: PanelEditKind,
    expected: Sequence[Panel],
    now: str,
) -> PanelsChange:
    """Make what a person drew the page's panels; a merged panel takes the texts of its parts over."""
    before = _standing(connection, page_id)
    if before.panels != tuple(expected):
        raise LibraryError("The panels of this page were changed elsewhere; open the page again.")
    panels = tuple(replace(panel, id=panel.id or uuid.uuid4().hex, confidence=1.0) for panel in edit.panels)
    change = PanelsChange(page_id, before, StoredPanels(panels, "", by_person=True))
    _put(connection, change, kind, now)
    if edit.joined:
        (merged,) = {panel.id for panel in panels} - {panel.id for panel in edit.panels}
        join_texts(connection, merged, edit.joined, now)
    return change


def store_layout(connection: sqlite3.Connection, page_id: str, panels: Sequence[Panel], now: str) -> PanelsChange:
    """Give a page the layout of another; panels that were there in the same place keep their ids."""
    before = _standing(connection, page_id)
    sure = tuple(replace(panel, confidence=1.0) for panel in named(connection, page_id, panels))
    change = PanelsChange(page_id, before, StoredPanels(sure, "", by_person=True))
    return _put(connection, change, PanelEditKind.LAYOUT, now)


def store_redetected_panels(
    connection: sqlite3.Connection, page_id: str, found: Sequence[Panel], detector_version: str, now: str
) -> PanelsChange:
    """Let what detection found stand instead of what a person drew, as the person asked."""
    before = _standing(connection, page_id)
    connection.execute("UPDATE pages SET panels_by = 'detector' WHERE page_id = ?", (page_id,))
    panels = store_detected_panels(connection, page_id, found, detector_version, now)
    change = PanelsChange(page_id, before, StoredPanels(panels, detector_version, by_person=False))
    _note(connection, change, PanelEditKind.DETECT, now)
    return change


def turn_back(connection: sqlite3.Connection, change: PanelsChange, kind: PanelEditKind, now: str) -> PanelsChange:
    """Make `change.before` stand again where `change.after` stands."""
    standing = _standing(connection, change.page_id)
    if standing.panels != change.after.panels:
        raise LibraryError("The panels of this page were changed again since, in another window perhaps.")
    return _put(connection, PanelsChange(change.page_id, standing, change.before), kind, now)


def _standing(connection: sqlite3.Connection, page_id: str) -> StoredPanels:
    stored = panels_of(connection, page_id)
    if stored is None:
        raise LibraryError("This page is not in the library; open it again.")
    return stored


def _put(connection: sqlite3.Connection, change: PanelsChange, kind: PanelEditKind, now: str) -> PanelsChange:
    """Write the panels that stand now and the edit that led to them."""
    after = change.after
    put_panels(connection, change.page_id, after.panels)
    connection.execute(
        "UPDATE pages SET panels_by = ?, detector_version = ?, changed_at = ? WHERE page_id = ?",
        ("person" if after.by_person else "detector", after.detector_version, now, change.page_id),
    )
    _note(connection, change, kind, now)
    return change


def _note(connection: sqlite3.Connection, change: PanelsChange, kind: PanelEditKind, now: str) -> None:
    connection.execute(
        "INSERT INTO panel_edits (page_id, kind, before, after, made_at) VALUES (?, ?, ?, ?, ?)",
        (change.page_id, kind.value, _json(change.before), _json(change.after), now),
    )


def _json(stored: StoredPanels) -> str:
    """The panels as the history keeps them; a detector's with its version."""
    panels = [{"id": panel.id, "polygon": panel.polygon, "confidence": panel.confidence} for panel in stored.panels]
    return json.dumps({"by_person": stored.by_person, "detector": stored.detector_version, "panels": panels})

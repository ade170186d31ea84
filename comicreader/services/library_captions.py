"""Captions and edits: the library's SQL for them, one open transaction a call.

A caption is what stands now. Automation replaces only what automation wrote; everything a person does is an edit,
and edits are only ever added, so that an undo is one more of them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from comicreader.domain.errors import LibraryError
from comicreader.domain.narration import IMPORTED, PERSON, Caption
from comicreader.services.library_records import ACCEPT, CHOOSE, IMPORT, JOIN, REGENERATE, CaptionChange


def captions_of(connection: sqlite3.Connection, page_id: str) -> dict[str, Caption]:
    """The captions of the panels the page has now, by panel id."""
    rows = connection.execute(
        """SELECT panel_id, text, source, captions.confidence, context FROM captions JOIN panels USING (panel_id)
            WHERE page_id = ? AND ordinal IS NOT NULL""",
        (page_id,),
    )
    return {panel_id: _caption(*row) for panel_id, *row in rows}


def store_generated(connection: sqlite3.Connection, panel_id: str, caption: Caption, now: str) -> Caption:
    """Put a model's caption in place, unless a text stands that is no model's; returns what stands now."""
    standing = _standing(connection, panel_id)
    if standing is not None and not standing.is_proposal:
        return standing
    _put(connection, panel_id, caption, now)
    return caption


def save_edit(
    connection: sqlite3.Connection,
    panel_id: str,
    text: str,
    kind: str,
    seconds: float,
    now: str,
    alternatives: Sequence[str] = (),
) -> CaptionChange:
    """Make a person's text the caption, unless it is the caption already and need not be accepted or chosen."""
    page_id = _page_of(connection, panel_id)
    before = _standing(connection, panel_id)
    if before is not None and before.text == text and kind not in (ACCEPT, CHOOSE):
        return CaptionChange(panel_id, page_id, before, before)
    after = Caption(text, PERSON, context=() if before is None else before.context)
    change = CaptionChange(panel_id, page_id, before, after)
    return _change(connection, change, kind, seconds, now, alternatives)


def store_regenerated(connection: sqlite3.Connection, panel_id: str, caption: Caption, now: str) -> CaptionChange:
    """Put the new proposal that a person asked for in place, unless a text stands that is no model's."""
    page_id = _page_of(connection, panel_id)
    before = _standing(connection, panel_id)
    if before is not None and not before.is_proposal:
        return CaptionChange(panel_id, page_id, before, before)
    return _change(connection, CaptionChange(panel_id, page_id, before, caption), REGENERATE, 0.0, now)


def store_imported(connection: sqlite3.Connection, panel_id: str, text: str, now: str) -> CaptionChange:
    """Put a file's text in place, unless a person's text stands or the same one."""
    page_id = _page_of(connection, panel_id)
    before = _standing(connection, panel_id)
    if before is not None and (before.source == PERSON or before.text == text):
        return CaptionChange(panel_id, page_id, before, before)
    return _change(connection, CaptionChange(panel_id, page_id, before, Caption(text, IMPORTED)), IMPORT, 0.0, now)


def join_texts(connection: sqlite3.Connection, panel_id: str, from_ids: Sequence[str], now: str) -> None:
    """Make the texts of merged panels the caption of the new one, in their order; proposals are left out."""
    standing = [_standing(connection, from_id) for from_id in from_ids]
    theirs = [caption for caption in standing if caption is not None and not caption.is_proposal]
    if theirs:
        text = " ".join(caption.text for caption in theirs if caption.text)
        source = PERSON if any(caption.source == PERSON for caption in theirs) else IMPORTED
        page_id = _page_of(connection, panel_id)
        _change(connection, CaptionChange(panel_id, page_id, None, Caption(text, source)), JOIN, 0.0, now)


def turn_back(connection: sqlite3.Connection, change: CaptionChange, kind: str, now: str) -> CaptionChange:
    """Make `change.before` stand again, where `change.after` stands or a mere proposal."""
    standing = _standing(connection, change.panel_id)
    if standing != change.after and standing is not None and not standing.is_proposal:
        raise LibraryError("This caption was changed again since, in another window perhaps; it is left as it is.")
    return _change(connection, CaptionChange(change.panel_id, change.page_id, standing, change.before), kind, 0.0, now)


def _change(
    connection: sqlite3.Connection,
    change: CaptionChange,
    kind: str,
    seconds: float,
    now: str,
    alternatives: Sequence[str] = (),
) -> CaptionChange:
    """Write the new caption and the edit that led to it, with the other texts that a person could have chosen."""
    if change.after is None:
        connection.execute("DELETE FROM captions WHERE panel_id = ?", (change.panel_id,))
    else:
        _put(connection, change.panel_id, change.after, now)
    connection.execute(
        """INSERT INTO edits (panel_id, kind, draft_text, draft_source, draft_context,
            result_text, result_source, result_context, seconds, made_at, alternatives)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            change.panel_id,
            kind,
            *_edit_columns(change.before),
            *_edit_columns(change.after),
            seconds,
            now,
            json.dumps(list(alternatives), ensure_ascii=False) if alternatives else None,
        ),
    )
    return change


def _put(connection: sqlite3.Connection, panel_id: str, caption: Caption, now: str) -> None:
    _page_of(connection, panel_id)
    connection.execute(
        """INSERT OR REPLACE INTO captions (panel_id, text, source, confidence, context, written_at)
            VALUES (?, ?, ?, ?, ?, ?)""",
        (panel_id, caption.text, caption.source, caption.confidence, json.dumps(caption.context), now),
    )


def _page_of(connection: sqlite3.Connection, panel_id: str) -> str:
    row = connection.execute("SELECT page_id FROM panels WHERE panel_id = ?", (panel_id,)).fetchone()
    if row is None:
        raise LibraryError("This panel is not in the library; open its page again.")
    return str(row[0])


def _standing(connection: sqlite3.Connection, panel_id: str) -> Caption | None:
    row = connection.execute(
        "SELECT text, source, confidence, context FROM captions WHERE panel_id = ?", (panel_id,)
    ).fetchone()
    return None if row is None else _caption(*row)


def _caption(text: str, source: str, confidence: float, context: str) -> Caption:
    return Caption(text, source, confidence, tuple(json.loads(context)))


def _edit_columns(caption: Caption | None) -> tuple[str | None, str | None, str | None]:
    if caption is None:
        return None, None, None
    return caption.text, caption.source, json.dumps(caption.context)

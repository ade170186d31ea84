"""What the library hands out: frozen values, detached from the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from comicreader.domain.book import Direction
from comicreader.domain.narration import Caption
from comicreader.domain.navigation import Position
from comicreader.domain.panels import Panel
from trainer.style_card import StyleCard

EDIT, ACCEPT, REGENERATE, UNDO, REDO, JOIN = "edit", "accept", "regenerate", "undo", "redo", "join"
"""Kinds of edits: another text, a proposal found good as it is, another proposal asked for, the way back and forth,
and the texts of panels that were merged. They are kept with each edit and will be training data."""

CHOOSE = "choose"
"""The kind of edit that took one of several wordings; the others are kept with it."""

IMPORT = "import"
"""The kind of edit that took a text from a file."""


class PanelEditKind(StrEnum):
    """What a person did to the panels of a page; kept with each edit."""

    MOVE = "move"
    RESHAPE = "reshape"
    SPLIT = "split"
    MERGE = "merge"
    DELETE = "delete"
    ADD = "add"
    RENUMBER = "renumber"
    LAYOUT = "layout"
    ACCEPT = "accept"
    DETECT = "detect"
    UNDO = "undo"
    REDO = "redo"


@dataclass(frozen=True, slots=True)
class BookRecord:
    """What is remembered of a book.

    Attributes:
        book_id: its number in the library.
        path: where it was opened last.
        title: its title then.
        page_count: its pages then.
        direction: the person's choice; None where the file decides.
        position: where reading stopped.
        last_opened: when, UTC.
        style_card: how it is to be told.
    """

    book_id: int
    path: Path
    title: str
    page_count: int
    direction: Direction | None
    position: Position
    last_opened: datetime
    style_card: StyleCard


@dataclass(frozen=True, slots=True)
class StoredPanels:
    """The panels of a page.

    Attributes:
        panels: in reading order, with ids.
        detector_version: what found them; empty where a person drew them.
        by_person: whether a person drew or ordered them: detection then leaves them alone.
    """

    panels: tuple[Panel, ...]
    detector_version: str
    by_person: bool


@dataclass(frozen=True, slots=True)
class CaptionVectors:
    """What a narrator's process makes of a person's caption and its picture, to be remembered without the picture.

    Attributes:
        panel_id: the panel.
        book_id: the book it was seen in.
        text: the caption.
        seen_by: names what made the vectors.
        picture: the picture's vector, as the process writes it; empty where it has to be seen again.
        meaning: the text's.
    """

    panel_id: str
    book_id: int
    text: str
    seen_by: str
    picture: str
    meaning: str


@dataclass(frozen=True, slots=True)
class CaptionChange:
    """What an edit did; enough to show it, to undo it and to redo it.

    Attributes:
        panel_id: the panel whose caption changed.
        page_id: its page.
        before: the caption that stood; None where there was none.
        after: the caption that stands now; None where there is none (an undone first caption).
    """

    panel_id: str
    page_id: str
    before: Caption | None
    after: Caption | None


@dataclass(frozen=True, slots=True)
class PanelsChange:
    """What an edit of a page's panels did; enough to show it, to undo it and to redo it.

    Attributes:
        page_id: the page.
        before: the panels that stood.
        after: the panels that stand now.
    """

    page_id: str
    before: StoredPanels
    after: StoredPanels

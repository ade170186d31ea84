"""The narration of a book as a JSON document and as text to read.

    {"book": title, "file": name, "pages": [{"name": ..., "width": ..., "height": ..., "panels": [
        {"box": [x, y, width, height], "polygon": [[x, y], ...], "confidence": ...,
         "caption": {"text": ..., "source": ...}}, ...]}]}

Panels stand in reading order; all lengths are page pixels, a confidence is 0 to 1. A panel without a caption has no
"caption". A page whose panels were found just now has "ms", how long that took in milliseconds, and one whose order
was judged an "order_confidence". A page that could not be read or narrated has an "error", one sentence, and `null`
for a size nobody knows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from comicreader.domain.narration import Caption
from comicreader.domain.panels import Panel

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None


@dataclass(frozen=True, slots=True)
class NarratedPanel:
    """A panel and the text told for it, if there is one."""

    panel: Panel
    caption: Caption | None = None


@dataclass(frozen=True, slots=True)
class NarratedPage:
    """One page's part of the narration.

    Attributes:
        name: the member's name in the book.
        width: page pixels; None where the page could not be read.
        height: page pixels; None where the page could not be read.
        panels: in reading order.
        error: one sentence about what went wrong on this page; empty where nothing did.
        ms: how long finding the panels took, milliseconds; None where they were known.
        order_confidence: how sure their order is, 0 to 1; None where nobody judged it.
    """

    name: str
    width: int | None = None
    height: int | None = None
    panels: tuple[NarratedPanel, ...] = ()
    error: str = ""
    ms: float | None = None
    order_confidence: float | None = None


def narration_json(title: str, file_name: str, pages: Sequence[NarratedPage]) -> bytes:
    """The document in UTF-8, each page on a line of its own.

    Args:
        title: the book's.
        file_name: that of the book, by which it is known where its title says something else.
        pages: in the order of the book.
    """
    lines = ",\n".join(json.dumps(_page_value(page), ensure_ascii=False) for page in pages)
    book = f'"book": {json.dumps(title, ensure_ascii=False)}, "file": {json.dumps(file_name, ensure_ascii=False)}'
    text = f'{{{book}, "pages": [\n{lines}\n]}}\n'
    # File names may hold bytes that are no text; escaped like this they are still valid JSON.
    return text.encode("utf-8", errors="backslashreplace")


def page_story(number: int, page: NarratedPage) -> str:
    """One page of the narration to read: a heading, then a paragraph for each panel.

    Args:
        number: the page's number for people, from 1.
        page: what is told.
    """
    paragraphs = [told.caption.text for told in page.panels if told.caption is not None and told.caption.text]
    if page.error:
        paragraphs.append(f"[{page.error}]")
    return "\n\n".join([f"Page {number}", *paragraphs]) + "\n"


def _page_value(page: NarratedPage) -> JsonValue:
    value: dict[str, JsonValue] = {
        "name": page.name,
        "width": page.width,
        "height": page.height,
        "panels": [_panel_value(told) for told in page.panels],
    }
    if page.ms is not None:
        value["ms"] = round(page.ms, 1)
    if page.order_confidence is not None:
        value["order_confidence"] = page.order_confidence
    if page.error:
        value["error"] = page.error
    return value


def _panel_value(told: NarratedPanel) -> JsonValue:
    box = told.panel.box
    value: dict[str, JsonValue] = {
        "box": [box.x, box.y, box.width, box.height],
        "polygon": [[x, y] for x, y in told.panel.polygon],
        "confidence": told.panel.confidence,
    }
    if told.caption is not None:
        value["caption"] = {"text": told.caption.text, "source": told.caption.source}
    return value

"""Readium Guided Navigation: the panels and texts of a book in JSON that other readers understand.

    {"guided": [{"role": ["panel"], "imgref": "page.jpg#xywh=percent:5,4,90,30", "description": {"text": "..."}}, ...]}

A panel's place is a rectangle (W3C Media Fragments 1.0): a slanted panel becomes its bounding box. Which texts are a
person's is not told, nor are pages without panels. The format: https://readium.org/guided-navigation
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote, unquote

from comicreader.domain.errors import ExchangeError
from comicreader.domain.imported_panels import MAX_COORDINATE, ImportedPage, ImportedPanel
from comicreader.domain.interchange import JsonValue, NarratedPage, NarratedPanel

# A ten-thousandth of a percent of the longest page (65,000 px) is a fifteenth of a pixel.
_DECIMALS = 4
_REGION = re.compile(r"xywh=(?:(pixel|percent):)?([^,&]+),([^,&]+),([^,&]+),([^,&]+)")
# Deeper than any reasonable book: parts, chapters, pages, panels, bubbles.
_MAX_DEPTH = 50


def guided_navigation(pages: Sequence[NarratedPage]) -> bytes:
    """The document, UTF-8, a panel a line."""
    objects = [_panel_object(page, told) for page in pages for told in page.panels]
    lines = ",\n".join(json.dumps(value, ensure_ascii=False) for value in objects)
    return f'{{"guided": [\n{lines}\n]}}\n'.encode("utf-8", errors="backslashreplace")


def read_guided_navigation(value: dict[str, object]) -> list[ImportedPage]:
    """The pages of a document, in the order in which they first come.

    Taken are objects with a region of a picture whose role is "panel", or that have no role at all; a description is
    preferred to the text, and what is within a panel (bubbles, sounds) is not read.

    Args:
        value: the parsed JSON.

    Raises:
        ExchangeError: a panel's region is no rectangle.
    """
    panels: dict[tuple[str, bool], list[ImportedPanel]] = {}
    for item in _panel_objects(value.get("guided"), 0):
        picture, _, fragment = str(item["imgref"]).partition("#")
        in_percent, panel = _panel(unquote(fragment), item)
        panels.setdefault((unquote(picture.partition("?")[0]), in_percent), []).append(panel)
    return [
        ImportedPage(name, tuple(found), (100.0, 100.0) if in_percent else None)
        for (name, in_percent), found in panels.items()
    ]


def _panel_object(page: NarratedPage, told: NarratedPanel) -> JsonValue:
    box, width, height = told.panel.box, page.width or 1, page.height or 1
    shares = (box.x / width, box.y / height, box.width / width, box.height / height)
    region = ",".join(_decimal(100 * share) for share in shares)
    name = quote(page.name.encode("utf-8", "surrogateescape"))
    value: dict[str, JsonValue] = {"role": ["panel"], "imgref": f"{name}#xywh=percent:{region}"}
    if told.caption is not None and told.caption.text:
        value["description"] = {"text": told.caption.text}
    return value


def _decimal(number: float) -> str:
    return f"{number:.{_DECIMALS}f}".rstrip("0").rstrip(".")


def _panel_objects(objects: object, depth: int) -> Iterator[dict[str, object]]:
    """The objects that are panels, in reading order."""
    if not isinstance(objects, list) or depth > _MAX_DEPTH:
        return
    for item in objects:
        if not isinstance(item, dict):
            continue
        role, reference = item.get("role"), item.get("imgref")
        is_panel = not role or (isinstance(role, list | str) and "panel" in role)
        if is_panel and isinstance(reference, str) and "#" in reference:
            yield item
        else:
            yield from _panel_objects(item.get("children"), depth + 1)


def _panel(fragment: str, item: dict[str, object]) -> tuple[bool, ImportedPanel]:
    """Whether its corners are percent, and the panel."""
    match = _REGION.search(fragment)
    try:
        numbers = [] if match is None else [float(number) for number in match.groups()[1:]]
    except ValueError:
        numbers = []
    if match is None or not numbers or not all(abs(number) <= MAX_COORDINATE for number in numbers):
        raise ExchangeError(f"“{item['imgref']}” names no rectangle of a page.")
    x, y, width, height = numbers
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    text = _text(item.get("description")) or _text(item.get("text"))
    return match[1] == "percent", ImportedPanel(corners, text.strip())


def _text(value: object) -> str:
    """The words of a description or text, which may be a string or an object with one."""
    if isinstance(value, dict):
        return _text(value.get("text") or value.get("plain"))
    return value if isinstance(value, str) else ""

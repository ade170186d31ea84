"""Reading of our own JSON documents (`interchange`): panels found, corrected or told elsewhere come back."""

from __future__ import annotations

from comicreader.domain.errors import ExchangeError
from comicreader.domain.imported_panels import MAX_COORDINATE, ImportedPage, ImportedPanel


def read_narration_document(value: dict[str, object]) -> list[ImportedPage]:
    """The pages of a document.

    A panel has a "polygon" or at least a "box"; its caption's text is taken, whoever wrote it. Where a page tells its
    size, its panels fit the page at any size.

    Args:
        value: the parsed JSON, with a list of "pages".

    Raises:
        ExchangeError: a page or a panel is not as the document's shape asks.
    """
    try:
        return [_page(page) for page in value["pages"]] if isinstance(value["pages"], list) else []
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ExchangeError(f"The document has a page or panel that cannot be read ({error}).") from error


def _page(value: dict[str, object]) -> ImportedPage:
    name, panels = value["name"], value["panels"]
    if not isinstance(name, str) or not isinstance(panels, list):
        raise TypeError("a page needs a name and a list of panels")
    width, height = value.get("width"), value.get("height")
    extent = None if width is None or height is None else (_length(width), _length(height))
    if extent is not None and min(extent) <= 0:
        raise ValueError(f"{name} has no size")
    return ImportedPage(name, tuple(map(_panel, panels)), extent)


def _panel(value: dict[str, object]) -> ImportedPanel:
    polygon = value.get("polygon")
    if isinstance(polygon, list):
        corners = tuple((_length(x), _length(y)) for x, y in polygon)
    else:
        box = value["box"]
        if not isinstance(box, list):
            raise TypeError("a box is a list of four numbers")
        x, y, width, height = map(_length, box)
        corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    if len(corners) < 3:
        raise ValueError("a polygon has three corners or more")
    caption = value.get("caption")
    text = caption.get("text") if isinstance(caption, dict) else ""
    return ImportedPanel(corners, text.strip() if isinstance(text, str) else "")


def _length(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= MAX_COORDINATE:
        raise ValueError(f"{value!r} is no length on a page")
    return float(value)

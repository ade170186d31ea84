"""The panels of a book as a `.cbxy` file, version 0.1: a ZIP with a JSON file for each page.

    page-001.json: {"page": "page-001.jpg", "width": 1680, "height": 2583, "panels": [{"x": ..., "y": ..., "w": ...,
        "h": ...}, ...]}, shares of the page's width and height, in reading order

The format knows boxes. The corners of a panel that is none are added as "polygon" ([[x, y], ...], shares as well),
which other programs ignore as the format asks of them. Texts and the reading direction it does not hold. The format:
https://github.com/ngafar/cbxy
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from comicreader.domain.errors import ExchangeError
from comicreader.domain.imported_panels import MAX_COORDINATE, ImportedPage, ImportedPanel
from comicreader.domain.interchange import JsonValue, NarratedPage
from comicreader.domain.panels import Panel

# A millionth of the longest page (65,000 px) is less than a tenth of a pixel.
_DECIMALS = 6
# A box is that of its polygon where no side differs by more; else another program has moved the box.
_SAME_BOX = 2e-5
# Real entries have a few kilobytes; a megabyte leaves room for pages of thousands of panels and refuses bombs.
_MAX_ENTRY_BYTES = 1 << 20
# All entries together, likewise.
_MAX_TOTAL_BYTES = 64 << 20

_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError)


def cbxy_archive(pages: Sequence[NarratedPage]) -> bytes:
    """The file; the same panels make the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for page in pages:
            if page.width is None or page.height is None:
                continue
            name = zipfile.ZipInfo(_entry_name(page.name, archive.namelist()))  # with the time of 1980
            name.compress_type = zipfile.ZIP_DEFLATED
            panels: list[JsonValue] = [_panel_value(told.panel, page.width, page.height) for told in page.panels]
            value = {"page": page.name, "width": page.width, "height": page.height, "panels": panels}
            archive.writestr(name, json.dumps(value, indent=1) + "\n")
    return stream.getvalue()


def read_cbxy(data: bytes) -> list[ImportedPage]:
    """The pages of a file.

    Raises:
        ExchangeError: it is damaged, or holds no page or one that cannot be read.
    """
    pages = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            total = 0
            for info in archive.infolist():
                if not info.filename.endswith(".json"):
                    continue
                with archive.open(info) as stream:
                    content = stream.read(_MAX_ENTRY_BYTES + 1)
                total += len(content)
                if len(content) > _MAX_ENTRY_BYTES or total > _MAX_TOTAL_BYTES:
                    raise ExchangeError(f"{info.filename} is too large for the panels of a page.")
                pages.append(_page(info.filename, content))
    except _ZIP_ERRORS as error:
        raise ExchangeError(f"The file is damaged and cannot be read ({error}).") from error
    if not pages:
        raise ExchangeError("The archive holds no panels.")
    return pages


def _entry_name(page_name: str, taken: Collection[str]) -> str:
    """The page's name with another suffix, or after it where pictures differ in their suffix only."""
    # names may hold bytes that are no text; "page" has them as they are
    name = page_name.encode("utf-8", "backslashreplace").decode()
    wish = str(PurePosixPath(name).with_suffix(".json"))
    while wish in taken:
        name, wish = f"{name}+", f"{name}.json"
    return wish


def _panel_value(panel: Panel, width: int, height: int) -> JsonValue:
    box = panel.box
    value: dict[str, JsonValue] = {
        "x": round(box.x / width, _DECIMALS),
        "y": round(box.y / height, _DECIMALS),
        "w": round(box.width / width, _DECIMALS),
        "h": round(box.height / height, _DECIMALS),
    }
    if panel.polygon != box.corners:
        value["polygon"] = [[round(x / width, _DECIMALS), round(y / height, _DECIMALS)] for x, y in panel.polygon]
    return value


def _page(entry: str, content: bytes) -> ImportedPage:
    try:
        value = json.loads(content)
        name = value.get("page") or entry
        if not isinstance(name, str):
            raise TypeError("a page's name is text")
        return ImportedPage(name, tuple(map(_panel, value["panels"])), (1.0, 1.0))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ExchangeError(f"{entry} does not tell the panels of a page ({error}).") from error


def _panel(value: dict[str, object]) -> ImportedPanel:
    x, y, width, height = (_share(value[key]) for key in ("x", "y", "w", "h"))
    corners: tuple[tuple[float, float], ...] = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    polygon = value.get("polygon")
    if isinstance(polygon, list) and len(polygon) >= 3:
        outline = tuple((_share(across), _share(down)) for across, down in polygon)
        xs, ys = zip(*outline, strict=True)
        sides = (min(xs) - x, min(ys) - y, max(xs) - x - width, max(ys) - y - height)
        if max(map(abs, sides)) <= _SAME_BOX:
            corners = outline
    return ImportedPanel(corners)


def _share(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= MAX_COORDINATE:
        raise ValueError(f"{value!r} is no share of a page")
    return float(value)

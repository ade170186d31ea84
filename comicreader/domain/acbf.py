"""ACBF (Advanced Comic Book Format) 1.1: the panels of a book as frames and its narration as commentary.

    <page><image href="page.jpg"/>
        <text-layer lang="en"><text-area points="..." type="commentary"><p>...</p></text-area></text-layer>
        <frame points="10,20 410,20 410,300 10,300"/></page>

Frames stand in reading order and keep their corners. The document lies beside the pictures it names, or in an archive
with them; the first page is its cover. Whose text a commentary is, and which way the book is read, ACBF does not say.
The format: https://acbf.fandom.com/wiki/Advanced_Comic_Book_Format_Wiki
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from comicreader.domain.errors import ExchangeError
from comicreader.domain.geometry import Box, Polygon, bounding_box, polygon_area, polygon_contains
from comicreader.domain.imported_panels import MAX_COORDINATE, ImportedPage, ImportedPanel
from comicreader.domain.interchange import NarratedPage

_NAMESPACE = "http://www.acbf.info/xml/acbf/1.1"
# The format wants a language for every text; the narrator tells in English.
_LANGUAGE = "en"
# A commentary is shown over the art: at the foot of its panel it hides this share of it.
_FOOT_FRAC = 0.2
# What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def acbf_document(title: str, pages: Sequence[NarratedPage]) -> bytes:
    """The document, UTF-8.

    Args:
        title: the book's.
        pages: one at least, in the order of the book.
    """
    root = Element("ACBF", {"xmlns": _NAMESPACE})
    metadata = SubElement(root, "meta-data")
    book = SubElement(metadata, "book-info")
    SubElement(SubElement(book, "author"), "nickname").text = "unknown"
    SubElement(book, "book-title", {"lang": _LANGUAGE}).text = _NO_XML.sub("�", title)
    SubElement(book, "genre").text = "other"
    _fill(SubElement(book, "coverpage"), pages[0])
    SubElement(SubElement(book, "languages"), "text-layer", {"lang": _LANGUAGE, "show": "true"})
    SubElement(SubElement(metadata, "publish-info"), "publisher").text = "unknown"
    document = SubElement(metadata, "document-info")
    SubElement(SubElement(document, "author"), "nickname").text = "Comic Reader"
    body = SubElement(root, "body")
    for page in pages[1:] or pages:  # the format wants one page besides the cover
        _fill(SubElement(body, "page"), page)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'.encode()


def read_acbf(data: bytes) -> list[ImportedPage]:
    """The pages of a document, the cover first.

    A commentary belongs to the frame at whose foot it is, else to the smallest one about its middle. Other texts
    (speech, signs) are not read.

    Raises:
        ExchangeError: it is no ACBF document, or a frame has no corners.
    """
    try:
        root: Element = fromstring(data.lstrip(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:  # the last two: unusable encodings
        raise ExchangeError(f"The file is no XML that can be read ({error}).") from error
    if _name(root) != "acbf":
        raise ExchangeError("The file is XML, but no ACBF document.")
    return [_page(element) for element in root.iter() if _name(element) in ("coverpage", "page")]


def _fill(element: Element, page: NarratedPage) -> None:
    """Write a page's picture, texts and frames."""
    SubElement(element, "image", {"href": _NO_XML.sub("�", page.name)})
    told = [(panel.panel.polygon, panel.caption.text) for panel in page.panels if panel.caption and panel.caption.text]
    if told:
        layer = SubElement(element, "text-layer", {"lang": _LANGUAGE})
        for polygon, text in told:
            area = SubElement(layer, "text-area", {"points": _points(_foot(polygon).corners), "type": "commentary"})
            for line in text.splitlines():
                SubElement(area, "p").text = _NO_XML.sub("�", line)
    for panel in page.panels:
        SubElement(element, "frame", {"points": _points(panel.panel.polygon)})


def _foot(polygon: Polygon) -> Box:
    """The lowest part of a panel's bounding box."""
    box = bounding_box(polygon)
    height = max(1, round(_FOOT_FRAC * box.height))
    return Box(box.x, box.bottom - height, box.width, height)


def _points(polygon: Polygon) -> str:
    return " ".join(f"{x},{y}" for x, y in polygon)


def _page(element: Element) -> ImportedPage:
    image = next((child for child in element if _name(child) == "image"), None)
    name = "" if image is None else image.get("href", "")
    frames = [_corners(child.get("points", "")) for child in element if _name(child) == "frame"]
    texts = [""] * len(frames)
    for box, text in _commentaries(element):
        place = _frame_of(box, frames)
        if place is not None:
            texts[place] = f"{texts[place]}\n{text}".strip()
    panels = tuple(ImportedPanel(frame, text) for frame, text in zip(frames, texts, strict=True))
    return ImportedPage(_picture_name(name), panels)


def _frame_of(box: Box, frames: Sequence[Polygon]) -> int | None:
    """The place of the frame to which a commentary belongs; None where it lies on none."""
    for place, frame in enumerate(frames):
        if _foot(frame) == box:
            return place
    about = [place for place, frame in enumerate(frames) if polygon_contains(frame, box.center)]
    return min(about, key=lambda place: polygon_area(frames[place]), default=None)


def _commentaries(page: Element) -> Iterator[tuple[Box, str]]:
    """Place and text of each commentary in the first language that has one."""
    for layer in page:
        if _name(layer) != "text-layer":
            continue
        areas = [area for area in layer if _name(area) == "text-area" and area.get("type") == "commentary"]
        for area in areas:
            paragraphs = (" ".join("".join(child.itertext()).split()) for child in area if _name(child) == "p")
            yield bounding_box(_corners(area.get("points", ""))), "\n".join(filter(None, paragraphs))
        if areas:
            return


def _corners(points: str) -> Polygon:
    try:
        corners = tuple((round(float(x)), round(float(y))) for x, y in (pair.split(",") for pair in points.split()))
    except (ValueError, OverflowError):
        corners = ()
    if len(corners) < 3 or any(max(abs(x), abs(y)) > MAX_COORDINATE for x, y in corners):
        raise ExchangeError(f"“{points[:60]}” is no outline of a frame.")
    return corners


def _picture_name(href: str) -> str:
    """The path of a picture: in the archive, in another archive ("zip:a.cbz!/page.jpg"), or embedded ("#page.jpg")."""
    return unquote(href.rpartition("!")[2].removeprefix("file://").lstrip("#/"))


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].casefold()

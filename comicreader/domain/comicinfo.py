"""ComicInfo.xml, the small file in which comic archives say what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from comicreader.domain.book import BookInfo, Direction

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

COMIC_INFO_NAME = "comicinfo.xml"
"""The file's name in lower case; archives write it in several ways."""

MAX_COMIC_INFO_BYTES = 1 << 20
"""Real ones have a few kilobytes; a megabyte leaves room for long page lists and refuses bombs."""


def parse_comic_info(data: bytes) -> BookInfo:
    """Read the fields a reader needs, from any version of the format, with or without namespace and BOM.

    Only `Manga` "YesAndRightToLeft" sets a direction: plain "Yes" says what the book is, not how it is read.

    Returns:
        What the file says; an empty `BookInfo` where it is too large, malformed or no ComicInfo at all,
        because bad metadata must never keep a book from opening.
    """
    if len(data) > MAX_COMIC_INFO_BYTES:
        return BookInfo()
    try:
        root: Element = fromstring(data.lstrip(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):  # the last two: unusable encodings
        return BookInfo()
    if _local_name(root) != "comicinfo":
        return BookInfo()
    fields = {_local_name(child): " ".join((child.text or "").split()) for child in root}
    is_right_to_left = fields.get("manga", "").casefold() == "yesandrighttoleft"
    return BookInfo(
        title=fields.get("title", ""),
        series=fields.get("series", ""),
        number=fields.get("number", ""),
        direction=Direction.RIGHT_TO_LEFT if is_right_to_left else None,
    )


def title_for_display(info: BookInfo, file_title: str) -> str:
    """The title for window and lists: "Series 6: Title" as far as they are known, else the file's own."""
    series = " ".join(part for part in (info.series, info.number) if part) if info.series else ""
    return ": ".join(part for part in (series, info.title) if part) or file_title


def _local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2].casefold()

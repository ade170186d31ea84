"""Files of panels and texts for other programs, and from them; what a file is, its content decides."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence

from comicreader.domain.acbf import acbf_document, read_acbf
from comicreader.domain.cbxy import cbxy_archive, read_cbxy
from comicreader.domain.errors import ExchangeError
from comicreader.domain.guided_navigation import guided_navigation, read_guided_navigation
from comicreader.domain.imported_panels import ImportedPage
from comicreader.domain.interchange import NarratedPage
from comicreader.domain.narration_reading import read_narration_document

GUIDED_NAVIGATION, ACBF, CBXY = "guided-navigation", "acbf", "cbxy"
FORMAT_OF_SUFFIX = {".json": GUIDED_NAVIGATION, ".acbf": ACBF, ".xml": ACBF, ".cbxy": CBXY}
"""What a file is to become, told from the suffix it is to have."""

MAX_FILE_BYTES = 256 << 20
"""ACBF documents may hold their pictures; a book's has some tens of megabytes."""

# A thousand pages of ten told panels have three megabytes.
_MAX_JSON_BYTES = 64 << 20


def panel_file(file_format: str, title: str, pages: Sequence[NarratedPage]) -> bytes:
    """The content of a file of one of the formats.

    Args:
        file_format: GUIDED_NAVIGATION, ACBF or CBXY.
        title: the book's.
        pages: one at least, in the order of the book; those without panels matter to ACBF only.
    """
    if file_format == ACBF:
        return acbf_document(title, pages)
    return cbxy_archive(pages) if file_format == CBXY else guided_navigation(pages)


def read_panel_file(data: bytes) -> list[ImportedPage]:
    """The pages of a file of any of the formats.

    Raises:
        ExchangeError: it is none of them, or damaged.
    """
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if data.startswith(b"PK"):
        return _read_archive(data)
    if start.startswith(b"<") or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return read_acbf(data)
    if start.startswith(b"{"):
        return _read_json(data)
    raise ExchangeError("The file is neither Guided Navigation JSON nor ACBF nor .cbxy nor one of our own documents.")


def _read_archive(data: bytes) -> list[ImportedPage]:
    """A .cbxy file, or an archive of pictures with an ACBF document."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            document = next((info for info in archive.infolist() if info.filename.casefold().endswith(".acbf")), None)
            if document is None:
                return read_cbxy(data)
            with archive.open(document) as stream:
                return read_acbf(stream.read(MAX_FILE_BYTES))
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise ExchangeError(f"The file is damaged and cannot be read ({error}).") from error


def _read_json(data: bytes) -> list[ImportedPage]:
    """A Guided Navigation document, or one that `comicreader panels` or `comicreader narrate` wrote."""
    if len(data) > _MAX_JSON_BYTES:
        raise ExchangeError(f"The file is larger than {_MAX_JSON_BYTES >> 20} MB, which no book's panels are.")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ExchangeError(f"The file is no JSON that can be read ({error}).") from error
    if isinstance(value, dict) and isinstance(value.get("guided"), list):
        return read_guided_navigation(value)
    if isinstance(value, dict) and isinstance(value.get("pages"), list):
        return read_narration_document(value)
    raise ExchangeError("The file is JSON, but neither a Guided Navigation document nor one of our own.")

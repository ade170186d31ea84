"""PDF books, rendered by PDFium.

A page that is nothing but one JPEG, as in scanned comics, is not rendered: the JPEG is taken out as it is and
decoded at the size wanted, which is several times faster and gives the scan's own pixels.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pypdfium2.raw

from comicreader.domain.book import BookInfo, Direction, PageImage
from comicreader.domain.container import MAX_MEMBERS, printable, reason
from comicreader.domain.errors import BookError, PageError, PasswordRequiredError
from comicreader.domain.page_image import decode_picture
from comicreader.domain.pdf_page import embedded_jpeg, fingerprint, outline, page_size, rendered

# PDFium keeps global state: two threads in it at once crash it or, worse, give wrong pages.
_PDFIUM_LOCK = threading.Lock()

_PDF_ERRORS = (pypdfium2.PdfiumError, OSError, ValueError, RuntimeError, MemoryError)


@dataclass(frozen=True, slots=True)
class _Scan:
    """A page that is one JPEG, still packed."""

    page_id: str
    jpeg: bytes


class PdfBook:
    """A PDF as a book. Must be closed: PDFium's memory is not freed safely by the garbage collector.

    A page's id is its `fingerprint` and "/page", so that inserting a page shifts nothing. Pages that are
    exactly the same (blank ones, say) are told apart by "#2", "#3", ... in the order of the book; to know
    which one a page is, the pages before it are compared when it is first loaded.

    Raises:
        BookError: the file is damaged or has no pages.
        PasswordRequiredError: it is encrypted and the password is missing or wrong.
    """

    warnings: tuple[str, ...] = ()

    def __init__(self, path: Path, password: str | None) -> None:
        self._is_closed = False
        with _PDFIUM_LOCK:
            self._document = _open_document(path, password)
            page_count = len(self._document)
            if 0 < page_count <= MAX_MEMBERS:
                self.info = _info(self._document)
            else:
                self._document.close()
        if not page_count:
            raise BookError(f"{path.name} has no pages.")
        if page_count > MAX_MEMBERS:
            raise BookError(f"{path.name} says that it has {page_count:,} pages, which is no comic.")
        self.display_title = printable(path.stem)  # titles inside PDFs are too often those of a template
        self.page_names = tuple(f"page {number}" for number in range(1, page_count + 1))
        self._outlined = 0  # pages whose outline is known
        self._same_outline: defaultdict[Hashable, list[int]] = defaultdict(list)
        self._fingerprints: dict[int, str] = {}

    def load_page(self, index: int, max_side_px: int | None = None) -> PageImage:
        """Render one page or decode the JPEG it consists of; see `Book.load_page`.

        A page pixel is a pixel of that JPEG, or 1/200 inch of a rendered page.
        """
        name = self.page_names[index]
        with _PDFIUM_LOCK:
            if self._is_closed:
                raise PageError(f"{name} cannot be shown, because its book is closed.")
            try:
                page = self._document[index]
                try:
                    read = self._read(index, page, max_side_px)
                finally:
                    page.close()
            except _PDF_ERRORS as error:
                raise PageError(f"{name} is damaged and cannot be shown ({reason(error)}).") from error
        if isinstance(read, PageImage):
            return read
        picture = decode_picture(read.jpeg, name, max_side_px)
        return PageImage(read.page_id, name, picture.width, picture.height, picture.pixels)

    def close(self) -> None:
        """Free the document; see `Book.close`."""
        with _PDFIUM_LOCK:
            if not self._is_closed:
                self._document.close()
            self._is_closed = True

    def _read(self, index: int, page: pypdfium2.PdfPage, max_side_px: int | None) -> PageImage | _Scan:
        """What only PDFium can do; a JPEG is decoded later, without the lock."""
        name = self.page_names[index]
        page_id = self._page_id(index, page)
        jpeg = embedded_jpeg(page)
        if jpeg is not None:
            return _Scan(page_id, jpeg)
        size = page_size(page)
        if not size.is_usable:
            raise PageError(f"{name} has no area that could be shown.")
        return PageImage(page_id, name, *size.pixels, rendered(page, max_side_px))

    def _page_id(self, index: int, page: pypdfium2.PdfPage) -> str:
        own = self._fingerprint(index, page)
        while self._outlined <= index:
            self._outline_next()
        siblings = self._same_outline[outline(page)]
        number = 1 + sum(self._fingerprint(other) == own for other in siblings if other < index)
        return f"{own}/page" if number == 1 else f"{own}/page#{number}"

    def _outline_next(self) -> None:
        """Sort the next page among those with the same outline; one that cannot be loaded is like no other."""
        try:
            page = self._document[self._outlined]
            try:
                self._same_outline[outline(page)].append(self._outlined)
            finally:
                page.close()
        except pypdfium2.PdfiumError:
            self._same_outline[self._outlined].append(self._outlined)
        self._outlined += 1

    def _fingerprint(self, index: int, page: pypdfium2.PdfPage | None = None) -> str:
        if index not in self._fingerprints:
            loaded = page or self._document[index]
            self._fingerprints[index] = fingerprint(loaded)
            if page is None:
                loaded.close()
        return self._fingerprints[index]


def _open_document(path: Path, password: str | None) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(path, password=password)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            if password is None:
                raise PasswordRequiredError(f"{path.name} is protected by a password.") from error
            raise PasswordRequiredError(f"The password does not open {path.name}.") from error
        if error.err_code == pypdfium2.raw.FPDF_ERR_SUCCESS:  # well-formed, but there is nothing to load
            raise BookError(f"{path.name} has no pages.") from error
        if error.err_code == pypdfium2.raw.FPDF_ERR_SECURITY:
            raise BookError(f"{path.name} is encrypted in a way that is not supported.") from error
        raise BookError(f"{path.name} is damaged or incomplete and cannot be opened.") from error


def _info(document: pypdfium2.PdfDocument) -> BookInfo:
    """The document's own title, and right-to-left where its viewer preferences ask for it."""
    buffer = bytearray(8)
    view = (pypdfium2.raw.c_char * len(buffer)).from_buffer(buffer)
    written = pypdfium2.raw.FPDF_VIEWERREF_GetName(document, b"Direction", view, len(buffer))
    is_right_to_left = bytes(buffer[: max(0, written - 1)]) == b"R2L"
    title = document.get_metadata_value("Title").strip()
    return BookInfo(title=title, direction=Direction.RIGHT_TO_LEFT if is_right_to_left else None)

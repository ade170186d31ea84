"""What the narrator is to remember: the person's captions, taught as they are written and when it starts.

    a person's text -> crop -> narrator -> vectors -> library           (no picture is needed the next time)
    the narrator starts -> the library's vectors -> narrator

Only what stands is remembered: a text that was changed or taken back is forgotten.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Sequence

from comicreader.domain.book import PageImage
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.library_records import CaptionVectors
from comicreader.services.panel_crops import panel_jpeg
from trainer.events import CaptionLearned, ForgetRequest, LearnRequest


class CaptionRecall:
    """Teaches a narrator. All methods raise LibraryError when the library cannot be used."""

    def __init__(self, library: Library, send: Callable[[LearnRequest | ForgetRequest], None]) -> None:
        """Teach nothing yet.

        Args:
            library: has the captions.
            send: gives a request to the narrator if it is running; what is lost is taught when it starts.
        """
        self._library = library
        self._send = send

    async def teach_known(self, panel_id: str | None = None) -> None:
        """Send what can be sent without a picture: of one panel, or everything."""
        for known in await asyncio.to_thread(self._library.data_set.caption_vectors):
            if panel_id not in (None, known.panel_id):
                continue
            self._send(
                LearnRequest(
                    known.panel_id, str(known.book_id), known.text,
                    seen_by=known.seen_by, picture=known.picture, meaning=known.meaning,
                )
            )  # fmt: skip

    async def forget_all(self) -> None:
        """Have everything forgotten; the library keeps it."""
        for known in await asyncio.to_thread(self._library.data_set.caption_vectors):
            self._send(ForgetRequest(known.panel_id))

    async def teach_page(self, book_id: int, page: PageImage, panels: Sequence[Panel]) -> None:
        """Send the person's captions of a page that were never seen with their pictures."""
        texts = await asyncio.to_thread(self._library.data_set.unseen_captions, page.page_id)
        for panel in panels:
            if panel.id in texts:
                jpeg = await asyncio.to_thread(panel_jpeg, page, panel)
                encoded = base64.b64encode(jpeg).decode()
                self._send(LearnRequest(panel.id, str(book_id), texts[panel.id], jpeg_base64=encoded))

    def forget(self, panel_id: str) -> None:
        """A panel's caption is not the person's any more."""
        self._send(ForgetRequest(panel_id))

    async def keep(self, learned: CaptionLearned) -> None:
        """The narrator has seen a caption, or cannot use what was kept of it."""
        vectors = CaptionVectors(
            learned.panel_id, int(learned.book), learned.text, learned.seen_by, learned.picture, learned.meaning
        )
        await asyncio.to_thread(self._library.data_set.store_vectors, vectors)

"""From a page to its captions in the library: the one flow that window and command line share.

    page + panels -> crops -> one request -> captions as they are written -> library -> updates

Captions that stand are not written anew: a person's, an imported one, or one by the same model in the same style. They
are told to the narrator as context, so the story goes on from what the person wrote.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import uuid
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from comicreader.domain.book import PageImage
from comicreader.domain.narration import Caption, model_source, told_in
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.narrator import Narrator, NarratorPhase
from comicreader.services.panel_crops import panel_jpeg
from trainer.dataset import CONTEXT_CAPTIONS, DESCRIPTION
from trainer.events import CaptionPartial, CaptionWritten, NarrateRequest, PanelPicture
from trainer.style_card import StyleCard

_Names = Mapping[str, tuple[str, ...]]

_CARD = "+card-"
# Enough to tell a book's cards apart.
_DIGEST_LETTERS = 8


@dataclass(frozen=True, slots=True)
class CaptionUpdate:
    """News about the caption of one panel.

    Attributes:
        panel_id: the panel.
        caption: its text so far; the caption that stands in the library if `is_final`.
        is_final: whether the caption is whole.
    """

    panel_id: str
    caption: Caption
    is_final: bool


class BookNarrator:
    """Has pages narrated and keeps the captions.

    Attributes:
        style: what captions tell from now on: DESCRIPTION (what is seen) or NARRATION (a story).
        card: how the book is told from now on.
        book_id: the book, whose characters are called by their names; None: nobody is known.
    """

    def __init__(
        self,
        library: Library,
        narrator: Narrator,
        style: str = DESCRIPTION,
        card: StyleCard | None = None,
        book_id: int | None = None,
    ) -> None:
        self._library = library
        self._narrator = narrator
        self.style = style
        self.card = card or StyleCard()
        self.book_id = book_id

    async def narrate_page(
        self,
        page: PageImage,
        panels: Sequence[Panel],
        previous: Sequence[str],
        *,
        only: str | None = None,
        variation: int = 0,
    ) -> AsyncGenerator[CaptionUpdate, None]:
        """Have the captions written that the page still lacks; closing the generator cancels the rest.

        Args:
            page: the page.
            panels: its panels in reading order, with ids.
            previous: captions before the page, oldest first, as `previous_captions` gives them.
            only: id of a panel whose caption is to be written anew; the other panels stay as they are.
            variation: another number, another wording; 0 for the model's best.

        Yields:
            Updates in reading order; none for captions that stand already.

        Raises:
            NarratorError: the narrator has failed or refused the request.
            LibraryError: captions cannot be read or kept.
        """
        names = await self._names()
        pictures = await self._pictures(page, panels, only, names)
        if not pictures:
            return
        style = self.style  # it may change while the page is told
        card = self.card
        request = self._request(pictures, previous, style, variation, card, names)
        async with aclosing(self._narrator.narrate(request)) as answers:
            async for answer in answers:
                source = self._source(style, card, names.get(answer.panel_id, ()))
                context = _context(pictures, answer.panel_id)
                caption = Caption(answer.text.strip(), source, context=context)
                if isinstance(answer, CaptionPartial):
                    yield CaptionUpdate(answer.panel_id, caption, is_final=False)
                elif caption.text:
                    caption = replace(caption, confidence=answer.confidence)
                    kept = await asyncio.to_thread(self._keep, answer.panel_id, caption, only is not None)
                    yield CaptionUpdate(answer.panel_id, kept, is_final=True)

    async def wordings(
        self,
        page: PageImage,
        panels: Sequence[Panel],
        previous: Sequence[str],
        panel_id: str,
        variations: Sequence[int],
    ) -> AsyncGenerator[str, None]:
        """Have a panel told several times, in other words each; nothing is kept.

        Args:
            page: the page.
            panels: its panels in reading order, with ids.
            previous: captions before the page, as for `narrate_page`.
            panel_id: the panel.
            variations: numbers of the wordings.

        Yields:
            A wording, as soon as it is whole.

        Raises:
            NarratorError: the narrator has failed or refused the request.
            LibraryError: captions cannot be read.
        """
        standing = await asyncio.to_thread(self._library.captions_of, page.page_id)
        told = {one: caption.text for one, caption in standing.items() if one != panel_id}
        asked, names = _asked(panels, {panel_id}, told), await self._names()
        pictures = await asyncio.to_thread(_panel_pictures, page, asked, told, names)
        for variation in variations:
            request = self._request(pictures, previous, self.style, variation, self.card, names)
            async with aclosing(self._narrator.narrate(request)) as answers:
                async for answer in answers:
                    if isinstance(answer, CaptionWritten) and answer.panel_id == panel_id and answer.text.strip():
                        yield answer.text.strip()

    def previous_captions(self, page_ids: Sequence[str]) -> tuple[str, ...]:
        """The last captions of the pages before one, oldest first: what the narrator is told of the story so far.

        Args:
            page_ids: ids of the pages before, in the order of the book; the last two or three are enough.

        Raises:
            LibraryError: the library cannot be read.
        """
        texts: list[str] = []
        for page_id in reversed(page_ids):
            stored = self._library.panels_of(page_id)
            if stored is not None:
                captions = self._library.captions_of(page_id)
                told = [captions[panel.id].text for panel in stored.panels if panel.id in captions]
                texts = [text for text in told if text] + texts
            if len(texts) >= CONTEXT_CAPTIONS:
                break
        return tuple(texts[-CONTEXT_CAPTIONS:])

    async def _names(self) -> _Names:
        """Who is in which panel of the book."""
        if self.book_id is None:
            return {}
        return await asyncio.to_thread(self._library.characters.names_by_panel, self.book_id)

    def _request(
        self,
        pictures: tuple[PanelPicture, ...],
        previous: Sequence[str],
        style: str,
        variation: int,
        card: StyleCard,
        names: _Names,
    ) -> NarrateRequest:
        return NarrateRequest(
            uuid.uuid4().hex,
            pictures,
            tuple(previous),
            style,
            variation,
            style_card={} if card == StyleCard() else card.as_json(),
            cast=tuple(sorted({name for seen in names.values() for name in seen})),
            book="" if self.book_id is None else str(self.book_id),
        )

    async def _pictures(
        self, page: PageImage, panels: Sequence[Panel], only: str | None, names: _Names
    ) -> tuple[PanelPicture, ...]:
        """What the narrator is given of the page; nothing where nothing is to be written."""
        standing = await asyncio.to_thread(self._library.captions_of, page.page_id)
        wanted = await self._wanted(panels, standing, only, names)
        if not wanted:
            return ()
        told = {panel_id: caption.text for panel_id, caption in standing.items() if panel_id not in wanted}
        return await asyncio.to_thread(_panel_pictures, page, _asked(panels, wanted, told), told, names)

    async def _wanted(
        self, panels: Sequence[Panel], standing: Mapping[str, Caption], only: str | None, names: _Names
    ) -> set[str]:
        """Ids of the panels whose captions are to be written; starts the narrator only where there is need."""
        if only is not None:
            may_change = only not in standing or standing[only].is_proposal
            return {panel.id for panel in panels if panel.id == only and may_change}
        proposals = {panel_id: caption for panel_id, caption in standing.items() if caption.is_proposal}
        is_untold = {
            panel.id
            for panel in panels
            if panel.id not in standing
            or (panel.id in proposals and not self._is_told_so(proposals[panel.id], names.get(panel.id, ())))
        }
        is_at_work = self._narrator.state.kind in (NarratorPhase.LOADING, NarratorPhase.READY)
        if not is_untold and not is_at_work:
            return set()
        await self._narrator.ready()  # which proposals are this model's own is known only now
        is_foreign = {
            panel_id
            for panel_id, proposal in proposals.items()
            if proposal.source != self._source(self.style, self.card, names.get(panel_id, ()))
        }
        return is_untold | (is_foreign & {panel.id for panel in panels})

    def _is_told_so(self, proposal: Caption, names: Sequence[str]) -> bool:
        """Whether a model wrote it in the style, by the card and with the names of now."""
        return told_in(proposal, self.style) and _mark_in(proposal.source) == _mark(self.card, names)

    def _source(self, style: str, card: StyleCard, names: Sequence[str]) -> str:
        """Names checkpoint, style card with who is seen, and style: what another one of them wrote is written anew."""
        return model_source(self._narrator.model_id + _mark(card, names), style)

    def _keep(self, panel_id: str, caption: Caption, was_asked_for: bool) -> Caption:
        """Store a caption and return what stands now."""
        if was_asked_for:
            return self._library.store_regenerated(panel_id, caption).after or caption
        return self._library.store_generated(panel_id, caption)


def _mark(card: StyleCard, names: Sequence[str]) -> str:
    """What stands behind a checkpoint's id in the source of captions told by a card or with names; else nothing."""
    if card == StyleCard() and not names:
        return ""
    told_by: object = [card.as_json(), list(names)] if names else card.as_json()
    return _CARD + hashlib.sha256(json.dumps(told_by).encode()).hexdigest()[:_DIGEST_LETTERS]


def _mark_in(source: str) -> str:
    """The mark in a caption's source."""
    model_id = source.rpartition("/")[0]
    return model_id[model_id.rfind(_CARD) :] if _CARD in model_id else ""


def _asked(panels: Sequence[Panel], wanted: Collection[str], told: Collection[str]) -> list[Panel]:
    """The panels of a request: up to the last wanted one, less those that have no text and shall have none."""
    end = 1 + max(index for index, panel in enumerate(panels) if panel.id in wanted)
    return [panel for panel in panels[:end] if panel.id in wanted or panel.id in told]


def _context(pictures: Sequence[PanelPicture], panel_id: str) -> tuple[str, ...]:
    """Ids of the panels on the same page whose captions this one is conditioned on, oldest first."""
    ids = [picture.panel_id for picture in pictures]
    index = ids.index(panel_id)
    return tuple(ids[max(0, index - CONTEXT_CAPTIONS) : index])


def _panel_pictures(
    page: PageImage, panels: Sequence[Panel], told: Mapping[str, str], names: _Names
) -> tuple[PanelPicture, ...]:
    """What the narrator is given of each panel: the caption that stands, or the picture."""
    return tuple(
        PanelPicture(panel.id, text=told[panel.id])
        if panel.id in told
        else PanelPicture(panel.id, base64.b64encode(panel_jpeg(page, panel)).decode(), names=names.get(panel.id, ()))
        for panel in panels
    )

"""Decoded pages for the reader: from the cache, or decoded in a thread, or decoded before they are asked for.

Everything but the decoding happens in the event loop's thread, so that nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from comicreader.domain.book import Book, PageImage
from comicreader.domain.errors import PageError

DEFAULT_CACHE_BYTES = 128 << 20
"""Some twenty-eight pages at the height of a screen, or four of 2,560 × 3,609."""

_PREFETCH_STEPS = (1, 2, -1, 3)  # people read on; sometimes they turn back one page
_DECODERS = 2  # one for the page that is asked for, so that it never waits behind one that is prefetched

_Key = tuple[int, int | None]  # page index, longest side in pixels


@dataclass(slots=True)
class _Decode:
    """A page on its way.

    Attributes:
        work: the work in its thread; can be given up while it waits for one.
        result: the same for the event loop.
        waiters: how many callers of `page` wait for it.
    """

    work: Future[PageImage]
    result: asyncio.Future[PageImage]
    waiters: int = 0


class PageLoader:
    """Loads the pages of one book, which stays its owner's to close, after the loader.

    The cache holds as many bytes of pixels as allowed, the longest unused pages leaving first; the page loaded
    last always stays. Callers that ask for one page at one size share its decoding. A failed prefetch is
    forgotten: the error comes when, and only when, the page is asked for.
    """

    def __init__(self, book: Book, cache_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self._book = book
        self._cache_bytes = cache_bytes
        self._cached: OrderedDict[_Key, PageImage] = OrderedDict()  # the longest unused first
        self._used_bytes = 0
        self._decodes: dict[_Key, _Decode] = {}
        self._wanted: list[_Key] = []  # to be prefetched, the next one first
        self._prefetching: _Decode | None = None
        self._is_closed = False
        self._executor = ThreadPoolExecutor(_DECODERS, thread_name_prefix="page-decoder")

    async def page(self, index: int, max_side_px: int | None) -> PageImage:
        """Get one page, decoded no larger than asked for.

        Cancelling the caller gives the decoding up, unless it has begun or others wait for it too.

        Args:
            index: from 0.
            max_side_px: the longest side wanted; None: full size.

        Raises:
            PageError: the page cannot be read or decoded, or the loader is closed.
        """
        if self._is_closed:
            raise PageError("The page cannot be shown, because its book is closed.")
        key = (index, max_side_px)
        if key in self._cached:
            self._cached.move_to_end(key)
            return self._cached[key]
        decode = self._decodes.get(key) or self._start(key)
        decode.waiters += 1
        try:
            return await asyncio.shield(decode.result)
        finally:
            decode.waiters -= 1
            if not decode.waiters and decode.work.cancel():  # it was still waiting for its thread
                self._forget(key, decode)  # at once: the next caller must not share what is given up

    def prefetch(self, index: int, max_side_px: int | None) -> None:
        """Decode the neighbours of a page in the background: the next two, the one before, the third.

        Call it in the event loop's thread each time the reader moves; pages wanted for an earlier place and not
        yet begun are dropped.

        Args:
            index: the page that is being read.
            max_side_px: the size at which its neighbours will be asked for.
        """
        if self._is_closed:
            return
        neighbours = (index + step for step in _PREFETCH_STEPS)
        self._wanted = [(page, max_side_px) for page in neighbours if 0 <= page < len(self._book.page_names)]
        self._prefetch_next()

    async def close(self) -> None:
        """Refuse new work, give up what has not begun, wait for what has, and free the cache.

        Callers of `page` that still wait get their page if its decoding has begun, and are cancelled otherwise.
        """
        self._is_closed = True
        self._wanted.clear()
        decodes = tuple(self._decodes.values())
        for decode in decodes:
            decode.work.cancel()
        await asyncio.gather(*(decode.result for decode in decodes), return_exceptions=True)
        self._executor.shutdown()
        self._cached.clear()
        self._used_bytes = 0

    def _start(self, key: _Key) -> _Decode:
        work = self._executor.submit(self._book.load_page, *key)
        decode = _Decode(work, asyncio.wrap_future(work))
        self._decodes[key] = decode
        decode.result.add_done_callback(lambda _: self._on_decoded(key, decode))
        return decode

    def _forget(self, key: _Key, decode: _Decode) -> None:
        if self._decodes.get(key) is decode:
            del self._decodes[key]

    def _on_decoded(self, key: _Key, decode: _Decode) -> None:
        self._forget(key, decode)
        result = decode.result
        if not result.cancelled() and result.exception() is None and not self._is_closed:
            self._keep(key, result.result())
        if decode is self._prefetching:
            self._prefetching = None
            self._prefetch_next()

    def _prefetch_next(self) -> None:
        """Start the next prefetch, if none is under way: one at a time leaves a processor to the reader."""
        if self._prefetching is not None:
            return
        self._wanted = [key for key in self._wanted if key not in self._cached and key not in self._decodes]
        if self._wanted:
            self._prefetching = self._start(self._wanted.pop(0))

    def _keep(self, key: _Key, page: PageImage) -> None:
        self._cached[key] = page
        self._used_bytes += page.pixels.nbytes
        while self._used_bytes > self._cache_bytes and len(self._cached) > 1:
            _, oldest = self._cached.popitem(last=False)
            self._used_bytes -= oldest.pixels.nbytes

"""The page loader: one decoding for many callers, a cache in bytes, neighbours in advance, a clean end."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest

from comicreader.domain.archive import open_book
from comicreader.domain.book import BookInfo, PageImage
from comicreader.domain.errors import PageError
from comicreader.services.page_loader import PageLoader
from tests.fixtures.comic_files import numbered_pages, page_color, write_cbz

PAGE_BYTES = 10 * 10 * 3


class WatchedBook:
    """A book of plain pages that records which are decoded and can hold decoding back."""

    def __init__(self, page_count: int, broken: frozenset[int] = frozenset()) -> None:
        self.display_title = "watched"
        self.info = BookInfo()
        self.page_names = tuple(f"{index}.png" for index in range(page_count))
        self.warnings: tuple[str, ...] = ()
        self.loaded: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.broken = broken

    def load_page(self, index: int, max_side_px: int | None = None) -> PageImage:
        self.loaded.append(index)
        assert self.gate.wait(5)
        if index in self.broken:
            raise PageError(f"{index}.png is broken.")
        return PageImage(f"id/{index}", f"{index}.png", 10, 10, np.zeros((10, 10, 3), np.uint8))

    def close(self) -> None:
        pass


async def settled(loader: PageLoader, book: WatchedBook, count: int) -> None:
    """Wait until `count` decodings have begun and the loader had time to begin more."""
    for _ in range(500):
        if len(book.loaded) >= count:
            break
        await asyncio.sleep(0.002)
    await asyncio.sleep(0.02)


def test_pages_of_a_real_book_are_loaded_at_the_size_asked_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        book = open_book(write_cbz(tmp_path / "a.cbz", numbered_pages(3)))
        loader = PageLoader(book)
        page = await loader.page(1, 80)
        assert page.pixels.shape == (80, 60, 3)
        assert tuple(page.pixels[40, 30]) == page_color(2)
        assert (await loader.page(1, None)).pixels.shape == (160, 120, 3)
        await loader.close()
        book.close()

    asyncio.run(scenario())


def test_a_page_is_decoded_once_for_all_who_ask_for_it() -> None:
    async def scenario() -> None:
        book = WatchedBook(3)
        loader = PageLoader(book)
        pages = await asyncio.gather(*(loader.page(0, 100) for _ in range(5)))
        assert all(page is pages[0] for page in pages)
        assert await loader.page(0, 100) is pages[0]
        assert book.loaded == [0]
        await loader.page(0, 200)
        assert book.loaded == [0, 0]
        await loader.close()

    asyncio.run(scenario())


def test_the_longest_unused_page_leaves_the_cache_first() -> None:
    async def scenario() -> None:
        book = WatchedBook(4)
        loader = PageLoader(book, cache_bytes=2 * PAGE_BYTES)
        for index in (0, 1, 0, 2):  # 1 is now the longest unused
            await loader.page(index, 100)
        assert book.loaded == [0, 1, 2]
        await loader.page(0, 100)
        await loader.page(1, 100)
        assert book.loaded == [0, 1, 2, 1]
        await loader.close()

    asyncio.run(scenario())


def test_a_page_larger_than_the_cache_is_kept_until_the_next_one() -> None:
    async def scenario() -> None:
        book = WatchedBook(2)
        loader = PageLoader(book, cache_bytes=1)
        assert await loader.page(0, 100) is await loader.page(0, 100)
        await loader.page(1, 100)
        await loader.page(0, 100)
        assert book.loaded == [0, 1, 0]
        await loader.close()

    asyncio.run(scenario())


def test_neighbours_are_decoded_in_advance_in_the_order_people_turn_to_them() -> None:
    async def scenario() -> None:
        book = WatchedBook(10)
        loader = PageLoader(book)
        loader.prefetch(4, 100)
        await settled(loader, book, 4)
        assert book.loaded == [5, 6, 3, 7]
        await loader.page(5, 100)
        assert book.loaded == [5, 6, 3, 7]
        await loader.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(("index", "expected"), [(0, [1, 2, 3]), (8, [9, 7]), (9, [8])])
def test_there_is_nothing_to_prefetch_beyond_the_ends(index: int, expected: list[int]) -> None:
    async def scenario() -> None:
        book = WatchedBook(10)
        loader = PageLoader(book)
        loader.prefetch(index, 100)
        await settled(loader, book, len(expected))
        assert book.loaded == expected
        await loader.close()

    asyncio.run(scenario())


def test_pages_wanted_for_a_place_that_was_left_are_dropped() -> None:
    async def scenario() -> None:
        book = WatchedBook(100)
        book.gate.clear()
        loader = PageLoader(book)
        loader.prefetch(10, 100)
        await settled(loader, book, 1)
        loader.prefetch(50, 100)
        book.gate.set()
        await settled(loader, book, 5)
        assert book.loaded == [11, 51, 52, 49, 53]
        await loader.close()

    asyncio.run(scenario())


def test_a_page_that_is_asked_for_does_not_wait_behind_a_prefetch() -> None:
    async def scenario() -> None:
        book = WatchedBook(100)
        book.gate.clear()
        loader = PageLoader(book)
        loader.prefetch(10, 100)
        await settled(loader, book, 1)
        asked = asyncio.ensure_future(loader.page(70, 100))
        await settled(loader, book, 2)
        assert book.loaded == [11, 70]
        book.gate.set()
        assert (await asked).name == "70.png"
        await loader.close()

    asyncio.run(scenario())


def test_a_page_on_its_way_as_a_prefetch_is_shared() -> None:
    async def scenario() -> None:
        book = WatchedBook(2)
        book.gate.clear()
        loader = PageLoader(book)
        loader.prefetch(0, 100)
        await settled(loader, book, 1)
        asked = asyncio.ensure_future(loader.page(1, 100))
        await asyncio.sleep(0)
        book.gate.set()
        assert (await asked).name == "1.png"
        assert book.loaded == [1]
        await loader.close()

    asyncio.run(scenario())


def test_a_failed_prefetch_is_silent_and_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        book = WatchedBook(4, broken=frozenset({1}))
        loader = PageLoader(book)
        loader.prefetch(0, 100)
        await settled(loader, book, 3)
        assert book.loaded == [1, 2, 3]
        with pytest.raises(PageError, match=r"1\.png is broken"):
            await loader.page(1, 100)
        book.broken = frozenset()
        assert (await loader.page(1, 100)).name == "1.png"
        await loader.close()

    asyncio.run(scenario())
    assert not caplog.records


def test_a_caller_who_gives_up_stops_work_that_has_not_begun_and_nobody_elses() -> None:
    async def scenario() -> None:
        book = WatchedBook(10)
        book.gate.clear()
        loader = PageLoader(book)
        running = [asyncio.ensure_future(loader.page(index, 100)) for index in (0, 1)]  # both threads are busy
        await settled(loader, book, 2)
        given_up = [asyncio.ensure_future(loader.page(5, 100)) for _ in range(2)]
        kept = asyncio.ensure_future(loader.page(6, 100))
        also_6 = asyncio.ensure_future(loader.page(6, 100))
        await asyncio.sleep(0)
        for task in (*given_up, also_6, running[0]):
            task.cancel()
        await asyncio.sleep(0)
        again = asyncio.ensure_future(loader.page(5, 100))  # asks before the loop has seen the cancellation
        await asyncio.sleep(0)
        book.gate.set()
        assert (await kept).name == "6.png"
        assert (await again).name == "5.png"
        assert (await running[1]).name == "1.png"
        assert sorted(book.loaded) == [0, 1, 5, 6]
        await loader.close()

    asyncio.run(scenario())


def test_closing_waits_for_what_has_begun_and_refuses_the_rest() -> None:
    async def scenario() -> None:
        book = WatchedBook(10)
        book.gate.clear()
        loader = PageLoader(book)
        begun = asyncio.ensure_future(loader.page(0, 100))
        loader.prefetch(3, 100)
        await settled(loader, book, 2)
        waiting = asyncio.ensure_future(loader.page(7, 100))
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(loader.close())
        await asyncio.sleep(0.02)
        assert not closing.done()
        book.gate.set()
        await closing
        assert (await begun).name == "0.png"
        assert waiting.cancelled()
        assert sorted(book.loaded) == [0, 4]
        with pytest.raises(PageError, match="closed"):
            await loader.page(0, 100)
        loader.prefetch(0, 100)
        await loader.close()
        assert sorted(book.loaded) == [0, 4]

    asyncio.run(scenario())

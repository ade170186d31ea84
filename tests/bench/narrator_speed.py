"""How long a person waits for captions: cold start to the first caption, then warm, panel by panel.

    python tests/bench/narrator_speed.py [BOOK]

Plays the reader's own path without a window: book, panels, library, a real narrator process. Prints seconds.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

from comicreader.domain.archive import open_book
from comicreader.domain.book import Direction
from comicreader.resources import resource_path
from comicreader.services.book_narrator import BookNarrator
from comicreader.services.library import Library
from comicreader.services.narrator import Narrator, default_command
from comicreader.services.panel_finder import PanelFinder

_PAGE_SIDE_PX = 1600


async def measure(path: Path, library: Library) -> None:
    started = time.perf_counter()
    narrator = Narrator(default_command(), on_state=lambda _: None)
    book_narrator, finder, book = BookNarrator(library, narrator), PanelFinder(library), open_book(path)
    waits: list[float] = []
    words: list[int] = []
    told: list[str] = []
    last = started
    for index in range(len(book.page_names)):
        page = await asyncio.to_thread(book.load_page, index, _PAGE_SIDE_PX)
        panels = await finder.panels_for(page, book.info.direction or Direction.LEFT_TO_RIGHT)
        async with aclosing(book_narrator.narrate_page(page, panels, tuple(told[-3:]))) as updates:
            async for update in updates:
                if update.is_final:
                    now = time.perf_counter()
                    waits.append(now - last)
                    last = now
                    words.append(len(update.caption.text.split()))
                    told.append(update.caption.text)
    await narrator.close()
    book.close()
    warm = sorted(waits[1:])
    print(f"first caption, cold          {waits[0]:.2f} s")
    print(f"warm, {len(warm)} panels: median     {statistics.median(warm):.2f} s")
    print(f"               95 %          {warm[int(0.95 * (len(warm) - 1))]:.2f} s")
    print(f"words a caption, median      {statistics.median(words):.0f}")


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else resource_path("demo", "demo.cbz")
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite3") as library:
        asyncio.run(measure(path, library))


if __name__ == "__main__":
    main()

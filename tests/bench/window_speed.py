"""How fast the window is: start, page turns, a large page from cold, the event loop's lag, memory over a long book.

    python tests/bench/window_speed.py {start,turn,cold,lag,memory,all}

Runs the real program (`ReaderApp`) without a display; each measurement in a process of its own. `lag` has the
embedded narrator at work meanwhile; the others have none.
"""

from __future__ import annotations

import asyncio
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # at run time only after the clock has started
    from comicreader.app import ReaderApp
    from comicreader.ui.page_desk import ReadyPage

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_LARGE_PAGE_PX = (2560, 3609)
_PAGES = 300
_LAG_TICK_S = 0.005
_NO_NARRATOR = [sys.executable, "-c", "import sys; sys.stdin.read()"]  # stays silent, ends with the reader


def large_book(folder: Path) -> Path:
    """A CBZ of 300 pages of 2,560 x 3,609, a megabyte each, each with content of its own."""
    import numpy as np
    from PIL import Image

    generator = np.random.default_rng(0)
    width, height = _LARGE_PAGE_PX
    rough = Image.fromarray(generator.integers(60, 255, (height // 40, width // 40, 3), dtype=np.uint8))
    pixels = np.asarray(rough.resize(_LARGE_PAGE_PX, Image.Resampling.BICUBIC)).astype(np.int16)
    pixels += generator.integers(-9, 10, (height, width, 1), dtype=np.int16)  # paper grain: a scan's size
    for x, y in ((0, 0), (width // 2, 0), (0, height // 2), (width // 2, height // 2)):
        pixels[y : y + 60, x : x + width // 2] = pixels[y : y + height // 2, x : x + 60] = 255  # gutters
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=80)
    path = folder / "large.cbz"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(_PAGES):
            archive.writestr(f"{number:03d}.jpg", buffer.getvalue() + number.to_bytes(2, "big"))
    return path


def run(book: Path, command: list[str], measure: Callable[..., Awaitable[None]]) -> None:
    """Open the book in the real program, measure, close."""
    import qasync

    from comicreader.app import ReaderApp, make_application
    from comicreader.services.library import Library
    from comicreader.services.paths import AppPaths

    async def live(reader: ReaderApp) -> None:
        reader.window.resize(1400, 900)
        try:
            await until_shown(reader, 1, lambda: reader.start(book))
            await measure(reader)
        finally:
            await reader.close()

    with tempfile.TemporaryDirectory() as folder:
        paths = AppPaths.under(Path(folder))
        app = make_application()
        with Library.open(paths.library_file) as library:
            qasync.run(live(ReaderApp(app, paths, library, command)))


async def until_shown(reader: ReaderApp, page: int, ask: Callable[[], object]) -> None:
    """Ask for a page and wait until it is on the screen, painted."""
    is_shown = asyncio.Event()

    def look(ready: ReadyPage) -> None:
        if ready.index == page - 1:
            is_shown.set()

    reader.reader.page_shown.connect(look)
    ask()
    await is_shown.wait()
    reader.reader.page_shown.disconnect(look)
    reader.window.page_view.viewport().repaint()


def start(began: float) -> None:
    """From the start of the process to page 1 of the demo on the screen."""
    from comicreader.resources import resource_path

    async def measure(reader: ReaderApp) -> None:
        print(f"RESULT {time.time() - began:.3f} {'torch' in sys.modules}")

    run(resource_path("demo", "demo.cbz"), _NO_NARRATOR, measure)


def turn() -> None:
    """What a prefetched page turn costs the GUI thread: the key, the new page, its painting."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    async def measure(reader: ReaderApp) -> None:
        busy_ms = []
        for page in range(2, 42):
            await asyncio.sleep(0.7)  # time to read a little: the next page is prefetched
            before = time.thread_time()
            await until_shown(reader, page, lambda: QTest.keyClick(reader.window.page_view, Qt.Key.Key_PageDown))
            busy_ms.append(1000 * (time.thread_time() - before))
        busy_ms.sort()
        print(f"prefetched page turn, GUI thread: median {statistics.median(busy_ms):.1f} ms, "
              f"95 % {busy_ms[int(0.95 * len(busy_ms))]:.1f} ms, longest {busy_ms[-1]:.1f} ms")  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        run(large_book(Path(folder)), _NO_NARRATOR, measure)


def cold() -> None:
    """From asking for a page that nothing has prepared to seeing it."""

    async def measure(reader: ReaderApp) -> None:
        waits_ms = []
        for page in range(20, _PAGES, 20):
            await asyncio.sleep(1.5)  # let the prefetching of the last jump end
            began = time.perf_counter()
            await until_shown(reader, page, partial(reader.reader.go_to_page, page - 1))
            waits_ms.append(1000 * (time.perf_counter() - began))
        print(f"2560 x 3609 JPEG, cold to screen: median {statistics.median(waits_ms):.0f} ms, "
              f"longest of {len(waits_ms)} {max(waits_ms):.0f} ms")  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        run(large_book(Path(folder)), _NO_NARRATOR, measure)


def lag() -> None:
    """How late the event loop is while the embedded narrator writes and pages are prefetched and turned."""
    from comicreader.services.narrator import default_command
    from comicreader.ui.actions import ActionId

    async def measure(reader: ReaderApp) -> None:
        late_ms: list[float] = []

        async def watch() -> None:
            while True:
                began = time.perf_counter()
                await asyncio.sleep(_LAG_TICK_S)
                late_ms.append(1000 * (time.perf_counter() - began - _LAG_TICK_S))

        watching = asyncio.create_task(watch())
        for _ in range(40):
            await asyncio.sleep(0.75)
            reader.window.actions_table[ActionId.NEXT_PANEL].trigger()
        watching.cancel()
        late_ms.sort()
        print(f"event loop late, narrating and prefetching: median {statistics.median(late_ms):.1f} ms, "
              f"99 % {late_ms[int(0.99 * len(late_ms))]:.1f} ms, longest {late_ms[-1]:.1f} ms")  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        run(large_book(Path(folder)), default_command(), measure)


def memory() -> None:
    """How much the process grows while 300 large pages are read."""
    import psutil
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    async def measure(reader: ReaderApp) -> None:
        process = psutil.Process()
        first = process.memory_info().rss
        highest = first
        for page in range(2, _PAGES + 1):
            await until_shown(reader, page, lambda: QTest.keyClick(reader.window.page_view, Qt.Key.Key_PageDown))
            highest = max(highest, process.memory_info().rss)
        print(f"{_PAGES} pages read: {(highest - first) / 2**20:.0f} MiB more at most than with page 1 "
              f"({first / 2**20:.0f} MiB)")  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        run(large_book(Path(folder)), _NO_NARRATOR, measure)


def measure_start() -> None:
    """Five starts after a warm-up, each a process of its own."""
    seconds = []
    for attempt in range(6):
        done = subprocess.run(
            [sys.executable, __file__, "start-once", str(time.time())], capture_output=True, text=True, check=True
        )
        _, elapsed, has_torch = next(line for line in done.stdout.splitlines() if line.startswith("RESULT")).split()
        if has_torch == "True":
            sys.exit("torch was imported in the reader's process")
        if attempt:
            seconds.append(float(elapsed))
    print(f"process start to page 1 of the demo: median {statistics.median(seconds):.2f} s, "
          f"longest of 5 {max(seconds):.2f} s, torch not imported")  # fmt: skip


def main() -> None:
    wanted = sys.argv[1] if len(sys.argv) > 1 else "all"
    if wanted == "start-once":
        start(float(sys.argv[2]))
    elif wanted == "all":
        for name in ("start", "turn", "cold", "lag", "memory"):
            subprocess.run([sys.executable, __file__, name], check=True)
    else:
        {"start": measure_start, "turn": turn, "cold": cold, "lag": lag, "memory": memory}[wanted]()


if __name__ == "__main__":
    main()

"""The queue of panels worth describing: one key goes from one to the next, and knows what was written."""

import pytest

from tests.fixtures.live_reader import LiveReader, Program

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def new_place(reader: LiveReader, before: list[str]) -> bool:
    """Whether the reader is at a panel, known by its number, where it was not before."""
    return "Panel" in reader.place and reader.place not in before


def test_one_key_goes_through_the_panels_that_nobody_described(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        visited: list[str] = []
        for _ in range(6):
            reader.press("Q")
            await reader.until(lambda: "goes on" in reader.message and new_place(reader, visited))
            visited.append(reader.place)
        assert len(set(visited)) == 6
        reader.press("Q")
        await reader.until(lambda: "all panels of this book" in reader.message)
        written: list[str] = []
        for _ in range(6):
            reader.press("Q")
            await reader.until(lambda: "goes on" in reader.message and new_place(reader, written))
            await reader.until(lambda: reader.place.startswith(f"Page {(reader.page or 0) + 1} of"))  # it is shown
            await reader.until_told()
            await reader.write(f"Written at {reader.place}.")
            written.append(reader.place)
        reader.press("Q")
        await reader.until(lambda: "Every panel of this book" in reader.message)

    program.run(scenario, draw_comic(pages=3, columns=2))

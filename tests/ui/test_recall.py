"""What the person writes is remembered by the narrator: at once, after an undo no more, and when it starts again."""

import sqlite3
from contextlib import closing

import pytest

from tests.fixtures.live_reader import LiveReader, Program

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def reciting(program: Program) -> Program:
    """The program with a narrator that says what it remembers."""
    program.narrator = (*program.narrator, "--recite")
    return program


async def until_remembered(reader: LiveReader, program: Program, text: str) -> None:
    """Wait until what was made of a caption is in the library."""

    def is_kept() -> bool:
        with closing(sqlite3.connect(program.paths.library_file)) as library:
            return (text,) in library.execute("SELECT text FROM caption_vectors").fetchall()

    await reader.until(is_kept)


async def anew(reader: LiveReader) -> str:
    """Have the second caption written anew; returns it."""
    before = reader.texts[1]
    reader.press("R")
    await reader.until(lambda: reader.texts[1] != before and reader.captions[1].is_standing)
    return reader.texts[1]


def test_a_caption_is_remembered_taken_back_and_remembered_the_next_time(reciting: Program, draw_comic) -> None:
    async def write(reader: LiveReader) -> None:
        await reader.until_told()
        assert reader.texts[1].endswith("remembering []")
        await reader.write("A witch.")
        await until_remembered(reader, reciting, "A witch.")
        reader.press("N")
        await reader.until_at(1, 2)
        assert "remembering ['A witch.']" in await anew(reader)
        reader.press("Ctrl+Z")
        reader.press("Ctrl+Z")
        await reader.until(lambda: reader.texts[0] != "A witch.")
        await reader.until_at(1, 1)
        reader.press("Ctrl+Shift+Z")
        await reader.until(lambda: reader.texts[0] == "A witch.")
        reader.press("N")
        await reader.until_at(1, 2)
        assert "remembering ['A witch.']" in await anew(reader)  # redone, it is remembered again
        reader.press("Shift+N")
        await reader.until_at(1, 1)
        await reader.write("A witch sleeps.")
        await until_remembered(reader, reciting, "A witch sleeps.")

    async def read_on(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("PgDown")
        await reader.until_at(2, 1)
        await reader.until_told()
        assert all("remembering ['A witch sleeps.']" in text for text in reader.texts)

    async def forget(reader: LiveReader) -> None:
        await reader.until_told()
        assert all("remembering []" in text for text in reader.texts)

    book = draw_comic(pages=3, columns=2)
    reciting.run(write, book)
    reciting.set_up(narrate_automatically=True)
    with closing(sqlite3.connect(reciting.paths.library_file)) as library:
        library.execute("DELETE FROM captions WHERE source != 'person'")
        library.commit()
    reciting.run(read_on, book)
    reciting.set_up(remember_captions=False)
    reciting.run(forget, draw_comic("other.cbz", pages=1, columns=2, seed=5))

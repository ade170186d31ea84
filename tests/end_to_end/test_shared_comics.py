"""Published comics in the window: each opens, has panels, and can be read to its last page."""

from pathlib import Path

import pytest

from tests.fixtures.live_reader import LiveReader, Program


@pytest.mark.shared
@pytest.mark.slow
def test_every_comic_opens_has_panels_and_an_end(program: Program, shared_comics: Path) -> None:
    books = sorted(shared_comics.glob("*.cbz"))
    assert books

    async def scenario(reader: LiveReader) -> None:
        for book in books:
            reader.drop(book)
            await reader.until(lambda book=book: is_open(reader, book) and reader.page == 0 and reader.panels)
            count = reader.program.books.session.page_count
            reader.press("End")
            await reader.until(lambda count=count: reader.page == count - 1 and reader.panels)
            assert f"Page {count} of {count} · Panel 1 of " in reader.place
            assert not reader.message, f"{book.name}: {reader.message}"

    program.set_up(narrate_automatically=False, reduce_motion=True)
    program.run(scenario)


def is_open(reader: LiveReader, book: Path) -> bool:
    session = reader.program.books.session
    return session is not None and session.path == book

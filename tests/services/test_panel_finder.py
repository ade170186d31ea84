import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from comicreader.domain.archive import open_book
from comicreader.domain.book import Direction, PageImage
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.panel_finder import PanelFinder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library.sqlite3") as opened:
        yield opened


@pytest.fixture
def page(draw_comic) -> PageImage:
    book = open_book(draw_comic(columns=2, rows=1))
    loaded = book.load_page(0)
    book.close()
    return loaded


def panels_for(library: Library, page: PageImage, direction: Direction) -> tuple[Panel, ...]:
    return asyncio.run(PanelFinder(library).panels_for(page, direction))


def test_panels_are_found_and_kept(library: Library, page: PageImage) -> None:
    panels = panels_for(library, page, Direction.LEFT_TO_RIGHT)
    assert [panel.box.x for panel in panels] == sorted(panel.box.x for panel in panels)
    assert len(panels) == 2
    stored = library.panels_of(page.page_id)
    assert stored is not None
    assert stored.panels == panels


def test_panels_that_are_known_are_not_looked_for_again(library: Library, page: PageImage) -> None:
    first = panels_for(library, page, Direction.LEFT_TO_RIGHT)
    blank = PageImage(page.page_id, page.name, page.width, page.height, page.pixels * 0 + 255)
    assert panels_for(library, blank, Direction.LEFT_TO_RIGHT) == first


def test_the_other_direction_turns_the_order_and_keeps_the_captions(library: Library, page: PageImage) -> None:
    left, right = panels_for(library, page, Direction.LEFT_TO_RIGHT)
    library.save_edit(left.id, "Mine")
    turned = panels_for(library, page, Direction.RIGHT_TO_LEFT)
    assert [panel.id for panel in turned] == [right.id, left.id]
    assert library.captions_of(page.page_id)[left.id].text == "Mine"


def test_an_older_detectors_panels_are_looked_for_again(library: Library, page: PageImage) -> None:
    whole = Panel(((0, 0), (page.width, 0), (page.width, page.height), (0, page.height)))
    library.store_detected_panels(page.page_id, [whole], "older/ltr")
    assert len(panels_for(library, page, Direction.LEFT_TO_RIGHT)) == 2


def test_asking_twice_at_once_gives_the_same_panels(library: Library, page: PageImage) -> None:
    async def main() -> list[tuple[Panel, ...]]:
        finder = PanelFinder(library)
        return await asyncio.gather(*(finder.panels_for(page, Direction.LEFT_TO_RIGHT) for _ in range(3)))

    first, *others = asyncio.run(main())
    assert others == [first, first]

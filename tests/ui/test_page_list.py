"""The list of pages: pictures, what is told, and which pages are worth a look."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest

from comicreader.domain.geometry import Box
from comicreader.domain.panels import DOUBTFUL_CONFIDENCE, Panel
from comicreader.services.library import Library
from comicreader.services.page_status import PageStatus, page_status
from comicreader.ui.actions import ActionId
from comicreader.ui.page_strip_model import PAGE_ROLE, PageStripModel, StripPage
from tests.fixtures.comic_files import drawn_page, encoded, write_cbz
from tests.fixtures.live_reader import LiveReader, Program


def page(reader: LiveReader, number: int) -> StripPage:
    model = reader.window.pages.list_view.model()
    return model.index(number - 1, 0).data(PAGE_ROLE)


def words(reader: LiveReader, number: int) -> str:
    """What is spoken of a page, and said where the mouse rests."""
    model = reader.window.pages.list_view.model()
    return model.index(number - 1, 0).data(Qt.ItemDataRole.AccessibleTextRole)


def test_the_key_shows_the_list_with_pictures_and_hides_it(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        assert not reader.window.pages.isVisible()
        reader.press("T")
        assert reader.window.pages.isVisible()
        await reader.until(lambda: all(page(reader, number).picture for number in (1, 2, 3)))
        reader.press("T")
        assert not reader.window.pages.isVisible()

    program.run(scenario, draw_comic(pages=3))


def test_only_pages_in_sight_are_decoded(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("T")
        await reader.until(lambda: page(reader, 3).picture)
        assert page(reader, 40).picture is None
        reader.window.pages.list_view.scrollToBottom()
        await reader.until(lambda: page(reader, 40).picture)
        assert page(reader, 20).picture is None

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=40))


def test_a_click_goes_to_the_page_and_the_page_that_is_read_is_marked(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("T")
        pages = reader.window.pages.list_view
        await reader.until(lambda: page(reader, 3).picture)
        place = pages.visualRect(pages.model().index(2, 0)).center()
        QTest.mouseClick(pages.viewport(), Qt.MouseButton.LeftButton, pos=place)
        await reader.until_at(3)
        reader.view.setFocus()
        reader.press("PgUp")
        await reader.until_at(2)
        assert pages.currentIndex().row() == 1

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic(pages=3))


def test_the_list_follows_what_is_told(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("T")
        await reader.until(lambda: words(reader, 1) == "Page 1, 2 of 2 panels told")
        reader.press("PgDown")
        await reader.until(lambda: words(reader, 2) == "Page 2, 2 of 2 panels told")

    program.run(scenario, draw_comic(pages=2))


def test_a_page_that_detection_is_unsure_of_is_marked_until_a_person_says_it_is_right(
    program: Program, tmp_path: Path, draw_comic
) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until(lambda: reader.panels and min(p.confidence for p in reader.panels) < DOUBTFUL_CONFIDENCE)
        reader.press("T")
        await reader.until(lambda: words(reader, 1) == "Page 1, 0 of 1 panels told, its panels are uncertain")
        reader.press("X")
        await reader.until(reader.window.actions_table[ActionId.ACCEPT_PANELS].isEnabled)
        reader.window.actions_table[ActionId.ACCEPT_PANELS].trigger()
        await reader.until(lambda: words(reader, 1) == "Page 1, 0 of 1 panels told, its panels are yours")
        await reader.until(reader.window.actions_table[ActionId.UNDO_PANELS].isEnabled)
        reader.press("Ctrl+Z")
        await reader.until(lambda: words(reader, 1).endswith("uncertain"))

    program.set_up(narrate_automatically=False)
    bare = encoded(np.full((600, 400, 3), 255, np.uint8))
    program.run(scenario, write_cbz(tmp_path / "bare.cbz", {"1.png": bare}))


def test_a_page_that_cannot_be_shown_says_so(program: Program, tmp_path: Path) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("T")
        await reader.until(lambda: page(reader, 2).is_broken)
        assert words(reader, 2) == "Page 2, cannot be shown"

    program.set_up(narrate_automatically=False)
    members = {"1.png": encoded(drawn_page(1, 400, 600)), "2.png": b"no picture"}
    program.run(scenario, write_cbz(tmp_path / "half.cbz", members))


def test_the_list_is_there_again_when_the_program_starts_anew(program: Program, draw_comic) -> None:
    async def show(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.press("T")

    async def look(reader: LiveReader) -> None:
        await reader.until_at(1)
        assert reader.window.pages.isVisible()

    program.set_up(narrate_automatically=False)
    book = draw_comic()
    program.run(show, book)
    program.run(look, book)


def test_the_model_is_a_proper_one(qapp) -> None:
    model = PageStripModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_page_count(3)
    model.set_status(1, PageStatus(4, 2, is_doubtful=False, is_corrected=True))
    assert model.index(1).data(Qt.ItemDataRole.ToolTipRole) == "Page 2, 2 of 4 panels told, its panels are yours"
    model.set_page_count(0)
    assert model.rowCount() == 0
    del tester


@pytest.mark.parametrize(("confidence", "is_doubtful"), [(0.1, True), (DOUBTFUL_CONFIDENCE, False)])
def test_one_doubtful_panel_makes_the_page_doubtful(tmp_path: Path, confidence: float, is_doubtful: bool) -> None:
    with Library.open(tmp_path / "library.sqlite3") as library:
        assert page_status(library, "p") is None
        panels = [Panel(Box(0, 0, 50, 50).corners, 0.9), Panel(Box(60, 0, 50, 50).corners, confidence)]
        first, _ = library.store_detected_panels("p", panels, "d")
        library.save_edit(first.id, "Mine")
        assert page_status(library, "p") == PageStatus(2, 1, is_doubtful, is_corrected=False)

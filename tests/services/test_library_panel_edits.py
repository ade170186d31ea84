"""Panels that a person has corrected: they are truth, and captions stay with them."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from comicreader.domain.archive import open_book
from comicreader.domain.book import Direction, PageImage
from comicreader.domain.errors import LibraryError, PanelEditError
from comicreader.domain.geometry import Box
from comicreader.domain.narration import IMPORTED, PERSON, Caption, model_source
from comicreader.domain.panel_edits import (
    PanelEdit,
    added,
    deleted,
    laid_out,
    merged,
    moved,
    renumbered,
    resized,
    split,
)
from comicreader.domain.panels import Panel
from comicreader.services.library import Library
from comicreader.services.library_records import PanelEditKind, PanelsChange
from comicreader.services.library_schema import MIGRATIONS, backup_path, connect
from comicreader.services.panel_finder import PanelFinder
from tests.fixtures.comic_files import drawn_page, encoded, write_cbz

PAGE_ID, PAGE = "5f3a/page 1.png", Box(0, 0, 300, 400)
MODEL = model_source("model-1", "description")
LTR = Direction.LEFT_TO_RIGHT


@pytest.fixture
def panels(library: Library, two_panels) -> tuple[Panel, ...]:
    """Two detected panels side by side."""
    return library.store_detected_panels(PAGE_ID, two_panels, "d1")


def store(library: Library, edit: PanelEdit, kind: PanelEditKind, page_id: str = PAGE_ID) -> PanelsChange:
    """As the window does: upon the panels that stand."""
    stored = library.panels_of(page_id)
    assert stored is not None
    return library.store_person_panels(page_id, edit, kind, expected=stored.panels)


def texts(library: Library, page_id: str = PAGE_ID) -> list[str | None]:
    """The captions of the page in reading order."""
    stored, captions = library.panels_of(page_id), library.captions_of(page_id)
    assert stored is not None
    return [captions[panel.id].text if panel.id in captions else None for panel in stored.panels]


def history(library_file: Path) -> list[tuple[str, int, int]]:
    """Kind, panels before and panels after of every edit, as another program finds them."""
    with closing(sqlite3.connect(library_file)) as connection:
        rows = connection.execute("SELECT kind, before, after FROM panel_edits ORDER BY edit_id").fetchall()
    return [(kind, len(json.loads(old)["panels"]), len(json.loads(new)["panels"])) for kind, old, new in rows]


def test_corrected_panels_are_kept_and_detection_leaves_them_alone(library: Library, panels, box_panel) -> None:
    change = store(library, moved(panels, {panels[0].id}, 5, 30, PAGE), PanelEditKind.MOVE)
    assert change.before.panels == panels
    assert not change.before.by_person
    assert library.store_detected_panels(PAGE_ID, (box_panel(0, 0, 50, 50),), "d2") == change.after.panels
    stored = library.panels_of(PAGE_ID)
    assert stored == change.after
    assert (stored.by_person, stored.panels[0].box) == (True, Box(5, 30, 100, 100))


def test_every_panel_of_a_page_that_a_person_looked_at_is_sure(library: Library, panels) -> None:
    change = store(library, PanelEdit(panels), PanelEditKind.ACCEPT)
    assert [panel.confidence for panel in change.before.panels] == [0.8, 0.8]
    assert [panel.confidence for panel in change.after.panels] == [1, 1]


def test_a_moved_panel_keeps_its_caption(library: Library, panels) -> None:
    library.store_generated(panels[0].id, Caption("Generated", MODEL))
    library.save_edit(panels[1].id, "Mine")
    store(library, moved(panels, {panel.id for panel in panels}, 40, 150, PAGE), PanelEditKind.MOVE)
    assert texts(library) == ["Generated", "Mine"]


@pytest.mark.parametrize(("keeper", "expected"), [(0, ["Mine", None]), (1, [None, "Mine"])])
def test_the_chosen_part_of_a_split_panel_keeps_the_caption(library: Library, panels, keeper, expected) -> None:
    library.save_edit(panels[0].id, "Mine")
    store(library, split(panels, panels[0].id, ((0, 50), (100, 50)), LTR, keeper), PanelEditKind.SPLIT)
    assert texts(library) == [*expected, None]


def test_merged_panels_join_what_people_wrote_in_reading_order(library: Library, panels, edits) -> None:
    library.save_edit(panels[1].id, "And ends.")
    library.save_edit(panels[0].id, "It begins.")
    store(library, merged(panels, {panel.id for panel in panels}, PAGE), PanelEditKind.MERGE)
    (caption,) = library.captions_of(PAGE_ID).values()
    assert (caption.text, caption.source) == ("It begins. And ends.", PERSON)
    assert edits()[-1][:1] + edits()[-1][3:5] == ("join", "It begins. And ends.", PERSON)


def test_a_merged_panel_takes_no_proposal_over(library: Library, panels) -> None:
    library.store_generated(panels[0].id, Caption("Generated", MODEL))
    library.save_edit(panels[1].id, "Mine")
    change = store(library, merged(panels, {panel.id for panel in panels}, PAGE), PanelEditKind.MERGE)
    assert texts(library) == ["Mine"]
    library.undo_panels(change)
    assert texts(library) == ["Generated", "Mine"]


def test_merged_panels_that_only_the_narrator_told_are_told_anew(library: Library, panels) -> None:
    for panel in panels:
        library.store_generated(panel.id, Caption("Generated", MODEL))
    store(library, merged(panels, {panel.id for panel in panels}, PAGE), PanelEditKind.MERGE)
    assert texts(library) == [None]


def test_a_text_that_was_imported_is_joined_as_one(library: Library, library_file: Path, panels) -> None:
    library.save_edit(panels[0].id, "From a file.")
    with closing(sqlite3.connect(library_file)) as other_program, other_program:
        other_program.execute("UPDATE captions SET source = ?", (IMPORTED,))
    store(library, merged(panels, {panel.id for panel in panels}, PAGE), PanelEditKind.MERGE)
    assert [caption.source for caption in library.captions_of(PAGE_ID).values()] == [IMPORTED]


def test_undo_brings_a_deleted_panel_back_with_its_caption_and_redo_takes_both(library: Library, panels) -> None:
    library.save_edit(panels[1].id, "Mine")
    change = store(library, deleted(panels, {panels[1].id}), PanelEditKind.DELETE)
    assert texts(library) == [None]
    library.undo_panels(change)
    assert library.panels_of(PAGE_ID) == change.before
    assert texts(library) == [None, "Mine"]
    library.redo_panels(change)
    assert library.panels_of(PAGE_ID) == change.after


def test_a_page_is_the_detectors_again_when_the_first_edit_is_undone(library: Library, panels, box_panel) -> None:
    change = store(library, renumbered(panels, [panels[1].id]), PanelEditKind.RENUMBER)
    library.undo_panels(change)
    assert len(library.store_detected_panels(PAGE_ID, (box_panel(0, 0, 300, 300),), "d2")) == 1


def test_a_text_written_after_a_redo_is_the_new_panels(library: Library, panels) -> None:
    change = store(library, added(panels, Box(0, 200, 100, 100), PAGE, LTR), PanelEditKind.ADD)
    (new,) = [panel for panel in change.after.panels if panel not in panels and panel.box.y == 200]
    library.save_edit(new.id, "New")
    library.undo_panels(change)
    assert texts(library) == [None, None]
    library.redo_panels(change)
    assert texts(library) == [None, None, "New"]


def test_detecting_again_puts_the_detectors_panels_back_and_can_be_undone(library: Library, panels, two_panels) -> None:
    library.save_edit(panels[0].id, "Mine")
    drawn = store(library, deleted(panels, {panels[0].id}), PanelEditKind.DELETE)
    change = library.store_redetected_panels(PAGE_ID, two_panels, "d2")
    assert change.before == drawn.after
    assert [panel.id for panel in change.after.panels] == [panel.id for panel in panels]
    assert (change.after.by_person, change.after.detector_version) == (False, "d2")
    assert texts(library) == ["Mine", None]
    library.undo_panels(change)
    assert library.panels_of(PAGE_ID) == drawn.after


def test_a_layout_from_another_page_keeps_the_captions_of_panels_that_were_there(library: Library, panels) -> None:
    other = "77aa/page 2.png"
    there = library.store_detected_panels(other, (Panel(Box(112, 3, 100, 97).corners, 0.4),), "d1")
    library.save_edit(there[0].id, "Told there")
    change = library.store_layout(other, laid_out(panels, PAGE, PAGE))
    assert [panel.box for panel in change.after.panels] == [panel.box for panel in panels]
    assert texts(library, other) == [None, "Told there"]
    assert change.after.by_person
    assert texts(library) == [None, None]


def test_panels_that_changed_meanwhile_are_left_as_they_are(library: Library, panels) -> None:
    mine = moved(panels, {panels[0].id}, 0, 10, PAGE)
    first = store(library, deleted(panels, {panels[1].id}), PanelEditKind.DELETE)
    with pytest.raises(LibraryError, match="changed elsewhere"):
        library.store_person_panels(PAGE_ID, mine, PanelEditKind.MOVE, expected=panels)
    store(library, moved(first.after.panels, {panels[0].id}, 0, 10, PAGE), PanelEditKind.MOVE)
    with pytest.raises(LibraryError, match="changed again since"):
        library.undo_panels(first)
    stored = library.panels_of(PAGE_ID)
    assert stored is not None
    assert [panel.box.y for panel in stored.panels] == [10]


def test_a_page_that_was_never_seen_cannot_be_corrected(library: Library) -> None:
    with pytest.raises(LibraryError, match="open it again"):
        library.store_person_panels("nowhere", PanelEdit(()), PanelEditKind.DELETE, expected=())


def test_every_edit_and_its_undoing_stay_in_the_history(library: Library, library_file: Path, panels) -> None:
    change = store(library, deleted(panels, {panels[0].id}), PanelEditKind.DELETE)
    library.undo_panels(change)
    library.redo_panels(change)
    library.store_redetected_panels(PAGE_ID, panels, "d1")
    assert history(library_file) == [("delete", 2, 1), ("undo", 1, 2), ("redo", 2, 1), ("detect", 1, 2)]
    with closing(sqlite3.connect(library_file)) as other_program:
        for change_history in ("DELETE FROM panel_edits", "UPDATE panel_edits SET kind = 'none'"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
                other_program.execute(change_history)


def test_a_library_from_before_panels_could_be_corrected_is_migrated(tmp_path: Path, two_panels) -> None:
    path = tmp_path / "library.sqlite3"
    with closing(connect(path, MIGRATIONS[:1])) as old:
        old.execute("INSERT INTO pages VALUES ('p', 'detector', 'd1', '2026-01-01')")
    with Library.open(path) as library:
        panels = library.store_detected_panels("p", two_panels, "d1")
        store(library, deleted(panels, {panels[0].id}), PanelEditKind.DELETE, "p")
    assert history(path) == [("delete", 2, 1)]
    assert backup_path(path, 1).exists()


@pytest.mark.parametrize("seed", range(6))
def test_undoing_everything_gives_back_every_panel_and_every_caption(library: Library, panels, seed: int) -> None:
    random = Random(seed)
    library.save_edit(panels[0].id, "Mine")
    library.store_generated(panels[1].id, Caption("Generated", MODEL))
    before, captions = library.panels_of(PAGE_ID), library.captions_of(PAGE_ID)
    changes = [change for _ in range(15) if (change := do_something(library, random))]
    assert len(changes) > 5
    after, told = library.panels_of(PAGE_ID), library.captions_of(PAGE_ID)
    for change in reversed(changes):
        library.undo_panels(change)
    assert (library.panels_of(PAGE_ID), library.captions_of(PAGE_ID)) == (before, captions)
    for change in changes:
        library.redo_panels(change)
    assert (library.panels_of(PAGE_ID), library.captions_of(PAGE_ID)) == (after, told)


def do_something(library: Library, random: Random) -> PanelsChange | None:
    """Any correction; None where it was not possible."""
    stored = library.panels_of(PAGE_ID)
    assert stored is not None
    now = stored.panels
    some = {panel.id for panel in random.sample(now, min(len(now), random.randint(1, 2)))}
    one = next(iter(some), "")
    box = Box(random.randrange(200), random.randrange(300), random.randrange(20, 100), random.randrange(20, 100))
    line = (box.x, box.y), (box.right, box.bottom)
    corrections = {
        PanelEditKind.MOVE: lambda: moved(now, some, random.randint(-90, 90), random.randint(-90, 90), PAGE),
        PanelEditKind.RESHAPE: lambda: resized(now, one, box, PAGE),
        PanelEditKind.SPLIT: lambda: split(now, one, line, LTR, random.randrange(2)),
        PanelEditKind.MERGE: lambda: merged(now, some, PAGE),
        PanelEditKind.DELETE: lambda: deleted(now, some),
        PanelEditKind.ADD: lambda: added(now, box, PAGE, LTR),
        PanelEditKind.RENUMBER: lambda: renumbered(now, list(some)),
    }
    kind = random.choice([*corrections, PanelEditKind.DETECT, PanelEditKind.LAYOUT])
    try:
        if kind is PanelEditKind.DETECT:
            return library.store_redetected_panels(PAGE_ID, [Panel(box.corners, 0.5), Panel(PAGE.corners, 0.4)], "d2")
        if kind is PanelEditKind.LAYOUT:
            return library.store_layout(PAGE_ID, laid_out(now, PAGE, PAGE))
        return store(library, corrections[kind](), kind)
    except PanelEditError:
        return None


def load(path: Path, index: int) -> PageImage:
    book = open_book(path)
    page = book.load_page(index)
    book.close()
    return page


def found(library: Library, page: PageImage, direction: Direction = LTR) -> tuple[Panel, ...]:
    """The page's panels, as the window comes by them."""
    return asyncio.run(PanelFinder(library).panels_for(page, direction))


@pytest.mark.parametrize("direction", list(Direction))
def test_corrections_survive_a_page_inserted_before_and_another_direction(
    library: Library, tmp_path: Path, direction: Direction
) -> None:
    page = encoded(drawn_page(1, 400, 600))
    before = write_cbz(tmp_path / "before.cbz", {"page 2.png": page})
    page_id = load(before, 0).page_id
    panels = found(library, load(before, 0))
    change = store(library, split(panels, panels[0].id, ((0, 300), (400, 300)), LTR), PanelEditKind.SPLIT, page_id)
    library.save_edit(change.after.panels[1].id, "The lower half.")
    inserted = encoded(drawn_page(2, 400, 600))
    after = write_cbz(tmp_path / "after.cbz", {"page 1.png": inserted, "page 2.png": page})
    assert found(library, load(after, 1), direction) == change.after.panels
    assert texts(library, load(after, 1).page_id) == [None, "The lower half."]


def test_the_finder_detects_again_when_asked(library: Library, draw_comic) -> None:
    page = load(draw_comic(columns=2), 0)
    panels = found(library, page)
    store(library, deleted(panels, {panels[0].id}), PanelEditKind.DELETE, page.page_id)
    assert len(found(library, page)) == 1
    change = asyncio.run(PanelFinder(library).detect_again(page, LTR))
    assert change.after.panels == panels
    assert found(library, page) == panels

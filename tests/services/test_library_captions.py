import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from comicreader.domain.errors import LibraryError
from comicreader.domain.narration import IMPORTED, PERSON, Caption, model_source
from comicreader.services.library import Library
from comicreader.services.library_records import ACCEPT

PAGE = "5f3a/page 1.png"
MODEL = model_source("model-1", "description")


@pytest.fixture
def panel_id(library: Library, two_panels) -> str:
    return library.store_detected_panels(PAGE, two_panels, "d1")[0].id


def test_a_generated_caption_is_replaced_by_a_newer_one(library: Library, panel_id: str) -> None:
    library.store_generated(panel_id, Caption("First", MODEL))
    second = Caption("Second", MODEL, confidence=0.25, context=("a", "b"))
    assert library.store_generated(panel_id, second) == second
    assert library.captions_of(PAGE) == {panel_id: second}


@pytest.mark.parametrize("text", ["Mine", ""])
def test_a_persons_text_is_never_replaced_by_automation(library: Library, panel_id: str, text: str, edits) -> None:
    library.store_generated(panel_id, Caption("Draft", MODEL))
    library.save_edit(panel_id, text)
    assert library.store_generated(panel_id, Caption("New", MODEL)).text == text
    change = library.store_regenerated(panel_id, Caption("New", MODEL))
    assert change.before == change.after
    assert library.captions_of(PAGE)[panel_id] == Caption(text, PERSON)
    assert [edit[0] for edit in edits()] == ["edit"]


def test_an_edit_is_recorded_with_what_it_replaced(library: Library, panel_id: str, edits) -> None:
    library.store_generated(panel_id, Caption("Draft", MODEL))
    change = library.save_edit(panel_id, "  Mine\n", seconds=12.5)
    assert (change.panel_id, change.page_id) == (panel_id, PAGE)
    assert change.before == Caption("Draft", MODEL)
    assert change.after == Caption("Mine", PERSON)
    assert edits() == [("edit", "Draft", MODEL, "Mine", "person", 12.5)]


def test_an_edit_is_on_the_disk_when_it_returns(library: Library, library_file: Path, panel_id: str) -> None:
    library.save_edit(panel_id, "Mine")
    with Library.open(library_file) as other:
        assert other.captions_of(PAGE)[panel_id].text == "Mine"


def test_leaving_a_text_as_it_is_is_no_edit(library: Library, panel_id: str, edits) -> None:
    library.store_generated(panel_id, Caption("Draft", MODEL))
    change = library.save_edit(panel_id, "Draft ")
    assert change.before == change.after == Caption("Draft", MODEL)
    assert edits() == []


def test_accepting_a_draft_makes_it_the_persons(library: Library, panel_id: str, edits) -> None:
    library.store_generated(panel_id, Caption("Draft", MODEL))
    library.save_edit(panel_id, "Draft", kind=ACCEPT, seconds=1)
    assert library.store_generated(panel_id, Caption("New", MODEL)) == Caption("Draft", PERSON)
    assert edits() == [("accept", "Draft", MODEL, "Draft", "person", 1.0)]


def test_another_wording_that_was_asked_for_is_recorded(library: Library, panel_id: str, edits) -> None:
    library.store_generated(panel_id, Caption("Draft", MODEL))
    library.store_regenerated(panel_id, Caption("Other", MODEL))
    assert library.captions_of(PAGE)[panel_id].text == "Other"
    assert edits() == [("regenerate", "Draft", MODEL, "Other", MODEL, 0.0)]


def test_undo_and_redo_restore_captions_wholly_and_are_edits_too(library: Library, panel_id: str, edits) -> None:
    draft = Caption("Draft", MODEL, confidence=0.3, context=("x",))
    library.store_generated(panel_id, draft)
    change = library.save_edit(panel_id, "Mine")
    undone = library.undo_edit(change)
    assert (undone.before, undone.after) == (change.after, draft)
    assert library.captions_of(PAGE) == {panel_id: draft}
    redone = library.redo_edit(change)
    assert redone.after == change.after
    assert library.captions_of(PAGE)[panel_id].text == "Mine"
    assert [edit[0] for edit in edits()] == ["edit", "undo", "redo"]


def test_undoing_the_first_caption_leaves_none(library: Library, panel_id: str) -> None:
    change = library.save_edit(panel_id, "Mine")
    assert library.undo_edit(change).after is None
    assert library.captions_of(PAGE) == {}
    assert library.redo_edit(change).after == Caption("Mine", PERSON)


def test_redo_goes_over_a_proposal_made_meanwhile(library: Library, panel_id: str) -> None:
    change = library.save_edit(panel_id, "Mine")
    library.undo_edit(change)
    library.store_generated(panel_id, Caption("New draft", MODEL))
    redone = library.redo_edit(change)
    assert (redone.before, redone.after) == (Caption("New draft", MODEL), Caption("Mine", PERSON))


def test_undo_does_not_go_over_a_later_edit(library: Library, panel_id: str) -> None:
    change = library.save_edit(panel_id, "Mine")
    library.save_edit(panel_id, "Mine, better")
    with pytest.raises(LibraryError, match="changed again"):
        library.undo_edit(change)
    assert library.captions_of(PAGE)[panel_id].text == "Mine, better"


@pytest.mark.parametrize("statement", ["DELETE FROM edits", "UPDATE edits SET result_text = 'x'"])
def test_nobody_can_change_what_was_recorded(
    library: Library, library_file: Path, panel_id: str, statement: str, edits
) -> None:
    library.save_edit(panel_id, "Mine")
    with (
        closing(sqlite3.connect(library_file)) as other_program,
        pytest.raises(sqlite3.IntegrityError, match="only ever added"),
    ):
        other_program.execute(statement)
    assert len(edits()) == 1


def test_a_caption_for_an_unknown_panel_is_one_sentence(library: Library) -> None:
    with pytest.raises(LibraryError, match="not in the library"):
        library.save_edit("nobody", "Mine")
    with pytest.raises(LibraryError, match="not in the library"):
        library.store_generated("nobody", Caption("Draft", MODEL))


def test_a_page_that_moves_in_the_book_keeps_its_captions(library: Library, two_panels) -> None:
    panel = library.store_detected_panels("aa/p2.png", two_panels, "d1")[0]
    library.save_edit(panel.id, "Mine")
    library.store_detected_panels("bb/p1b.png", two_panels, "d1")  # a page put in before it
    assert library.captions_of("bb/p1b.png") == {}
    assert library.captions_of("aa/p2.png")[panel.id].text == "Mine"


def test_an_imported_text_replaces_a_proposal_and_an_older_import(library: Library, panel_id: str, edits) -> None:
    library.store_generated(panel_id, Caption("Draft", MODEL))
    library.store_imported(panel_id, "From a file")
    change = library.store_imported(panel_id, "From another")
    assert (change.before, change.after) == (Caption("From a file", IMPORTED), Caption("From another", IMPORTED))
    assert library.store_generated(panel_id, Caption("New", MODEL)).text == "From another"
    assert [(edit[0], edit[1], edit[3]) for edit in edits()] == [
        ("import", "Draft", "From a file"),
        ("import", "From a file", "From another"),
    ]


@pytest.mark.parametrize("text", ["Mine", ""])
def test_a_persons_text_is_never_replaced_by_an_imported_one(library: Library, panel_id: str, text: str) -> None:
    library.save_edit(panel_id, "First")
    library.save_edit(panel_id, text)
    change = library.store_imported(panel_id, "From a file")
    assert change.before == change.after == Caption(text, PERSON)
    assert library.captions_of(PAGE)[panel_id].text == text


def test_a_text_that_stands_already_stays_whose_it_is(library: Library, panel_id: str, edits) -> None:
    library.store_generated(panel_id, Caption("Draft", MODEL))
    assert library.store_imported(panel_id, "Draft").after == Caption("Draft", MODEL)
    assert edits() == []

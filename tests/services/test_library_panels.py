import sqlite3
from contextlib import closing
from pathlib import Path

from comicreader.domain.narration import Caption, model_source
from comicreader.services.library import Library

PAGE = "5f3a/page 1.png"
MODEL = model_source("model-1", "description")


def test_a_page_that_was_never_seen_has_none(library: Library) -> None:
    assert library.panels_of(PAGE) is None


def test_panels_come_back_in_order_with_ids(library: Library, two_panels) -> None:
    stored = library.store_detected_panels(PAGE, two_panels, "d1")
    found = library.panels_of(PAGE)
    assert found is not None
    assert (found.panels, found.detector_version, found.by_person) == (stored, "d1", False)
    assert [panel.polygon for panel in stored] == [panel.polygon for panel in two_panels]
    assert len({panel.id for panel in stored} - {""}) == 2


def test_a_panel_found_again_keeps_its_id_in_another_order(library: Library, two_panels, box_panel) -> None:
    left, right = library.store_detected_panels(PAGE, two_panels, "d1")
    again = library.store_detected_panels(PAGE, (box_panel(112, 2), box_panel(1, 1), box_panel(0, 300)), "d2")
    assert [panel.id for panel in again[:2]] == [right.id, left.id]
    assert again[2].id not in {left.id, right.id}
    assert again[0].box.x == 112


def test_one_old_panel_is_not_two_new_ones(library: Library, box_panel) -> None:
    (whole,) = library.store_detected_panels(PAGE, (box_panel(0, 0),), "d1")
    first, second = library.store_detected_panels(PAGE, (box_panel(0, 0, 100, 60), box_panel(0, 0)), "d2")
    assert second.id == whole.id
    assert first.id != whole.id


def test_a_persons_caption_waits_for_its_panel_to_be_found_again(library: Library, two_panels, box_panel) -> None:
    left, right = library.store_detected_panels(PAGE, two_panels, "d1")
    library.save_edit(right.id, "Mine")
    library.store_detected_panels(PAGE, (box_panel(0, 0),), "d2")
    assert library.captions_of(PAGE) == {}
    again = library.store_detected_panels(PAGE, two_panels, "d3")
    assert [panel.id for panel in again] == [left.id, right.id]
    assert library.captions_of(PAGE)[right.id].text == "Mine"


def test_a_persons_caption_is_found_again_before_a_generated_one_that_fits_better(library: Library, box_panel) -> None:
    (old,) = library.store_detected_panels(PAGE, (box_panel(0, 0, 100, 100),), "d1")
    library.save_edit(old.id, "Mine")
    (other,) = library.store_detected_panels(PAGE, (box_panel(0, 0, 100, 210),), "d2")
    library.store_generated(other.id, Caption("Generated", MODEL))
    (now,) = library.store_detected_panels(PAGE, (box_panel(0, 0, 100, 180),), "d3")
    assert now.id == old.id


def test_panels_that_a_person_drew_are_left_alone(library: Library, library_file: Path, two_panels, box_panel) -> None:
    stored = library.store_detected_panels(PAGE, two_panels, "d1")
    with closing(sqlite3.connect(library_file)) as other_program, other_program:
        other_program.execute("UPDATE pages SET panels_by = 'person'")
    assert library.store_detected_panels(PAGE, (box_panel(0, 0, 50, 50),), "d2") == stored
    found = library.panels_of(PAGE)
    assert found is not None
    assert (found.panels, found.by_person) == (stored, True)

from __future__ import annotations

from pathlib import Path

import pytest
from drawn_stories import drawn, record, stories, told
from PIL import Image

from trainer.dataset import DatasetError, Seen, load_descriptions, load_records
from trainer.dataset_check import Findings, check, normalised, readable_records, refuse_leaks
from trainer.dataset_pictures import LookCache

REPOSITORY = Path(__file__).resolve().parent.parent.parent
LONG = "The goat and the moon came down to the river, and they sang until the morning."


def checked(folder: Path, descriptions: dict[str, Seen] | None = None) -> Findings:
    return check(folder, LookCache(folder.parent / "cache"), descriptions)


def refusal(folder: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        refuse_leaks(load_records(folder)[0], folder.parent / "cache")
    return str(caught.value)


def sound_lines() -> list[dict[str, object]]:
    places = [("a", "train"), ("b", "train"), ("c", "dev"), ("d", "test")]
    return [record(book, page, split) for book, split in places for page in (1, 2, 3)]


def test_a_sound_data_set_has_no_findings_and_is_not_refused(tmp_path: Path) -> None:
    folder = stories(tmp_path / "set", *sound_lines())
    found = checked(folder)
    assert found.is_sound
    assert len(found.records) == 12
    assert (found.bad, found.strangers, found.leaks) == ((), (), ())
    refuse_leaks(load_records(folder)[0], tmp_path / "cache")


def test_all_that_is_wrong_is_found_at_once_and_the_rest_is_usable(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    Image.new("RGB", (3, 90)).save(folder / "images" / "thin.png")
    stories(
        folder,
        record("a", 1),
        "{",
        record("a", 3, image="images/broken.png"),
        record("a", 2),
        record("a", 2),
        record("b", 1, image="images/thin.png"),
        record("b", 2, panel=2),
        record("b", 3) | {"page": 2, "panel": 1},
        record("c", 1, "holdout"),
    )
    found = checked(folder, {"a-1": Seen("A goat."), "z-9": Seen("A hut.")})
    assert [line.number for line in found.bad] == [2, 3, 4, 5, 6, 8, 9]
    reasons = {line.number: line.reason for line in found.bad}
    assert "no JSON" in reasons[2]
    assert "the picture broken.png cannot be decoded" in reasons[3]
    assert reasons[4] == "page 2 of the book a stands after a later place"
    assert "the id a-2 stands on an earlier line, 4" in reasons[5]
    assert "the picture thin.png has 3 x 90 pixels" in reasons[6]
    assert reasons[8] == "page 2, panel 1 of the book b stands after a later place"
    assert "'holdout'" in reasons[9]
    assert [one.id for one in found.records] == ["a-1", "a-2", "b-2", "b-3"]
    assert found.strangers == ("z-9",)
    assert not found.is_sound


def test_a_folder_without_a_usable_record_is_not_sound_but_its_lines_are_told(tmp_path: Path) -> None:
    found = checked(stories(tmp_path / "set", "{", "[]"))
    assert [line.number for line in found.bad] == [1, 2]
    assert not found.is_sound


def test_a_copy_of_a_train_picture_in_test_is_found_and_refused(tmp_path: Path) -> None:
    folder = stories(tmp_path / "set", *sound_lines(), record("d", 4, "test", image="images/copy.jpg"))
    with Image.open(folder / "images" / "b2.png") as original:
        original.convert("RGB").resize((120, 90)).save(folder / "images" / "copy.jpg", quality=60)
    (leak,) = checked(folder).leaks
    assert (leak.kind, leak.record.id, leak.other.id) == ("picture", "d-4", "b-2")
    sentence = refusal(folder)
    assert "the test record d-4 and the train record b-2 show nearly the same picture" in sentence
    assert "more" not in sentence


@pytest.mark.parametrize("style", ["narration", "description"])
def test_a_train_text_in_test_is_refused_however_it_is_set(tmp_path: Path, style: str) -> None:
    lines = [*sound_lines(), record("b", 4, **{style: LONG}), record("d", 4, "test", **{style: LONG.upper() + "!"})]
    sentence = refusal(stories(tmp_path / "set", *lines))
    assert "the test record d-4 and the train record b-4 have the same text, “the goat and the moon" in sentence


def test_a_short_text_may_stand_in_two_stories(tmp_path: Path) -> None:
    ends = [record("b", 4, narration="The end."), record("d", 4, "test", narration="The end.")]
    folder = stories(tmp_path / "set", *sound_lines(), *ends)
    assert checked(folder).is_sound
    refuse_leaks(load_records(folder)[0], tmp_path / "cache")


def test_descriptions_kept_apart_are_checked_too(tmp_path: Path) -> None:
    folder = stories(tmp_path / "set", *sound_lines())
    assert [leak.kind for leak in checked(folder, {"a-1": Seen(LONG), "d-1": Seen("A goat.", LONG)}).leaks] == ["text"]


def test_a_torn_book_is_refused_once_and_leaks_into_dev_are_only_reported(tmp_path: Path) -> None:
    lines = [*sound_lines(), record("a", 4, "dev"), record("a", 5, "dev")]
    folder = stories(tmp_path / "set", *lines)
    (leak,) = checked(folder).leaks
    assert leak.in_words() == "the dev record a-4 and the train record a-1 belong to one book, a"
    refuse_leaks(load_records(folder)[0], tmp_path / "cache")
    folder = stories(tmp_path / "set", *lines, record("a", 6, "test"))
    assert "the test record a-6 and the train record a-1 belong to one book, a" in refusal(folder)


def test_one_title_in_two_splits_is_reported_but_not_refused(tmp_path: Path) -> None:
    lines = [record("e", page, "test", title="THE TALE — of A") for page in (1, 2)]
    folder = stories(tmp_path / "set", *sound_lines(), *lines)
    (leak,) = checked(folder).leaks
    assert leak.in_words() == (
        "the test record e-1 and the train record a-1 belong to books of the same title, “THE TALE — of A”"
    )
    refuse_leaks(load_records(folder)[0], tmp_path / "cache")


def test_records_without_titles_and_blank_pictures_do_not_leak(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    Image.new("RGB", (60, 60), "white").save(folder / "images" / "blank.png")
    lines = [
        record(book, 1, split, title="…", image="images/blank.png") for book, split in (("a", "train"), ("b", "test"))
    ]
    assert checked(stories(folder, *lines)).is_sound


def test_many_leaks_are_counted_in_the_refusal(tmp_path: Path) -> None:
    copies = [record("e", page, "test", image=f"images/a{page}.png", narration=told(page)) for page in (1, 2, 3)]
    sentence = refusal(stories(tmp_path / "set", *sound_lines(), *copies))
    assert (
        "the test record e-1 and the train record a-1 show nearly the same picture (0 of 256 bits differ)" in sentence
    )
    assert "and 2 more such pairs were found" in sentence


def test_records_with_broken_pictures_are_told_apart(tmp_path: Path) -> None:
    folder = stories(tmp_path / "set", *sound_lines())
    (folder / "images" / "a2.png").write_bytes(b"no picture")
    records, _ = load_records(folder)
    readable, wrong = readable_records(records, tmp_path / "cache")
    assert [one.id for one in readable] == [one.id for one in records if one.id != "a-2"]
    assert len(wrong) == 1
    assert wrong[0].startswith("a-2: the picture")
    refuse_leaks(records, tmp_path / "cache")  # what cannot be seen cannot leak
    assert not checked(folder).leaks


def test_texts_are_equal_whatever_case_punctuation_and_width() -> None:
    assert normalised("  “Straße”,\u2028ＡＢＣ—d'E 7!") == "strasse abc d e 7"
    assert normalised("की") != normalised("कि")  # marks are part of a word
    assert normalised("…") == ""


@pytest.mark.shared
@pytest.mark.slow
def test_the_picture_stories_split_as_told_share_nothing(tmp_path: Path) -> None:
    folder = REPOSITORY.parent / "shared" / "data" / "storybooks"
    if not folder.is_dir():
        pytest.skip("the shared picture stories are not here")
    told_apart = load_descriptions(REPOSITORY / "resources" / "datasets" / "storybook_descriptions.jsonl")
    found = check(folder, LookCache(tmp_path), told_apart)
    assert (found.strangers, found.leaks) == ((), ())
    assert [line.number for line in found.bad] == [1664]  # a picture of a single pixel
    assert len(found.records) == 3348


def test_drawn_pictures_of_the_tests_are_unlike_each_other() -> None:
    assert drawn(1).tobytes() != drawn(2).tobytes()
    assert drawn(1).tobytes() == drawn(1).tobytes()

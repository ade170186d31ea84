from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainer.dataset import DatasetError, load_descriptions, load_records


def write(folder: Path, *lines: object) -> Path:
    (folder / "p.png").write_bytes(b"picture")
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / "records.jsonl").write_text("\n".join(texts) + "\n")
    return folder


def record(number: int, book: str = "a", **changes: object) -> dict[str, object]:
    return {
        "id": f"{book}{number}",
        "book": book,
        "page": number,
        "image": "p.png",
        "narration": f"{book} {number}.",
    } | changes


def test_each_record_knows_the_last_three_narrations_of_its_own_book(tmp_path: Path) -> None:
    lines = [record(1), record(1, "b"), record(2), record(3), record(4), record(5)]
    records, bad = load_records(write(tmp_path, *lines))
    assert not bad
    assert records[0].previous == ()
    assert records[1].previous == ()
    assert records[-1].previous == ("a 2.", "a 3.", "a 4.")


def test_a_line_may_say_itself_what_was_told_before_it(tmp_path: Path) -> None:
    lines = [
        record(1, description="A goat."),
        record(2, previous=["1", "2", "3", "4"]),
        record(3, previous=[]),
        record(4, previous_descriptions=["A hut."], previous=None),
    ]
    records, bad = load_records(write(tmp_path, *lines))
    assert not bad
    assert [r.previous for r in records] == [(), ("2", "3", "4"), (), ("a 1.", "a 2.", "a 3.")]
    assert [r.previous_descriptions for r in records] == [(), ("A goat.",), ("A goat.",), ("A hut.",)]


def test_bad_lines_are_told_with_number_and_reason_and_the_rest_is_usable(tmp_path: Path) -> None:
    records, bad = load_records(
        write(
            tmp_path,
            record(1),
            "{",
            "[]",
            record(2, image="none.png"),
            record(3, image="../outside.png"),
            record(4, narration=" ", description=None),
            record(1),
            record(5, id=""),
            record(6),
        )
    )
    assert [r.id for r in records] == ["a1", "a6"]
    assert [line.number for line in bad] == [2, 3, 4, 5, 6, 7, 8]
    reasons = " | ".join(line.reason for line in bad)
    for part in ("no JSON", "not a JSON object", "missing", "outside", "neither", "earlier line", "“id” is missing"):
        assert part in reasons


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"split": "validation"}, "the split 'validation' is none of train, dev, test"),
        ({"split": ["train"]}, "none of train, dev, test"),
        ({"page": "1"}, "“page” is no whole number"),
        ({"page": True}, "“page” is no whole number"),
        ({"panel": -1}, "“panel” is no whole number"),
        ({"narration": 7}, "“narration” is not a string"),
        ({"author": ["x"]}, "“author” is not a string"),
        ({"previous": "Once."}, "“previous” is no list of strings"),
        ({"previous": [1]}, "“previous” is no list of strings"),
        ({"narration": "\ud83d"}, "half of a character pair"),
        ({"image": "p\0.png"}, "cannot be reached"),
        ({"image": "p" * 5000}, "cannot be reached"),
        ({"image": "/etc/hostname"}, "outside the data set"),
        ({"image": 3}, "“image” is missing"),
        ({"image": "."}, "is missing"),
    ],
)
def test_what_a_field_must_not_hold_is_named(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    records, (bad,) = load_records(write(tmp_path, record(1), record(2, **changes)))
    assert [r.id for r in records] == ["a1"]
    assert bad.number == 2
    assert reason in bad.reason


def test_a_line_in_a_wrong_encoding_or_too_deep_spoils_only_itself(tmp_path: Path) -> None:
    write(tmp_path)
    good = json.dumps(record(1, narration="One\u2028two.", page=None), ensure_ascii=False).encode()
    deep = b'{"id": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    lines = [b"\xef\xbb\xbf" + good + b"\r", b"", b'{"id": "\xff"}', deep, json.dumps(record(2)).encode()]
    (tmp_path / "records.jsonl").write_bytes(b"\n".join(lines))
    records, bad = load_records(tmp_path)
    assert [r.narration for r in records] == ["One\u2028two.", "a 2."]
    assert records[1].previous == ("One\u2028two.",)
    assert [line.number for line in bad] == [3, 4]


def test_credits_and_places_are_fields_and_the_rest_is_kept(tmp_path: Path) -> None:
    credit = {"title": "T", "source": "S", "author": "A", "illustrator": "I", "license": "CC BY"}
    (one, two), _ = load_records(write(tmp_path, record(1, panel=3, mood={"sad": 1}, **credit), record(2)))
    assert (one.panel, one.title, one.source, one.author, one.illustrator, one.license) == (3, *credit.values())
    assert one.more == {"mood": {"sad": 1}}
    assert (two.panel, two.title, two.license, two.split, dict(two.more)) == (0, "", "", "train", {})
    assert len({one, two}) == 2  # records can be hashed


def test_descriptions_kept_apart_take_the_place_of_the_records_own(tmp_path: Path) -> None:
    file = tmp_path / "told.jsonl"
    file.write_text('{"id": "a1", "description": "A goat."}\n\n{"id": "a2", "description": "A\u2028hut."}\n')
    records, _ = load_records(
        write(tmp_path, record(1, description="An old one."), record(2), record(3)), load_descriptions(file)
    )
    assert [r.description for r in records] == ["A goat.", "A\u2028hut.", ""]
    assert records[2].previous_descriptions == ("A goat.", "A\u2028hut.")
    file.write_text('{"id": "a2", "description": "It sleeps.", "standalone": "A goat sleeps.", "tags": ["goat"]}')
    records, _ = load_records(tmp_path, load_descriptions(file))
    assert records[1].tags == ("goat",)
    assert records[1].told_as("description") == ("It sleeps.", ("An old one.",))
    assert records[1].told_alone("description") == ("A goat sleeps.", ())
    assert records[1].told_alone("narration") == ("a 2.", ())
    for spoilt in ("{", '{"id": "a1"}', "[1]"):
        file.write_text(spoilt)
        with pytest.raises(DatasetError, match="holds no descriptions"):
            load_descriptions(file)


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no data set"):
        load_records(tmp_path)
    with pytest.raises(DatasetError, match=r"no usable record\. The first line left out is 1: no JSON"):
        load_records(write(tmp_path, "{"))

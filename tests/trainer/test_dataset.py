import json
from pathlib import Path

import pytest

from trainer.dataset import DatasetError, load_records


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


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no data set"):
        load_records(tmp_path)
    with pytest.raises(DatasetError, match="no usable record"):
        load_records(write(tmp_path, "{"))

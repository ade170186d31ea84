"""Data sets out to Hugging Face `datasets` and back, and in from tables of others."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawn_stories import drawn, pixels, record, stories, table, told

from trainer.dataset import DatasetError, Record, Seen, load_records
from trainer.dataset_check import check
from trainer.dataset_export import as_hf_dataset, export
from trainer.dataset_import import Imported, import_rows
from trainer.dataset_pictures import LookCache
from trainer.dataset_split import Wish


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Records of every kind: doubles of a picture, own contexts, credits, fields of others, all splits."""
    (tmp_path / "set" / "images" / "deep").mkdir(parents=True)
    drawn(1).save(tmp_path / "set" / "plain.png")
    drawn(2).save(tmp_path / "set" / "images" / "deep" / "plain.png")
    credit = {"source": "S", "author": "Ä", "illustrator": "I", "license": "CC BY 4.0"}
    return stories(
        tmp_path / "set",
        record("a", 1, **credit, panel=2, mood={"sad": 1, "why": None}, marks=[], rating=4.5),
        record("b", 1, "test", description="A goat.", standalone="A goat stands."),
        record("a", 2, description="A hut.", narration=None, image="images/a1.png"),
        record(
            "a", 3, previous=["Once."], previous_descriptions=[], image="plain.png", tags=["hut", "x"], marks=[1, "x"]
        ),
        record("c", 1, "dev", image="images/deep/plain.png", title=None, narration="Line\u2028“two”.") | {"page": None},
        record("b", 2, "test", previous=[]),
    )


def portable(records: Sequence[Record], folder: Path) -> list[tuple[Record, bytes]]:
    """Records with their pictures' places in the folder and bytes."""
    return [(replace(one, image=one.image.relative_to(folder)), one.image.read_bytes()) for one in records]


def imported(source: Path, into: Path, style: str = "narration", wish: Wish | None = None) -> Imported:
    return import_rows(source, into, style, wish or Wish())


def test_a_parquet_file_brings_every_record_back_exactly_and_in_order(folder: Path, tmp_path: Path) -> None:
    records, _ = load_records(folder)
    export(records, folder, tmp_path / "set.parquet")
    made = imported(tmp_path / "set.parquet", tmp_path / "back")
    assert made == Imported(made.records, ())
    assert made.records == {"train": 3, "dev": 1, "test": 2}
    back, bad = load_records(tmp_path / "back")
    assert not bad
    assert portable(back, tmp_path / "back") == portable(records, folder)
    # once more, now from what was imported: nothing drifts
    export(back, tmp_path / "back", tmp_path / "again.parquet")
    imported(tmp_path / "again.parquet", tmp_path / "again")
    assert (tmp_path / "again" / "records.jsonl").read_bytes() == (tmp_path / "back" / "records.jsonl").read_bytes()


def test_a_saved_dataset_dict_brings_every_record_back(folder: Path, tmp_path: Path) -> None:
    records, _ = load_records(folder, {"b-2": Seen("Two huts.")})
    export(records, folder, tmp_path / "saved")
    written = portable(records, folder)
    shutil.rmtree(folder)  # the pictures went along
    assert not imported(tmp_path / "saved", tmp_path / "back").bad
    back, _ = load_records(tmp_path / "back")
    by_split = sorted(written, key=lambda pair: ("train", "dev", "test").index(pair[0].split))
    assert portable(back, tmp_path / "back") == by_split


def test_a_data_set_folder_can_be_imported_itself(folder: Path, tmp_path: Path) -> None:
    assert not imported(folder, tmp_path / "back").bad
    assert portable(load_records(tmp_path / "back")[0], tmp_path / "back") == portable(load_records(folder)[0], folder)
    raw = json.loads((tmp_path / "back" / "records.jsonl").read_text().splitlines()[0])
    assert raw["mood"] == {"sad": 1, "why": None}
    assert raw["marks"] == []


def test_datasets_loads_the_parquet_file_with_pictures(folder: Path, tmp_path: Path) -> None:
    export(load_records(folder)[0], folder, tmp_path / "set.parquet")
    rows = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "set.parquet"), split="train", cache_dir=str(tmp_path / "hf")
    )
    assert isinstance(rows.features["image"], datasets.Image)
    assert rows["split"] == ["train", "test", "train", "train", "dev", "test"]
    assert rows[3]["previous"] == ["Once."]
    assert rows[0]["image"].convert("RGB").tobytes() == pixels(folder / "images" / "a1.png")


def test_a_folder_is_a_dataset_dict_in_memory(folder: Path) -> None:
    made = as_hf_dataset(folder, {"b-1": Seen("A lion.", "A big lion.", ("lion",))})
    assert {split: len(rows) for split, rows in made.items()} == {"train": 3, "dev": 1, "test": 2}
    assert isinstance(made["test"].features["image"], datasets.Image)
    row = made["test"][0]
    assert (row["id"], row["description"], row["previous"], row["title"]) == ("b-1", "A lion.", [], "The tale of b")
    assert (row["standalone"], row["tags"]) == ("A big lion.", ["lion"])
    assert row["image"].size == (160, 120)
    assert made["train"][1]["narration"] is None
    assert made["test"][1]["previous_descriptions"] == ["A lion."]


def test_a_csv_of_texts_becomes_books_with_fresh_ids_and_splits(tmp_path: Path) -> None:
    rows = "".join(f'{number}.png,"One, {number}.",b{number // 2},\n' for number in range(12))
    source = table(tmp_path / "src", "metadata.csv", "\ufefffile_name,text,book,page\n" + rows, pictures=12)
    made = imported(source, tmp_path / "set", wish=Wish(0.2, 0.2))
    assert made == Imported({"train": 8, "dev": 2, "test": 2}, ())  # type: ignore[arg-type]
    records, bad = load_records(tmp_path / "set")
    assert not bad
    assert [one.narration for one in records] == [f"One, {number}." for number in range(12)]
    assert len({one.id for one in records}) == 12
    assert records[1].previous == ("One, 0.",)
    assert records[2].previous == ()
    assert [one.image.read_bytes() for one in records] == [(source / f"{n}.png").read_bytes() for n in range(12)]
    assert check(tmp_path / "set", LookCache(tmp_path / "cache")).is_sound


def test_rows_of_both_styles_at_one_picture_are_one_record(tmp_path: Path) -> None:
    lines = [
        {"image": "0.png", "text": "He ran.", "book": "a", "page": 1, "panel": 1, "previous": ["Once."]},
        {"image": "0.png", "text": "A boy.", "style": "description", "book": "a", "page": 1, "panel": 1},
        {"image": "1.png", "text": "A hut.", "style": "description", "book": "a", "page": 1, "panel": 2},
        {"image": "1.png", "text": "A small hut.", "style": "description", "book": "a", "page": 1, "panel": 2},
        {"id": 7, "image": "2.png", "text": "He fell.", "book": "b", "split": "validation", "mood": "sad"},
        {"id": 7, "image": "2.png", "text": "A fall.", "style": "description", "previous": "A hill.", "book": "b"},
    ]  # fmt: skip
    source = table(tmp_path / "src", "texts.jsonl", "\n".join(map(json.dumps, lines)))
    assert not imported(source, tmp_path / "set").bad
    one, two, three, four = load_records(tmp_path / "set")[0]
    assert (one.narration, one.description, one.previous, one.page, one.panel) == (
        "He ran.",
        "A boy.",
        ("Once.",),
        1,
        1,
    )
    assert (two.narration, two.description, three.description) == ("", "A hut.", "A small hut.")
    assert two.previous_descriptions == ("A boy.",)
    assert (four.id, four.split, four.narration, four.description) == ("7", "dev", "He fell.", "A fall.")
    assert (four.previous, four.previous_descriptions, four.more) == ((), ("A hill.",), {"mood": "sad"})
    assert one.split == "train"  # some row names a split, so nothing is drawn


def test_a_text_is_of_the_style_that_is_asked_for(tmp_path: Path) -> None:
    source = table(tmp_path / "src", "texts.tsv", "image\tcaption\n0.png\tA goat, a hut.\n")
    imported(source, tmp_path / "set", "description")
    (one,) = load_records(tmp_path / "set")[0]
    assert (one.narration, one.description, one.book) == ("", "A goat, a hut.", one.id)


def test_rows_that_are_no_records_are_told_and_the_rest_is_imported(tmp_path: Path) -> None:
    text = (
        "image;text;page;split\n"
        "0.png;Good.;1;train\n"
        "none.png;Lost.;2;train\n"
        "1.png;;3;train\n"
        "1.png;Odd.;x;train\n"
        "1.png;Held.;4;holdout\n"
        "1.png;Too;5;train;more\n"
        ";No picture.;6;train\n"
        "table.csv;No picture.;7;train\n"
        "2.png;Good too.;8;test\n"
    )
    source = table(tmp_path / "src", "table.csv", text)
    made = imported(source, tmp_path / "set")
    assert [row.number for row in made.bad] == [3, 4, 5, 6, 7, 8, 9]
    reasons = " | ".join(row.reason for row in made.bad)
    for part in (
        "cannot be read",
        "there is no text",
        "“page” is no whole",
        "'holdout'",
        "more cells",
        "no picture",
        "decoded",
    ):
        assert part in reasons
    assert [one.narration for one in load_records(tmp_path / "set")[0]] == ["Good.", "Good too."]
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["0.png", "2.png", "records.jsonl"]


def test_pictures_of_others_in_parquet_get_a_place_inside_the_folder(tmp_path: Path) -> None:
    def picture(number: int, kind: str) -> bytes:
        stream = io.BytesIO()
        drawn(number).save(stream, kind)
        return stream.getvalue()

    rows: list[dict[str, Any]] = [
        {"jpg": {"bytes": picture(1, "JPEG"), "path": "/home/x/one.jpg"}, "caption": "One."},
        {"jpg": {"bytes": picture(2, "JPEG"), "path": "one.jpg"}, "caption": "Two."},
        {"jpg": {"bytes": picture(3, "WEBP"), "path": None}, "caption": "Three."},
        {"jpg": {"bytes": picture(1, "JPEG"), "path": "../../one.jpg"}, "caption": "One again."},
        {"jpg": None, "caption": "None."},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "others.parquet")
    made = imported(tmp_path / "others.parquet", tmp_path / "set", wish=Wish(0, 0))
    assert [row.number for row in made.bad] == [5]
    records, bad = load_records(tmp_path / "set")
    assert not bad
    images = [one.image.relative_to(tmp_path / "set").as_posix() for one in records]
    assert images[0] == images[3] == "images/one.jpg"
    assert images[1].startswith("images/one-")
    assert images[2].endswith(".webp")
    assert [one.image.read_bytes() for one in records] == [row["jpg"]["bytes"] for row in rows[:4]]


@pytest.mark.parametrize(
    "place", ["../out.png", "/out.png", "a/../../out.png", "records.jsonl", "C:\\out.png", "x" * 300]
)
def test_no_row_names_a_place_outside_the_folder_or_the_records(tmp_path: Path, place: str) -> None:
    stream = io.BytesIO()
    drawn(1).save(stream, "PNG")
    row = {"image": {"bytes": stream.getvalue(), "path": None}, "file_name": place, "text": "One."}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "rows.parquet")
    assert not imported(tmp_path / "rows.parquet", tmp_path / "set").bad
    (one,) = load_records(tmp_path / "set")[0]
    assert one.image.read_bytes() == stream.getvalue()
    assert one.image.parent == tmp_path / "set" / "images"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.parquet", "set"]


def test_a_saved_data_set_of_pictures_in_memory_is_imported(tmp_path: Path) -> None:
    columns = datasets.Features(image=datasets.Image(), text=datasets.Value("string"))
    made = datasets.Dataset.from_dict({"image": [drawn(1), drawn(2)], "text": ["One.", "Two."]}, features=columns)
    made.save_to_disk(str(tmp_path / "saved"))
    imported(tmp_path / "saved", tmp_path / "set", wish=Wish(0, 0))
    records, _ = load_records(tmp_path / "set")
    assert [(one.narration, pixels(one.image)) for one in records] == [
        ("One.", drawn(1).tobytes()), ("Two.", drawn(2).tobytes()),
    ]  # fmt: skip


def test_nothing_is_left_where_an_import_or_export_fails(folder: Path, tmp_path: Path) -> None:
    source = table(tmp_path / "src", "table.csv", "image,text\nnone.png,Lost.\n")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DatasetError, match=r"holds no record\. The first row left out is 2: the picture none\.png"):
        imported(source, tmp_path / "new")
    with pytest.raises(DatasetError, match="stands there already"):
        imported(source, folder)
    with pytest.raises(DatasetError, match="stands there already"):
        export(load_records(folder)[0], folder, source)
    records, _ = load_records(folder)
    (folder / "plain.png").unlink()
    for out in ("new.parquet", "new"):
        with pytest.raises(DatasetError, match="was not exported"):
            export(records, folder, tmp_path / out)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("none.csv", None, "There is no"),
        ("a.txt", b"x", "is none of"),
        ("a.parquet", b"PAR1 no", "cannot be read"),
        ("a.csv", b"image,text\n0.png,\xff\xfe\n", "cannot be read"),
        ("a.jsonl", b"{\n", "holds no record"),
        ("a.csv", b"", "holds no record"),
    ],
)
def test_a_source_that_is_none_is_named(tmp_path: Path, name: str, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=reason):
        imported(tmp_path / name, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_folder_must_hold_one_table(tmp_path: Path) -> None:
    source = table(tmp_path / "src", "a.csv", "image,text\n0.png,One.\n")
    (source / "b.tsv").write_text("image\ttext\n")
    with pytest.raises(DatasetError, match=r"holds 2 of them \(a\.csv, b\.tsv\); name the file"):
        imported(source, tmp_path / "set")
    assert imported(source / "a.csv", tmp_path / "set").records.total() == 1
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="holds none"):
        imported(tmp_path / "empty", tmp_path / "other")


def test_long_stories_are_not_cut(tmp_path: Path) -> None:
    long = told(1) * 5000
    source = table(tmp_path / "src", "a.csv", f'image,text\n0.png,"{long}"\n')
    imported(source, tmp_path / "set")
    assert load_records(tmp_path / "set")[0][0].narration == long

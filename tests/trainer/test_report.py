from __future__ import annotations

import base64
import io
import json
import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from word_vectors import word_vectors

from trainer.captioner import Decoding
from trainer.dataset import DatasetError, load_records
from trainer.plots import bars
from trainer.report import MEASURES, Report, as_json, captions_of, write_json
from trainer.report_page import page, write_page
from trainer.scoreboard import NARRATOR, PERSON, score_systems
from trainer.significance import Estimate

MEASURED = set(MEASURES) - {"picture_fit", "tags_right", "tags_told"}  # which need a scorer, and tags


@pytest.fixture(scope="module")
def report(stories: Path) -> Report:
    records = load_records(stories)[0]
    systems = {
        NARRATOR: ["<b>The red ball</b> & I.", "A blue ball.", "Green!", "A yellow ball"] * 2,
        "most frequent caption": ["The ball sits on the hill."] * 8,
    }
    board = score_systems(systems, [one.narration for one in records], [one.book for one in records], word_vectors)
    return Report("tiny <1>", "other.json", "dev", Decoding(), board, records, systems)


def test_the_board_compares_the_narrator_with_every_system_and_the_person(report: Report) -> None:
    board = report.board
    assert list(board.scores) == [NARRATOR, "most frequent caption", PERSON]
    assert set(board.scores[NARRATOR]) == MEASURED
    assert "bleu" not in board.scores[PERSON]
    assert board.scores[PERSON]["mean_words"].value == 7
    assert board.differences[PERSON]["mean_words"].value == pytest.approx((6 + 3 + 1 + 3) / 4 - 7)
    assert set(board.differences) == {"most frequent caption", PERSON}
    assert board.chance == {"right_picture": 1 / 8}


def test_the_json_holds_numbers_and_captions_and_is_read_back(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "report.json"
    write_json(report, file)
    written = json.loads(file.read_text())
    assert written["scores"][NARRATOR]["bleu"].keys() == {"value", "low", "high"}
    assert written["differences"][PERSON]["mean_words"].keys() == {"value", "low", "high", "p"}
    assert written["decoding"]["no_repeat_ngram"] == 3
    assert (written["records"], written["books"]) == (8, 2)
    assert captions_of(file, report.records) == report.systems[NARRATOR]
    assert captions_of(file, report.records[2:3]) == ["Green!"]
    assert [path.name for path in file.parent.iterdir()] == ["report.json"]


def test_what_could_not_be_measured_is_null(report: Report) -> None:
    unknown = Estimate(math.nan, math.nan, math.nan)
    board = replace(report.board, scores={NARRATOR: report.board.scores[NARRATOR] | {"distinct_2": unknown}})
    damaged = replace(report, board=board)
    assert as_json(damaged)["scores"][NARRATOR]["distinct_2"] == {"value": None, "low": None, "high": None}
    assert "nan" not in page(damaged)


def test_a_report_of_other_records_is_refused(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    write_json(report, file)
    stranger = replace(report.records[0], id="c-1")
    with pytest.raises(DatasetError, match="made on other records: it has no caption for c-1"):
        captions_of(file, [stranger])
    other_texts = replace(report.records[0], narration="Another text.")
    with pytest.raises(DatasetError, match=r"made on other texts: a-\d+ has another reference"):
        captions_of(file, [other_texts])
    file.write_text('{"captions": [{"id": "a-0"}]}')
    with pytest.raises(DatasetError, match="is no report of an evaluation"):
        captions_of(file, report.records)
    with pytest.raises(DatasetError, match="is no report of an evaluation"):
        captions_of(tmp_path / "absent.json", report.records)


def test_the_page_stands_alone_and_escapes_what_it_shows(report: Report, tmp_path: Path) -> None:
    write_page(report, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "&lt;b&gt;The red ball&lt;/b&gt; &amp; I." in text
    assert "<b>" not in text
    assert "tiny &lt;1&gt;" in text
    assert not re.findall(r"(?:src|href)=\"(?!data:)", text)
    assert "prefers-color-scheme: dark" in text
    for measure in MEASURES.values():
        assert measure.label in text
    pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', text)
    assert len(pictures) == 8
    for encoded in pictures:
        with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
            assert picture.format == "JPEG"
            assert max(picture.size) <= 240


def test_it_says_how_captions_were_chosen_where_that_is_not_the_usual_way(report: Report) -> None:
    assert "Decoding: greedy, as by default." in page(report)
    sampled = replace(report, decoding=Decoding(temperature=0.6, samples=4))
    assert "Decoding: temperature 0.6, samples 4." in page(sampled)


def test_every_drawing_is_whole_xml(report: Report) -> None:
    drawings = re.findall(r"<svg.*?</svg>", page(report), re.DOTALL)
    assert len(drawings) == len(MEASURED)
    for drawing in drawings:
        ElementTree.fromstring(drawing)  # noqa: S314 - our own


def test_bars_start_at_zero_and_stay_inside() -> None:
    rows = {
        "a & b": Estimate(-0.5, -1.0, 0.2),
        "c": Estimate(0.25, 0.1, 0.5),
        "d": Estimate(math.nan, math.nan, math.nan),
    }
    drawing = ElementTree.fromstring(bars("Gain", rows, "c", 2, band=(0.0, 0.7), line=0.3))  # noqa: S314 - our own
    width = float(drawing.attrib["viewBox"].split()[2])
    shapes = [shape for shape in drawing if shape.tag == "rect"]
    band, below, above = ({key: float(shape.attrib[key]) for key in ("x", "width")} for shape in shapes)
    zero = next(float(line.attrib["x1"]) for line in drawing if line.attrib.get("class") == "zero")
    assert below["x"] + below["width"] == pytest.approx(zero, abs=0.2)
    assert above["x"] == pytest.approx(zero, abs=0.2)
    assert below["width"] == pytest.approx(2 * above["width"], rel=0.02)
    assert band["x"] + band["width"] < width
    texts = ["".join(text.itertext()) for text in drawing if text.tag == "text"]
    assert texts == ["a & b", "-0.50", "c", "0.25", "d"]

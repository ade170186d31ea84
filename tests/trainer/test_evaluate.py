from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models
import torch
from word_vectors import word_vectors

from trainer import events
from trainer.captioner import Decoding
from trainer.controls import open_picture
from trainer.dataset import DatasetError
from trainer.evaluate import MOST_FREQUENT, NEAREST, OTHER, WRONG_PICTURES, Evaluation, evaluate
from trainer.scoreboard import NARRATOR, PERSON
from trainer.scorer import ScorerCard, new_dual_encoder, save_dual_encoder

COLOURS = ["red", "blue", "green", "yellow"]


@pytest.fixture(scope="module")
def three_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four coloured pictures in each of three books; one is to be trained on."""
    folder = tmp_path_factory.mktemp("three_books")
    (folder / "images").mkdir()
    lines = []
    for book, split in (("a", "train"), ("b", "test"), ("c", "test")):
        for page, colour in enumerate(COLOURS, start=1):
            name = f"images/{book}{page}.png"
            tiny_models.picture(colour, (60 + 4 * page, 48)).save(folder / name)
            text = {"narration": f"The {colour} ball sits on the hill.", "description": f"A {colour} ball."}
            lines.append(json.dumps({"id": f"{book}-{page}", "split": split, "book": book, "image": name} | text))
    (folder / "records.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture
def wanted(tiny_narrator: Path, three_books: Path, tmp_path: Path) -> Evaluation:
    return Evaluation(
        str(tiny_narrator), three_books, decoding=Decoding(max_tokens=12), json_file=tmp_path / "report.json"
    )


def run(
    wanted: Evaluation, folder: Path, base_weights: Path | None = None
) -> tuple[dict[str, object], list[events.Event], events.RunFinished]:
    seen: list[events.Event] = []
    last = evaluate(wanted, base_weights or folder / "base" / "weights", word_vectors, seen.append)
    assert wanted.json_file is not None
    return json.loads(wanted.json_file.read_text()), seen, last


def test_a_narrator_is_measured_beside_its_controls(wanted: Evaluation, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    report, seen, last = run(replace(wanted, html_file=page), tmp_path)
    systems = [NARRATOR, WRONG_PICTURES, NEAREST, MOST_FREQUENT]
    assert list(report["scores"]) == [*systems, PERSON]  # type: ignore[call-overload]
    captions = report["captions"]
    assert isinstance(captions, list)
    assert [row["id"] for row in captions] == [f"{book}-{page}" for book in "bc" for page in range(1, 5)]
    assert [row[NEAREST] for row in captions] == [row["reference"] for row in captions]  # the colours of the book a
    assert any(row[NARRATOR] != row[WRONG_PICTURES] for row in captions)
    assert page.read_text().startswith("<!doctype html>")
    assert last.path == str(page)
    assert last.message.startswith("BLEU ")
    assert [event.step for event in seen if isinstance(event, events.Progress)] == [8, 16]
    assert sum(isinstance(event, events.Metrics) for event in seen) == len(systems) + 1


def test_a_scorer_judges_how_well_captions_fit(
    wanted: Evaluation, tiny_narrator: Path, base_weights: Path, tmp_path: Path
) -> None:
    card = json.loads((tiny_narrator / "narrator.json").read_text())
    torch.manual_seed(3)
    made = new_dual_encoder(ScorerCard("tiny", "Tiny", card["vision"], (), 8), base_weights)
    (tmp_path / "scorer").mkdir()
    save_dual_encoder(made.card, made.heads, made.backdrop, tmp_path / "scorer")
    report, _, _ = run(replace(wanted, judge=str(tmp_path / "scorer")), tmp_path, base_weights)
    fits = {name: scores["picture_fit"]["value"] for name, scores in report["scores"].items()}  # type: ignore[attr-defined]
    pictures = made.encode_pictures(
        [open_picture(wanted.data / f"images/{row['id'].replace('-', '')}.png") for row in report["captions"]]
    )  # type: ignore[attr-defined]
    told = made.encode_texts([row["reference"] for row in report["captions"]])  # type: ignore[attr-defined]
    assert fits[PERSON] == pytest.approx(float((pictures * told).sum(dim=1).mean()), abs=1e-3)  # kept in half precision
    assert fits[NARRATOR] != fits[WRONG_PICTURES]


def test_against_its_own_report_nothing_differs(wanted: Evaluation, tmp_path: Path) -> None:
    run(wanted, tmp_path)
    again = replace(wanted, against=str(wanted.json_file), json_file=tmp_path / "again.json")
    report, seen, _ = run(again, tmp_path)
    differences = report["differences"][OTHER]  # type: ignore[index]
    assert all((found["value"], found["p"]) == (0, 1) for found in differences.values())
    assert max(event.total_steps for event in seen if isinstance(event, events.Progress)) == 16


def test_against_another_narrator_both_write(wanted: Evaluation, tmp_path: Path) -> None:
    other = tiny_models.tiny_encoder_decoder(tmp_path / "other", uses_context=False)
    report, seen, _ = run(replace(wanted, against=str(other)), tmp_path)
    assert all(row[OTHER] != row[NARRATOR] for row in report["captions"])  # type: ignore[attr-defined]
    assert [event.step for event in seen if isinstance(event, events.Progress)] == [8, 16, 24]


def test_told_alone_the_standalone_texts_are_the_references_and_tags_are_counted(
    wanted: Evaluation, three_books: Path, tmp_path: Path
) -> None:
    seen = tmp_path / "seen.jsonl"
    ids = [f"{book}-{page}" for book in "abc" for page in range(1, 5)]
    lines = [
        {"id": name, "description": "It lies.", "standalone": f"A ball lies on hill {name}.", "tags": ["ball", name[0]]}
        for name in ids
    ]
    seen.write_text("\n".join(map(json.dumps, lines)))
    told = replace(wanted, style="description", descriptions=seen)
    report, _, _ = run(replace(told, alone=True), tmp_path)
    assert {row["reference"] for row in report["captions"]} == {f"A ball lies on hill {name}." for name in ids[4:]}  # type: ignore[attr-defined]
    person = report["scores"][PERSON]  # type: ignore[index]
    assert person["tags_told"]["value"] == pytest.approx(1.0)  # the ball, and the book's letter
    assert "tags_right" in report["differences"][WRONG_PICTURES]  # type: ignore[index]
    told_on, _, _ = run(told, tmp_path)
    assert {row["reference"] for row in told_on["captions"]} == {"It lies."}  # type: ignore[attr-defined]


def test_two_narrators_are_compared_alone_without_controls(wanted: Evaluation, tmp_path: Path) -> None:
    other = tiny_models.tiny_encoder_decoder(tmp_path / "other", uses_context=False)
    report, seen, last = run(replace(wanted, against=str(other), controls=False, split="train"), tmp_path)
    assert list(report["scores"]) == [NARRATOR, OTHER, PERSON]  # type: ignore[call-overload]
    assert [event.step for event in seen if isinstance(event, events.Progress)] == [4, 8]
    assert "over the other narrator (p = " in last.message


def test_where_nothing_is_to_train_on_wrong_pictures_are_the_only_control(wanted: Evaluation, tmp_path: Path) -> None:
    lines = (wanted.data / "records.jsonl").read_text().splitlines()
    shutil.copytree(wanted.data, tmp_path / "test")
    (tmp_path / "test" / "records.jsonl").write_text("\n".join(line for line in lines if '"test"' in line))
    report, _, last = run(replace(wanted, data=tmp_path / "test"), tmp_path)
    assert list(report["scores"]) == [NARRATOR, WRONG_PICTURES, PERSON]  # type: ignore[call-overload]
    assert "the right pictures give" in last.message


def test_a_limit_takes_the_beginnings_of_several_books(wanted: Evaluation, tmp_path: Path) -> None:
    report, _, _ = run(replace(wanted, limit=4), tmp_path)
    assert [row["id"] for row in report["captions"]] == ["b-1", "b-2", "c-1", "c-2"]  # type: ignore[attr-defined]


def test_a_split_without_records_is_refused(wanted: Evaluation, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"The split “dev” of .* has fewer than two records"):
        run(replace(wanted, split="dev"), tmp_path)


def test_a_report_that_is_none_is_refused_before_anything_is_written(wanted: Evaluation, tmp_path: Path) -> None:
    seen: list[events.Event] = []
    with pytest.raises(DatasetError, match="is no report of an evaluation"):
        evaluate(replace(wanted, against="absent.json"), tmp_path, word_vectors, seen.append)
    assert not seen


def test_without_minilm_the_command_says_how_to_get_it(tiny_narrator: Path, three_books: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trainer", "evaluate", "--model", str(tiny_narrator), "--data", str(three_books)]
    command += ["--base-weights", str(tmp_path), "--html", str(tmp_path / "report.html")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    last = events.decode_event(done.stdout.splitlines()[-1])
    assert isinstance(last, events.RunFailed)
    assert "python -m trainer fetch-base" in last.message
    assert done.returncode == 1

"""Measuring found panels against true ones."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.panel_matching import best_overlaps, kendall_tau, matches, overlaps
from trainer.panels_evaluate import run

Boxes = list[list[int]]

GRID = [[0, 0, 100, 100], [110, 0, 100, 100], [0, 110, 100, 100], [110, 110, 100, 100]]

ious_of_pages = st.integers(0, 4).flatmap(
    lambda rows: st.integers(0, 4).flatmap(
        lambda columns: st.lists(
            st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.6, 0.8, 1.0]), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        ).map(lambda values: np.array(values, dtype=np.float64).reshape(rows, columns))
    )
)


def page(name: str, boxes: Boxes, **more: object) -> dict[str, object]:
    return {"name": name, "width": 210, "height": 210, "panels": [{"box": box} for box in boxes], **more}


def write(path: Path, pages: list[dict[str, object]], book: str = "A book", **more: object) -> Path:
    path.write_text(json.dumps({"book": book, "pages": pages, **more}))
    return path


def measured(found: Path, truth: Path, tmp_path: Path) -> dict[str, dict[str, object]]:
    out, notes = io.StringIO(), io.StringIO()
    assert run(found, truth, tmp_path / "scores.json", out, notes) == 0, notes.getvalue()
    return json.loads((tmp_path / "scores.json").read_text())


def refused(found: Path, truth: Path) -> str:
    out, notes = io.StringIO(), io.StringIO()
    assert run(found, truth, None, out, notes) == 1
    assert out.getvalue() == ""
    (sentence,) = notes.getvalue().splitlines()
    return sentence


class TestMatching:
    def test_overlap_is_shared_area_over_joint_area(self) -> None:
        found = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 5, 9]], dtype=np.float64)
        assert overlaps(found, found[:1])[:, 0] == pytest.approx([1, 1 / 3, 0])

    @given(ious_of_pages, st.sampled_from([0.5, 0.75]))
    def test_a_matching_is_one_to_one_and_none_is_larger(self, ious: np.ndarray, least: float) -> None:
        found = matches(ious, least)
        assert len(set(found.values())) == len(found)
        assert all(ious[row, column] >= least for column, row in found.items())
        rows, columns = ious.shape
        wide = ious if rows <= columns else ious.T
        largest = max(
            (
                sum(wide[row, column] >= least for row, column in enumerate(chosen))
                for chosen in itertools.permutations(range(wide.shape[1]), wide.shape[0])
            ),
            default=0,
        )
        assert len(found) == largest

    def test_the_best_overlap_takes_its_panel_first(self) -> None:
        assert best_overlaps(np.array([[0.9, 0.8], [0.7, 0.1]])) == pytest.approx([0.9, 0.1])

    @given(st.permutations(range(5)))
    def test_tau_counts_pairs(self, ranks: list[int]) -> None:
        right = sum(a < b for a, b in itertools.combinations(ranks, 2))
        assert kendall_tau(ranks) == pytest.approx((right - (10 - right)) / 10)


class TestScores:
    def test_what_equals_the_truth_is_perfect(self, tmp_path: Path) -> None:
        truth = write(tmp_path / "truth.json", [page("1.png", GRID), page("2.png", GRID[:1])])
        scores = measured(truth, truth, tmp_path)["scores"]
        assert scores["cuts"] == {
            cut: {"precision": 1.0, "recall": 1.0, "f1": 1.0, "exact_pages": 1.0} for cut in ("0.5", "0.75", "0.9")
        }
        assert (scores["mean_iou"], scores["order_accuracy"], scores["tau"]) == (1.0, 1.0, 1.0)
        assert (scores["pages"], scores["books"], scores["ordered_pages"], scores["ms_median"]) == (2, 1, 1, None)

    def test_missing_needless_and_shifted_panels_count(self, tmp_path: Path) -> None:
        truth = write(tmp_path / "truth.json", [page("1.png", GRID), page("2.png", GRID)])
        shifted = [20, 0, 100, 100]  # shares 80 of 120 columns: IoU 2/3
        found = write(tmp_path / "found.json", [page("1.png", [shifted, *GRID[1:3]]), page("2.png", [*GRID, shifted])])
        scores = measured(found, truth, tmp_path)["scores"]
        assert scores["cuts"]["0.5"] == pytest.approx(
            {"precision": 7 / 8, "recall": 7 / 8, "f1": 7 / 8, "exact_pages": 0}
        )
        assert scores["cuts"]["0.75"] == pytest.approx(
            {"precision": 6 / 8, "recall": 6 / 8, "f1": 6 / 8, "exact_pages": 0}
        )
        assert scores["mean_iou"] == pytest.approx((2 / 3 + 2 + 4) / 8)

    def test_one_found_panel_over_two_true_ones_is_one_panel(self, tmp_path: Path) -> None:
        truth = write(tmp_path / "truth.json", [page("1.png", [[0, 0, 100, 100], [0, 0, 100, 90]])])
        found = write(tmp_path / "found.json", [page("1.png", [[0, 0, 100, 95]])])
        assert measured(found, truth, tmp_path)["scores"]["cuts"]["0.9"]["recall"] == 0.5

    def test_order_is_judged_on_the_panels_that_were_found(self, tmp_path: Path) -> None:
        truth = write(tmp_path / "truth.json", [page("1.png", GRID), page("2.png", GRID), page("3.png", GRID[:1])])
        swapped = [GRID[0], GRID[2], GRID[1], GRID[3]]
        found = write(
            tmp_path / "found.json", [page("1.png", swapped), page("2.png", GRID[1:]), page("3.png", GRID[:1])]
        )
        scores = measured(found, truth, tmp_path)["scores"]
        assert (scores["ordered_pages"], scores["order_accuracy"]) == (2, 0.5)
        assert scores["tau"] == pytest.approx((2 / 3 + 1) / 2)

    def test_time_is_the_median_and_what_nearly_all_pages_take(self, tmp_path: Path) -> None:
        truth = write(tmp_path / "truth.json", [page(f"{n}.png", GRID) for n in range(21)])
        found = write(tmp_path / "found.json", [page(f"{n}.png", GRID, ms=n) for n in range(21)])
        scores = measured(found, truth, tmp_path)["scores"]
        assert (scores["ms_median"], scores["ms_95"]) == (10, 19)

    def test_a_page_that_is_not_predicted_was_not_found_and_one_without_truth_does_not_count(
        self, tmp_path: Path
    ) -> None:
        truth = write(tmp_path / "truth.json", [page("1.png", GRID), page("2.png", GRID)])
        found = write(tmp_path / "found.json", [page("1.png", GRID), page("9.png", GRID)])
        cut = measured(found, truth, tmp_path)["scores"]["cuts"]["0.5"]
        assert (cut["precision"], cut["recall"], cut["exact_pages"]) == (1.0, 0.5, 0.5)

    def test_a_page_is_the_same_page_at_any_size(self, tmp_path: Path) -> None:
        truth = write(tmp_path / "truth.json", [page("1.png", GRID)])
        doubled = [[2 * length for length in box] for box in GRID]
        found = write(tmp_path / "found.json", [page("1.png", doubled) | {"width": 420, "height": 420}])
        assert measured(found, truth, tmp_path)["scores"]["mean_iou"] == pytest.approx(1)

    def test_the_worst_pages_are_named(self, tmp_path: Path) -> None:
        truth = write(tmp_path / "truth.json", [page("1.png", GRID), page("2.png", GRID), page("3.png", GRID)])
        found = write(tmp_path / "found.json", [page("1.png", GRID[:3]), page("2.png", GRID[:1]), page("3.png", GRID)])
        out = io.StringIO()
        run(found, truth, None, out, io.StringIO())
        worst = [line.split(":")[1].strip() for line in out.getvalue().splitlines() if line.startswith("worst")]
        assert worst == ["A book, 2.png", "A book, 1.png"]


class TestBooks:
    def test_books_are_known_by_title_or_file_name(self, tmp_path: Path) -> None:
        predictions = [
            {"book": "Pepper 1: Flight", "file": "ep01.cbz", "pages": [page("1.png", GRID)]},
            {"book": "strips", "pages": [page("1.png", GRID[:2])]},
        ]
        (tmp_path / "found.json").write_text(json.dumps(predictions))
        folder = tmp_path / "truth"
        folder.mkdir()
        write(folder / "ep01.json", [page("1.png", GRID)], book="ep01.cbz")
        write(folder / "strips.json", [page("1.png", GRID[:2])], book="strips.cbz")
        scores = measured(tmp_path / "found.json", folder, tmp_path)["scores"]
        assert (scores["books"], scores["cuts"]["0.9"]["exact_pages"]) == (2, 1.0)

    def test_a_book_without_prediction_is_said(self, tmp_path: Path) -> None:
        write(tmp_path / "found.json", [page("1.png", GRID)], book="one")
        two = [{"book": name, "pages": [page("1.png", GRID)]} for name in ("one", "two")]
        (tmp_path / "truth.json").write_text(json.dumps(two))
        assert "“two”" in refused(tmp_path / "found.json", tmp_path / "truth.json")

    @pytest.mark.parametrize(
        "content",
        [
            "no json",
            "[1]",
            '{"book": "a"}',
            '{"book": 1, "pages": []}',
            '{"book": "a", "pages": [{"name": "1", "panels": [{"box": [1, 2, 3]}], "width": 9, "height": 9}]}',
            '{"book": "a", "pages": [{"name": "1", "panels": [{"box": [1, 2, 3, 4]}], "width": null, "height": 9}]}',
            '{"book": "a", "pages": [{"name": "1", "panels": [{"box": [1, 2, -3, 4]}], "width": 9, "height": 9}]}',
            '{"book": "a", "pages": [{"name": "1", "panels": []}, {"name": "1", "panels": []}]}',
            '{"book": "a", "pages": []}',
            "[]",
        ],
    )
    def test_what_is_no_document_is_one_sentence(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "bad.json").write_text(content)
        refused(tmp_path / "bad.json", tmp_path / "bad.json")

    def test_a_missing_file_is_one_sentence(self, tmp_path: Path) -> None:
        assert "nothing.json" in refused(tmp_path / "nothing.json", tmp_path / "nothing.json")


def test_the_command_writes_for_a_person(tmp_path: Path, repository: Path) -> None:
    truth = write(tmp_path / "truth.json", [page("1.png", GRID, ms=3)])
    done = subprocess.run(
        [sys.executable, "-m", "trainer", "panels-evaluate", truth, truth],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "pages 1, books 1, true panels 4, found panels 4"
    assert "3.0 ms a page (median)" in done.stdout

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainer import events
from trainer.evaluate import evaluate, score


def test_scores_of_known_texts() -> None:
    same = score(["The goat ran up the green hill.", "It rained."], ["The goat ran up the green hill.", "It rained."])
    assert same.bleu == pytest.approx(100)
    assert same.chrf == pytest.approx(100)
    assert same.unique_share == 1
    dull = score(["a b a b", "a b a b"], ["The goat ran up.", "It rained."])
    assert dull.bleu < 5
    assert dull.distinct_2 == pytest.approx(2 / 6)
    assert dull.unique_share == 0.5
    assert dull.repeated_share == 1
    assert dull.mean_words == 4


def test_a_narrator_is_measured_beside_its_controls(tiny_narrator: Path, stories: Path, tmp_path: Path) -> None:
    seen: list[events.Event] = []
    report = tmp_path / "report.json"
    evaluate(str(tiny_narrator), tmp_path, stories, "dev", 0, report, seen.append)
    written = json.loads(report.read_text())
    assert set(written["scores"]) == {"narrator", "narrator, wrong pictures", "most frequent caption"}
    assert len(written["captions"]) == written["records"] == 4
    assert written["signatures"]["bleu"].startswith("nrefs:1|case:mixed")
    assert written["captions"][0]["narrator"] != written["captions"][0]["narrator, wrong pictures"]
    assert sum(isinstance(event, events.Metrics) for event in seen) == 3

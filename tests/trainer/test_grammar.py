"""The judge of grammar, trained on real sentences and measured on those of other books."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch

from trainer.dataset import load_descriptions
from trainer.grammar import GrammarJudge, train_grammar
from trainer.text_corruption import CORRUPTIONS, INSERTED, REMOVED, REPEATED, SHUFFLED, SWAPPED, corrupted

TRAINED, HELD_OUT = 700, 200
LEAST_AUC = {REPEATED: 0.96, REMOVED: 0.66, INSERTED: 0.80, SWAPPED: 0.87, SHUFFLED: 0.89}
"""Measured: 0.992, 0.731, 0.851, 0.924, 0.942. A text that lost an adjective is sound, so `removed` stays low."""


@pytest.fixture(scope="module")
def texts(repository: Path) -> list[str]:
    """Descriptions, those of a book together."""
    file = repository / "resources" / "datasets" / "storybook_descriptions.jsonl"
    return [seen.description for seen in load_descriptions(file).values()]


@pytest.fixture(scope="module")
def judge(texts: list[str]) -> GrammarJudge:
    return train_grammar(texts[:TRAINED], seed=0)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_spoilt_texts_of_other_books_score_lower(judge: GrammarJudge, texts: list[str], kind: str) -> None:
    sound, other_words, draw = texts[-HELD_OUT:], " ".join(texts[:TRAINED]).split(), random.Random(1)
    spoilt = judge([corrupted(text, kind, other_words, draw) for text in sound])
    auc = float((judge(sound)[:, None] > spoilt).float().mean())
    assert auc > LEAST_AUC[kind]


def test_what_rewards_without_grammar_end_in_scores_lower(judge: GrammarJudge) -> None:
    sound = judge(["A girl sits under a big tree with her dog. The sun shines."])
    heaps = ["girl tree dog sun dog girl tree tree", "A girl a girl a girl a girl with a girl.", "the the the the the"]
    assert (judge(heaps) < sound - 1).all()
    assert (judge(["A girl sits under a tree. " * 50]) < sound - 1).all()


def test_it_goes_on_as_it_was_saved(judge: GrammarJudge, texts: list[str]) -> None:
    again = GrammarJudge.from_state_dict(json.loads(json.dumps(judge.state_dict())))
    assert torch.equal(again(texts[-20:]), judge(texts[-20:]))


def test_any_text_has_a_score_and_none_is_better_than_certain(judge: GrammarJudge) -> None:
    scores = judge(["", " ", "…", "7", "Oh!", "éé " * 200])
    assert scores.shape == (6,)
    assert scores.isfinite().all()
    assert (scores <= 0).all()
    assert judge([]).shape == (0,)


def test_a_seed_makes_one_judge(texts: list[str]) -> None:
    few = texts[:40]
    assert torch.equal(train_grammar(few, seed=1)(few), train_grammar(few, seed=1)(few))


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 8 texts, not 2"):
        train_grammar(["One.", "Two."], seed=0)

from __future__ import annotations

import math

import pytest

from trainer.word_sequences import SequenceModel, frequent_words, tokens, word_classes


def test_tokens_are_words_and_dividing_marks() -> None:
    assert tokens("“Don’t go!” she said, twice…") == ["don't", "go", "!", "she", "said", ",", "twice", "…"]


def test_rare_words_are_told_by_their_ending() -> None:
    frequent = frequent_words([["the", "dog", "the", "cat", "sat", "sat"]], 2)
    assert frequent == {"the", "sat"}
    assert word_classes(["the", "goat", "jumping", "as", "7", "hens"], frequent) == [
        "the", "<other>", "<ing>", "<other>", "<number>", "<s>",
    ]  # fmt: skip


def test_probabilities_by_hand() -> None:
    # counted: a b </s> a c </s>. Five kinds of token with the one never seen; four were seen: a, b, c, </s>.
    model = SequenceModel([["a", "b"], ["a", "c"]], order=2)
    by_itself = (1 + 4 / 5) / (6 + 4)
    after_a = (1 + 2 * by_itself) / (2 + 2)
    found = model.log_probabilities(["a", "b"])
    assert len(found) == 3
    assert found[1] == pytest.approx([math.log(by_itself), math.log(after_a)])


@pytest.mark.parametrize("before", [["a"], ["c"], ["never", "seen"], []])
def test_probabilities_of_all_tokens_sum_to_one(before: list[str]) -> None:
    model = SequenceModel([["a", "b", "a"], ["c", "a"]], order=3)
    known = [model.log_probabilities([*before, token])[len(before)][-1] for token in ("a", "b", "c", "new")]
    end = model.log_probabilities(before)[-1][-1]
    assert sum(map(math.exp, [*known, end])) == pytest.approx(1)

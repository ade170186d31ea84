from __future__ import annotations

import torch

from trainer.retrieval import picture_ranks, recall, spoilt_texts, text_ranks

NAMES = ("dog", "girl", "tree")


def test_ranks_are_counted_from_one_and_equals_do_not_help() -> None:
    pictures = torch.eye(3)
    texts = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.6, 0.8], [0.0, 0.8, 0.6]])
    assert text_ranks(pictures, texts).tolist() == [1, 2, 2]
    assert picture_ranks(pictures, texts).tolist() == [1, 2, 2]
    assert recall(text_ranks(pictures, texts), 1) == 1 / 3 or abs(recall(text_ranks(pictures, texts), 1) - 1 / 3) < 1e-6
    same = torch.ones(3, 1)
    assert text_ranks(same, same).tolist() == [3, 3, 3]


def test_texts_are_spoilt_in_the_way_that_is_named() -> None:
    texts = ["A girl throws a ball.", "The dog sleeps under a tree.", "It rains."]
    books = ["a", "a", "b"]
    spoilt = spoilt_texts(texts, books, NAMES, seed=3)
    assert spoilt["repeated"][1] == "The dog sleeps under a tree. under a tree. under a tree."
    assert spoilt["truncated"] == ["A girl throws", "The dog sleeps", "It"]
    for text, shuffled in zip(texts, spoilt["shuffled"], strict=True):
        assert sorted(shuffled.split()) == sorted(text.split())
    for text, swapped in zip(texts[:2], spoilt["name_swapped"], strict=False):
        different = [(a, b) for a, b in zip(text.split(), swapped.split(), strict=True) if a != b]
        assert len(different) == 1
        assert different[0][0].strip(".") in NAMES
        assert different[0][1].strip(".") in NAMES
    assert spoilt["name_swapped"][2] == "It rains."  # names nobody
    assert spoilt["other_text"][:2] == ["It rains."] * 2
    assert spoilt["other_text"][2] in texts[:2]
    assert spoilt_texts(texts, books, NAMES, seed=3) == spoilt

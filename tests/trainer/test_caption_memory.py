"""What comes to mind, which words it suggests and which samples it would choose: by hand-made vectors."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from trainer.caption_memory import (
    CaptionMemory,
    Recall,
    Recalled,
    Remembered,
    content_words,
    expected_effort,
    favoured,
    favoured_words,
    likeness,
    suitability,
)
from trainer.decoding import Decoding

PLAIN = Recall(nearest=2, sharpness=10.0, same_book=0.0)


def at(degrees: float) -> Tensor:
    """A unit vector."""
    return torch.tensor([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])


def remembered(text: str, degrees: float = 0, book: str = "one") -> Remembered:
    return Remembered(book, text, at(degrees), at(degrees))


def memory_of(**captions: Remembered) -> CaptionMemory:
    memory = CaptionMemory()
    for panel_id, caption in captions.items():
        memory.remember(panel_id, caption)
    return memory


def recalled(*texts: str) -> list[Recalled]:
    return [Recalled(remembered(text), 1 / len(texts)) for text in texts]


class TestRecall:
    def test_the_nearest_pictures_come_to_mind(self) -> None:
        memory = memory_of(a=remembered("far", 90), b=remembered("near", 10), c=remembered("nearer", 5))
        found = memory.recall("new", "one", at(0), PLAIN)
        assert [one.caption.text for one in found] == ["nearer", "near"]
        assert sum(one.weight for one in found) == pytest.approx(1)
        assert found[0].weight > found[1].weight

    def test_weights_follow_the_cosines(self) -> None:
        first, second = memory_of(a=remembered("a", 0), b=remembered("b", 60)).recall("new", "one", at(0), PLAIN)
        assert first.weight / second.weight == pytest.approx(math.exp(10 * 0.5), rel=1e-4)

    def test_the_same_book_counts_more(self) -> None:
        memory = memory_of(a=remembered("other", 0, "two"), b=remembered("same", 20, "one"))
        how = Recall(nearest=1, sharpness=10.0, same_book=0.15)
        assert memory.recall("new", "one", at(0), how)[0].caption.text == "same"
        assert memory.recall("new", "two", at(0), how)[0].caption.text == "other"

    def test_a_panel_does_not_come_to_its_own_mind(self) -> None:
        assert memory_of(a=remembered("a")).recall("a", "one", at(0), PLAIN) == ()

    def test_a_caption_is_kept_in_place_of_the_one_before(self) -> None:
        memory = memory_of(a=remembered("old"))
        memory.remember("a", remembered("new"))
        assert len(memory) == 1
        assert memory.recall("b", "one", at(0), PLAIN)[0].caption.text == "new"
        memory.forget("a")
        assert memory.recall("b", "one", at(0), PLAIN) == ()


class TestFavoured:
    def test_words_count_by_the_captions_they_stand_in(self) -> None:
        found = favoured(recalled("The fox eats a red apple.", "A fox and the fox!"), strength=2.0)
        assert found == pytest.approx({"fox": 2.0, "eats": 1.0, "red": 1.0, "apple": 1.0})

    def test_a_capital_is_kept_only_where_the_word_always_has_it(self) -> None:
        found = favoured(recalled("Pepper flies.", "Red Pepper.", "A red hat."), strength=3.0)
        assert set(found) == {"Pepper", "flies", "red", "hat"}

    def test_what_hardly_counts_is_left_alone(self) -> None:
        one = [Recalled(remembered("fox"), 0.99), Recalled(remembered("apple"), 0.01)]
        assert set(favoured(one, strength=1.0)) == {"fox"}

    def test_decoding_reads_what_is_written_for_it(self) -> None:
        favours = favoured(recalled("The fox’s apple-tree doesn't grow."), strength=1.5)
        assert Decoding(favoured_words=favoured_words(favours)).favours() == pytest.approx(favours)

    def test_nothing_in_mind_suggests_nothing(self) -> None:
        assert favoured([], strength=1.0) == {}
        assert favoured_words({}) == ""

    def test_words_of_closed_classes_say_nothing(self) -> None:
        assert content_words("He is with her on the Hill, and the hill isn't 12 m high.") == ["Hill", "m", "high"]


class TestSuitability:
    def test_effort_is_the_mean_of_the_letters_changed(self) -> None:
        effort = expected_effort(["a cat", "a bat", ""], recalled("a cat", "a hat"))
        assert effort.tolist() == pytest.approx([0.5, 1.0, 5.0])

    def test_likeness_is_the_mean_cosine(self) -> None:
        mind = [Recalled(remembered("a", 0), 0.75), Recalled(remembered("b", 90), 0.25)]
        assert likeness(torch.stack([at(0), at(90)]), mind).tolist() == pytest.approx([0.75, 0.25])

    def test_of_equal_meanings_the_one_with_less_work_is_taken(self) -> None:
        texts = ["A fox sleeps in the long green grass below the hill.", "A fox sleeps."]
        scores = suitability(texts, torch.stack([at(0), at(0)]), recalled("A fox wakes."))
        assert scores.argmax() == 1

    def test_of_equal_work_the_nearer_meaning_is_taken(self) -> None:
        scores = suitability(["A cat.", "A bat."], torch.stack([at(40), at(10)]), recalled("A rat."))
        assert scores.argmax() == 1

    def test_nothing_in_mind_prefers_nothing(self) -> None:
        assert suitability(["A cat.", "A long bat."], torch.stack([at(0), at(9)]), []).tolist() == [0, 0]

"""Preferences: where they come from, and what is learned from them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trainer.best_of_n import best_rows
from trainer.dataset import DatasetError
from trainer.preference import Preference, load_preferences, preference_loss


def test_a_pair_is_plain_dpo() -> None:
    gains, scores = torch.tensor([[0.5, -0.5]]), torch.tensor([[0.0, 1.0]])
    loss = preference_loss(gains, scores, beta=0.2, sharpness=1.0)
    assert loss.tolist() == pytest.approx([-torch.nn.functional.logsigmoid(torch.tensor(0.2 * (-0.5 - 0.5))).item()])


def test_the_worst_captions_weigh_most() -> None:
    scores = torch.tensor([[2.0, 1.0, 0.0]])
    even, sharp = (
        preference_loss(torch.tensor([[0.0, 0.0, 5.0]]), scores, beta=1.0, sharpness=sharpness)
        for sharpness in (0.0, 3.0)
    )
    assert even.item() == pytest.approx(-torch.nn.functional.logsigmoid(torch.tensor(-2.5)).item(), rel=1e-5)
    assert sharp.item() > even.item()  # what it should push away has gained


def test_captions_that_are_alike_teach_nothing() -> None:
    gains = torch.tensor([[1.0, 2.0], [1.0, 2.0]], requires_grad=True)
    preference_loss(gains, torch.tensor([[3.0, 3.0], [3.0, 4.0]]), beta=1.0, sharpness=1.0).sum().backward()
    assert gains.grad is not None
    assert gains.grad[0].tolist() == [0.0, 0.0]
    assert gains.grad[1, 1] < 0 < gains.grad[1, 0]


def test_the_best_row_of_each_panel() -> None:
    scores = torch.tensor([[1.0, 3.0, 2.0], [5.0, 5.0, 5.0], [0.0, 0.0, 1.0]])
    assert best_rows(scores).tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 1]


def test_pairs_are_read(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"id": "a-1", "chosen": "A kite flies.", "rejected": "A picture.", "by": "me"}\n\n')
    assert load_preferences(file) == [Preference("a-1", "A kite flies.", "A picture.")]


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "a-1", "chosen": "A kite."}'])
def test_a_bad_pair_is_named_by_its_line(line: str, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"id": "a-1", "chosen": "A kite.", "rejected": "No."}\n' + line + "\n")
    with pytest.raises(DatasetError, match="Line 2 of"):
        load_preferences(file)


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        load_preferences(tmp_path / "none.jsonl")

"""How far a text fits above the usual."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from trainer.fit import Backdrop


def unit(rows: int, seed: int) -> torch.Tensor:
    return normalize(torch.randn(rows, 16, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_a_picture_finds_its_text_before_one_that_lies_near_every_picture() -> None:
    everywhere = unit(1, 1)
    pictures = normalize(unit(400, 0) + 2 * everywhere, dim=1)  # all lean the same way
    lean = (pictures @ everywhere.T) * everywhere
    texts = normalize(pictures - 0.6 * lean + 0.3 * unit(400, 5), dim=1)  # their texts lean less
    backdrop, pictures, texts = Backdrop(pictures[200:], texts[200:]), pictures[:200], texts[:200]
    generic = everywhere.expand(200, -1)
    wins_by_cosine = (pictures * texts).sum(dim=1) > (pictures * generic).sum(dim=1)
    wins_by_surplus = backdrop.surplus(pictures, texts) > backdrop.surplus(pictures, generic)
    assert float(wins_by_cosine.float().mean()) < 0.3
    assert float(wins_by_surplus.float().mean()) > 0.8


def test_texts_of_other_pictures_have_no_surplus_on_average() -> None:
    backdrop = Backdrop(unit(300, 3), unit(300, 4))
    surplus = backdrop.surplus(unit(500, 5), unit(500, 6))
    assert surplus.shape == (500,)
    assert float(surplus.mean()) == pytest.approx(0, abs=0.1)
    assert float(backdrop.surplus(unit(5, 7), unit(5, 7)).min()) > 2


def test_a_backdrop_of_one_kind_gives_numbers() -> None:
    same = unit(1, 8).expand(4, -1)
    assert torch.isfinite(Backdrop(same, same).surplus(unit(3, 9), unit(3, 10))).all()

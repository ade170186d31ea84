"""What is a reason to put a run back, and what is not."""

from __future__ import annotations

import math

import pytest

from trainer.config import RlConfig
from trainer.guard_rails import GuardRails

RAILS = GuardRails(likeness_fall=0.3, variety_fall=0.2, kl_budget=10.0, entropy_floor=0.5)
FIRST = {"eval/bleu": 4.0, "eval/chrf": 20.0, "eval/distinct_2": 0.5}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"eval/bleu": 2.9, "eval/chrf": 14.5, "eval/distinct_2": 0.41}, ""),
        ({"eval/bleu": 2.7}, "bleu on dev fell from 4 to 2.7"),
        ({"eval/chrf": 13.0}, "chrf on dev fell from 20 to 13"),
        ({"eval/distinct_2": 0.1}, "distinct_2 on dev fell from 0.5 to 0.1"),
    ],
)
def test_a_look_at_the_dev_split(change: dict[str, float], reason: str) -> None:
    assert RAILS.broken_by_look(FIRST, FIRST | change) == reason


def test_a_bleu_that_never_said_anything_is_not_listened_to() -> None:
    first = FIRST | {"eval/bleu": 0.3}
    assert not RAILS.broken_by_look(first, first | {"eval/bleu": 0.0})


def test_without_a_dev_split_nothing_is_broken_by_a_look() -> None:
    assert not RAILS.broken_by_look({"eval/records": 0.0}, {})


def test_a_rollout() -> None:
    assert not RAILS.broken_by_rollout(9.9, 1.1, 2.0)
    assert "10.1 nats away" in RAILS.broken_by_rollout(10.1, 2.0, 2.0)
    assert "entropy fell from 2.00 to 0.90" in RAILS.broken_by_rollout(0.0, 0.9, 2.0)


@pytest.mark.parametrize("gradient_norm", [math.inf, math.nan])
def test_a_step_that_is_no_number(gradient_norm: float) -> None:
    assert "gradient of the loss" in RAILS.broken_by_step(gradient_norm)
    assert not RAILS.broken_by_step(1.0)


def test_the_limits_are_those_that_were_asked_for() -> None:
    rails = GuardRails.of(RlConfig(likeness_fall=0.1, variety_fall=0.2, kl_budget=3.0, entropy_floor=0.4))
    assert rails == GuardRails(0.1, 0.2, 3.0, 0.4)

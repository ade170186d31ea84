"""The arithmetic of policy gradients, by numbers worked out by hand."""

from __future__ import annotations

import pytest
import torch

from trainer.ppo_math import (
    adapted_coefficient,
    advantages,
    clipped_value_loss,
    explained_variance,
    masked_mean,
    token_rewards,
    whiten,
)

MASK = torch.tensor([[1, 1, 1], [1, 1, 0]])


def test_a_mean_counts_what_counts() -> None:
    values = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 900.0]])
    assert masked_mean(values, MASK) == 3.0
    assert masked_mean(values, torch.zeros_like(MASK)) == 0.0


def test_whitened_values_have_mean_0_and_deviation_1() -> None:
    white = whiten(torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 900.0]]), MASK)
    assert masked_mean(white, MASK).item() == pytest.approx(0, abs=1e-6)
    assert masked_mean(white**2, MASK).item() == pytest.approx(1, rel=1e-5)
    assert white[1, 2] == 0
    assert white[0, 0].item() == pytest.approx(-2 / 2**0.5, rel=1e-5)


def test_an_episode_is_paid_at_its_last_token_and_taxed_at_each() -> None:
    divergence = torch.tensor([[1.0, -2.0, 3.0], [4.0, 0.0, 900.0]])
    rewards = token_rewards(torch.tensor([10.0, 20.0]), divergence, 0.5, MASK)
    torch.testing.assert_close(rewards, torch.tensor([[-0.5, 1.0, 8.5], [-2.0, 20.0, 0.0]]))


def test_advantages_by_hand() -> None:
    rewards = torch.tensor([[0.0, 0.0, 1.0], [0.0, 2.0, 0.0]])
    values = torch.tensor([[0.5, 0.5, 0.5], [1.0, 1.0, 70.0]])
    found = advantages(rewards, values, MASK, discount=1.0, trace=0.5)
    # row 1, from behind: 1 - .5 = .5;  0 + .5 - .5 + .5 * .5 = .25;  0 + .5 * .25 = .125
    # row 2: what stands in the padding is not looked at: 2 - 1 = 1;  0 + 1 - 1 + .5 * 1 = .5
    torch.testing.assert_close(found, torch.tensor([[0.125, 0.25, 0.5], [0.5, 1.0, 0.0]]))


def test_without_a_critic_an_advantage_is_what_comes() -> None:
    rewards = torch.tensor([[1.0, 2.0, 4.0]])
    found = advantages(rewards, torch.zeros(1, 3), torch.ones(1, 3), discount=0.5, trace=1.0)
    torch.testing.assert_close(found, torch.tensor([[3.0, 4.0, 4.0]]))


def test_a_critic_is_judged_where_it_is_worse() -> None:
    old, returns = torch.zeros(1, 2), torch.tensor([[1.0, 1.0]])
    valid_mask = torch.ones(1, 2)
    # it jumped to 1 where only 0.2 was allowed: judged at 0.2; it went to -1: judged there
    loss = clipped_value_loss(torch.tensor([[1.0, -1.0]]), old, returns, valid_mask, 0.2)
    assert loss.item() == pytest.approx(0.5 * (0.8**2 + 2.0**2) / 2)


def test_a_critic_that_jumped_too_far_is_not_pulled_further() -> None:
    values = torch.tensor([[0.5]], requires_grad=True)
    clipped_value_loss(values, torch.zeros(1, 1), torch.ones(1, 1), torch.ones(1, 1), 0.2).backward()
    assert values.grad is not None
    assert values.grad.item() == 0


def test_explained_variance_tells_a_critic_that_knows_from_one_that_guesses() -> None:
    returns = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 900.0]])
    assert explained_variance(returns, returns, MASK) == pytest.approx(1)
    assert explained_variance(torch.full_like(returns, 3.0), returns, MASK) == pytest.approx(0, abs=1e-6)
    assert explained_variance(-returns, returns, MASK) < 0


@pytest.mark.parametrize(
    ("divergence", "expected"),
    [(1.0, 0.1), (1.1, 0.1 * (1 + 0.1 * 32 / 320)), (50.0, 0.1 * 1.02), (0.0, 0.1 * 0.98)],
)
def test_the_coefficient_follows_the_divergence_in_small_steps(divergence: float, expected: float) -> None:
    assert adapted_coefficient(0.1, divergence, 1.0, 32, 320) == pytest.approx(expected)

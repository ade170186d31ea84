"""The arithmetic of policy gradients, as pure functions.

Follows Schulman et al. 2016 (GAE) and 2017 (PPO), and Ziegler et al. 2019 for language models: the reward of an episode
is given at its last token, and what every token departs from the reference costs a little at once.

Letters: B episodes, T tokens. `valid_mask` (B, T) is True where a caption's token stands; tokens stand on the left.
"""

from __future__ import annotations

import torch
from torch import Tensor

_SMALLEST_VARIANCE = 1e-8
_MOST_SURPRISE = 0.2  # Ziegler et al. 2019: one odd batch moves the coefficient by this share of its horizon at most


def masked_mean(values: Tensor, valid_mask: Tensor) -> Tensor:
    """The mean of the values (B, T) that count; 0 where none does."""
    return (values * valid_mask).sum() / valid_mask.sum().clamp(min=1)


def whiten(values: Tensor, valid_mask: Tensor) -> Tensor:
    """Values (B, T) shifted to mean 0 and scaled to standard deviation 1 over those that count; 0 elsewhere."""
    centred = values - masked_mean(values, valid_mask)
    return centred * torch.rsqrt(masked_mean(centred**2, valid_mask) + _SMALLEST_VARIANCE) * valid_mask


def token_rewards(scores: Tensor, divergence: Tensor, coefficient: float, valid_mask: Tensor) -> Tensor:
    """What each token earns: (B, T).

    Args:
        scores: (B,) the episodes' rewards, given at their last tokens.
        divergence: (B, T) log probability less the reference's.
        coefficient: what a nat of divergence costs.
        valid_mask: (B, T).
    """
    rewards = -coefficient * divergence * valid_mask
    last = (valid_mask.sum(1) - 1).clamp(min=0)  # (B,)
    return rewards.scatter_add(1, last[:, None], scores[:, None].to(rewards))


def advantages(rewards: Tensor, values: Tensor, valid_mask: Tensor, discount: float, trace: float) -> Tensor:
    """Generalised advantage estimation: (B, T), 0 where no token stands.

    Args:
        rewards: (B, T).
        values: (B, T) what the critic expected before each token.
        valid_mask: (B, T).
        discount: gamma.
        trace: lambda; 1 looks at what really came, 0 only at what the critic expects next.
    """
    counted = valid_mask.to(values)
    found = torch.zeros_like(values)
    ahead = values.new_zeros(len(values))
    for place in reversed(range(values.shape[1])):
        following = values[:, place + 1] * counted[:, place + 1] if place + 1 < values.shape[1] else 0.0
        surprise = rewards[:, place] + discount * following - values[:, place]
        ahead = (surprise + discount * trace * ahead) * counted[:, place]
        found[:, place] = ahead
    return found


def clipped_value_loss(values: Tensor, old_values: Tensor, returns: Tensor, valid_mask: Tensor, clip: float) -> Tensor:
    """Half the squared error of the critic, a mean over tokens; each (B, T).

    A value that has moved further than `clip` from what it was at sampling is judged where it would have stopped,
    if that is worse.
    """
    stopped = old_values + (values - old_values).clamp(-clip, clip)
    return 0.5 * masked_mean(torch.max((values - returns) ** 2, (stopped - returns) ** 2), valid_mask)


def explained_variance(values: Tensor, returns: Tensor, valid_mask: Tensor) -> float:
    """How much of the returns' variance the critic foresees: 1 all of it, 0 none, below 0 worse than their mean."""
    spread = masked_mean((returns - masked_mean(returns, valid_mask)) ** 2, valid_mask)
    error = masked_mean((returns - values) ** 2, valid_mask)
    return float(1 - error / (spread + _SMALLEST_VARIANCE))


def adapted_coefficient(coefficient: float, divergence: float, target: float, episodes: int, horizon: int) -> float:
    """The KL coefficient after a batch: it rises where the policy departs further than wished, and falls where less.

    Args:
        coefficient: until now.
        divergence: measured, nats an episode.
        target: wished, nats an episode; above 0.
        episodes: in the batch.
        horizon: episodes after which the coefficient has followed by a factor of e, were the error 1.
    """
    error = min(max(divergence / target - 1, -_MOST_SURPRISE), _MOST_SURPRISE)
    return coefficient * (1 + error * episodes / horizon)

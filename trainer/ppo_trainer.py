"""Proximal policy optimisation (Schulman et al. 2017) with a critic, on the extension point of trl's GRPO trainer.

trl has no PPO trainer since 1.13, but its GRPO loss takes an advantage for each token. The critic is one linear layer
on the policy's own hidden states. What a caption departs from the start is taken off its reward, token by token.

Letters as in `trainer.rollouts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from trainer.policy import Part
from trainer.ppo_math import advantages, clipped_value_loss, explained_variance, masked_mean, token_rewards, whiten
from trainer.rewards import RewardTable
from trainer.rl_job import RlJob
from trainer.rl_trainers import GrpoRun
from trainer.rollouts import Rollout

_CRITIC = "critic"  # how the policy's state names it


class PpoRun(GrpoRun):
    """A run with PPO."""

    def __init__(self, job: RlJob, arguments: Any) -> None:
        policy = job.trainee.policy
        self._critic = nn.Linear(policy.get_output_embeddings().weight.shape[1], 1)
        nn.init.zeros_(self._critic.weight)
        nn.init.zeros_(self._critic.bias)
        policy.add_module(_CRITIC, self._critic.to(policy.device))
        self._hidden: Tensor | None = None
        super().__init__(job, arguments)

    @property
    def parts(self) -> Sequence[Part]:
        """Besides, the critic."""
        return [*super().parts, Part(tuple(self._critic.parameters()), self._job.config.critic_learning_rate)]

    def narrator_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """A narrator has no critic."""
        return {name: value for name, value in state.items() if not name.startswith(f"{_CRITIC}.")}

    def begin_step(self) -> None:
        """Besides, keep trl from adding the divergence to the loss: it is in the reward."""
        super().begin_step()
        self.beta = 0.0

    def complete(self, output: dict[str, Tensor], rollout: Rollout, table: RewardTable) -> None:
        """Give each token its advantage, and the critic what really came."""
        config, valid_mask = self._job.config, rollout.valid_mask
        values = self._critic(rollout.hidden).detach()[..., 0] * valid_mask  # (R, N)
        scores = table.total.to(values)
        rewards = token_rewards(scores, rollout.divergence, self.standing.kl_coefficient, valid_mask)
        found = advantages(rewards, values, valid_mask, config.discount, config.trace)
        returns = found + values
        output["advantages"] = whiten(found, valid_mask)
        output["old_values"], output["returns"] = values, returns
        output["old_per_token_logps"] = rollout.log_probs
        self._metrics["train"]["ppo/explained_variance"].append(explained_variance(values, returns, valid_mask))
        self._metrics["train"]["ppo/value"].append(float(masked_mean(values, valid_mask)))

    def note_hidden(self, hidden: Tensor) -> None:
        """Keep the hidden states that the policy's loss is made of: the critic's is made of the same."""
        self._hidden = hidden

    def _compute_loss(self, model: nn.Module, inputs: dict[str, Tensor]) -> Tensor:
        """The clipped loss of the policy, which is trl's, and the critic's."""
        loss: Tensor = super()._compute_loss(model, inputs)
        if self._hidden is None:
            raise RuntimeError("trl did not ask for log probabilities")
        values = self._critic(self._hidden)[..., 0]  # (R, N)
        self._hidden = None
        critic_loss = clipped_value_loss(
            values, inputs["old_values"], inputs["returns"], inputs["completion_mask"], self._job.config.value_clip
        )
        self._metrics["train"]["ppo/value_loss"].append(float(critic_loss.detach()))
        weighted: Tensor = self._job.config.value_weight * critic_loss / self.current_gradient_accumulation_steps
        return loss + weighted

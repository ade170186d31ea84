"""RLOO and GRPO, trl's own, on this program's rollouts; and how trl's trainers are told what is asked for.

REINFORCE leave-one-out (Ahmadian et al. 2024): an episode's baseline is the mean reward of the other samples of its
panel. Group relative policy optimisation (Shao et al. 2024): rewards are scaled by the spread within their panel.
"""

from __future__ import annotations

from typing import Any

import torch
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from trainer.config import RlConfig
from trainer.rl_engine import RolloutEngine
from trainer.run_dir import RunDir

_EVERYTHING = {"top_k": 0, "top_p": 1.0}  # what is sampled from must be what log probabilities speak of


class RlooRun(RolloutEngine, RLOOTrainer):  # type: ignore[misc]
    """A run with RLOO."""

    def _generate(self, prompts: list[int]) -> tuple[Any, ...]:
        """What trl asks for: prompts, captions, and the captions' texts."""
        written = self.roll_out(prompts).captions
        return written.prompt_rows(), written.samples.tokens, list(written.texts)


class GrpoRun(RolloutEngine, GRPOTrainer):  # type: ignore[misc]
    """A run with GRPO, and what the algorithms on its extension points have in common."""

    def _generate(self, prompts: list[int]) -> tuple[Any, ...]:
        """What trl asks for: as for RLOO, and nothing where tools, servers and pictures would be."""
        written = self.roll_out(prompts).captions
        return written.prompt_rows(), written.samples.tokens, None, list(written.texts), None, {}, None, []


def rloo_arguments(config: RlConfig, run: RunDir) -> RLOOConfig:
    """What trl's RLOO trainer is told."""
    return RLOOConfig(**_shared(config, run), normalize_advantages=False)


def grpo_arguments(config: RlConfig, run: RunDir, loss_type: str) -> GRPOConfig:
    """What trl's GRPO trainer is told."""
    return GRPOConfig(**_shared(config, run), loss_type=loss_type)


def _shared(config: RlConfig, run: RunDir) -> dict[str, Any]:
    on_gpu = torch.cuda.is_available()
    portions = config.minibatches * config.accumulation
    return {
        "output_dir": str(run.path), "seed": config.seed, "max_steps": config.rollouts * config.updates,
        "per_device_train_batch_size": config.panels * config.copies // portions,
        "gradient_accumulation_steps": config.accumulation, "steps_per_generation": portions,
        "num_iterations": config.passes, "num_generations": config.copies,
        "max_completion_length": config.max_tokens, "temperature": config.temperature, **_EVERYTHING,
        "beta": 0.0,  # `RolloutEngine` sets it, and brings its own reference
        "epsilon": config.clip, "max_grad_norm": config.max_gradient_norm, "disable_dropout": True,
        "bf16": config.bf16, "use_cpu": not on_gpu, "dataloader_pin_memory": on_gpu,
        "gradient_checkpointing": None, "activation_checkpointing": False,
        "eval_strategy": "no", "save_strategy": "no", "logging_steps": 1,
        # Else one loss that is no number stays in transformers' sum for good; gradients tell of it.
        "logging_nan_inf_filter": True,
        "report_to": "none", "disable_tqdm": True,
        # The data set is the run itself, position by position, and is not trl's to reorder.
        "shuffle_dataset": False, "remove_unused_columns": False,
    }  # fmt: skip

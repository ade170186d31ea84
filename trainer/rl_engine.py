"""Learning from rewards on trl's engine: what its RLOO and GRPO trainers share here.

    rollout (`rollouts`) -> rewards -> trl: advantages and loss -> AdamW
    after each rollout: the KL coefficient is adapted; at looks: the dev split, guard rails, a checkpoint or a way back

trl brings the loop, the advantages of RLOO and GRPO, and the clipped losses. Ours are the sampling, the log
probabilities and the reference: trl would read a prompt again for each of its captions and in each pass, send every
token through the vocabulary, and build the reference from a model's name. Its trainers are given positions of the run
as their data set, each as often as there are samples of its panel.

Letters as in `trainer.rollouts`.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from transformers import PrinterCallback
from trl.trainer.utils import split_tensor_dict

from trainer.events import Loading, Metrics, Progress, Sample
from trainer.policy import Part
from trainer.ppo_math import adapted_coefficient
from trainer.reward_terms import Episode
from trainer.rewards import RewardTable
from trainer.rl_job import RlJob, RlStanding
from trainer.rollouts import Rollout, RolloutWriter
from trainer.run_dir import TRAINING_STATE, RunDirError
from trainer.run_engine import RunEngine, Steps
from trainer.sampling import Likelihood, PromptBatch
from trainer.schedule import step_seed
from trainer.training_state import load_optimizer, load_weights
from trainer.whole_files import write_whole

_FIT_DRAWS = 2
"""Times that the first rollout's panels are captioned to learn what is usual. There are no more panels than in a
rollout, because some terms compare a panel with the others that are judged with it."""

_TRL_NAMES = {"entropy": "train/entropy", "clip_ratio/region_mean": "train/clip_fraction"}


class RolloutEngine(RunEngine):
    """Mixed into trl's RLOO or GRPO trainer, before it."""

    _job: RlJob
    standing: RlStanding

    # What trl's trainers have.
    beta: float
    ref_model: Any
    num_generations: int
    num_iterations: int
    remove_callback: Any
    train: Callable[..., Any]
    _metrics: dict[str, dict[str, list[float]]]
    _buffered_inputs: list[dict[str, Tensor]] | None
    _step: int

    def __init__(self, job: RlJob, arguments: Any) -> None:
        standing = RlStanding(fingerprint=job.fingerprint, kl_coefficient=job.config.kl_coefficient)
        self.begin_run(job, standing)
        self._rollout: Rollout | None = None
        self._table: RewardTable | None = None
        self._told: dict[str, float] = {}  # of a rollout, until it is reported
        self._divergence = 0.0  # of the last rollout, nats a caption
        positions = Dataset.from_dict({"prompt": np.arange(job.config.rollouts * job.config.panels)})
        super().__init__(  # type: ignore[call-arg]
            model=job.trainee.policy,
            reward_funcs=[self._reward],
            args=arguments,
            train_dataset=positions,
            processing_class=job.trainee.tokenizer,
            callbacks=[Steps(self)],
        )
        self.remove_callback(PrinterCallback)
        self.ref_model = job.reference  # told from the policy in `_get_per_token_logps_and_entropies`
        self._writer = self.writer()
        self.know_trained_weights()

    def writer(self) -> RolloutWriter:
        """Where captions come from."""
        return RolloutWriter(self._job, self.accelerator.autocast)

    @property
    def parts(self) -> Sequence[Part]:
        """What is trained; a part without a learning rate is left as it is."""
        return [part for part in self._job.trainee.parts if part.learning_rate > 0]

    # One rollout.

    def _prepare_inputs(self, generation_batch: list[dict[str, int]]) -> dict[str, Tensor]:
        """The next portion; a new rollout where the last one is used up.

        trl shuffles episodes. Here those of one panel stay together, because they share their prompt; panels come in
        random order anyway.
        """
        portions = self.args.steps_per_generation
        if self._buffered_inputs is None or self._step % (portions * self.num_iterations) == 0:
            rollout = self._generate_and_score_completions(generation_batch)
            self._buffered_inputs = split_tensor_dict(rollout, portions)
        return self._buffered_inputs[self._step % portions]  # type: ignore[no-any-return]

    def _generate_and_score_completions(self, inputs: list[dict[str, int]]) -> dict[str, Tensor]:
        """trl's, and what the losses here need beside it."""
        with warnings.catch_warnings():  # trl 1.16 asks transformers 5.23 by a name that is going out of use
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
            output: dict[str, Tensor] = super()._generate_and_score_completions(inputs)  # type: ignore[misc]
        rollout, table = self._written(), self._table
        if table is None:
            raise RuntimeError("trl did not ask for rewards")
        self._rollout = self._table = None
        output["pixel_values"] = rollout.captions.prompts.features.repeat_interleave(self.num_generations, dim=0)
        output["scores"] = table.total.to(output["pixel_values"])
        output["reference_log_probs"] = rollout.reference_log_probs
        self.complete(output, rollout, table)
        self._tell_rollout(rollout, table)
        return output

    def complete(self, output: dict[str, Tensor], rollout: Rollout, table: RewardTable) -> None:
        """Add to trl's rollout what an algorithm needs."""

    def roll_out(self, prompts: Sequence[int]) -> Rollout:
        """What trl's `_generate` is asked for: captions for R positions, those of one panel side by side."""
        began_s = time.monotonic()
        captions = self._writer.write(prompts[:: self.num_generations], self._seed(draw=0))
        self._rollout = self._writer.known(captions)
        self._told = {"time/rollout_s": time.monotonic() - began_s}
        return self._rollout

    def _seed(self, draw: int) -> int:
        """Of the captions of a step; another draw has others."""
        return step_seed(self._job.config.seed, self.state.global_step, draw)

    def _reward(self, **_: Any) -> list[float]:
        """What trl asks for: a number for each caption of the rollout."""
        began_s = time.monotonic()
        self._table = self._job.reward(self._writer.episodes(self._written().captions))
        self._told["time/reward_s"] = time.monotonic() - began_s
        return self._table.total.tolist()

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,  # noqa: ARG002 - trl gives it by its place
        pixel_values: Tensor | None = None,
        **_: Any,
    ) -> tuple[Tensor, Tensor | None, None]:
        """What trl asks for: log probabilities and entropies of captions (R, N)."""
        if pixel_values is None:  # of the rollout, for which they are known
            rollout = self._written()
            is_reference = model is self._job.reference
            return rollout.reference_log_probs if is_reference else rollout.log_probs, None, None
        found = self.likelihood_of(input_ids, attention_mask, logits_to_keep, pixel_values)
        self.note_hidden(found.hidden)
        return found.log_probs, found.entropy, None

    def _written(self) -> Rollout:
        """The rollout that trl is working on: it asks for captions first."""
        if self._rollout is None:
            raise RuntimeError("trl asked about captions before it asked for them")
        return self._rollout

    def note_hidden(self, hidden: Tensor) -> None:
        """Hidden states (R, N, E) of the portion that is being learned from."""

    def likelihood_of(
        self, input_ids: Tensor, attention_mask: Tensor, logits_to_keep: int, pixel_values: Tensor
    ) -> Likelihood:
        """Of captions that stand behind their prompts, as trl keeps them."""
        one = slice(None, None, self.num_generations)
        prompts = PromptBatch(
            input_ids[one, :-logits_to_keep], attention_mask[one, :-logits_to_keep], pixel_values[one].contiguous()
        )
        return self._writer.likelihood(prompts, input_ids[:, -logits_to_keep:], attention_mask[:, -logits_to_keep:])

    # What is told.

    def _tell_rollout(self, rollout: Rollout, table: RewardTable) -> None:
        """Remember the numbers of a rollout for the next report, and steer the KL coefficient by them."""
        config, total, figures = self._job.config, float(table.total.mean()), rollout.figures()
        if config.from_start:  # sampled from the other of the two
            figures["train/kl"] *= -1
        self._divergence = figures["train/kl"]
        if self.standing.first_reward is None:
            self.standing.first_reward = total
        self.standing.last_reward = total
        self._told |= figures | {
            "reward/total": total,
            "reward/spread": float(table.total.view(-1, self.num_generations).std(1).mean()),
            **{f"reward/{name}": float(values.mean()) for name, values in table.terms.items()},
            **{f"reward/raw_{name}": float(values.nanmean()) for name, values in table.raw.items()},
            "train/kl_coefficient": self.standing.kl_coefficient,
        }
        if config.kl_target and self.standing.kl_coefficient:
            self.standing.kl_coefficient = adapted_coefficient(
                self.standing.kl_coefficient, self._divergence, config.kl_target, len(table.total), config.kl_horizon
            )

    def log(self, logs: dict[str, float], _: float | None = None) -> None:
        """Tell of the last optimiser step; where it went wrong, go back."""
        self.control.should_log = False
        if "loss" not in logs:  # transformers' summary at the end
            return
        step, found = self.state.global_step, self._metrics["train"]
        means = {key: sum(values) / len(values) for key, values in found.items() if values}
        found.clear()
        values = {"train/loss": logs["loss"], "train/gradient_norm": logs["grad_norm"]}
        values |= {"train/learning_rate": logs["learning_rate"]} | self._told
        values |= {name: means[key] for key, name in _TRL_NAMES.items() if key in means}
        values |= {key: value for key, value in means.items() if key.startswith("ppo/")}
        values["time/step_s"] = means.get("step_time", 0.0)
        self._told = {}
        self._job.emit(Progress(step, self._job.total_steps, self.standing.hours * 3600))
        self._job.emit(Metrics(step, {name: value for name, value in values.items() if np.isfinite(value)}))
        entropy = values.get("train/entropy", 0.0)
        if self.standing.first_entropy is None:
            self.standing.first_entropy = entropy
        broken = self._job.rails.broken_by_step(logs["grad_norm"])
        if not broken and self.may_end(step):
            broken = self._job.rails.broken_by_rollout(self._divergence, entropy, self.standing.first_entropy)
        if broken:
            self._go_back(broken)

    # Looks and ways back.

    def begin_training(self) -> None:
        """Look at the narrator as it is, so that there is something to compare with and to go back to."""
        self._fit_reward()
        if not self.standing.first:
            self.evaluate()
            self._save_checkpoint()

    def _fit_reward(self) -> None:
        """Show the reward what the start's captions are like; a run that goes on keeps what was learned then."""
        file = self._job.run.rewards_file
        if file.exists():
            self._job.reward.load_state_dict(json.loads(file.read_text()))
            return
        self._job.emit(Loading("Writing captions to learn the rewards' scale"))
        seen: list[Episode] = []
        for draw in range(1, _FIT_DRAWS + 1):
            seen += self._writer.episodes(self._writer.write(range(self._job.config.panels), self._seed(draw)))
        self._job.reward.fit_normalisation(seen)
        write_whole(file, json.dumps(self._job.reward.state_dict()).encode())

    def begin_step(self) -> None:
        """Besides, take over the KL coefficient."""
        super().begin_step()
        self.beta = self.standing.kl_coefficient

    def may_end(self, step: int) -> bool:
        """Whether a rollout is used up: only then everything that going on needs is in the checkpoint."""
        return step % self._job.config.updates == 0

    def is_look(self, step: int) -> bool:
        """See `RunEngine.is_look`."""
        return step % (self._job.config.evaluate_every * self._job.config.updates) == 0

    @torch.no_grad()
    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Look at the dev split, and show what the narrator writes for a few of its records."""
        self.control.should_evaluate = False
        step, standing = self.state.global_step, self.standing
        values, written = self._job.judge.look(self._job.trainee)
        if values:
            self._job.emit(Metrics(step, values))
        for record, text in written:
            self._job.emit(Sample(step, record.id, text, record.told_as(self._job.config.style)[0]))
        if not standing.first:
            standing.first = values or {"eval/records": 0.0}
        elif broken := self._job.rails.broken_by_look(standing.first, values):
            rise = standing.last_reward - (standing.first_reward or 0.0)
            self._go_back(f"{broken}, while the reward changed by {rise:+.2f}")
            return values
        # Without a dev split the last is the best.
        standing.judge(-values.get(f"eval/{self._job.config.dev_metric}", float(step)), step)
        return values

    def _go_back(self, why: str) -> None:
        """Take back the last good weights and halve the learning rate; end the run where that was done too often."""
        standing, good = self.standing, self._job.run.newest_checkpoint()
        if good is None:
            raise RunDirError(f"There is no checkpoint in {self._job.run.path} to go back to.")
        folder = good / TRAINING_STATE
        load_weights(self.model, folder, self._trained, is_sharded=False)
        load_optimizer(self.model, self.optimizer, folder, is_sharded=False)
        self._buffered_inputs = None  # sampled by what is given up
        standing.rollbacks += 1
        standing.rate_frac /= 2
        for group, rate in zip(self.optimizer.param_groups, self.lr_scheduler.base_lrs, strict=True):
            group["lr"] = rate * self.rate_frac(self.state.global_step)
        if standing.rollbacks > self._job.config.rollbacks:
            standing.given_up = why
            self.control.should_training_stop = self.control.should_save = True
        self._job.emit(Metrics(self.state.global_step, {"train/rollbacks": float(standing.rollbacks)}))
        self._job.emit(Loading(f"Back to {good.name.replace('_', ' ')}, with half the learning rate: {why}."))

    def rate_frac(self, step: int) -> float:
        """Besides, what ways back have left of it."""
        return super().rate_frac(step) * self.standing.rate_frac

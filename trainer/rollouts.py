"""One rollout: captions sampled for some panels, and what is known of them before anything is learned from them.

    panels -> prompts, read once -> captions (`sampling`) -> log probabilities, the start's beside them

Letters: B panels, R captions = B times the captions a panel, N tokens of the longest caption, E width of the decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor
from trl.trainer.utils import pad

from trainer.device import best_device
from trainer.reward_terms import Episode
from trainer.rl_job import Panel, RlJob
from trainer.sampling import Likelihood, PromptBatch, Samples, likelihood, sample


@dataclass(frozen=True, slots=True)
class Captions:
    """Captions of B panels, those of one panel side by side.

    Attributes:
        panels: B panels.
        prompts: theirs.
        samples: R captions.
        texts: the captions as people read them.
        is_finished: (R,) bool, False for a caption that was cut off at the longest length.
        is_own: (R,) bool, False for one that a person wrote.
    """

    panels: tuple[Panel, ...]
    prompts: PromptBatch
    samples: Samples
    texts: tuple[str, ...]
    is_finished: Tensor
    is_own: Tensor

    @property
    def copies(self) -> int:
        """Captions a panel."""
        return len(self.texts) // len(self.panels)

    def prompt_rows(self) -> list[list[int]]:
        """The prompts' tokens, one for each caption."""
        return [list(panel.prompt_tokens) for panel in self.panels for _ in range(self.copies)]


@dataclass(frozen=True, slots=True)
class Rollout:
    """Captions and how likely they are.

    Attributes:
        captions: what was written.
        log_probs: (R, N) of the policy as it is.
        reference_log_probs: (R, N) of the policy at the start.
        hidden: (R, N, E) what each token was predicted from.
        valid_mask: (R, N), 1 where a token stands.
    """

    captions: Captions
    log_probs: Tensor
    reference_log_probs: Tensor
    hidden: Tensor
    valid_mask: Tensor

    @property
    def divergence(self) -> Tensor:
        """Log probability less the reference's, token by token: (R, N), 0 where padding stands."""
        return (self.log_probs - self.reference_log_probs) * self.valid_mask

    def figures(self) -> dict[str, float]:
        """What the policy's own captions are like: nats away from the start, tokens, and share of whole ones."""
        own = self.captions.is_own
        tokens = self.valid_mask.sum(1).float()[own]
        return {
            "train/kl": float(self.divergence.sum(1)[own].mean()),
            "train/tokens": float(tokens.mean()),
            "train/shortest": float(tokens.min()),
            "train/longest": float(tokens.max()),
            "train/finished_share": float(self.captions.is_finished[own].float().mean()),
        }


class RolloutWriter:
    """Has a job's policy write and judge captions."""

    def __init__(self, job: RlJob, autocast: Callable[[], AbstractContextManager[None]]) -> None:
        """Take a job.

        Args:
            job: gives panels, policy and options.
            autocast: the number format that layers compute in.
        """
        self._job = job
        self._autocast = autocast

    def write(self, positions: Sequence[int], seed: int) -> Captions:
        """Have captions written.

        Args:
            positions: B positions of panels.
            seed: of the sampling.
        """
        panels = tuple(self._job.panels[position] for position in positions)
        features = torch.stack([self._job.features[panel.record.image] for panel in panels]).float()
        rows = [panel.prompt_tokens for panel in panels]
        prompts = PromptBatch.of(rows, features.to(best_device()), self._job.trainee.pad_id)
        samples = self.drawn(panels, prompts, seed)
        texts = self._job.trainee.tokenizer.batch_decode(samples.tokens, skip_special_tokens=True)
        is_own = torch.ones(len(texts), dtype=torch.bool)
        if self._job.config.human_captions:
            is_own[self._job.config.copies - 1 :: self._job.config.copies] = False
        return Captions(
            panels, prompts, samples, tuple(" ".join(text.split()) for text in texts),
            torch.tensor([row[-1] == self._job.trainee.pad_id for row in samples.tokens]), is_own,
        )  # fmt: skip

    def drawn(self, panels: Sequence[Panel], prompts: PromptBatch, seed: int) -> Samples:
        """The captions' tokens; without log probabilities where they are not all the policy's own samples."""
        config, trainee = self._job.config, self._job.trainee
        generator = torch.Generator().manual_seed(seed)
        with self._job.reference.speaking() if config.from_start else nullcontext(), self._autocast():
            samples = sample(
                trainee.policy, prompts, config.copies, trainee.pad_id, config.max_tokens, config.temperature, generator
            )
        if not (config.human_captions or config.from_start):
            return samples
        tokens = list(samples.tokens)
        if config.human_captions:
            for number, panel in enumerate(panels, start=1):
                tokens[number * config.copies - 1] = list(panel.reference_tokens)
        return Samples(tokens, [], [])

    @torch.no_grad()
    def known(self, captions: Captions) -> Rollout:
        """How likely captions are.

        In single precision a sampled token's log probability is the one that is found when the caption is read again;
        in bfloat16 the two differ, and the latter counts, because losses compare with it.
        """
        samples = captions.samples
        tokens, valid_mask = self._padded(samples.tokens)
        if self._job.config.bf16 or not samples.log_probs:
            found = self.likelihood(captions.prompts, tokens, valid_mask)
            log_probs, hidden = found.log_probs, found.hidden
        else:
            log_probs = pad([torch.tensor(row) for row in samples.log_probs], padding_value=0.0).to(tokens.device)
            hidden = pad([row.float() for row in samples.hidden], padding_value=0.0)
        with self._job.reference.speaking():
            reference = self.likelihood(captions.prompts, tokens, valid_mask)
        return Rollout(captions, log_probs, reference.log_probs, hidden, valid_mask)

    def likelihood(self, prompts: PromptBatch, tokens: Tensor, valid_mask: Tensor) -> Likelihood:
        """How likely the policy finds captions (R, N)."""
        with self._autocast():
            return likelihood(self._job.trainee.policy, prompts, tokens, valid_mask, self._job.config.temperature)

    def episodes(self, captions: Captions) -> list[Episode]:
        """The captions as rewards are asked about them."""
        numbers = [panel.number for panel in captions.panels for _ in range(captions.copies)]
        told = zip(numbers, captions.texts, captions.is_finished.tolist(), strict=True)
        return [self._job.panels.episode(number, text, finished=finished) for number, text, finished in told]

    def _padded(self, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Tokens and valid_mask, (R, N) each."""
        tokens = pad([torch.tensor(row) for row in rows], padding_value=self._job.trainee.pad_id)
        lengths = torch.tensor([len(row) for row in rows])
        valid_mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
        return tokens.to(best_device()), valid_mask.to(best_device())

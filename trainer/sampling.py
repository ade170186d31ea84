"""Captions sampled from a policy, and how likely a policy finds captions: both with each prompt read only once.

A panel's prompt is three times as long as its caption, and several captions are sampled for each panel. Reading it once
for all of them, also where gradients are wanted, leaves less than half the work. Log probabilities are those of single
precision, whatever the layers compute in.

Letters: B prompts, T prompt tokens, R captions = B times the captions a prompt, N tokens of the longest caption, E
width of the decoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.policy import CaptionPolicy

_ROWS_A_TILE = 256  # caption tokens that go through the vocabulary at a time: 256 x 49,152 single floats are 50 MB


@dataclass(frozen=True, slots=True)
class PromptBatch:
    """Prompts and their pictures.

    Attributes:
        tokens: (B, T), padded on the left.
        valid_mask: (B, T), 1 where a token stands.
        features: (B, V, D) of the pictures.
    """

    tokens: Tensor
    valid_mask: Tensor
    features: Tensor

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], features: Tensor, pad_id: int) -> PromptBatch:
        """From ragged rows of tokens."""
        longest = max(map(len, rows))
        tokens = torch.tensor([[pad_id] * (longest - len(row)) + list(row) for row in rows])
        valid_mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        return cls(tokens.to(features.device), valid_mask.to(features.device), features)


@dataclass(frozen=True, slots=True)
class Samples:
    """Captions as they were sampled, those of one prompt side by side.

    Attributes:
        tokens: R lists, the end token last where the caption was ended.
        log_probs: R lists, the policy's log probability of each token.
        hidden: R tensors (tokens, E), the hidden state that each token was predicted from.
    """

    tokens: list[list[int]]
    log_probs: list[list[float]]
    hidden: list[Tensor]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely captions are, token by token.

    Attributes:
        log_probs: (R, N) of the tokens; arbitrary where padding stands.
        entropy: (R, N) nats of the distribution that each token was drawn from.
        hidden: (R, N, E) the hidden state that each token is predicted from.
    """

    log_probs: Tensor
    entropy: Tensor
    hidden: Tensor


@torch.no_grad()
def sample(
    policy: CaptionPolicy,
    prompts: PromptBatch,
    copies: int,
    end_id: int,
    limit: int,
    temperature: float,
    generator: torch.Generator,
) -> Samples:
    """Sample captions from the whole distribution: no token is kept out, so that log probabilities mean what they say.

    Args:
        policy: without dropout.
        prompts: B of them.
        copies: captions a prompt.
        end_id: the token that ends a caption.
        limit: most tokens of a caption.
        temperature: what logits are divided by; above 0.
        generator: of the random numbers.
    """
    read = policy.read_prompts(prompts.tokens, prompts.valid_mask, prompts.features, copies)
    rows = torch.arange(len(read.valid_mask))  # the captions that are still being written
    tokens: list[list[int]] = [[] for _ in rows]
    log_probs: list[list[float]] = [[] for _ in rows]
    hidden: list[list[Tensor]] = [[] for _ in rows]
    state = read.last_hidden  # (R, 1, E)
    for place in range(limit):
        likely = (_logits(policy, state[:, 0]) / temperature).log_softmax(-1).cpu()  # (R, vocabulary)
        drawn = torch.multinomial(likely.exp(), 1, generator=generator)  # (R, 1)
        told = zip(
            rows.tolist(), drawn[:, 0].tolist(), likely.gather(1, drawn)[:, 0].tolist(), state[:, 0], strict=True
        )
        for row, token, log_prob, seen in told:
            tokens[row].append(token)
            log_probs[row].append(log_prob)
            hidden[row].append(seen)
        going_on = (drawn[:, 0] != end_id).nonzero()[:, 0]
        if not len(going_on) or place + 1 == limit:
            break
        if len(going_on) < len(rows):
            rows, drawn = rows[going_on], drawn[going_on]
            read = read.only(going_on.to(state.device))
        drawn = drawn.to(state.device)
        state, read = policy.read_on(read, drawn, torch.ones_like(drawn))
    return Samples(tokens, log_probs, [torch.stack(states) for states in hidden])


def likelihood(
    policy: CaptionPolicy, prompts: PromptBatch, tokens: Tensor, valid_mask: Tensor, temperature: float
) -> Likelihood:
    """How likely a policy finds captions.

    Args:
        policy: without dropout.
        prompts: B of them.
        tokens: (R, N) captions, those of one prompt side by side, padded on the right.
        valid_mask: (R, N), 1 where a token stands.
        temperature: as in `sample`.
    """
    copies = len(tokens) // len(prompts.tokens)
    read = policy.read_prompts(prompts.tokens, prompts.valid_mask, prompts.features, copies)
    hidden = read.last_hidden  # (R, 1, E)
    if tokens.shape[1] > 1:
        after, _ = policy.read_on(read, tokens[:, :-1], valid_mask[:, :-1])
        hidden = torch.cat([hidden, after], dim=1)
    counted = valid_mask.bool()
    chosen = tokens[counted]
    parts = [
        _log_prob_and_entropy(_logits(policy, states) / temperature, of)
        for states, of in zip(
            torch.split(hidden[counted], _ROWS_A_TILE), torch.split(chosen, _ROWS_A_TILE), strict=True
        )
    ]
    log_probs, entropy = (torch.cat(values) for values in zip(*parts, strict=True))
    empty = torch.zeros(valid_mask.shape, device=log_probs.device)
    return Likelihood(empty.masked_scatter(counted, log_probs), empty.masked_scatter(counted, entropy), hidden.float())


def _logits(policy: CaptionPolicy, hidden: Tensor) -> Tensor:
    """Hidden states (n, E) through the vocabulary: (n, vocabulary) in single precision."""
    return policy.get_output_embeddings()(hidden).float()  # type: ignore[no-any-return]


def _log_prob_and_entropy(logits: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Of tokens (n,) under logits (n, vocabulary): each (n,). The entropy is only watched and has no gradient."""
    likely = logits.log_softmax(-1)
    with torch.no_grad():
        entropy = -(likely.exp() * likely).sum(-1)
    return likely.gather(1, tokens[:, None])[:, 0], entropy

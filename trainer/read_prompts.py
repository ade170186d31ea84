"""Prompts that were read once, for the captions that write on from them.

Letters: B prompts, R captions, T tokens, V feature vectors, E width of the decoder.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class ReadPrompts:
    """What a policy remembers of prompts, a row for each caption that writes on from them.

    Attributes:
        cache: keys and values; reading on adds to it.
        valid_mask: (R, T), False where padding stands.
        last_hidden: (R, 1, E) the hidden state that the first caption token is predicted from.
        seen: what cross-attention looks at, (R, V, E); None where there is no cross-attention.
    """

    cache: Any
    valid_mask: Tensor
    last_hidden: Tensor
    seen: Tensor | None = None

    @classmethod
    def repeated(cls, output: Any, valid_mask: Tensor, copies: int, seen: Tensor | None = None) -> ReadPrompts:
        """From a decoder's output for B prompts to `copies` rows of each."""
        output.past_key_values.batch_repeat_interleave(copies)
        return cls(
            output.past_key_values,
            valid_mask.repeat_interleave(copies, dim=0),
            output.last_hidden_state[:, -1:].repeat_interleave(copies, dim=0),
            None if seen is None else seen.repeat_interleave(copies, dim=0),
        )

    def only(self, rows: Tensor) -> ReadPrompts:
        """Some of the rows, by their numbers; the others are forgotten."""
        self.cache.batch_select_indices(rows)
        seen = None if self.seen is None else self.seen[rows]
        return ReadPrompts(self.cache, self.valid_mask[rows], self.last_hidden[rows], seen)

    def longer(self, valid_mask: Tensor) -> ReadPrompts:
        """After tokens with this mask, (R, T), were read on."""
        return replace(self, valid_mask=torch.cat([self.valid_mask, valid_mask], dim=1))

"""Vectors of texts, kept: in reinforcement learning the same captions are judged by several terms, again and again.

Letters: N texts, D features.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

KEPT_TEXTS = 4096
"""Six megabytes of sentence vectors."""


class TextVectors:
    """Vectors of texts, each computed once while it is among the last KEPT_TEXTS used.

    A text is encoded alone: its vector must not depend on those beside it, or a resumed run would go on differently.
    """

    def __init__(self, encode: Callable[[Sequence[str]], Tensor]) -> None:
        """Keep what `encode` gives: N texts to (N, D)."""
        self._encode = encode
        self._kept: OrderedDict[str, Tensor] = OrderedDict()

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """The texts' vectors: (N, D) float32; N is at least 1."""
        return torch.stack([self._vector(text) for text in texts])

    @torch.no_grad()
    def _vector(self, text: str) -> Tensor:
        if text not in self._kept:
            self._kept[text] = self._encode([text])[0].float().cpu()
            if len(self._kept) > KEPT_TEXTS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(text)
        return self._kept[text]

"""Texts to vectors whose cosine says how alike they mean: all-MiniLM-L6-v2 (Reimers & Gurevych 2019, Sentence-BERT).

The mean of the last layer over the words, scaled to length 1, as the model was trained.

Letters: N texts, T tokens, D = 384 features.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

from trainer.base_weights import resolve
from trainer.device import best_device

MINILM = "base:minilm-l6"

_BATCH = 32
_LONGEST_TOKENS = 256  # the model's own limit in sentence-transformers


class SentenceEncoder:
    """MiniLM behind its tokenizer."""

    def __init__(self, base_weights: Path) -> None:
        """Load it.

        Raises:
            BaseWeightsError: MiniLM is not in the folder of `trainer.base_weights` yet.
        """
        folder = resolve(MINILM, base_weights)
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval().to(best_device())

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Encode texts of any lengths, in order; what is longer than 256 tokens is cut.

        Returns:
            (N, D), each row of length 1.
        """
        different = list(dict.fromkeys(texts))
        parts = [self._encode(different[start : start + _BATCH]) for start in range(0, len(different), _BATCH)]
        place = {text: number for number, text in enumerate(different)}
        return np.concatenate(parts)[[place[text] for text in texts]]

    @torch.inference_mode()
    def _encode(self, texts: Sequence[str]) -> NDArray[np.float64]:
        tokens = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=_LONGEST_TOKENS, return_tensors="pt"
        ).to(self._model.device)
        hidden = self._model(**tokens).last_hidden_state  # (N, T, D)
        valid_mask = tokens["attention_mask"][..., None]  # (N, T, 1)
        pooled = (hidden * valid_mask).sum(dim=1) / valid_mask.sum(dim=1)
        unit: Tensor = torch.nn.functional.normalize(pooled, dim=-1).cpu().double()
        return unit.numpy()

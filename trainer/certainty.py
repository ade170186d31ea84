"""How sure it is that a caption tells what is in its picture.

The probability of its words says little: a fluent narrator is as sure of a boy where a witch stands. Two things say
more: whether captions sampled for the same picture agree in meaning (Farquhar et al. 2024, semantic entropy; Manakul
et al. 2023, SelfCheckGPT), and how far the caption fits the picture to the scorer.

Letters: N captions of one picture, D features of a sentence vector.
"""

from __future__ import annotations

import math

from torch import Tensor

_AGREEMENT_WEIGHT, _SURPLUS_WEIGHT, _OFFSET = 6.6, 0.47, 4.6


def agreement(vectors: Tensor) -> list[float]:
    """How much each of several captions means the same as the others: mean cosine, -1 to 1.

    Args:
        vectors: (N, D) unit vectors, N at least 2.
    """
    table = vectors @ vectors.T
    others: list[float] = ((table.sum(dim=1) - table.diagonal()) / (len(vectors) - 1)).tolist()
    return others


def certainty(agreed: float, surplus: float) -> float:
    """How likely a caption tells about what a person would, 0 to 1.

    A logistic regression on 70 captions of the dev split (`tests/bench/caption_certainty.py`): it tells captions like a
    person's from others with an AUC of 0.77, the words' probability with 0.55.

    Args:
        agreed: `agreement` of the caption.
        surplus: its fit above the usual (`fit.Backdrop.surplus`).
    """
    return 1 / (1 + math.exp(_OFFSET - _AGREEMENT_WEIGHT * agreed - _SURPLUS_WEIGHT * surplus))

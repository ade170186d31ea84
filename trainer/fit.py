"""How far a text fits its picture, counted against what else it might fit as well.

A cosine has no meaning by itself: some texts lie near every picture, some pictures near every text. So a scorer carries
a backdrop, training pictures and training texts of many books, and a text's fit is counted in deviations from both:

    surplus = half of (fit - mean of the text's fits with the backdrop's pictures) / their deviation
              and half of (fit - mean of the backdrop texts' fits with the picture) / their deviation

Letters: N pairs of picture and text, K members of a side of the backdrop, E width of the scorer's space.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

_FLOOR = 1e-6  # a backdrop of equal members has no deviation


@dataclass(frozen=True, slots=True)
class Backdrop:
    """What a fit is counted against.

    Attributes:
        pictures: (K, E) unit vectors.
        texts: (K, E) unit vectors.
    """

    pictures: Tensor
    texts: Tensor

    def surplus(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """How far each text fits its picture above the usual, in deviations.

        Args:
            pictures: (N, E) unit vectors.
            texts: (N, E) unit vectors, row i of picture i.

        Returns:
            (N,); about 0 for a text of another picture.
        """
        fit = (pictures * texts).sum(dim=1)
        above = _deviations(fit, texts @ self.pictures.T) + _deviations(fit, pictures @ self.texts.T)
        return above / 2


def _deviations(fit: Tensor, usual: Tensor) -> Tensor:
    """`fit` (N,) in deviations from the mean of `usual` (N, K)."""
    return (fit - usual.mean(dim=1)) / usual.std(dim=1).clamp(min=_FLOOR)

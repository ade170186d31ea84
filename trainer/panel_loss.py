"""What the panel detector's net should say about a page, and how wrong it is.

Letters: B pages, P panels at most, h w pixels at the net's stride.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from trainer.panel_net import REACH_PX, STRIDE

_BORDER_WEIGHT = 0.5
_BORDER_RARITY = 2.0  # few pixels are border: each counts so much more
_SMALLEST_AREA_PX = 64.0


@dataclass(frozen=True, slots=True)
class PanelTruth:
    """The truth about a batch of pages, in the pixels of the net's input.

    Attributes:
        labels: (B, h, w) the panel seen at each pixel, P outside all panels.
        boxes: (B, P + 1, 4) left, top, right, bottom; the last one is a filler.
    """

    labels: Tensor
    boxes: Tensor


@dataclass(frozen=True, slots=True)
class PanelLoss:
    """Parts of the loss, each a scalar.

    Attributes:
        inside: cross-entropy of being in a panel, nats a pixel.
        border: cross-entropy of being at a border, nats a pixel.
        box: 1 - generalised intersection over union of the voted boxes, averaged over panels.
        overlap: mean intersection over union of the voted boxes; no part of the loss.
    """

    inside: Tensor
    border: Tensor
    box: Tensor
    overlap: Tensor

    @property
    def total(self) -> Tensor:
        """What is minimised."""
        return self.inside + _BORDER_WEIGHT * self.border + self.box


def panel_loss(votes: Tensor, truth: PanelTruth) -> PanelLoss:
    """Compare votes with the truth.

    Args:
        votes: (B, 6, h, w), see `panel_net.OUTPUTS`.
        truth: of the same pages.
    """
    filler = truth.boxes.shape[1] - 1
    is_inside = truth.labels != filler  # (B, h, w)
    pages = torch.arange(len(votes))[:, None, None]
    wanted = truth.boxes[pages, truth.labels]  # (B, h, w, 4)
    weights = _weights(truth, is_inside)
    inside = functional.binary_cross_entropy_with_logits(votes[:, 0], is_inside.float())
    border = functional.binary_cross_entropy_with_logits(
        votes[:, 1], _borders(truth.labels).float(), pos_weight=votes.new_tensor(_BORDER_RARITY)
    )
    overlap, generalised = _overlaps(voted_boxes(votes), wanted)
    whole = weights.sum().clamp(min=1e-6)
    return PanelLoss(
        inside, border, ((1 - generalised) * weights).sum() / whole, (overlap * weights).sum().detach() / whole
    )


def voted_boxes(votes: Tensor) -> Tensor:
    """The box (B, h, w, 4) that each pixel votes for, in the pixels of the net's input."""
    distances = functional.softplus(votes[:, 2:]) * REACH_PX
    rows = torch.arange(votes.shape[2], dtype=votes.dtype)[:, None] * STRIDE + (STRIDE - 1) / 2
    columns = torch.arange(votes.shape[3], dtype=votes.dtype)[None] * STRIDE + (STRIDE - 1) / 2
    left, top, right, bottom = distances.unbind(dim=1)
    return torch.stack([columns - left, rows - top, columns + right, rows + bottom], dim=-1)


def _weights(truth: PanelTruth, is_inside: Tensor) -> Tensor:
    """Weights (B, h, w) that let every panel count alike, however large; 0 outside."""
    size = truth.boxes[..., 2:] - truth.boxes[..., :2]
    areas = (size[..., 0] * size[..., 1]).clamp(min=_SMALLEST_AREA_PX)  # (B, P + 1)
    areas = areas.gather(1, truth.labels.flatten(1)).view_as(truth.labels)
    return torch.where(is_inside, 1 / areas, 0.0)


def _borders(labels: Tensor) -> Tensor:
    """Whether a pixel's 3 x 3 neighbourhood holds more than one label, (B, h, w)."""
    shown = labels[:, None].float()
    highest = functional.max_pool2d(shown, 3, 1, 1)
    lowest = -functional.max_pool2d(-shown, 3, 1, 1)
    return (highest != lowest)[:, 0]


def _overlaps(boxes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection over union of boxes (..., 4), plain and generalised (Rezatofighi et al. 2019)."""
    shared = (torch.minimum(boxes[..., 2:], others[..., 2:]) - torch.maximum(boxes[..., :2], others[..., :2])).clamp(
        min=0
    )
    around = torch.maximum(boxes[..., 2:], others[..., 2:]) - torch.minimum(boxes[..., :2], others[..., :2])
    sizes, other_sizes = boxes[..., 2:] - boxes[..., :2], others[..., 2:] - others[..., :2]
    intersection, hull = shared.prod(dim=-1), around.prod(dim=-1).clamp(min=1)
    union = (sizes.prod(dim=-1) + other_sizes.prod(dim=-1) - intersection).clamp(min=1)
    overlap = intersection / union
    return overlap, overlap - (hull - union) / hull

"""The panel detector's net: which pixels lie in panels, which on their borders, and how far their panel reaches.

A small fully convolutional net with a pyramid of features (Lin et al. 2017); each pixel votes for the box of its own
panel by the distances to its four sides, as in FCOS (Tian et al. 2019). It is trained from scratch on synthetic pages.

Letters: B pages, C channels, H W the page's pixels (multiples of `STRIDE_LIMIT`), h w = H / 4, W / 4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRIDE = 4
"""One output pixel stands for so many page pixels in both directions."""
STRIDE_LIMIT = 32
"""Pages must be multiples of it."""
OUTPUTS = 6
"""Inside and border (logits), distances to the left, upper, right and lower side (softplus, units of `REACH_PX`)."""
REACH_PX = 64.0

_WIDTHS = (16, 32, 48, 96, 128)  # channels at strides 2, 4, 8, 16, 32
_NECK = 48  # channels on the way back to stride 4, where most of the time goes


class ConvUnit(nn.Module):
    """Convolution, normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        padding = dilation * (size // 2)
        self.conv = nn.Conv2d(inputs, outputs, size, stride, padding, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to (B, outputs, H / stride, W / stride)."""
        return torch.relu_(self.norm(self.conv(features)))


class ResidualUnit(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = ConvUnit(width, width, dilation=dilation)
        self.second = ConvUnit(width, width, dilation=dilation)

    def forward(self, features: Tensor) -> Tensor:
        """(B, width, H, W) to the same."""
        after: Tensor = features + self.second(self.first(features))
        return after


class PanelNet(nn.Module):
    """Pages in, votes out."""

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth, last = _WIDTHS
        self.stem = ConvUnit(3, half, size=5, stride=2)
        self.stages = nn.ModuleList(
            [
                nn.Sequential(ConvUnit(half, quarter, stride=2), ConvUnit(quarter, quarter)),
                nn.Sequential(ConvUnit(quarter, eighth, stride=2), ResidualUnit(eighth)),
                nn.Sequential(ConvUnit(eighth, sixteenth, stride=2), ResidualUnit(sixteenth)),
                nn.Sequential(ConvUnit(sixteenth, last, stride=2), ResidualUnit(last), ResidualUnit(last, dilation=2)),
            ]
        )
        self.whole = nn.Conv2d(last, last, 1)
        self.laterals = nn.ModuleList([nn.Conv2d(width, _NECK, 1) for width in _WIDTHS[1:]])
        self.merges = nn.ModuleList([ConvUnit(_NECK, _NECK) for _ in _WIDTHS[1:]])
        self.head = ConvUnit(_NECK, _NECK)
        self.votes = nn.Conv2d(_NECK, OUTPUTS, 1)

    def forward(self, pages: Tensor) -> Tensor:
        """Votes for pages.

        Args:
            pages: (B, 3, H, W) RGB, 0 to 1.

        Returns:
            (B, `OUTPUTS`, h, w), see `OUTPUTS`.
        """
        features, levels = self.stem(pages), list[Tensor]()
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        levels[-1] = features + torch.relu(self.whole(features.mean(dim=(2, 3), keepdim=True)))
        merged = self.merges[-1](self.laterals[-1](levels[-1]))
        for level in range(len(levels) - 2, -1, -1):
            larger = nn.functional.interpolate(merged, scale_factor=2.0, mode="nearest")
            merged = self.merges[level](larger + self.laterals[level](levels[level]))
        votes: Tensor = self.votes(self.head(merged))
        return votes

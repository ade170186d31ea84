"""The blocks of a transformer, whatever family it is of."""

from __future__ import annotations

from torch import nn


def blocks(model: nn.Module) -> nn.ModuleList:
    """The transformer blocks of a `PreTrainedModel`, first to last."""
    count = model.config.num_hidden_layers  # type: ignore[union-attr]
    return next(m for m in model.modules() if isinstance(m, nn.ModuleList) and len(m) == count)

"""The policy as it was when the run began, without a second copy of the model.

Only what is trained can differ, so only the start values of the trained weights are kept. They take the weights' place
while the reference speaks, which is what switching adapters off does for adapters that start at nothing; here the
adapters start as those of supervised training.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


class Reference:
    """The start values of a model's trained weights."""

    def __init__(self, model: nn.Module) -> None:
        """Take them from a model that has not been trained yet."""
        self._start = [(weight, weight.detach().clone()) for weight in model.parameters() if weight.requires_grad]

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Within, the model computes as it did at the start. Not to be used where gradients are wanted."""
        now = [weight.data for weight, _ in self._start]
        try:
            for weight, start in self._start:
                weight.data = start
            yield
        finally:
            for (weight, _), value in zip(self._start, now, strict=True):
                weight.data = value

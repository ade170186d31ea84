"""What a step has of its own: its share of the learning rate, and its random numbers."""

from __future__ import annotations

import hashlib
import math


def warm_cosine(done_frac: float, warmup_frac: float) -> float:
    """Share of the highest learning rate: a linear rise, then half a cosine down to zero."""
    if done_frac < warmup_frac:
        return done_frac / warmup_frac
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (done_frac - warmup_frac) / (1 - warmup_frac))))


def step_seed(seed: int, step: int, process: int) -> int:
    """A seed that no other step and no other process of a run has, below 2 ** 32."""
    return int.from_bytes(hashlib.sha256(f"{seed} {step} {process}".encode()).digest()[:4])

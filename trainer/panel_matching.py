"""Which found panels are which true ones, and in what order: one-to-one matching of boxes by their overlap.

Letters: N found boxes, T true boxes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.significance import Floats


def overlaps(found: Floats, truth: Floats) -> Floats:
    """Intersection over union of every found box with every true one.

    Args:
        found: (N, 4) left, top, right, bottom.
        truth: (T, 4) likewise.

    Returns:
        (N, T), 0 to 1; 0 for two boxes without area.
    """
    corner = np.maximum(found[:, None, :2], truth[None, :, :2])
    opposite = np.minimum(found[:, None, 2:], truth[None, :, 2:])
    shared = np.clip(opposite - corner, 0, None).prod(axis=2)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (found, truth)]
    joint = areas[0][:, None] + areas[1][None, :] - shared
    ious: Floats = np.divide(shared, joint, out=np.zeros_like(shared), where=joint > 0)
    return ious


def matches(ious: Floats, least: float) -> dict[int, int]:
    """The largest one-to-one matching among pairs of at least a given overlap (augmenting paths, Kuhn 1955).

    Args:
        ious: (N, T) as `overlaps` gives them.
        least: the overlap that makes a found panel a true one.

    Returns:
        True panel -> found panel.
    """
    partner_of: dict[int, int] = {}

    def settle(found: int, seen: set[int]) -> bool:
        """Find a true panel for a found one, moving others on where need be; the best overlap is tried first."""
        for truth in np.argsort(-ious[found], kind="stable"):
            if ious[found, truth] < least or int(truth) in seen:
                continue
            seen.add(int(truth))
            if int(truth) not in partner_of or settle(partner_of[int(truth)], seen):
                partner_of[int(truth)] = found
                return True
        return False

    best = ious.max(axis=1, initial=0)
    for found in np.argsort(-best, kind="stable"):
        settle(int(found), set())
    return partner_of


def best_overlaps(ious: Floats) -> Floats:
    """The overlap of each true panel with its partner, pairs of the largest overlap first, each panel used once.

    Args:
        ious: (N, T) as `overlaps` gives them.

    Returns:
        (T,), 0 where no panel is left for it.
    """
    left = ious.copy()
    reached = np.zeros(ious.shape[1])
    for _ in range(min(ious.shape)):
        found, truth = np.unravel_index(int(left.argmax()), left.shape)
        reached[truth] = max(0.0, left[found, truth])
        left[found, :] = left[:, truth] = -1.0
    return reached


def kendall_tau(ranks: Sequence[int]) -> float:
    """How far numbers are in rising order: 1 for all pairs right, -1 for all wrong (Kendall 1938, no ties).

    Args:
        ranks: different numbers, at least two.
    """
    count = len(ranks)
    wrong = sum(ranks[i] > ranks[j] for i in range(count) for j in range(i + 1, count))
    return 1 - 4 * wrong / (count * (count - 1))

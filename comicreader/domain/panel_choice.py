"""Which of the candidate boxes are the panels of a page: those that pixels vote for and borders enclose.

Candidates are taken one by one, the best first. Pixels that agree with a chosen panel have spent their vote: an inset
and its host have pixels of their own, two boxes of the same panel share theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from comicreader.domain.panel_net import Floats
from comicreader.domain.panel_votes import Bools, Voters, areas, overlaps

# A candidate needs this much support: the mean agreement of the pixels in it that have not spent their vote,
_LEAST_SUPPORT = 0.4
# and this much merit: support, raised or lowered by how much of its sides lies on borders.
LEAST_MERIT = 0.5
_EDGE_WEIGHT = 1.5
_USUAL_EDGE_SHARE = 0.75
# However many of its pixels have spent their vote, support is counted over this share of the candidate at least.
_LEAST_FREE_FRAC = 0.9
# Pixels whose box overlaps a chosen panel this much have spent their vote.
_SPENT_OVERLAP = 0.3
# More than this many panels is a texture, not a comic page.
_MOST_PANELS = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen candidate.

    Attributes:
        index: which one.
        merit: how sure it is; `LEAST_MERIT` or more, about 1 for the surest.
    """

    index: int
    merit: float


def choose(candidates: Floats, edge_shares: Floats, voters: Voters) -> list[Choice]:
    """Choose panels.

    Args:
        candidates: (N, 4) boxes as shares of the picture.
        edge_shares: (N,) how much of its sides lies on borders, 0 to 1.
        voters: the picture's voting pixels.

    Returns:
        The panels, best first.
    """
    if not len(candidates) or not len(voters.x):
        return []
    is_within = _is_within(candidates, voters).astype(np.float32)
    agreement = overlaps(candidates, voters.boxes) * is_within
    worth = agreement * voters.weights
    full = np.maximum(areas(candidates) / voters.pixel_frac, 1)
    is_free = np.ones(len(voters.x), dtype=np.float32)
    is_open = np.ones(len(candidates), dtype=bool)
    chosen: list[Choice] = []
    while len(chosen) < _MOST_PANELS:
        left_over = np.maximum(full - is_within @ (1 - is_free), _LEAST_FREE_FRAC * full)
        supports = worth @ is_free / left_over
        merits = supports + _EDGE_WEIGHT * (edge_shares - _USUAL_EDGE_SHARE)
        is_good = is_open & (supports >= _LEAST_SUPPORT) & (merits >= LEAST_MERIT)
        if not is_good.any():
            break
        best = int(np.argmax(np.where(is_good, merits, -np.inf)))
        chosen.append(Choice(best, float(merits[best])))
        is_open[best] = False
        is_free[agreement[best] >= _SPENT_OVERLAP] = 0
    return chosen


def confidence_of(merit: float) -> float:
    """A panel's confidence, 0 to 1; on synthetic pages about every other panel below a half was wrong."""
    return min(1.0, max(0.0, (merit - LEAST_MERIT) / (1 - LEAST_MERIT)))


def _is_within(boxes: Floats, voters: Voters) -> Bools:
    """Whether each voter lies in each box, (N, P)."""
    left, top, right, bottom = boxes.T[..., None]
    across = (voters.x >= left) & (voters.x < right)
    return np.asarray(across & (voters.y >= top) & (voters.y < bottom))

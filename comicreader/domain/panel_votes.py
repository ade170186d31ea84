"""From the votes of single pixels to boxes of panels: groups of pixels that agree.

Boxes are (N, 4) arrays of left, top, right, bottom as shares of the picture's width and height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comicreader.domain.panel_net import Floats, Votes

Bools = npt.NDArray[np.bool_]

# Pixels less likely inside a panel than this have no vote.
_LEAST_INSIDE = 0.4
# Pixels agree when their boxes overlap this much.
_AGREEMENT = 0.5
# A group is worth a look when its pixels make up this share of its box.
_LEAST_SHARE = 0.12
_MOST_GROUPS = 60
_ROUNDS = 2  # of moving a group's box to the middle of its votes


@dataclass(frozen=True, slots=True)
class Voters:
    """The pixels that vote.

    Attributes:
        x: (P,) where they are, shares of the width.
        y: (P,) where they are, shares of the height.
        weights: (P,) how likely they lie in a panel, 0 to 1.
        calm: (P,) how likely they do not lie at a border, 0 to 1.
        boxes: (P, 4) what they vote for.
        pixel_frac: share of the picture that one stands for.
    """

    x: Floats
    y: Floats
    weights: Floats
    calm: Floats
    boxes: Floats
    pixel_frac: float

    @classmethod
    def of(cls, votes: Votes) -> Voters:
        """The voters of a picture: every other pixel, as on a chessboard, tells as much as all do."""
        rows, columns = votes.inside.shape
        asked = votes.inside >= _LEAST_INSIDE
        asked[::2, ::2] = asked[1::2, 1::2] = False
        y, x = np.nonzero(asked)
        return cls(
            ((x + 0.5) / columns).astype(np.float32),
            ((y + 0.5) / rows).astype(np.float32),
            votes.inside[y, x],
            1 - votes.border[y, x],
            votes.boxes[y, x],
            2 / (rows * columns),
        )

    def only(self, chosen: Bools) -> Voters:
        """Some of the voters."""
        return Voters(
            self.x[chosen],
            self.y[chosen],
            self.weights[chosen],
            self.calm[chosen],
            self.boxes[chosen],
            self.pixel_frac,
        )


def candidate_boxes(voters: Voters) -> Floats:
    """The boxes (N, 4) that groups of pixels vote for, found one after the other; each pixel is in one group."""
    found = []
    for _ in range(_MOST_GROUPS):
        if not len(voters.x):
            break
        box = voters.boxes[_seed(voters)]
        agrees = overlaps(box[None], voters.boxes)[0] >= _AGREEMENT
        for _ in range(_ROUNDS):
            box = np.median(voters.boxes[agrees], axis=0)
            moved = overlaps(box[None], voters.boxes)[0] >= _AGREEMENT
            if not moved.any():
                break
            agrees = moved
        area = max(float((box[2] - box[0]) * (box[3] - box[1])), voters.pixel_frac)
        if agrees.sum() * voters.pixel_frac >= _LEAST_SHARE * area:
            found.append(box)
        voters = voters.only(~agrees)
    return np.array(found, dtype=np.float32).reshape(-1, 4)


def overlaps(boxes: Floats, others: Floats) -> Floats:
    """Intersection over union (N, M) of boxes (N, 4) with others (M, 4)."""
    shared = _shared(boxes, others)
    joint = areas(boxes)[:, None] + areas(others)[None] - shared
    return np.asarray(shared / np.maximum(joint, 1e-9), dtype=np.float32)


def insides(boxes: Floats, others: Floats) -> Floats:
    """The share (N, M) of each box (N, 4) that lies in each of the others (M, 4)."""
    return np.asarray(_shared(boxes, others) / np.maximum(areas(boxes), 1e-9)[:, None], dtype=np.float32)


def areas(boxes: Floats) -> Floats:
    """Areas (N,) of boxes as shares of the picture."""
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), dtype=np.float32)


def _shared(boxes: Floats, others: Floats) -> Floats:
    """Shared areas (N, M)."""
    mine, theirs = boxes[:, None], others[None]
    width = np.minimum(mine[..., 2], theirs[..., 2]) - np.maximum(mine[..., 0], theirs[..., 0])
    height = np.minimum(mine[..., 3], theirs[..., 3]) - np.maximum(mine[..., 1], theirs[..., 1])
    return np.asarray(np.maximum(width, 0) * np.maximum(height, 0), dtype=np.float32)


def _seed(voters: Voters) -> int:
    """The pixel to start a group at: surely in a panel, away from borders and in the middle of its box."""
    left, top, right, bottom = voters.boxes.T
    across = np.minimum(voters.x - left, right - voters.x) / np.maximum(right - left, 1e-6)
    down = np.minimum(voters.y - top, bottom - voters.y) / np.maximum(bottom - top, 1e-6)
    return int(np.argmax(voters.weights * voters.calm * (0.3 + np.minimum(across, down))))

"""Which panels are worth a person's minute: those that stand for most others.

Words of a person's caption guide the narrator in panels that look alike (`trainer.recollection`), so the panels to
describe first are those that leave no other far from a described one: greedy facility location. Measured against
drawing by chance and against taking the panels on which the narrator's samples disagree
(`tests/bench/describing_order_quality.py`): covering wins, disagreement loses to chance.

Letters: N panels, D features.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from comicreader.domain.colour_look import ColourLook

_NONE = -1.0  # as far as nothing can be


@dataclass(frozen=True, slots=True)
class Worth:
    """A panel to describe.

    Attributes:
        panel_id: the panel.
        stands_for: other panels without a caption of the person's that are nearest to it, when all before it in the
            order are described.
    """

    panel_id: str
    stands_for: int


def describing_order(looks: Mapping[str, ColourLook], described: Collection[str], limit: int) -> list[Worth]:
    """The panels to describe, the most worth first.

    Args:
        looks: what each panel looks like, by its id.
        described: panels that a person described already.
        limit: panels wanted at most.
    """
    ids = list(looks)
    if not ids:
        return []
    means = np.stack([look.reshape(-1, look.shape[-1]).mean(axis=0, dtype=np.float32) for look in looks.values()])
    centred = means - means.mean(axis=0)
    vectors = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
    likeness = vectors @ vectors.T  # (N, N)
    is_open = np.array([panel_id not in described for panel_id in ids])
    covered = likeness[:, ~is_open].max(axis=1, initial=_NONE)
    is_waiting = is_open.copy()
    order: list[Worth] = []
    while len(order) < limit and is_waiting.any():
        gains = np.maximum(likeness - covered, 0)[:, is_open].sum(axis=1)
        best = int(np.where(is_waiting, gains, _NONE).argmax())
        nearer = is_open & (likeness[best] > covered)
        order.append(Worth(ids[best], int(nearer.sum()) - int(nearer[best])))
        covered = np.maximum(covered, likeness[best])
        is_waiting[best] = False
    return order

"""Where else in a book a figure is: its patches are sought in every other panel.

    boxes of the figure -> patches, each counted by how little it is like what stands around the figure
    panel               -> how well the best counterparts of these patches fit, and where they are

Within one panel two figures are two: what lies in another one's box is no counterpart, and tells what a figure is not.

Letters: N panels, P patches of a panel, Q patches of a figure, D features.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from comicreader.domain.colour_look import ColourLook

_Floats = NDArray[np.float32]
_Halves = NDArray[np.float16]  # as a long book's panels are kept

_SMALLEST_WEIGHT = 0.01  # of a patch that is just like its surroundings: a box over a whole panel has no others
_TINY = 1e-6
# The counterparts that lie furthest out are often strays. Such a box and one drawn by hand share 0.43 of their joint
# area (20 pairs of drawn boxes): good enough to learn the figure's colours from, not to be shown.
_INNER = (0.05, 0.95)
_HOT_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class UnitBox:
    """A part of a panel, in shares of its width and height from its top left corner, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float


WHOLE = UnitBox(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A figure in a panel.

    Attributes:
        panel_id: the panel.
        box: where in it.
    """

    panel_id: str
    box: UnitBox


@dataclass(frozen=True, slots=True)
class Proposal:
    """A panel in which a figure may be.

    Attributes:
        seen: where.
        likeness: -1 to 1, the higher the likelier; comparable within one search.
    """

    seen: Seen
    likeness: float


class CharacterSearch:
    """A book's panels, ready to be searched."""

    def __init__(self, looks: Mapping[str, ColourLook]) -> None:
        """Take what is common to the whole book out of every patch, then blur it with its neighbours.

        Args:
            looks: each panel's look, by its id.
        """
        self._patches: dict[str, _Halves] = {}
        if looks:
            sums = [look.reshape(-1, look.shape[-1]).sum(axis=0, dtype=np.float64) for look in looks.values()]
            patches = sum(look.shape[0] * look.shape[1] for look in looks.values())
            common = (np.sum(sums, axis=0) / patches).astype(np.float32)
            self._patches = {
                panel_id: _unit(_blurred(_unit(look.astype(np.float32) - common))).astype(np.float16)
                for panel_id, look in looks.items()
            }

    def proposals(
        self, figure: Sequence[Seen], others: Sequence[Seen] = (), without: Collection[str] = ()
    ) -> list[Proposal]:
        """Where a figure may be, the likeliest first.

        Args:
            figure: where it is for certain; what is in no known panel is left out.
            others: where other figures are.
            without: panels that are not to be proposed, beside those of `figure`.
        """
        elsewhere: dict[str, list[UnitBox]] = {}
        for one in others:
            elsewhere.setdefault(one.panel_id, []).append(one.box)
        parts = [
            self._part(one, elsewhere.get(one.panel_id, ())) for one in figure if one.panel_id in self._patches
        ]  # fmt: skip
        if not parts:
            return []
        barred = set(without) | {one.panel_id for one in figure}
        found = [
            self._in_panel(panel_id, parts, elsewhere.get(panel_id, ()))
            for panel_id in self._patches
            if panel_id not in barred
        ]
        return sorted((one for one in found if one is not None), key=lambda one: -one.likeness)

    def _part(self, seen: Seen, others: Sequence[UnitBox]) -> tuple[_Floats, _Floats]:
        """A figure's patches (Q, D) and what each counts (Q,), 1 in all."""
        patches = self._patches[seen.panel_id].astype(np.float32)
        inside = _mask(patches, seen.box)
        for box in others:
            rest = inside & ~_mask(patches, box)
            inside = rest if rest.any() else inside  # a box may hold another one whole
        mine, around = patches[inside], patches[~inside]
        likeness = (mine @ around.T).max(axis=1) if len(around) else np.zeros(len(mine), np.float32)
        weights = np.maximum(1 - likeness, _SMALLEST_WEIGHT)
        return mine, weights / weights.sum()

    def _in_panel(
        self, panel_id: str, parts: Sequence[tuple[_Floats, _Floats]], others: Sequence[UnitBox]
    ) -> Proposal | None:
        patches = self._patches[panel_id].astype(np.float32)
        is_free = np.ones(patches.shape[:2], dtype=bool)
        for box in others:
            is_free &= ~_mask(patches, box)
        if not is_free.any():
            return None
        likeness, heat = 0.0, np.zeros(patches.shape[:2], np.float32)
        for mine, weights in parts:
            cosines = mine @ patches[is_free].T  # (Q, P)
            likeness += float(cosines.max(axis=1) @ weights) / len(parts)
            warmth = (np.maximum(cosines, 0) ** 4 * weights[:, None]).max(axis=0)
            heat[is_free] = np.maximum(heat[is_free], warmth)
        return Proposal(Seen(panel_id, _hot_box(heat)), likeness)


def _unit(patches: _Floats) -> _Floats:
    norm = np.linalg.norm(patches, axis=-1, keepdims=True)
    return (patches / np.maximum(norm, _TINY)).astype(np.float32)  # type: ignore[no-any-return]


def _blurred(patches: _Floats) -> _Floats:
    """Each patch as the mean of its 3 x 3 neighbourhood: (R, C, D)."""
    rows, columns, _ = patches.shape
    padded = np.pad(patches, ((1, 1), (1, 1), (0, 0)), mode="edge")
    parts = [padded[down : down + rows, across : across + columns] for down in range(3) for across in range(3)]
    return np.mean(parts, axis=0, dtype=np.float32)  # type: ignore[no-any-return]


def _mask(patches: _Floats, box: UnitBox) -> NDArray[np.bool_]:
    """The patches in a box, at least one: (R, C)."""
    rows, columns = patches.shape[:2]
    top, left = min(int(box.top * rows), rows - 1), min(int(box.left * columns), columns - 1)
    mask = np.zeros((rows, columns), dtype=bool)
    mask[top : max(top + 1, round(box.bottom * rows)), left : max(left + 1, round(box.right * columns))] = True
    return mask


def _hot_box(heat: _Floats) -> UnitBox:
    """The box about the warmest patches."""
    rows, columns = heat.shape
    down, across = np.nonzero(heat >= np.quantile(heat, 1 - _HOT_SHARE))
    (left, right), (top, bottom) = np.quantile(across, _INNER), np.quantile(down, _INNER)
    return UnitBox(
        float(left / columns), float(top / rows), float((right + 1) / columns), float((bottom + 1) / rows)
    )  # fmt: skip

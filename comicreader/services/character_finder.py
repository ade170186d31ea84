"""A book's panels looked at for their figures: whom a person has named once is proposed wherever else it may be.

pages -> panels -> `PanelLook`s -> `CharacterFinder.proposals`, anew after every answer
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from comicreader.domain.character_search import CharacterSearch, Seen, UnitBox
from comicreader.domain.geometry import Box
from comicreader.domain.panels import Panel
from comicreader.services.book_looks import PanelLook
from comicreader.services.library_characters import Mark, Verdict

NOES_IN_A_ROW = 5
"""After so many a person is asked no further: no likeness tells likely from unlikely in every book, answers do
(`tests/bench/character_quality.py`)."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """Where a character may be.

    Attributes:
        look: the panel.
        box: where in it, page pixels.
        likeness: see `character_search.Proposal`.
    """

    look: PanelLook
    box: Box
    likeness: float


class CharacterFinder:
    """Says where characters may be, among panels that were looked at."""

    def __init__(self, looks: Sequence[PanelLook]) -> None:
        self._looks = {look.panel.id: look for look in looks}
        self._search = CharacterSearch({look.panel.id: look.colours for look in looks})

    def look_of(self, panel_id: str) -> PanelLook | None:
        """A panel; None where it was not looked at."""
        return self._looks.get(panel_id)

    def proposals(self, character_id: int, marks: Sequence[Mark]) -> list[Appearance]:
        """Panels in which a character may be and about which nobody was asked, the likeliest first.

        Args:
            character_id: whom to look for.
            marks: all that is known of the book's characters.
        """
        known = [mark for mark in marks if mark.panel_id in self._looks]
        seen = [mark for mark in known if mark.verdict is not Verdict.REFUSED]
        figure = [self._seen(mark) for mark in seen if mark.character_id == character_id]
        others = [self._seen(mark) for mark in seen if mark.character_id != character_id]
        refused = {mark.panel_id for mark in known if mark.character_id == character_id}
        return [
            Appearance(look, box_of(look.panel, one.seen.box), one.likeness)
            for one in self._search.proposals(figure, others, refused)
            for look in [self._looks[one.seen.panel_id]]
        ]

    def _seen(self, mark: Mark) -> Seen:
        return Seen(mark.panel_id, part_of(self._looks[mark.panel_id].panel, mark.box))


def part_of(panel: Panel, box: Box) -> UnitBox:
    """A box in page pixels as a part of a panel; what lies outside is cut off."""
    inside, whole = box.intersection(panel.box), panel.box
    across, down = max(1, whole.width), max(1, whole.height)
    return UnitBox(
        (inside.x - whole.x) / across, (inside.y - whole.y) / down,
        (inside.right - whole.x) / across, (inside.bottom - whole.y) / down,
    )  # fmt: skip


def box_of(panel: Panel, part: UnitBox) -> Box:
    """A part of a panel in page pixels."""
    whole = panel.box
    left, top = round(whole.x + part.left * whole.width), round(whole.y + part.top * whole.height)
    right, bottom = round(whole.x + part.right * whole.width), round(whole.y + part.bottom * whole.height)
    return Box(left, top, right - left, bottom - top)

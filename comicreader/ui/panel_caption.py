"""What is shown of one panel's caption, in its narration box and in the list: a value for widgets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QCoreApplication

from comicreader.domain.narration import PERSON, Caption

# How likely the words of a caption are in its picture, on average. The shipped narrator's captions are nearly all
# below, and so they should be marked: of 60 captions of comics and picture books none fitted wholly.
_UNSURE_BELOW = 0.5


class CaptionState(Enum):
    """How a panel's caption stands."""

    NONE = "none"
    WAITING = "waiting"
    WRITING = "writing"
    GENERATED = "generated"
    PERSON = "person"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class PanelCaption:
    """One panel of the page and its caption.

    Attributes:
        panel_id: the panel's name in the library.
        number: its place in reading order, from 1.
        text: the caption, as far as it is written.
        state: how it stands.
        is_unsure: whether the narrator itself gives it little.
    """

    panel_id: str
    number: int
    text: str = ""
    state: CaptionState = CaptionState.NONE
    is_unsure: bool = False

    @classmethod
    def of(cls, panel_id: str, number: int, caption: Caption | None) -> PanelCaption:
        """What is shown of a caption in the library."""
        if caption is None:
            return cls(panel_id, number)
        if caption.is_proposal:
            is_unsure = caption.confidence < _UNSURE_BELOW
            return cls(panel_id, number, caption.text, CaptionState.GENERATED, is_unsure)
        state = CaptionState.PERSON if caption.source == PERSON else CaptionState.IMPORTED
        return cls(panel_id, number, caption.text, state)

    @property
    def is_standing(self) -> bool:
        """Whether the text is whole, be it a model's or a person's."""
        return self.state in {CaptionState.GENERATED, CaptionState.PERSON, CaptionState.IMPORTED}

    @property
    def is_coming(self) -> bool:
        """Whether the narrator will bring it."""
        return self.state in {CaptionState.WAITING, CaptionState.WRITING}

    @property
    def byline(self) -> str:
        """Who wrote it, in a few words for the person."""
        return _translated("The narrator is unsure" if self.is_unsure else _BYLINES[self.state])

    @property
    def spoken(self) -> str:
        """What a screen reader says when the panel is reached: the text first, who wrote it last."""
        if not self.text:
            return _translated("Panel {number}. {byline}.").format(number=self.number, byline=self.byline)
        return _translated("Panel {number}. {text} ({byline})").format(
            number=self.number, text=self.text, byline=self.byline
        )


_BYLINES = {
    CaptionState.NONE: "No caption yet",
    CaptionState.WAITING: "Waiting for the narrator",
    CaptionState.WRITING: "The narrator is writing",
    CaptionState.GENERATED: "Written by the narrator",
    CaptionState.PERSON: "Yours",
    CaptionState.IMPORTED: "Imported",
}


def _translated(text: str) -> str:
    return QCoreApplication.translate("PanelCaption", text)

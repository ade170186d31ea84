"""Captions: one text for one panel; the narration is the captions in reading order."""

from __future__ import annotations

from dataclasses import dataclass

PERSON = "person"
IMPORTED = "imported"
MODEL_PREFIX = "model:"

# Nobody takes in a picture in no time, however short its caption is.
_LOOK_SECONDS = 1.5
_SECONDS_A_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Caption:
    """The text told for one panel.

    Attributes:
        text: the sentence or sentences; may be empty only when a person emptied it.
        source: "model:<checkpoint id>/<style>", "person" or "imported".
        confidence: how sure the narrator is, 0 to 1; 1 for a person's text.
        context: ids of the panels whose captions it was conditioned on, oldest first.
    """

    text: str
    source: str
    confidence: float = 1.0
    context: tuple[str, ...] = ()

    @property
    def is_proposal(self) -> bool:
        """Whether automation wrote it and may therefore replace it."""
        return self.source.startswith(MODEL_PREFIX)


def model_source(model_id: str, style: str) -> str:
    """The source of captions that a model writes in a style: "model:<checkpoint id>/<style>"."""
    return f"{MODEL_PREFIX}{model_id}/{style}"


def told_in(caption: Caption, style: str) -> bool:
    """Whether a model wrote the caption in this style."""
    return caption.is_proposal and caption.source.endswith(f"/{style}")


def reading_seconds(text: str, words_per_minute: int) -> float:
    """How long auto-play stays on a panel: a look at the picture, then the time to read its caption.

    Args:
        text: the caption; may be empty.
        words_per_minute: the person's reading pace.
    """
    return _LOOK_SECONDS + len(text.split()) * _SECONDS_A_MINUTE / words_per_minute

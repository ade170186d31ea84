"""Several systems on the same records, side by side: every measure, its interval, and what differs by more than chance.

Needs no narrator and no picture: texts in, numbers out. `trainer.evaluate` writes the texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from trainer.metrics import (
    chance_of_right_picture,
    meaning_measures,
    reference_measures,
    tag_measures,
    text_measures,
)
from trainer.significance import Difference, Estimate, Floats, Measured, difference, estimate, mean, resampling
from trainer.story_flow import Band, bands, flow_measures

NARRATOR = "narrator"
"""The system everything else is compared with."""

PERSON = "person"
"""The reference texts as a system of their own, where a measure asks for no reference."""

Embed: TypeAlias = Callable[[Sequence[str]], Floats]
"""Texts to unit vectors (N, D) whose cosine says how alike they mean: `trainer.sentence_encoder`."""

Fit: TypeAlias = Callable[[Sequence[str]], Floats]
"""One text for each picture of the split to how well each fits its own: (N,)."""


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """What was measured.

    Attributes:
        scores: system to measure to value and interval; the narrator first, the person last.
        differences: other system to measure to the narrator's value minus that system's.
        bands: story-flow measure to the human band and the narrator's place in it.
        chance: measure to what guessing gives, where guessing gives something.
    """

    scores: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Difference]]
    bands: dict[str, Band]
    chance: dict[str, float]


def score_systems(
    systems: Mapping[str, Sequence[str]],
    references: Sequence[str],
    books: Sequence[str],
    embed: Embed,
    fit: Fit | None = None,
    tags: Sequence[Sequence[str]] | None = None,
) -> Scoreboard:
    """Measure systems on one split.

    Args:
        systems: name to captions, one a record; NARRATOR is one of them.
        references: the text a person wrote for each record.
        books: each record's book; records of a book are in reading order.
        embed: texts to unit vectors.
        fit: how well texts fit the pictures to a scorer; None: not measured.
        tags: words for what is seen at each record; None: there are none.
    """
    wanted, draws = embed(references), resampling(books)
    measured: dict[str, dict[str, Measured]] = {}
    for name, captions in systems.items():
        written = embed(captions)
        measured[name] = (
            reference_measures(captions, references)
            | meaning_measures(written, wanted)
            | text_measures(captions)
            | flow_measures(written, books)
        )
    measured[PERSON] = text_measures(references) | flow_measures(wanted, books)
    if tags is not None:
        for name, captions in (*systems.items(), (PERSON, references)):
            measured[name] |= tag_measures(captions, tags)
    if fit is not None:
        for name, captions in (*systems.items(), (PERSON, references)):
            measured[name]["picture_fit"] = mean(fit(captions).tolist())
    narrator = measured[NARRATOR]
    return Scoreboard(
        {
            system: {name: estimate(measure, draws) for name, measure in measures.items()}
            for system, measures in measured.items()
        },
        {
            system: {name: difference(narrator[name], measure, draws) for name, measure in measures.items()}
            for system, measures in measured.items()
            if system != NARRATOR
        },
        bands(wanted, embed(systems[NARRATOR]), books),
        {"right_picture": chance_of_right_picture(len(references))},
    )

"""What a stranger sees in a panel of a synthetic picture story, in words: nothing that is not drawn, and no names."""

from __future__ import annotations

from trainer.synthetic.faces import Mood
from trainer.synthetic.story_cast import with_article
from trainer.synthetic.story_figures import HOLDING, POINTING, UP
from trainer.synthetic.story_places import NIGHT, RAIN
from trainer.synthetic.story_plot import Beat, Part

_MOODS = {
    Mood.HAPPY: "smiles", Mood.LAUGHING: "laughs", Mood.SURPRISED: "looks surprised", Mood.SAD: "looks sad",
    Mood.CALM: "looks calm", Mood.ASLEEP: "has closed eyes",
}  # fmt: skip
_SKIES = {RAIN: " in the rain", NIGHT: " at night"}


def describe(beat: Beat, *, in_color: bool) -> str:
    """The description of a panel: who is where, what each does and shows, and what is behind them.

    Args:
        beat: what is drawn.
        in_color: whether colours can be seen.
    """
    figures = ", and ".join(part.character.look.in_words(in_color=in_color) for part in beat.parts)
    stands = "stands" if len(beat.parts) == 1 else "stand"
    beside = f" beside {joined([with_article(noun) for noun in beat.near])}" if beat.near else ""
    sentences = [f"{figures} {stands}{beside} {beat.place.words}{_SKIES.get(beat.sky, '')}"]
    sentences.append(", and ".join(_does(part, beat.thing) for part in beat.parts))
    if beat.far:
        sentences.append(f"{with_article(beat.far)} is in the background")
    if beat.sky == NIGHT:
        sentences.append("the moon and stars are in the sky")
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)


def joined(names: list[str]) -> str:
    """Names in a row: “a, b and c”."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _does(part: Part, thing: str) -> str:
    arms = {HOLDING: f"holds {with_article(thing)}", POINTING: "points", UP: "raises both arms"}.get(part.arms)
    return f"the {part.character.look.kind} {f'{arms} and ' if arms else ''}{_MOODS[part.mood]}"

"""What happens in a synthetic picture story: one of the plots, with characters, places and a thing chosen by chance.

Some beats of a plot must be there, the others come by chance; the narration holds together either way.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from trainer.synthetic.faces import Mood
from trainer.synthetic.story_cast import Character, draw_cast, with_article
from trainer.synthetic.story_places import CARRIED, CLOUDS, PLACES, SUN, Place
from trainer.synthetic.story_plots import FRIEND, HERE, HERO, MARK, PLOTS, THERE, THIRD, BeatForm, Plot

LEAST_PANELS, MOST_PANELS = 4, 8


@dataclass(frozen=True, slots=True)
class Part:
    """What one character does in a panel.

    Attributes:
        character: who it is.
        mood: what the face shows.
        arms: one of `story_figures`' arms; HOLDING holds the story's thing.
    """

    character: Character
    mood: Mood
    arms: str


@dataclass(frozen=True, slots=True)
class Line:
    """Something said.

    Attributes:
        speaker: a character of the panel.
        words: one short sentence.
    """

    speaker: Character
    words: str


@dataclass(frozen=True, slots=True)
class Beat:
    """One panel's part of the story.

    Attributes:
        parts: the characters from left to right.
        place: where it plays.
        sky: SUN, CLOUDS, RAIN or NIGHT.
        thing: what the story is about.
        near: nouns of what stands or lies on the ground beside the characters.
        far: the noun of what stands at the horizon; empty where there is nothing.
        lines: what is said, in order; of two speakers the first stands on the left.
        narration: one sentence that goes on from the beat before.
    """

    parts: tuple[Part, ...]
    place: Place
    sky: str
    thing: str
    near: tuple[str, ...]
    far: str
    lines: tuple[Line, ...]
    narration: str


@dataclass(frozen=True, slots=True)
class Story:
    """A story before it is drawn.

    Attributes:
        title: for people.
        goal: one sentence: what the hero wants.
        characters: two or three, the hero first.
        beats: LEAST_PANELS to MOST_PANELS of them.
    """

    title: str
    goal: str
    characters: tuple[Character, ...]
    beats: tuple[Beat, ...]


def draw_story(draws: random.Random) -> Story:
    """A random story."""
    plot = draws.choice(PLOTS)
    has_third = draws.random() < 0.5
    forms = [form for form in plot.beats if has_third or not form.has_third]
    optional = [form for form in forms if not form.is_needed]
    needed = len(forms) - len(optional)
    count = draws.randint(max(LEAST_PANELS, needed), min(MOST_PANELS, len(forms)))
    chosen = draws.sample(optional, count - needed)
    return _Teller(draws, has_third).told(plot, [form for form in forms if form.is_needed or form in chosen])


class _Teller:
    """Fills the forms of one story."""

    def __init__(self, draws: random.Random, has_third: bool) -> None:
        self._draws = draws
        roles = (HERO, FRIEND, THIRD) if has_third else (HERO, FRIEND)
        self._cast = dict(zip(roles, draw_cast(draws, len(roles)), strict=True))
        self._thing = draws.choice(CARRIED)
        self._weather = draws.choice((SUN, CLOUDS))
        self._places = dict(zip((HERE, THERE), draws.sample(PLACES, 2), strict=True))
        self._far = {where: draws.choice((*place.far, "")) for where, place in self._places.items()}
        self._marks = {
            where: draws.choice([noun for noun in place.near if noun != self._far[where]])
            for where, place in self._places.items()
        }
        self._fields = self._words()

    def told(self, plot: Plot, forms: list[BeatForm]) -> Story:
        """The story of a plot that has these beats."""
        beats = tuple(self._beat(form) for form in forms)
        title, goal = plot.title.format(**self._fields), plot.goal.format(**self._fields)
        return Story(title, goal, tuple(self._cast.values()), beats)

    def _words(self) -> dict[str, str]:
        hero = self._cast[HERO]
        fields = {role: character.name for role, character in self._cast.items()}
        fields |= {f"new_{role}": character.introduced for role, character in self._cast.items()}
        fields |= {"they": hero.pronoun, "They": hero.pronoun.capitalize(), "their": hero.possessive}
        fields |= {"thing": self._thing, "a_thing": with_article(self._thing)}
        fields |= {f"to_{where}": place.toward for where, place in self._places.items()}
        return fields | {f"mark_{where}": mark for where, mark in self._marks.items()}

    def _beat(self, form: BeatForm) -> Beat:
        spoken = [(speaker, self._filled(choices)) for speaker, choices in form.said]
        return Beat(
            parts=tuple(Part(self._cast[role], mood, arms) for role, mood, arms in form.roles),
            place=self._places[form.where],
            sky=form.sky or self._weather,
            thing=self._thing,
            near=tuple(self._marks[form.where] if what == MARK else self._thing for what in form.beside),
            far=self._far[form.where],
            lines=tuple(Line(self._cast[speaker], words) for speaker, words in spoken if words),
            narration=self._filled(form.narrations),
        )

    def _filled(self, choices: tuple[str, ...]) -> str:
        return self._draws.choice(choices).format(**self._fields)

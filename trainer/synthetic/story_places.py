"""Places and things of synthetic picture stories, and the drawings that show them.

Drawings are emoji, and those files of Open Clip Art that show nothing but the noun: its file names alone do not say so.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from trainer.synthetic.cast import CLIP_ART, SKY, THINGS, Drawing
from trainer.synthetic.scenes import PLACES as SCENE_PLACES
from trainer.synthetic.story_grounds import DUNES, FURROWS, ROAD, SEA, SNOWFALL, TREES, TUFTS

SUN, CLOUDS, RAIN, NIGHT = "sun", "clouds", "rain", "night"
"""What the sky shows; each can be seen without colours too."""

CARRIED = ("kite", "ball", "book", "umbrella", "balloon", "drum", "guitar", "bell", "gift", "key", "camera", "lantern")
"""Things that can be held in a hand, lost and given."""

_CLIP_ART_FILES = {
    "tree": ("food/fruit/tree_whit_fruits_01.png", "plants/trees/cartoon_tree_01.png"),
    "house": ("buildings/homes/house.png", "buildings/homes/house_christoph_brill_01.png"),
    "mushroom": ("plants/mushroom.png",),
    "lantern": ("tools/hurricane_lamp_ganson.png",),
    "umbrella": ("tools/umbrella.png",),
}
_MORE_EMOJI = {"rock": "\U0001faa8", "shell": "🐚", "snowman": "⛄"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where panels play.

    Attributes:
        words: where somebody is there: “on the beach”.
        toward: where somebody goes there: “to the beach”.
        sky: colours of the sky by day, top and bottom.
        ground: its colour.
        marks: what its ground is known by, one of `story_grounds`.
        far: nouns of what may stand at the horizon.
        near: nouns of what somebody may stands beside.
    """

    words: str
    toward: str
    sky: tuple[str, str]
    ground: str
    marks: str
    far: tuple[str, ...]
    near: tuple[str, ...]


def _place(words: str, toward: str, marks: str, far: tuple[str, ...], near: tuple[str, ...]) -> Place:
    """A place in the colours of the scene of the same words."""
    scene = next(place for place in SCENE_PLACES if place.words == words)
    return Place(words, toward, scene.sky, scene.ground, marks, far, near)


PLACES = (
    _place("on the grass", "to the meadow", TUFTS, ("house", "tree"), ("tree", "sunflower", "rock")),
    _place("in a field", "to the fields", FURROWS, ("house", "church", "tree"), ("sunflower", "rock", "tractor")),
    _place("in the snow", "to the snowy hills", SNOWFALL, ("fir tree", "hut"), ("snowman", "fir tree", "hut")),
    _place("on the beach", "to the beach", SEA, ("palm tree",), ("palm tree", "shell", "rock", "bucket")),
    _place("in the desert", "to the desert", DUNES, ("cactus",), ("cactus", "tent", "rock")),
    _place("in a forest", "to the forest", TREES, (), ("mushroom", "rock", "tent")),
    _place("on the street", "to the town", ROAD, ("house", "school", "church"), ("fountain", "bicycle", "box", "car")),
)


def drawings_of(noun: str) -> tuple[Drawing, ...]:
    """The ways in which a noun may look, in a fixed order."""
    emoji = _MORE_EMOJI.get(noun) or THINGS.get(noun) or SKY.get(noun)
    files = (CLIP_ART / file for file in _CLIP_ART_FILES.get(noun, ()))
    from_files = tuple(Drawing(noun, file=file) for file in files if file.is_file())
    return ((Drawing(noun, emoji=emoji),) if emoji else ()) + from_files


class PropBox:
    """The drawings of one story: a noun looks the same in all its panels.

    Args (of the constructor):
        draws: the source of every choice.
    """

    def __init__(self, draws: random.Random) -> None:
        self._draws = draws
        self._chosen: dict[str, Drawing] = {}

    def drawing(self, noun: str) -> Drawing:
        """The story's drawing of a noun."""
        if noun not in self._chosen:
            self._chosen[noun] = self._draws.choice(drawings_of(noun))
        return self._chosen[noun]

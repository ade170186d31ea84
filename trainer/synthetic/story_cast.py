"""Who can play in a synthetic picture story: kinds of figures, their looks, and names from many places."""

from __future__ import annotations

import random
from dataclasses import dataclass

CHILDREN = ("girl", "boy")
ADULTS = ("man", "old man", "old woman")
ANIMALS = ("bear", "rabbit", "cat", "mouse", "pig", "fox")
KINDS = (*CHILDREN, *ADULTS, *ANIMALS)

SHE, HE = "she", "he"
NAMES = {
    "Amina": SHE, "Anouk": SHE, "Hana": SHE, "Ingrid": SHE, "Leila": SHE, "Mei": SHE, "Nadia": SHE, "Paloma": SHE,
    "Priya": SHE, "Yuki": SHE, "Zuri": SHE, "Sinead": SHE, "Bao": HE, "Diego": HE, "Emeka": HE, "Ilya": HE,
    "Kofi": HE, "Mateo": HE, "Oskar": HE, "Ravi": HE, "Sione": HE, "Tomas": HE, "Yusuf": HE, "Hiro": HE,
}  # fmt: skip
"""Each name with the pronoun of whoever bears it here."""

SCARF, POINTED_HAT, WOOLLY_HAT, BOW_TIE = "scarf", "pointed hat", "woolly hat", "bow tie"
EXTRAS = (SCARF, POINTED_HAT, WOOLLY_HAT, BOW_TIE)
COLORS = {
    "red": "#d9412f", "blue": "#3d6fb8", "green": "#4f9a4a", "yellow": "#f4c22f", "purple": "#8a5bb0",
    "orange": "#ee8a34", "white": "#f7f4ec", "pink": "#ee9db5",
}  # fmt: skip
"""Colours of clothes by their names: far enough apart to be told from each other."""

SKINS = ("#f6cfae", "#e3aa7c", "#c68a5b", "#a46b45")
HAIRS = ("#2e2422", "#5a3825", "#8a4226", "#d9a84a")

_GIVEN_PRONOUNS = {"girl": SHE, "old woman": SHE, "boy": HE, "man": HE, "old man": HE}


@dataclass(frozen=True, slots=True)
class Look:
    """How a figure looks in every panel of its story.

    Attributes:
        kind: one of KINDS.
        coat: a name in COLORS.
        extra: one of EXTRAS, by which the figure is known without colours too.
        extra_color: a name in COLORS, another one than the coat's.
        skin: "#rrggbb"; an animal's fur does not depend on it.
        hair: "#rrggbb", for people who are not old.
    """

    kind: str
    coat: str
    extra: str
    extra_color: str
    skin: str
    hair: str

    def in_words(self, *, in_color: bool) -> str:
        """What is seen of the figure, with an article: “a bear in a red coat and a blue scarf”."""
        coat = f"{with_article(self.coat)} coat" if in_color else "a coat"
        extra = f"{with_article(self.extra_color)} {self.extra}" if in_color else with_article(self.extra)
        return f"{with_article(self.kind)} in {coat} and {extra}"


@dataclass(frozen=True, slots=True)
class Character:
    """Someone in a story.

    Attributes:
        name: a name in NAMES.
        pronoun: SHE or HE.
        look: the same in every panel.
    """

    name: str
    pronoun: str
    look: Look

    @property
    def possessive(self) -> str:
        """“her” or “his”."""
        return "her" if self.pronoun == SHE else "his"

    @property
    def objective(self) -> str:
        """“her” or “him”."""
        return "her" if self.pronoun == SHE else "him"

    @property
    def introduced(self) -> str:
        """Name and kind, as a story first tells of somebody: “Amina the bear”."""
        return f"{self.name} the {self.look.kind}"


def draw_cast(draws: random.Random, count: int) -> tuple[Character, ...]:
    """Characters who differ in kind, name, extra and coat, so that none is taken for another.

    Args:
        draws: the source of every choice.
        count: at most four, since there are four extras.
    """
    kinds, extras = draws.sample(KINDS, count), draws.sample(EXTRAS, count)
    coats = draws.sample(sorted(COLORS), count)
    names = sorted(NAMES)
    characters: list[Character] = []
    for kind, extra, coat in zip(kinds, extras, coats, strict=True):
        pronoun = _GIVEN_PRONOUNS.get(kind) or draws.choice((SHE, HE))
        name = draws.choice([name for name in names if NAMES[name] == pronoun])
        names.remove(name)
        extra_color = draws.choice([color for color in sorted(COLORS) if color != coat])
        look = Look(kind, coat, extra, extra_color, draws.choice(SKINS), draws.choice(HAIRS))
        characters.append(Character(name, pronoun, look))
    return tuple(characters)


def with_article(noun: str) -> str:
    """The noun with “a” or “an”."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"

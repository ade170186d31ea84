"""The forms of English words: enough to find the words of captions among known ones, whatever their ending.

Forms are made, not taken off: what is no form of a known word is not taken for one ("huge" is not "hugging"). Regular
endings by rule, the common irregular ones of what is seen in pictures from a table; a form that does not exist harms
nobody, since no caption has it.
"""

from __future__ import annotations

from collections.abc import Sequence

_VOWELS = "aeiou"
_IRREGULAR = (
    "man men", "woman women", "child children", "mouse mice", "goose geese", "foot feet", "tooth teeth",
    "run ran", "sit sat", "stand stood", "hold held", "eat ate", "drink drank", "fly flew", "swim swam", "fall fell",
    "sleep slept", "ride rode", "write wrote", "sing sang", "fight fought", "dig dug", "hide hid", "lie lay lying",
    "give gave", "think thought", "drive drove", "sweep swept", "throw threw", "wear wore", "catch caught",
    "break broke", "shine shone", "bend bent", "tie tying", "bite bit", "feed fed", "hang hung", "kneel knelt",
)  # fmt: skip
_IRREGULAR_OF = {form: tuple(row.split()) for row in _IRREGULAR for form in row.split()}


def forms(word: str) -> frozenset[str]:
    """A word with its plural, persons and tenses, in lower case; of a present participle those of its verb."""
    found = {word}
    for base in _bases(word):
        for stem in _IRREGULAR_OF.get(base, (base,)):
            found |= {stem, *_inflected(stem)}
    return frozenset(found)


class Lexicon:
    """Known words by their forms.

    Attributes:
        words: the words, in the order given; their places are their numbers.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._numbers: dict[str, int] = {}
        # The shortest first: "butterflies" are then known as what "butterfly" is, where both are given.
        for number, word in sorted(enumerate(words), key=lambda numbered: (len(numbered[1]), numbered[0])):
            if word not in self._numbers:
                for form in forms(word):
                    self._numbers.setdefault(form, number)

    def number(self, word: str) -> int | None:
        """The number of the word that `word`, in lower case, is a form of."""
        return self._numbers.get(word)

    def named(self, words: Sequence[str]) -> list[int]:
        """The numbers of the known words among some, each once, in order."""
        found = (self._numbers.get(word) for word in words)
        return list(dict.fromkeys(number for number in found if number is not None))


def _bases(word: str) -> set[str]:
    """The word itself, and what it may be the present participle of."""
    if not word.endswith("ing") or len(word) < 6:
        return {word, *_IRREGULAR_OF.get(word, ())[:1]}
    stem = word[:-3]
    if stem[-1] == stem[-2] and stem[-1] not in "lsz":
        return {word, stem[:-1]}  # sitting
    is_short = stem[-1] not in f"{_VOWELS}wxy" and stem[-2] in _VOWELS and stem[-3:-2] not in tuple(_VOWELS)
    syllables = sum(
        letter in _VOWELS and before not in _VOWELS for before, letter in zip(f" {stem}", stem, strict=False)
    )
    if (is_short and syllables == 1) or stem[-1] in "vcu":
        return {word, f"{stem}e"}  # smiling, dancing, leaving
    return {word, stem, f"{stem}e"} if stem[-1] in "gsz" or is_short else {word, stem}  # singing; changing, opening


def _inflected(word: str) -> set[str]:
    """Plural or third person, past and participle, by rule."""
    if len(word) < 3:
        return {f"{word}s"}
    before, last = word[-2], word[-1]
    if last == "y" and before not in _VOWELS:
        return {f"{word[:-1]}ies", f"{word[:-1]}ied", f"{word}ing"}
    if last == "e":
        ves = {f"{word[:-2]}ves"} if before == "f" else set[str]()
        return {f"{word}s", f"{word}d", f"{word[:-1]}ing", *ves}
    found = {f"{word}s", f"{word}ed", f"{word}ing"}
    if word.endswith(("s", "x", "z", "ch", "sh", "o")):
        found = {f"{word}es", f"{word}ed", f"{word}ing"}
    if last == "f":
        found.add(f"{word[:-1]}ves")
    if last not in f"{_VOWELS}wxy" and before in _VOWELS and word[-3] not in _VOWELS:
        found |= {f"{word}{last}ed", f"{word}{last}ing"}
    return found

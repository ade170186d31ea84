"""How one book is to be told, on a card that a person reads and changes: names, words and length.

    `StyleCard.decoding`   words and length become rules of what may be written
    `StyleCard.renamed`    names take the place of what the narrator calls their bearers, in the text that is written

All of it holds from the next caption on; nothing is trained. There is no tense on it: a narrator that describes does so
in the present (2 of 596 samples were in the past), so there is nothing to choose from. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainer.config import ConfigError
from trainer.decoding import Decoding

MOST_WORDS = 200
"""A caption of more words is none."""

_TOKENS_A_WORD = 2  # with room: an English word has 1.3, a name more
_VOWELS = "aeiou"
_DETERMINER = "the|a|an|this|that|my|your|his|her|its|our|their"
_SIZE = "little|small|tiny|young|old|big|large|tall|great"
_HISSES = re.compile(r"(?:s|x|z|ch|sh)$")


@dataclass(frozen=True, slots=True)
class StyleCard:
    """The wishes for one book.

    Attributes:
        names: what the narrator says and what it shall say: ("the girl", "Pepper").
        use: words that shall come more readily.
        avoid: words and phrases that never come, in any regular inflection.
        fewest_words: of a caption; 0 sets no limit.
        most_words: of a caption; 0 sets no limit.
    """

    names: tuple[tuple[str, str], ...] = ()
    use: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    fewest_words: int = 0
    most_words: int = 0

    @classmethod
    def from_json(cls, raw: Any) -> StyleCard:
        """From what `as_json` gave; what is not there is as on a blank card.

        Raises:
            ConfigError: it is no card.
        """
        try:
            card = cls(
                tuple((str(said), str(name)) for said, name in raw.get("names", ())),
                tuple(map(str, raw.get("use", ()))),
                tuple(map(str, raw.get("avoid", ()))),
                int(raw.get("fewest_words", 0)),
                int(raw.get("most_words", 0)),
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise ConfigError(f"This is no style card: {error}.") from error
        card.validate()
        return card

    def as_json(self) -> dict[str, Any]:
        """The card as JSON has it."""
        return {
            "names": [list(pair) for pair in self.names], "use": list(self.use), "avoid": list(self.avoid),
            "fewest_words": self.fewest_words, "most_words": self.most_words,
        }  # fmt: skip

    def validate(self) -> None:
        """Check every field.

        Raises:
            ConfigError: names the field and the fix.
        """
        if not all(0 <= count <= MOST_WORDS for count in (self.fewest_words, self.most_words)):
            raise ConfigError(f"A caption's words must be from 0 to {MOST_WORDS}.")
        if 0 < self.most_words < self.fewest_words:
            raise ConfigError(f"The most words, {self.most_words}, must not be below the fewest, {self.fewest_words}.")
        if any(not said.strip() or not name.strip() for said, name in self.names):
            raise ConfigError("A name needs both: what the narrator says, and what it shall say.")
        if any(mark in word for word in (*self.use, *self.avoid) for mark in ";="):
            raise ConfigError("A word to use or to avoid must not have “;” or “=” in it.")

    def decoding(self, decoding: Decoding) -> Decoding:
        """The way of writing that keeps to the card's words and to its length, where it names one.

        Args:
            decoding: how captions are chosen without it; its own phrases and words stay.
        """
        banned = [form for phrase in self.avoid for form in inflections(phrase)]
        is_measured = bool(self.fewest_words or self.most_words)
        return replace(
            decoding,
            bad_phrases=_joined(decoding.bad_phrases, banned),
            favoured_words=_joined(decoding.favoured_words, self.use),
            min_words=self.fewest_words if is_measured else decoding.min_words,
            max_words=self.most_words if is_measured else decoding.max_words,
            max_tokens=max(decoding.max_tokens, _TOKENS_A_WORD * max(self.fewest_words, self.most_words)),
        )

    def renamed(self, text: str) -> str:
        """The text with the card's names in it.

        "the girl" is any one girl, with a word for her size or age before it too; she takes her article with her, and
        an 's stays. What is said without an article is replaced as it stands, but for a name: "wizard" to "Saffron"
        takes the article along.
        """
        # "the old man" is to be looked for before "the man".
        pairs = sorted(self.names, key=lambda pair: -len(pair[0]))
        patterns = "|".join(f"({_spoken(said, name)})" for said, name in pairs)

        def name_of(match: re.Match[str]) -> str:
            return _as_begun(match[0], pairs[(match.lastindex or 1) - 1][1].strip())

        return re.sub(rf"\b(?:{patterns})\b(?!-)", name_of, text, flags=re.IGNORECASE) if pairs else text


def inflections(phrase: str) -> list[str]:
    """A phrase and the regular forms of its last word: plural, possessive and the endings of verbs."""
    phrase = " ".join(phrase.split())
    if not phrase or not phrase[-1].isalpha():
        return [phrase] if phrase else []
    forms = [phrase, f"{phrase}'s", phrase + ("es" if _HISSES.search(phrase) else "s")]
    if phrase.endswith("e"):
        forms += [f"{phrase}d", f"{phrase[:-1]}ing"]
    else:
        forms += [f"{phrase}ed", f"{phrase}ing"]
    if re.search(r"[^aeiou\W]y$", phrase):
        forms += [f"{phrase[:-1]}ies", f"{phrase[:-1]}ied"]
    if re.search(r"[^aeiou\W][aeiou][bdgklmnprtv]$", phrase):
        forms += [f"{phrase}{phrase[-1]}ed", f"{phrase}{phrase[-1]}ing"]
    return forms


def _spoken(said: str, name: str) -> str:
    """The pattern, without groups, of what the narrator may say where a name shall stand."""
    first, *rest = said.split()
    brings_determiner = bool(rest) and re.fullmatch(_DETERMINER, first, re.IGNORECASE) is not None
    noun = r"\s+".join(map(re.escape, rest if brings_determiner else [first, *rest]))
    noun += rf"(?:\s+{re.escape(name.strip())})?"  # "the boy Neymar" is one person
    before = rf"(?:{_DETERMINER})\s+(?:(?:{_SIZE}),?\s+)*"
    if brings_determiner:
        return before + noun
    return rf"(?:{before})?{noun}" if _is_name(name) else rf"(?:an?\s+)?{noun}"


def _is_name(name: str) -> bool:
    return name.strip()[:1].isupper()


def _as_begun(spoken: str, name: str) -> str:
    """The name in place of what was spoken: with its article where that stays, and with its capital letter."""
    article = re.match(r"(an?)\s", spoken, re.IGNORECASE)
    if article and not _is_name(name) and not re.match(rf"(?:{_DETERMINER})\s", name):
        fitting = "an" if name[0].lower() in _VOWELS else "a"
        name = f"{fitting} {name}"
    return name[:1].upper() + name[1:] if spoken[:1].isupper() else name


def _joined(before: str, more: Sequence[str]) -> str:
    """Phrases behind those that stand already, semicolons between them."""
    return "; ".join([part for part in (before, *more) if part.strip()])

"""The order in which people expect numbered names: page 2 before page 10."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

Token = tuple[int, int, str]
NaturalKey = tuple[tuple[tuple[Token, ...], tuple[Token, ...]], ...]

_NUMBER_OR_TEXT = re.compile(r"(\d+)")


def natural_key(name: str) -> NaturalKey:
    """The sort key of a member's name.

    Folders are compared one by one, so that everything in "chapter 2" comes before "chapter 10". Digits count
    as numbers, in any script (NFKC turns full-width digits into ASCII ones); case does not count. The part
    after the last dot is compared only where the rest is equal: "page 1.jpg" stands before "page 1-2.jpg".
    """
    return tuple(_part_key(part) for part in name.split("/"))


def natural_order(names: Iterable[str]) -> list[str]:
    """The names in natural order; names that differ in case or leading zeros only keep a fixed order too."""
    return sorted(names, key=lambda name: (natural_key(name), name))


def _part_key(part: str) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
    folded = unicodedata.normalize("NFKC", part).casefold()
    stem, _, suffix = folded.rpartition(".")
    return (_tokens(stem), _tokens(suffix)) if stem else (_tokens(suffix), ())


def _tokens(text: str) -> tuple[Token, ...]:
    """Numbers and texts in turn; numbers sort before texts.

    A number is its count of digits and its digits, not an `int`: Python refuses to parse thousands of digits,
    and an archive may hold such a name.
    """
    tokens: list[Token] = []
    for piece in _NUMBER_OR_TEXT.split(text):
        if piece.isdecimal():
            digits = "".join(str(unicodedata.decimal(digit)) for digit in piece).lstrip("0")
            tokens.append((0, len(digits), digits))
        elif piece:
            tokens.append((1, 0, piece))
    return tuple(tokens)

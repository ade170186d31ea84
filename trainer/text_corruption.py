"""Human texts spoilt word by word in five ways, so that a judge of grammar needs no labels (Cho et al. 2022).

Cho, Yoon, Kale, Dernoncourt, Bui & Bansal, "Fine-grained Image Captioning with CLIP Reward": a text is sound, the
same text with words repeated, removed, inserted, swapped or shuffled is not. Words move between the places of words
while punctuation stays, and the first letter stays large: a judge must look at the words. Repeated are one to three
words as in the paper, or as often up to half of the text, for loops are what narrators fall into. Now and then a spoilt
text is sound all the same (an adjective left out), so no judge can be right about all of them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

REPEATED, REMOVED, INSERTED, SWAPPED, SHUFFLED = "repeated", "removed", "inserted", "swapped", "shuffled"
CORRUPTIONS = (REPEATED, REMOVED, INSERTED, SWAPPED, SHUFFLED)

_WORD = re.compile(r"(\w+(?:['’]\w+)*)")
_MOST_WORDS = 3  # spoilt at a time, as in the paper's published code
_FEWEST_WORDS = 3  # of a text: in a shorter one there is nothing to put out of order
_SHORTEST_SHUFFLE, _LONGEST_SHUFFLE = 4, 10
_ATTEMPTS = 10  # a draw may change nothing: "very very"


def corrupted(text: str, kind: str, other_words: Sequence[str], draw: random.Random) -> str:
    """Spoil a text.

    Args:
        text: a sound text.
        kind: one of CORRUPTIONS.
        other_words: what INSERTED puts in is drawn from these.
        draw: draws.

    Returns:
        The spoilt text; the text itself where it has fewer than three words, or nothing in it would change.

    Raises:
        ValueError: there is no such kind.
    """
    if kind not in CORRUPTIONS:
        raise ValueError(f"“{kind}” is none of {', '.join(CORRUPTIONS)}")
    parts = _WORD.split(text)  # between, word, between, ..., word, between
    betweens, words = parts[0::2], parts[1::2]
    if len(words) < _FEWEST_WORDS:
        return text
    for _ in range(_ATTEMPTS):
        spoilt, spoilt_betweens = _spoil(words, betweens, kind, other_words, draw)
        if [word.lower() for word in spoilt] != [word.lower() for word in words]:
            return _joined(spoilt, spoilt_betweens, words[0])
    return text


def _spoil(
    words: Sequence[str], betweens: Sequence[str], kind: str, other_words: Sequence[str], draw: random.Random
) -> tuple[list[str], list[str]]:
    """New words, and what stands before, between and after them."""
    spoilt, around = list(words), list(betweens)
    count = draw.randint(1, _MOST_WORDS)
    if kind == REPEATED:
        start = draw.randrange(len(words))
        longest = max(1, len(words) // 2)
        span = words[start : start + draw.choice((min(count, longest), draw.randint(1, longest)))]
        spoilt[start + len(span) : start + len(span)] = span
        around[start + len(span) : start + len(span)] = [" ", *betweens[start + 1 : start + len(span)]]
    elif kind == REMOVED:
        for _ in range(min(count, len(words) - 2)):
            place = draw.randrange(len(spoilt))
            del spoilt[place]
            del around[place if around[place + 1].strip() else place + 1]  # punctuation stays
    elif kind == INSERTED and other_words:
        for _ in range(count):
            place = draw.randrange(len(spoilt))
            spoilt.insert(place, draw.choice(other_words))
            around.insert(place + 1, " ")
    elif kind == SWAPPED:
        for _ in range(count):
            first, second = draw.sample(range(len(words)), 2)
            spoilt[first], spoilt[second] = spoilt[second], spoilt[first]
    elif kind == SHUFFLED:
        size = min(len(words), draw.randint(_SHORTEST_SHUFFLE, _LONGEST_SHUFFLE))
        start = draw.randint(0, len(words) - size)
        spoilt[start : start + size] = draw.sample(spoilt[start : start + size], size)
    return spoilt, around


def _joined(words: Sequence[str], betweens: Sequence[str], first: str) -> str:
    """One text that begins with a large letter where the sound one did."""
    if first[0].isupper():
        words = [word.lower() if word == first and word != "I" else word for word in words]
        words[0] = words[0][:1].upper() + words[0][1:]
    text = betweens[0] + "".join(word + between for word, between in zip(words, betweens[1:], strict=True))
    return text.strip()

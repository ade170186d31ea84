"""What a person wrote before, and how a narrator learns from it at once, with no training.

    caption + picture -> `CaptionMemory.remember`
    new picture       -> `CaptionMemory.recall`: the captions of the pictures most like it, the same book's first
                      -> `favoured`: their words come more readily (a neural cache, Grave et al. 2017)
                      -> `suitability`: of several samples, which is near them and would have been the least work

A caption is only looked back at: words of it are made likelier one by one, and samples are the narrator's own, so no
caption is ever copied.

Letters: M captions remembered, K of them recalled, N samples, E width of a picture's vector, D of a text's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.metrics import edit_distance

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

LETTERS_A_COSINE = 50.0
"""Letters of typing that a cosine of 1 in meaning is worth. With more, longer samples are chosen that need more work;
with less, bare ones. Chosen on one half of the dev books."""

STRENGTH = 1.0
"""What a word gets that stands in all that came to mind. More makes true captions less likely again (same half)."""

_SMALLEST_SHARE = 0.02
"""Words of captions that count less than this together are left alone."""

_CLOSED_CLASSES = frozenset(
    re.findall(
        r"[a-z']+",
        """a an the this that these those some any no each every both all another other such his her its their my your
        whose he she it they we you i him them me us who whom himself herself itself themselves what which
        and or but nor so as if because though although while when where than then until since in on at of
        to from by for with without into onto over under up down out off near behind beside besides between
        among through across around along above below inside outside before after against toward towards
        about during upon away back is are was were be been being am has have had having do does did will
        would can could shall should may might must isn't aren't wasn't weren't don't doesn't didn't can't
        couldn't won't wouldn't not very too also there here now just only still again more most much many
        one two three how why yes""",
    )
)
"""Words that every text has: they say nothing of what a picture shows, and there are no others of their kind."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A caption that a person wrote.

    Attributes:
        book: names the book.
        text: the caption.
        picture: (E,) unit vector of the panel's picture.
        meaning: (D,) unit vector of the text.
    """

    book: str
    text: str
    picture: Tensor
    meaning: Tensor


@dataclass(frozen=True, slots=True)
class Recall:
    """How a memory is asked.

    Attributes:
        nearest: captions that come to mind at a time.
        sharpness: how much more the nearer ones count; 0 counts all alike.
        same_book: what being of the same book adds to the cosine of two pictures.
    """

    nearest: int
    sharpness: float
    same_book: float


FOR_WORDS = Recall(nearest=8, sharpness=20.0, same_book=0.15)
"""For `favoured`: which words come next is best told by the pictures that look most alike (nats a token of true
captions, one half of the dev books)."""

FOR_CHOICE = Recall(nearest=16, sharpness=5.0, same_book=0.5)
"""For `suitability`: how a person writes in this book is told by many of its captions (letters changed, same half)."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A caption that came to mind.

    Attributes:
        caption: what was remembered.
        weight: above 0; all of one recall together have 1.
    """

    caption: Remembered
    weight: float


class CaptionMemory:
    """The person's own captions, by panel."""

    def __init__(self) -> None:
        self._captions: dict[str, Remembered] = {}

    def __len__(self) -> int:
        return len(self._captions)

    def copy(self) -> CaptionMemory:
        """A memory of the same captions that goes its own way."""
        other = CaptionMemory()
        for panel_id, caption in self._captions.items():
            other.remember(panel_id, caption)
        return other

    def remember(self, panel_id: str, caption: Remembered) -> None:
        """Keep a caption in place of what was kept for the panel."""
        self._captions[panel_id] = caption

    def forget(self, panel_id: str) -> None:
        """Keep nothing for the panel any more."""
        self._captions.pop(panel_id, None)

    def recall(self, panel_id: str, book: str, picture: Tensor, how: Recall) -> tuple[Recalled, ...]:
        """The captions of the pictures most like a new one.

        Args:
            panel_id: the new panel; its own caption does not come to mind.
            book: the new panel's book.
            picture: (E,) unit vector of its picture.
            how: how many, and what they count.

        Returns:
            At most `how.nearest` captions, the nearest first; none where nothing is remembered.
        """
        others = [caption for key, caption in self._captions.items() if key != panel_id]
        if not others:
            return ()
        likeness = torch.stack([caption.picture for caption in others]) @ picture  # (M,)
        likeness = likeness + how.same_book * torch.tensor([float(caption.book == book) for caption in others])
        found = likeness.topk(min(how.nearest, len(others)))
        weights = (how.sharpness * found.values).softmax(0)
        pairs = zip(found.indices.tolist(), weights.tolist(), strict=True)
        return tuple(Recalled(others[place], weight) for place, weight in pairs)


def favoured(recalled: Sequence[Recalled], strength: float) -> dict[str, float]:
    """Which words come more readily, and by how much (`Decoding.favours`).

    Args:
        recalled: what came to mind.
        strength: what a word gets that stands in all of it, STRENGTH as measured.

    Returns:
        Words as they were written, without those of the closed classes, each with strength times the weight of the
        captions it stands in.
    """
    shares: dict[str, float] = {}
    spellings: dict[str, str] = {}
    for one in recalled:
        for word in content_words(one.caption.text):
            shares[word.lower()] = shares.get(word.lower(), 0.0) + one.weight
            # Lower-case anywhere says that a capital was only a sentence's beginning.
            spellings[word.lower()] = max(word, spellings.get(word.lower(), word))
    return {spellings[word]: strength * share for word, share in shares.items() if share >= _SMALLEST_SHARE}


def favoured_words(favours: Mapping[str, float]) -> str:
    """The words as `Decoding.favoured_words` writes them."""
    return "; ".join(f"{word}={weight:.3f}" for word, weight in favours.items())


def content_words(text: str) -> list[str]:
    """The different words of a text that say what it is about, in the spelling they first have."""
    found: dict[str, str] = {}
    for word in _WORD.findall(text.replace("’", "'")):
        if word.lower() not in _CLOSED_CLASSES:
            found.setdefault(word.lower(), word)
    return list(found.values())


def expected_effort(texts: Sequence[str], recalled: Sequence[Recalled]) -> Tensor:
    """How many letters would have to be changed if a text stood where the captions stand that came to mind.

    Args:
        texts: N texts.
        recalled: what came to mind.

    Returns:
        (N,) mean edit distance, each recalled caption counted by its weight; zeros where nothing came to mind.
    """
    return torch.tensor(
        [sum(one.weight * _letters_changed(text, one.caption.text) for one in recalled) for text in texts],
        dtype=torch.float32,
    )


def likeness(meanings: Tensor, recalled: Sequence[Recalled]) -> Tensor:
    """How like texts are in meaning to what came to mind.

    Args:
        meanings: (N, D) unit vectors of the texts.
        recalled: what came to mind.

    Returns:
        (N,) mean cosine, each recalled caption counted by its weight; zeros where nothing came to mind.
    """
    if not recalled:
        return torch.zeros(len(meanings))
    weights = torch.tensor([one.weight for one in recalled])
    return meanings.float() @ torch.stack([one.caption.meaning for one in recalled]).float().T @ weights


def suitability(texts: Sequence[str], meanings: Tensor, recalled: Sequence[Recalled]) -> Tensor:
    """What samples are chosen by: near in meaning to what came to mind, and little work for who writes like that.

    Args:
        texts: N samples.
        meanings: (N, D) unit vectors of them.
        recalled: what came to mind.

    Returns:
        (N,), the higher the better.
    """
    return likeness(meanings, recalled) - expected_effort(texts, recalled) / LETTERS_A_COSINE


def _letters_changed(text: str, wanted: str) -> float:
    return edit_distance(text, wanted) * max(len(text), len(wanted))

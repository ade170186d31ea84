"""How well pictures and texts find each other, and whether a right text outscores a spoilt one.

Letters: N pairs of picture and text, E width of the shared space.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from torch import Tensor


def text_ranks(pictures: Tensor, texts: Tensor) -> Tensor:
    """Each picture looks for its text: the right one's place in its list, from 1, (N,).

    What is as like as the right one counts as before it, so equal vectors earn nothing.

    Args:
        pictures: (N, E) unit vectors.
        texts: (N, E) unit vectors, row i of picture i.
    """
    return _ranks(pictures @ texts.T)


def picture_ranks(pictures: Tensor, texts: Tensor) -> Tensor:
    """Each text looks for its picture; else as `text_ranks`."""
    return _ranks(texts @ pictures.T)


def recall(ranks: Tensor, within: int) -> float:
    """Share of the right ones among the first `within` (R@k); chance is within / N."""
    return float((ranks <= within).float().mean())


def _ranks(likeness: Tensor) -> Tensor:
    """Likeness (N, N), queries in rows, right answers on the diagonal."""
    return (likeness >= likeness.diagonal()[:, None]).sum(dim=1)


def spoilt_texts(texts: Sequence[str], books: Sequence[str], names: Sequence[str], seed: int) -> dict[str, list[str]]:
    """The texts, spoilt in ways that a reward should see.

    Args:
        texts: N texts.
        books: each text's book.
        names: words that name who or what is there; `name_swapped` puts another of them in the place of one.
        seed: of all draws.

    Returns:
        For "other_text" (of another book), "repeated" (its second half said twice more), "shuffled" words,
        "name_swapped" and "truncated" (after half the words): N texts each. A text that cannot be spoilt in a way
        stays as it is there; leave those out with `text != spoilt`.
    """
    draw = random.Random(seed)
    known = {name.lower() for name in names}
    ways: dict[str, Callable[[str], str]] = {
        "repeated": _repeated,
        "shuffled": lambda text: _shuffled(text, draw),
        "name_swapped": lambda text: _name_swapped(text, names, known, draw),
        "truncated": lambda text: " ".join(text.split()[: (len(text.split()) + 1) // 2]),
    }
    spoilt = {name: [way(text) for text in texts] for name, way in ways.items()}
    spoilt["other_text"] = [_of_another_book(index, texts, books, draw) for index in range(len(texts))]
    return spoilt


def _repeated(text: str) -> str:
    words = text.split()
    half = words[len(words) // 2 :]
    return " ".join([*words, *half, *half])


def _shuffled(text: str, draw: random.Random) -> str:
    words = text.split()
    draw.shuffle(words)
    return " ".join(words)


def _name_swapped(text: str, names: Sequence[str], known: set[str], draw: random.Random) -> str:
    words = text.split()
    places = [place for place, word in enumerate(words) if word.strip(".,!?;:").lower() in known]
    if not places:
        return text
    place = draw.choice(places)
    old = words[place].strip(".,!?;:")
    others = [name for name in names if name.lower() != old.lower()]
    if others:
        words[place] = words[place].replace(old, draw.choice(others))
    return " ".join(words)


def _of_another_book(index: int, texts: Sequence[str], books: Sequence[str], draw: random.Random) -> str:
    others = [text for text, book in zip(texts, books, strict=True) if book != books[index]]
    return draw.choice(others) if others else texts[index]

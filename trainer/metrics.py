"""What is measured of captions against one reference text each, or of captions alone.

Every function takes N captions (and N references) and returns `Measured`: statistics a record, which
`trainer.significance` sums, scores and resamples. BLEU and chrF++ are sacreBLEU's; the rest is short enough to be
read here. Words are lower-case runs of letters and digits, apostrophes inside them included.

Letters: N records, S statistics a record, R sums to score.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from sacrebleu.metrics import BLEU, CHRF

from trainer.significance import Floats, Measured, mean, ratio
from trainer.word_forms import Lexicon

NGRAMS = 4
"""Longest word sequences CIDEr-D looks at."""

CIDER_SIGMA = 6.0
"""Words of difference in length that CIDEr-D forgives (Vedantam et al. 2015)."""

POOL = 20
"""Pictures that the right one is picked from."""

_Vector: TypeAlias = Mapping[tuple[str, ...], float]

_WORD = re.compile(r"\w+(?:'\w+)*")
_PICTURE = r"(?:image|picture|photo|photograph|illustration|drawing|scene|panel|frame)"
_PICTURE_TALK = re.compile(
    rf"\b(?:in|on) (?:this|the)(?: \w+)? {_PICTURE}\b"
    rf"|\b(?:this|the)(?: \w+)? {_PICTURE} (?:is|shows?|depicts?|features?|contains?)\b"
    rf"|\b(?:an?|the) {_PICTURE} of\b|\bwe (?:can )?see\b|\bcan be seen\b"
)


def words(text: str) -> list[str]:
    """The words of a text."""
    return _WORD.findall(text.lower().replace("’", "'"))


def text_measures(captions: Sequence[str]) -> dict[str, Measured]:
    """What captions are like by themselves, whatever they should have said.

    "distinct_1" and "distinct_2" are different words and word pairs over all of them (Li et al. 2016), "unique_share"
    different captions over all captions. An occurrence counts as 1 / (occurrences in all the captions), which sums to
    the number of different ones; samples of books keep these counts, or doubled books would look like repetition.
    Longer captions repeat more words: read "distinct_1" and "distinct_2" beside "mean_words".
    "repeated_share" is captions in which a word pair stands twice, "picture_talk" captions that speak of "the
    picture" or of what "we see" instead of telling, "mean_words" words a caption.
    """
    rows = [words(caption) for caption in captions]
    pairs = [list(itertools.pairwise(row)) for row in rows]
    return {
        "distinct_1": _distinct(rows),
        "distinct_2": _distinct(pairs),
        "unique_share": _distinct([[caption] for caption in captions]),
        "repeated_share": mean([float(len(set(row)) < len(row)) for row in pairs]),
        "mean_words": mean([float(len(row)) for row in rows]),
        "picture_talk": mean([float(talks_of_picture(caption)) for caption in captions]),
    }


def reference_measures(captions: Sequence[str], references: Sequence[str]) -> dict[str, Measured]:
    """How near captions come to their references in their words and letters."""
    both = list(zip(captions, references, strict=True))
    return {
        "bleu": _sacrebleu(BLEU(), captions, references),
        "chrf": _sacrebleu(CHRF(word_order=2), captions, references),
        "rouge_l": mean([rouge_l(caption, reference) for caption, reference in both]),
        "cider_d": mean(cider_d(captions, references)),
        "edit_distance": mean([edit_distance(caption, reference) for caption, reference in both]),
    }


def meaning_measures(captions: Floats, references: Floats) -> dict[str, Measured]:
    """How near captions come to their references in meaning.

    Args:
        captions: (N, D) unit vectors of the captions (`trainer.sentence_encoder`).
        references: (N, D) unit vectors of the references.

    Returns:
        "similarity", the mean cosine of caption and reference, and "right_picture" (`right_picture`).
    """
    similarity = captions @ references.T  # (N, N)
    return {"similarity": mean(np.diagonal(similarity)), "right_picture": mean(right_picture(similarity))}


def tag_measures(captions: Sequence[str], tags: Sequence[Sequence[str]]) -> dict[str, Measured]:
    """Whether captions name what is there, where the pictures have tags.

    "tags_right" is, of the words with which captions name something that is a tag of any of the pictures, the share
    that are tags of their own picture (1 minus CHAIR_i of Rohrbach et al. 2018, for all kinds of words), and
    "tags_told" the share of a picture's tags that its caption names, both over all records with tags. Words count
    whatever their form (`word_forms`).

    Args:
        captions: N captions.
        tags: N lists of words; an empty one says nothing of its picture.
    """
    lexicon = Lexicon(sorted(set(itertools.chain.from_iterable(tags))))
    own = [set(lexicon.named(row)) for row in tags]
    named = [
        set(lexicon.named(words(caption))) if there else set() for caption, there in zip(captions, own, strict=True)
    ]
    right = [float(len(told & there)) for told, there in zip(named, own, strict=True)]
    return {
        "tags_right": ratio(right, [float(len(told)) for told in named]),
        "tags_told": ratio(right, [float(len(there)) for there in own]),
    }


def signatures() -> dict[str, str]:
    """How sacreBLEU counted, in its own words."""
    found = {}
    for name, metric in (("bleu", BLEU()), ("chrf", CHRF(word_order=2))):
        metric.corpus_score(["a"], [["a"]])  # a signature exists only after the first use
        found[name] = str(metric.get_signature())
    return found


def rouge_l(caption: str, reference: str) -> float:
    """ROUGE-L (Lin 2004): F1 of the longest common subsequence of words, 0 to 1."""
    written, wanted = words(caption), words(reference)
    common = _common_subsequence(written, wanted)
    return 2 * common / (len(written) + len(wanted)) if common else 0.0


def cider_d(captions: Sequence[str], references: Sequence[str]) -> list[float]:
    """CIDEr-D of each caption (Vedantam, Zitnick & Parikh 2015, section 4), about 0 to 10.

    The mean over n = 1 to 4 of the cosine of tf-idf vectors of n-grams, the caption's weights clipped at the
    reference's, times exp(-(difference in words)^2 / (2 CIDER_SIGMA^2)), times 10. A document is a reference of the
    split: words that stand in every one weigh nothing. Words are not stemmed, as in the authors' published code.
    """
    documents = [[_ngrams(words(text), n) for n in range(1, NGRAMS + 1)] for text in references]
    frequency = Counter(ngram for document in documents for counts in document for ngram in counts)
    scores = []
    for caption, document in zip(captions, documents, strict=True):
        written = words(caption)
        length = sum(document[0].values())
        closeness = math.exp(-((len(written) - length) ** 2) / (2 * CIDER_SIGMA**2))
        cosines = [
            _clipped_cosine(
                _weighted(_ngrams(written, n), frequency, len(references)),
                _weighted(document[n - 1], frequency, len(references)),
            )
            for n in range(1, NGRAMS + 1)
        ]
        scores.append(10 * closeness * sum(cosines) / NGRAMS)
    return scores


def edit_distance(caption: str, reference: str) -> float:
    """Letters to change, insert or delete over the longer text's letters, 0 to 1: what a person would have to type.

    Levenshtein distance in bit vectors, a column of the table in one integer (Myers 1999 as simplified by
    Hyyrö 2003): `rises` and `falls` are the rows at which the column goes up or down by one.
    """
    if not caption or not reference:
        return float(caption != reference)
    last, full = 1 << (len(caption) - 1), (1 << len(caption)) - 1
    positions = _positions(caption)
    rises, falls, distance = full, 0, len(caption)
    for letter in reference:
        equal = positions.get(letter, 0)
        zero = (((equal & rises) + rises) ^ rises) | equal | falls
        across_up, across_down = falls | (full & ~(zero | rises)), rises & zero
        distance += bool(across_up & last) - bool(across_down & last)
        across_up, across_down = (across_up << 1 | 1) & full, (across_down << 1) & full
        rises, falls = across_down | (full & ~(zero | across_up)), across_up & zero
    return distance / max(len(caption), len(reference))


def talks_of_picture(text: str) -> bool:
    """Whether a caption describes a picture as a picture: "In this image …", "We see …"."""
    return bool(_PICTURE_TALK.search(" ".join(words(text))))


def right_picture(similarity: Floats, pool: int = POOL) -> list[float]:
    """Picture to text and back: how surely each caption points out its own picture among `pool` of the split.

    A picture stands for itself by its reference text. A caption picks, of its own picture and pool - 1 others, the
    one whose reference is nearest to it. The value is the probability that it picks its own, over all choices of the
    others, drawn without replacement from the whole split; references equally near are picked by chance. Guessing
    gives 1 / pool. The captions before a panel name its characters, so words alone lift this above chance: compare
    it with the same narrator's on the wrong pictures.

    Args:
        similarity: (N, N), caption i to reference j.
        pool: pictures to pick from; all of the split where it has fewer.

    Returns:
        N probabilities.
    """
    others = len(similarity) - 1
    drawn = min(pool - 1, others)
    own = np.diagonal(similarity)[:, None]
    equal = np.isclose(similarity, own, rtol=0, atol=1e-9)
    nearer = ((similarity > own) & ~equal).sum(axis=1)
    ties = equal.sum(axis=1) - 1
    # With k others ahead of it, a caption's own picture comes first if none of them is among those drawn.
    first = [math.comb(others - ahead, drawn) / math.comb(others, drawn) for ahead in range(others + 1)]
    return [float(np.mean(first[k : k + tied + 1])) for k, tied in zip(nearer, ties, strict=True)]


def chance_of_right_picture(records: int) -> float:
    """What guessing gives in `right_picture`."""
    return 1 / min(POOL, records)


def _sacrebleu(metric: Any, captions: Sequence[str], references: Sequence[str]) -> Measured:
    """A sacreBLEU corpus measure from its statistics a segment, through the same two steps its own bootstrap takes."""
    rows = np.array(metric._extract_corpus_statistics(list(captions), [list(references)]), dtype=np.float64)
    return Measured(rows, lambda sums: np.array([metric._compute_score_from_stats(row.tolist()).score for row in sums]))


def _distinct(rows: Sequence[Sequence[Hashable]]) -> Measured:
    """Different items over all items, of N rows of items; see `text_measures`."""
    counts = Counter(itertools.chain.from_iterable(rows))
    return ratio([math.fsum(1 / counts[item] for item in row) for row in rows], [float(len(row)) for row in rows])


def _ngrams(row: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(row[start:] for start in range(n)), strict=False))


def _weighted(counts: Counter[tuple[str, ...]], frequency: Counter[tuple[str, ...]], documents: int) -> _Vector:
    """Counts times the logarithm of how rare each n-gram is."""
    return {ngram: count * math.log(documents / max(1, frequency[ngram])) for ngram, count in counts.items()}


def _clipped_cosine(written: _Vector, wanted: _Vector) -> float:
    product = sum(min(weight, wanted.get(ngram, 0.0)) * wanted.get(ngram, 0.0) for ngram, weight in written.items())
    lengths = math.hypot(*written.values()) * math.hypot(*wanted.values())
    return product / lengths if lengths else 0.0


def _positions(sequence: Sequence[str]) -> dict[str, int]:
    """For each item the set of its places, as bits."""
    found: dict[str, int] = {}
    for place, item in enumerate(sequence):
        found[item] = found.get(item, 0) | 1 << place
    return found


def _common_subsequence(written: Sequence[str], wanted: Sequence[str]) -> int:
    """Length of the longest common subsequence, in bit vectors (Hyyrö 2004): the cleared bits count it."""
    full = (1 << len(written)) - 1
    positions, open_places = _positions(written), full
    for item in wanted:
        matches = open_places & positions.get(item, 0)
        open_places = ((open_places + matches) | (open_places - matches)) & full
    return len(written) - open_places.bit_count()

"""Words a picture suggests: a small classifier on the encoder's features, whose best guesses enter the prompt as text.

A language model of this size takes up a word it can read far sooner than the same thing said by picture tokens it must
first learn to understand. The guesses are often wrong; the model learns how far to trust them, because the words it
is trained with come from classifiers that never saw the picture (`cross_fitted_words`).

Letters: B pictures, V feature vectors, D features, W words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from trainer.dataset import Record
from trainer.folds import picture_folds
from trainer.picture_encoder import summarise

SHOWN_WORDS = 8
"""Words in a prompt that does not say how sure they are."""

TIERED_WORDS = 10
"""Words in a prompt that does, at most."""

UNSURE = "?"
"""Ends a suggested word that is less likely than not to be right."""

_SURE, _WORTH_SAYING = 0.5, 0.15  # probabilities
_LARGEST_LIFT = 4.0  # nats

_FEWEST_USES = 5  # a rarer word teaches a picture's accidents
_FOLDS = 5
_STEPS, _BATCH = 600, 64
_LEARNING_RATE, _WEIGHT_DECAY, _WARMUP_STEPS = 1e-3, 0.3, 50
_DROPOUT = 0.5  # a few thousand pictures are soon known by heart
_ENDINGS = ("ing", "ed", "es", "s")

FUNCTION_WORDS = frozenset(
    re.findall(
        r"[a-z]+",
        """a about after again all also am an and any are as asked at away back be because been before began
        but by came can could day did do does down each even every few first for from gave get go
        goes going got had has have he her here him himself his how i if in into is it its just know
        last let like little long made make many me more most much must my never new next no not now
        of off oh on once one only or other our out over own people put ran said saw say see she so
        some something soon started still such take tell than that the their them then there these
        they thing things this time to told too took two up us use used very want wanted was way we
        well went were what when where which while who why will with without would yes you your
        three four five another both while""",
    )
)
"""Words that name nothing to be seen."""


class PictureWords(nn.Module):
    """Guesses which words a person would use for a picture.

    Attributes:
        words: the W words it knows, each in its commonest form.
        tells_how_sure: whether suggestions are marked with UNSURE. Trained on tags its probabilities are as high as its
            words are often right, which the language model cannot know of words in a row.
    """

    def __init__(self, feature_size: int, words: Sequence[str], *, tells_how_sure: bool = False) -> None:
        super().__init__()
        self.tells_how_sure = tells_how_sure
        self.words = tuple(words)
        pooled = 3 * feature_size
        self.weight = nn.Parameter(torch.randn(len(self.words), pooled) / (10 * pooled**0.5))
        self.bias = nn.Parameter(torch.zeros(len(self.words)))
        self.usual = nn.Parameter(torch.zeros(len(self.words)), requires_grad=False)  # log odds among all pictures

    def forward(self, features: Tensor) -> Tensor:
        """Log odds of the words: (B, V, D) -> (B, W)."""
        return nn.functional.linear(summarise(features), self.weight, self.bias)

    @torch.no_grad()
    def lifts(self, features: Tensor) -> Tensor:
        """How much likelier than usual each word is, log(p / q) in nats, within limits: (B, V, D) -> (B, W)."""
        usual = nn.functional.logsigmoid(self.usual.float())
        return (self.chances(features).log() - usual).clamp(-_LARGEST_LIFT, _LARGEST_LIFT)

    @torch.no_grad()
    def chances(self, features: Tensor) -> Tensor:
        """The probability of each word: (B, V, D) -> (B, W)."""
        odds: Tensor = self(features.to(self.weight.device, self.weight.dtype)).float()
        return odds.sigmoid()

    @torch.no_grad()
    def best(self, features: Tensor) -> list[tuple[str, ...]]:
        """The words that say most about each picture, the most telling first.

        A word tells p log(p / q), p its probability here and q among all pictures: what it adds to the relative
        entropy between the two. SHOWN_WORDS of them; where it `tells_how_sure`, TIERED_WORDS less the unlikely ones.
        """
        if not self.words:
            return [()] * len(features)
        odds = self(features.to(self.weight.device, self.weight.dtype)).float()
        telling = odds.sigmoid() * (nn.functional.logsigmoid(odds) - nn.functional.logsigmoid(self.usual.float()))
        count = TIERED_WORDS if self.tells_how_sure else SHOWN_WORDS
        chosen = telling.topk(min(count, len(self.words)), dim=-1).indices
        if not self.tells_how_sure:
            return [tuple(self.words[index] for index in row) for row in chosen.tolist()]
        chances = odds.sigmoid().gather(1, chosen)
        return [
            tuple(
                self.words[index] + UNSURE * (chance < _SURE)
                for index, chance in zip(*row, strict=True)
                if chance >= _WORTH_SAYING
            )
            for row in zip(chosen.tolist(), chances.tolist(), strict=True)
        ]


def stem(word: str) -> str:
    """A word without the ending of number or tense: enough to count "stands" and "standing" as one."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def content_words(record: Record) -> list[str]:
    """The words that may name what is seen: its tags, else a description's, else the narration's, which says more."""
    if record.tags:
        return list(record.tags)
    found = re.findall(r"[a-z]{2,}", (record.description or record.narration).lower())
    return [word for word in found if word not in FUNCTION_WORDS]


def known_words(records: Sequence[Record]) -> list[str]:
    """The words that enough of the records use, each in its commonest form."""
    uses, forms = Counter[str](), dict[str, Counter[str]]()
    for record in records:
        words = content_words(record)
        uses.update({stem(word) for word in words})
        for word in words:
            forms.setdefault(stem(word), Counter())[word] += 1
    return sorted(forms[root].most_common(1)[0][0] for root, count in uses.items() if count >= _FEWEST_USES)


def telling(records: Sequence[Record]) -> Sequence[Record]:
    """The records that words are learned from: those with tags, which name all that is there; else all of them."""
    return [record for record in records if record.tags] or records


def uses_of(records: Sequence[Record], words: Sequence[str]) -> Tensor:
    """Which of W words each of N records uses, in whatever form: (N, W), 1 or 0."""
    index = {stem(word): number for number, word in enumerate(words)}
    used = torch.zeros(len(records), len(words))
    for row, record in enumerate(records):
        used[row, [index[root] for root in {stem(word) for word in content_words(record)} if root in index]] = 1
    return used


def learn_words(
    records: Sequence[Record], features: dict[Path, Tensor], words: Sequence[str], feature_size: int, seed: int
) -> PictureWords:
    """Train a classifier.

    Args:
        records: pictures with texts.
        features: (V, D) for each picture.
        words: the words to know.
        feature_size: D.
        seed: of initial weights, batches and noise.
    """
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    classifier = PictureWords(feature_size, words, tells_how_sure=any(record.tags for record in records))
    if not words:
        return classifier.eval()
    used = uses_of(records, words)
    pooled = torch.cat([summarise(features[record.image][None].float()) for record in records])  # (N, 3 D)
    share = used.mean(0).clamp(1 / (2 * len(records)), 1 - 1 / (2 * len(records)))
    with torch.no_grad():
        classifier.usual.copy_(share.logit())
        classifier.bias.copy_(share.logit())
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    for step in range(_STEPS):
        for group in optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * min(1.0, step / _WARMUP_STEPS) * (1 - step / _STEPS)
        rows = torch.randint(0, len(records), (_BATCH,), generator=generator)
        kept = torch.rand(_BATCH, pooled.shape[1], generator=generator) >= _DROPOUT
        odds = nn.functional.linear(pooled[rows] * kept / (1 - _DROPOUT), classifier.weight, classifier.bias)
        losses = nn.functional.binary_cross_entropy_with_logits(odds, used[rows], reduction="none")
        optimizer.zero_grad()
        losses.sum(1).mean().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return classifier.eval()


def cross_fitted_words(
    records: Sequence[Record],
    features: dict[Path, Tensor],
    words: Sequence[str],
    feature_size: int,
    seed: int,
    report: Callable[[int, int], None],
) -> dict[Path, tuple[str, ...]]:
    """Each training picture's words, guessed by a classifier trained on others: as good as on a new book.

    Args:
        records: pictures with texts.
        features: (V, D) for each picture.
        words: the words to know.
        feature_size: D.
        seed: as in `learn_words`.
        report: is told how many of how many classifiers are trained.
    """
    folds = picture_folds(records, _FOLDS)
    guessed: dict[Path, tuple[str, ...]] = {}
    for fold in range(_FOLDS):
        seen = telling([record for record in records if folds[record.image] != fold])
        unseen = [image for image, number in folds.items() if number == fold]
        if seen and unseen:
            classifier = learn_words(seen, features, words, feature_size, seed)
            best = classifier.best(torch.stack([features[image] for image in unseen]))
            guessed |= dict(zip(unseen, best, strict=True))
        report(fold + 1, _FOLDS)
    return guessed

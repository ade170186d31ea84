"""The first lesson of a new narrator: each picture token points at words of its caption.

Trained only through the language model, a projector spends a thousand steps learning that pictures matter at all:
the model can lower its loss faster with the habits of the language. So the projector first learns, alone, to place
its tokens near the embeddings of the content words that a person used for the picture. The score of a word is the
soft maximum over the tokens, so that each token may speak for its own part of the picture; the loss is the
cross-entropy between the words' scores and the caption's words. The language model is not run, so a step costs a
hundredth of a training step.

Letters: B pictures, P picture tokens, E embedding width, W words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from trainer.dataset import Record
from trainer.events import Event, Loading, Metrics
from trainer.prefix_captioner import PrefixCaptioner

_BATCH = 64
_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 0.05
_WARMUP_STEPS = 50
_FEATURE_NOISE = 0.1  # in standard deviations: a few thousand pictures are soon known by heart
_FEWEST_USES = 5  # a rarer word teaches a picture's accidents
_START_LOG_SHARPNESS = 3.0
_REPORT_EVERY = 50

_FUNCTION_WORDS = frozenset(
    re.findall(
        r"[a-z]+",
        """a about after again all also am an and any are as asked at away back be because been before began
        but by came can could day did do does down each even every few first for from gave get go
        goes going got had has have he her here him himself his how i if in into is it its just know
        last let like little long made make many me more most much must my never new next no not now
        of off oh on once one only or other our out over own people put ran said saw say see she so
        some something soon started still such take tell than that the their them then there these
        they thing things this time to told too took two up us use used very want wanted was way we
        well went were what when where which while who why will with without would yes you your""",
    )
)


def content_words(record: Record) -> set[str]:
    """The words of a record's texts that may name what is seen."""
    return set(re.findall(r"[a-z]{2,}", f"{record.description} {record.narration}".lower())) - _FUNCTION_WORDS


def align_projector(
    captioner: PrefixCaptioner,
    records: Sequence[Record],
    features: dict[Path, Tensor],
    steps: int,
    emit: Callable[[Event], None],
) -> None:
    """Train the projector alone; the captioner's other parts stay as they are.

    Args:
        captioner: its projector is changed in place.
        records: pictures with texts.
        features: (V, D) for each picture.
        steps: optimiser steps.
        emit: is told the loss.
    """
    uses = Counter(word for record in records for word in content_words(record))
    words = sorted(word for word, count in uses.items() if count >= _FEWEST_USES)
    if not words or not steps:
        return
    index = {word: number for number, word in enumerate(words)}
    directions = _word_directions(captioner, words)  # (W, E)
    pictures = torch.stack([features[record.image] for record in records])
    named = torch.zeros(len(records), len(words), dtype=torch.bool)
    for row, record in enumerate(records):
        named[row, [index[word] for word in content_words(record) if word in index]] = True

    projector = captioner.projector.train()
    sharpness = nn.Parameter(torch.tensor(_START_LOG_SHARPNESS))
    optimizer = torch.optim.AdamW([*projector.parameters(), sharpness], lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * min(1.0, step / _WARMUP_STEPS) * (1 - step / steps)
        rows = torch.randint(0, len(records), (_BATCH,))
        batch = pictures[rows].float()
        batch += _FEATURE_NOISE * batch.std() * torch.randn_like(batch)
        tokens = nn.functional.normalize(projector(batch), dim=-1)  # (B, P, E)
        scores = torch.logsumexp(tokens @ directions.T * sharpness.exp(), dim=1)  # (B, W)
        target = named[rows].float()
        loss = -(scores.log_softmax(-1) * target).sum() / target.sum().clamp(min=1)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if (step + 1) % _REPORT_EVERY == 0:
            emit(Loading("Learning words for pictures", (step + 1) / steps))
            emit(Metrics(0, {"train/alignment_loss": loss.item()}))


@torch.no_grad()
def _word_directions(captioner: PrefixCaptioner, words: Sequence[str]) -> Tensor:
    """Unit vectors (W, E): each word's mean token embedding, less what all words have in common."""
    table = captioner.language.get_input_embeddings().weight.float()  # type: ignore[operator]
    rows = [captioner.tokenizer(f" {word}", add_special_tokens=False).input_ids for word in words]
    means = torch.stack([table[tokens].mean(0) for tokens in rows])
    return nn.functional.normalize(means - means.mean(0), dim=-1)

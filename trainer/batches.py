"""From records to batches: which text and context a record shows, and which records go together."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from trainer.captioner import Prompt
from trainer.config import SftConfig
from trainer.dataset import DESCRIPTION, NARRATION, Record
from trainer.prefix_captioner import PrefixCaptioner

_POOL_BATCHES = 16
"""Batches drawn together and sorted by length: little padding, yet the order stays random."""

_SENTENCE = re.compile(r"[^.!?…]+[.!?…]+[\"”’')\]]*\s*")


@dataclass(frozen=True, slots=True)
class Example:
    """One record as the model is shown it.

    Attributes:
        record: where it comes from.
        prompt_tokens: context and style.
        caption_tokens: the text to learn, end token last.
        show_picture: False where the picture is dropped.
    """

    record: Record
    prompt_tokens: tuple[int, ...]
    caption_tokens: tuple[int, ...]
    show_picture: bool


def example(
    captioner: PrefixCaptioner,
    record: Record,
    style: str,
    words: Sequence[str],
    config: SftConfig,
    generator: random.Random | None,
) -> Example:
    """Choose what of a record is shown.

    Args:
        captioner: gives the tokens.
        record: the record.
        style: which of its texts is to be told, NARRATION or DESCRIPTION; it has that text.
        words: what its picture suggests; dropped with the picture.
        config: dropout shares and caption length.
        generator: draws; None shows everything (to evaluate).
    """
    text, previous = record.told_as(style)
    keep_context = generator is None or generator.random() >= config.context_dropout
    show_picture = generator is None or generator.random() >= config.picture_dropout
    return Example(
        record,
        tuple(captioner.prompt_tokens(Prompt(previous if keep_context else (), style), words if show_picture else ())),
        tuple(captioner.caption_tokens(shorten(captioner, text, config.caption_tokens), config.caption_tokens)),
        show_picture,
    )


def _drawn_style(record: Record, config: SftConfig, generator: random.Random) -> str:
    if record.narration and record.description:
        return DESCRIPTION if generator.random() < config.description_share else NARRATION
    return NARRATION if record.narration else DESCRIPTION


def shorten(captioner: PrefixCaptioner, text: str, limit: int) -> str:
    """The whole sentences of a text that fit in `limit` tokens; the text itself where not even one fits."""
    kept = ""
    for match in _SENTENCE.finditer(text):
        longer = kept + match.group()
        if len(captioner.caption_tokens(longer, limit + 2)) > limit:
            break
        kept = longer
    return kept.strip() or text


def epoch(
    captioner: PrefixCaptioner,
    records: Sequence[Record],
    words: Mapping[Path, Sequence[str]],
    config: SftConfig,
    generator: random.Random,
) -> Iterator[list[Example]]:
    """One pass over the records in random batches of similar length; the last incomplete batch is kept.

    Args:
        captioner: gives the tokens.
        records: what is passed over.
        words: what each picture suggests.
        config: batch size, dropout shares, lengths.
        generator: draws.
    """
    order = list(records)
    generator.shuffle(order)
    pool_size = config.batch_size * _POOL_BATCHES
    for start in range(0, len(order), pool_size):
        pool = [
            example(captioner, record, _drawn_style(record, config, generator), words[record.image], config, generator)
            for record in order[start : start + pool_size]
        ]
        pool.sort(key=lambda item: len(item.prompt_tokens) + len(item.caption_tokens))
        batches = [pool[i : i + config.batch_size] for i in range(0, len(pool), config.batch_size)]
        generator.shuffle(batches)
        yield from batches


def caption_loss(
    captioner: PrefixCaptioner, features: Tensor, examples: Sequence[Example], reduction: str = "mean"
) -> Tensor:
    """Negative log-likelihood of the caption tokens, nats.

    Only the positions that predict a caption token go through the vocabulary: with 49,152 words that is a
    fifth of the work saved.

    Args:
        captioner: the model.
        features: (B, V, D).
        examples: B examples.
        reduction: "mean" over tokens, or "none" for one value a token.
    """
    rows = [[*item.prompt_tokens, *item.caption_tokens] for item in examples]
    present = torch.tensor([item.show_picture for item in examples], device=features.device)
    embedded, valid_mask = captioner.embed(features, rows, present, pad_left=False)
    picture_tokens = embedded.shape[1] - max(map(len, rows))
    backbone = captioner.language.get_decoder()  # type: ignore[operator]
    hidden = backbone(inputs_embeds=embedded, attention_mask=valid_mask.long(), use_cache=False).last_hidden_state
    predicting: list[Tensor] = []
    targets: list[int] = []
    for row, item in enumerate(examples):
        start = picture_tokens + len(item.prompt_tokens) - 1
        predicting.append(hidden[row, start : start + len(item.caption_tokens)])
        targets += item.caption_tokens
    logits = captioner.language.get_output_embeddings()(torch.cat(predicting)).float()  # type: ignore[operator]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(targets, device=logits.device), reduction=reduction)

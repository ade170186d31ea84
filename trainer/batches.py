"""From records to batches: the order in which a run sees its records, and how each one is shown.

The order is a pure function of the seed and the position in the run. Nothing is drawn from a generator that moves on,
so a run that goes on after a crash, and one spread over several processes, see exactly what an undisturbed one sees.

Letters: B records, T tokens, V feature vectors, D features.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from trainer.captioner import Prompt
from trainer.config import SftConfig
from trainer.dataset import DESCRIPTION, NARRATION, NO_PICTURE, Record
from trainer.policy import IGNORED, Trainee

_POOL_STEPS = 16
"""Steps at most whose records are sorted by length together: little padding, yet the order stays random."""

_SENTENCE = re.compile(r"[^.!?…]+[.!?…]+[\"”’')\]]*\s*")


@dataclass(frozen=True, slots=True)
class Example:
    """One record as the model is shown it.

    Attributes:
        image: the picture whose features are shown.
        prompt_tokens: context and style.
        caption_tokens: the text to learn, end token last.
        show_picture: False where the picture is dropped.
        weight: of its tokens in the loss.
    """

    image: Path
    prompt_tokens: tuple[int, ...]
    caption_tokens: tuple[int, ...]
    show_picture: bool = True
    weight: float = 1.0

    def __len__(self) -> int:
        """Tokens in all."""
        return len(self.prompt_tokens) + len(self.caption_tokens)


class Wording:
    """Turns records into examples.

    Attributes:
        trainee: gives the tokens.
        words: what each picture suggests.
        config: dropout shares, weights and lengths.
    """

    def __init__(self, trainee: Trainee, words: Mapping[Path, Sequence[str]], config: SftConfig) -> None:
        self.trainee = trainee
        self.words = words
        self.config = config

    def whole(self, record: Record, style: str, image: Path) -> Example:
        """Everything a record has, to be evaluated with the picture `image`."""
        return self._example(record, style, image, keep_context=True, show_picture=image != NO_PICTURE)

    def drawn(self, record: Record, draw: random.Random) -> Example:
        """A record with what chance drops, to be learned."""
        style = NARRATION if record.narration else DESCRIPTION
        if record.narration and record.description and draw.random() < self.config.description_share:
            style = DESCRIPTION
        keep_context = draw.random() >= self.config.context_dropout
        show_picture = draw.random() >= self.config.picture_dropout and record.image != NO_PICTURE
        return self._example(record, style, record.image, keep_context=keep_context, show_picture=show_picture)

    def _example(self, record: Record, style: str, image: Path, *, keep_context: bool, show_picture: bool) -> Example:
        text, previous = record.told_as(style) if keep_context else record.told_alone(style)
        limit = self.config.caption_tokens
        words = self.words.get(image, ()) if show_picture else ()  # they are dropped with the picture
        return Example(
            image,
            tuple(self.trainee.prompt_tokens(Prompt(previous, style), words)),
            tuple(self.trainee.caption_tokens(shorten(self.trainee, text, limit), limit)),
            show_picture,
            self.config.description_weight if style == DESCRIPTION else 1.0,
        )


class Course:
    """What a run learns at each position, from the first record of the first step on.

    Every pass over the records has its own random order. Steps are made of records of similar length, and the steps
    that are sorted together come in random order. A share of the positions goes to records of a replay, any of them.
    """

    def __init__(self, wording: Wording, records: Sequence[Record], replay: Sequence[Record] = ()) -> None:
        self._wording = wording
        self._records = records
        self._replay = replay
        self._replay_share = wording.config.replay_share if replay else 0.0
        self._seed = wording.config.seed
        self._batch_size = wording.config.batch_size
        # Never more than a pass: sorted by length, the same record from many passes would fill a step by itself.
        self._pool_size = self._batch_size * max(1, min(_POOL_STEPS, len(records) // self._batch_size))
        self._order = lru_cache(maxsize=2)(self._draw_order)
        self._pool = lru_cache(maxsize=2)(self._draw_pool)

    def __getitem__(self, position: int) -> Example:
        """The example at a position; step s sees the positions from s * batch size on."""
        pool, place = divmod(position, self._pool_size)
        return self._pool(pool)[place]

    def _draw_order(self, epoch: int) -> list[Record]:
        order = list(self._records)
        random.Random(f"order {self._seed} {epoch}").shuffle(order)
        return order

    def _draw_pool(self, pool: int) -> list[Example]:
        examples = []
        for position in range(pool * self._pool_size, (pool + 1) * self._pool_size):
            epoch, place = divmod(position, len(self._records))
            draw = random.Random(f"example {self._seed} {position}")
            record = self._order(epoch)[place]
            if self._replay_share and draw.random() < self._replay_share:
                record = draw.choice(self._replay)
            examples.append(self._wording.drawn(record, draw))
        examples.sort(key=len)
        steps = [examples[i : i + self._batch_size] for i in range(0, len(examples), self._batch_size)]
        random.Random(f"steps {self._seed} {pool}").shuffle(steps)
        return [item for step in steps for item in step]


def shorten(trainee: Trainee, text: str, limit: int) -> str:
    """The whole sentences of a text that fit in `limit` tokens; the text itself where not even one fits."""
    kept = ""
    for match in _SENTENCE.finditer(text):
        longer = kept + match.group()
        if len(trainee.caption_tokens(longer, limit + 2)) > limit:
            break
        kept = longer
    return kept.strip() or text


def collate(examples: Sequence[Example], features: Mapping[Path, Tensor], pad_id: int) -> dict[str, Tensor]:
    """What a policy is called with; see `CaptionPolicy.forward`.

    Args:
        examples: B examples.
        features: (V, D) for each picture.
        pad_id: fills up short rows on their right.
    """
    longest = max(map(len, examples))
    tokens = torch.full((len(examples), longest), pad_id)
    labels = torch.full((len(examples), longest), IGNORED)
    valid_mask = torch.zeros(len(examples), longest, dtype=torch.long)
    for row, item in enumerate(examples):
        start, end = len(item.prompt_tokens), len(item)
        tokens[row, :end] = torch.tensor([*item.prompt_tokens, *item.caption_tokens])
        labels[row, start:end] = torch.tensor(item.caption_tokens)
        valid_mask[row, :end] = 1
    return {
        "input_ids": tokens,
        "attention_mask": valid_mask,
        "labels": labels,
        "pixel_values": torch.stack([features[item.image] for item in examples]).float(),
        "picture_mask": torch.tensor([item.show_picture for item in examples]),
        "loss_weights": torch.tensor([item.weight for item in examples]),
    }


def learned_weight(batch: Mapping[str, Tensor]) -> Tensor:
    """The sum of the weights of a batch's caption tokens; the first token of a row is never predicted."""
    counts = (batch["labels"][:, 1:] != IGNORED).sum(1)  # (B,)
    return (counts * batch["loss_weights"]).sum()

"""How records are worded for training."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models

from trainer.batches import Wording
from trainer.config import SftConfig
from trainer.dataset import Record
from trainer.policy import Trainee
from trainer.policy_prefix import new_prefix_trainee

GOAT = Record(
    "a-2", "train", "a", 2, Path("a.png"), "", "It sleeps.", previous_descriptions=("A goat eats.",),
    standalone="A goat sleeps.",
)  # fmt: skip


@pytest.fixture(scope="module")
def trainee(tmp_path_factory: pytest.TempPathFactory, base_weights: Path) -> Trainee:
    vision, language = tiny_models.tiny_bases(tmp_path_factory.mktemp("bases"))
    config = SftConfig(vision=str(vision), language=str(language), lora_rank=2, bf16=False, vision_layers="1,2")
    return new_prefix_trainee(config, "tiny", base_weights)


def told(trainee: Trainee, record: Record, context_dropout: float) -> tuple[str, str]:
    """Prompt and caption of a record in training, as text."""
    config = SftConfig(context_dropout=context_dropout, picture_dropout=0.0)
    wording = Wording(trainee, {}, config)
    example = wording.drawn(record, random.Random(0))
    tokenizer = trainee.tokenizer
    return tokenizer.decode(example.prompt_tokens), tokenizer.decode(example.caption_tokens[:-1]).strip()


def test_where_what_came_before_is_left_out_the_standalone_text_is_learned(trainee: Trainee) -> None:
    prompt, caption = told(trainee, GOAT, context_dropout=1.0)
    assert caption == "A goat sleeps."
    assert "eats" not in prompt
    prompt, caption = told(trainee, GOAT, context_dropout=0.0)
    assert caption == "It sleeps."
    assert "A goat eats." in prompt
    assert told(trainee, replace(GOAT, standalone=""), context_dropout=1.0)[1] == "It sleeps."

"""From a run's options to its rewards: scorer, pictures' vectors, bands and the judge of grammar, each made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from trainer.config import ConfigError, RlConfig
from trainer.controls import open_picture
from trainer.dataset import DatasetError, Record
from trainer.events import Event, Loading
from trainer.policy import Trainee
from trainer.policy_prefix import PrefixTrainee
from trainer.reward_terms import Episode, Grammar, TextVectors, measured_bands
from trainer.rewards import PRESETS, Rewards, build_rewards, train_grammar
from trainer.scoreboard import Embed
from trainer.scorer import DualEncoder, Scorer, load_scorer

_BAND_TEXTS = 200
"""References that tell where texts lie: their 5 and 95 % quantiles do not move by more."""

_BATCH = 16


def reward_weights(text: str) -> str | dict[str, float]:
    """A preset's name, or the weights in a list such as `picture_fit=1,grammar=0.5`.

    Raises:
        ConfigError: a weight is no number.
    """
    if "=" not in text:
        return text
    try:
        return {name.strip(): float(weight) for name, weight in (part.split("=") for part in text.split(","))}
    except ValueError:
        raise ConfigError(
            f"rewards is “{text}”; it must be {' or '.join(PRESETS)}, or weights such as picture_fit=1,grammar=0.5."
        ) from None


def rewards_of_run(
    config: RlConfig,
    records: Sequence[Record],
    trainee: Trainee,
    features: Mapping[Path, Tensor],
    sentences: Embed,
    base_weights: Path,
    emit: Callable[[Event], None],
) -> Rewards:
    """Put the rewards of a run together.

    Args:
        config: names terms and scorer.
        records: what is learned from, with texts of the run's style.
        trainee: its encoder may be the scorer's own.
        features: (V, D) for each picture, of the trainee's encoder.
        sentences: MiniLM.
        base_weights: the folder of `trainer.base_weights`.
        emit: takes every event.

    Raises:
        CaptionerError: there is no such scorer.
        ConfigError: there is no such reward.
        DatasetError: there are too few texts to learn grammar from.
    """
    wanted = reward_weights(config.rewards)
    if isinstance(wanted, str) and wanted not in PRESETS:
        raise ConfigError(f"rewards is “{wanted}”; it must be {' or '.join(PRESETS)}, or weights by term.")
    eyes = trainee.captioner.encoder if isinstance(trainee, PrefixTrainee) else None
    scorer = load_scorer(config.scorer, base_weights, lambda text, done_frac: emit(Loading(text, done_frac)), eyes)
    told = [record.told_as(config.style) for record in records]
    references = [Episode(number, previous, text, text) for number, (text, previous) in enumerate(told)]
    chosen = references[:: max(1, len(references) // _BAND_TEXTS)]
    bands = measured_bands(chosen, TextVectors(lambda texts: torch.from_numpy(sentences(texts))))
    grammar = None
    if Grammar.name in (PRESETS[wanted] if isinstance(wanted, str) else wanted):
        emit(Loading("Learning how sound sentences read"))
        try:
            grammar = train_grammar([text for text, _ in told], config.seed)
        except ValueError as error:
            raise DatasetError(f"There is too little to learn grammar from: {error}.") from error
    pictures = _picture_vectors(scorer, records, trainee, features, emit)
    return build_rewards(wanted, scorer, sentences, pictures, [record.book for record in records], grammar, bands)


def _picture_vectors(
    scorer: Scorer,
    records: Sequence[Record],
    trainee: Trainee,
    features: Mapping[Path, Tensor],
    emit: Callable[[Event], None],
) -> Tensor:
    """Each record's picture as the scorer places it, (R, E); a scorer on the narrator's ViT need not look again."""
    is_known = isinstance(scorer, DualEncoder) and scorer.encoder.cache_key == trainee.encoder.cache_key
    rows = []
    for start in range(0, len(records), _BATCH):
        images = [record.image for record in records[start : start + _BATCH]]
        if is_known and isinstance(scorer, DualEncoder):
            rows.append(scorer.encode_features(torch.stack([features[image] for image in images])).cpu())
        else:
            rows.append(scorer.encode_pictures([open_picture(image) for image in images]).cpu())
            emit(Loading("Looking at the pictures for the rewards", start / len(records)))
    return torch.cat(rows)

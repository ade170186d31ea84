"""From options to rewards, with the real sentence encoder and a scorer in miniature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import tiny_models
import torch

from trainer.captioner import CaptionerError
from trainer.config import ConfigError, RlConfig
from trainer.dataset import Record, load_records
from trainer.policy_prefix import PrefixTrainee, saved_prefix_trainee
from trainer.reward_setup import reward_weights, rewards_of_run
from trainer.reward_terms import Episode
from trainer.rewards import Rewards
from trainer.scorer import ScorerCard, new_dual_encoder, save_dual_encoder
from trainer.sentence_encoder import SentenceEncoder


@pytest.fixture
def trainee(tiny_narrator: Path, tmp_path: Path) -> PrefixTrainee:
    return saved_prefix_trainee(tiny_narrator, RlConfig().of_narrator(), "tiny", tmp_path)


@pytest.fixture
def records(stories: Path) -> Sequence[Record]:
    return load_records(stories)[0]


def scorer(trainee: PrefixTrainee, folder: Path, base_weights: Path, layers: tuple[int, ...]) -> Path:
    card = ScorerCard("tiny", "Tiny", trainee.captioner.card.vision, layers, 8)
    torch.manual_seed(5)
    made = new_dual_encoder(card, base_weights)
    folder.mkdir()
    save_dual_encoder(card, made.heads, made.backdrop, folder)
    return folder


def rewards(trainee: PrefixTrainee, records: Sequence[Record], base_weights: Path, made: Path, wanted: str) -> Rewards:
    config = RlConfig(rewards=wanted, scorer=str(made), style="narration")
    features = {r.image: trainee.encoder([tiny_models.Image.open(r.image)])[0].float().detach() for r in records}
    embed = SentenceEncoder(base_weights)
    return rewards_of_run(config, records, trainee, features, embed, base_weights, lambda _: None)


@pytest.mark.parametrize("layers", [(), (1, 2)])  # the narrator's own ViT, and one that must look again
def test_a_run_s_rewards_know_its_pictures_and_references(
    layers: tuple[int, ...], trainee: PrefixTrainee, records: Sequence[Record], base_weights: Path, tmp_path: Path
) -> None:
    made = scorer(trainee, tmp_path / "scorer", base_weights, layers)
    found = rewards(trainee, records, base_weights, made, "picture_fit=1,reference=0.5")
    assert found.names == ("picture_fit", "reference")
    reference = records[0].narration
    table = found([Episode(0, (), reference, reference), Episode(1, (), reference, records[1].narration)])
    assert table.raw["reference"][0].item() == pytest.approx(1, abs=1e-5)
    assert table.raw["reference"][1] < 0.99
    assert table.raw["picture_fit"][0] != table.raw["picture_fit"][1]
    torch.testing.assert_close(table.total, table.terms["picture_fit"] + 0.5 * table.terms["reference"])


def test_grammar_is_learned_from_the_run_s_own_texts(
    trainee: PrefixTrainee, records: Sequence[Record], base_weights: Path, tmp_path: Path
) -> None:
    made = scorer(trainee, tmp_path / "scorer", base_weights, ())
    found = rewards(trainee, records, base_weights, made, "grammar=1")
    table = found([Episode(0, (), "The red ball sits on the hill."), Episode(0, (), "hill the hill sits sits on.")])
    assert table.raw["grammar"][0] > table.raw["grammar"][1]


def test_a_missing_scorer_is_said_to_be(
    trainee: PrefixTrainee, records: Sequence[Record], base_weights: Path, tmp_path: Path
) -> None:
    with pytest.raises(CaptionerError):
        rewards(trainee, records, base_weights, tmp_path, "clip-only")


def test_weights_are_read() -> None:
    assert reward_weights("composite") == "composite"
    assert reward_weights("picture_fit=1, grammar=0.5") == {"picture_fit": 1.0, "grammar": 0.5}
    with pytest.raises(ConfigError, match="rewards is “picture_fit=much”"):
        reward_weights("picture_fit=much")

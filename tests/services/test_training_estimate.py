"""How long a training takes, and what helps one that had too little memory."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from comicreader.domain.errors import TrainingError
from comicreader.services.run_history import RunSummary, save_memory
from comicreader.services.training_estimate import Pace, estimated_gib, estimated_seconds, pace_of
from comicreader.services.training_run import RL, SFT, RunPhase, RunStatus
from trainer.config import RlConfig, SftConfig


def summary(folder: Path, kind: str, config: SftConfig | RlConfig, step: int, seconds: float) -> RunSummary:
    folder.mkdir()
    config.save(folder / "config.json")
    status = RunStatus(folder, kind, RunPhase.FINISHED, step, step, seconds)
    return RunSummary(status, datetime(2026, 1, 1), {}, None, 0, 0.1)


def test_the_pace_is_that_of_the_newest_run_of_its_kind_that_went_on_long_enough(tmp_path: Path) -> None:
    supervised, rewarded = SftConfig(batch_size=8), RlConfig(panels=4, samples=4, passes=2)
    runs = [
        summary(tmp_path / "short", SFT, supervised, 3, 100.0),
        summary(tmp_path / "long", SFT, supervised, 50, 100.0),
        summary(tmp_path / "older", SFT, supervised, 50, 400.0),
        summary(tmp_path / "rewards", RL, rewarded, 20, 80.0),
    ]
    assert pace_of(SFT, runs) == Pace(4.0, is_measured=True)
    assert pace_of(RL, runs) == Pace(2.0, is_measured=True)  # 16 captions are learned from in two steps
    assert not pace_of(SFT, runs[:1]).is_measured


def test_a_run_takes_as_long_as_its_captions_and_no_longer_than_its_limit() -> None:
    pace = Pace(2.0, is_measured=True)
    config = SftConfig(epochs=4.0, batch_size=8)
    assert estimated_seconds(config, 80, pace) == 160
    assert estimated_seconds(replace(config, replay_share=0.5), 80, pace) == 320
    assert estimated_seconds(replace(config, max_steps=10), 80, pace) == 40
    assert estimated_seconds(replace(config, max_hours=0.01), 80, pace) == 36
    assert estimated_seconds(RlConfig(rollouts=10, panels=8, samples=4), 80, pace) == 160


def test_memory_grows_with_the_portion_and_the_data_set() -> None:
    config = SftConfig(batch_size=8)
    assert estimated_gib(config, 98) == pytest.approx(4.8, abs=0.3)  # as measured
    assert estimated_gib(replace(config, accumulation=8), 98) == pytest.approx(2.9, abs=0.3)
    assert estimated_gib(config, 2938) == pytest.approx(7.5, abs=0.7)


def test_less_memory_is_used_by_portions_half_as_large(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    SftConfig(batch_size=8, accumulation=4, epochs=7.0).save(file)
    save_memory(tmp_path)
    assert SftConfig.load(file) == SftConfig(batch_size=8, accumulation=8, epochs=7.0)
    with pytest.raises(TrainingError, match="cannot work in smaller portions: accumulation is 16"):
        save_memory(tmp_path)
    RlConfig(panels=8, accumulation=2).save(file)
    save_memory(tmp_path)
    assert RlConfig.load(file).accumulation == 4

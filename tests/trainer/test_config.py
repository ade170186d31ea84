import argparse
from pathlib import Path

import pytest

from trainer.config import ConfigError, SftConfig


def parse(*arguments: str) -> SftConfig:
    parser = argparse.ArgumentParser()
    SftConfig.add_arguments(parser)
    return SftConfig.from_arguments(parser.parse_args(arguments))


def test_the_command_line_sets_every_kind_of_field() -> None:
    config = parse("--data", "d", "--batch-size", "4", "--learning-rate", "0.01", "--no-bf16")
    assert (config.data, config.batch_size, config.learning_rate, config.bf16) == ("d", 4, 0.01, False)


def test_a_value_outside_its_limits_is_named_with_the_limits() -> None:
    with pytest.raises(ConfigError, match=r"batch_size is 0; it must lie between 1 and 4096"):
        parse("--batch-size", "0")


def test_a_saved_configuration_comes_back_and_a_newer_one_loses_only_its_new_fields(tmp_path: Path) -> None:
    config = parse("--data", "d", "--seed", "7")
    file = tmp_path / "config.json"
    config.save(file)
    file.write_text(file.read_text().replace('"seed": 7', '"seed": 7, "from_the_future": true'))
    assert SftConfig.load(file) == config


def test_a_broken_configuration_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ConfigError, match=r"config\.json cannot be read"):
        SftConfig.load(tmp_path / "config.json")

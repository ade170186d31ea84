"""What a run is told: frozen dataclasses that are command line, form and `config.json` at once.

Each field's metadata holds `help` (one sentence) and, for numbers, `min` and `max`; the command line and the
reader's forms are made from them. Standard library only.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

SCHEMA_VERSION = 1

ConfigT = TypeVar("ConfigT", bound="RunConfig")


class ConfigError(Exception):
    """A field is outside its limits; the text names the field and the fix."""


def option(default: Any, help_text: str, minimum: float | None = None, maximum: float | None = None) -> Any:
    """A dataclass field with its help and limits."""
    return field(default=default, metadata={"help": help_text, "min": minimum, "max": maximum})


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What every run has in common."""

    data: str = option("", "Folder of the data set: records.jsonl and its pictures.")
    extra_data: str = option("", "Another data set folder whose train split is learned too.")
    descriptions: str = option("", "File of descriptions by record id that take the place of the data set's own.")
    run: str = option("", "Folder of this run; made anew.")
    seed: int = option(0, "Seed of every random choice.", 0, 2**31 - 1)
    threads: int = option(0, "CPU threads; 0 leaves the choice to torch.", 0, 256)

    def validate(self) -> None:
        """Check every field.

        Raises:
            ConfigError: names the field, its value and its limits.
        """
        for item in fields(self):
            value, low, high = getattr(self, item.name), item.metadata.get("min"), item.metadata.get("max")
            if (low is not None and value < low) or (high is not None and value > high):
                raise ConfigError(f"{item.name} is {value}; it must lie between {low} and {high}.")

    def save(self, path: Path) -> None:
        """Write the fields as JSON."""
        path.write_text(json.dumps({"schema_version": SCHEMA_VERSION, **asdict(self)}, indent=2) + "\n")

    @classmethod
    def load(cls: type[ConfigT], path: Path) -> ConfigT:
        """Read what `save` wrote; fields of a newer version are left out.

        Raises:
            ConfigError: the file is no such configuration.
        """
        try:
            raw = json.loads(path.read_text())
            return cls(**{item.name: raw[item.name] for item in fields(cls) if item.name in raw})
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"{path} cannot be read as a run configuration: {error}") from error

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """One `--option` for each field."""
        types = get_type_hints(cls)
        for item in fields(cls):
            flag = "--" + item.name.replace("_", "-")
            shown = f"{item.metadata['help']} (default: {item.default})"
            if types[item.name] is bool:
                parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=item.default, help=shown)
            else:
                parser.add_argument(flag, type=types[item.name], default=item.default, help=shown)

    @classmethod
    def from_arguments(cls: type[ConfigT], arguments: argparse.Namespace) -> ConfigT:
        """The configuration the command line asks for, checked."""
        config = cls(**{item.name: getattr(arguments, item.name) for item in fields(cls)})
        config.validate()
        return config


@dataclass(frozen=True, slots=True)
class SftConfig(RunConfig):
    """Supervised fine-tuning of a narrator."""

    model: str = option("", "Narrator to start from (a directory); empty starts a new one on the base weights.")
    vision: str = option("base:dinov2-small", "Picture encoder of a new narrator.")
    vision_layers: str = option("6,8,10,12", "Its layers that are joined, counted from 1; empty for the last one.")
    language: str = option("base:smollm2-135m", "Language model of a new narrator.")
    epochs: float = option(3.0, "Times every training record is seen.", 0.0, 1000.0)
    max_steps: int = option(0, "Optimiser steps at most; 0 sets no limit.", 0, 10**9)
    max_hours: float = option(0.0, "Hours at most; 0 sets no limit.", 0.0, 10_000.0)
    batch_size: int = option(8, "Records a step.", 1, 4096)
    learning_rate: float = option(3e-4, "Highest learning rate of the adapters.", 1e-8, 1.0)
    projector_learning_rate: float = option(1e-3, "Highest learning rate of the projector.", 1e-8, 1.0)
    warmup_frac: float = option(0.05, "Share of the steps in which the learning rate rises.", 0.0, 0.9)
    weight_decay: float = option(0.01, "Decoupled weight decay of the matrices.", 0.0, 1.0)
    max_gradient_norm: float = option(1.0, "Gradients are scaled down to this norm.", 0.0, 1e6)
    lora_rank: int = option(16, "Rank of the language model's adapters.", 1, 512)
    lora_dropout: float = option(0.05, "Dropout inside the adapters.", 0.0, 0.9)
    picture_dropout: float = option(0.1, "Share of records trained without their picture.", 0.0, 1.0)
    context_dropout: float = option(0.3, "Share of records trained without what came before.", 0.0, 1.0)
    description_share: float = option(0.5, "Chance that a record which has both texts shows its description.", 0.0, 1.0)
    caption_tokens: int = option(64, "Longest caption, tokens; longer texts end at their last whole sentence.", 4, 512)
    evaluate_every: int = option(100, "Steps between looks at the dev split.", 1, 10**9)
    dev_records: int = option(96, "Dev records looked at each time.", 1, 10**6)
    bf16: bool = option(True, "Compute in bfloat16.")

    def validate(self) -> None:
        """Check every field; see `RunConfig.validate`."""
        RunConfig.validate(self)
        self.joined_layers()

    def joined_layers(self) -> tuple[int, ...]:
        """The numbers in `vision_layers`.

        Raises:
            ConfigError: it is no list of numbers.
        """
        try:
            return tuple(int(number) for number in self.vision_layers.split(",") if number.strip())
        except ValueError:
            raise ConfigError(
                f"vision_layers is “{self.vision_layers}”; it must be numbers with commas between, such as 6,8,10,12."
            ) from None

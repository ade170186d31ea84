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

PREFIX_FAMILY, ENCODER_DECODER_FAMILY = "prefix", "encoder-decoder"
FAMILIES = (PREFIX_FAMILY, ENCODER_DECODER_FAMILY)
"""How a narrator looks at a picture: tokens before the text, or cross-attention."""

OptionsT = TypeVar("OptionsT", bound="Options")
ConfigT = TypeVar("ConfigT", bound="RunConfig")


class ConfigError(Exception):
    """A field is outside its limits; the text names the field and the fix."""


def option(default: Any, help_text: str, minimum: float | None = None, maximum: float | None = None) -> Any:
    """A dataclass field with its help and limits."""
    return field(default=default, metadata={"help": help_text, "min": minimum, "max": maximum})


@dataclass(frozen=True, slots=True)
class Options:
    """Fields with help and limits, of which a command line can be made."""

    def validate(self) -> None:
        """Check every field.

        Raises:
            ConfigError: names the field, its value and its limits.
        """
        for item in fields(self):
            value, low, high = getattr(self, item.name), item.metadata.get("min"), item.metadata.get("max")
            if (low is not None and value < low) or (high is not None and value > high):
                raise ConfigError(f"{item.name} is {value}; it must lie between {low} and {high}.")

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """One `--option` for each field."""
        types = get_type_hints(cls)
        for item in fields(cls):
            flag = "--" + item.name.replace("_", "-")
            shown = f"{item.metadata['help']} (default: %(default)s)"  # argparse fills in what a command changed
            if types[item.name] is bool:
                parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=item.default, help=shown)
            else:
                parser.add_argument(flag, type=types[item.name], default=item.default, help=shown)

    @classmethod
    def from_arguments(cls: type[OptionsT], arguments: argparse.Namespace) -> OptionsT:
        """What the command line asks for, checked."""
        config = cls(**{item.name: getattr(arguments, item.name) for item in fields(cls)})
        config.validate()
        return config


@dataclass(frozen=True, slots=True)
class RunConfig(Options):
    """What every run has in common."""

    data: str = option("", "Folder of the data set: records.jsonl and its pictures.")
    extra_data: str = option("", "Another data set folder whose train split is learned too.")
    descriptions: str = option("", "File of descriptions by record id that take the place of the data set's own.")
    run: str = option("", "Folder of this run; made anew, or gone on with by --resume.")
    seed: int = option(0, "Seed of every random choice.", 0, 2**31 - 1)
    threads: int = option(0, "CPU threads; 0 leaves the choice to torch.", 0, 256)

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


def layer_numbers(text: str) -> tuple[int, ...]:
    """The layers that `vision_layers` names.

    Raises:
        ConfigError: it is no list of numbers.
    """
    try:
        return tuple(int(number) for number in text.split(",") if number.strip())
    except ValueError:
        raise ConfigError(
            f"vision_layers is “{text}”; it must be numbers with commas between, such as 6,8,10,12."
        ) from None


@dataclass(frozen=True, slots=True)
class SftConfig(RunConfig):
    """Supervised fine-tuning of a narrator."""

    model: str = option(
        "", 'Narrator to start from: "embedded", a directory, a hub name; empty starts a new one on base models.'
    )
    family: str = option(PREFIX_FAMILY, f"Kind of a new narrator: {' or '.join(FAMILIES)}.")
    vision: str = option("base:dinov2-small", "Picture encoder of a new narrator.")
    vision_layers: str = option(
        "6,8,10,12", "Its layers that a prefix narrator joins, counted from 1; empty for the last one."
    )
    language: str = option("base:smollm2-135m", "Language model of a new narrator.")
    epochs: float = option(3.0, "Times every training record is seen.", 0.0, 1000.0)
    max_steps: int = option(0, "Optimiser steps at most; 0 sets no limit.", 0, 10**9)
    max_hours: float = option(0.0, "Hours at most; 0 sets no limit.", 0.0, 10_000.0)
    batch_size: int = option(8, "Records an optimiser step, over all processes.", 1, 4096)
    accumulation: int = option(1, "Portions a step's records are computed in; more need less memory.", 1, 4096)
    learning_rate: float = option(3e-4, "Highest learning rate of adapters and cross-attention.", 1e-8, 1.0)
    projector_learning_rate: float = option(1e-3, "Highest learning rate of the projector.", 1e-8, 1.0)
    block_learning_rate: float = option(5e-5, "Highest learning rate of an encoder-decoder's blocks.", 1e-8, 1.0)
    warmup_frac: float = option(0.05, "Share of the steps in which the learning rate rises.", 0.0, 0.9)
    weight_decay: float = option(0.01, "Decoupled weight decay of the matrices.", 0.0, 1.0)
    max_gradient_norm: float = option(1.0, "Gradients are scaled down to this norm.", 0.0, 1e6)
    lora_rank: int = option(16, "Rank of the language model's adapters; 0 for none.", 0, 512)
    lora_dropout: float = option(0.05, "Dropout inside the adapters.", 0.0, 0.9)
    decoder_blocks: int = option(4, "Last decoder blocks an encoder-decoder trains (adapts, with a rank).", 0, 1000)
    encoder_blocks: int = option(0, "Last encoder blocks an encoder-decoder trains.", 0, 1000)
    decoder_from_frac: float = option(0.2, "Share of the run after which its decoder blocks are trained.", 0.0, 1.0)
    encoder_from_frac: float = option(0.5, "Share of the run after which its encoder blocks are trained.", 0.0, 1.0)
    picture_dropout: float = option(0.1, "Share of records trained without their picture.", 0.0, 1.0)
    context_dropout: float = option(0.3, "Share of records trained without what came before.", 0.0, 1.0)
    description_share: float = option(0.5, "Chance that a record which has both texts shows its description.", 0.0, 1.0)
    description_weight: float = option(1.0, "Weight of a description's tokens; a narration's have 1.", 0.01, 100.0)
    caption_tokens: int = option(64, "Longest caption, tokens; longer texts end at their last whole sentence.", 4, 512)
    evaluate_every: int = option(100, "Steps between looks at the dev split, each with a checkpoint.", 1, 10**9)
    patience: int = option(0, "Looks without a better dev loss after which training stops; 0 never stops.", 0, 10**6)
    dev_records: int = option(96, "Dev records looked at each time.", 1, 10**6)
    bf16: bool = option(True, "Compute in bfloat16.")

    def validate(self) -> None:
        """Check every field; see `RunConfig.validate`."""
        RunConfig.validate(self)
        self.joined_layers()
        if self.family not in FAMILIES:
            raise ConfigError(f"family is “{self.family}”; it must be {' or '.join(FAMILIES)}.")
        if self.batch_size % self.accumulation:
            raise ConfigError(
                f"accumulation is {self.accumulation}; it must divide batch_size, which is {self.batch_size}."
            )

    def joined_layers(self) -> tuple[int, ...]:
        """The numbers in `vision_layers`; see `layer_numbers`."""
        return layer_numbers(self.vision_layers)


@dataclass(frozen=True, slots=True)
class ScorerConfig(RunConfig):
    """Contrastive training of a scorer."""

    vision: str = option("base:dinov2-small", "Picture encoder; the narrator's own costs no second look.")
    vision_layers: str = option("6,8,10,12", "Its layers that are joined, counted from 1; empty for the last one.")
    width: int = option(256, "Numbers in a picture's or text's vector.", 2, 8192)
    steps: int = option(1500, "Optimiser steps.", 1, 10**7)
    batch_size: int = option(256, "Pairs a step; each is a wrong answer for all others.", 2, 65_536)
    learning_rate: float = option(1e-3, "Highest learning rate.", 1e-8, 1.0)
    weight_decay: float = option(0.3, "Decoupled weight decay.", 0.0, 10.0)
    dropout: float = option(0.5, "Share of a picture's features that are hidden in each step.", 0.0, 0.95)
    narration_share: float = option(0.5, "Chance that a picture with both texts shows its narration.", 0.0, 1.0)
    evaluate_every: int = option(250, "Steps between looks at the dev split.", 1, 10**9)

    def validate(self) -> None:
        """Check every field; see `RunConfig.validate`."""
        RunConfig.validate(self)
        self.joined_layers()

    def joined_layers(self) -> tuple[int, ...]:
        """The numbers in `vision_layers`; see `layer_numbers`."""
        return layer_numbers(self.vision_layers)

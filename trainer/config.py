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

PPO, RLOO, GRPO, DPO, BEST_OF_N = "ppo", "rloo", "grpo", "dpo", "best-of-n"
ALGORITHMS = (PPO, RLOO, GRPO, DPO, BEST_OF_N)
"""How a narrator learns from rewards."""

DEV_METRICS = ("chrf", "bleu", "similarity")
"""What a checkpoint can be chosen by: likeness to the references of the dev split."""

OptionsT = TypeVar("OptionsT", bound="Options")


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

    def save(self, path: Path) -> None:
        """Write the fields as JSON."""
        path.write_text(json.dumps({"schema_version": SCHEMA_VERSION, **asdict(self)}, indent=2) + "\n")

    @classmethod
    def load(cls: type[OptionsT], path: Path) -> OptionsT:
        """Read what `save` wrote; fields of a newer version are left out.

        Raises:
            ConfigError: the file is no such configuration.
        """
        try:
            raw = json.loads(path.read_text())
            return cls(**{item.name: raw[item.name] for item in fields(cls) if item.name in raw})
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"{path} cannot be read as a run configuration: {error}") from error


@dataclass(frozen=True, slots=True)
class RunConfig(Options):
    """What every run has in common."""

    data: str = option("", "Folder of the data set: records.jsonl and its pictures.")
    extra_data: str = option("", "Another data set folder whose train split is learned too.")
    descriptions: str = option("", "File of descriptions by record id that take the place of the data set's own.")
    run: str = option("", "Folder of this run; made anew, or gone on with by --resume.")
    seed: int = option(0, "Seed of every random choice.", 0, 2**31 - 1)
    threads: int = option(0, "CPU threads; 0 leaves the choice to torch.", 0, 256)


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
    relearn_words: bool = option(False, "Learn anew which words pictures suggest, though the narrator knows some.")
    replay_data: str = option(
        "", "Data set folder of what it knew before; empty: texts that come with the program, without pictures."
    )
    replay_share: float = option(0.0, "Share of what is learned that it knew before.", 0.0, 0.9)
    forget_limit: float = option(0.1, "Nats a token it may get worse at what it knew before it is said.", 0.0, 100.0)
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
class RlConfig(RunConfig):
    """Learning from rewards: a narrator's own captions are judged, and the better ones become likelier."""

    algorithm: str = option(RLOO, f"How it learns: {', '.join(ALGORITHMS)}.")
    model: str = option("embedded", 'Narrator to start from: "embedded", a directory, or a hub name.')
    style: str = option("description", "Which texts it writes: description or narration.")
    rewards: str = option("composite", "What judges captions: a preset, or weights such as picture_fit=1,grammar=1.")
    scorer: str = option("embedded", 'Scorer of text and picture: "embedded", a directory, or a CLIP hub name.')
    pairs: str = option("", "File of a person's preferences (id, chosen, rejected) that dpo learns instead of rewards.")
    rollouts: int = option(200, "Times that captions are sampled and learned from, at most.", 1, 10**7)
    max_hours: float = option(0.0, "Hours at most; 0 sets no limit.", 0.0, 10_000.0)
    panels: int = option(8, "Panels a rollout.", 1, 4096)
    samples: int = option(4, "Captions sampled for each panel of a rollout.", 2, 256)
    from_start: bool = option(False, "Sample dpo's and best-of-n's captions from the narrator it started from.")
    human_captions: bool = option(False, "The last sample of each panel is the data set's own text.")
    passes: int = option(1, "Times that a rollout is learned from.", 1, 100)
    minibatches: int = option(1, "Optimiser steps a pass; each has its share of the panels.", 1, 4096)
    accumulation: int = option(4, "Portions a step is computed in; more need less memory.", 1, 4096)
    temperature: float = option(1.0, "Of the sampling.", 0.05, 10.0)
    max_tokens: int = option(40, "Longest sampled caption, tokens.", 2, 512)
    learning_rate: float = option(1e-4, "Highest learning rate of adapters and cross-attention.", 1e-9, 1.0)
    projector_learning_rate: float = option(0.0, "Highest learning rate of the projector; 0 leaves it.", 0.0, 1.0)
    block_learning_rate: float = option(1e-5, "Highest learning rate of an encoder-decoder's blocks.", 1e-9, 1.0)
    critic_learning_rate: float = option(1e-3, "Highest learning rate of ppo's critic.", 1e-9, 1.0)
    warmup_frac: float = option(0.0, "Share of the run in which the learning rate rises.", 0.0, 0.9)
    weight_decay: float = option(0.0, "Decoupled weight decay of the matrices.", 0.0, 1.0)
    max_gradient_norm: float = option(1.0, "Gradients are scaled down to this norm.", 0.0, 1e6)
    lora_rank: int = option(16, "Rank of an encoder-decoder's adapters; 0 trains its blocks.", 0, 512)
    decoder_blocks: int = option(4, "Last decoder blocks an encoder-decoder trains (adapts, with a rank).", 0, 1000)
    kl_coefficient: float = option(0.05, "Reward that a nat away from the start costs; 0 costs nothing.", 0.0, 100.0)
    kl_target: float = option(3.0, "Nats a caption that the coefficient steers to; 0 leaves it as it is.", 0.0, 1e4)
    kl_horizon: int = option(1000, "Captions in which the coefficient follows an error.", 1, 10**9)
    kl_budget: float = option(20.0, "Nats a caption away from the start beyond which the run is put back.", 0.0, 1e6)
    entropy_floor: float = option(0.3, "Share of its first entropy a token keeps, or the run is put back.", 0.0, 1.0)
    clip: float = option(0.2, "How far a ratio of probabilities counts.", 0.0, 10.0)
    value_clip: float = option(0.2, "How far a critic's value may move in a rollout.", 0.0, 1e6)
    value_weight: float = option(0.5, "Weight of the critic's loss.", 0.0, 1e3)
    discount: float = option(1.0, "What a later token's reward is worth to ppo (gamma).", 0.0, 1.0)
    trace: float = option(0.95, "How far ppo trusts what came over its critic (lambda).", 0.0, 1.0)
    dpo_beta: float = option(0.2, "How closely dpo stays with the start.", 1e-4, 100.0)
    dpo_sharpness: float = option(1.0, "How much more the worst captions are pushed away by dpo.", 0.0, 1e4)
    evaluate_every: int = option(10, "Rollouts between looks at the dev split, each with a checkpoint.", 1, 10**9)
    dev_records: int = option(32, "Dev records captioned each time.", 2, 10**6)
    dev_metric: str = option("chrf", f"What the best checkpoint is chosen by: {', '.join(DEV_METRICS)}.")
    likeness_fall: float = option(0.3, "Share of its first BLEU and chrF++ that dev may lose.", 0.0, 1.0)
    variety_fall: float = option(0.3, "Share of its first different word pairs that dev may lose.", 0.0, 1.0)
    rollbacks: int = option(3, "Times the run is put back to its last good checkpoint before it ends.", 0, 1000)
    bf16: bool = option(False, "Compute in bfloat16; log probabilities stay in single precision.")

    def validate(self) -> None:
        """Check every field; see `RunConfig.validate`."""
        RunConfig.validate(self)
        for name, value, allowed in (
            ("algorithm", self.algorithm, ALGORITHMS),
            ("style", self.style, ("description", "narration")),
            ("dev_metric", self.dev_metric, DEV_METRICS),
        ):
            if value not in allowed:
                raise ConfigError(f"{name} is “{value}”; it must be one of {', '.join(allowed)}.")
        if self.panels % (self.minibatches * self.accumulation):
            raise ConfigError(
                f"panels is {self.panels}; it must be a multiple of minibatches times accumulation, "
                f"{self.minibatches * self.accumulation}."
            )
        if self.pairs and self.algorithm != DPO:
            raise ConfigError(f"pairs are learned by {DPO} only; algorithm is “{self.algorithm}”.")
        if self.from_start and self.algorithm not in (DPO, BEST_OF_N):
            raise ConfigError(f"from_start goes with {DPO} and {BEST_OF_N} only; algorithm is “{self.algorithm}”.")

    @property
    def updates(self) -> int:
        """Optimiser steps a rollout."""
        return self.passes * self.minibatches

    @property
    def copies(self) -> int:
        """Captions of a panel that are learned from together: its samples, or the two of a preference."""
        return 2 if self.pairs else self.samples

    def of_narrator(self) -> SftConfig:
        """What supervised training calls the same: how the narrator is made ready and its texts are worded."""
        return SftConfig(
            data=self.data, extra_data=self.extra_data, descriptions=self.descriptions, run=self.run, seed=self.seed,
            threads=self.threads, model=self.model, max_hours=self.max_hours, learning_rate=self.learning_rate,
            projector_learning_rate=self.projector_learning_rate, block_learning_rate=self.block_learning_rate,
            lora_rank=self.lora_rank, lora_dropout=0.0, decoder_blocks=self.decoder_blocks, encoder_blocks=0,
            decoder_from_frac=0.0, caption_tokens=self.max_tokens, dev_records=self.dev_records, bf16=self.bf16,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class VisionConfig(RunConfig):
    """Contrastive tuning of a picture encoder's last blocks."""

    vision: str = option("base:dinov2-small", "Picture encoder to start from.")
    vision_layers: str = option("6,8,10,12", "Its layers that are joined, counted from 1; empty for the last one.")
    blocks: int = option(4, "Last blocks that are trained.", 1, 1000)
    width: int = option(256, "Numbers in the vectors that pictures and texts are compared by.", 2, 8192)
    folds: int = option(
        0,
        "Parts of the pictures that an encoder is tuned without, one each; their mean is kept. 0: one, of all.",
        0,
        100,
    )
    steps: int = option(300, "Optimiser steps, of each encoder.", 1, 10**7)
    batch_size: int = option(64, "Pairs a step; each is a wrong answer for all others.", 2, 65_536)
    learning_rate: float = option(5e-4, "Highest learning rate of the two maps, which are not kept.", 1e-8, 1.0)
    block_learning_rate: float = option(1e-4, "Highest learning rate of the blocks.", 1e-8, 1.0)
    warmup_frac: float = option(0.1, "Share of the steps in which the learning rates rise.", 0.0, 0.9)
    weight_decay: float = option(0.1, "Decoupled weight decay of the maps.", 0.0, 10.0)
    dropout: float = option(0.3, "Share of a picture's features that are hidden in each step.", 0.0, 0.95)
    patch_dropout: float = option(0.5, "Share of a picture's patches that are left out: less to compute.", 0.0, 0.95)
    tag_weight: float = option(
        0.02, "Weight of telling which tags a picture has, in nats; 0: tags are ignored.", 0.0, 100.0
    )
    narration_share: float = option(0.2, "Chance that a picture with both texts shows its narration.", 0.0, 1.0)
    evaluate_every: int = option(50, "Steps between looks at the dev split.", 1, 10**9)
    bf16: bool = option(True, "Compute in bfloat16.")

    def validate(self) -> None:
        """Check every field; see `RunConfig.validate`."""
        RunConfig.validate(self)
        self.joined_layers()
        if self.folds == 1:
            raise ConfigError("folds is 1; it must be 0 for one encoder, or 2 and more.")

    def joined_layers(self) -> tuple[int, ...]:
        """The numbers in `vision_layers`; see `layer_numbers`."""
        return layer_numbers(self.vision_layers)


@dataclass(frozen=True, slots=True)
class ScorerConfig(RunConfig):
    """Contrastive training of a scorer."""

    vision: str = option("base:dinov2-small", "Picture encoder; the narrator's own costs no second look.")
    vision_layers: str = option("6,8,10,12", "Its layers that are joined, counted from 1; empty for the last one.")
    width: int = option(256, "Numbers in a picture's or text's vector.", 2, 8192)
    steps: int = option(400, "Optimiser steps.", 1, 10**7)
    batch_size: int = option(256, "Pairs a step; each is a wrong answer for all others.", 2, 65_536)
    learning_rate: float = option(1e-3, "Highest learning rate.", 1e-8, 1.0)
    weight_decay: float = option(0.3, "Decoupled weight decay.", 0.0, 10.0)
    dropout: float = option(0.5, "Share of a picture's features that are hidden in each step.", 0.0, 0.95)
    narration_share: float = option(0.3, "Chance that a picture with both texts shows its narration.", 0.0, 1.0)
    evaluate_every: int = option(100, "Steps between looks at the dev split.", 1, 10**9)

    def validate(self) -> None:
        """Check every field; see `RunConfig.validate`."""
        RunConfig.validate(self)
        self.joined_layers()

    def joined_layers(self) -> tuple[int, ...]:
        """The numbers in `vision_layers`; see `layer_numbers`."""
        return layer_numbers(self.vision_layers)

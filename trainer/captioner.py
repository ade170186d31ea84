"""What a narrator is, whatever family it is of, and how one is loaded.

Two families answer one interface. *Prefix*: picture features become tokens in a causal language model's
embedding space (`prefix_captioner`). *Encoder-decoder*: transformers' VisionEncoderDecoderModel, the class of the
public ViT-GPT2 checkpoints (`encoder_decoder_captioner`). A directory, a run's checkpoint, "embedded" and a hub name
all load through `load_captioner`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from PIL import Image
from torch import Tensor

from trainer.config import ENCODER_DECODER_FAMILY, PREFIX_FAMILY
from trainer.dataset import DESCRIPTION, NARRATION
from trainer.decoding import Decoding as Decoding  # part of what a narrator is asked with
from trainer.run_dir import RunDir

EMBEDDED = "embedded"
"""Names the narrator that is shipped with the program."""

Report: TypeAlias = Callable[[str, float | None], None]
"""Is told in words what is being done, and how much of it (0 to 1, None where that cannot be known)."""

NARRATOR_FILE = "narrator.json"

OPENINGS = {NARRATION: "The story goes on:", DESCRIPTION: "What is seen:"}
"""The words before a caption that tell a narrator which kind of text is wanted."""


class CaptionerError(Exception):
    """A narrator cannot be loaded.

    Attributes:
        reason: "model_not_found" or "no_network", as in `events.RunFailed`.
        hint: the way out, or empty.
    """

    def __init__(self, reason: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a caption is conditioned on beside the picture.

    Attributes:
        previous: captions before this panel, oldest first.
        style: NARRATION or DESCRIPTION of `trainer.dataset`.
        seed: of this caption's sampling, beside `Decoding.seed`: captions of one batch with equal seeds are sampled
            with the same noise.
        begun: words that the caption begins with, such as the names of who is seen; it is written on from there.
    """

    previous: tuple[str, ...] = ()
    style: str = NARRATION
    seed: int = 0
    begun: str = ""


def begun_behind_space(prompt: Prompt) -> str:
    """What a caption begins with as it stands in a narrator's text; empty where nothing is given."""
    return f" {prompt.begun}" if prompt.begun else ""


@dataclass(frozen=True, slots=True)
class WrittenCaption:
    """A caption and how sure the model was.

    Attributes:
        text: whole sentences where the model ended them.
        confidence: how sure the narrator is, 0 to 1: the mean probability of the words it names to a classifier of
            pictures that was trained on tags (`picture_words`), else the geometric mean of its tokens' probabilities.
    """

    text: str
    confidence: float


Rank: TypeAlias = Callable[[Tensor, Sequence[Sequence[str]]], Sequence[Sequence[float]]]
"""Judges captions before one is chosen: from B pictures' features (B, V, D) and B lists of texts to B lists of scores,
the higher the better. `ranking` has those that look at the texts alone; a scorer of pictures and texts is another."""


class Captioner(Protocol):
    """Writes captions for encoded pictures."""

    @property
    def id(self) -> str:
        """Names the checkpoint."""

    @property
    def title(self) -> str:
        """The narrator's name for people."""

    def encode(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Encode pictures of any sizes: (B, V, D), V vectors of D features a picture."""

    def check(self, decoding: Decoding) -> None:
        """Whether this narrator can write so.

        Raises:
            ConfigError: it cannot; the text says why.
        """

    def write_candidates(
        self,
        features: Tensor,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        on_text: Callable[[str], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[list[WrittenCaption]]:
        """Write `decoding.samples` captions for each picture, in one batch: B lists; the rest as for `write`."""

    def write(
        self,
        features: Tensor,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        on_text: Callable[[str], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        rank: Rank | None = None,
    ) -> list[WrittenCaption]:
        """Write one caption for each picture.

        Args:
            features: (B, V, D) from `encode`.
            prompts: B prompts; their lengths may differ.
            decoding: how to choose.
            on_text: is told the first caption so far, again and again; never where a caption is chosen only among
                whole ones.
            should_stop: asked after every token; True ends early with what there is.
            rank: chooses among several samples; None for what `decoding` names (`ranking.ranking`).

        Raises:
            ConfigError: this narrator cannot write so.
        """


def embedded_folder() -> Path:
    """Where the shipped narrator lies: beside the packages, in a checkout as after installation."""
    return Path(__file__).resolve().parent.parent / "resources" / "models" / "narrator"


def load_captioner(name: str, base_weights: Path, report: Report) -> Captioner:
    """Load a narrator.

    Args:
        name: "embedded", a directory (a run's folder and its checkpoint too), or a hub name.
        base_weights: the folder of `trainer.base_weights`.
        report: is told what is being done.

    Raises:
        CaptionerError: no such narrator, or it needs a download that is not possible.
    """
    from trainer.encoder_decoder_captioner import load_encoder_decoder  # each family imports much
    from trainer.prefix_captioner import load_prefix

    family, place = find_narrator(name)
    if family == PREFIX_FAMILY:
        return load_prefix(Path(place), base_weights, report)
    return load_encoder_decoder(place, report)


def find_narrator(name: str) -> tuple[str, str]:
    """Say where a narrator is.

    Args:
        name: as for `load_captioner`.

    Returns:
        Its family, and its directory or hub name.

    Raises:
        CaptionerError: it should be a directory, and none with a narrator is there.
    """
    folder = embedded_folder() if name == EMBEDDED else Path(name)
    for candidate in (folder, folder / "model", RunDir(folder).best_model() or folder):
        if (candidate / NARRATOR_FILE).is_file():
            return PREFIX_FAMILY, str(candidate)
        if _is_encoder_decoder(candidate):
            return ENCODER_DECODER_FAMILY, str(candidate)
    if folder.exists() or name == EMBEDDED or name.startswith((".", "/", "~")):
        raise CaptionerError("model_not_found", f"There is no narrator in {folder}.")
    return ENCODER_DECODER_FAMILY, name


def _is_encoder_decoder(folder: Path) -> bool:
    try:
        config = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("model_type") == "vision-encoder-decoder"

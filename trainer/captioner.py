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

from trainer.dataset import NARRATION
from trainer.run_dir import RunDir

EMBEDDED = "embedded"
"""Names the narrator that is shipped with the program."""

Report: TypeAlias = Callable[[str, float | None], None]
"""Is told in words what is being done, and how much of it (0 to 1, None where that cannot be known)."""

NARRATOR_FILE = "narrator.json"


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
    """

    previous: tuple[str, ...] = ()
    style: str = NARRATION


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a caption is chosen among the likely ones.

    Attributes:
        max_tokens: longest caption.
        temperature: 0 takes the likeliest token each time; above, tokens are sampled.
        top_p: share of the probability that sampling keeps.
        repetition_penalty: above 1 makes words already used less likely (Keskar et al. 2019, CTRL).
        no_repeat_ngram: sequences of this many tokens never come twice; 0 allows them.
        no_copy_ngram: nor do sequences of this many tokens of the captions before it; 0 allows them.
        seed: of the sampling.
    """

    max_tokens: int = 48
    temperature: float = 0.0
    top_p: float = 0.9
    repetition_penalty: float = 1.15
    no_repeat_ngram: int = 3
    no_copy_ngram: int = 4
    seed: int = 0


@dataclass(frozen=True, slots=True)
class WrittenCaption:
    """A caption and how sure the model was.

    Attributes:
        text: whole sentences where the model ended them.
        confidence: geometric mean of the chosen tokens' probabilities, 0 to 1.
    """

    text: str
    confidence: float


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

    def write(
        self,
        features: Tensor,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        on_text: Callable[[str], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[WrittenCaption]:
        """Write one caption for each picture.

        Args:
            features: (B, V, D) from `encode`.
            prompts: B prompts; their lengths may differ.
            decoding: how to choose.
            on_text: is told the first caption so far, again and again.
            should_stop: asked after every token; True ends early with what there is.
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

    folder = embedded_folder() if name == EMBEDDED else Path(name)
    for candidate in (folder, folder / "model", RunDir(folder).best_model() or folder):
        if (candidate / NARRATOR_FILE).is_file():
            return load_prefix(candidate, base_weights, report)
        if _is_encoder_decoder(candidate):
            return load_encoder_decoder(str(candidate), report)
    if folder.exists() or name == EMBEDDED or name.startswith((".", "/", "~")):
        raise CaptionerError("model_not_found", f"There is no narrator in {folder}.")
    return load_encoder_decoder(name, report)


def _is_encoder_decoder(folder: Path) -> bool:
    try:
        config = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("model_type") == "vision-encoder-decoder"

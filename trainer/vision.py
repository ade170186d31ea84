"""Vision encoders by name: pretrained ones, and ones whose last blocks were tuned here.

    base:dinov2-small       base weights (`trainer.base_weights`)
    embedded:vision-1       tuned, comes with the program
    a directory             tuned here (a run's folder and its checkpoint too), or as transformers saves them
    anything else           a name on the model hub

A tuned encoder's folder holds only the blocks that were trained (`trainer.vision_training`), 3.5 MB each in half
precision, and says what they were trained on top of:

    vision.json  {"id", "title", "base", "first_block"}
    weights.safetensors
    folds.json, fold-0/, fold-1/ ...    where it was tuned in folds: which of them never saw which picture

An encoder knows the pictures that it was tuned on by heart, and a narrator that learns from the same ones would trust
it more than new pictures bear out. Tuned in folds, it is the mean of encoders (Wortsman et al. 2022, model soups) of
which each left out a part of the pictures; the one that left a picture out looks at it in training (`eyes_for`).

A shipped one never changes under its name: narrators that were trained with it would see wrongly.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModel, PreTrainedModel

from trainer.base_weights import resolve
from trainer.folds import picture_digest
from trainer.run_dir import MODEL, RunDir
from trainer.tensor_files import save_tensors
from trainer.transformer_blocks import blocks

VISION_FILE = "vision.json"
WEIGHTS_FILE = "weights.safetensors"
FOLDS_FILE = "folds.json"

EMBEDDED_PREFIX = "embedded:"
"""Marks a name as one of the tuned encoders that come with the program."""

_KEY_DIGITS = 16
_BESIDE = "beside:"  # a tuned encoder that lies in a folder beside the card that names it


@dataclass(frozen=True, slots=True)
class VisionCard:
    """The facts a tuned encoder needs to be put together again (`vision.json`).

    Attributes:
        id: names it.
        title: for people.
        base: the encoder it was before: "base:..." or a hub name.
        first_block: blocks from this one on, counted from 0, are its own.
    """

    id: str
    title: str
    base: str
    first_block: int


def load_vision(name: str, base_weights: Path) -> PreTrainedModel:
    """Load a vision encoder in single precision, frozen.

    Args:
        name: see the module.
        base_weights: the folder of `trainer.base_weights`.

    Raises:
        BaseWeightsError: base weights are missing.
        OSError: there is no such encoder, or it needs a download that is not possible.
        ValueError: its files are damaged or do not fit.
    """
    folder = tuned_folder(name)
    backbone = AutoModel.from_pretrained(pretrained(name, base_weights), dtype=torch.float32)
    if folder is not None:
        try:
            tuned = {part: value.float() for part, value in load_file(folder / WEIGHTS_FILE).items()}
            unknown = backbone.load_state_dict(tuned, strict=False).unexpected_keys
        except (SafetensorError, RuntimeError) as error:
            raise ValueError(f"the tuned blocks in {folder} cannot be used: {error}") from error
        if unknown:
            raise ValueError(f"the tuned blocks in {folder} are of another encoder: {unknown[0]}")
    return backbone.requires_grad_(False).eval()


def pretrained(name: str, base_weights: Path) -> str:
    """What `from_pretrained` takes: the encoder itself, or of a tuned one what it was before.

    Raises:
        BaseWeightsError: base weights are missing.
        OSError: there is no such encoder.
        ValueError: its card is damaged.
    """
    folder = tuned_folder(name)
    return resolve(name if folder is None else read_card(folder).base, base_weights)


def vision_key(name: str) -> str:
    """Names an encoder's weights: equal keys see equally.

    Raises:
        OSError: there is no such tuned encoder.
    """
    folder = tuned_folder(name)
    if folder is None:
        return name
    return f"tuned {hashlib.sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest()[:_KEY_DIGITS]}"


def tuned_folder(name: str) -> Path | None:
    """The folder of a tuned encoder; None where the name is of another kind.

    Raises:
        OSError: the program comes with no encoder of that name.
    """
    if name.startswith(EMBEDDED_PREFIX):
        folder = Path(__file__).resolve().parent.parent / "resources" / "models" / name.removeprefix(EMBEDDED_PREFIX)
        if not (folder / VISION_FILE).is_file():
            raise FileNotFoundError(f"this version of the program has no vision encoder “{name}”")
        return folder
    folder = Path(name)
    for candidate in (folder, folder / MODEL, RunDir(folder).best_model() or folder):
        if (candidate / VISION_FILE).is_file():
            return candidate
    return None


def eyes_for(name: str, pictures: Iterable[Path]) -> dict[str, list[Path]]:
    """Which encoder looks at which training pictures: the one of its folds that left a picture out, else itself.

    Args:
        name: see the module.
        pictures: picture files.

    Raises:
        OSError: there is no such tuned encoder.
    """
    folder, found = tuned_folder(name), dict[str, list[Path]]()
    folds = {} if folder is None or not (folder / FOLDS_FILE).is_file() else read_folds(folder)
    for picture in dict.fromkeys(pictures):
        fold = folds.get(picture_digest(picture)) if folds else None
        found.setdefault(name if fold is None else str(fold_folder(folder or Path(), fold)), []).append(picture)
    return found


def take_along(name: str, folder: Path) -> str:
    """Put a tuned encoder, with its folds, into the folder of what was trained with it: that can be moved then.

    Args:
        name: see the module.
        folder: exists.

    Returns:
        The name for the card in that folder; `taken_along` reads it.

    Raises:
        OSError: there is no such tuned encoder, or it cannot be copied.
    """
    tuned = tuned_folder(name)
    if tuned is None or name.startswith(EMBEDDED_PREFIX):
        return name
    own = folder / "vision"
    shutil.copytree(tuned, own, dirs_exist_ok=True)
    return f"{_BESIDE}{own.name}"


def taken_along(name: str, folder: Path) -> str:
    """An encoder's name as everyone understands it, from a card in `folder`."""
    return str(folder / name.removeprefix(_BESIDE)) if name.startswith(_BESIDE) else name


def is_folded(name: str) -> bool:
    """Whether an encoder was tuned in folds.

    Raises:
        OSError: there is no such tuned encoder.
    """
    folder = tuned_folder(name)
    return folder is not None and (folder / FOLDS_FILE).is_file()


def read_folds(folder: Path) -> dict[str, int]:
    """The fold that left a picture out, by the picture's digest."""
    return {str(digest): int(fold) for digest, fold in json.loads((folder / FOLDS_FILE).read_text()).items()}


def fold_folder(folder: Path, fold: int) -> Path:
    """The folder of the encoder that left a fold out."""
    return folder / f"fold-{fold}"


def save_folded(card: VisionCard, tuned: Mapping[int, Path], folds: Mapping[Path, int], folder: Path) -> None:
    """Write the mean of encoders that each left a fold out, and them beside it.

    Args:
        card: the facts of the mean.
        tuned: their folders, by fold.
        folds: the fold of each picture.
        folder: exists; is filled.
    """
    parts = {fold: load_file(where / WEIGHTS_FILE) for fold, where in tuned.items()}
    names = next(iter(parts.values()))
    mean = {name: torch.stack([part[name].float() for part in parts.values()]).mean(0).half() for name in names}
    save_tensors(mean, folder / WEIGHTS_FILE)
    (folder / VISION_FILE).write_text(json.dumps(asdict(card), indent=2) + "\n")
    for fold, where in tuned.items():
        shutil.copytree(where, fold_folder(folder, fold))
    listed = {picture_digest(picture): fold for picture, fold in folds.items()}
    (folder / FOLDS_FILE).write_text(json.dumps(listed) + "\n")


def read_card(folder: Path) -> VisionCard:
    """Read a tuned encoder's card.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged.
    """
    try:
        return VisionCard(**json.loads((folder / VISION_FILE).read_text()))
    except TypeError as error:
        raise ValueError(f"{folder / VISION_FILE} is no vision encoder's card: {error}") from error


def save_tuned(card: VisionCard, backbone: nn.Module, folder: Path) -> None:
    """Write the card, and the blocks from `card.first_block` on in half precision.

    Args:
        card: the facts.
        backbone: the encoder.
        folder: exists; is filled.
    """
    own = {id(parameter) for block in blocks(backbone)[card.first_block :] for parameter in block.parameters()}
    named = {name: value for name, value in backbone.named_parameters() if id(value) in own}
    save_tensors({name: value.detach().half().cpu() for name, value in named.items()}, folder / WEIGHTS_FILE)
    (folder / VISION_FILE).write_text(json.dumps(asdict(card), indent=2) + "\n")

"""How well a text fits a picture: a dual encoder of pictures and texts (Radford et al. 2021, CLIP).

    picture -> PictureEncoder (frozen ViT, the narrator's own) -> summary vector  -> Linear -> unit vector
    text    -> MiniLM (frozen)                                 -> sentence vector -> Linear -> unit vector
    fit = cosine of the two, -1 to 1

Only the two linear maps are ours (`trainer.scorer_training`); they are learned contrastively on pictures with
descriptions and narrations. A cosine has no meaning by itself: compare the texts of one picture, or the pictures of one
text, or see `fit`. `load_scorer` gives the embedded one, one of your own, or a CLIP or SigLIP model (`hub_scorer`).

Letters: B pictures, N texts, V vectors a picture, D features, E width of the shared space.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from trainer.base_weights import BaseWeightsError
from trainer.captioner import EMBEDDED, CaptionerError, Report
from trainer.device import best_device, inference_dtype
from trainer.fit import Backdrop
from trainer.picture_encoder import PictureEncoder, encoder_key, summarise
from trainer.run_dir import MODEL, RunDir
from trainer.sentence_encoder import SentenceEncoder
from trainer.vision import EMBEDDED_PREFIX, take_along, taken_along

SCORER_FILE = "scorer.json"
WEIGHTS_FILE = "weights.safetensors"

TEXT_SIZE = 384
"""Features of a sentence vector (all-MiniLM-L6-v2)."""


class Scorer(Protocol):
    """Places pictures and texts in one space."""

    @property
    def id(self) -> str:
        """Names the scorer in reports."""

    def encode_pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Pictures of any sizes as unit vectors: (B, E)."""

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Texts of any lengths as unit vectors, (N, E); what the text side cannot read is cut off."""


@dataclass(frozen=True, slots=True)
class ScorerCard:
    """The facts a saved scorer needs to be put together again (`scorer.json`).

    Attributes:
        id: names it.
        title: for people.
        vision: picture encoder, as `trainer.vision` names it.
        vision_layers: the encoder's layers that are joined.
        width: E.
    """

    id: str
    title: str
    vision: str
    vision_layers: tuple[int, ...]
    width: int


class ScorerHeads(nn.Module):
    """What is learned: one linear map a side, and how sharply cosines are read in training."""

    def __init__(self, picture_size: int, width: int) -> None:
        super().__init__()
        self.picture = nn.Linear(picture_size, width)
        self.text = nn.Linear(TEXT_SIZE, width)
        self.log_scale = nn.Parameter(torch.tensor(2.7))  # about CLIP's start, 1 / 0.07

    def place_pictures(self, summaries: Tensor) -> Tensor:
        """Summary vectors (B, 3 D) as unit vectors (B, E)."""
        return nn.functional.normalize(self.picture(summaries), dim=-1)

    def place_texts(self, sentences: Tensor) -> Tensor:
        """Sentence vectors (N, TEXT_SIZE) as unit vectors (N, E)."""
        return nn.functional.normalize(self.text(sentences), dim=-1)


class DualEncoder:
    """The scorer that is trained here.

    Attributes:
        card: what it is made of.
        encoder: the frozen ViT.
        heads: the two maps.
        backdrop: what a fit is counted against; without members until it is trained.
    """

    def __init__(
        self, card: ScorerCard, encoder: PictureEncoder, heads: ScorerHeads, sentences: SentenceEncoder
    ) -> None:
        self.card = card
        self.encoder = encoder
        self.heads = heads
        self.backdrop = Backdrop(torch.zeros(0, card.width), torch.zeros(0, card.width))
        self._sentences = sentences

    @property
    def id(self) -> str:
        """See `Scorer`."""
        return self.card.id

    def encode_pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        """See `Scorer`."""
        with torch.inference_mode():
            return self.encode_features(self.encoder(pictures))

    @torch.inference_mode()
    def encode_features(self, features: Tensor) -> Tensor:
        """The features of its own encoder, (B, V, D), as unit vectors (B, E): a narrator on the same ViT has them."""
        weights = self.heads.picture.weight
        return self.heads.place_pictures(summarise(features.to(weights.device, weights.dtype)))

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """See `Scorer`."""
        return self.place_sentences(self.sentence_vectors(texts))

    @torch.inference_mode()
    def place_sentences(self, vectors: Tensor) -> Tensor:
        """What `sentence_vectors` gave, (N, TEXT_SIZE), as unit vectors (N, E)."""
        weights = self.heads.text.weight
        return self.heads.place_texts(vectors.to(weights.device, weights.dtype))

    def surplus(self, pictures: Tensor, texts: Sequence[str]) -> Tensor:
        """How far each text fits its picture above the usual (`Backdrop.surplus`): (N,).

        Args:
            pictures: (N, E) unit vectors.
            texts: N texts.
        """
        return self.backdrop.surplus(pictures, self.encode_texts(texts))

    def sentence_vectors(self, texts: Sequence[str]) -> Tensor:
        """What the text side's frozen model gives: (N, TEXT_SIZE)."""
        if not texts:
            return torch.zeros(0, TEXT_SIZE)
        return torch.from_numpy(self._sentences(texts)).float()


def embedded_scorer_folder(name: str = EMBEDDED) -> Path:
    """Where a shipped scorer lies, "embedded" or "embedded:...": beside the packages, as after installation."""
    folder = name.removeprefix(EMBEDDED_PREFIX) if name.startswith(EMBEDDED_PREFIX) else "scorer"
    return Path(__file__).resolve().parent.parent / "resources" / "models" / folder


def load_scorer(name: str, base_weights: Path, report: Report, eyes: PictureEncoder | None = None) -> Scorer:
    """Load a scorer.

    Args:
        name: "embedded", "embedded:scorer-2", a directory (a run's folder and its checkpoint too), or the hub name or
            directory of a CLIP or SigLIP model.
        base_weights: the folder of `trainer.base_weights`.
        report: is told what is being done.
        eyes: an encoder that is loaded already; used where it is the scorer's own kind.

    Raises:
        CaptionerError: no such scorer, or it needs a download that is not possible.
    """
    from trainer.hub_scorer import load_hub_scorer

    is_embedded = name == EMBEDDED or name.startswith(EMBEDDED_PREFIX)
    folder = embedded_scorer_folder(name) if is_embedded else Path(name)
    for candidate in (folder, folder / MODEL, RunDir(folder).best_model() or folder):
        if (candidate / SCORER_FILE).is_file():
            return load_dual_encoder(candidate, base_weights, report, eyes)
    if is_embedded:
        raise CaptionerError("model_not_found", f"There is no scorer in {folder}.")
    return load_hub_scorer(name, report)


def load_dual_encoder(
    folder: Path, base_weights: Path, report: Report, eyes: PictureEncoder | None = None
) -> DualEncoder:
    """Load a scorer that was trained here; arguments as for `load_scorer`.

    Raises:
        CaptionerError: a file is missing or damaged, or base weights are.
    """
    report("Loading the scorer", None)
    try:
        raw = json.loads((folder / SCORER_FILE).read_text())
        card = ScorerCard(**{**raw, "vision_layers": tuple(raw["vision_layers"])})
        card = replace(card, vision=taken_along(card.vision, folder))
        tensors = {name: value.float() for name, value in load_file(folder / WEIGHTS_FILE).items()}
        backdrop = [tensors.pop(f"backdrop.{side}") for side in ("pictures", "texts")]
    except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise CaptionerError("model_not_found", f"The scorer in {folder} cannot be read: {error}") from error
    scorer = new_dual_encoder(card, base_weights, eyes)
    try:
        scorer.heads.load_state_dict(tensors)
    except RuntimeError as error:
        raise CaptionerError("model_not_found", f"The weights in {folder} do not fit this program's models.") from error
    device = scorer.heads.log_scale.device
    scorer.backdrop = Backdrop(*(side.to(device) for side in backdrop))
    return scorer


def new_dual_encoder(card: ScorerCard, base_weights: Path, eyes: PictureEncoder | None = None) -> DualEncoder:
    """A scorer on its base weights with untrained heads; arguments as for `load_scorer`.

    Raises:
        CaptionerError: base weights are missing.
    """
    try:
        if eyes is not None and eyes.cache_key == encoder_key(card.vision, card.vision_layers):
            encoder = eyes
        else:
            encoder = PictureEncoder(card.vision, base_weights, card.vision_layers).eval()
        sentences = SentenceEncoder(base_weights)
    except BaseWeightsError as error:
        raise CaptionerError("model_not_found", str(error), "python -m trainer fetch-base") from error
    except (OSError, ValueError) as error:
        raise CaptionerError("model_not_found", f"The base models of “{card.title}” cannot be read: {error}") from error
    device = best_device()
    encoder.to(device, inference_dtype(device))
    return DualEncoder(card, encoder, ScorerHeads(3 * encoder.size, card.width).to(device).eval(), sentences)


def save_dual_encoder(card: ScorerCard, heads: ScorerHeads, backdrop: Backdrop, folder: Path) -> None:
    """Write `scorer.json`, and heads and backdrop in half precision; an encoder that was tuned here goes along.

    Args:
        card: the facts.
        heads: the maps.
        backdrop: what their fits are counted against.
        folder: exists; is filled.
    """
    tensors = heads.state_dict() | {"backdrop.pictures": backdrop.pictures, "backdrop.texts": backdrop.texts}
    save_file(
        {name: value.detach().cpu().half().contiguous() for name, value in tensors.items()}, folder / WEIGHTS_FILE
    )
    card = replace(card, vision=take_along(card.vision, folder))
    (folder / SCORER_FILE).write_text(json.dumps(asdict(card), indent=2) + "\n")

"""CLIP and SigLIP models as scorers, by hub name or directory, such as `openai/clip-vit-base-patch32`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from trainer.captioner import CaptionerError, Report
from trainer.device import best_device
from trainer.hub import local_folder

_log = logging.getLogger(__name__)

_BATCH = 16
_KINDS = ("clip", "siglip", "siglip2")


class HubScorer:
    """A CLIPModel or SiglipModel.

    Attributes:
        id: the directory's or hub model's name.
    """

    def __init__(self, name: str, model: Any, tokenizer: Any, processor: Any) -> None:
        self.id = name
        self._model = model
        self._tokenizer = tokenizer
        self._processor = processor
        self._longest_tokens: int = model.config.text_config.max_position_embeddings  # more is an error, not a cut
        # SigLIP was trained on padded texts; CLIP reads its vector at the end token.
        self._padding = "longest" if model.config.model_type == "clip" else "max_length"

    @torch.inference_mode()
    def encode_pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        """See `trainer.scorer.Scorer`."""
        parts = []
        for start in range(0, len(pictures), _BATCH):
            batch = [picture.convert("RGB") for picture in pictures[start : start + _BATCH]]
            pixels = self._processor(images=batch, return_tensors="pt")["pixel_values"].to(self._model.device)
            parts.append(_vectors(self._model.get_image_features(pixel_values=pixels)))
        return torch.cat(parts)

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """See `trainer.scorer.Scorer`."""
        parts = []
        for start in range(0, len(texts), _BATCH):
            tokens = self._tokenizer(
                list(texts[start : start + _BATCH]),
                padding=self._padding,
                truncation=True,
                max_length=self._longest_tokens,
                return_tensors="pt",
            ).to(self._model.device)
            parts.append(_vectors(self._model.get_text_features(**tokens)))
        return torch.cat(parts)


def _vectors(output: Any) -> Tensor:
    """The answer of transformers 5 is an output object; the projected vector is its `pooler_output`."""
    vectors: Tensor = output.pooler_output
    return torch.nn.functional.normalize(vectors.float(), dim=-1)


def load_hub_scorer(name: str, report: Report) -> HubScorer:
    """Load a CLIP or SigLIP model.

    Args:
        name: a directory, or "owner/model".
        report: is told what is being done.

    Raises:
        CaptionerError: no such model, no network, or a model of another kind.
    """
    is_local = Path(name).is_dir()
    folder = name if is_local else local_folder(name, report)
    report("Loading the scorer", None)
    try:
        model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        if model.config.model_type not in _KINDS:
            raise CaptionerError(
                "model_not_found", f"“{name}” is a {model.config.model_type} model; a scorer must be CLIP or SigLIP."
            )
        tokenizer = AutoTokenizer.from_pretrained(folder)
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil")  # needs no torchvision
    except (OSError, ValueError) as error:
        _log.info("%s: %s", name, error)
        said = f"There is no scorer in {name}." if is_local else f"“{name}” is no CLIP or SigLIP model."
        raise CaptionerError("model_not_found", said) from error
    return HubScorer(name, model.to(best_device()), tokenizer, processor)

"""From a picture to a grid of features: a frozen ViT that sees the whole panel undistorted.

A panel may be a wide strip or a tall column. The picture keeps its proportions: it is scaled so that its
patch grid holds about PATCH_BUDGET patches, goes through the ViT (position embeddings interpolate), and
the patch features are average-pooled onto a GRID x GRID field. Every picture thus becomes the same 65 vectors,
which are cached while the ViT is frozen.

A vector may join several layers of the ViT. The last one says what kind of thing is there; earlier ones still know
shape, colour and place, which a drawing lives by. Measured on dev: with layers 6, 8, 10 and 12 a linear head finds the
right one of 277 descriptions among its first ten for 37 % of the pictures, with the last layer alone for 30 %.

Letters: B pictures, H W pixels, D features, L joined layers, G = GRID.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from trainer.tensor_files import save_tensors
from trainer.vision import eyes_for, load_vision, vision_key

PATCH_BUDGET = 256
"""Patches a picture is given: a 224 x 224 square in patches of 14."""

GRID = 8
"""Side of the pooled field: 2 x 2 patches of a square picture make one vector."""

FEATURES = GRID * GRID + 1
"""Vectors a picture: the class token, then the field row by row."""

_SAVE_EVERY = 500  # pictures: a minute's work is lost at most
_LARGEST_ASPECT = 4.0  # a longer strip would leave fewer than GRID patches on its short side
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet, as DINOv2 was trained


class FrozenEncoder(Protocol):
    """Turns pictures into features that are worth keeping, because its weights do not change."""

    @property
    def cache_key(self) -> str:
        """Names the weights and how they are used: equal keys give equal features."""

    def __call__(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Features of pictures of any sizes: (B, V, D)."""


class PictureEncoder(nn.Module):
    """A ViT behind fixed preprocessing.

    Attributes:
        name: as `trainer.vision` names it.
        layers: which layers' outputs are joined, counted from 1; empty for the last one after its norm.
        backbone: the ViT, frozen.
        size: D, features a vector.
        cache_key: see `FrozenEncoder`.
    """

    def __init__(self, name: str, base_weights: Path, layers: Sequence[int] = ()) -> None:
        """Load the ViT.

        Args:
            name: see `trainer.vision`.
            base_weights: the folder of `trainer.base_weights`.
            layers: see the class.

        Raises:
            BaseWeightsError: base weights are missing.
            OSError: there is no such model.
            ValueError: a layer it does not have, or damaged files.
        """
        super().__init__()
        self.name, self.layers = name, tuple(layers)
        self.backbone = load_vision(name, base_weights)
        self.cache_key = encoder_key(name, self.layers)
        if any(not 1 <= layer <= self.backbone.config.num_hidden_layers for layer in self.layers):
            raise ValueError(f"{name} has {self.backbone.config.num_hidden_layers} layers, not {max(self.layers)}")
        self.size: int = self.backbone.config.hidden_size * max(1, len(self.layers))
        self._patch_px: int = self.backbone.config.patch_size

    def forward(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Features of pictures of any sizes, in order.

        Returns:
            (B, FEATURES, D) in the backbone's dtype.
        """
        return torch.stack([self._encode(picture) for picture in pictures])

    def _encode(self, picture: Image.Image) -> Tensor:
        return self.look(self.prepare(picture)[None])[0]

    def prepare(self, picture: Image.Image) -> Tensor:
        """A picture of any size as normalised pixels, whole patches wide and high: (3, H, W)."""
        columns, rows = patch_grid(*picture.size)
        scaled = picture.convert("RGB").resize(
            (columns * self._patch_px, rows * self._patch_px), Image.Resampling.BICUBIC
        )
        pixels = torch.from_numpy(np.asarray(scaled).copy()).float() / 255  # (H, W, 3)
        return ((pixels - torch.tensor(_MEAN)) / torch.tensor(_STD)).permute(2, 0, 1)

    def patches(self, size: Sequence[int]) -> int:
        """How many patches prepared pictures of a size (3, H, W) have."""
        return math.prod(side // self._patch_px for side in size[1:])

    def look(self, pixels: Tensor, kept: Tensor | None = None) -> Tensor:
        """Features of prepared pictures of one size.

        Args:
            pixels: (B, 3, H, W).
            kept: (B, K), numbers from 0 of the patches that are looked at, row by row; None for all. The others cost
                nothing, which is how training saves time (Li et al. 2023, FLIP).

        Returns:
            (B, FEATURES, D) in the backbone's dtype.
        """
        rows, columns = (side // self._patch_px for side in pixels.shape[2:])
        weights = next(self.backbone.parameters())
        with contextlib.nullcontext() if kept is None else _only(kept, self.backbone.embeddings):
            output = self.backbone(
                pixel_values=pixels.to(weights.device, weights.dtype), output_hidden_states=bool(self.layers)
            )
        if self.layers:
            joined = [output.hidden_states[layer] for layer in self.layers]
            hidden = torch.cat([nn.functional.layer_norm(part, part.shape[-1:]) for part in joined], dim=-1)
        else:
            hidden = output.last_hidden_state  # (B, 1 + rows * columns, D)
        if kept is None:
            field = hidden[:, 1:].mT.reshape(len(hidden), self.size, rows, columns)
            pooled = nn.functional.adaptive_avg_pool2d(field, GRID).flatten(2).mT
        else:
            pooled = _pooled(hidden[:, 1:], kept, (rows, columns))
        return torch.cat([hidden[:, :1], pooled], dim=1)


@contextlib.contextmanager
def _only(kept: Tensor, embeddings: nn.Module) -> Iterator[None]:
    """While it lasts, `embeddings` gives the class token and the patches `kept` (B, K) alone."""

    def drop(_: nn.Module, __: object, tokens: Tensor) -> Tensor:
        numbers = torch.cat([kept.new_zeros(len(kept), 1), kept + 1], dim=1).to(tokens.device)
        return tokens.gather(1, numbers[..., None].expand(-1, -1, tokens.shape[-1]))

    hook = embeddings.register_forward_hook(drop)
    try:
        yield
    finally:
        hook.remove()


def _pooled(patches: Tensor, kept: Tensor, grid: tuple[int, int]) -> Tensor:
    """The mean of the kept patches in each cell of the field; cells without any get the mean of the others.

    Args:
        patches: (B, K, D).
        kept: (B, K) their numbers.
        grid: rows and columns of all patches.

    Returns:
        (B, GRID * GRID, D).
    """
    batch, _, size = patches.shape
    numbers = kept.to(patches.device)[..., None]
    everywhere = patches.new_zeros(batch, grid[0] * grid[1], size).scatter(1, numbers.expand_as(patches), patches)
    is_kept = patches.new_zeros(batch, grid[0] * grid[1], 1).scatter(1, numbers, 1.0)
    summed, share = (
        nn.functional.adaptive_avg_pool2d(part.mT.reshape(batch, -1, *grid), GRID).flatten(2).mT
        for part in (everywhere, is_kept)
    )
    is_empty = share == 0
    means = summed / share.masked_fill(is_empty, 1)
    return torch.where(is_empty, means.sum(1, keepdim=True) / (~is_empty).sum(1, keepdim=True), means)


def encoder_key(name: str, layers: Sequence[int]) -> str:
    """The `FrozenEncoder.cache_key` of the encoder that would be loaded so.

    Raises:
        OSError: there is no such tuned encoder.
    """
    return f"{vision_key(name)} {tuple(layers)} {PATCH_BUDGET} {GRID}"


def patch_grid(width: int, height: int) -> tuple[int, int]:
    """Patch columns and rows for a picture: its own proportions within limits, about PATCH_BUDGET in all."""
    aspect = min(max(width / height, 1 / _LARGEST_ASPECT), _LARGEST_ASPECT)
    columns = max(GRID, round(math.sqrt(PATCH_BUDGET * aspect)))
    return columns, max(GRID, PATCH_BUDGET // columns)


def summarise(features: Tensor) -> Tensor:
    """Class token, mean and maximum of the field, each vector normalised first: (B, V, D) -> (B, 3 D)."""
    vectors = nn.functional.layer_norm(features, features.shape[-1:])
    return torch.cat([vectors[:, 0], vectors[:, 1:].mean(1), vectors[:, 1:].amax(1)], dim=-1)


class FeatureCache:
    """Features of picture files under a frozen encoder, computed once and kept on disk.

    One file an encoder; inside, a picture is known by its path, size and date, so that other splits and grown data
    sets compute only what is new.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def features_of(
        self, encoder: FrozenEncoder, paths: Sequence[Path], report: Callable[[int, int], None]
    ) -> dict[Path, Tensor]:
        """Features of every picture.

        Args:
            encoder: a frozen encoder.
            paths: picture files; doubles are encoded once.
            report: is told how many of how many missing ones are done.

        Returns:
            For each path (V, D), float16.
        """
        file = self._folder / f"{_digest(encoder.cache_key)}.safetensors"
        try:
            stored = load_file(file)
        except (OSError, SafetensorError):
            stored = {}
        keys = {path: _picture_key(path) for path in dict.fromkeys(paths)}
        missing = [path for path, key in keys.items() if key not in stored]
        for index, path in enumerate(missing):
            stored[keys[path]] = self._encode(encoder, path)
            report(index + 1, len(missing))
            if index + 1 == len(missing) or (index + 1) % _SAVE_EVERY == 0:
                self._save(stored, file)
        return {path: stored[key] for path, key in keys.items()}

    @staticmethod
    @torch.inference_mode()
    def _encode(encoder: FrozenEncoder, path: Path) -> Tensor:
        with Image.open(path) as picture:
            return encoder([picture])[0].half().cpu()

    def _save(self, stored: dict[str, Tensor], file: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        scratch = file.with_suffix(f".{os.getpid()}.part")  # several processes may save at once
        save_tensors(stored, scratch)
        scratch.replace(file)


def training_features(
    encoder: PictureEncoder, paths: Sequence[Path], base_weights: Path, report: Callable[[int, int], None]
) -> dict[Path, Tensor]:
    """Features of pictures that may be learned from: of an encoder tuned in folds, those of the fold that left it out.

    Args:
        encoder: a frozen encoder.
        paths: picture files.
        base_weights: the folder of `trainer.base_weights`; features are cached beside it.
        report: as for `FeatureCache.features_of`; starts anew with each fold.

    Returns:
        For each path (V, D), float16.
    """
    cache, features = FeatureCache(base_weights.parent / "features"), dict[Path, Tensor]()
    weights = next(encoder.parameters())
    for name, seen in eyes_for(encoder.name, paths).items():
        eyes = encoder
        if name != encoder.name:
            eyes = PictureEncoder(name, base_weights, encoder.layers).eval().to(weights.device, weights.dtype)
        features |= cache.features_of(eyes, seen, report)
    return features


def _picture_key(path: Path) -> str:
    status = path.stat()
    return _digest(f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]

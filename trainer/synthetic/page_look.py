"""What paper, printing and scanning do to synthetic pages."""

from __future__ import annotations

import math
import random

import cv2
import numpy as np
import numpy.typing as npt

from trainer.synthetic.page_art import Rgb
from trainer.synthetic.page_artist import Shade

Affine = npt.NDArray[np.float64]  # (2, 3)

_LARGEST_TILT_DEGREES = 1.6


def paper_shade(draws: random.Random) -> Shade:
    """The colour of the paper, which is that of the gutters: white, black, tinted or any."""
    kind = draws.random()
    if kind < 0.56:
        return (255, 255, 255)
    if kind < 0.74:
        level = draws.choice((0, 0, draws.randint(0, 30)))
        return level, level, level
    if kind < 0.88:
        return draws.randint(225, 252), draws.randint(212, 242), draws.randint(170, 232)
    return draws.randint(0, 255), draws.randint(0, 255), draws.randint(0, 255)


def bare_paper(draws: random.Random, width: int, height: int, shade: Shade) -> Rgb:
    """A page without panels: plain, shaded from top to bottom, or with a texture."""
    image = np.full((height, width, 3), shade, np.uint8)
    kind = draws.random()
    if kind < 0.05:
        ramp = np.linspace(1, draws.uniform(0.5, 0.95), height)[:, None, None]
        image = (image * ramp).astype(np.uint8)
    elif kind < 0.11:
        coarse = _noise(draws, (max(2, height // 24), max(2, width // 24), 1)) * draws.uniform(5, 22)
        grain = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
        image = (image + grain).clip(0, 255).astype(np.uint8)
    return image


def tilt(draws: random.Random, width: int, height: int) -> Affine | None:
    """How a crooked scan turns the page; None for a straight one."""
    if draws.random() >= 0.22:
        return None
    angle = draws.gauss(0, _LARGEST_TILT_DEGREES / 2.5)
    return np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0), dtype=np.float64)


def turned(image: Rgb, matrix: Affine, draws: random.Random) -> Rgb:
    """The page as it lies on the scanner's glass, whose lid may be white or black."""
    height, width = image.shape[:2]
    lid = draws.choice(((255, 255, 255), (0, 0, 0), (128, 128, 128)))
    edge = cv2.BORDER_REPLICATE if draws.random() < 0.5 else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=edge, borderValue=lid), dtype=np.uint8)


def worn(image: Rgb, draws: random.Random) -> Rgb:
    """A page after printing, years and scanning; most pages of today get away with little.

    Args:
        image: (H, W, 3) RGB.
        draws: the source of every choice.
    """
    height, width = image.shape[:2]
    if draws.random() < 0.08:
        image = _halftoned(image, draws)
    light = np.ones((1, 1, 3), np.float32)
    if draws.random() < 0.2:  # yellowed
        light = light * np.array([draws.uniform(0.85, 1), draws.uniform(0.78, 0.98), draws.uniform(0.55, 0.92)])
    if draws.random() < 0.14:  # shadow towards the spine, or along a side
        fall = np.linspace(draws.uniform(0.45, 0.95), 1, width, dtype=np.float32) ** draws.uniform(0.4, 3)
        light = light * (fall if draws.random() < 0.5 else fall[::-1])[None, :, None]
    lowest, highest = (draws.uniform(0, 50), draws.uniform(205, 255)) if draws.random() < 0.25 else (0.0, 255.0)
    noise = draws.uniform(1, 9) if draws.random() < 0.3 else 0.0
    if light.size > 3 or light.min() < 1 or lowest or noise:
        shown = image.astype(np.float32) * ((highest - lowest) / 255) + lowest
        shown *= light.astype(np.float32)
        if noise:
            shown += _noise(draws, (height, width, 1)) * noise
        image = shown.clip(0, 255).astype(np.uint8)
    if draws.random() < 0.25:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), draws.uniform(0.4, 1.1) * height / 1000), dtype=np.uint8)
    if draws.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, draws.randint(30, 92)]
        image = np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR), dtype=np.uint8)
    return image


def _noise(draws: random.Random, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Standard normal numbers."""
    return np.random.default_rng(draws.getrandbits(32)).standard_normal(shape, np.float32)


def _halftoned(image: Rgb, draws: random.Random) -> Rgb:
    """The dots of old colour printing, a screen for each ink at an angle of its own."""
    height, width = image.shape[:2]
    pitch = draws.uniform(2.5, 5) * max(height, width) / 1000
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    inks = []
    for channel, degrees in enumerate((15, 75, 45)):
        across, down = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        along = np.sin((columns * across + rows * down) * (2 * math.pi / pitch))
        beside = np.sin((rows * across - columns * down) * (2 * math.pi / pitch))
        threshold = 128 + (along + beside) * 60
        inks.append(np.clip((image[..., channel] - threshold) * 4 + 128, 0, 255))
    return (0.6 * np.stack(inks, axis=-1) + 0.4 * image).astype(np.uint8)

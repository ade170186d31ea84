"""The learned part of panel detection: a small net that lets every pixel vote for the box of its own panel.

It runs in OpenCV, so that the reader needs no further library. How it was trained: `trainer/panel_training.py`; what
it is good for: `resources/models/panels/README.md`.

Letters: h w the net's output pixels, one for `STRIDE` x `STRIDE` input pixels.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from comicreader.domain.book import RgbImage
from comicreader.resources import resource_path

Floats = npt.NDArray[np.float32]

STRIDE = 4
# Distances come in units of so many input pixels.
_REACH_PX = 64.0
# Sizes the net was trained on: portrait pages have one height, wide ones (spreads, strips) one width.
_MULTIPLE_PX = 32
_PORTRAIT_HEIGHT_PX, _LANDSCAPE_WIDTH_PX = 384, 576
_LANDSCAPE_ASPECT = 1.1
_SHORTEST_PX, _LONGEST_PX = 128, 512

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Votes:
    """What the net says about a picture.

    Attributes:
        inside: (h, w) how likely a pixel lies in a panel, 0 to 1.
        border: (h, w) how likely it lies at a panel's border, 0 to 1.
        boxes: (h, w, 4) the panel it votes for: left, top, right, bottom as shares of width and height, 0 to 1.
    """

    inside: Floats
    border: Floats
    boxes: Floats


class PanelNet:
    """The net, ready to run; may be used from any thread."""

    def __init__(self, model: Path) -> None:
        """Load the net.

        Args:
            model: the ONNX file.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no such net.
        """
        content = np.frombuffer(model.read_bytes(), dtype=np.uint8)
        try:
            self._net = _read_onnx(content)
            self._lock = threading.Lock()
            blank = np.zeros((_SHORTEST_PX, _SHORTEST_PX, 3), dtype=np.uint8)
            self._forward(blank, (_SHORTEST_PX, _SHORTEST_PX))
        except cv2.error as error:
            raise ValueError(f"OpenCV cannot run {model.name}: {error.err or error}") from error

    def look(self, image: RgbImage) -> Votes:
        """The votes of all pixels of a picture."""
        height, width = image.shape[:2]
        output = self._forward(image, input_size(width, height))
        rows, columns = output.shape[1:]
        y = (np.arange(rows, dtype=np.float32)[:, None] + 0.5) * STRIDE - 0.5
        x = (np.arange(columns, dtype=np.float32)[None] + 0.5) * STRIDE - 0.5
        left, top, right, bottom = _softplus(output[2:]) * _REACH_PX
        reach = np.array([columns * STRIDE, rows * STRIDE] * 2, dtype=np.float32)
        boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=-1) / reach
        inside, border = _sigmoid(output[:2])
        return Votes(inside, border, np.clip(boxes, 0, 1))

    def _forward(self, image: RgbImage, size: tuple[int, int]) -> Floats:
        """The net's output (6, h, w) for a picture scaled to a size (width, height)."""
        scaled = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        blob = cv2.dnn.blobFromImage(scaled, scalefactor=1 / 255)
        with self._lock:
            self._net.setInput(blob)
            return np.asarray(self._net.forward()[0], dtype=np.float32)


@cache
def embedded_net() -> PanelNet | None:
    """The net that comes with the program, loaded once; None where it is missing or damaged."""
    return load_net(resource_path("models", "panels", "panels.onnx"))


def load_net(model: Path) -> PanelNet | None:
    """A net from its ONNX file; None, and a line in the log, where it is missing or damaged."""
    try:
        return PanelNet(model)
    except (OSError, ValueError) as error:
        _log.warning("Panels are found without the net: %s", error)
        return None


def input_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the net's input for a picture, input pixels."""
    if width > _LANDSCAPE_ASPECT * height:
        return _LANDSCAPE_WIDTH_PX, _rounded(_LANDSCAPE_WIDTH_PX * height / width)
    return _rounded(_PORTRAIT_HEIGHT_PX * width / height), _PORTRAIT_HEIGHT_PX


def _rounded(length_px: float) -> int:
    return min(max(round(length_px / _MULTIPLE_PX) * _MULTIPLE_PX, _SHORTEST_PX), _LONGEST_PX)


def _read_onnx(content: npt.NDArray[np.uint8]) -> cv2.dnn.Net:
    """The net in the older of OpenCV 5's engines: the newer one, no faster here, rejects some graphs."""
    return cv2.dnn.readNetFromONNX(content, engine=cv2.dnn.ENGINE_CLASSIC)


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), dtype=np.float32)


def _softplus(values: Floats) -> Floats:
    return np.asarray(np.log1p(np.exp(-np.abs(values))) + np.maximum(values, 0), dtype=np.float32)

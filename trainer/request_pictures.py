"""Pictures as requests carry them: JPEG or PNG in base64, no larger than a crop of a panel."""

from __future__ import annotations

import base64
import io

from PIL import Image

_MAX_PIXELS = 4096 * 4096  # a crop is at most 448 px a side; far above is not ours


def request_picture(encoded: str) -> Image.Image:
    """The picture.

    Raises:
        OSError: no picture.
        ValueError: no base64, or larger than any crop.
        PIL.Image.DecompressionBombError: far larger.
    """
    with Image.open(io.BytesIO(base64.b64decode(encoded)), formats=("JPEG", "PNG")) as picture:
        if picture.width * picture.height > _MAX_PIXELS:
            raise ValueError("it is too large")
        picture.load()
        return picture.convert("RGB")

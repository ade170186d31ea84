"""Grounds of synthetic picture stories: what tells grass from sand and snow from a street, without colours too."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw

from trainer.synthetic.ink import mix

TUFTS, FURROWS, SNOWFALL, SEA, DUNES, TREES, ROAD = "tufts", "furrows", "snowfall", "sea", "dunes", "trees", "road"
"""What a place's ground shows; TREES is for whoever can draw them."""

_INK = "#201810"
_SEA_SHADE = "#4f97c8"


def mark_ground(draws: random.Random, scene: Image.Image, marks: str, ground: str, horizon: int) -> None:
    """Draw what a ground is known by.

    Args:
        draws: the source of every choice.
        scene: RGB with sky and ground, drawn on.
        marks: one of this module's kinds.
        ground: the ground's colour.
        horizon: the row at which it begins.
    """
    canvas, (width, height) = ImageDraw.Draw(scene), scene.size
    line, pen = mix(ground, _INK, 0.5), max(1, round(min(width, height) / 160))
    depth = height - horizon
    if marks == TUFTS:
        for _ in range(round(width * depth / 2600)):
            x, y = draws.uniform(0, width), draws.uniform(horizon + 0.1 * depth, height)
            size = 3 + 8 * (y - horizon) / height
            canvas.line([(x - size / 2, y - size), (x, y), (x, y - 1.3 * size)], fill=line, width=pen)
            canvas.line([(x, y), (x + size / 2, y - size)], fill=line, width=pen)
    elif marks == FURROWS:
        vanishing = draws.uniform(0.3, 0.7) * width
        for number in range(-14, 15):
            canvas.line(
                [(vanishing + number * width / 40, horizon), (vanishing + number * width / 7, height)],
                fill=line,
                width=pen,
            )
    elif marks == SNOWFALL:
        for _ in range(round(width * height / 1500)):
            x, y, size = draws.uniform(0, width), draws.uniform(0, height), draws.uniform(1.2, 2.6) * max(1, pen)
            canvas.ellipse((x - size, y - size, x + size, y + size), fill="#ffffff", outline="#7f93a8", width=1)
    elif marks == SEA:
        top = horizon - round(0.3 * depth)
        canvas.rectangle((0, top, width, horizon), fill=mix(_SEA_SHADE, ground, 0.1))
        canvas.line([(0, top), (width, top)], fill=mix(_SEA_SHADE, _INK, 0.5), width=pen)
        _waves(draws, canvas, width, (top, horizon), pen)
    elif marks == DUNES:
        for share in (0.15, 0.45, 0.8):
            x, y, reach = draws.uniform(0.2, 0.8) * width, horizon + share * depth, draws.uniform(0.5, 0.9) * width
            canvas.arc((x - reach, y, x + reach, y + 0.8 * depth), 190, 350, fill=line, width=pen)
    elif marks == ROAD:
        for share in (0.08, 0.94):
            canvas.line([(0, horizon + share * depth), (width, horizon + share * depth)], fill=line, width=2 * pen)
        y, dash = horizon + 0.42 * depth, width / 9
        for number in range(6):
            left = dash * (1.7 * number - 0.4)
            canvas.rectangle((left, y, left + dash, y + 2 * pen), fill="#f4f2ec", outline=line, width=1)


def _waves(draws: random.Random, canvas: ImageDraw.ImageDraw, width: int, rows: tuple[int, int], pen: int) -> None:
    size = max(4, (rows[1] - rows[0]) // 3)
    for _ in range(width // (2 * size)):
        x, y = draws.uniform(0, width), draws.uniform(rows[0] + 0.4 * size, rows[1] - size)
        for side in (0, 1):
            canvas.arc((x + side * size, y, x + (side + 1) * size, y + size), 20, 160, fill="#e9f4fb", width=pen + 1)
            canvas.arc(
                (x + side * size, y + pen, x + (side + 1) * size, y + size + pen), 20, 160, fill="#2c5f86", width=pen
            )

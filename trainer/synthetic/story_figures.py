"""The figures of synthetic picture stories, drawn: people and clothed animals with moods, arms and a known look.

A figure has its own coordinates: it is 100 units high without a hat, its feet are at the origin, it looks to the right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from trainer.synthetic.faces import Mood, face
from trainer.synthetic.ink import INK, Canvas, Color, Point, mix, oval, tapered
from trainer.synthetic.story_cast import ADULTS, BOW_TIE, CHILDREN, COLORS, POINTED_HAT, SCARF, WOOLLY_HAT, Look

DOWN, UP, POINTING, HOLDING = "down", "up", "pointing", "holding"
"""What the arms do: hang, are both raised, the front one points ahead, or holds something."""

# The far and the near hand, by what the arms do.
_HANDS: dict[str, tuple[Point, Point]] = {
    DOWN: ((19, -31), (-19, -31)),
    UP: ((29, -76), (-29, -76)),
    POINTING: ((36, -54), (-19, -31)),
    HOLDING: ((25, -38), (-19, -31)),
}
# What a figure can reach, in its units: from the origin to the left, up, to the right and down.
_REACH_LEFT, _REACH_UP, _REACH_RIGHT, _REACH_DOWN = 38, 124, 46, 6
_HEAD_BOX = (-21.0, -98.0, 21.0, -55.0)
_WHITE_HAIR: Color = "#efece6"
_FURS: dict[str, tuple[Color, Color]] = {
    "bear": ("#9a6a45", "#d9b48c"), "rabbit": ("#e4dcd2", "#f8f4ee"), "cat": ("#efb24f", "#fbe8c4"),
    "mouse": ("#a3a3ad", "#d6d6dd"), "pig": ("#f2aeb4", "#f9cdd0"), "fox": ("#e0772f", "#fbf3e6"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn figure on transparent ground.

    Attributes:
        picture: RGBA, cut to its ink.
        origin: where its feet are in the picture, pixels.
        head: left, top, right, bottom of the head without a hat, pixels of the picture.
        hand: the middle of what the front hand holds, pixels of the picture.
    """

    picture: Image.Image
    origin: Point
    head: tuple[float, float, float, float]
    hand: Point


def draw_figure(look: Look, mood: Mood, arms: str, height_px: float, *, flip: bool) -> Figure:
    """Draw a figure.

    Args:
        look: who it is.
        mood: what the face shows.
        arms: DOWN, UP, POINTING or HOLDING.
        height_px: from the feet to the top of the head.
        flip: whether it looks to the left.
    """
    scale = height_px / 100
    left = _REACH_RIGHT if flip else _REACH_LEFT
    width = round((_REACH_LEFT + _REACH_RIGHT) * scale) + 1
    height = round((_REACH_UP + _REACH_DOWN) * scale) + 1
    x, y, side = left * scale, _REACH_UP * scale, -1 if flip else 1

    def paint(canvas: Canvas) -> None:
        _paint(canvas.placed(x, y, scale, flip=flip, pen=min(1.0, 0.35 + height_px / 300)), look, mood, arms)

    picture = cut_out(paint, width, height)
    box = picture.getbbox() or (0, 0, width, height)
    sides = sorted((x + side * _HEAD_BOX[0] * scale, x + side * _HEAD_BOX[2] * scale))
    head = sides[0], y + _HEAD_BOX[1] * scale, sides[1], y + _HEAD_BOX[3] * scale
    hand = _HANDS[arms][0]
    return Figure(
        picture.crop(box),
        (x - box[0], y - box[1]),
        (head[0] - box[0], head[1] - box[1], head[2] - box[0], head[3] - box[1]),
        (x + side * hand[0] * scale - box[0], y + hand[1] * scale - box[1]),
    )


def cut_out(paint: Callable[[Canvas], None], width: int, height: int) -> Image.Image:
    """What is painted, on transparent ground (RGBA): what shows of white and black ground tells how much it covers."""
    grounds = []
    for ground in ("#ffffff", "#000000"):
        canvas = Canvas(width, height)
        canvas.shape([(0, 0), (width, 0), (width, height), (0, height)], ground, line=None)
        paint(canvas)
        grounds.append(np.asarray(canvas.finished(), dtype=np.float32))
    on_white, on_black = grounds  # each (H, W, 3)
    cover = 1 - ((on_white - on_black).mean(axis=2) / 255).clip(0, 1)  # (H, W)
    color = on_black / np.maximum(cover, 1 / 255)[..., None]
    pixels = np.concatenate([color, cover[..., None] * 255], axis=2)
    return Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8), "RGBA")


def _paint(figure: Canvas, look: Look, mood: Mood, arms: str) -> None:
    coat, skin = COLORS[look.coat], _FURS[look.kind][0] if look.kind in _FURS else look.skin
    for hip in (5.5, -5.5):
        figure.shape(tapered([(hip, -28), (hip + 0.5, -16), (hip + 0.5, -5)], 9, 8), "#5a5a7d")
        figure.blob([(hip - 5, -8), (hip + 4, -8), (hip + 9, -3), (hip + 8, 0), (hip - 5, 0)], "#6b4a37")
    far, near = _HANDS[arms]
    _arm(figure, (8, -50), far, coat, skin)
    figure.blob(
        [(-9, -56), (9, -56), (14, -44), (17, -24), (8, -20.5), (-8, -20.5), (-17, -24), (-14, -44)], coat, shade=4
    )
    figure.curve([(1.5, -52), (2.5, -38), (2, -22)], mix(coat, INK, 0.5), 1.6)
    _arm(figure, (-8, -50), near, coat, skin)
    _neckwear(figure, look)
    head = figure.placed(0, -57)
    if look.kind in _FURS:
        _animal_head(head, look.kind, mood)
    else:
        _person_head(head, look, mood)
    _headwear(head, look)


def _arm(figure: Canvas, shoulder: Point, hand: Point, sleeve: Color, skin: Color) -> None:
    dx, dy = hand[0] - shoulder[0], hand[1] - shoulder[1]
    elbow = shoulder[0] + dx * 0.55, shoulder[1] + dy * 0.5 + abs(dx) * 0.1
    wrist = shoulder[0] + dx * 0.88, shoulder[1] + dy * 0.88
    figure.shape(oval(*hand, 4.2, 4.2), skin)
    figure.shape(tapered([shoulder, elbow, wrist], 9, 8), sleeve, shade=1.8)


def _neckwear(figure: Canvas, look: Look) -> None:
    color = COLORS[look.extra_color]
    if look.extra == SCARF:
        figure.blob([(-12, -58), (0, -55), (12, -58), (12, -50), (0, -46.5), (-12, -50)], color, shade=1.5)
        figure.shape([(-10, -51), (-3, -49), (-4, -32), (-12, -32)], color, shade=1.2)
    elif look.extra == BOW_TIE:
        for side in (-1, 1):
            figure.shape([(0, -51), (side * 11, -57), (side * 11, -45)], color, shade=1)
        figure.shape(oval(0, -51, 3, 3), color)


def _headwear(head: Canvas, look: Look) -> None:
    color = COLORS[look.extra_color]
    if look.extra == POINTED_HAT:
        head.blob([(-14, -34), (-5, -52), (3, -66), (7, -52), (14, -34), (0, -31.5)], color, shade=2.5)
        head.blob([(-21, -33), (0, -37), (21, -33), (0, -29)], color, shade=1)
    elif look.extra == WOOLLY_HAT:
        head.blob([(-16, -30), (-13, -44), (0, -49), (13, -44), (16, -30), (0, -32)], color, shade=2.5)
        head.blob([(-17, -33), (0, -35.5), (17, -33), (17, -28), (0, -30), (-17, -28)], mix(color, "#ffffff", 0.35))
        head.shape(oval(0, -50, 5, 5), mix(color, "#ffffff", 0.35))


def _person_head(head: Canvas, look: Look, mood: Mood) -> None:
    is_old = look.kind.startswith("old")
    hair = _WHITE_HAIR if is_old else look.hair
    if look.kind == "girl":
        for side in (-1, 1):
            head.blob([(side * 13, -20), (side * 21, -14), (side * 22, 2), (side * 17, 8), (side * 13, -4)], hair)
    if look.kind == "old woman":
        head.shape(oval(0, -42, 9, 7.5), hair, shade=1.5)
    if look.kind in ("girl", "old woman"):
        head.blob([(-18.5, -16), (-13, -34), (0, -40.5), (13, -34), (18.5, -16), (10, -3), (-10, -3)], hair, shade=3)
    for side in (-1, 1):
        head.shape(oval(side * 15, -17, 3, 4), look.skin)
    cheeks = [(-14.5, -20), (-9, -33), (9, -33), (14.5, -20), (12.5, -8), (0, -1.2), (-12.5, -8)]
    head.blob(cheeks, look.skin, shade=1.6)
    if look.kind in ("man", "old man"):
        beard = [(-14.5, -16), (-9, -9.5), (0, -12.5), (9, -9.5), (14.5, -16), (13, -3), (0, 6 if is_old else 2)]
        head.blob([*beard, (-13, -3)], hair, shade=1.5)
        head.shape(oval(2, -7.5, 6, 4), look.skin, line=None)
    face(head, (2, -16), 0.95, mood, (0.4, 0.0))
    if look.kind == "old man":
        for side in (-1, 1):
            head.blob([(side * 12, -28), (side * 17, -24), (side * 17, -14), (side * 13.5, -17)], hair)
        return
    if look.kind in CHILDREN or look.kind in ADULTS:
        fringe = [(-15.5, -19), (-15, -33), (-5, -41), (7, -40.5), (15.5, -32), (15.5, -20), (11, -28), (1, -30)]
        head.blob([*fringe, (-9, -27)], hair, shade=1.2)


def _animal_head(head: Canvas, kind: str, mood: Mood) -> None:
    fur, pale = _FURS[kind]
    for side in (-1, 1):
        _ear(head, kind, side, fur, pale)
    head.blob([(-17, -20), (-11, -34), (0, -37), (11, -34), (17, -20), (11, -4), (0, -0.5), (-11, -4)], fur, shade=2)
    if kind == "fox":
        for side in (-1, 1):
            head.blob([(side * 16, -19), (side * 12, -6), (0, -1), (side * 3, -10), (side * 9, -13)], pale, line=None)
    else:
        head.shape(oval(2, -8.5, 9, 6.8), pale, line=None)
    face(head, (2, -18), 0.95, mood, (0.4, 0.0))
    if kind == "pig":
        head.shape(oval(2.6, -13, 5.4, 3.8), mix(fur, "#c05a6a", 0.25))
        for side in (-1, 1):
            head.shape(oval(2.6 + side * 2, -13, 0.9, 1.4), "#8f4a52", line=None)
        return
    head.shape(oval(2.6, -13.6, 2.9, 2), "#e58b8b" if kind in ("rabbit", "mouse") else "#33221f", line=None)
    if kind in ("cat", "mouse"):
        for side in (-1, 1):
            for lift in (-1.5, 1.5):
                head.curve([(2 + side * 8, -11 + lift / 2), (2 + side * 19, -11 + 2 * lift)], width_px=1.2)


def _ear(head: Canvas, kind: str, side: int, fur: Color, pale: Color) -> None:
    if kind == "rabbit":
        head.shape(oval(side * 8.5, -46, 5.4, 16, degrees=side * 9), fur)
        head.shape(oval(side * 8.5, -45, 2.6, 11, degrees=side * 9), "#f3b9bd", line=None)
    elif kind == "mouse":
        head.shape(oval(side * 16, -34, 11, 11), fur)
        head.shape(oval(side * 16, -34, 7, 7), "#f0b6b8", line=None)
    elif kind == "bear":
        head.shape(oval(side * 13, -34, 7.5, 7.5), fur)
        head.shape(oval(side * 13, -34, 4, 4), pale, line=None)
    else:
        reach = {"cat": 46, "fox": 49, "pig": 40}[kind]
        head.shape([(side * 3, -33), (side * 15, -reach), (side * 17, -20)], fur)
        head.shape([(side * 7, -33), (side * 14, -reach + 6), (side * 15, -26)], pale, line=None)

"""Faces of the demo comic: a few strokes that show a mood at any size."""

from __future__ import annotations

from enum import Enum

from trainer.synthetic.ink import INK, Canvas, Color, Point, mix, oval

SKIN: Color = "#f6cfae"
BLUSH: Color = "#e8836f"
BROW: Color = "#6a3827"


class Mood(Enum):
    """What a face shows."""

    HAPPY = "happy"
    LAUGHING = "laughing"
    CALM = "calm"
    SURPRISED = "surprised"
    SAD = "sad"
    ASLEEP = "asleep"


def face(head: Canvas, center: Point, size: float, mood: Mood, gaze: Point) -> None:
    """Eyes, cheeks, nose and mouth.

    Args:
        head: the head's own coordinates.
        center: the middle of the face when it looks straight ahead.
        size: 1 for a face about 28 units wide.
        mood: what it shows.
        gaze: where it turns, each -1 to 1: right and down are positive.
    """
    x, y = center[0] + 3.2 * gaze[0], center[1] + 2.2 * gaze[1]
    for side in (-1, 1):
        eye = x + side * 6 * size
        head.wash(oval(x + side * 9 * size, y + 5.4 * size, 3.4 * size, 2.4 * size), BLUSH, 0.55, blur=0.9)
        _eye(head, eye, y, size, mood)
        _brow(head, eye, y - 6 * size, side, size, mood)
    head.curve(
        [(x - 0.6, y + 3.4 * size), (x + 0.9 * size, y + 4.2 * size), (x - 0.4, y + 4.8 * size)],
        mix(SKIN, INK, 0.55),
        1.8,
    )
    _mouth(head, x, y + 8.2 * size, size, mood)


def _eye(head: Canvas, x: float, y: float, size: float, mood: Mood) -> None:
    if mood in (Mood.LAUGHING, Mood.ASLEEP):
        bend = -1.8 if mood is Mood.LAUGHING else 1.8
        head.curve([(x - 2.6 * size, y), (x, y + bend * size), (x + 2.6 * size, y)])
        return
    tall = 3.7 if mood is Mood.SURPRISED else 3.1
    head.shape(oval(x, y, 2.2 * size, tall * size), "#33221f", line=None)
    head.shape(oval(x + 0.7 * size, y - 1.2 * size, 0.85 * size, 0.95 * size), "#ffffff", line=None)


def _brow(head: Canvas, x: float, y: float, side: int, size: float, mood: Mood) -> None:
    lift = {Mood.SURPRISED: -1.8, Mood.SAD: 0.2}.get(mood, 0.0)
    inner, outer = (-1.6, 0.8) if mood is Mood.SAD else (0.0, 0.2)
    near, far = x - side * 2.4 * size, x + side * 2.6 * size
    head.curve([(near, y + lift + inner), (x, y + lift - 0.8), (far, y + lift + outer)], BROW, 2.2)


def _mouth(head: Canvas, x: float, y: float, size: float, mood: Mood) -> None:
    if mood is Mood.LAUGHING:
        head.blob(
            [
                (x - 4.4 * size, y - 1.4),
                (x, y - 0.6),
                (x + 4.4 * size, y - 1.4),
                (x + 2.6 * size, y + 3 * size),
                (x - 2.6 * size, y + 3 * size),
            ],
            "#8f2f35",
        )
        head.shape(oval(x, y + 2.2 * size, 2 * size, 1.1 * size), BLUSH, line=None)
    elif mood is Mood.SURPRISED:
        head.shape(oval(x, y + 0.6, 2 * size, 2.7 * size), "#8f2f35")
    else:
        bend = {Mood.HAPPY: 2.4, Mood.CALM: 0.9, Mood.SAD: -1.9, Mood.ASLEEP: 0.8}[mood] * size
        head.curve([(x - 3.8 * size, y - bend / 2), (x, y + bend / 2), (x + 3.8 * size, y - bend / 2)])

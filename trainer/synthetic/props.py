"""Things of the demo comic's story: the great oak, a bridge, an umbrella, a ladder, a bed."""

from __future__ import annotations

import math
from random import Random

from trainer.synthetic.characters import Pose, girl_head
from trainer.synthetic.faces import Mood
from trainer.synthetic.ink import INK, Canvas, Color, Point, mix, oval, smooth, tapered

OAK_LEAF: Color = "#5f9150"
OAK_BARK: Color = "#7d5a42"
WOOD: Color = "#b98a5a"


def great_oak(canvas: Canvas, x: float, y: float, height: float, seed: int, *, leaf: Color = OAK_LEAF) -> None:
    """The old oak standing on (x, y): a mighty trunk, reaching branches, a wide crown."""
    random = Random(seed)
    figure = canvas.placed(x, y, height / 100)
    figure.wash(oval(2, 1, 34, 3.5), "#20302e", 0.35, blur=1.5)
    dark = mix(leaf, "#27463f", 0.4)
    figure.joined(_ring(random, (0, -66), (38, 23), (8, 11)), dark, shade=5)
    _trunk(figure)
    figure.joined(_ring(random, (0, -76), (36, 18), (7, 10)), leaf, shade=5)
    lumps = (
        (-24, -66, 0.8),
        (22, -66, 0.85),
        (-2, -62, 0.8),
        (-31, -78, 0.8),
        (30, -79, 0.85),
        (-14, -76, 1.0),
        (12, -76, 1.0),
        (-21, -89, 0.85),
        (19, -90, 0.85),
        (-1, -91, 1.0),
    )
    for u, v, size in lumps:
        tone = mix(leaf, "#c9d77a", 0.05 + 0.12 * (-v - 60) / 30)
        puffs = _ring(random, (u, v), (8 * size, 4.6 * size), (3.6 * size, 5.4 * size), count=8)
        figure.joined(puffs, tone, shade=2.6, line=mix(leaf, INK, 0.22))
        for _ in range(5):
            a, b = u + random.uniform(-8, 5) * size, v + random.uniform(-6, 3) * size
            figure.curve([(a, b), (a + 1.1, b - 0.9), (a + 2.2, b)], mix(tone, "#f8f3b0", 0.5), 2.0)


def _trunk(figure: Canvas) -> None:
    branches = (
        ((-2, -34), (-19, -45), (-30, -66), 8),
        ((2, -32), (19, -42), (30, -62), 8),
        ((-2, -46), (-7, -60), (-10, -76), 7),
        ((2, -46), (9, -60), (14, -76), 7),
    )
    foot = [(-7.5, -60), (-7.5, -44), (-7, -22), (-9, -6), (-16, 2), (-7, 0.5)]
    foot += [(1, 2.5), (9, 0.5), (17, 2), (9, -7), (7, -22), (7.5, -44), (7.5, -60)]
    shapes = [tapered([start, bend, end], width, 2.2) for start, bend, end, width in branches]
    figure.joined([*shapes, smooth(foot, closed=False)], OAK_BARK, shade=2.6)
    bark = mix(OAK_BARK, INK, 0.45)
    for u, v, length in ((-4, -6, 10), (1, -12, 14), (5, -4, 8), (-3, -30, 9), (4, -28, 8), (0, -42, 9), (-5, -18, 7)):
        figure.curve([(u, v), (u + 0.8, v - length / 2), (u - 0.4, v - length)], bark, 1.8)
    figure.wash(tapered([(-5, -4), (-4.6, -24), (-4.8, -46)], 3, 2), "#c99a6a", 0.3, blur=0.8)
    figure.shape(oval(0.5, -25, 1.9, 2.8), mix(OAK_BARK, INK, 0.6))
    figure.curve([(-2.2, -24), (-1.6, -28), (0.5, -29.4), (2.6, -28), (3.2, -24)], bark, 1.8)


def _ring(random: Random, middle: Point, reach: Point, puff: Point, count: int = 16) -> list[list[Point]]:
    """Puffs of foliage around a middle one."""
    x, y = middle
    puffs = [oval(x, y, reach[0] * 1.02, reach[1] * 1.02)]
    for i in range(count):
        angle, size = 2 * math.pi * i / count, random.uniform(*puff)
        puffs.append(oval(x + reach[0] * math.cos(angle), y + reach[1] * math.sin(angle), size, size * 0.86))
    return puffs


def bridge(canvas: Canvas, left: float, right: float, y: float) -> None:
    """A small arched plank bridge over a brook; y is its ends' height."""
    rise = (right - left) * 0.1
    deck = [(left, y), ((left + right) / 2, y - rise), (right, y)]
    canvas.curve([(u, v + 8) for u, v in deck], INK, 18)
    canvas.curve([(u, v + 8) for u, v in deck], WOOD, 13)
    for i in range(1, 12):
        t = i / 12
        x, top = left + (right - left) * t, y - rise * 4 * t * (1 - t)
        canvas.curve([(x, top + 2), (x, top + 14)], mix(WOOD, INK, 0.5), 1.6)


def railing(canvas: Canvas, left: float, right: float, y: float, height: float) -> None:
    """The bridge's near railing, drawn after whoever walks on it."""
    rise = (right - left) * 0.1
    for i in range(6):
        t = i / 5
        x, top = left + (right - left) * t, y + 12 - rise * 4 * t * (1 - t)
        canvas.shape([(x - 4, top + 6), (x + 4, top + 6), (x + 4, top - height), (x - 4, top - height)], WOOD, shade=2)
    rail = [
        (left, y + 12 - height * 0.8),
        ((left + right) / 2, y + 12 - rise - height * 0.8),
        (right, y + 12 - height * 0.8),
    ]
    canvas.curve(rail, INK, 12)
    canvas.curve(rail, WOOD, 7.5)


def umbrella(canvas: Canvas, x: float, y: float, width: float, degrees: float = 0.0) -> None:
    """An open green umbrella whose handle is held at (x, y)."""
    figure = canvas.placed(x, y, width / 100, degrees=degrees)
    figure.curve([(0, -66), (0, 4), (4, 10), (9, 5)], "#5b4034", 5)
    dome = [(-50, -40), (-44, -58), (-24, -74), (0, -80), (24, -74), (44, -58), (50, -40)]
    scallops = [(50.0, -40.0), (34, -46), (17, -39), (0, -46), (-17, -39), (-34, -46), (-50, -40)]
    figure.shape([*smooth(dome, closed=False), *scallops], "#3f8a6a", shade=5)
    for u in (-17, 17):
        figure.curve([(0, -80), (u * 0.75, -62), (u, -39)], mix("#3f8a6a", INK, 0.5), 1.8)
    figure.curve([(0, -80), (0, -88)], INK, 4)


def ladder(canvas: Canvas, foot: Point, top: Point, width: float) -> None:
    """A ladder leaning from foot to top."""
    steps = round(math.dist(foot, top) / (width * 0.62))
    for i in range(1, steps):
        t = i / steps
        x, y = foot[0] + (top[0] - foot[0]) * t, foot[1] + (top[1] - foot[1]) * t
        canvas.shape(tapered([(x - width / 2, y), (x + width / 2, y)], width * 0.13, width * 0.13), WOOD)
    for side in (-1, 1):
        u = side * width / 2
        canvas.shape(
            tapered([(foot[0] + u, foot[1]), (top[0] + u, top[1])], width * 0.17, width * 0.17),
            mix(WOOD, "#ffe2a8", 0.25),
            shade=2,
        )


def wind(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Curling gusts that blow to the right."""
    for dx, dy, reach, curl in ((0.0, 0.0, 1.0, 0.17), (0.15, 0.26, 0.72, 0.12), (0.1, -0.22, 0.6, 0.11)):
        u, v, r = x + (dx + reach) * size, y + dy * size, curl * size
        straight = [
            (x + dx * size, v + 6),
            (x + (dx + reach * 0.5) * size, v - 2),
            (u - r, v + 1),
            (u - r * 0.5, v + 0.5),
        ]
        turns = [math.radians(90 - 30 * i) for i in range(14)]
        spiral = [
            (u + r * (1 - 0.045 * i) * math.cos(a), v - r + r * (1 - 0.045 * i) * math.sin(a))
            for i, a in enumerate(turns)
        ]
        canvas.curve([*straight, *spiral], "#ffffff", 4)


def lantern(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A lit lantern hanging from (x, y)."""
    for reach, strength in ((3.2, 0.22), (1.8, 0.3)):
        canvas.wash(oval(x, y + size * 0.7, reach * size, reach * size), "#ffd778", strength, blur=size * 0.8)
    figure = canvas.placed(x, y, size / 10)
    figure.curve([(-3, 3), (0, -1), (3, 3)])
    figure.shape([(-4, 4), (4, 4), (5, 12), (-5, 12)], "#ffe9a6")
    figure.shape([(-5, 4), (0, 1), (5, 4)], "#5b4034")
    figure.shape([(-5.5, 12), (5.5, 12), (5.5, 13.8), (-5.5, 13.8)], "#5b4034")


def bed(canvas: Canvas, x: float, y: float, width: float) -> None:
    """A wooden bed with the sleeping girl in it; (x, y) is the middle of its foot on the floor."""
    figure = canvas.placed(x, y, width / 100)
    figure.shape([(38, 6), (44, 6), (44, -52), (41, -56), (38, -52)], WOOD, shade=1.5)
    figure.shape([(-44, -4), (40, -4), (40, -16), (-44, -16)], mix(WOOD, INK, 0.15), shade=2)
    figure.blob([(14, -18), (16, -30), (28, -34), (38, -30), (39, -18), (26, -15)], "#f4efe6", shade=2)
    asleep = Pose(mood=Mood.ASLEEP, gaze=(0.1, 0.2))
    girl_head(figure.placed(17, -20, 0.52, degrees=62), asleep)
    figure.blob(
        [(-43, -12), (-42, -24), (-20, -30), (6, -30), (17, -25), (18, -13), (8, -9), (-30, -9)], "#c8606a", shade=3
    )
    figure.blob([(6, -30), (13, -31), (19, -24), (19, -12), (13, -9), (11, -18)], "#f6e7d4", shade=1)
    for u, v in ((-34, -19), (-22, -23), (-10, -21), (-26, -14), (-13, -14), (0, -15), (1, -24)):
        figure.shape(oval(u, v, 1.8, 1.8), "#f3b9a4", line=None)
    figure.shape([(-46, 6), (-40, 6), (-40, -30), (-43, -34), (-46, -30)], WOOD, shade=1.5)

"""Backgrounds of the demo comic: sky, weather, land, trees and the village."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from trainer.synthetic.ink import INK, Canvas, Color, Point, mix, oval, ribbon, smooth, tapered

LEAF: Color = "#6fa35a"
BARK: Color = "#8a6142"
ROOFS: tuple[Color, ...] = ("#c4573f", "#b9683a", "#8f4f4a", "#a85a57")
WALLS: tuple[Color, ...] = ("#f4e3c0", "#ecd2b0", "#f1e6d6", "#e6c9a0")
LAMP: Color = "#ffd778"


def sky(canvas: Canvas, colors: Sequence[Color], horizon: float) -> None:
    """A sky from the top of the picture to a row below which land will stand."""
    canvas.gradient(colors, 0, horizon)
    canvas.gradient([colors[-1], colors[-1]], horizon, canvas.height)


def sun(canvas: Canvas, x: float, y: float, radius: float, color: Color = "#fff0b8") -> None:
    """The sun, or the moon in a pale colour, in its glow."""
    for reach, strength in ((4.2, 0.22), (2.4, 0.3), (1.5, 0.4)):
        canvas.wash(oval(x, y, radius * reach, radius * reach), color, strength, blur=radius * reach * 0.3)
    canvas.shape(oval(x, y, radius, radius), color, line=None)


def moon(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """A full moon with its seas."""
    sun(canvas, x, y, radius, "#fdf3cf")
    for dx, dy, size in ((-0.35, -0.2, 0.24), (0.3, 0.25, 0.3), (0.25, -0.45, 0.14), (-0.3, 0.45, 0.15)):
        canvas.wash(oval(x + dx * radius, y + dy * radius, size * radius, size * radius), "#d9c99c", 0.55)


def stars(canvas: Canvas, seed: int, bottom: float, count: int) -> None:
    """Stars of three sizes above a row."""
    random = Random(seed)
    for _ in range(count):
        x, y, size = random.uniform(0, canvas.width), random.uniform(0, bottom), random.choice((1.0, 1.5, 2.3))
        canvas.wash(oval(x, y, size, size), "#fff6d8", random.uniform(0.5, 0.95))


def cloud(canvas: Canvas, x: float, y: float, size: float, color: Color = "#ffffff", strength: float = 0.9) -> None:
    """A soft cloud with a flat base, lit from the upper left."""
    puffs = ((-1.5, 0.1, 0.6), (-0.8, -0.25, 0.8), (0.1, -0.5, 1.0), (0.95, -0.15, 0.75), (1.6, 0.12, 0.5))
    for lift, tone in ((0.16, mix(color, "#7a86b0", 0.28)), (0.0, color)):
        for dx, dy, r in puffs:
            circle = oval(x + dx * size, y + (dy + lift) * size, r * size, r * size * 0.82)
            floor = y + (0.42 + lift) * size
            canvas.wash([(px, min(py, floor)) for px, py in circle], tone, strength, blur=1.2)


def birds(canvas: Canvas, x: float, y: float, size: float) -> None:
    """Three birds far off."""
    for dx, dy, span in ((0.0, 0.0, 1.0), (2.6, 0.9, 0.8), (1.4, -1.3, 0.65)):
        u, v, wing = x + dx * size, y + dy * size, span * size
        canvas.curve([(u - wing, v - wing * 0.3), (u - wing * 0.4, v - wing * 0.45), (u, v)], "#4a4250", 2.0)
        canvas.curve([(u, v), (u + wing * 0.4, v - wing * 0.5), (u + wing, v - wing * 0.25)], "#4a4250", 2.0)


def rain(canvas: Canvas, seed: int, count: int, length: float = 46) -> None:
    """Slanting rain over the whole picture."""
    random = Random(seed)
    for _ in range(count):
        x, y = random.uniform(-20, canvas.width + 40), random.uniform(-30, canvas.height)
        drop = length * random.uniform(0.5, 1.0)
        streak = [(x, y), (x + 1.6, y), (x - 0.26 * drop + 1.6, y + drop), (x - 0.26 * drop, y + drop)]
        canvas.wash(streak, "#eaf2ff", random.uniform(0.35, 0.75))


def hill(canvas: Canvas, ridge: Sequence[Point], color: Color, *, line: Color | None = INK) -> None:
    """Land below a smooth ridge, a little darker towards its foot."""
    crest = smooth(ridge, closed=False)
    foot = [(ridge[-1][0], canvas.height + 20.0), (ridge[0][0], canvas.height + 20.0)]
    canvas.shape([*crest, *foot], color, line=None)
    for depth, strength in ((90.0, 0.1), (180.0, 0.12)):
        lower = [(x, y + depth) for x, y in crest]
        canvas.wash([*lower, *foot], mix(color, "#2d4a4a", 0.5), strength, blur=26)
    if line is not None:
        canvas.curve(ridge, line, 2.0)


def path(
    canvas: Canvas, points: Sequence[Point], start_width: float, end_width: float, color: Color = "#e7cf9d"
) -> None:
    """A path along points, from far to near."""
    left, right = ribbon(points, start_width, end_width)
    canvas.shape([*left, *reversed(right)], color, line=None)
    for side in (left, right):
        canvas.curve(side, mix(color, INK, 0.5), 1.6)


def brook(canvas: Canvas, points: Sequence[Point], start_width: float, end_width: float) -> None:
    """Water along points, from far to near, with ripples."""
    left, right = ribbon(points, start_width, end_width)
    canvas.shape([*left, *reversed(right)], "#8cc4d6", line=None)
    for side in (left, right):
        canvas.curve(side, "#4d7f8f", 2.0)
    for i, (x, y) in enumerate(points[1:], start=1):
        half = (start_width + (end_width - start_width) * i / (len(points) - 1)) * 0.16
        u = x + (half if i % 2 else -half)
        canvas.curve([(u - half, y - 5), (u, y - 8), (u + half, y - 5)], "#e4f4f5", 2.2)


def grass(canvas: Canvas, seed: int, area: tuple[float, float, float, float], count: int, color: Color) -> None:
    """Tufts and small flowers strewn over an area (left, top, right, bottom), larger towards the reader."""
    random = Random(seed)
    left, top, right, bottom = area
    for y in sorted(random.uniform(top, bottom) for _ in range(count)):
        x, size = random.uniform(left, right), 5 + 9 * (y - top) / max(bottom - top, 1)
        if random.random() < 0.3:
            petal = random.choice(("#fff4e0", "#f7c948", "#e98a7a", "#d9c2f0"))
            canvas.curve([(x, y), (x + 1, y - size)], mix(color, INK, 0.35), 1.4)
            canvas.shape(oval(x + 1, y - size - 1, size * 0.26, size * 0.26), petal, line=None)
        else:
            for lean in (-0.5, 0.0, 0.5):
                canvas.curve(
                    [(x, y), (x + lean * size * 0.4, y - size * 0.6), (x + lean * size, y - size)],
                    mix(color, INK, 0.3),
                    1.5,
                )


def tree(canvas: Canvas, x: float, y: float, height: float, seed: int, leaf: Color = LEAF) -> None:
    """A round tree standing on (x, y)."""
    random = Random(seed)
    figure = canvas.placed(x, y, height / 100)
    figure.wash(oval(6, 0, 34, 5), "#24383a", 0.28, blur=2)
    figure.shape(tapered([(0, 2), (-1, -25), (1, -50)], 11, 7), BARK, shade=3)
    puffs = [oval(0, -68, 25, 23)]
    for i in range(8):
        angle = 2 * math.pi * i / 8 + random.uniform(-0.2, 0.2)
        size = random.uniform(12, 16)
        puffs.append(oval(22 * math.cos(angle), -67 + 19 * math.sin(angle), size, size * 0.92))
    figure.joined(puffs, leaf, shade=7)
    for _ in range(7):
        u, v = random.uniform(-22, 12), random.uniform(-86, -62)
        figure.curve([(u, v), (u + 3, v - 2.4), (u + 6, v)], mix(leaf, "#fff6c0", 0.45), 1.8)


def fir(canvas: Canvas, x: float, y: float, height: float, color: Color = "#4f7f63") -> None:
    """A fir of four tiers standing on (x, y)."""
    figure = canvas.placed(x, y, height / 100)
    figure.shape([(-4, 0), (4, 0), (3, -16), (-3, -16)], BARK)
    for foot, half, top in ((-12, 30, -48), (-34, 25, -66), (-54, 19, -83), (-70, 13, -100)):
        figure.blob(
            [
                (-half, foot),
                (-half * 0.45, (foot + top) / 2),
                (0, top),
                (half * 0.45, (foot + top) / 2),
                (half, foot),
                (0, foot + 5),
            ],
            color,
            shade=4,
        )


def house(canvas: Canvas, x: float, y: float, height: float, style: int, *, lit: bool = False) -> None:
    """A gabled cottage standing on (x, y); style picks colours and proportions, `lit` its windows."""
    wall, roof = WALLS[style % len(WALLS)], ROOFS[style % len(ROOFS)]
    figure = canvas.placed(x, y, height / 100, flip=style % 2 == 1)
    half = (34, 40, 30, 36)[style % 4]
    glass = LAMP if lit else "#a9c6cf"
    figure.shape([(half * 0.35, -62), (half * 0.65, -62), (half * 0.65, -98), (half * 0.35, -98)], "#b77d62", shade=3)
    figure.shape([(-half, 0), (half, 0), (half, -50), (-half, -50)], wall, shade=4)
    figure.wash([(-half, -44), (half, -44), (half, -50), (-half, -50)], "#5a3b4a", 0.3)
    figure.blob(
        [(-half - 9, -46), (-half * 0.5, -70), (0, -94), (half * 0.5, -70), (half + 9, -46), (0, -49)], roof, shade=6
    )
    for row in range(3):
        u = half * (0.72 - 0.22 * row)
        v = -56 - 10 * row
        for step in range(4 - row):
            left = -u + step * 2 * u / (4 - row) + 4
            figure.curve([(left, v), (left + 4, v + 2.4), (left + 8, v)], mix(roof, INK, 0.4), 1.4)
    figure.shape(
        [(-half * 0.55, 0), (-half * 0.1, 0), (-half * 0.1, -26), (-half * 0.32, -31), (-half * 0.55, -26)], "#7d5a48"
    )
    figure.shape(oval(-half * 0.18, -13, 1.4, 1.4), "#e9c46a", line=None)
    window(figure, half * 0.48, -24, 9, glass)
    figure.shape(oval(0, -66, 6, 6), glass)
    if lit:
        figure.wash(oval(half * 0.48, -24, 24, 24), LAMP, 0.35, blur=8)


def window(canvas: Canvas, x: float, y: float, half: float, glass: Color) -> None:
    """A small square window with a cross."""
    canvas.shape([(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)], glass)
    canvas.curve([(x, y - half), (x, y + half)], width_px=1.8)
    canvas.curve([(x - half, y), (x + half, y)], width_px=1.8)


def village(canvas: Canvas, x: float, y: float, height: float, *, lit: bool = False) -> None:
    """A huddle of cottages about a church tower, its foot at (x, y)."""
    canvas = canvas.placed(0, 0, pen=0.6)
    tower = canvas.placed(x - height * 0.15, y - height * 0.2, height / 62)
    tower.shape([(-12, 0), (12, 0), (12, -78), (-12, -78)], "#e9dcc3", shade=4)
    tower.shape([(-16, -77), (0, -122), (16, -77)], "#7d5560", shade=5)
    tower.shape(oval(0, -62, 6, 6), "#fdf6e3")
    tower.curve([(0, -66), (0, -62), (3, -60)], width_px=1.4)
    for dx, dy, size, style in (
        (-1.5, -0.12, 0.8, 2),
        (0.85, -0.2, 0.86, 3),
        (-0.75, 0.0, 1.0, 0),
        (1.7, 0.0, 0.9, 1),
        (0.4, 0.1, 1.05, 2),
    ):
        house(canvas, x + dx * height, y + dy * height, size * height, style, lit=lit)


def fence(canvas: Canvas, left: float, right: float, y: float, height: float) -> None:
    """A picket fence along a row."""
    for rail in (0.35, 0.72):
        canvas.shape(
            tapered([(left, y - rail * height), (right, y - rail * height)], height * 0.13, height * 0.13), "#d8b98a"
        )
    posts = max(2, round((right - left) / (height * 0.5)))
    for i in range(posts + 1):
        x = left + (right - left) * i / posts
        w = height * 0.1
        canvas.shape(
            [(x - w, y), (x + w, y), (x + w, y - height * 0.9), (x, y - height * 1.08), (x - w, y - height * 0.9)],
            "#e8cda0",
            shade=w * 0.6,
        )

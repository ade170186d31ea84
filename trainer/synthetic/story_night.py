"""The demo comic's story, second part: rain, the rescue of the kite, and the way home by moonlight.

Each function paints one panel on a canvas of the panel's own size.
"""

from __future__ import annotations

from itertools import pairwise

from trainer.synthetic.characters import Pose, girl, girl_bust, kite, old_man
from trainer.synthetic.dog import DogPose, dog
from trainer.synthetic.faces import SKIN, Mood
from trainer.synthetic.ink import INK, Canvas, Color, oval
from trainer.synthetic.props import bed, great_oak, ladder, lantern, umbrella
from trainer.synthetic.scenery import cloud, fir, grass, hill, house, moon, path, rain, sky, stars, village

STORM: tuple[Color, ...] = ("#5d6c8c", "#8494aa", "#b3bdc4")
NIGHT: tuple[Color, ...] = ("#16234a", "#2b3f73", "#5a6d9c")
WET_FAR: Color = "#8fa5a2"
WET_NEAR: Color = "#76a262"
DARK_FAR: Color = "#4c6a98"
DARK_MIDDLE: Color = "#4d8077"
DARK_NEAR: Color = "#548a62"
MOONLIGHT: Color = "#aab6e0"


def rain_comes(canvas: Canvas) -> None:
    """Rain pours; sadly the girl holds her dog close under the oak."""
    w, h = canvas.width, canvas.height
    sky(canvas, STORM, h * 0.7)
    cloud(canvas, w * 0.2, h * 0.12, 70, "#7d879d")
    cloud(canvas, w * 0.7, h * 0.08, 84, "#737e96")
    hill(canvas, [(-20, h * 0.6), (w * 0.5, h * 0.64), (w + 20, h * 0.56)], WET_FAR)
    for x, y, size in ((0.08, 0.68, 110), (0.2, 0.7, 84)):
        fir(canvas, w * x, h * y, size, "#55776b")
    hill(canvas, [(-20, h * 0.76), (w * 0.5, h * 0.72), (w + 20, h * 0.75)], WET_NEAR)
    great_oak(canvas, w * 0.54, h * 0.86, 700, 21)
    grass(canvas, 31, (0, h * 0.8, w, h), 34, WET_NEAR)
    girl(canvas, w * 0.3, h * 0.95, 215, Pose(((14, -38), (-4, -38)), mood=Mood.SAD, gaze=(0.4, 0.6), tilt=8))
    dog(canvas, w * 0.51, h * 0.96, 98, DogPose.SITTING, flip=True)
    canvas.light("#ccd4e8")
    rain(canvas, 31, 120)


def help_comes(canvas: Canvas) -> None:
    """Up the hill comes the old man with umbrella, ladder and lantern."""
    w, h = canvas.width, canvas.height
    sky(canvas, STORM, h * 0.7)
    cloud(canvas, w * 0.5, h * 0.1, 80, "#737e96")
    hill(canvas, [(-20, h * 0.56), (w * 0.4, h * 0.6), (w + 20, h * 0.54)], WET_FAR)
    village(canvas, w * 0.8, h * 0.62, 44)
    hill(canvas, [(-20, h * 0.7), (w * 0.5, h * 0.76), (w + 20, h * 0.68)], WET_NEAR)
    path(canvas, [(w * 0.9, h * 0.71), (w * 0.74, h * 0.79), (w * 0.7, h * 0.9), (w * 0.4, h * 1.06)], 20, 190)
    grass(canvas, 32, (0, h * 0.78, w, h), 30, WET_NEAR)
    ladder(canvas, (w * 0.95, h * 0.76), (w * 0.38, h * 0.36), 40)
    old_man(
        canvas,
        w * 0.6,
        h * 0.94,
        300,
        Pose(((31, -62), (-27, -78)), ((12, 0), (-12, -2)), Mood.HAPPY, (0.3, 0.1)),
        flip=True,
    )
    canvas.light("#ccd4e8")
    rain(canvas, 32, 110)
    umbrella(canvas, w * 0.6 + 27 * 2.31, h * 0.94 - 78 * 2.31, 236, 6)
    lantern(canvas, w * 0.6 - 31 * 2.31, h * 0.94 - 60 * 2.31, 26)


def rescue(canvas: Canvas) -> None:
    """Wide: on the ladder the old man reaches for the kite; the girl steadies it, the dog jumps."""
    w, h = canvas.width, canvas.height
    sky(canvas, STORM, h * 0.74)
    cloud(canvas, w * 0.12, h * 0.1, 90, "#7d879d")
    cloud(canvas, w * 0.86, h * 0.12, 80, "#7d879d")
    hill(canvas, [(-20, h * 0.66), (w * 0.5, h * 0.7), (w + 20, h * 0.62)], WET_FAR)
    village(canvas, w * 0.1, h * 0.72, 40)
    hill(canvas, [(-20, h * 0.78), (w * 0.5, h * 0.75), (w + 20, h * 0.8)], WET_NEAR)
    great_oak(canvas, w * 0.3, h * 0.9, 860, 21)
    hand = (w * 0.44 + 27 * 2.46, h * 0.66 - 116 * 2.46)
    kite(canvas, hand[0] + 37, hand[1] - 62, 120, 30, [])
    grass(canvas, 33, (0, h * 0.86, w, h), 50, WET_NEAR)
    ladder(canvas, (w * 0.5, h * 0.92), (w * 0.39, h * 0.3), 62)
    climber = Pose(((27, -116), (-24, -66)), ((9, -13), (-8, 0)), Mood.HAPPY, (0.5, -0.8), -4, aloft=True)
    old_man(canvas, w * 0.44, h * 0.66, 320, climber)
    girl(canvas, w * 0.365, h * 0.945, 235, Pose(((26, -66), (20, -44)), mood=Mood.HAPPY, gaze=(0.4, -0.8), tilt=-5))
    dog(canvas, w * 0.14, h * 0.96, 100, DogPose.RUNNING, looks_up=True)
    canvas.light("#ccd4e8")
    rain(canvas, 33, 240)


def joy(canvas: Canvas) -> None:
    """Inset: the girl laughs, the kite in her arms again."""
    w, h = canvas.width, canvas.height
    canvas.gradient(("#f9dd94", "#f6b968"), 0, h)
    for i in range(9):
        x = w * (i - 1) / 7
        canvas.wash([(w / 2, h * 0.6), (x, -10), (x + w * 0.07, -10)], "#fff3c9", 0.5, blur=2)
    girl_bust(canvas, w * 0.46, h * 0.94, 205, Pose((), mood=Mood.LAUGHING, gaze=(0.0, -0.1), tilt=-5))
    kite(canvas, w * 0.76, h * 0.76, 128, 24, [])
    for u, v in ((0.62, 0.84), (0.74, 0.93)):
        canvas.shape(oval(w * u, h * v, 12, 10), SKIN)


def going_home(canvas: Canvas) -> None:
    """Tall: under the moon the three walk down the path to the village and its lit windows."""
    w, h = canvas.width, canvas.height
    sky(canvas, NIGHT, h * 0.6)
    stars(canvas, 41, h * 0.48, 90)
    moon(canvas, w * 0.66, h * 0.15, 52)
    cloud(canvas, w * 0.2, h * 0.2, 40, "#7c8ab8", 0.6)
    cloud(canvas, w * 0.95, h * 0.28, 34, "#7c8ab8", 0.6)
    hill(canvas, [(-20, h * 0.5), (w * 0.4, h * 0.45), (w + 20, h * 0.52)], DARK_FAR)
    hill(canvas, [(-20, h * 0.57), (w * 0.5, h * 0.59), (w + 20, h * 0.54)], DARK_MIDDLE)
    path(
        canvas,
        [(w * 0.58, h * 0.585), (w * 0.46, h * 0.68), (w * 0.62, h * 0.8), (w * 0.4, h * 1.05)],
        22,
        240,
        "#a79f9c",
    )
    hill(canvas, [(-20, h * 0.64), (w * 0.12, h * 0.67), (w * 0.2, h * 0.76), (-20, h * 0.84)], DARK_MIDDLE, line=None)
    for x, y, size in ((0.05, 0.68, 170), (0.16, 0.72, 220), (0.95, 0.7, 230)):
        fir(canvas, w * x, h * y, size, "#2f5a55")
    grass(canvas, 41, (0, h * 0.76, w, h), 40, DARK_NEAR)
    old_man(canvas, w * 0.62, h * 0.92, 330, Pose(((24, -50), (-26, -56)), ((8, 0), (-8, -4)), from_behind=True))
    kite(canvas, w * 0.2, h * 0.845, 110, 24, [(-8, 88), (10, 112), (-8, 140)])
    girl(canvas, w * 0.32, h * 0.95, 240, Pose(((19, -31), (-21, -46)), ((7, 0), (-7, -4)), from_behind=True, tilt=4))
    dog(canvas, w * 0.84, h * 0.975, 88, DogPose.STANDING, flip=True, looks_up=True)
    canvas.light(MOONLIGHT)
    moon(canvas, w * 0.66, h * 0.15, 52)
    village(canvas, w * 0.56, h * 0.575, 62, lit=True)
    lantern(canvas, w * 0.62 + 24 * 2.54, h * 0.92 - 47 * 2.54, 24)


def good_night(canvas: Canvas) -> None:
    """At the door of her house they wave to each other."""
    w, h = canvas.width, canvas.height
    sky(canvas, NIGHT, h * 0.7)
    stars(canvas, 42, h * 0.5, 50)
    hill(canvas, [(-20, h * 0.66), (w * 0.5, h * 0.6), (w + 20, h * 0.68)], DARK_FAR)
    hill(canvas, [(-20, h * 0.78), (w * 0.5, h * 0.76), (w + 20, h * 0.79)], DARK_NEAR)
    canvas.light(MOONLIGHT)
    house(canvas, w * 0.26, h * 0.83, 330, 0, lit=True)
    canvas.wash(oval(w * 0.36, h * 0.86, 130, 30), "#ffd778", 0.4, blur=18)
    girl(canvas, w * 0.42, h * 0.93, 200, Pose(((24, -72), (-17, -34)), mood=Mood.LAUGHING, gaze=(0.5, -0.2), tilt=4))
    dog(canvas, w * 0.2, h * 0.95, 84, DogPose.SITTING)
    old_man(canvas, w * 0.82, h * 0.94, 262, Pose(((27, -50), (27, -92)), mood=Mood.HAPPY, gaze=(0.5, 0.2)), flip=True)
    lantern(canvas, w * 0.82 - 27 * 2.0, h * 0.94 - 48 * 2.0, 20)


def asleep(canvas: Canvas) -> None:
    """In her room the girl sleeps, the dog at her feet, the kite on the wall, the moon at the window."""
    w, h = canvas.width, canvas.height
    canvas.gradient(("#6b6f9e", "#8a86ac"), 0, h * 0.74)
    canvas.gradient(("#7a5a58", "#5d4350"), h * 0.74, h)
    for i in range(12):
        canvas.curve([(w * i / 11, 0), (w * i / 11, h * 0.74)], "#7d7da8", 2)
    canvas.curve([(-5, h * 0.74), (w + 5, h * 0.74)])
    x, y, half = w * 0.27, h * 0.27, 74
    canvas.shape([(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)], "#22335f")
    for u, v in ((-40, -44), (34, -52), (48, 30), (-52, 20), (8, 48)):
        canvas.wash(oval(x + u, y + v, 2, 2), "#fff6d8", 0.95)
    moon(canvas, x + 8, y - 6, 26)
    sash = "#d8c3a0"
    for line in ([(x, y - half), (x, y + half)], [(x - half, y), (x + half, y)]):
        canvas.curve(line, INK, 9)
        canvas.curve(line, sash, 5)
    frame = [
        (x - half, y - half),
        (x + half, y - half),
        (x + half, y + half),
        (x - half, y + half),
        (x - half, y - half),
    ]
    for color, width_px in ((INK, 14), (sash, 9)):
        for start, end in pairwise(frame):
            canvas.curve([start, end], color, width_px)
    kite(canvas, w * 0.74, h * 0.24, 130, 12, [(-10, 88), (10, 114), (-8, 142)])
    canvas.shape(oval(w * 0.36, h * 0.91, 150, 26), "#b5657a")
    bed(canvas, w * 0.6, h * 0.85, 340)
    dog(canvas, w * 0.26, h * 0.95, 80, DogPose.SLEEPING)
    beam = [(x - half, y + half), (x + half, y + half), (x + half + 150, h), (x - half + 130, h)]
    canvas.wash(beam, "#dfe6ff", 0.2, blur=6)


def kite_of_stars(canvas: Canvas) -> None:
    """Over the sleeping village the stars form a kite."""
    w, h = canvas.width, canvas.height
    sky(canvas, NIGHT, h * 0.8)
    stars(canvas, 44, h * 0.72, 80)
    corners = [(0.37, 0.08), (0.53, 0.24), (0.38, 0.48), (0.21, 0.26)]
    tail = [(0.38, 0.48), (0.31, 0.53), (0.36, 0.6), (0.28, 0.65)]
    places = [(w * u, h * v) for u, v in corners]
    for line in ([*places, places[0]], [places[0], places[2]], [places[1], places[3]]):
        for start, end in pairwise(line):
            canvas.curve([start, end], "#9fb0e0", 1.6)
    canvas.curve([(w * u, h * v) for u, v in tail], "#9fb0e0", 1.6)
    for px, py in [*places, *[(w * u, h * v) for u, v in tail[1:]]]:
        canvas.wash(oval(px, py, 13, 13), "#fff3c4", 0.5, blur=4)
        star = [
            (px + r * dx, py + r * dy)
            for dx, dy, r in (
                (0, -1, 9),
                (0.3, -0.3, 6),
                (1, 0, 9),
                (0.3, 0.3, 6),
                (0, 1, 9),
                (-0.3, 0.3, 6),
                (-1, 0, 9),
                (-0.3, -0.3, 6),
            )
        ]
        canvas.shape(star, "#fff8dc", line=None)
    hill(canvas, [(-20, h * 0.82), (w * 0.3, h * 0.76), (w * 0.7, h * 0.8), (w + 20, h * 0.74)], DARK_FAR)
    village(canvas, w * 0.6, h * 0.92, 68, lit=True)
    hill(canvas, [(-20, h * 0.93), (w * 0.5, h * 0.96), (w + 20, h * 0.92)], "#2c4c50", line=INK)

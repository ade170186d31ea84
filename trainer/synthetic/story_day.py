"""The demo comic's story, first part: the kite flies, is lost, is looked for and found.

Each function paints one panel on a canvas of the panel's own size.
"""

from __future__ import annotations

from trainer.synthetic.characters import Pose, girl, girl_bust, kite, old_bust, old_man
from trainer.synthetic.dog import DogPose, dog
from trainer.synthetic.faces import SKIN, Mood
from trainer.synthetic.ink import Canvas, Color, oval, tapered
from trainer.synthetic.props import bridge, great_oak, railing, wind
from trainer.synthetic.scenery import birds, brook, cloud, fence, fir, grass, hill, house, path, sky, sun, tree, village

MORNING: tuple[Color, ...] = ("#7fbfe0", "#bfe0e6", "#fdf1d3")
AFTERNOON: tuple[Color, ...] = ("#8cc3dc", "#cfe3d8", "#fbe6b8")
DUSK: tuple[Color, ...] = ("#6d7fa8", "#b4a0b4", "#f2c6a0", "#f9deb0")
FAR: Color = "#b4d0b4"
MIDDLE: Color = "#a3c985"
NEAR: Color = "#8bbd68"
STRING: Color = "#6b5148"


def flying(canvas: Canvas) -> None:
    """A windy morning: the girl runs along the path with her kite, the dog after her."""
    w, h = canvas.width, canvas.height
    sky(canvas, MORNING, h * 0.62)
    sun(canvas, w * 0.14, h * 0.1, 30)
    cloud(canvas, w * 0.32, h * 0.24, 34)
    cloud(canvas, w * 0.86, h * 0.36, 24)
    hill(canvas, [(-20, h * 0.56), (w * 0.3, h * 0.51), (w * 0.7, h * 0.57), (w + 20, h * 0.52)], FAR)
    village(canvas, w * 0.22, h * 0.58, 44)
    hill(canvas, [(-20, h * 0.62), (w * 0.4, h * 0.59), (w * 0.8, h * 0.63), (w + 20, h * 0.6)], MIDDLE)
    tree(canvas, w * 0.9, h * 0.68, 130, 3)
    fir(canvas, w * 0.06, h * 0.66, 74)
    hill(canvas, [(-20, h * 0.72), (w * 0.5, h * 0.68), (w + 20, h * 0.73)], NEAR)
    path(canvas, [(w * 0.68, h * 0.7), (w * 0.54, h * 0.77), (w * 0.36, h * 0.9), (w * 0.22, h * 1.06)], 9, 170)
    grass(canvas, 11, (0, h * 0.74, w, h), 46, NEAR)
    canvas.curve([(w * 0.6, h * 0.63), (w * 0.67, h * 0.42), (w * 0.75, h * 0.16)], STRING, 1.8)
    kite(canvas, w * 0.75, h * 0.16, 120, 24, [(-8, 90), (16, 118), (-10, 150), (14, 180)])
    running = Pose(((22, -68), (-21, -47)), ((15, 0), (-15, -5)), Mood.LAUGHING, (0.5, -0.4), -5)
    girl(canvas, w * 0.48, h * 0.9, 250, running)
    dog(canvas, w * 0.2, h * 0.96, 98, DogPose.RUNNING, looks_up=True)


def delight(canvas: Canvas) -> None:
    """Close: her delighted face looking up, the kite high in the sky behind."""
    w, h = canvas.width, canvas.height
    sky(canvas, MORNING, h)
    cloud(canvas, w * 0.25, h * 0.2, 62)
    cloud(canvas, w * 0.9, h * 0.42, 40)
    hill(canvas, [(-20, h * 0.8), (w * 0.4, h * 0.74), (w + 20, h * 0.82)], MIDDLE)
    canvas.curve([(w * 0.86, h * 0.66), (w * 0.8, h * 0.38), (w * 0.7, h * 0.13)], STRING, 2.2)
    kite(canvas, w * 0.7, h * 0.13, 118, 14, [(-12, 92), (16, 124)])
    girl_bust(canvas, w * 0.46, h * 0.86, 400, Pose(((28, -17),), mood=Mood.LAUGHING, gaze=(0.6, -0.7), tilt=6))


def gust(canvas: Canvas) -> None:
    """A gust snaps the string: the kite whirls off, the girl reaches after it in dismay."""
    w, h = canvas.width, canvas.height
    sky(canvas, ("#7f9fc0", "#a9c2cc", "#e6e3cd"), h * 0.7)
    cloud(canvas, w * 0.22, h * 0.16, 58, "#e4e8f0")
    cloud(canvas, w * 0.86, h * 0.4, 44, "#dfe4ee")
    hill(canvas, [(-20, h * 0.64), (w * 0.5, h * 0.69), (w + 20, h * 0.62)], FAR)
    hill(canvas, [(-20, h * 0.77), (w * 0.5, h * 0.73), (w + 20, h * 0.79)], NEAR)
    grass(canvas, 12, (0, h * 0.79, w, h), 44, NEAR)
    wind(canvas, w * 0.1, h * 0.34, 210)
    wind(canvas, w * 0.3, h * 0.55, 150)
    canvas.curve([(w * 0.78, h * 0.15), (w * 0.7, h * 0.28), (w * 0.74, h * 0.37), (w * 0.66, h * 0.4)], STRING, 2)
    kite(canvas, w * 0.78, h * 0.15, 116, 58, [(-16, 86), (4, 118), (-26, 140), (-4, 170)])
    canvas.curve([(w * 0.55, h * 0.575), (w * 0.56, h * 0.61), (w * 0.52, h * 0.64), (w * 0.55, h * 0.67)], STRING, 2)
    reaching = Pose(((22, -82), (-22, -62)), ((12, 0), (-11, 0)), Mood.SURPRISED, (0.6, -0.6), 5)
    girl(canvas, w * 0.4, h * 0.93, 290, reaching)
    dog(canvas, w * 0.78, h * 0.95, 108, DogPose.STANDING, flip=True, looks_up=True)


def far_away(canvas: Canvas) -> None:
    """From behind: the two on the hill see the kite fly towards the great oak beyond the valley."""
    w, h = canvas.width, canvas.height
    sky(canvas, AFTERNOON, h * 0.6)
    cloud(canvas, w * 0.7, h * 0.12, 46)
    birds(canvas, w * 0.14, h * 0.33, 9)
    kite(canvas, w * 0.46, h * 0.24, 46, 40, [(-10, 90), (14, 120), (-14, 150)])
    hill(canvas, [(-20, h * 0.5), (w * 0.3, h * 0.44), (w * 0.75, h * 0.48), (w + 20, h * 0.42)], "#bccfc0")
    great_oak(canvas.placed(0, 0, pen=0.6), w * 0.72, h * 0.5, 150, 8, leaf="#79a36c")
    for x, y, size in ((0.08, 0.53, 60), (0.2, 0.54, 76), (0.94, 0.52, 66), (0.42, 0.53, 54)):
        fir(canvas.placed(0, 0, pen=0.7), w * x, h * y, size, "#6f9a80")
    hill(canvas, [(-20, h * 0.57), (w * 0.5, h * 0.53), (w + 20, h * 0.56)], MIDDLE)
    brook(canvas, [(w * 0.86, h * 0.55), (w * 0.6, h * 0.6), (w * 0.7, h * 0.67), (w * 0.42, h * 0.78)], 10, 70)
    hill(canvas, [(-20, h * 0.72), (w * 0.4, h * 0.7), (w + 20, h * 0.82)], NEAR)
    grass(canvas, 13, (0, h * 0.78, w, h), 44, NEAR)
    girl(canvas, w * 0.36, h * 0.93, 270, Pose(((18, -32), (-20, -62)), from_behind=True, tilt=4))
    dog(canvas, w * 0.68, h * 0.94, 112, DogPose.SITTING, looks_up=True)


def over_the_bridge(canvas: Canvas) -> None:
    """Wide: they cross the brook and leave the village behind them."""
    w, h = canvas.width, canvas.height
    sky(canvas, AFTERNOON, h * 0.55)
    sun(canvas, w * 0.8, h * 0.16, 34, "#ffe7a0")
    cloud(canvas, w * 0.5, h * 0.16, 40)
    cloud(canvas, w * 0.16, h * 0.12, 28)
    birds(canvas, w * 0.3, h * 0.26, 13)
    hill(canvas, [(-20, h * 0.46), (w * 0.25, h * 0.4), (w * 0.6, h * 0.47), (w + 20, h * 0.38)], FAR)
    village(canvas, w * 0.15, h * 0.52, 66)
    hill(canvas, [(-20, h * 0.58), (w * 0.35, h * 0.54), (w * 0.7, h * 0.57), (w + 20, h * 0.52)], MIDDLE)
    for x, y, size in ((0.76, 0.6, 110), (0.83, 0.58, 90), (0.97, 0.62, 150), (0.905, 0.6, 124)):
        fir(canvas, w * x, h * y, size)
    tree(canvas, w * 0.34, h * 0.62, 120, 4)
    hill(canvas, [(-20, h * 0.7), (w * 0.3, h * 0.67), (w * 0.65, h * 0.7), (w + 20, h * 0.66)], NEAR)
    brook(canvas, [(w * 0.61, h * 0.685), (w * 0.56, h * 0.78), (w * 0.61, h * 0.9), (w * 0.55, h * 1.08)], 50, 210)
    path(canvas, [(w * 0.2, h * 0.679), (w * 0.23, h * 0.74), (w * 0.32, h * 0.82), (w * 0.42, h * 0.877)], 8, 74)
    path(canvas, [(w * 0.91, h * 0.676), (w * 0.93, h * 0.73), (w * 0.87, h * 0.82), (w * 0.76, h * 0.877)], 8, 74)
    grass(canvas, 14, (0, h * 0.74, w * 0.42, h), 34, NEAR)
    grass(canvas, 15, (w * 0.76, h * 0.74, w, h), 26, NEAR)
    bridge(canvas, w * 0.4, w * 0.78, h * 0.86)
    girl(canvas, w * 0.62, h * 0.81, 215, Pose(((17, -36), (-17, -36)), ((10, 0), (-10, -2)), Mood.CALM, (0.7, -0.1)))
    dog(canvas, w * 0.47, h * 0.83, 88, DogPose.STANDING)
    railing(canvas, w * 0.4, w * 0.78, h * 0.86, 46)


def a_bow_in_the_grass(canvas: Canvas) -> None:
    """The dog sniffs out a yellow bow from the kite's tail; the girl stoops to see."""
    w, h = canvas.width, canvas.height
    sky(canvas, AFTERNOON, h * 0.42)
    hill(canvas, [(-20, h * 0.36), (w * 0.6, h * 0.32), (w + 20, h * 0.37)], FAR)
    for x, y, size in ((0.12, 0.44, 170), (0.84, 0.43, 210), (0.5, 0.4, 120)):
        fir(canvas, w * x, h * y, size)
    hill(canvas, [(-20, h * 0.45), (w * 0.5, h * 0.42), (w + 20, h * 0.46)], NEAR)
    path(canvas, [(w * 0.62, h * 0.435), (w * 0.5, h * 0.53), (w * 0.66, h * 0.72), (w * 0.4, h * 1.08)], 18, 200)
    grass(canvas, 16, (0, h * 0.5, w, h), 56, NEAR)
    girl(canvas, w * 0.32, h * 0.72, 235, Pose(((19, -44), (-16, -33)), mood=Mood.SURPRISED, gaze=(0.5, 0.7), tilt=10))
    dog(canvas, w * 0.36, h * 0.9, 104, DogPose.SNIFFING)
    for side in (-1, 1):
        bow = canvas.placed(w * 0.76, h * 0.895, 1.3)
        bow.shape([(0, 0), (side * 14, -8), (side * 14, 8)], "#f4b92f", shade=2)


def asking_the_way(canvas: Canvas) -> None:
    """At his garden fence an old man listens: she shows him the bow."""
    w, h = canvas.width, canvas.height
    sky(canvas, AFTERNOON, h * 0.5)
    cloud(canvas, w * 0.72, h * 0.12, 36)
    birds(canvas, w * 0.2, h * 0.14, 10)
    hill(canvas, [(-20, h * 0.42), (w * 0.5, h * 0.39), (w + 20, h * 0.44)], FAR)
    hill(canvas, [(-20, h * 0.52), (w * 0.5, h * 0.5), (w + 20, h * 0.52)], MIDDLE)
    house(canvas, w * 0.34, h * 0.58, 290, 0)
    tree(canvas, w * 0.93, h * 0.58, 180, 6)
    old_man(
        canvas,
        w * 0.7,
        h * 0.79,
        330,
        Pose(((27, -52), (-30, -66)), mood=Mood.HAPPY, gaze=(0.5, 0.5), tilt=4),
        flip=True,
    )
    fence(canvas, w * 0.42, w * 1.1, h * 0.8, 100)
    hill(canvas, [(-20, h * 0.84), (w * 0.5, h * 0.8), (w + 20, h * 0.805)], NEAR)
    grass(canvas, 17, (0, h * 0.84, w, h), 30, NEAR)
    girl(canvas, w * 0.28, h * 0.93, 250, Pose(((23, -62), (-17, -33)), mood=Mood.CALM, gaze=(0.7, -0.5), tilt=-5))
    hand = canvas.placed(w * 0.28 + 23 * 2.5, h * 0.93 - 65 * 2.5)
    for side in (-1, 1):
        hand.shape([(0, 0), (side * 14, -9), (side * 14, 8)], "#f4b92f", shade=2)
    dog(canvas, w * 0.68, h * 0.97, 96, DogPose.SITTING, flip=True, looks_up=True)


def he_points(canvas: Canvas) -> None:
    """Close: smiling, he points to the great oak on the hill."""
    w, h = canvas.width, canvas.height
    sky(canvas, DUSK, h * 0.55)
    cloud(canvas, w * 0.3, h * 0.12, 50, "#cbbfd2")
    hill(canvas, [(-20, h * 0.5), (w * 0.4, h * 0.46), (w + 20, h * 0.36)], "#a8b8a4")
    great_oak(canvas.placed(0, 0, pen=0.7), w * 0.72, h * 0.4, 210, 8, leaf="#6b9560")
    kite(canvas, w * 0.64, h * 0.235, 26, 60, [])
    hill(canvas, [(-20, h * 0.6), (w * 0.5, h * 0.58), (w + 20, h * 0.54)], MIDDLE)
    hill(canvas, [(-20, h * 0.74), (w * 0.5, h * 0.7), (w + 20, h * 0.72)], NEAR)
    grass(canvas, 18, (0, h * 0.72, w, h), 24, NEAR)
    old_bust(canvas, w * 0.36, h * 0.86, 280, Pose(((35, -32),), mood=Mood.HAPPY, gaze=(0.5, -0.5), tilt=4))
    canvas.shape(tapered([(w * 0.86, h * 0.685), (w * 0.92, h * 0.652)], 13, 9), SKIN)


def the_great_oak(canvas: Canvas) -> None:
    """The whole page: under the mighty oak, tiny, they see the kite high in its crown; rain clouds gather."""
    w, h = canvas.width, canvas.height
    sky(canvas, ("#5c6c94", "#93a0b4", "#d9c9b4", "#f6dca8"), h * 0.78)
    for x, y, size, tone in (
        (0.1, 0.06, 110, "#8d96b0"),
        (0.9, 0.1, 130, "#868fab"),
        (0.5, 0.03, 120, "#9aa2b8"),
        (0.95, 0.3, 70, "#a9adbd"),
    ):
        cloud(canvas, w * x, h * y, size, tone)
    canvas.wash(oval(w * 0.16, h * 0.66, w * 0.3, h * 0.09), "#fff0c0", 0.75, blur=60)
    hill(canvas, [(-20, h * 0.7), (w * 0.3, h * 0.66), (w * 0.7, h * 0.7), (w + 20, h * 0.65)], "#9fb6a6")
    village(canvas, w * 0.12, h * 0.72, 46)
    for x, y, size in ((0.86, 0.74, 130), (0.95, 0.75, 170), (0.78, 0.73, 90)):
        fir(canvas, w * x, h * y, size, "#567f6d")
    hill(canvas, [(-20, h * 0.78), (w * 0.3, h * 0.74), (w * 0.6, h * 0.72), (w + 20, h * 0.78)], MIDDLE)
    great_oak(canvas, w * 0.53, h * 0.87, 1060, 21)
    canvas.curve([(w * 0.36, h * 0.25), (w * 0.4, h * 0.34), (w * 0.35, h * 0.4), (w * 0.38, h * 0.45)], STRING, 2)
    kite(canvas, w * 0.36, h * 0.24, 170, 34, [(-14, 88), (8, 118), (-16, 150), (6, 176)])
    sprig = ((0.43, 0.275, 30, 24), (0.46, 0.262, 26, 22), (0.462, 0.29, 28, 22))
    canvas.joined([oval(w * u, h * v, rx, ry) for u, v, rx, ry in sprig], "#74a75f", shade=6)
    hill(canvas, [(-20, h * 0.92), (w * 0.4, h * 0.885), (w * 0.75, h * 0.9), (w + 20, h * 0.88)], NEAR)
    path(canvas, [(w * 0.34, h * 0.89), (w * 0.3, h * 0.93), (w * 0.12, h * 0.97), (w * 0.04, h * 1.04)], 26, 170)
    grass(canvas, 19, (0, h * 0.9, w, h), 80, NEAR)
    girl(canvas, w * 0.3, h * 0.955, 170, Pose(((20, -76), (-18, -34)), mood=Mood.SURPRISED, gaze=(0.5, -0.8), tilt=-4))
    dog(canvas, w * 0.42, h * 0.965, 70, DogPose.SITTING, looks_up=True)

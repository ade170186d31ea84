"""The girl's dog: white, one brown ear and a brown patch, red collar."""

from __future__ import annotations

from enum import Enum

from trainer.synthetic.characters import FUR, KITE, PATCH
from trainer.synthetic.faces import BLUSH
from trainer.synthetic.ink import Canvas, mix, oval, tapered


class DogPose(Enum):
    """What the dog does."""

    STANDING = "standing"
    RUNNING = "running"
    SITTING = "sitting"
    SNIFFING = "sniffing"
    SLEEPING = "sleeping"


_LEGS = {
    DogPose.STANDING: ((-17, -15), (-13, -12), (14, 14), (18, 19)),
    DogPose.SNIFFING: ((-17, -17), (-12, -11), (14, 16), (18, 21)),
    DogPose.RUNNING: ((-18, -33), (-14, -24), (15, 30), (18, 37)),
}
"""x of hip and paw of the four legs, far ones first."""


def dog(
    canvas: Canvas, x: float, y: float, height: float, pose: DogPose, *, flip: bool = False, looks_up: bool = False
) -> None:
    """The dog on (x, y), looking right."""
    figure = canvas.placed(x, y, height / 60, flip=flip)
    figure.wash(oval(2, 1, 32, 4.5), "#24303a", 0.3, blur=1.5)
    if pose is DogPose.SLEEPING:
        _sleeping(figure)
    elif pose is DogPose.SITTING:
        figure.shape(tapered([(-12, -4), (-24, -4), (-30, -11), (-29, -19)], 7, 4), PATCH, shade=1)
        figure.blob([(-20, -4), (-19, -18), (-8, -32), (6, -37), (13, -30), (13, -12), (11, 0), (-14, 1)], FUR, shade=4)
        figure.shape(tapered([(8, -22), (10, -10), (10, -2)], 8, 7), FUR, shade=1.5)
        figure.shape(oval(13, -2, 5, 3), FUR)
        figure.shape(oval(-9, -2.5, 9, 3.6), FUR)
        _head(figure.placed(10, -42, degrees=-24 if looks_up else 0))
    else:
        _on_four_legs(figure, pose, looks_up=looks_up)


def _on_four_legs(figure: Canvas, pose: DogPose, *, looks_up: bool) -> None:
    lift = 6.0 if pose is DogPose.RUNNING else 0.0
    _tail(figure, (-24, -27 - lift), 10 if pose is DogPose.SNIFFING else -8)
    for index, (hip, paw) in enumerate(_LEGS[pose]):
        color = mix(FUR, "#6d5a70", 0.22) if index % 2 == 0 else FUR
        ground = -lift if pose is DogPose.RUNNING and index in (1, 2) else 0.0
        figure.shape(
            tapered([(hip, -20 - lift), ((hip + paw) / 2 - 2, -10 - lift / 2), (paw, -3 + ground)], 8.5, 6.5),
            color,
            shade=1.2,
        )
        figure.shape(oval(paw + 2.5, -2.2 + ground, 4.6, 2.6), color)
    figure.blob(
        [
            (-26, -24 - lift),
            (-22, -34 - lift),
            (0, -35 - lift),
            (20, -37 - lift),
            (26, -28 - lift),
            (20, -17 - lift),
            (0, -15 - lift),
            (-20, -15 - lift),
        ],
        FUR,
        shade=4,
    )
    figure.blob(
        [(-20, -33 - lift), (-10, -36 - lift), (-4, -31 - lift), (-9, -25 - lift), (-19, -26 - lift)], PATCH, line=None
    )
    if pose is DogPose.SNIFFING:
        _head(figure.placed(30, -15, degrees=42))
    else:
        _head(figure.placed(25, -41 - lift, degrees=-26 if looks_up else -4))


def _head(head: Canvas) -> None:
    """The head about its middle."""
    head.shape(tapered([(-9, 8), (-3, 11), (5, 10)], 5, 5), KITE)
    head.shape(oval(0, 13.5, 2.2, 2.2), "#f4c64a")
    head.blob([(-14, 0), (-10, -12), (2, -15), (11, -9), (21, -3), (23, 4), (15, 9), (2, 11), (-10, 9)], FUR, shade=2.5)
    head.blob([(0, -14), (8, -11), (11, -4), (6, 1), (0, -2), (-3, -9)], PATCH, line=None)
    head.shape(oval(5.4, -4, 2.1, 2.8), "#33221f", line=None)
    head.shape(oval(6.1, -5, 0.8, 0.9), "#ffffff", line=None)
    head.shape(oval(22, -1.5, 3.4, 2.8), "#33221f", line=None)
    head.shape(oval(22.6, -2.5, 1.0, 0.7), "#a59a9a", line=None)
    head.curve([(21.5, 1.5), (18, 5), (13, 4.5)], width_px=2.0)
    head.wash(oval(9, 4, 3, 2), BLUSH, 0.4, blur=1)
    head.blob([(-6, -12), (-1, -7), (-3, 4), (-9, 10), (-14, 5), (-13, -5)], PATCH, shade=2)


def _tail(figure: Canvas, root: tuple[float, float], droop: float) -> None:
    x, y = root
    figure.shape(
        tapered([(x + 4, y), (x - 6, y - 4 + droop * 0.2), (x - 11, y - 13 + droop), (x - 8, y - 20 + droop)], 7, 4),
        PATCH,
        shade=1,
    )


def _sleeping(figure: Canvas) -> None:
    figure.blob([(-30, -2), (-29, -14), (-14, -24), (8, -23), (24, -14), (28, -3), (20, 1), (-22, 1)], FUR, shade=4)
    figure.blob([(-20, -18), (-8, -23), (-1, -18), (-7, -10), (-18, -11)], PATCH, line=None)
    figure.shape(tapered([(-28, -5), (-20, 0), (-2, -1), (6, -3)], 6, 4), PATCH, shade=1)
    head = figure.placed(20, -9, degrees=14)
    head.blob([(-13, 0), (-9, -10), (2, -12), (11, -7), (20, -2), (21, 4), (13, 8), (0, 9), (-9, 8)], FUR, shade=2)
    head.curve([(2, -1), (5, 1), (8, -1)])
    head.shape(oval(20, -1, 3.2, 2.6), "#33221f", line=None)
    head.blob([(-6, -10), (-1, -5), (-3, 5), (-9, 9), (-13, 4), (-12, -4)], PATCH, shade=2)

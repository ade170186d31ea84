"""The people of the demo comic: a girl in a yellow coat, her dog, an old man, and the kite.

Each is drawn in its own coordinates with the feet at the origin, looking right; colours and proportions
never change, so that a reader (and a captioner) knows them again on every page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.synthetic.faces import BLUSH, SKIN, Mood, face
from trainer.synthetic.ink import INK, Canvas, Color, Point, mix, oval, tapered

COAT: Color = "#f4b92f"
HAIR: Color = "#8a4226"
BOOTS: Color = "#c8402f"
SCARF: Color = "#2d8f88"
LEGS: Color = "#5a5a7d"
FUR: Color = "#fbf3e4"
PATCH: Color = "#a9683d"
BEARD: Color = "#f3efe8"
JACKET: Color = "#41628f"
CAP: Color = "#6d8a5a"
KITE: Color = "#d9412f"


@dataclass(frozen=True)
class Pose:
    """How a person stands, in the figure's units; x to where it looks, y up is negative.

    Attributes:
        hands: where the far and the near hand are; a bust shows only those that are raised.
        feet: where the far and the near foot are.
        mood: the face.
        gaze: where the face turns, each -1 to 1: right and down are positive.
        tilt: the head leans by so many degrees.
        from_behind: whether the back is seen.
        aloft: whether the feet are off the ground, which then shows no shadow.
    """

    hands: tuple[Point, ...] = ((19, -31), (-19, -31))
    feet: tuple[Point, Point] = ((7, 0), (-7, 0))
    mood: Mood = Mood.HAPPY
    gaze: Point = (0.35, 0.0)
    tilt: float = 0.0
    from_behind: bool = False
    aloft: bool = False


def girl(canvas: Canvas, x: float, y: float, height: float, pose: Pose, *, flip: bool = False) -> None:
    """The girl, standing on (x, y): yellow coat, teal scarf, red boots, auburn plaits."""
    figure = canvas.placed(x, y, height / 100, flip=flip)
    figure.wash(oval(2, 1, 24, 4), "#24303a", 0.3, blur=1.5)
    for hip, foot in zip((4.5, -4.5), pose.feet, strict=True):
        figure.shape(
            tapered([(hip, -30), ((hip + foot[0]) / 2 + 1.5, (foot[1] - 30) / 2), (foot[0], foot[1] - 6)], 8, 6.5), LEGS
        )
        boot(figure, foot, BOOTS, 1.0)
    arm(figure, (8, -51), pose.hands[0], COAT, 8.5)
    figure.blob(
        [(-9, -55), (9, -55), (13, -44), (17, -25), (8, -21.5), (-8, -21.5), (-17, -25), (-13, -44)], COAT, shade=4
    )
    if not pose.from_behind:
        figure.curve([(1.5, -52), (2.5, -38), (2, -22)], mix(COAT, INK, 0.5), 1.6)
        for v in (-45, -38, -31):
            figure.shape(oval(5, v, 1.3, 1.3), "#7d4a2a", line=None)
    arm(figure, (-8, -51), pose.hands[1], COAT, 8.5)
    figure.blob([(-10, -57), (0, -54), (11, -57), (10.5, -51), (0, -48.5), (-10.5, -51)], SCARF, shade=1.5)
    figure.blob([(-9, -53), (-6, -50), (-9, -40), (-15, -38), (-13, -46)], SCARF, shade=1.2)
    girl_head(figure.placed(0, -57, degrees=pose.tilt), pose)


def girl_bust(canvas: Canvas, x: float, y: float, height: float, pose: Pose, *, flip: bool = False) -> None:
    """The girl's head and shoulders, large; (x, y) is the middle of her chest."""
    figure = canvas.placed(x, y, height / 60, flip=flip)
    figure.blob([(-9, -10), (9, -10), (20, -2), (26, 22), (0, 30), (-26, 22), (-20, -2)], COAT, shade=4)
    figure.curve([(2, -6), (3, 8), (3, 26)], mix(COAT, INK, 0.5), 2.0)
    for hand in pose.hands:
        arm(figure, (18 if hand[0] > 0 else -18, 2), hand, COAT, 10)
    figure.blob([(-12, -12), (0, -8), (13, -12), (12.5, -3), (0, 0.5), (-12.5, -3)], SCARF, shade=1.8)
    figure.blob([(-10, -4), (-6, -1), (-9, 11), (-16, 13), (-14, 3)], SCARF, shade=1.6)
    girl_head(figure.placed(0, -10, degrees=pose.tilt), pose)


def girl_head(head: Canvas, pose: Pose) -> None:
    """The girl's head with its hair; the chin is near the origin."""
    turn = 2 * pose.gaze[0]
    for side in (-1, 1):
        _plait(head.placed(side * 17 - turn, 0, flip=side < 0))
    head.blob([(-18.5, -16), (-13, -34), (0, -40.5), (13, -34), (18.5, -16), (10, -3), (-10, -3)], HAIR, shade=3)
    if pose.from_behind:
        head.curve([(0, -40), (1, -24), (0, -4)], mix(HAIR, INK, 0.5), 1.8)
        head.curve([(-9, -34), (-12, -22), (-11, -9)], mix(HAIR, "#ffd9a0", 0.3), 1.6)
        return
    cheeks = [(-14.5, -20), (-8, -31), (8, -31), (14.5, -20), (12.5, -8), (0, -1.2), (-12.5, -8)]
    head.placed(turn, 0).blob(cheeks, SKIN, shade=1.6)
    face(head, (turn, -16), 1.0, pose.mood, pose.gaze)
    parting = 3 + turn
    for side in (-1, 1):
        lock = [(parting, -38.5), (side * 9, -38), (side * 16.5, -28), (side * 17, -14)]
        lock += [
            (side * 14 + turn / 2, -11),
            (side * 12.5 + turn / 2, -21),
            (parting + side * 6, -25.5),
            (parting, -33),
        ]
        head.blob(lock, HAIR, shade=1.0)
    head.curve([(-8, -35), (-3, -37), (4, -36.5)], mix(HAIR, "#ffd9a0", 0.45), 1.8)


def _plait(plait: Canvas) -> None:
    """The right plait with its teal ribbon."""
    plait.blob([(-3, -17), (4, -13), (6, -3), (3, 6), (-1, 1), (-3, -8)], HAIR, shade=1.5)
    plait.shape(oval(3.4, -1.2, 2.7, 1.9), SCARF)


def old_man(canvas: Canvas, x: float, y: float, height: float, pose: Pose, *, flip: bool = False) -> None:
    """The old man, standing on (x, y): blue jacket, green cap, white beard."""
    figure = canvas.placed(x, y, height / 130, flip=flip)
    if not pose.aloft:
        figure.wash(oval(2, 1, 30, 5), "#24303a", 0.3, blur=1.5)
    for hip, foot in zip((8, -8), pose.feet, strict=True):
        figure.shape(
            tapered([(hip, -40), ((hip + foot[0]) / 2 + 1, (foot[1] - 38) / 2), (foot[0], foot[1] - 6)], 13, 10),
            "#7b6350",
            shade=2,
        )
        boot(figure, foot, "#5a4234", 1.25)
    arm(figure, (15, -76), pose.hands[0], JACKET, 12)
    figure.blob(
        [(-13, -84), (13, -84), (21, -66), (25, -44), (20, -30), (0, -27), (-20, -30), (-25, -44), (-21, -66)],
        JACKET,
        shade=5,
    )
    figure.curve([(4, -78), (6, -54), (5, -29)], mix(JACKET, INK, 0.5), 1.6)
    if not pose.from_behind:
        for v in (-62, -50, -38):
            figure.shape(oval(9, v, 1.6, 1.6), "#e6c66a", line=None)
    arm(figure, (-15, -76), pose.hands[1], JACKET, 12)
    _old_head(figure.placed(0, -84, degrees=pose.tilt), pose)


def old_bust(canvas: Canvas, x: float, y: float, height: float, pose: Pose, *, flip: bool = False) -> None:
    """The old man's head and shoulders, large; (x, y) is the middle of his chest."""
    figure = canvas.placed(x, y, height / 66, flip=flip)
    figure.blob([(-13, -10), (13, -10), (27, 2), (33, 30), (0, 36), (-33, 30), (-27, 2)], JACKET, shade=5)
    for hand in pose.hands:
        arm(figure, (23 if hand[0] > 0 else -23, 6), hand, JACKET, 13)
    _old_head(figure.placed(0, -9, degrees=pose.tilt), pose)


def _old_head(head: Canvas, pose: Pose) -> None:
    head.blob([(-15, -14), (-12, -30), (0, -36), (12, -30), (15, -14), (9, -2), (-9, -2)], SKIN, shade=2)
    if pose.from_behind:
        nape = [(-15.5, -26), (15.5, -26), (15.5, -12), (10, -3), (0, -0.5), (-10, -3), (-15.5, -12)]
        head.blob(nape, BEARD, shade=2)
    else:
        _bearded_face(head, pose)
    head.blob([(-16, -27), (-11, -38), (2, -41), (13, -37), (16, -27), (0, -29)], CAP, shade=2.5)
    if not pose.from_behind:
        peak = head.placed(8 * pose.gaze[0], 0)
        peak.blob([(-6, -27.5), (6, -30), (16, -26.5), (8, -24.8)], mix(CAP, INK, 0.2))


def _bearded_face(head: Canvas, pose: Pose) -> None:
    turn = pose.gaze[0]
    beard = [(-15.5, -18), (-9, -13), (-3 + 2 * turn, -14.5), (4 + 2 * turn, -14.5), (10, -13), (15.5, -18)]
    beard += [(15, -4), (7, 8), (0, 12), (-7, 8), (-15, -4)]
    head.blob(beard, BEARD, shade=3)
    face(head, (2.5 * turn, -18.5), 0.92, pose.mood, pose.gaze)
    for side in (-1, 1):
        u = 2.5 * turn + side * 6.2
        head.blob([(u - 4, -24.5), (u, -27), (u + 4, -25), (u, -23.8)], BEARD)
    nose = head.placed(4 * turn, 0)
    nose.shape(oval(0, -17, 3.9, 3.5), mix(SKIN, BLUSH, 0.45), shade=1)
    nose.blob([(-8, -12), (-4, -14.5), (0, -13), (4, -14.5), (8, -12), (0, -11)], BEARD)


def arm(figure: Canvas, shoulder: Point, hand: Point, sleeve: Color, width: float) -> None:
    """A sleeve from shoulder to wrist, bent a little at the elbow, and the hand."""
    dx, dy = hand[0] - shoulder[0], hand[1] - shoulder[1]
    side = 1 if shoulder[0] > 0 else -1
    elbow = (shoulder[0] + dx * 0.5 - side * dy * -0.12, shoulder[1] + dy * 0.5 + abs(dx) * 0.12)
    wrist = (shoulder[0] + dx * 0.9, shoulder[1] + dy * 0.9)
    figure.shape(oval(hand[0], hand[1], width * 0.4, width * 0.4), SKIN)
    figure.shape(tapered([shoulder, elbow, wrist], width, width * 0.86), sleeve, shade=width * 0.22)


def boot(figure: Canvas, foot: Point, color: Color, size: float) -> None:
    """A boot with its toe to the right."""
    x, y = foot
    outline = [(-4.2, -11), (4.2, -11), (4.6, -4.6), (9, -3.2), (9, 0), (-4.6, 0)]
    figure.shape([(x + u * size, y + v * size) for u, v in outline], color, shade=1.6 * size)


def kite(canvas: Canvas, x: float, y: float, size: float, degrees: float, tail: Sequence[Point]) -> None:
    """The red kite about (x, y); the tail's points are in its own units, from its lower corner on."""
    figure = canvas.placed(x, y, size / 100, degrees=degrees)
    if tail:
        figure.curve([(0, 62), *tail], "#5b4034", 1.8)
        for u, v in tail[:-1]:
            for side in (-1, 1):
                figure.shape([(u, v), (u + side * 11, v - 6), (u + side * 11, v + 6)], "#f4b92f")
    figure.shape([(0, -60), (42, -12), (0, 62), (-42, -12)], KITE)
    figure.shape([(0, -60), (42, -12), (0, -12)], "#f4b92f")
    figure.shape([(0, 62), (-42, -12), (0, -12)], "#f7dfa4")
    figure.shape([(0, 62), (42, -12), (0, -12)], mix(KITE, "#401830", 0.22))
    figure.curve([(0, -60), (0, 62)], width_px=1.8)
    figure.curve([(-42, -12), (42, -12)], width_px=1.8)

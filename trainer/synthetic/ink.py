"""A small picture-book drawing kit: smooth shapes with an ink line, soft shading, glows and washes.

Coordinates are page pixels of the picture, or of a figure placed in it (`Canvas.placed`); inside, everything
is drawn larger and scaled down at the end, which smooths the edges. The ink line has the same width at every
scale, so that near and far figures look drawn by the same pen.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

Point = tuple[float, float]
Color = str  # "#rrggbb"

INK: Color = "#3a2a28"
_SHADOW: Color = "#40284a"
# Drawn three times larger, an edge has nine levels of smoothness: enough for printing-like curves.
_OVERSIZE = 3
_LINE_PX = 2.4
_STEPS_PER_SPAN = 10
# Ground seen from standing height: depth is foreshortened to about this share.
_GROUND_SLANT = 0.4


def mix(first: Color, second: Color, share: float) -> Color:
    """The colour a share (0 to 1) of the way from the first to the second."""
    a, b = ImageColor.getrgb(first)[:3], ImageColor.getrgb(second)[:3]
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in zip(a, b, strict=True))


def smooth(points: Sequence[Point], *, closed: bool) -> list[Point]:
    """A curve through all points (Catmull-Rom), as a fine polyline."""
    count = len(points)
    if count < 3:
        return list(points)
    curve: list[Point] = []
    for span in range(count if closed else count - 1):
        indices = [span - 1, span, span + 1, span + 2]
        indices = [i % count if closed else min(max(i, 0), count - 1) for i in indices]
        p0, p1, p2, p3 = (points[i] for i in indices)
        for step in range(_STEPS_PER_SPAN):
            t = step / _STEPS_PER_SPAN
            x, y = (
                0.5
                * (
                    2 * p1[axis]
                    + (p2[axis] - p0[axis]) * t
                    + (2 * p0[axis] - 5 * p1[axis] + 4 * p2[axis] - p3[axis]) * t * t
                    + (3 * p1[axis] - p0[axis] - 3 * p2[axis] + p3[axis]) * t**3
                )
                for axis in (0, 1)
            )
            curve.append((x, y))
    return curve if closed else [*curve, points[-1]]


def oval(x: float, y: float, rx: float, ry: float, degrees: float = 0.0) -> list[Point]:
    """An ellipse as a polygon."""
    turn = math.radians(degrees)
    steps = [2 * math.pi * i / 48 for i in range(48)]
    spokes = [(rx * math.cos(a), ry * math.sin(a)) for a in steps]
    return [
        (x + u * math.cos(turn) - v * math.sin(turn), y + u * math.sin(turn) + v * math.cos(turn)) for u, v in spokes
    ]


def tapered(points: Sequence[Point], start_width: float, end_width: float) -> list[Point]:
    """The outline of a limb: a band along a smooth line, round at both ends."""
    left, right = _sides(smooth(points, closed=False), start_width, end_width)
    return [*left, *_cap(left[-1], right[-1]), *right[::-1], *_cap(right[0], left[0])]


def ribbon(points: Sequence[Point], start_width: float, end_width: float) -> tuple[list[Point], list[Point]]:
    """The two sides of a band that lies on the ground (a path, a brook), seen from a person's height."""
    flat = [(x, y / _GROUND_SLANT) for x, y in smooth(points, closed=False)]
    left, right = _sides(flat, start_width, end_width)
    return [(x, y * _GROUND_SLANT) for x, y in left], [(x, y * _GROUND_SLANT) for x, y in right]


def _sides(spine: Sequence[Point], start_width: float, end_width: float) -> tuple[list[Point], list[Point]]:
    """The points half a width to the left and to the right of a line."""
    last = len(spine) - 1
    left: list[Point] = []
    right: list[Point] = []
    for i, (x, y) in enumerate(spine):
        (ax, ay), (bx, by) = spine[max(i - 1, 0)], spine[min(i + 1, last)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        half = (start_width + (end_width - start_width) * i / last) / 2
        nx, ny = -(by - ay) / length * half, (bx - ax) / length * half
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    return left, right


def _cap(start: Point, end: Point) -> list[Point]:
    """A half circle from one side of a limb to the other."""
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    u, v = start[0] - x, start[1] - y
    angles = [math.pi * i / 8 for i in range(1, 8)]
    return [(x + u * math.cos(a) + v * math.sin(a), y - u * math.sin(a) + v * math.cos(a)) for a in angles]


class Canvas:
    """A picture being painted, or a figure's own coordinates in it.

    Attributes:
        width: width of the whole picture, page pixels.
        height: height of the whole picture, page pixels.
        pen: thickness of the ink line; far things are drawn with a finer pen.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height, self.pen = width, height, 1.0
        self._image = Image.new("RGB", (width * _OVERSIZE, height * _OVERSIZE), "white")
        self._matrix = np.diag([_OVERSIZE, _OVERSIZE, 1.0])

    def placed(
        self, x: float, y: float, scale: float = 1.0, *, flip: bool = False, degrees: float = 0.0, pen: float = 1.0
    ) -> Canvas:
        """The same picture with the origin at (x, y), for drawing a figure of another size, side or angle."""
        figure = copy.copy(self)
        figure.pen = self.pen * pen
        turn = math.radians(degrees)
        cos, sin = scale * math.cos(turn), scale * math.sin(turn)
        side = -1.0 if flip else 1.0
        figure._matrix = self._matrix @ np.array([[side * cos, -side * sin, x], [sin, cos, y], [0, 0, 1]])
        return figure

    def finished(self) -> Image.Image:
        """The picture in page pixels."""
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def shape(self, points: Sequence[Point], fill: Color, *, shade: float = 0.0, line: Color | None = INK) -> None:
        """A filled polygon with an ink line.

        Args:
            points: the outline.
            fill: its colour.
            shade: width of the shadow along its lower right side, in the points' units.
            line: colour of the line; None for none.
        """
        outline = self._to_pixels(points)
        ImageDraw.Draw(self._image).polygon(outline, fill=fill)
        if shade:
            self._shade_side([outline], mix(fill, _SHADOW, 0.24), shade * self._scale())
        if line is not None:
            self._stroke([*outline, outline[0]], line, _LINE_PX)

    def blob(self, points: Sequence[Point], fill: Color, *, shade: float = 0.0, line: Color | None = INK) -> None:
        """A smooth shape through points."""
        self.shape(smooth(points, closed=True), fill, shade=shade, line=line)

    def curve(self, points: Sequence[Point], color: Color = INK, width_px: float = _LINE_PX) -> None:
        """A smooth line through points; its width is in page pixels at any scale."""
        self._stroke(self._to_pixels(smooth(points, closed=False)), color, width_px)

    def joined(self, shapes: Sequence[Sequence[Point]], fill: Color, *, shade: float = 0.0, line: Color = INK) -> None:
        """Shapes grown together under one line around them all: foliage, a trunk with its branches."""
        outlines = [self._to_pixels(points) for points in shapes]
        draw = ImageDraw.Draw(self._image)
        for outline in outlines:
            self._stroke([*outline, outline[0]], line, 2 * _LINE_PX)
        for outline in outlines:
            draw.polygon(outline, fill=fill)
        if shade:
            self._shade_side(outlines, mix(fill, _SHADOW, 0.22), shade * self._scale())

    def wash(self, points: Sequence[Point], color: Color, strength: float, blur: float = 0.0) -> None:
        """Translucent colour without a line: cast shadows, blush, light, mist.

        Args:
            points: the outline.
            color: the colour laid over what is there.
            strength: 0 (nothing) to 1 (covers).
            blur: how far the border spreads, in the points' units.
        """
        outline = self._to_pixels(points)
        spread = blur * self._scale()
        mask, corner = _mask_of([outline], round(255 * strength), margin=round(3 * spread) + 1)
        if spread:
            mask = mask.filter(ImageFilter.GaussianBlur(spread))
        self._image.paste(color, corner, mask)

    def gradient(self, colors: Sequence[Color], top: float, bottom: float) -> None:
        """Fill the full width between two rows with colours that run into each other downwards."""
        stops = np.array([ImageColor.getrgb(color)[:3] for color in colors], dtype=np.float64)
        rows = range(round(top * _OVERSIZE), round(bottom * _OVERSIZE))
        if not rows:
            return
        places = np.linspace(0, len(colors) - 1, len(rows))
        column = np.stack([np.interp(places, range(len(colors)), stops[:, c]) for c in range(3)], axis=1)
        strip = Image.fromarray(np.rint(column)[:, None].astype(np.uint8))
        self._image.paste(strip.resize((self._image.width, len(rows)), Image.Resampling.NEAREST), (0, rows.start))

    def grain(self, seed: int) -> None:
        """The faint mottling of watercolour on paper."""
        random = np.random.default_rng(seed)
        size = self._image.size
        spots = random.normal(251, 1.6, (size[1] // 90 + 2, size[0] // 90 + 2)).clip(0, 255).astype(np.uint8)
        mottling = Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC)
        self._image.paste(ImageChops.multiply(self._image, Image.merge("RGB", [mottling] * 3)))

    def light(self, color: Color) -> None:
        """Let everything painted so far be seen in coloured light (white changes nothing)."""
        self._image.paste(ImageChops.multiply(self._image, Image.new("RGB", self._image.size, color)))

    def _scale(self) -> float:
        return float(math.sqrt(abs(np.linalg.det(self._matrix[:2, :2]))))

    def _to_pixels(self, points: Sequence[Point]) -> list[Point]:
        moved = np.asarray(points, dtype=np.float64) @ self._matrix[:2, :2].T + self._matrix[:2, 2]
        return [(float(x), float(y)) for x, y in moved]

    def _stroke(self, line: list[Point], color: Color, width_px: float) -> None:
        """A line with round ends and joints, in drawn pixels."""
        draw, width = ImageDraw.Draw(self._image), width_px * _OVERSIZE * self.pen
        draw.line(line, fill=color, width=round(width), joint="curve")
        for x, y in (line[0], line[-1]):
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=color)

    def _shade_side(self, outlines: list[list[Point]], color: Color, width: float) -> None:
        """Darken what lies in the shape but not in the shape moved up and left: light comes from there."""
        mask, corner = _mask_of(outlines, 255, margin=0)
        moved = Image.new("L", mask.size)
        moved.paste(mask, (-round(width * 0.8), -round(width)))
        self._image.paste(color, corner, ImageChops.subtract(mask, moved))


def _mask_of(outlines: list[list[Point]], value: int, margin: int) -> tuple[Image.Image, tuple[int, int]]:
    """A mask just large enough for some polygons, and where its upper left corner lies in the picture."""
    xs, ys = zip(*(point for outline in outlines for point in outline), strict=True)
    left, top = math.floor(min(xs)) - margin, math.floor(min(ys)) - margin
    mask = Image.new("L", (math.ceil(max(xs)) + margin - left + 1, math.ceil(max(ys)) + margin - top + 1))
    draw = ImageDraw.Draw(mask)
    for outline in outlines:
        draw.polygon([(x - left, y - top) for x, y in outline], fill=value)
    return mask, (left, top)

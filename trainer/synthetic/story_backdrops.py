"""Backdrops of synthetic picture stories: sky, weather, ground, and what stands at the horizon where it can be seen."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageOps

from trainer.synthetic.cast import draw
from trainer.synthetic.ink import mix
from trainer.synthetic.story_bubbles import Box
from trainer.synthetic.story_grounds import TREES, mark_ground
from trainer.synthetic.story_places import CLOUDS, NIGHT, RAIN, SUN, Place, PropBox

_SKIES = {RAIN: ("#7a8797", "#b4bdc6"), NIGHT: ("#0d1b40", "#2b3d70")}
_SKY_THINGS = {SUN: "sun", CLOUDS: "cloud", RAIN: "rain cloud", NIGHT: "moon"}
_FAR_SIZES = {"house": 0.36, "church": 0.45, "school": 0.42, "tree": 0.36, "fir tree": 0.36}
_USUAL_FAR_SIZE = 0.36  # of the panel's height
_TRIES = 24
_SKY_SHARES = (0.2, 0.15, 0.11, 0.08, 0.06)  # of the panel, from the largest that finds room


class BackdropPainter:
    """Paints the backdrop of one panel.

    Args (of the constructor):
        draws: the source of every choice.
        props: the story's drawings.
        scene: RGB, the panel's bounding box, painted on.
        inner: the part of it that certainly lies in the panel.
        taken: boxes that will be painted over.
    """

    def __init__(
        self, draws: random.Random, props: PropBox, scene: Image.Image, inner: Box, taken: Sequence[Box]
    ) -> None:
        self._draws = draws
        self._props = props
        self._scene = scene
        self._inner = inner
        self._taken = tuple(taken)

    def paint(self, place: Place, sky: str, far: str) -> str:
        """Paint everything.

        Returns:
            What stands at the horizon; empty where there was no room for it to be seen.
        """
        draws, (width, height) = self._draws, self._scene.size
        _, top, _, bottom = self._inner
        horizon = round(top + (bottom - top) * draws.uniform(0.6, 0.72))
        shades = ImageOps.colorize(Image.linear_gradient("L").resize((width, height)), *_SKIES.get(sky, place.sky))
        self._scene.paste(shades)
        ground = mix(place.ground, "#101840", 0.55) if sky == NIGHT else place.ground
        canvas = ImageDraw.Draw(self._scene)
        if sky == NIGHT:
            self._stars(horizon)
        rise = round(height * draws.uniform(-0.03, 0.03))
        canvas.polygon([(0, horizon), (width, horizon + rise), (width, height), (0, height)], fill=ground)
        canvas.line([(0, horizon), (width, horizon + rise)], fill=mix(ground, "#201810", 0.6), width=2)
        if place.marks == TREES:
            self._forest(horizon)
        mark_ground(draws, self._scene, place.marks, ground, horizon)
        shown = self._horizon_thing(far, horizon) if far else ""
        self._sky_thing(sky, horizon)
        if sky == RAIN:
            self._rain()
        return shown

    def _horizon_thing(self, noun: str, horizon: int) -> str:
        left, top, right, bottom = self._inner
        side = min(bottom - top, 1.1 * (right - left))
        piece = draw(self._props.drawing(noun), round(_FAR_SIZES.get(noun, _USUAL_FAR_SIZE) * side))
        sunk = horizon + round(0.04 * (bottom - top))
        spot = self._spot(piece, lambda: (self._across(piece), sunk - piece.height), most_hidden=0.5)
        if spot is None:
            return ""
        self._scene.paste(piece, spot, piece)
        self._taken = (*self._taken, (*spot, spot[0] + piece.width, spot[1] + piece.height))
        return noun

    def _sky_thing(self, sky: str, horizon: int) -> None:
        """Sun, cloud or moon where there is room; the moon is always there, for it shows that it is night."""
        left, top, right, bottom = self._inner
        for share in _SKY_SHARES:
            piece = draw(self._props.drawing(_SKY_THINGS[sky]), max(10, round(share * min(bottom - top, right - left))))
            deepest = max(top + 1, round(top + 0.55 * (horizon - top)) - piece.height // 2)

            def anywhere(piece: Image.Image = piece, deepest: int = deepest) -> tuple[int, int]:
                return self._across(piece), self._draws.randint(top, deepest)

            is_needed = sky == NIGHT and share == _SKY_SHARES[-1]
            spot = self._spot(piece, anywhere, most_hidden=1.0 if is_needed else 0.05)
            if spot is not None:
                self._scene.paste(piece, spot, piece)
                return

    def _forest(self, horizon: int) -> None:
        """A row of trees at the horizon, far enough apart to be counted as trees."""
        left, top, right, bottom = self._inner
        tall = round(0.3 * min(bottom - top, 1.1 * (right - left)))
        x = self._draws.uniform(-0.5, 0) * tall
        while x < self._scene.width:
            piece = draw(self._props.drawing("tree"), round(tall * self._draws.uniform(0.75, 1.1)))
            self._scene.paste(piece, (round(x), horizon + round(0.03 * (bottom - top)) - piece.height), piece)
            x += tall * self._draws.uniform(0.7, 1.3)

    def _across(self, piece: Image.Image) -> int:
        left, _, right, _ = self._inner
        return self._draws.randint(left, max(left, right - piece.width))

    def _spot(
        self, piece: Image.Image, propose: Callable[[], tuple[int, int]], most_hidden: float
    ) -> tuple[int, int] | None:
        """The proposed corner at which least of a piece will be hidden; None where that is more than allowed."""
        spots = [propose() for _ in range(_TRIES)]
        hidden, best = min((self._hidden(spot, piece), spot) for spot in spots)
        return best if hidden <= most_hidden else None

    def _hidden(self, spot: tuple[int, int], piece: Image.Image) -> float:
        x, y = spot
        covered = 0
        for left, top, right, bottom in self._taken:
            wide = min(right, x + piece.width) - max(left, x)
            high = min(bottom, y + piece.height) - max(top, y)
            covered += max(0, wide) * max(0, high)
        return covered / (piece.width * piece.height)

    def _stars(self, horizon: int) -> None:
        canvas, size = ImageDraw.Draw(self._scene), max(2, round(min(self._scene.size) * 0.014))
        for _ in range(26):
            x, y = self._draws.uniform(0, self._scene.width), self._draws.uniform(0, horizon)
            reach = size * self._draws.uniform(0.6, 1.3)
            points = [(0, -1), (0.25, -0.25), (1, 0), (0.25, 0.25), (0, 1), (-0.25, 0.25), (-1, 0), (-0.25, -0.25)]
            canvas.polygon([(x + u * reach, y + v * reach) for u, v in points], fill="#fff3b8")

    def _rain(self) -> None:
        canvas, (width, height) = ImageDraw.Draw(self._scene), self._scene.size
        long = max(6, round(min(width, height) * 0.06))
        for _ in range(round(width * height / 900)):
            x, y = self._draws.uniform(0, width), self._draws.uniform(0, height)
            canvas.line([(x, y), (x - long * 0.3, y + long)], fill="#4a6380", width=max(1, round(long / 12)))

"""Labelled scenes: named things composed into pictures, with a sentence that says what is seen.

Picture stories say what happens, rarely what is seen; these scenes teach a narrator the words for things. Run

    python -m trainer.synthetic.scenes OUT_FOLDER --count 6000 --seed 0

to write a data set folder as `trainer.dataset` reads it: every record has a description and no narration, and all
are in the split "train". The same seed gives the same scenes where the same drawings are installed.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from trainer.synthetic.cast import BEINGS, PEOPLE, SKY, THINGS, CastError, Drawing, draw, drawings

_SIZES_PX = ((320, 320), (400, 280), (280, 400), (440, 240))
_EDGE_PX = 8
_PEOPLE_SHARE = 0.4  # comics are about people
_NUMBERS = {2: "two", 3: "three"}

_LICENCE = "SIL OFL 1.1 (Noto Color Emoji), public domain (Open Clip Art)"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scene plays: the words for it, and the colours of sky (top, bottom) and ground."""

    words: str
    sky: tuple[str, str]
    ground: str


PLACES = (
    Place("on the grass", ("#8fc9f0", "#dff1fb"), "#7cb25c"),
    Place("in a field", ("#a8d8f5", "#f3f7e0"), "#b5a24a"),
    Place("at night", ("#0d1b40", "#2b3d70"), "#25403a"),
    Place("under the night sky", ("#101030", "#2a2a5c"), "#30303c"),
    Place("at sunset", ("#f29a5c", "#f7d79a"), "#8a6a4c"),
    Place("in the snow", ("#c3d7e8", "#eef4f8"), "#f8fbff"),
    Place("in the rain", ("#7a8797", "#a9b3bd"), "#66735f"),
    Place("on the beach", ("#7ecbee", "#d7f0f8"), "#ecd9a0"),
    Place("by the sea", ("#9bd5f2", "#dff3fa"), "#3f83b5"),
    Place("in the desert", ("#f3d29a", "#f9ecc8"), "#d9a55c"),
    Place("in a forest", ("#9cc08a", "#d5e6bd"), "#4c6b3a"),
    Place("in a room", ("#e6d4bb", "#efe3d0"), "#a97a52"),
    Place("in a dark room", ("#3d3440", "#4b404c"), "#2a2128"),
    Place("on the street", ("#bcd2df", "#e5ebee"), "#8c8c90"),
)


class SceneMaker:
    """Composes scenes from one generator of random numbers."""

    def __init__(self, generator: random.Random) -> None:
        self._generator = generator
        self._drawings = drawings()

    def make(self) -> tuple[Image.Image, str]:
        """One scene (RGB) and its description."""
        draws = self._generator
        place, size = draws.choice(PLACES), draws.choice(_SIZES_PX)
        scene = self._backdrop(place, size)
        cast = PEOPLE if draws.random() < _PEOPLE_SHARE else sorted(BEINGS)
        beings = draws.sample(cast, draws.choice((0, 1, 1, 1, 2, 2)))
        things = draws.sample(sorted(THINGS), draws.choice((0, 1, 1, 2)) if beings else draws.choice((1, 2)))
        above = draws.choice(sorted(SKY)) if draws.random() < 0.25 and "room" not in place.words else ""
        many = draws.choice((2, 3)) if len(beings) == 1 and not things and draws.random() < 0.5 else 1
        if above:
            self._put_above(scene, above)
        self._put_in_row(scene, (beings + things) if many == 1 else beings * many)
        return self._restyle(scene), self._describe(beings, things, above, place, many)

    def _backdrop(self, place: Place, size: tuple[int, int]) -> Image.Image:
        width, height = size
        shades = ImageOps.colorize(Image.linear_gradient("L").resize(size), *place.sky)
        horizon = round(height * self._generator.uniform(0.5, 0.75))
        rise = round(height * self._generator.uniform(-0.08, 0.08))
        ImageDraw.Draw(shades).polygon(
            [(0, horizon), (width, horizon + rise), (width, height), (0, height)], fill=place.ground
        )
        return shades

    def _put_in_row(self, scene: Image.Image, nouns: list[str]) -> None:
        """Side by side in random order, feet on the ground, as large as the row allows."""
        order = nouns[:]
        self._generator.shuffle(order)
        slot = (scene.width - 2 * _EDGE_PX) / len(order)
        for number, noun in enumerate(order):
            most = min(slot * 1.15, scene.height * 0.85)
            piece = self._piece(noun, round(most * self._generator.uniform(0.6, 1.0)))
            x = round(_EDGE_PX + slot * (number + 0.5) - piece.width / 2 + self._generator.uniform(-0.1, 0.1) * slot)
            feet = scene.height * self._generator.uniform(0.86, 0.99)
            scene.paste(piece, (x, round(max(0, feet - piece.height))), piece)

    def _put_above(self, scene: Image.Image, noun: str) -> None:
        piece = self._piece(noun, round(min(scene.size) * self._generator.uniform(0.2, 0.35)))
        x = round(self._generator.uniform(0, scene.width - piece.width))
        scene.paste(piece, (x, round(self._generator.uniform(0, scene.height * 0.12))), piece)

    def _piece(self, noun: str, size_px: int) -> Image.Image:
        choices: list[Drawing] = self._drawings[noun]
        piece = draw(self._generator.choice(choices), max(16, size_px))
        if self._generator.random() < 0.5:
            piece = ImageOps.mirror(piece)
        return piece.rotate(self._generator.uniform(-8, 8), Image.Resampling.BICUBIC, expand=True)

    def _restyle(self, scene: Image.Image) -> Image.Image:
        """Sometimes grey, flat, pale, inked or soft, as comics are."""
        style = self._generator.random()
        if style < 0.15:
            return ImageOps.grayscale(scene).convert("RGB")
        if style < 0.25:
            return ImageOps.posterize(scene, 3)
        if style < 0.4:
            return ImageEnhance.Color(scene).enhance(self._generator.uniform(0.4, 1.5))
        if style < 0.5:
            edges = ImageOps.invert(scene.convert("L").filter(ImageFilter.FIND_EDGES)).point(
                lambda v: 255 if v > 150 else 40
            )
            return Image.composite(scene, Image.new("RGB", scene.size, "#201810"), edges)
        return scene.filter(ImageFilter.GaussianBlur(1)) if style < 0.6 else scene

    def _describe(self, beings: list[str], things: list[str], above: str, place: Place, many: int) -> str:
        if many > 1:
            named = [f"{_NUMBERS[many]} {_plural(beings[0])}"]
        else:
            named = [_with_article(noun) for noun in beings + things]
        subject = _joined(named)
        verb = "are" if len(named) > 1 or many > 1 else "is"
        sentence = self._generator.choice(
            (
                f"{subject} {place.words}.",
                f"There {'are' if many > 1 else 'is'} {subject} {place.words}.",
                f"{subject} {verb} {place.words}.",
                f"{place.words}, there {'are' if many > 1 else 'is'} {subject}.",
            )
        )
        if above:
            sentence += f" {_with_article(above).capitalize()} is in the sky."
        return sentence[0].upper() + sentence[1:]


def _with_article(noun: str) -> str:
    if noun in ("sun", "moon", "full moon"):
        return f"the {noun}"
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _plural(noun: str) -> str:
    irregular = {"woman": "women", "man": "men", "policeman": "policemen", "mouse": "mice", "wolf": "wolves"}
    irregular |= {"fish": "fish", "sheep": "sheep", "deer": "deer", "baby": "babies", "butterfly": "butterflies"}
    for ending, plural in irregular.items():
        if noun == ending or noun.endswith(f" {ending}"):
            return noun.removesuffix(ending) + plural
    return noun + ("es" if noun.endswith(("s", "x", "ch")) else "s")


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def write_scenes(folder: Path, count: int, seed: int) -> None:
    """Write a data set of `count` scenes.

    Raises:
        CastError: the drawings are not installed.
    """
    maker = SceneMaker(random.Random(seed))
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with (folder / "records.jsonl").open("w", encoding="utf-8") as records:
        for number in range(count):
            scene, description = maker.make()
            name = f"images/{number:05d}.jpg"
            scene.save(folder / name, quality=88)
            record = {
                "id": f"scene-{seed}-{number:05d}", "split": "train", "book": f"scene-{seed}-{number:05d}", "page": 1,
                "image": name, "narration": None, "description": description, "license": _LICENCE,
                "source": "trainer.synthetic.scenes",
            }  # fmt: skip
            records.write(json.dumps(record) + "\n")


def main() -> None:
    """Write the data set the command line asks for."""
    parser = argparse.ArgumentParser(description="Write labelled scenes as a data set folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    try:
        write_scenes(arguments.folder, arguments.count, arguments.seed)
    except CastError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()

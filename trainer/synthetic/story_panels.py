"""One panel of a synthetic picture story: a beat composed into a picture, and the truth about what it shows.

First the bubbles' sizes, then the figures below them, so that no bubble covers a face; then the backdrop, which says
itself what there was no room for.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from trainer.synthetic.cast import Drawing, draw
from trainer.synthetic.story_backdrops import BackdropPainter
from trainer.synthetic.story_bubbles import Box, BubbleText, draw_bubble, place_bubbles, set_words, tail_room
from trainer.synthetic.story_cast import ADULTS, Character
from trainer.synthetic.story_figures import DOWN, HOLDING, POINTING, Figure, draw_figure
from trainer.synthetic.story_places import NIGHT, PropBox
from trainer.synthetic.story_plot import Beat, Line, Part
from trainer.synthetic.story_styles import FLAT, restyled

_LETTER_FRAC = 0.0155  # of the page's height: about 15 pixels, a narrow letter for a printed comic
_SMALLEST_LETTER_PX = 9
_MOST_BUBBLES_FRAC = 0.42  # of the panel's height
_HEADROOM = 1.26  # a figure's height with a pointed hat, of that without
_SMALL_FIGURE = 0.84  # children and small animals beside adults
_CLOSE_SHARE, _CLOSE_SCALE = 0.35, 1.45
_CLOSE_SCALE_HOLDING = 1.15  # so that what is held stays in the picture
_HELD_FRAC = 0.36  # of the figure's height: below the chin, and large enough to be known
_LYING_FRAC = 0.42
# Sizes of what stands beside figures, of a figure's height.
_NEAR_SIZES = {
    "tree": 1.2, "fir tree": 1.2, "palm tree": 1.2, "cactus": 0.9, "sunflower": 0.8, "rock": 0.55, "tractor": 0.9,
    "snowman": 0.8, "hut": 1.1, "shell": 0.4, "bucket": 0.45, "tent": 1.0, "mushroom": 0.5, "fountain": 0.95,
    "bicycle": 0.85, "box": 0.55, "car": 0.9,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownCharacter:
    """A character in a panel and its bounding box, pixels of the picture."""

    character: Character
    box: Box
    head: Box


@dataclass(frozen=True, slots=True)
class ShownBubble:
    """A line in its bubble and the box of the bubble's body, pixels of the picture."""

    line: Line
    box: Box


@dataclass(frozen=True, slots=True)
class PanelPicture:
    """A panel's bounding box painted, and the truth about it.

    Attributes:
        image: RGB.
        beat: what is shown: the beat without what there was no room for.
        characters: from left to right in the beat's order.
        bubbles: in reading order.
    """

    image: Image.Image
    beat: Beat
    characters: tuple[ShownCharacter, ...]
    bubbles: tuple[ShownBubble, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    """Something in the row of figures and things: its width and height in figures' heights."""

    what: Part | str
    width: float
    height: float


def compose(
    draws: random.Random, props: PropBox, beat: Beat, style: str, size: tuple[int, int], inner: Box, page_px: int
) -> PanelPicture:
    """Paint a panel.

    Args:
        draws: the source of every choice.
        props: the story's drawings.
        beat: what is to be shown.
        style: one of `story_styles.STYLES`.
        size: width and height of the panel's bounding box.
        inner: the part of it in which all that matters is put.
        page_px: the page's height.
    """
    return _Composer(draws, props, beat, style, size, inner, page_px).composed()


class _Composer:
    """Composes one panel."""

    def __init__(
        self,
        draws: random.Random,
        props: PropBox,
        beat: Beat,
        style: str,
        size: tuple[int, int],
        inner: Box,
        page_px: int,
    ) -> None:
        self._draws = draws
        self._props = props
        self._style = style
        self._page_px = page_px
        self._scene = Image.new("RGB", size)
        edge = round(0.012 * page_px)
        self._inner: Box = (inner[0] + edge, inner[1] + edge, inner[2] - edge, inner[3] - edge)
        self._bottom = inner[3]
        self._texts = self._set_lines(beat)
        self._beat = replace(beat, lines=beat.lines[: len(self._texts)])

    def composed(self) -> PanelPicture:
        """The panel."""
        figures, things = self._arranged()
        heads = {shown.character: shown.head for shown, _, _ in figures}
        wanted = [(heads[line.speaker][0] + heads[line.speaker][2]) / 2 for line in self._beat.lines]
        boxes = place_bubbles(self._texts, wanted, self._bubble_area([shown.box for shown, _, _ in figures]))
        rooms = [tail_room(box, text) for box, text in zip(boxes, self._texts, strict=True)]
        taken = [*rooms, *(shown.box for shown, _, _ in figures), *(box for _, box in things)]
        painter = BackdropPainter(self._draws, self._props, self._scene, self._inner, taken)
        self._beat = replace(self._beat, far=painter.paint(self._beat.place, self._beat.sky, self._beat.far))
        self._paste(figures, things)
        image = restyled(self._scene, self._style, self._page_px)
        tops = {shown.character: shown.box[1] for shown, _, _ in figures}
        for text, box, x, line in zip(self._texts, boxes, wanted, self._beat.lines, strict=True):
            draw_bubble(image, text, box, (x, tops[line.speaker] - 0.004 * self._page_px))
        bubbles = tuple(ShownBubble(line, box) for line, box in zip(self._beat.lines, boxes, strict=True))
        return PanelPicture(image, self._beat, tuple(shown for shown, _, _ in figures), bubbles)

    def _set_lines(self, beat: Beat) -> list[BubbleText]:
        """The lines for which there is room."""
        left, top, right, bottom = self._inner
        letter = max(_SMALLEST_LETTER_PX, round(_LETTER_FRAC * self._page_px))
        for count in range(len(beat.lines), 0, -1):
            most = (right - left) * (0.7 if count == 1 else 0.46)
            texts = [set_words(line.words, letter, most) for line in beat.lines[:count]]
            fits = sum(text.width + letter for text in texts) <= right - left
            if fits and max(text.height for text in texts) <= _MOST_BUBBLES_FRAC * (bottom - top):
                return texts
        return []

    def _bubble_area(self, figures: list[Box]) -> Box:
        """Where bubbles may be: near above the figures, in high panels too."""
        left, top, right, bottom = self._inner
        if not self._texts:
            return self._inner
        highest = max(text.height for text in self._texts) + 2 * self._texts[0].letter_px
        return left, max(top, min(box[1] for box in figures) - highest), right, bottom

    def _row(self) -> list[_Item]:
        """Figures from left to right, then things."""
        items = []
        for part in self._beat.parts:
            look = part.character.look
            height = 1.0 if look.kind in ADULTS or look.kind == "bear" else _SMALL_FIGURE
            items.append(_Item(part, height * (0.62 if part.arms == DOWN else 0.92), height))
        for noun in self._beat.near:
            size = _LYING_FRAC if noun == self._beat.thing else _NEAR_SIZES[noun]
            piece = draw(self._props.drawing(noun), 100)
            items.append(_Item(noun, size * piece.width / 100 + 0.06, size * piece.height / 100))
        return items

    def _arranged(self) -> tuple[list[tuple[ShownCharacter, Figure, Part]], list[tuple[Drawing, Box]]]:
        """Every figure and thing with its box."""
        draws, row = self._draws, self._row()
        left, top, right, bottom = self._inner
        if self._texts:
            top += max(text.height for text in self._texts) + round(0.012 * self._page_px)
        feet = bottom - round(draws.uniform(0.0, 0.04) * (bottom - top))
        scale = min((feet - top) / _HEADROOM, (right - left) / sum(item.width for item in row))
        scale *= draws.uniform(0.86, 1.0)
        if len(row) == 1 and draws.random() < _CLOSE_SHARE:
            close = _CLOSE_SCALE_HOLDING if self._beat.parts[0].arms == HOLDING else _CLOSE_SCALE
            scale = min((feet - top) / _HEADROOM * close, (right - left) / row[0].width)
            feet = max(feet, round(top + row[0].height * scale * _HEADROOM))
        is_mirrored = len(self._texts) < 2 and draws.random() < 0.5
        spare = (right - left) - scale * sum(item.width for item in row)
        gap = spare / (len(row) + 1) if len(row) > 1 else spare * draws.uniform(0.25, 0.75)
        figures, things, x = [], [], left + gap
        for number, item in enumerate(row):
            middle = x + item.width * scale / 2
            x += item.width * scale + gap
            middle = left + right - middle if is_mirrored else middle
            if isinstance(item.what, Part):
                looks_back = number > 0 and item.what.arms != POINTING
                figures.append(self._figure(item.what, middle, feet, item.height * scale, looks_back != is_mirrored))
            else:
                things.append(self._thing(item.what, middle, feet, scale))
        return figures, things

    def _figure(
        self, part: Part, x: float, feet: float, height: float, flip: bool
    ) -> tuple[ShownCharacter, Figure, Part]:
        figure = draw_figure(part.character.look, part.mood, part.arms, height, flip=flip)
        left, top = round(x - figure.origin[0]), round(feet - figure.origin[1])
        box = left, top, left + figure.picture.width, min(top + figure.picture.height, self._bottom)
        head = figure.head
        head_box = round(left + head[0]), round(top + head[1]), round(left + head[2]), round(top + head[3])
        return ShownCharacter(part.character, box, head_box), figure, part

    def _thing(self, noun: str, x: float, feet: float, scale: float) -> tuple[Drawing, Box]:
        size = _LYING_FRAC if noun == self._beat.thing else _NEAR_SIZES[noun]
        drawing = self._props.drawing(noun)
        piece = draw(drawing, round(size * scale))
        left, top = round(x - piece.width / 2), round(feet - piece.height)
        return drawing, (left, top, left + piece.width, top + piece.height)

    def _paste(self, figures: list[tuple[ShownCharacter, Figure, Part]], things: list[tuple[Drawing, Box]]) -> None:
        for box in [*(box for _, box in things), *(shown.box for shown, _, _ in figures)]:
            self._shadow(box)
        for drawing, box in things:
            piece = draw(drawing, max(box[2] - box[0], box[3] - box[1]))
            self._scene.paste(piece, box[:2], piece)
        for shown, figure, part in figures:
            corner = shown.box[:2]
            if self._beat.sky == NIGHT and self._style != FLAT:
                self._halo(figure, corner)
            self._scene.paste(figure.picture, corner, figure.picture)
            if part.arms == HOLDING:
                height = (shown.head[3] - shown.head[1]) / 0.43
                piece = draw(self._props.drawing(self._beat.thing), round(_HELD_FRAC * height))
                x, y = corner[0] + figure.hand[0], corner[1] + figure.hand[1]
                self._scene.paste(piece, (round(x - piece.width / 2), round(y - piece.height / 2)), piece)

    def _halo(self, figure: Figure, corner: tuple[int, int]) -> None:
        """A light rim, without which dark hair is lost in a dark sky where there are no colours."""
        reach = max(1, round(0.003 * self._page_px))
        mask = ImageOps.expand(figure.picture.getchannel("A"), reach).filter(ImageFilter.MaxFilter(2 * reach + 1))
        self._scene.paste("#ffffff", (corner[0] - reach, corner[1] - reach), mask)

    def _shadow(self, box: Box) -> None:
        """A shadow on the ground, under feet that are in the picture."""
        left, _, right, bottom = box
        if bottom >= self._bottom:
            return
        high = max(2, (right - left) // 12)
        mask = Image.new("L", (right - left, 2 * high))
        ImageDraw.Draw(mask).ellipse((0, 0, right - left - 1, 2 * high - 1), fill=70)
        self._scene.paste("#20242c", (left, bottom - high), mask)

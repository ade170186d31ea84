"""Speech bubbles of synthetic picture stories: as large as their words, above all heads, with a tail to the speaker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels, half-open."""

_INK = "#14110f"
_LONGEST_TAIL_FRAC = 2.6  # of the letters' size: a longer tail is shortened, its direction says enough
_TAIL_BASE_FRAC = 0.7


@dataclass(frozen=True, slots=True)
class BubbleText:
    """Words set in lines, before it is known where they stand.

    Attributes:
        words: what is said.
        lines: the words line by line.
        letter_px: size of the letters.
        width: of the bubble, pixels.
        height: of the bubble without its tail, pixels.
    """

    words: str
    lines: tuple[str, ...]
    letter_px: int
    width: int
    height: int


def set_words(words: str, letter_px: int, most_px: float) -> BubbleText:
    """Break words into lines.

    Args:
        words: what is said.
        letter_px: size of the letters.
        most_px: width of the bubble, kept to unless a single word is longer.
    """
    font = ImageFont.load_default(letter_px)
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= most_px - 1.6 * letter_px:
            lines[-1] = longer
        else:
            lines.append(word)
    width = max(font.getlength(line) for line in lines) + 1.6 * letter_px
    return BubbleText(words, tuple(lines), letter_px, round(width), round((1.2 * len(lines) + 0.9) * letter_px))


def place_bubbles(texts: Sequence[BubbleText], wanted_x: Sequence[float], area: Box) -> list[Box]:
    """Put bubbles side by side at the top, each as near to its speaker as the others let it.

    Args:
        texts: from left to right; together no wider than the area.
        wanted_x: where each bubble's middle would best be.
        area: where bubbles may be.
    """
    gap = texts[0].letter_px // 3 if texts else 0
    boxes: list[Box] = []
    for number, (text, middle) in enumerate(zip(texts, wanted_x, strict=True)):
        room_right = sum(later.width + gap for later in texts[number + 1 :])
        lowest = boxes[-1][2] + gap if boxes else area[0]
        left = max(lowest, min(round(middle - text.width / 2), area[2] - room_right - text.width))
        boxes.append((left, area[1], left + text.width, area[1] + text.height))
    return boxes


def tail_room(box: Box, text: BubbleText) -> Box:
    """A bubble's box with the room for its tail below it."""
    return box[0], box[1], box[2], box[3] + round(_LONGEST_TAIL_FRAC * text.letter_px)


def draw_bubble(image: Image.Image, text: BubbleText, box: Box, tip: tuple[float, float]) -> None:
    """Draw a bubble.

    Args:
        image: RGB, drawn on.
        text: its words.
        box: where its body is.
        tip: where its tail points: above the speaker's head.
    """
    draw, letter = ImageDraw.Draw(image), text.letter_px
    left, top, right, bottom = box
    base = letter * _TAIL_BASE_FRAC
    root = min(max(tip[0], left + 1.2 * letter), right - 1.2 * letter), bottom - letter * 0.5
    reach = max(1e-6, tip[1] - root[1])
    share = min(1.0, _LONGEST_TAIL_FRAC * letter / reach)
    end = root[0] + (tip[0] - root[0]) * share, root[1] + reach * share
    tail = [(root[0] - base / 2, root[1]), (root[0] + base / 2, root[1]), end]
    pen, radius = max(1, round(letter / 8)), min(letter, (bottom - top) // 2)
    draw.line([tail[0], end, tail[1]], fill=_INK, width=2 * pen + 1, joint="curve")
    draw.rounded_rectangle((left, top, right - 1, bottom - 1), radius, fill="white", outline=_INK, width=pen)
    draw.polygon(tail, fill="white")
    font = ImageFont.load_default(letter)
    for number, line in enumerate(text.lines):
        y = top + (0.45 + 1.2 * (number + 0.5)) * letter
        draw.text(((left + right) / 2, y), line, fill=_INK, font=font, anchor="mm")

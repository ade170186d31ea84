"""Lettering on synthetic pages: bubbles, captions, sound words and paragraphs, wherever they may cover a gutter."""

from __future__ import annotations

import math
import random
import string

import cv2
import numpy as np

from trainer.synthetic.page_art import Rgb
from trainer.synthetic.page_artist import INK, PAPER_WHITE, Shade
from trainer.synthetic.page_cells import Outline

_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
_LETTERS = string.ascii_uppercase + "!?"
# Hershey letters are about this high at scale 1.
_LETTER_PX = 22


class Letterer:
    """Draws lettering on one page, in one hand.

    Args (of the constructor):
        draws: the source of every choice.
        size_px: height of an ordinary portrait page.
    """

    def __init__(self, draws: random.Random, size_px: int) -> None:
        self._draws = draws
        self._unit = size_px / 1000
        self._font = draws.choice(_FONTS)
        self._text_px = draws.uniform(8, 15) * self._unit
        self._fill: Shade = PAPER_WHITE if draws.random() < 0.85 else (255, 250, draws.randint(190, 240))
        self._line_px = max(1, round(draws.choice((1, 1.5, 2, 3)) * self._unit))
        self._caption_fill = draws.choice((PAPER_WHITE, (255, 240, 170), (235, 225, 205), INK, (200, 220, 240)))
        self._crossing = draws.choice((0.1, 0.3, 0.6))

    def letter(self, image: Rgb, outline: Outline) -> None:
        """Put bubbles, a caption and a sound word into a panel; some reach beyond it.

        Args:
            image: the page, drawn on.
            outline: the panel's corners.
        """
        draws = self._draws
        low, high = outline.min(axis=0), outline.max(axis=0)
        width, height = high - low
        for _ in range(draws.choice((0, 0, 1, 1, 2, 3))):
            wide = draws.uniform(0.25, 0.6) * min(width, 320 * self._unit)
            tall = draws.uniform(0.4, 0.9) * min(wide, 0.55 * height)
            inside = 0.0 if draws.random() < self._crossing else 0.5
            x = draws.uniform(low[0] + inside * wide, max(low[0] + inside * wide, high[0] - inside * wide))
            y_share = draws.uniform(0, 1) ** 1.6
            y = low[1] + inside * tall + y_share * max(0.0, float(height - 2 * inside * tall))
            self._bubble(image, x, float(y), wide, tall)
        if draws.random() < 0.16:
            self._caption(image, low, high)
        if draws.random() < 0.07:
            self._sound_word(image, low, high)

    def title(self, image: Rgb) -> None:
        """A cover's title and small print."""
        draws, (height, width) = self._draws, image.shape[:2]
        band = height * draws.uniform(0.08, 0.22)
        if draws.random() < 0.3:
            cv2.rectangle(image, (0, 0), (width, round(band)), self._any_shade(), cv2.FILLED)
        self._word(image, width * 0.05, band * 0.9, draws.uniform(0.4, 0.8) * band, draws.randint(4, 8))
        if draws.random() < 0.5:
            self._word(image, width * draws.uniform(0.05, 0.5), height * draws.uniform(0.8, 0.97), 0.05 * height, 6)

    def paragraphs(self, image: Rgb, low: Outline, high: Outline) -> None:
        """Fill a rectangle with lines of text.

        Args:
            image: drawn on.
            low: the upper left corner (2,).
            high: the lower right corner (2,).
        """
        draws = self._draws
        y = float(low[1]) + self._text_px
        while y < high[1]:
            stop = float(high[0]) if draws.random() < 0.85 else float(low[0] + (high[0] - low[0]) * draws.random())
            self._text_line(image, float(low[0]), stop, y, INK)
            y += self._text_px * (1.6 if draws.random() < 0.9 else 3)

    def page_number(self, image: Rgb, shade: Shade) -> None:
        """A number in the lower margin."""
        height, width = image.shape[:2]
        place = round(width * self._draws.choice((0.07, 0.5, 0.9))), round(height - 5 * self._unit)
        scale = self._text_px * 0.9 / _LETTER_PX
        cv2.putText(image, str(self._draws.randint(1, 220)), place, self._font, scale, shade, 1, cv2.LINE_AA)

    def _any_shade(self) -> Shade:
        draws = self._draws
        return draws.randint(0, 255), draws.randint(0, 255), draws.randint(0, 255)

    def _bubble(self, image: Rgb, x: float, y: float, wide: float, tall: float) -> None:
        draws = self._draws
        kind, fill = draws.random(), self._fill if draws.random() < 0.93 else INK
        line = PAPER_WHITE if fill == INK else INK
        if kind < 0.6:
            steps, power = 40, draws.choice((2.0, 2.0, 2.6, 4.0))
        elif kind < 0.75:
            steps, power = 40, 12.0
        else:
            steps, power = draws.randint(9, 20) * 2, 2.0
        points = []
        for number in range(steps):
            angle = 2 * math.pi * number / steps
            across, down = math.cos(angle), math.sin(angle)
            reach = (abs(across) ** power + abs(down) ** power) ** (-1 / power)
            if kind >= 0.75 and number % 2:
                reach *= draws.uniform(0.7, 0.9)
            points.append((x + across * reach * wide / 2, y + down * reach * tall / 2))
        if draws.random() < 0.6:  # the tail, towards a speaker below or above
            at = draws.randrange(steps)
            tip = draws.uniform(1.15, 1.7)
            points[at] = (x + (points[at][0] - x) * tip, y + (points[at][1] - y) * (tip + 0.4))
        shape = np.array(points).round().astype(np.int32)
        cv2.fillPoly(image, [shape], fill, cv2.LINE_AA)
        if draws.random() < 0.93:
            cv2.polylines(image, [shape], True, line, self._line_px, cv2.LINE_AA)
        self._text_block(image, x, y, wide * 0.68, tall * 0.64, line)

    def _caption(self, image: Rgb, low: Outline, high: Outline) -> None:
        """A box of narration in a corner of the panel, on its frame or along a whole side."""
        draws, (width, height) = self._draws, high - low
        wide = width if draws.random() < 0.25 else draws.uniform(0.3, 0.7) * width
        tall = min(0.35 * float(height), draws.choice((1.8, 3.2, 4.6)) * self._text_px)
        out = draws.choice((0.0, 0.0, 0.0, 0.4)) * tall
        x = float(low[0]) - out if draws.random() < 0.7 else float(high[0] - wide) + out
        y = float(low[1]) - out if draws.random() < 0.75 else float(high[1]) - tall + out
        fill = self._caption_fill
        near, far = (round(x), round(y)), (round(x + wide), round(y + tall))
        cv2.rectangle(image, near, far, fill, cv2.FILLED)
        if draws.random() < 0.8:
            cv2.rectangle(image, near, far, PAPER_WHITE if fill == INK else INK, self._line_px)
        shade = PAPER_WHITE if fill == INK else INK
        self._text_block(image, x + wide / 2, y + tall / 2, wide * 0.9, tall * 0.75, shade)

    def _text_block(self, image: Rgb, x: float, y: float, wide: float, tall: float, shade: Shade) -> None:
        draws = self._draws
        pitch = self._text_px * 1.35
        count = max(1, int(tall / pitch))
        for number in range(count):
            half = wide / 2 * (draws.uniform(0.6, 1.0) if number else draws.uniform(0.45, 0.9))
            base = y + (number - (count - 1) / 2) * pitch + self._text_px / 2
            self._text_line(image, x - half, x + half, base, shade)

    def _text_line(self, image: Rgb, start: float, stop: float, base: float, shade: Shade) -> None:
        draws = self._draws
        count = int((stop - start) / (self._text_px * 0.85))
        if count < 1:
            return
        text = "".join(draws.choice(_LETTERS) if draws.random() < 0.83 else " " for _ in range(count))
        scale = self._text_px / _LETTER_PX
        cv2.putText(image, text, (round(start), round(base)), self._font, scale, shade, self._pen_px, cv2.LINE_AA)

    @property
    def _pen_px(self) -> int:
        return max(1, round(self._text_px / 9))

    def _sound_word(self, image: Rgb, low: Outline, high: Outline) -> None:
        draws, (width, height) = self._draws, high - low
        letter = draws.uniform(0.12, 0.4) * float(min(width, height))
        x = draws.uniform(float(low[0]) - letter, float(high[0]) - letter)
        self._word(image, x, draws.uniform(float(low[1]), float(high[1])), letter, draws.randint(2, 6))

    def _word(self, image: Rgb, x: float, base: float, letter: float, count: int) -> None:
        """A large word with an outline."""
        draws = self._draws
        text = "".join(draws.choice(_LETTERS) for _ in range(count))
        scale, pen = letter / _LETTER_PX, max(2, round(letter / 6))
        place = round(x), round(base)
        shade = draws.choice((INK, PAPER_WHITE, (220, 30, 20), (250, 210, 40), self._any_shade()))
        line = PAPER_WHITE if sum(shade) < 300 else INK
        cv2.putText(image, text, place, self._font, scale, line, 2 * pen, cv2.LINE_AA)
        cv2.putText(image, text, place, self._font, scale, shade, pen, cv2.LINE_AA)

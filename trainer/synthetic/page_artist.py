"""Draws the panels of one synthetic page in one manner, as one artist would.

The manner is colour, grey, ink lines, or ink lines with screentone; pages of one artist share books and colours, so
that neighbouring panels look alike.
"""

from __future__ import annotations

import math
import random

import cv2
import numpy as np

from trainer.synthetic.page_art import ArtLibrary, Rgb, Rgba

COLOR, GREY, LINES, SCREENTONE = "color", "grey", "lines", "screentone"
_MANNERS = {COLOR: 52, GREY: 14, LINES: 16, SCREENTONE: 18}

Shade = tuple[int, int, int]
Place = tuple[float, float]

INK: Shade = (0, 0, 0)
PAPER_WHITE: Shade = (255, 255, 255)


class PageArtist:
    """Draws art for panels.

    Attributes:
        manner: one of `COLOR`, `GREY`, `LINES`, `SCREENTONE`.
    """

    def __init__(self, library: ArtLibrary, draws: random.Random, size_px: int) -> None:
        self.manner = draws.choices(list(_MANNERS), list(_MANNERS.values()))[0]
        self._draws = draws
        self._unit = size_px / 1000
        self._figures = library.figures
        books = draws.sample(library.books, min(len(library.books), draws.choice((1, 1, 2, 4))))
        self._pictures = [picture for book in books for picture in book]
        hue = draws.random()
        self._palette = [self._shade(hue) for _ in range(6)]
        self._busyness = draws.choice((0.4, 1.0, 1.0, 1.6))

    def panel(self, width: int, height: int) -> Rgb:
        """Art that fills a panel."""
        draws = self._draws
        image = self._ground(width, height)
        shows_picture = bool(self._pictures) and draws.random() < 0.66
        if shows_picture:
            image = self._picture(width, height)
        elif draws.random() < 0.5:
            self._structures(image)
        if draws.random() < 0.15:
            self._speed_lines(image)
        for _ in range(draws.choice((0, 0, 1) if shows_picture else (0, 1, 1, 2, 3))):
            self.figure(image, (draws.uniform(0, width), draws.uniform(0, height)), draws.uniform(0.4, 1.7))
        if draws.random() < 0.35 * self._busyness:
            self._ink(image)
        return self._in_manner(image)

    def open_panel(self, image: Rgb) -> None:
        """Figures on a panel without frame and ground, drawn on the bare paper of `image`."""
        draws, (height, width) = self._draws, image.shape[:2]
        for _ in range(draws.choice((1, 1, 2, 3))):
            place = draws.uniform(0.25, 0.75) * width, draws.uniform(0.3, 0.7) * height
            self.figure(image, place, draws.uniform(0.6, 1.0))
        if draws.random() < 0.5:
            self._ink(image)

    def figure(self, image: Rgb, middle: Place, size: float) -> None:
        """Paste a figure; without figures draw one.

        Args:
            image: drawn on.
            middle: where, pixels; parts may lie outside.
            size: longest side as a share of the image's shorter side.
        """
        longest = max(8.0, size * min(image.shape[:2]))
        if self._figures:
            self._paste(image, self._draws.choice(self._figures), middle, longest)
        else:
            self._drawn_figure(image, middle, longest)

    def shade(self) -> Shade:
        """One of the page's colours."""
        return self._draws.choice(self._palette)

    def _shade(self, hue: float) -> Shade:
        draws = self._draws
        if self.manner != COLOR:
            level = draws.choice((255, 240, 210, 170, 120, 60, 20, 0))
            return level, level, level
        tone = np.array([[[((hue + draws.gauss(0, 0.16)) % 1) * 179, draws.uniform(10, 255), draws.uniform(30, 255)]]])
        red, green, blue = cv2.cvtColor(tone.astype(np.uint8), cv2.COLOR_HSV2RGB)[0, 0]
        return int(red), int(green), int(blue)

    def _ground(self, width: int, height: int) -> Rgb:
        """A plain or shaded ground; white or black now and then."""
        draws = self._draws
        kind = draws.random()
        if kind < 0.18 or (self.manner in (LINES, SCREENTONE) and kind < 0.5):
            return np.full((height, width, 3), PAPER_WHITE if draws.random() < 0.75 else INK, np.uint8)
        first, second = np.array(self.shade(), np.float32), np.array(self.shade(), np.float32)
        if kind < 0.5:
            second = first
        length = height if draws.random() < 0.7 else width
        ramp = first + (second - first) * np.linspace(0, 1, length, dtype=np.float32)[:, None]
        shaped = ramp[:, None] if length == height else ramp[None]
        return np.ascontiguousarray(np.broadcast_to(shaped, (height, width, 3)).astype(np.uint8))

    def _picture(self, width: int, height: int) -> Rgb:
        """A random part of an illustration."""
        draws = self._draws
        picture = draws.choice(self._pictures)
        rows, columns = picture.shape[:2]
        wide = draws.uniform(0.4, 1.0) * columns
        high = min(float(rows), wide * height / width)
        wide = max(8.0, min(wide, high * width / height))
        high = max(8.0, high)
        x, y = draws.uniform(0, columns - wide), draws.uniform(0, rows - high)
        part = picture[int(max(0, y)) : math.ceil(y + high), int(max(0, x)) : math.ceil(x + wide)]
        shown = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if wide > width else cv2.INTER_LINEAR)
        if draws.random() < 0.5:
            shown = shown[:, ::-1]
        if self.manner == COLOR and draws.random() < 0.3:
            tint = np.array([draws.uniform(0.5, 1.1) for _ in range(3)], np.float32)
            shown = (shown * tint).clip(0, 255).astype(np.uint8)
        return np.ascontiguousarray(shown, dtype=np.uint8)

    def _structures(self, image: Rgb) -> None:
        """Walls, windows, doors, horizons: straight edges inside panels, which look like gutters."""
        draws, (height, width) = self._draws, image.shape[:2]
        for _ in range(draws.randint(1, 6)):
            thickness = max(1, round(draws.choice((1, 2, 3, 6)) * self._unit))
            shade = draws.choice((INK, INK, PAPER_WHITE, self.shade()))
            kind = draws.random()
            if kind < 0.3:
                x = draws.randint(0, width)
                cv2.line(image, (x, 0), (x + draws.randint(-width // 8, width // 8), height), shade, thickness)
            elif kind < 0.6:
                y = draws.randint(0, height)
                cv2.line(image, (0, y), (width, y + draws.randint(-height // 8, height // 8)), shade, thickness)
            else:
                x, y = draws.randint(-width // 4, width), draws.randint(-height // 4, height)
                far = x + draws.randint(8, max(9, width)), y + draws.randint(8, max(9, height))
                cv2.rectangle(image, (x, y), far, self.shade(), cv2.FILLED)
                if draws.random() < 0.7:
                    cv2.rectangle(image, (x, y), far, INK, thickness)

    def _speed_lines(self, image: Rgb) -> None:
        draws, (height, width) = self._draws, image.shape[:2]
        x, y, reach = draws.uniform(0, width), draws.uniform(0, height), max(width, height)
        shade, free = draws.choice((INK, INK, PAPER_WHITE)), draws.uniform(0.2, 0.6) * reach
        for _ in range(draws.randint(20, 70)):
            angle = draws.uniform(0, 2 * math.pi)
            across, down = math.cos(angle), math.sin(angle)
            start = round(x + across * free), round(y + down * free)
            stop = round(x + across * 2 * reach), round(y + down * 2 * reach)
            cv2.line(image, start, stop, shade, draws.choice((1, 1, 2)), cv2.LINE_AA)

    def _ink(self, image: Rgb) -> None:
        """Curved strokes and hatching."""
        draws, (height, width) = self._draws, image.shape[:2]
        for _ in range(draws.randint(3, round(24 * self._busyness) + 3)):
            x, y = draws.uniform(-0.1, 1.1) * width, draws.uniform(-0.1, 1.1) * height
            angle, bend, step = draws.uniform(0, 6.3), draws.uniform(-0.5, 0.5), draws.uniform(4, 22) * self._unit
            points = []
            for _ in range(draws.randint(4, 16)):
                points.append((round(x), round(y)))
                angle += bend + draws.uniform(-0.25, 0.25)
                x, y = x + math.cos(angle) * step, y + math.sin(angle) * step
            stroke, shade = np.array(points, np.int32), draws.choice((INK, INK, INK, PAPER_WHITE))
            if draws.random() < 0.15:
                cv2.fillPoly(image, [stroke], draws.choice((shade, self.shade())), cv2.LINE_AA)
            thickness = max(1, round(draws.choice((1, 1.5, 2.5, 4)) * self._unit))
            cv2.polylines(image, [stroke], False, shade, thickness, cv2.LINE_AA)
        for _ in range(draws.choice((0, 0, 1, 3))):
            self._hatching(image)

    def _hatching(self, image: Rgb) -> None:
        draws, (height, width) = self._draws, image.shape[:2]
        x, y, angle = draws.uniform(0, width), draws.uniform(0, height), draws.uniform(0, 3.2)
        length, gap = draws.uniform(15, 90) * self._unit, draws.uniform(3, 8) * self._unit
        across, down = math.cos(angle), math.sin(angle)
        for number in range(draws.randint(6, 30)):
            start_x, start_y = x - down * gap * number, y + across * gap * number
            stop = round(start_x + across * length), round(start_y + down * length)
            cv2.line(image, (round(start_x), round(start_y)), stop, INK, 1, cv2.LINE_AA)

    def _paste(self, image: Rgb, figure: Rgba, middle: Place, longest: float) -> None:
        scale = longest / max(figure.shape[:2])
        wide, high = max(4, round(figure.shape[1] * scale)), max(4, round(figure.shape[0] * scale))
        x, y = round(middle[0] - wide / 2), round(middle[1] - high / 2)
        left, top = max(0, x), max(0, y)
        right, bottom = min(image.shape[1], x + wide), min(image.shape[0], y + high)
        if left >= right or top >= bottom:
            return
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        pasted = cv2.resize(figure, (wide, high), interpolation=how)
        if self._draws.random() < 0.5:
            pasted = pasted[:, ::-1]
        pasted = pasted[top - y : bottom - y, left - x : right - x]
        cover = pasted[..., 3:].astype(np.uint16)
        colors = pasted[..., :3]
        if self.manner != COLOR:
            colors = cv2.cvtColor(np.ascontiguousarray(colors), cv2.COLOR_RGB2GRAY)[..., None]
        under = image[top:bottom, left:right]
        image[top:bottom, left:right] = (under * (255 - cover) + colors * cover) >> 8

    def _drawn_figure(self, image: Rgb, middle: Place, longest: float) -> None:
        """A head on a body, outlined in ink."""
        x, y, reach = round(middle[0]), round(middle[1]), max(4, round(longest / 2))
        line = max(1, round(2 * self._unit))
        body, head = (x, y + reach // 2), (x, y - reach // 2)
        for place, axes in ((body, (reach // 2 + 1, reach)), (head, (reach // 2 + 1, reach // 2 + 1))):
            cv2.ellipse(image, place, axes, 0, 0, 360, self.shade(), cv2.FILLED)
            cv2.ellipse(image, place, axes, 0, 0, 360, INK, line, cv2.LINE_AA)

    def _in_manner(self, image: Rgb) -> Rgb:
        if self.manner == COLOR:
            return image
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        if self.manner in (LINES, SCREENTONE) and self._draws.random() < 0.8:
            grey = self._lines(grey)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)

    def _lines(self, grey: Rgb) -> Rgb:
        """Ink lines where shades change (a difference of Gaussians), solid black, and dots for middle tones."""
        draws = self._draws
        width = draws.uniform(0.7, 1.5) * max(0.7, self._unit)
        fine, wide = (cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (width, width * 1.7))
        change = fine.astype(np.float32) - 0.98 * wide
        lines = np.where(change > draws.uniform(-1, 2), 255, np.clip(255 + change * 40, 0, 255)).astype(np.uint8)
        if draws.random() < 0.6:
            lines[grey < draws.randint(30, 80)] = 0
        if self.manner == SCREENTONE:
            dotted = self._screen(grey.shape) * 0.5 + 0.5 * 255 > draws.uniform(0.8, 1.2) * cv2.blur(grey, (5, 5)) + 90
            lines[dotted] = np.minimum(lines[dotted], draws.choice((0, 60, 120)))
        return lines

    def _screen(self, shape: tuple[int, ...]) -> Rgb:
        """A field of dots (H, W), 0 to 255, at the pitch of a printer's screen."""
        draws = self._draws
        pitch, angle = draws.uniform(2.5, 6) * self._unit, draws.uniform(0, 1.5)
        rows, columns = np.arange(shape[0], dtype=np.float32)[:, None], np.arange(shape[1], dtype=np.float32)[None]
        along = (columns * math.cos(angle) + rows * math.sin(angle)) * (2 * math.pi / pitch)
        across = (rows * math.cos(angle) - columns * math.sin(angle)) * (2 * math.pi / pitch)
        return ((np.sin(along) + np.sin(across)) * 63 + 128).astype(np.uint8)

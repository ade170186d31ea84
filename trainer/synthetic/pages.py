"""Comic pages made by chance, with exact panels in reading order: to train the panel detector and to test it.

The flow: a layout (`page_layouts`) -> paper (`page_look`) -> each panel's art (`page_artist`) and frame -> figures
and lettering across them (`page_lettering`) -> printing and scanning (`page_look`). The same seed and art give the
same page. Without art from folders everything is drawn.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from trainer.synthetic.page_art import ArtLibrary, Rgb
from trainer.synthetic.page_artist import INK, PAPER_WHITE, PageArtist, Shade
from trainer.synthetic.page_cells import Cell, Outline
from trainer.synthetic.page_layouts import COVER, TEXT, Layout, draw_layout
from trainer.synthetic.page_lettering import Letterer
from trainer.synthetic.page_look import bare_paper, paper_shade, tilt, turned, worn

Labels = npt.NDArray[np.uint8]  # (H, W)
Mask = npt.NDArray[np.uint8]  # (H, W), 255 where it counts, else 0

NO_PANEL = 255
"""The label of pixels outside all panels."""

# Panels of which less than this can be seen do not count as panels.
_LEAST_VISIBLE_FRAC = 0.35
_NO_FRAME, _PLAIN, _ROUNDED, _BY_HAND = "none", "plain", "rounded", "by hand"
_FRAMES = {_NO_FRAME: 26, _PLAIN: 58, _ROUNDED: 5, _BY_HAND: 11}
_FRAME_PX = (1.5, 2, 3, 3, 4, 6, 9)  # on a page 1000 pixels high
_STEPS_PER_SIDE = 14


@dataclass(frozen=True, slots=True)
class SyntheticPage:
    """A page and the truth about it.

    Attributes:
        image: (H, W, 3) RGB.
        panels: outlines in page pixels, in reading order; none on a page of text.
        labels: for each pixel the index of the panel seen there, or `NO_PANEL`.
        kind: the layout's kind, see `page_layouts.KINDS`.
    """

    image: Rgb
    panels: tuple[Outline, ...]
    labels: Labels
    kind: str

    @property
    def boxes(self) -> npt.NDArray[np.float64]:
        """The panels' bounding boxes (P, 4): left, top, right, bottom."""
        boxes = [[*outline.min(axis=0), *outline.max(axis=0)] for outline in self.panels]
        return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def draw_page(
    seed: int, art: ArtLibrary, size_px: int = 1000, right_to_left: bool = False, kind: str | None = None
) -> SyntheticPage:
    """Draw a page.

    Args:
        seed: the same seed and art give the same page.
        art: what panels are made of.
        size_px: height of an ordinary portrait page, from 300 up; strips and spreads have sides of that order.
        right_to_left: whether it is read from the right.
        kind: one of `page_layouts.KINDS`; drawn by its frequency where None.
    """
    draws = random.Random(seed)
    layout = draw_layout(draws, size_px, right_to_left, kind)
    painter = _PagePainter(draws, art, layout, size_px)
    painter.paint()
    image, labels, outlines = painter.image, painter.labels, [cell.outline for cell in layout.cells]
    matrix = tilt(draws, layout.width, layout.height)
    if matrix is not None:
        image = turned(image, matrix, draws)
        outlines = [outline @ matrix[:, :2].T + matrix[:, 2] for outline in outlines]
        size = layout.width, layout.height
        turned_labels = cv2.warpAffine(labels, matrix, size, flags=cv2.INTER_NEAREST, borderValue=NO_PANEL)
        labels = np.asarray(turned_labels, dtype=np.uint8)
    outlines = [np.clip(outline, 0, [layout.width, layout.height]) for outline in outlines]
    return _visible(worn(image, draws), outlines, labels, layout.kind)


def _visible(image: Rgb, outlines: list[Outline], labels: Labels, kind: str) -> SyntheticPage:
    """The page with the panels of which enough is seen, numbered anew."""
    counts = cv2.calcHist([labels], [0], None, [256], [0, 256]).ravel()
    numbers = np.full(256, NO_PANEL, np.uint8)
    panels: list[Outline] = []
    for index, outline in enumerate(outlines):
        area = cv2.contourArea(outline.astype(np.float32))
        if counts[index] >= _LEAST_VISIBLE_FRAC * max(area, 1.0):
            numbers[index] = len(panels)
            panels.append(outline)
    return SyntheticPage(image, tuple(panels), np.asarray(cv2.LUT(labels, numbers), dtype=np.uint8), kind)


class _PagePainter:
    """Paints one layout.

    Attributes:
        image: the page so far.
        labels: the index of the cell seen at each pixel.
    """

    def __init__(self, draws: random.Random, art: ArtLibrary, layout: Layout, size_px: int) -> None:
        self._draws = draws
        self._layout = layout
        self._unit = size_px / 1000
        self._artist = PageArtist(art, draws, size_px)
        self._letterer = Letterer(draws, size_px)
        self._paper = paper_shade(draws)
        self._frame = draws.choices(list(_FRAMES), list(_FRAMES.values()))[0]
        self._frame_px = draws.choice(_FRAME_PX) * self._unit
        self._ink = self._frame_shade()
        if layout.gutter_px < 3 * self._unit and self._frame == _NO_FRAME and draws.random() < 0.85:
            self._frame = _PLAIN
        self._open_share = draws.choice((0.0, 0.0, 0.0, 0.0, 0.1, 0.1, 0.5))
        self._has_lettering = draws.random() < 0.85
        self.image = bare_paper(draws, layout.width, layout.height, self._paper)
        self.labels = np.full((layout.height, layout.width), NO_PANEL, np.uint8)

    def paint(self) -> None:
        """Paint everything."""
        draws, layout = self._draws, self._layout
        if layout.kind == TEXT:
            self._paint_text()
            return
        if draws.random() < 0.03:
            ground = self._artist.panel(layout.width, layout.height)
            self.image = np.asarray(cv2.addWeighted(ground, 0.6, self.image, 0.4, 0), dtype=np.uint8)
        below = [index for index, cell in enumerate(layout.cells) if not cell.is_on_top]
        above = [index for index, cell in enumerate(layout.cells) if cell.is_on_top]
        for index in [*below, *above]:
            self._paint_cell(index, layout.cells[index])
        for cell in layout.cells:
            if draws.random() < 0.06:
                self._breaking_figure(cell)
        if self._has_lettering:
            for cell in layout.cells:
                self._letterer.letter(self.image, cell.outline)
        if layout.kind == COVER:
            self._letterer.title(self.image)
        elif draws.random() < 0.3:
            self._letterer.page_number(self.image, INK if sum(self._paper) > 380 else PAPER_WHITE)

    def _frame_shade(self) -> Shade:
        if sum(self._paper) > 200:
            return INK if self._draws.random() < 0.93 else self._artist.shade()
        return self._draws.choice((PAPER_WHITE, INK, self._paper, self._artist.shade()))

    def _paint_text(self) -> None:
        draws, size = self._draws, np.array([self._layout.width, self._layout.height], np.float64)
        if sum(self._paper) < 500:
            self.image[:] = PAPER_WHITE
        for _ in range(draws.choice((1, 1, 2, 3))):
            low = size * [draws.uniform(0.05, 0.3), draws.uniform(0.05, 0.6)]
            self._letterer.paragraphs(self.image, low, low + (size - low) * draws.uniform(0.4, 0.95))
        if draws.random() < 0.4:
            self._letterer.title(self.image)

    def _paint_cell(self, index: int, cell: Cell) -> None:
        """One panel: its art, within its frame."""
        draws, layout = self._draws, self._layout
        low = np.floor(cell.outline.min(axis=0)).astype(int).clip(0)
        high = np.ceil(cell.outline.max(axis=0)).astype(int).clip(None, [layout.width, layout.height])
        width, height = (high - low).tolist()
        if min(width, height) < 4:
            return
        window = slice(low[1], high[1]), slice(low[0], high[0])
        outline = cell.outline - low
        if cell.is_inset and draws.random() < 0.5:
            self._surround(cell.outline)
        is_open = not cell.is_inset and draws.random() < self._open_share
        mask = self._mask(outline, width, height)
        shown = self.image[window]
        if is_open:
            art = shown.copy()
            self._artist.open_panel(art)
        else:
            art = self._artist.panel(width, height)
        frame_px = 0 if is_open or self._frame == _NO_FRAME else max(1, round(self._frame_px))
        if cell.is_on_top and not frame_px and draws.random() < 0.7:
            frame_px = max(1, round(2 * self._unit))
        if frame_px:
            padded = cv2.copyMakeBorder(mask, *(frame_px,) * 4, cv2.BORDER_CONSTANT, value=0)
            kernel = np.ones((2 * frame_px + 1, 2 * frame_px + 1), np.uint8)
            inner = cv2.erode(padded, kernel)[frame_px:-frame_px, frame_px:-frame_px]
            art = np.asarray(cv2.copyTo(art, inner, np.full_like(art, self._ink)), dtype=np.uint8)
        self.image[window] = cv2.copyTo(art, mask, shown.copy())
        self.labels[window] = cv2.copyTo(np.full_like(mask, index), mask, self.labels[window].copy())

    def _surround(self, outline: Outline) -> None:
        """Bare paper around an inset."""
        shade = self._draws.choice((self._paper, PAPER_WHITE, INK))
        thickness = max(2, round(self._draws.uniform(6, 22) * self._unit))
        cv2.polylines(self.image, [outline.round().astype(np.int32)], True, shade, thickness)

    def _mask(self, outline: Outline, width: int, height: int) -> Mask:
        """Where a panel is within its bounding box."""
        draws = self._draws
        mask = np.zeros((height, width), np.uint8)
        if self._frame == _ROUNDED:
            radius = max(2, round(min(0.12 * min(width, height), draws.choice((14, 30)) * self._unit)))
            middle = np.array([width, height]) / 2
            shrunk = middle + (outline - middle) * (1 - 2 * radius / np.array([width, height]))
            corners = shrunk.round().astype(np.int32)
            cv2.fillPoly(mask, [corners], 255)
            cv2.polylines(mask, [corners], True, 255, 2 * radius)
        elif self._frame == _BY_HAND:
            cv2.fillPoly(mask, [self._wobbly(outline)], 255)
        else:
            cv2.fillPoly(mask, [outline.round().astype(np.int32)], 255)
        return mask

    def _wobbly(self, outline: Outline) -> npt.NDArray[np.int32]:
        """An outline drawn without a ruler."""
        draws, reach = self._draws, self._draws.uniform(0.6, 3.5) * self._unit
        points = []
        for start, stop in zip(outline, np.roll(outline, -1, axis=0), strict=True):
            drift = 0.0
            for step in range(_STEPS_PER_SIDE):
                drift = 0.7 * drift + draws.gauss(0, reach / 2)
                points.append(start + (stop - start) * (step / _STEPS_PER_SIDE) + drift)
        return np.array(points).round().astype(np.int32)

    def _breaking_figure(self, cell: Cell) -> None:
        """A figure that leaves its panel, drawn over frame and gutter."""
        draws = self._draws
        low, size = cell.outline.min(axis=0), np.array(cell.extent)
        middle = low + size * [draws.random(), draws.random()]
        share = draws.uniform(0.35, 0.9) * float(size.min()) / min(self.image.shape[:2])
        self._artist.figure(self.image, (float(middle[0]), float(middle[1])), share)

"""Pages of synthetic picture stories: the beats of a story put into the panels of page layouts, in reading order."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from trainer.synthetic.page_cells import Outline
from trainer.synthetic.page_layouts import CUTS, Layout, draw_layout
from trainer.synthetic.story_bubbles import Box
from trainer.synthetic.story_panels import PanelPicture, compose
from trainer.synthetic.story_places import PropBox
from trainer.synthetic.story_plot import Beat, Story
from trainer.synthetic.story_styles import FLAT, STYLES

LEAST_PAGE_PX = 400
"""Height of the smallest page on which words and faces can be told."""

_PAPERS = ("#ffffff", "#ffffff", "#f6f0e0", "#18161a")
_MOST_ON_A_PAGE = 5
_ONE_PAGE_SHARE = 0.6
# Panels smaller than this share of the page's height, or longer than this ratio, hold no figures with bubbles.
_LEAST_SIDE_FRAC, _LONGEST_RATIO = 0.23, 2.8
_LEAST_GUTTER_FRAC = 0.004


@dataclass(frozen=True, slots=True)
class StoryPanel:
    """A panel on its page.

    Attributes:
        outline: corners in page pixels, clockwise from the top left.
        box: its bounding box in page pixels.
        picture: what it shows; boxes there are pixels of the bounding box.
    """

    outline: Outline
    box: Box
    picture: PanelPicture


@dataclass(frozen=True, slots=True)
class StoryPage:
    """A page and its panels in reading order; the image is RGB."""

    image: Image.Image
    panels: tuple[StoryPanel, ...]


@dataclass(frozen=True, slots=True)
class DrawnStory:
    """A story on its pages.

    Attributes:
        story: what is told.
        style: one of `story_styles.STYLES`.
        pages: one or two.
    """

    story: Story
    style: str
    pages: tuple[StoryPage, ...]

    @property
    def is_in_color(self) -> bool:
        """Whether colours can be seen."""
        return self.style == FLAT


def draw_pages(draws: random.Random, story: Story, page_px: int) -> DrawnStory:
    """Draw a story in one style, with things that look the same in all its panels.

    Args:
        draws: the source of every choice.
        story: what is told.
        page_px: height of a portrait page, at least LEAST_PAGE_PX.
    """
    style, paper, props = draws.choice(STYLES), draws.choice(_PAPERS), PropBox(draws)
    count = len(story.beats)
    is_one_page = count <= _MOST_ON_A_PAGE and draws.random() < _ONE_PAGE_SHARE
    parting = count if is_one_page else draws.randint(max(2, count - _MOST_ON_A_PAGE), min(_MOST_ON_A_PAGE, count - 2))
    parts = [beats for beats in (story.beats[:parting], story.beats[parting:]) if beats]
    pages = tuple(_draw_page(draws, props, beats, style, paper, page_px) for beats in parts)
    return DrawnStory(story, style, pages)


def _draw_page(
    draws: random.Random, props: PropBox, beats: tuple[Beat, ...], style: str, paper: str, page_px: int
) -> StoryPage:
    layout = _layout_of(draws, len(beats), page_px)
    page = Image.new("RGB", (layout.width, layout.height), paper)
    canvas, frame = ImageDraw.Draw(page), "#ffffff" if paper == _PAPERS[-1] else "#14110f"
    panels = []
    for beat, cell in zip(beats, layout.cells, strict=True):
        box, inner = _boxes(cell.outline)
        size = box[2] - box[0], box[3] - box[1]
        picture = compose(draws, props, beat, style, size, inner, page_px)
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon([(x - box[0], y - box[1]) for x, y in cell.outline], fill=255)
        page.paste(picture.image, box[:2], mask)
        corners = [(float(x), float(y)) for x, y in cell.outline]
        canvas.line([*corners, *corners[:2]], fill=frame, width=max(2, round(0.003 * page_px)), joint="curve")
        panels.append(StoryPanel(cell.outline, box, picture))
    return StoryPage(page, tuple(panels))


def _layout_of(draws: random.Random, count: int, page_px: int) -> Layout:
    """A layout with so many panels, all of a shape that holds a scene."""
    while True:  # one in 14 to 52 will do, measured for 2 to 5 panels, each within about a millisecond
        layout = draw_layout(draws, page_px, right_to_left=False, kind=CUTS)
        if len(layout.cells) == count and layout.gutter_px >= _LEAST_GUTTER_FRAC * page_px and _holds_scenes(layout):
            return layout


def _holds_scenes(layout: Layout) -> bool:
    least = _LEAST_SIDE_FRAC * max(layout.width, layout.height)
    for cell in layout.cells:
        if cell.is_inset or cell.is_on_top or len(cell.outline) != 4:
            return False
        left, top, right, bottom = _boxes(cell.outline)[1]
        short, long = sorted((right - left, bottom - top))
        if short < least or long > _LONGEST_RATIO * short:
            return False
    return True


def _boxes(outline: Outline) -> tuple[Box, Box]:
    """The bounding box of four corners in page pixels, and within it the box that lies inside all sides."""
    low, high = np.floor(outline.min(axis=0)).astype(int), np.ceil(outline.max(axis=0)).astype(int)
    top_left, top_right, bottom_right, bottom_left = outline - low
    inner = (
        int(np.ceil(max(top_left[0], bottom_left[0]))),
        int(np.ceil(max(top_left[1], top_right[1]))),
        int(min(top_right[0], bottom_right[0])),
        int(min(bottom_left[1], bottom_right[1])),
    )
    return (int(low[0]), int(low[1]), int(high[0]), int(high[1])), inner

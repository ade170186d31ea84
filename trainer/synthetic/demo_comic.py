"""Draws the demo comic: a girl and her dog lose their kite in the wind and find it again.

Run `python -m trainer.synthetic.demo_comic OUT.cbz` to write it; the same program always writes the same
bytes. Everything is drawn here, without fonts or outside art: `ink` is the drawing kit, `scenery`,
`characters`, `dog` and `props` know what things look like, `story_day` and `story_night` paint one panel each,
and this module lays panels out on pages. The story has no words: telling it is the narrator's part.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from trainer.synthetic import story_day, story_night
from trainer.synthetic.ink import INK, Canvas

PAGE_WIDTH_PX, PAGE_HEIGHT_PX = 1000, 1500
PAPER = "#fbf6ea"
_FRAME_PX = 4
# Round an inset a band of paper keeps it apart from its host.
_INSET_BORDER_PX = 10
_JPEG_QUALITY = 90
# The first moment a zip can hold: the file must not depend on when it was made.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)

_COMIC_INFO = """<?xml version="1.0" encoding="utf-8"?>
<ComicInfo>
  <Title>The Lost Kite</Title>
  <Series>Comic Reader Demo</Series>
  <Number>1</Number>
  <Summary>The wind takes a girl's kite. With her dog and an old man's help she gets it back.</Summary>
  <PageCount>{page_count}</PageCount>
  <Manga>No</Manga>
</ComicInfo>
"""

Corner = tuple[int, int]


@dataclass(frozen=True)
class DrawnPanel:
    """A panel of the demo comic.

    Attributes:
        corners: its outline, clockwise from the top left, page pixels.
        paint: paints it on a canvas of the size of the outline's bounding box.
        is_inset: whether it lies on the panel before it.
    """

    corners: tuple[Corner, ...]
    paint: Callable[[Canvas], None]
    is_inset: bool = False


@dataclass(frozen=True)
class DrawnPage:
    """A page of the demo comic.

    Attributes:
        name: its file name in the book.
        panels: in reading order.
    """

    name: str
    panels: tuple[DrawnPanel, ...]


def _box(left: int, top: int, right: int, bottom: int) -> tuple[Corner, ...]:
    return (left, top), (right, top), (right, bottom), (left, bottom)


PAGES = (
    DrawnPage(
        "page_01.jpg",
        (
            DrawnPanel(_box(40, 40, 490, 740), story_day.flying),
            DrawnPanel(_box(510, 40, 960, 740), story_day.delight),
            DrawnPanel(_box(40, 760, 490, 1460), story_day.gust),
            DrawnPanel(_box(510, 760, 960, 1460), story_day.far_away),
        ),
    ),
    DrawnPage(
        "page_02.jpg",
        (
            DrawnPanel(_box(40, 40, 960, 660), story_day.over_the_bridge),
            DrawnPanel(_box(40, 680, 333, 1460), story_day.a_bow_in_the_grass),
            DrawnPanel(_box(353, 680, 647, 1460), story_day.asking_the_way),
            DrawnPanel(_box(667, 680, 960, 1460), story_day.he_points),
        ),
    ),
    DrawnPage("page_03.jpg", (DrawnPanel(_box(40, 40, 960, 1460), story_day.the_great_oak),)),
    DrawnPage(
        "page_04.jpg",
        (
            DrawnPanel(((40, 40), (540, 40), (440, 600), (40, 600)), story_night.rain_comes),
            DrawnPanel(((562, 40), (960, 40), (960, 600), (462, 600)), story_night.help_comes),
            DrawnPanel(_box(40, 622, 960, 1460), story_night.rescue),
            DrawnPanel(_box(650, 1150, 930, 1430), story_night.joy, is_inset=True),
        ),
    ),
    DrawnPage(
        "page_05.jpg",
        (
            DrawnPanel(_box(40, 40, 480, 1460), story_night.going_home),
            DrawnPanel(_box(500, 40, 960, 500), story_night.good_night),
            DrawnPanel(_box(500, 520, 960, 980), story_night.asleep),
            DrawnPanel(_box(500, 1000, 960, 1460), story_night.kite_of_stars),
        ),
    ),
)


def draw_page(page: DrawnPage) -> Image.Image:
    """The page as an RGB picture of the page's size."""
    picture = Image.new("RGB", (PAGE_WIDTH_PX, PAGE_HEIGHT_PX), PAPER)
    for number, panel in enumerate(page.panels):
        xs, ys = zip(*panel.corners, strict=True)
        canvas = Canvas(max(xs) - min(xs), max(ys) - min(ys))
        panel.paint(canvas)
        canvas.grain(seed=number)
        if panel.is_inset:
            border = _INSET_BORDER_PX
            ring = (min(xs) - border, min(ys) - border, max(xs) + border, max(ys) + border)
            ImageDraw.Draw(picture).rectangle(ring, fill=PAPER)
        _paste_in_outline(picture, canvas.finished(), panel.corners)
    return picture


def _paste_in_outline(picture: Image.Image, art: Image.Image, corners: tuple[Corner, ...]) -> None:
    """Put a panel's art on the page, cut to its outline and framed, with smooth slanted edges."""
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    inside = [(x - left, y - top) for x, y in corners]
    frame = Image.new("RGB", art.size, INK)
    picture.paste(frame, (left, top), _polygon_mask(art.size, inside, inset_px=0))
    picture.paste(art, (left, top), _polygon_mask(art.size, inside, inset_px=_FRAME_PX))


def _polygon_mask(size: tuple[int, int], corners: list[Corner], inset_px: int) -> Image.Image:
    """White within the polygon moved inwards, smooth at the edge."""
    scale = 4
    mask = Image.new("L", (size[0] * scale, size[1] * scale))
    draw = ImageDraw.Draw(mask)
    outline = [(x * scale, y * scale) for x, y in corners]
    draw.polygon(outline, fill=255)
    if inset_px:
        draw.line([*outline, outline[0], outline[1]], fill=0, width=2 * inset_px * scale)
    return mask.resize(size, Image.Resampling.BOX)


def encode_page(page: DrawnPage) -> bytes:
    """The page as a JPEG file."""
    encoded = io.BytesIO()
    draw_page(page).save(encoded, "JPEG", quality=_JPEG_QUALITY, subsampling=0, optimize=True)
    return encoded.getvalue()


def write_comic(path: Path) -> None:
    """Draw all pages and write the book."""
    with zipfile.ZipFile(path, "w") as book:
        for page in PAGES:
            book.writestr(zipfile.ZipInfo(page.name, _ZIP_EPOCH), encode_page(page))
        info = _COMIC_INFO.format(page_count=len(PAGES))
        book.writestr(zipfile.ZipInfo("ComicInfo.xml", _ZIP_EPOCH), info)


def main() -> None:
    """Write the book to the path on the command line."""
    parser = argparse.ArgumentParser(prog="python -m trainer.synthetic.demo_comic", description=main.__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.cbz")
    write_comic(parser.parse_args().out)


if __name__ == "__main__":
    main()

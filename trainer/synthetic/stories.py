"""Picture stories made by chance, with all that is true of them: to train narrators, and to test.

The flow: characters, places and a plot (`story_cast`, `story_places`, `story_plots`) -> a story, beat by beat
(`story_plot`) -> panels (`story_panels`: bubbles, figures, things and a backdrop in a style) -> pages (`story_pages`)
-> files. Run

    python -m trainer.synthetic.stories OUT_FOLDER --count 200 --seed 0

to write

    OUT_FOLDER/
      records.jsonl            a data set as `trainer.dataset` reads it, a record a panel, all in the split "train"
      images/                  the panels
      books/story-0-00000/     the pages of a story, a book that the reader opens
      pages.json               a list of documents as `comicreader panels --json` writes them, one a book

In pages.json a book has its "goal", "style" and "cast" besides, and each panel its "order" from 1, its "description"
and "narration", its "characters" (name, kind, box, head) and its "bubbles" in reading order (speaker, text, box). All
boxes are [x, y, width, height] in page pixels. The records carry the same characters and bubbles, in pixels of their
own picture.
The same seed gives the same files where the same drawings are installed.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from trainer.dataset import RECORDS, TRAIN
from trainer.synthetic.cast import CastError, drawings
from trainer.synthetic.story_bubbles import Box
from trainer.synthetic.story_pages import LEAST_PAGE_PX, DrawnStory, StoryPage, StoryPanel, draw_pages
from trainer.synthetic.story_plot import draw_story
from trainer.synthetic.story_words import describe

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None

PAGES = "pages.json"
USUAL_PAGE_PX = 1000
_QUALITY = 90
_LICENCE = "Apache-2.0; things: SIL OFL 1.1 (Noto Color Emoji), public domain (Open Clip Art)"
_SOURCE = "trainer.synthetic.stories"
_BAD_INPUT = 2


def make_story(seed: int, number: int, page_px: int = USUAL_PAGE_PX) -> DrawnStory:
    """Make one story.

    Args:
        seed: of the whole set.
        number: the story's in the set; it does not depend on the others.
        page_px: height of a portrait page, at least LEAST_PAGE_PX.

    Raises:
        CastError: the drawings are not installed.
        ValueError: the page is too small.
    """
    if page_px < LEAST_PAGE_PX:
        raise ValueError(f"Pages must be at least {LEAST_PAGE_PX} pixels high.")
    drawings()
    draws = random.Random(f"{seed}/{number}")
    return draw_pages(draws, draw_story(draws), page_px)


def write_stories(folder: Path, count: int, seed: int, page_px: int = USUAL_PAGE_PX) -> None:
    """Write a data set of stories, see the module's text.

    Raises:
        CastError: the drawings are not installed.
        ValueError: the page is too small.
        OSError: it cannot be written.
    """
    documents = []
    records: list[str] = []
    for number in range(count):
        drawn, book = make_story(seed, number, page_px), f"story-{seed}-{number:05d}"
        documents.append(_document(drawn, book))
        records += [json.dumps(record) for record in _write_book(folder, drawn, book)]
    (folder / RECORDS).write_text("".join(f"{record}\n" for record in records), encoding="utf-8")
    (folder / PAGES).write_text("[\n" + ",\n".join(documents) + "\n]\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Placed:
    """A panel and where it stands; numbers from 1."""

    page: int
    panel: int
    order: int
    shown: StoryPanel


def _placed(pages: tuple[StoryPage, ...]) -> Iterator[_Placed]:
    order = 0
    for page_number, page in enumerate(pages, start=1):
        for panel_number, panel in enumerate(page.panels, start=1):
            order += 1
            yield _Placed(page_number, panel_number, order, panel)


def _write_book(folder: Path, drawn: DrawnStory, book: str) -> Iterator[dict[str, JsonValue]]:
    """Write pages and panels of one story; its records."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "books" / book).mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(drawn.pages, start=1):
        page.image.save(folder / "books" / book / _page_name(number), quality=_QUALITY)
    for placed in _placed(drawn.pages):
        name = f"{book}-{placed.order:02d}"
        drawn.pages[placed.page - 1].image.crop(placed.shown.box).save(folder / f"images/{name}.jpg", quality=_QUALITY)
        yield {
            "id": name, "split": TRAIN, "book": book, "title": drawn.story.title, "page": placed.page,
            "panel": placed.panel, "image": f"images/{name}.jpg", **_texts(drawn, placed.shown), "license": _LICENCE,
            "source": _SOURCE, **_truth(placed.shown, (0, 0)),
        }  # fmt: skip


def _document(drawn: DrawnStory, book: str) -> str:
    """One story in the shape of `comicreader panels --json`, with more fields."""
    story = drawn.story
    cast: list[JsonValue] = [
        {"name": character.name, "kind": character.look.kind,
         "look": character.look.in_words(in_color=drawn.is_in_color)}
        for character in story.characters
    ]  # fmt: skip
    pages: list[JsonValue] = []
    for number, page in enumerate(drawn.pages, start=1):
        panels: list[JsonValue] = [
            _panel_value(drawn, placed) for placed in _placed(drawn.pages) if placed.page == number
        ]
        width, height = page.image.size
        pages.append({"name": _page_name(number), "width": width, "height": height, "panels": panels})
    document: JsonValue = {
        "book": story.title, "file": book, "goal": story.goal, "style": drawn.style, "cast": cast, "pages": pages,
    }  # fmt: skip
    return json.dumps(document)


def _panel_value(drawn: DrawnStory, placed: _Placed) -> JsonValue:
    panel = placed.shown
    outline: list[JsonValue] = [[round(float(x), 2), round(float(y), 2)] for x, y in panel.outline]
    return {
        "box": _box_value(panel.box, (0, 0)), "polygon": outline, "confidence": 1.0, "order": placed.order,
        **_texts(drawn, panel), **_truth(panel, panel.box[:2]),
    }  # fmt: skip


def _texts(drawn: DrawnStory, panel: StoryPanel) -> dict[str, JsonValue]:
    beat = panel.picture.beat
    return {"narration": beat.narration, "description": describe(beat, in_color=drawn.is_in_color)}


def _truth(panel: StoryPanel, corner: tuple[int, int]) -> dict[str, JsonValue]:
    """Characters and bubbles, their boxes moved by a corner."""
    characters: list[JsonValue] = [
        {"name": shown.character.name, "kind": shown.character.look.kind, "box": _box_value(shown.box, corner),
         "head": _box_value(shown.head, corner)}
        for shown in panel.picture.characters
    ]  # fmt: skip
    bubbles: list[JsonValue] = [
        {"speaker": bubble.line.speaker.name, "text": bubble.line.words, "box": _box_value(bubble.box, corner)}
        for bubble in panel.picture.bubbles
    ]
    return {"characters": characters, "bubbles": bubbles}


def _box_value(box: Box, corner: tuple[int, int]) -> list[JsonValue]:
    return [box[0] + corner[0], box[1] + corner[1], box[2] - box[0], box[3] - box[1]]


def _page_name(number: int) -> str:
    return f"page-{number}.jpg"


def main() -> None:
    """Write the data set the command line asks for."""
    parser = argparse.ArgumentParser(description="Write picture stories as a data set folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200, help="stories")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page-size", type=int, default=USUAL_PAGE_PX, help="height of a portrait page, pixels")
    arguments = parser.parse_args()
    try:
        write_stories(arguments.folder, arguments.count, arguments.seed, arguments.page_size)
    except (CastError, ValueError, OSError) as error:
        parser.exit(_BAD_INPUT, f"{error}\n")


if __name__ == "__main__":
    main()

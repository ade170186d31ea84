"""Pages on which the shipped panel detector is most wrong, drawn with what is there and what was found.

    python tests/bench/panel_worst.py OUT [--data FOLDER] [--figures FOLDER] [--pages 200] [--comics FOLDER]

Synthetic pages are those of `panel_quality.py`; with --comics the labelled pages of `tests/fixtures/panel_truth` too.
The ten worst of each kind go into OUT as `synthetic.jpg` and `real.jpg`: the truth in green, what was found in red with
its confidence.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2
import numpy as np
import numpy.typing as npt
from labelled_pages import labelled_pages

from comicreader.domain.book import Direction
from comicreader.domain.panel_detection import find_panels_with
from comicreader.domain.panel_net import PanelNet, embedded_net
from comicreader.domain.panels import Panel
from trainer.panel_documents import PagePair, PanelPage
from trainer.panels_evaluate import score_page
from trainer.synthetic.page_art import ArtLibrary
from trainer.synthetic.pages import draw_page

_FIRST_SEED = 8_000_000_000
_SHOWN, _COLUMNS = 10, 5
_TILE_PX = (420, 560)


@dataclass(frozen=True, slots=True)
class Seen:
    """A page with its truth and what was found.

    Attributes:
        name: of the page.
        image: (H, W, 3) RGB.
        truth: (N, 4) left, top, right, bottom in pixels.
        found: panels.
        badness: the more, the worse.
    """

    name: str
    image: npt.NDArray[np.uint8]
    truth: npt.NDArray[np.float64]
    found: tuple[Panel, ...]
    badness: float


def main() -> None:
    """Find, rank, draw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--comics", type=Path)
    parser.add_argument("--net", type=Path, help="instead of the embedded one")
    parsed = parser.parse_args()
    cv2.setNumThreads(1)
    net = PanelNet(parsed.net) if parsed.net else embedded_net()
    parsed.out.mkdir(parents=True, exist_ok=True)
    art = ArtLibrary.load(parsed.data, parsed.figures, 400, held_out=True)
    _draw_worst(_synthetic(parsed.pages, art, net), parsed.out / "synthetic.jpg")
    if parsed.comics:
        _draw_worst(_real(parsed.comics, net), parsed.out / "real.jpg")


def _synthetic(count: int, art: ArtLibrary, net: PanelNet | None) -> Iterator[Seen]:
    for number in range(count):
        page = draw_page(_FIRST_SEED + number, art, 1400, right_to_left=number % 2 == 1)
        height, width = page.image.shape[:2]
        truth = page.boxes if len(page.panels) else np.array([[0, 0, width, height]], np.float64)
        direction = Direction.RIGHT_TO_LEFT if number % 2 else Direction.LEFT_TO_RIGHT
        yield _seen(f"{number} {page.kind}", page.image, truth, direction, net)


def _real(comics: Path, net: PanelNet | None) -> Iterator[Seen]:
    for name, image, truth in labelled_pages(comics):
        yield _seen(name, image, truth, Direction.LEFT_TO_RIGHT, net)


def _seen(
    name: str, image: npt.NDArray[np.uint8], truth: npt.NDArray[np.float64], direction: Direction, net: PanelNet | None
) -> Seen:
    height, width = image.shape[:2]
    found = find_panels_with(net, image, width, height, direction)
    boxes = np.array([(panel.box.x, panel.box.y, panel.box.right, panel.box.bottom) for panel in found], np.float64)
    size = np.array([width, height] * 2)
    score = score_page(PagePair("", PanelPage(name, truth / size), PanelPage(name, boxes / size)))
    matched = score.matched[0]
    f1 = 2 * matched / (len(truth) + len(found)) if len(truth) + len(found) else 1.0
    return Seen(name, image, truth, tuple(found), (1 - f1) + 0.1 * (1 - score.mean_iou))


def _draw_worst(pages: Iterator[Seen], file: Path) -> None:
    worst: list[Seen] = []
    for page in pages:
        worst = sorted([*worst, page], key=lambda one: -one.badness)[:_SHOWN]
    tiles = [_tile(page) for page in worst]
    rows = [np.concatenate(tiles[start : start + _COLUMNS], axis=1) for start in range(0, len(tiles), _COLUMNS)]
    width = max(row.shape[1] for row in rows)
    sheet = np.concatenate([cv2.copyMakeBorder(row, 0, 0, 0, width - row.shape[1], 0, value=0) for row in rows])
    cv2.imwrite(str(file), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    for page in worst:
        print(f"{page.name}: {len(page.truth)} panels, {len(page.found)} found, badness {page.badness:.2f}")


def _tile(page: Seen) -> npt.NDArray[np.uint8]:
    """The page with its outlines, in a tile with its name."""
    width, height = _TILE_PX
    scale = min(width / page.image.shape[1], (height - 24) / page.image.shape[0])
    shown = np.ascontiguousarray(cv2.resize(page.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    for left, top, right, bottom in page.truth * scale:
        cv2.rectangle(shown, (round(left), round(top)), (round(right) - 1, round(bottom) - 1), (0, 190, 0), 4)
    for panel in page.found:
        corners = (np.array(panel.polygon) * scale).round().astype(np.int32)
        cv2.polylines(shown, [corners], True, (230, 0, 0), 2)
        place = tuple(int(value) for value in corners.mean(axis=0))
        cv2.putText(shown, f"{panel.confidence:.2f}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 0, 0), 1)
    tile = np.full((height, width, 3), 40, np.uint8)
    tile[24 : 24 + shown.shape[0], : shown.shape[1]] = shown[: height - 24, :width]
    cv2.putText(tile, page.name, (4, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    return tile


if __name__ == "__main__":
    main()

"""How well panels are found on synthetic pages of held-out art, with the net and by bare paper alone.

    python tests/bench/panel_quality.py [--data FOLDER] [--figures FOLDER] [--pages 500] [--height 1400] [--net ONNX]
        [--comics FOLDER]

Pages are drawn for both directions, half each; with --comics the labelled pages of `tests/fixtures/panel_truth` are
measured too, as the window shows them. The evaluation is that of `python -m trainer panels-evaluate`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2
import numpy as np
import numpy.typing as npt
from labelled_pages import labelled_pages

from comicreader.domain.book import Direction
from comicreader.domain.panel_detection import find_panels_with
from comicreader.domain.panel_net import PanelNet, embedded_net
from trainer.panel_documents import PagePair, PanelPage
from trainer.panels_evaluate import PageScore, in_words, score_page, summed
from trainer.synthetic.page_art import ArtLibrary
from trainer.synthetic.pages import draw_page

# Far from the seeds of training runs and of the pages that thresholds were chosen on.
_FIRST_SEED = 8_000_000_000
_WITH_NET, _ALONE = "with the net", "bare paper alone"


def main() -> None:
    """Draw, find, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--pages", type=int, default=500, help="for each direction")
    parser.add_argument("--height", type=int, default=1400)
    parser.add_argument("--comics", type=Path)
    parser.add_argument("--net", type=Path, help="instead of the embedded one")
    parsed = parser.parse_args()
    cv2.setNumThreads(1)
    art = ArtLibrary.load(parsed.data, parsed.figures, 400, held_out=True)
    net = PanelNet(parsed.net) if parsed.net else embedded_net()
    scores: dict[str, list[PageScore]] = {_WITH_NET: [], _ALONE: []}
    for number in range(2 * parsed.pages):
        page = draw_page(_FIRST_SEED + number, art, parsed.height, right_to_left=number % 2 == 1)
        height, width = page.image.shape[:2]
        # A page without panels is one panel.
        true = page.boxes if len(page.panels) else np.array([[0, 0, width, height]], np.float64)
        direction = Direction.RIGHT_TO_LEFT if number % 2 else Direction.LEFT_TO_RIGHT
        for name, used in ((_WITH_NET, net), (_ALONE, None)):
            scores[name].append(_score(page.kind, str(number), page.image, true, direction, used))
    for name, pages in scores.items():
        for direction, half in (("left to right", pages[::2]), ("right to left", pages[1::2])):
            print(f"== {name}, {direction}")
            print(in_words(summed(half), half))
    by_kind: dict[str, list[PageScore]] = {}
    for score in scores[_WITH_NET]:
        by_kind.setdefault(score.book, []).append(score)
    for kind, pages in sorted(by_kind.items()):
        half, three_quarters = (summed(pages).cuts[cut] for cut in (0.5, 0.75))
        print(
            f"{kind:<9} {len(pages):4} pages  F1 {half.f1:.3f}, {three_quarters.f1:.3f}  exact {half.exact_pages:.3f}"
        )
    if parsed.comics:
        _real(parsed.comics, net)


def _real(comics: Path, net: PanelNet | None) -> None:
    """Print how well the labelled pages' panels are found; both ways take turns, page by page."""
    scores: dict[str, list[PageScore]] = {_WITH_NET: [], _ALONE: []}
    for name, image, true in labelled_pages(comics):
        for way, used in ((_WITH_NET, net), (_ALONE, None)):
            scores[way].append(_score("real", name, image, true, Direction.LEFT_TO_RIGHT, used))
    for way, pages in scores.items():
        print(f"== {way}, real pages")
        print(in_words(summed(pages), pages))


def _score(
    kind: str,
    name: str,
    image: npt.NDArray[np.uint8],
    true: npt.NDArray[np.float64],
    direction: Direction,
    net: PanelNet | None,
) -> PageScore:
    height, width = image.shape[:2]
    began = time.process_time()
    panels = find_panels_with(net, image, width, height, direction)
    ms = (time.process_time() - began) * 1000
    found = np.array([(panel.box.x, panel.box.y, panel.box.right, panel.box.bottom) for panel in panels], np.float64)
    size = np.array([width, height] * 2)
    return score_page(PagePair(kind, PanelPage(name, true / size), PanelPage(name, found / size, ms)))


if __name__ == "__main__":
    main()

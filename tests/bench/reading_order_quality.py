"""How often the reading order is the generator's, and whether its confidence tells where it is not.

    python tests/bench/reading_order_quality.py [PAGES_A_DIRECTION]

On layouts of `trainer.synthetic.page_layouts`, 1,000 pages a direction, of seeds on which nothing was chosen: true
outlines, bounding boxes only, and outlines whose corners are off by up to half a percent of the page. A layout can be
read in two ways where the generator cut columns although a level line parts all of them as well, or nearly (taking a
third of a panel at most): nothing but the order in which it was made tells which is meant. Those are counted apart.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from comicreader.domain.book import Direction
from comicreader.domain.geometry import Box, Polygon, bounding_box
from comicreader.domain.reading_order import fold_of, read_outlines
from trainer.synthetic.page_layouts import Layout, draw_layout

_FIRST_SEED = 100_000
_SIZE_PX = 1000
_OFF_PX = 5
_THIRD = 1 / 3
_BUCKETS = (0.0, 0.4, 0.6, 0.8, 0.9, 1.01)

Change = Callable[[Polygon, random.Random], Polygon]


def true_outline(outline: Polygon, _: random.Random) -> Polygon:
    return outline


def box_only(outline: Polygon, _: random.Random) -> Polygon:
    return bounding_box(outline).corners


def off(outline: Polygon, draws: random.Random) -> Polygon:
    return tuple((x + draws.randint(-_OFF_PX, _OFF_PX), y + draws.randint(-_OFF_PX, _OFF_PX)) for x, y in outline)


def measure(name: str, pages: int, direction: Direction, change: Change) -> None:
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    judged: list[tuple[float, bool]] = []
    times = []
    first = _FIRST_SEED + (pages if direction is Direction.RIGHT_TO_LEFT else 0)
    for seed in range(first, first + pages):
        layout = draw_layout(random.Random(seed), _SIZE_PX, direction is Direction.RIGHT_TO_LEFT)
        draws = random.Random(seed)
        outlines = [change(_polygon(cell.outline), draws) for cell in layout.cells]
        started = time.perf_counter()
        order = read_outlines(outlines, direction, fold_of(layout.width, layout.height))
        times.append(1000 * (time.perf_counter() - started))
        is_right = order.indices == tuple(range(len(outlines)))
        judged.append((order.confidence, is_right))
        for group in ("all", layout.kind, "two ways" if has_two_readings(layout, direction) else "one way"):
            total[group] += 1
            right[group] += is_right
    shares = ", ".join(f"{group} {right[group] / total[group]:.4f} ({total[group]})" for group in total)
    print(f"{name} {direction.value}: {shares}")
    print(f"  confidence: AUC of right against wrong {_auc(judged):.3f}; wrong {_wrong_by_confidence(judged)}")
    print(f"  {statistics.median(times):.2f} ms a page (median), {statistics.quantiles(times, n=20)[-1]:.2f} ms (95 %)")


def has_two_readings(layout: Layout, direction: Direction) -> bool:
    """Whether the layout's order has a cut into columns where a cut into tiers was as good for a reader."""
    boxes = [bounding_box(_polygon(cell.outline)) for cell in layout.cells if not cell.is_inset]
    if direction is Direction.RIGHT_TO_LEFT:
        boxes = [Box(layout.width - box.right, box.y, box.width, box.height) for box in boxes]
    return _is_ambiguous(boxes)


def _is_ambiguous(boxes: Sequence[Box]) -> bool:
    for cut in range(1, len(boxes)):
        before, after = boxes[:cut], boxes[cut:]
        if max(box.center[1] for box in before) < min(box.y for box in after) + 1:
            return _is_ambiguous(before) or _is_ambiguous(after)
    for cut in range(1, len(boxes)):
        before, after = boxes[:cut], boxes[cut:]
        if max(box.center[0] for box in before) < min(box.x for box in after) + 1:
            return _has_level_line(boxes) or _is_ambiguous(before) or _is_ambiguous(after)
    return False


def _has_level_line(boxes: Sequence[Box]) -> bool:
    for level in {edge for box in boxes for edge in (box.y, box.bottom)}:
        shares = [(level - box.y) / max(box.height, 1) for box in boxes]
        if min(shares) < _THIRD and max(shares) > 1 - _THIRD and not any(_THIRD < s < 1 - _THIRD for s in shares):
            return True
    return False


def _polygon(outline: Sequence[Sequence[float]]) -> Polygon:
    return tuple((round(float(x)), round(float(y))) for x, y in outline)


def _auc(judged: Sequence[tuple[float, bool]]) -> float:
    right = [confidence for confidence, is_right in judged if is_right]
    wrong = [confidence for confidence, is_right in judged if not is_right]
    pairs = [(high > low) + 0.5 * (high == low) for high in right for low in wrong]
    return statistics.fmean(pairs) if pairs else float("nan")


def _wrong_by_confidence(judged: Sequence[tuple[float, bool]]) -> str:
    parts = []
    for low, high in pairwise(_BUCKETS):
        here = [is_right for confidence, is_right in judged if low <= confidence < high]
        if here:
            parts.append(f"from {low}: {1 - statistics.fmean(here):.3f} of {len(here)}")
    return "; ".join(parts)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for way in Direction:
        for what, change_outline in (("outlines", true_outline), ("boxes", box_only), ("outlines off", off)):
            measure(what, count, way, change_outline)

"""How well panels were found: `python -m trainer panels-evaluate PRED.json TRUTH.json`.

Both sides are documents of `trainer.panel_documents`; `comicreader panels BOOK --json PRED.json` writes predictions.
Panels are compared as boxes. Pages that only the predictions have do not count; a page that only the truth has
counts as one on which nothing was found.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from trainer.dataset import DatasetError
from trainer.panel_documents import PagePair, load_documents, paired
from trainer.panel_matching import best_overlaps, kendall_tau, matches, overlaps
from trainer.significance import Floats
from trainer.whole_files import write_whole

CUTS = (0.5, 0.75, 0.9)
"""Overlaps from which on a panel counts as found: the same panel, its frame, its edges."""

_WORST_PAGES = 10


@dataclass(frozen=True, slots=True)
class PageScore:
    """What was found on one page.

    Attributes:
        book: its title.
        page: the member's name.
        true: number of true panels.
        found: number of found panels.
        matched: number of panels matched one to one, for each of `CUTS`.
        mean_iou: mean overlap of the true panels with their partners, 0 where one has none.
        tau: Kendall's tau of the order of the panels matched at IoU .5; None where fewer than two are.
        ms: how long it took, milliseconds; None where nobody says.
    """

    book: str
    page: str
    true: int
    found: int
    matched: tuple[int, ...]
    mean_iou: float
    tau: float | None
    ms: float | None


@dataclass(frozen=True, slots=True)
class CutScore:
    """How many panels were found, counted from one overlap on.

    Attributes:
        precision: share of the found panels that are true ones.
        recall: share of the true panels that were found.
        f1: harmonic mean of both.
        exact_pages: share of the pages with every panel found and none besides.
    """

    precision: float
    recall: float
    f1: float
    exact_pages: float


@dataclass(frozen=True, slots=True)
class PanelScores:
    """The whole measurement.

    Attributes:
        pages: number of pages.
        books: number of books.
        true: number of true panels.
        found: number of found panels.
        cuts: overlap to scores.
        mean_iou: over the true panels, 0 for those without a partner.
        ordered_pages: number of pages with two or more panels matched at IoU .5: those whose order is judged.
        order_accuracy: share of these on which all matched panels come in the true order; None without such pages.
        tau: mean of Kendall's tau over these; None without such pages.
        ms_median: milliseconds a page; None where no page says.
        ms_95: the time within which 95 % of the pages are done.
    """

    pages: int
    books: int
    true: int
    found: int
    cuts: dict[float, CutScore]
    mean_iou: float
    ordered_pages: int
    order_accuracy: float | None
    tau: float | None
    ms_median: float | None
    ms_95: float | None


def run(found: Path, truth: Path, json_file: Path | None, out: TextIO, notes: TextIO) -> int:
    """Measure, write for a person, and return the exit status.

    Args:
        found: the predictions: a file, or a folder of files.
        truth: the truth, likewise.
        json_file: gets the numbers, those of each page too; None: none.
        out: takes the measurement.
        notes: takes what is wrong.
    """
    try:
        pages = [score_page(pair) for pair in paired(load_documents(found), load_documents(truth))]
        scores = summed(pages)
        if json_file is not None:
            content = {"scores": asdict(scores), "pages": [asdict(page) for page in pages]}
            try:
                write_whole(json_file, (json.dumps(content, indent=2) + "\n").encode())
            except OSError as error:
                raise DatasetError(f"{json_file} cannot be written: {error.strerror}.") from error
    except DatasetError as error:
        notes.write(f"{error}\n")
        return 1
    out.write(in_words(scores, pages))
    return 0


def score_page(pair: PagePair) -> PageScore:
    """Compare one page with its truth."""
    boxes = pair.found.boxes if pair.found is not None else np.empty((0, 4))
    ious = overlaps(boxes, pair.truth.boxes)
    partners = [matches(ious, cut) for cut in CUTS]
    ranks = [found for _, found in sorted(partners[0].items())]
    return PageScore(
        pair.book,
        pair.truth.name,
        len(pair.truth.boxes),
        len(boxes),
        tuple(len(found) for found in partners),
        float(best_overlaps(ious).mean()) if len(pair.truth.boxes) else 0.0,
        kendall_tau(ranks) if len(ranks) > 1 else None,
        pair.found.ms if pair.found is not None else None,
    )


def summed(pages: Sequence[PageScore]) -> PanelScores:
    """The measurement over all pages.

    Raises:
        DatasetError: there is no page.
    """
    if not pages:
        raise DatasetError("The truth has no page.")
    true, found = sum(page.true for page in pages), sum(page.found for page in pages)
    taus = [page.tau for page in pages if page.tau is not None]
    times = [page.ms for page in pages if page.ms is not None]
    return PanelScores(
        len(pages),
        len({page.book for page in pages}),
        true,
        found,
        {cut: _cut_score(pages, index, true, found) for index, cut in enumerate(CUTS)},
        _share(sum(page.mean_iou * page.true for page in pages), true),
        len(taus),
        _share(sum(tau == 1 for tau in taus), len(taus)) if taus else None,
        _share(sum(taus), len(taus)) if taus else None,
        float(np.median(times)) if times else None,
        _percentile(np.array(times)) if times else None,
    )


def in_words(scores: PanelScores, pages: Sequence[PageScore]) -> str:
    """The measurement as text, and the pages on which it went worst."""
    lines = [
        f"pages {scores.pages:,}, books {scores.books:,}, true panels {scores.true:,}, found panels {scores.found:,}",
        "IoU   precision  recall     F1  exact pages",
    ]
    for cut, score in scores.cuts.items():
        lines.append(
            f"{cut:<4}  {score.precision:9.3f}  {score.recall:6.3f}  {score.f1:5.3f}  {score.exact_pages:11.3f}"
        )
    lines.append(f"mean IoU {scores.mean_iou:.3f}")
    if scores.order_accuracy is not None:
        lines.append(
            f"order right on {scores.order_accuracy:.3f} of {scores.ordered_pages:,} pages, "
            f"Kendall's tau {scores.tau:.3f}"
        )
    if scores.ms_median is not None:
        lines.append(f"{scores.ms_median:.1f} ms a page (median), {scores.ms_95:.1f} ms (95 %)")
    for page in _worst(pages):
        lines.append(
            f"worst: {page.book}, {page.page}: {page.matched[0]} of {page.true} found, "
            f"{page.found - page.matched[0]} besides, mean IoU {page.mean_iou:.2f}"
        )
    return "\n".join(lines) + "\n"


def _worst(pages: Sequence[PageScore]) -> list[PageScore]:
    """The pages with a missing or a needless panel, the least like their truth first."""
    wrong = [page for page in pages if not page.true == page.found == page.matched[0]]
    return sorted(wrong, key=lambda page: (_f1(page.matched[0], page.true, page.found), page.mean_iou))[:_WORST_PAGES]


def _cut_score(pages: Sequence[PageScore], index: int, true: int, found: int) -> CutScore:
    matched = sum(page.matched[index] for page in pages)
    exact = sum(page.true == page.found == page.matched[index] for page in pages)
    return CutScore(_share(matched, found), _share(matched, true), _f1(matched, true, found), _share(exact, len(pages)))


def _f1(matched: int, true: int, found: int) -> float:
    return _share(2 * matched, true + found)


def _share(part: float, whole: int) -> float:
    """A share; 1 of nothing, since nothing is missing there."""
    return float(part) / whole if whole else 1.0


def _percentile(times: Floats) -> float:
    return float(np.percentile(times, 95))

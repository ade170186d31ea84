"""What a simulated reader's drafts cost: kept as they are written, compared over books, drawn."""

from __future__ import annotations

import csv
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from reader_curves import drawn_curves

from trainer.metrics import edit_distance
from trainer.scorer import DualEncoder
from trainer.significance import difference, estimate, mean, ratio, resampling

NOTHING, PLAIN, TRAINED = "from nothing", "no learning", "training"
SHORTEST, AGREED, BEST = "shortest of four", "most agreed of four", "best of four"
CARD = "length on the card"
CHOOSES, SUGGESTS, BOTH = "memory chooses", "memory suggests", "memory does both"
TRAINED_CHOOSES = "training, memory chooses"
ORDER = (NOTHING, PLAIN, SHORTEST, AGREED, CARD, CHOOSES, SUGGESTS, BOTH, TRAINED, TRAINED_CHOOSES, BEST)
"""The arms. BEST knows the truth: it is what choosing among four could save at most."""

_DRAFTS, _COSTS, _CURVES = "drafts.jsonl", "costs.csv", "costs.svg"


@dataclass(frozen=True, slots=True)
class Drafts:
    """What the arms wrote for one record.

    Attributes:
        id: of the record.
        book: its book.
        place: captions read before it.
        truth: what the person makes of every draft.
        texts: by arm.
        copies: arms whose draft is a remembered caption word for word.
        seconds: the batch's CPU seconds, by kind of writing, a record.
    """

    id: str
    book: str
    place: int
    truth: str
    texts: Mapping[str, str]
    copies: Sequence[str]
    seconds: Mapping[str, float]

    def cost(self, arm: str) -> float:
        """Letters to change."""
        return letters_changed(self.texts[arm], self.truth)


def letters_changed(text: str, truth: str) -> float:
    """Letters to change, insert or delete."""
    return edit_distance(text, truth) * max(len(text), len(truth))


def kept(folder: Path) -> list[Drafts]:
    """What was written so far."""
    file = folder / _DRAFTS
    return [Drafts(**json.loads(line)) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def keep(drafts: Sequence[Drafts], folder: Path) -> None:
    """Add what was written for some records."""
    with (folder / _DRAFTS).open("a", encoding="utf-8") as stream:
        stream.writelines(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in drafts)


def write_costs(done: Sequence[Drafts], folder: Path) -> None:
    """Write costs.csv, a row a caption, and costs.svg, their moving means."""
    with (folder / _COSTS).open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["captions_before", "id", "book", "letters", *ORDER])
        for draft in done:
            costs = [round(draft.cost(arm)) for arm in ORDER]
            rows.writerow([draft.place, draft.id, draft.book, len(draft.truth), *costs])
    curves = {arm: [draft.cost(arm) / len(draft.truth) for draft in done] for arm in ORDER[1:-1]}
    (folder / _CURVES).write_text(drawn_curves(curves, "Letters changed, as a share of the text's"))


def print_report(done: Sequence[Drafts], scorer: DualEncoder, after: int) -> None:
    """Print each arm's cost, and how it differs from drafts without learning, with intervals over books.

    Args:
        done: all drafts.
        scorer: says how near drafts come in meaning.
        after: captions read before those that the last column looks at.
    """
    draws = resampling([draft.book for draft in done])
    letters = [float(len(draft.truth)) for draft in done]
    wanted = scorer.sentence_vectors([draft.truth for draft in done])
    late = [float(draft.place >= after) for draft in done]
    costs = {arm: [draft.cost(arm) for draft in done] for arm in ORDER}
    meanings = {
        arm: (scorer.sentence_vectors([draft.texts[arm] or "." for draft in done]) * wanted).sum(1).tolist()
        for arm in ORDER
    }
    print(f"\n{len(done)} captions of {len(draws.counts[0])} books, {statistics.mean(letters):.1f} letters each")
    print(
        "| arm | letters changed | of the text | against no learning | p | the same, late | p | meaning | against | p |"
    )
    print("|---" * 10 + "|")
    for arm in ORDER:
        cost, part = mean(costs[arm]), ratio(costs[arm], letters)
        late_cost, late_plain = (ratio(np.multiply(costs[name], late), late) for name in (arm, PLAIN))
        change, last = difference(cost, mean(costs[PLAIN]), draws), difference(late_cost, late_plain, draws)
        nearer = difference(mean(meanings[arm]), mean(meanings[PLAIN]), draws)
        whole = estimate(cost, draws)
        print(
            f"| {arm} | {whole.value:.1f} ({whole.low:.1f} to {whole.high:.1f}) | {estimate(part, draws).value:.3f} "
            f"| {change.value:+.1f} ({change.low:+.1f} to {change.high:+.1f}) | {change.p:.3f} "
            f"| {last.value:+.1f} ({last.low:+.1f} to {last.high:+.1f}) | {last.p:.3f} "
            f"| {statistics.mean(meanings[arm]):.3f} | {nearer.value:+.3f} ({nearer.low:+.3f} to {nearer.high:+.3f}) "
            f"| {nearer.p:.3f} |"
        )
    copied = {arm: sum(arm in draft.copies for draft in done) for arm in ORDER}
    print("Drafts that are a remembered caption word for word:", {arm: n for arm, n in copied.items() if n} or "none")

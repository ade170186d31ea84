"""How well a character is found in the rest of a book from one box around it, and what a person's answers add.

    python tests/bench/character_quality.py COMICS [--answers 15]

COMICS has the comics of `character_labels.json`, in which two episodes of Pepper&Carrot are labelled by eye: for every
character all panels that it is in (a point of each, page pixels), and boxes to start from. From every box:

    average precision   of the ranking of all other panels; by chance it would be the share of panels with the character
    found               share of the character's panels known after so many answers, the likeliest panels asked first
    asked, precision,   of asking as the window does, until five noes in a row (`NOES_IN_A_ROW`): questions for a
    recall              character, share of them answered with yes, share of the character's other panels found
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from comicreader.domain.archive import open_book
from comicreader.domain.book import Direction
from comicreader.domain.character_search import CharacterSearch, Proposal, Seen
from comicreader.domain.geometry import Box
from comicreader.services.book_looks import BookLooks, PanelLook
from comicreader.services.character_finder import NOES_IN_A_ROW, part_of
from comicreader.services.library import Library

_LABELS = Path(__file__).with_name("character_labels.json")


@dataclass(frozen=True, slots=True)
class Trial:
    """One box to start from.

    Attributes:
        name: whose.
        seen: where it is.
        true: all panels with the character.
    """

    name: str
    seen: Seen
    true: frozenset[str]


def main() -> None:
    """Look, search, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comics", type=Path)
    parser.add_argument("--answers", type=int, default=15)
    parsed = parser.parse_args()
    steps = f"{parsed.answers // 3}, {2 * parsed.answers // 3}, {parsed.answers}"
    print(f"| comic | boxes | average precision | by chance | found after {steps} answers | by chance", end="")
    print(" | asked | precision | recall |\n" + "|---" * 9 + "|")
    for name, cast in json.loads(_LABELS.read_text()).items():
        print(_measured(parsed.comics / name, cast, parsed.answers))


def _measured(comic: Path, cast: dict[str, dict[str, list[list[int]]]], answers: int) -> str:
    looks = asyncio.run(_looks(comic))
    search = CharacterSearch({look.panel.id: look.colours for look in looks})
    trials = list(_trials(looks, cast))
    rows, guesses = [], []
    for trial in trials:
        ranked = search.proposals([trial.seen])
        said = list(_answers(search, trial))
        rest, asked = len(trial.true) - 1, _until_noes(said)
        found = [(1 + sum(said[:number])) / len(trial.true) for number in (answers // 3, 2 * answers // 3, answers)]
        rows.append((_average_precision(ranked, trial.true), *found, sum(asked), len(asked), rest))
        guesses.append((rest / len(ranked), (1 + rest * min(1, answers / len(ranked))) / len(trial.true)))
    average, *found, _, asked_each, _ = (statistics.mean(column) for column in zip(*rows, strict=True))
    _, _, _, _, yes, questions, others = (sum(column) for column in zip(*rows, strict=True))
    chance, found_by_chance = (statistics.mean(column) for column in zip(*guesses, strict=True))
    shares = ", ".join(f"{share:.0%}" for share in found)
    return (
        f"| {comic.stem} | {len(rows)} | {average:.2f} | {chance:.2f} | {shares} | {found_by_chance:.0%} "
        f"| {asked_each:.0f} | {yes / questions:.2f} | {yes / others:.2f} |"
    )


async def _looks(comic: Path) -> list[PanelLook]:
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        book = open_book(comic)
        looks = BookLooks(book, library)
        async for _ in looks.look(0, Direction.LEFT_TO_RIGHT):
            pass
        book.close()
    return looks.known


def _trials(looks: Sequence[PanelLook], cast: dict[str, dict[str, list[list[int]]]]) -> Iterator[Trial]:
    for name, labels in cast.items():
        true = frozenset(_panel_at(looks, page, (x, y)).panel.id for page, x, y in labels["panels"])
        for page, *box in labels["boxes"]:
            look = _panel_at(looks, page, Box(*box).center)
            yield Trial(name, Seen(look.panel.id, part_of(look.panel, Box(*box))), true)


def _panel_at(looks: Sequence[PanelLook], page: int, point: tuple[float, float]) -> PanelLook:
    """The panel there; where a point lies in none, the nearest one."""
    here = [look for look in looks if look.page_index == page]
    inside = [look for look in here if look.panel.box.contains(point)]

    def away(look: PanelLook) -> float:
        x, y = look.panel.box.center
        return (x - point[0]) ** 2 + (y - point[1]) ** 2

    return min(inside or here, key=away)


def _average_precision(ranked: Sequence[Proposal], true: frozenset[str]) -> float:
    hits, total = 0, 0.0
    for place, one in enumerate(ranked, start=1):
        if one.seen.panel_id in true:
            hits += 1
            total += hits / place
    return total / hits if hits else 0.0


def _answers(search: CharacterSearch, trial: Trial) -> Iterator[bool]:
    """What a person says, question by question, until there is no panel left."""
    figure, refused = [trial.seen], set[str]()
    while proposals := search.proposals(figure, without=refused):
        likeliest = proposals[0].seen
        is_it = likeliest.panel_id in trial.true
        if is_it:
            figure.append(likeliest)
        else:
            refused.add(likeliest.panel_id)
        yield is_it


def _until_noes(said: Sequence[bool]) -> Sequence[bool]:
    for end in range(NOES_IN_A_ROW, len(said) + 1):
        if not any(said[end - NOES_IN_A_ROW : end]):
            return said[:end]
    return said


if __name__ == "__main__":
    main()

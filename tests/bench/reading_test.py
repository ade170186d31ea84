"""The reading test: panels narrated as the reader narrates them, shown blind to a judge, and counted.

    python tests/bench/reading_test.py write COMICS STORYBOOKS OUT --narrators NAME=MODEL NAME=MODEL
    python tests/bench/reading_test.py count tests/bench/reading_labels.json

`write` narrates 60 panels, 30 of two comics that no narrator was trained on, 15 strips and 15 test pictures, each book
in order and from its own captions before, and writes sheets on which the narrators are called A and B, drawn anew for
each panel. `OUT/labels.json` is for the judge to fill: "fits", "partly" or "wrong", and whether it is fluent.
Which letter was whom stands in it under “who”, below the labels: look there last.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

from labelled_pages import labelled_pages
from PIL import Image, ImageDraw, ImageFont

from trainer.base_weights import default_cache
from trainer.captioner import Prompt, load_captioner
from trainer.controls import open_picture
from trainer.dataset import CONTEXT_CAPTIONS, DESCRIPTION, load_records
from trainer.decoding import READING_TEMPERATURE, Decoding
from trainer.device import set_threads

COMICS, STRIPS, STORYBOOKS = "comics", "strips", "storybooks"
_COUNTS = {COMICS: 30, STRIPS: 15, STORYBOOKS: 15}
_HELD_OUT = ("pepper-and-carrot-ep03", "pepper-and-carrot-ep06")
_LETTERS = "ABCDEFGH"
_CELL_PX, _PICTURE_PX, _A_SHEET = (470, 560), (460, 300), 9


def books(comics: Path, data: Path) -> Iterator[tuple[str, list[tuple[str, Image.Image]]]]:
    """Kind and all pictures in order, with names, of each book."""
    found: dict[str, list[tuple[str, Image.Image]]] = defaultdict(list)
    for name, image, panels in labelled_pages(comics):
        for number, box in enumerate(panels.round().astype(int).tolist(), 1):
            found[name.rpartition(" ")[0]].append((f"{name} {number}", Image.fromarray(image).crop(tuple(box))))
    for book, pictures in found.items():
        if book in _HELD_OUT:
            yield COMICS, pictures
        elif book.startswith("mimi"):
            yield STRIPS, pictures[1:]  # the first is a title
    records = [record for record in load_records(data)[0] if record.split == "test"]
    chosen = sorted({record.book for record in records})[::8][:5]
    for book in chosen:
        of_book = [record for record in records if record.book == book][:9]
        yield STORYBOOKS, [(record.id, open_picture(record.image)) for record in of_book]


def write(parsed: argparse.Namespace) -> None:
    """Narrate, and write the sheets and the file for labels."""
    set_threads(parsed.threads)
    everything = list(books(parsed.comics, parsed.data))
    kinds = {name: kind for kind, pictures in everything for name, _ in pictures}
    chosen: set[str] = set()
    for kind, count in _COUNTS.items():
        names = [name for name, of in kinds.items() if of == kind]
        chosen |= {names[round(place * (len(names) - 1) / (count - 1))] for place in range(min(count, len(names)))}
    told: dict[str, dict[str, str]] = defaultdict(dict)
    for narrator in parsed.narrators:
        label, _, model = narrator.partition("=")
        captioner = load_captioner(model, default_cache(), lambda *_: None)
        for _, pictures in everything:
            before: list[str] = []
            for number, (name, picture) in enumerate(pictures):
                prompt = Prompt(tuple(before[-CONTEXT_CAPTIONS:]), DESCRIPTION, seed=number)
                decoding = Decoding(temperature=READING_TEMPERATURE, picture_talk=False)
                text = captioner.write(captioner.encode([picture]), [prompt], decoding)[0].text
                before.append(text)
                if name in chosen:
                    told[name][label] = text
    draw, labels, who = random.Random(7), {}, {}
    pictures_of = {name: picture for _, pictures in everything for name, picture in pictures}
    for name, captions in told.items():
        order = draw.sample(sorted(captions), len(captions))
        who[name] = dict(zip(_LETTERS, order, strict=False))
        labels[name] = {
            "kind": kinds[name],
            **{letter: {"caption": captions[of], "label": "", "fluent": True} for letter, of in who[name].items()},
        }
    parsed.out.mkdir(parents=True, exist_ok=True)
    (parsed.out / "labels.json").write_text(json.dumps({"panels": labels, "who": who}, indent=1, ensure_ascii=False))
    for start in range(0, len(labels), _A_SHEET):
        names = list(labels)[start : start + _A_SHEET]
        _sheet([(name, pictures_of[name], labels[name]) for name in names], parsed.out / f"sheet_{start:02}.png")


def _sheet(cells: list[tuple[str, Image.Image, dict[str, Any]]], file: Path) -> None:
    """Panels with their captions, three in a row."""
    font, (width, height) = ImageFont.truetype("DejaVuSans.ttf", 15), _CELL_PX
    sheet = Image.new("RGB", (3 * width, -(-len(cells) // 3) * height), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (name, picture, captions) in enumerate(cells):
        left, top = number % 3 * width, number // 3 * height
        shown = picture.copy()
        shown.thumbnail(_PICTURE_PX)
        sheet.paste(shown, (left + 4, top + 24))
        lines = [line for letter in _LETTERS if letter in captions
                 for line in wrap(f"{letter}: {captions[letter]['caption']}", 52)]  # fmt: skip
        pen.text((left + 4, top + 3), name, fill="black", font=font)
        pen.text((left + 4, top + 28 + _PICTURE_PX[1]), "\n".join(lines), fill="black", font=font)
    sheet.save(file)


def count(parsed: argparse.Namespace) -> None:
    """Print the table of labels."""
    content = json.loads(parsed.labels.read_text())
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, panel in content["panels"].items():
        for letter, narrator in content["who"][name].items():
            label = panel[letter]["label"]
            found[narrator].update([label, f"{label} {panel['kind']}", *["fluent"] * panel[letter]["fluent"]])
    print("| | fits | partly | wrong | fluent |\n|---|---|---|---|---|")
    for narrator, counts in sorted(found.items()):
        cells = [
            f"{counts[label]} (" + ", ".join(f"{kind} {counts[f'{label} {kind}']}" for kind in _COUNTS) + ")"
            for label in ("fits", "partly")
        ]
        print(f"| {narrator} | {' | '.join(cells)} | {counts['wrong']} | {counts['fluent']} |")


def main() -> None:
    """Write or count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    writing = commands.add_parser("write")
    writing.add_argument("comics", type=Path)
    writing.add_argument("data", type=Path)
    writing.add_argument("out", type=Path)
    writing.add_argument("--narrators", nargs="+", required=True, help="NAME=MODEL of each")
    writing.add_argument("--threads", type=int, default=2)
    writing.set_defaults(does=write)
    counting = commands.add_parser("count")
    counting.add_argument("labels", type=Path)
    counting.set_defaults(does=count)
    parsed = parser.parse_args()
    parsed.does(parsed)


if __name__ == "__main__":
    main()

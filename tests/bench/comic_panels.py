"""Makes data sets of comic panels: the descriptions in `resources/datasets` and the comics they describe.

    python tests/bench/comic_panels.py FOLDER_OF_COMICS OUT [--variants 4]
    python tests/bench/comic_panels.py FOLDER_OF_COMICS OUT --split test

The first makes a folder for `--extra-data`. A few panels among thousands of illustrations would hardly be seen: each
book is told several times, from the second time on with its pictures cropped, mirrored and lit otherwise. The second
makes one for `evaluate --style description`, of comics that nobody was trained on.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from pathlib import Path

from labelled_pages import labelled_pages
from PIL import Image

from trainer.vision_training import varied

_DATASETS = Path(__file__).resolve().parents[2] / "resources" / "datasets"
_FILES = {"train": "comic_descriptions.jsonl", "test": "comic_test_descriptions.jsonl"}
_SIDE_PX = 448
_SERIES = "pepper-and-carrot"  # one book, so that no classifier of words has seen a panel's copies
_CREDITS = {
    "pepper": {
        "title": "Pepper&Carrot", "author": "David Revoy", "illustrator": "David Revoy", "license": "CC BY 4.0",
        "source": "www.peppercarrot.com",
    },
    "mimi": {
        "title": "Mimi and Eunice", "author": "Nina Paley", "illustrator": "Nina Paley", "license": "CC BY-SA 4.0",
        "source": "mimiandeunice.com",
    },
}  # fmt: skip


def main() -> None:
    """Cut the panels out and write the records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comics", type=Path, help="folder of the comics")
    parser.add_argument("out", type=Path, help="folder to make")
    parser.add_argument("--split", choices=_FILES, default="train", help="which comics (default: %(default)s)")
    parser.add_argument("--variants", type=int, default=4, help="times a training book is told (default: %(default)s)")
    parsed = parser.parse_args()
    variants = parsed.variants if parsed.split == "train" else 1
    described = [json.loads(line) for line in (_DATASETS / _FILES[parsed.split]).read_text("utf-8").splitlines()]
    texts = {(item["book"], item["page"], item["panel"]): item for item in described}
    (parsed.out / "images").mkdir(parents=True)
    draw, records = random.Random(0), list[tuple[tuple[int, str, int, int], dict[str, object]]]()
    for name, image, panels in labelled_pages(parsed.comics):
        book, _, page_name = name.rpartition(" ")
        page = int("".join(re.findall(r"\d+", page_name)) or 0)
        story = book if book.startswith(_SERIES) else f"{book}-{page:03}"  # a strip is a story of its own
        if parsed.split == "train":
            story = _SERIES
        for number, (left, top, right, bottom) in enumerate(panels, 1):
            seen = texts.pop((book, page, number), None)
            if seen is None:
                continue
            panel = Image.fromarray(image).crop((round(left), round(top), round(right), round(bottom)))
            panel.thumbnail((_SIDE_PX, _SIDE_PX))
            for variant in range(variants):
                shown = varied(panel, draw) if variant else panel
                file = f"images/{book}-{page:02}-{number}-{variant}.webp"
                shown.save(parsed.out / file, quality=90)
                record = {
                    "id": Path(file).stem, "split": parsed.split, "book": story, "page": page, "panel": number,
                    "image": file, "description": seen["description"], "standalone": seen["standalone"],
                    "tags": seen["tags"], **_CREDITS[book.partition("-")[0]],
                }  # fmt: skip
                records.append(((variant, book, page, number), record))
    lines = [json.dumps(record) + "\n" for _, record in sorted(records, key=lambda placed: placed[0])]
    (parsed.out / "records.jsonl").write_text("".join(lines))
    print(f"{len(records)} records in {parsed.out}; {len(texts)} descriptions without a panel: {sorted(texts)}")


if __name__ == "__main__":
    main()

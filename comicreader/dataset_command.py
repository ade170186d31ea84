"""`comicreader dataset {build,stats,export,import}`: what a person wrote, as data to train narrators on."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from comicreader.domain.errors import ExchangeError
from comicreader.progress import Progress
from comicreader.services.book_exchange import counted
from comicreader.services.dataset_archive import export_dataset, take_in
from comicreader.services.dataset_export import BuiltDataset, build_dataset, edit_distance
from comicreader.services.library import Library
from comicreader.services.library_records import ACCEPT, CHOOSE, EDIT, REGENERATE
from comicreader.services.paths import AppPaths

EXIT_OK, EXIT_SOME_MISSING = 0, 1

_ACTS = {EDIT: "written or corrected", ACCEPT: "kept as they were", CHOOSE: "chosen among several"}


def build(folder: Path, paths: AppPaths) -> int:
    """Build a data set in a folder; returns the exit status.

    Raises:
        ComicReaderError: there is nothing to build from, or the folder or the library cannot be used.
    """
    with Library.open(paths.library_file) as library, _progress_of(library) as show:
        built = build_dataset(library, folder, show)
    _say(built, built.folder)
    return EXIT_SOME_MISSING if built.missing else EXIT_OK


def export(file: Path, paths: AppPaths) -> int:
    """Build a data set and put it into a ZIP file; returns the exit status.

    Raises:
        ComicReaderError: as for `build`, or the file cannot be written.
    """
    if not file.absolute().parent.is_dir():
        raise ExchangeError(f"There is no folder {file.absolute().parent} to write {file.name} into.")
    with Library.open(paths.library_file) as library, _progress_of(library) as show:
        built = export_dataset(library, file, show)
    _say(built, file)
    return EXIT_SOME_MISSING if built.missing else EXIT_OK


def take(source: Path, paths: AppPaths) -> int:
    """Take a data set in from another computer; returns the exit status.

    Raises:
        ComicReaderError: it is no data set, or there is one of that name already.
    """
    folder, records = take_in(source, paths.datasets)
    sys.stdout.write(f"{counted(records, 'caption')} taken in, to train with: {folder}\n")
    return EXIT_OK


def stats(paths: AppPaths) -> int:
    """Say what there is to learn from; returns the exit status.

    Raises:
        ComicReaderError: the library cannot be used.
    """
    with Library.open(paths.library_file) as library:
        taught = library.data_set.taught()
    used = [caption for caption in taught if not caption.is_excluded]
    lines = [f"{counted(len(used), 'caption')} of yours, {len(taught) - len(used)} more left out"]
    acts = Counter(caption.act for caption in used)
    lines += [f"  {_ACTS.get(act, act)}: {count}" for act, count in acts.most_common()]
    styles = Counter(caption.style for caption in used)
    lines += [f"  told as {style}: {count}" for style, count in styles.most_common()]
    drafts = [(draft, caption.text) for caption in used for draft in caption.drafts]
    lines.append(f"{counted(len(drafts), 'pair')} of your text and the narrator's")
    if corrected := [edit_distance(draft.text, text) for draft, text in drafts if draft.act != REGENERATE]:
        lines.append(f"  characters changed: median {median(corrected):g}")
    if used:
        lines.append(f"words a caption: median {median(len(caption.text.split()) for caption in used):g}")
        lines.append(f"time spent writing: {sum(caption.seconds for caption in used) / 60:.1f} minutes")
    sys.stdout.write("\n".join(lines) + "\n")
    return EXIT_OK


@contextmanager
def _progress_of(library: Library) -> Iterator[Callable[[int, int], None]]:
    progress = Progress(sys.stderr, len(library.data_set.taught()))

    def show(done: int, _count: int) -> None:
        progress.step()
        progress.say(f"caption {done}")

    try:
        yield show
    finally:
        progress.clear()


def _say(built: BuiltDataset, where: Path) -> None:
    for sentence in built.missing:
        sys.stderr.write(f"comicreader: {sentence}\n")
    held_out = f", {built.held_out} of them to measure on" if built.held_out else ""
    sys.stdout.write(
        f"{counted(built.records + built.held_out, 'caption')} of {counted(built.books, 'book')}{held_out}, "
        f"{counted(built.preferences, 'pair')}: {where}\n"
    )

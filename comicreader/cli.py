"""The command line: what may be typed, and which part of the program answers.

comicreader [BOOK]           the window (and the story on stdout where there is no display)
comicreader demo             the same with the comic that comes with the program
comicreader narrate BOOK     `headless`: the story or a JSON document
comicreader panels BOOK      `headless`: the panels as a JSON document
comicreader export BOOK OUT  `exchange`: panels and texts for other programs
comicreader import BOOK FILE `exchange`: panels and texts of other programs
comicreader dataset …        `dataset_command`: what the person wrote, as training data
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from comicreader import __version__, dataset_command
from comicreader.domain.book import Direction
from comicreader.domain.errors import BookError, ComicReaderError, LibraryError, NarratorError
from comicreader.domain.panel_files import ACBF, CBXY, GUIDED_NAVIGATION
from comicreader.exchange import export_panels, import_file
from comicreader.headless import STDOUT, Job, PageRange, find_panels, narrate
from comicreader.log import logging_to
from comicreader.resources import DEMO_COMIC, resource_path
from comicreader.services.book_exchange import PANEL_DATA
from comicreader.services.library import Library
from comicreader.services.narrator import default_command
from comicreader.services.paths import AppPaths
from trainer.dataset import DESCRIPTION, NARRATION

EXIT_BAD_INPUT, EXIT_NARRATOR_FAILED, EXIT_INTERRUPTED, EXIT_BROKEN_PIPE = 2, 3, 130, 141

_WINDOW, _DEMO, _NARRATE, _PANELS, _EXPORT, _IMPORT = "open", "demo", "narrate", "panels", "export", "import"
_DATASET, _STATS = "dataset", "stats"
_DATASET_ACTS: dict[str, Callable[[Path, AppPaths], int]] = {
    "build": dataset_command.build,
    _STATS: lambda _path, paths: dataset_command.stats(paths),
    "export": dataset_command.export,
    "import": dataset_command.take,
}

_DESCRIPTION = """Read comics panel by panel with a narrator that tells what happens, and correct it.

  comicreader [BOOK]             open a book, or the one read last
  comicreader demo               open the comic that comes with the program
  comicreader narrate BOOK       tell a book in the terminal, or as JSON
  comicreader panels BOOK        write a book's panels as JSON
  comicreader export BOOK OUT    write panels and texts for other programs
  comicreader import BOOK FILE   take panels and texts over from other programs
  comicreader dataset ACT        your captions as training data: build, stats, export, import

A book is a CBZ, CBR, CB7, CBT or PDF file, a folder of pictures, or a picture."""

_BOOK_HELP = "a comic, a PDF, a picture, or a folder of pictures"

_EPILOG = """exit status:
  0    all went well
  1    some pages could not be read or narrated; they have an "error" in the JSON
  2    bad input: no such book, a book that cannot be opened, a wrong option
  3    the narrator failed; captions written before are kept
  130  interrupted; no half file is left, captions written before are kept
  141  the program that read the output went away"""


def run(arguments: Sequence[str], environment: Mapping[str, str], narrator_command: Sequence[str] | None = None) -> int:
    """Do what the command line asks; returns the exit status.

    Args:
        arguments: without the program's name.
        environment: of the process; tells whether there is a display, and is passed on to the narrator.
        narrator_command: the narrator's program instead of the default one.

    Raises:
        SystemExit: the arguments are wrong, or help was asked for.
    """
    options = build_parser().parse_args(_with_command(arguments))
    paths = AppPaths.default() if options.data_dir is None else AppPaths.under(options.data_dir)
    with logging_to(paths.log_file):
        try:
            status = _dispatch(options, paths, environment, narrator_command or default_command())
            sys.stdout.flush()
        except ComicReaderError as error:
            sys.stderr.write(f"comicreader: {error.sentence}\n")
            return EXIT_NARRATOR_FAILED if isinstance(error, NarratorError) else EXIT_BAD_INPUT
        except KeyboardInterrupt:
            sys.stderr.write("comicreader: interrupted; captions written so far are kept in the library.\n")
            return EXIT_INTERRUPTED
        except BrokenPipeError:
            # The interpreter flushes stdout once more when it ends, which must not fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_BROKEN_PIPE
    return status


def build_parser() -> argparse.ArgumentParser:
    """The commands and their options; `comicreader [BOOK]` is the command "open"."""
    parser = argparse.ArgumentParser(
        prog="comicreader",
        usage="comicreader [BOOK] | comicreader {demo,narrate,panels,export,import,dataset} ...",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"Comic Reader {__version__}")
    commands = parser.add_subparsers(dest="command", help=argparse.SUPPRESS, metavar="")

    def add_command(name: str, description: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            prog=f"comicreader {name}",
            description=description,
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument("--data-dir", type=Path, metavar="DIR", help="keep library, settings and log there")
        return command

    add_command(_WINDOW, "Open a book, or the one read last.").add_argument(
        "book", type=Path, nargs="?", metavar="BOOK", help=_BOOK_HELP
    )
    add_command(_DEMO, "Open the comic that comes with the program.")
    narrated = add_command(_NARRATE, "Tell a book: as a story on stdout, or as a JSON document.")
    _add_reading_options(narrated)
    narrated.add_argument("--json", metavar="FILE", help='write JSON there; "-" for stdout')
    narrated.add_argument(
        "--model", metavar="M", help='"embedded", a folder, or a hub name (default: as in the window)'
    )
    narrated.add_argument(
        "--style", choices=(DESCRIPTION, NARRATION), help="tell what is seen, or a story (default: as in the window)"
    )
    panels = add_command(_PANELS, "Write a book's panels as a JSON document.")
    _add_reading_options(panels)
    panels.add_argument("--json", metavar="FILE", default=STDOUT, help='write there; "-" (default) for stdout')
    exported = add_command(
        _EXPORT,
        "Write a book's panels and the captions that stand in a format of other programs, or its corrected pages as "
        "training data for the panel detector.",
    )
    _add_reading_options(exported)
    exported.add_argument("out", metavar="OUT", help='the file to write, "-" for stdout; a new folder for panel-data')
    exported.add_argument(
        "--format",
        choices=(GUIDED_NAVIGATION, ACBF, CBXY, PANEL_DATA),
        help="guided-navigation (.json) holds boxes and texts, acbf (.acbf) outlines and texts, cbxy (.cbxy) outlines "
        "without texts (default: as the suffix of OUT says)",
    )
    imported = add_command(
        _IMPORT,
        "Make the panels and texts of a file (Guided Navigation JSON, ACBF, .cbxy, our own JSON) those of a book, as "
        "if you had drawn and written them; texts you wrote yourself stay.",
    )
    imported.add_argument("book", type=Path, metavar="BOOK", help=_BOOK_HELP)
    imported.add_argument("file", type=Path, metavar="FILE", help="what it is, its content says")
    imported.add_argument("--password", metavar="P", help="password of an encrypted book")
    data_set = add_command(
        _DATASET,
        "What you wrote and corrected, as data to train narrators on: build it in a folder, say what there is (stats), "
        "export it as one ZIP file for another computer, import one from there.",
    )
    data_set.add_argument("act", choices=_DATASET_ACTS, metavar="{" + ",".join(_DATASET_ACTS) + "}")
    data_set.add_argument("path", type=Path, nargs="?", metavar="PATH", help="a folder, or for export a ZIP file")
    return parser


def _add_reading_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("book", type=Path, metavar="BOOK", help=_BOOK_HELP)
    command.add_argument("--pages", type=page_ranges, default=(), metavar="1-5,7", help="only these pages")
    command.add_argument("--password", metavar="P", help="password of an encrypted book")
    directions = [direction.value for direction in Direction]
    command.add_argument("--direction", choices=directions, help="reading order (default: as in the window)")


def page_ranges(text: str) -> tuple[PageRange, ...]:
    """Read "1-5,7".

    Raises:
        argparse.ArgumentTypeError: it is no such list.
    """
    ranges = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
        if match is None:
            raise argparse.ArgumentTypeError(f"“{text}” is no list of pages; write for example 1-5,7")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last:
            raise argparse.ArgumentTypeError(f"“{part.strip()}” is no range of pages; they are counted from 1")
        ranges.append((first, last))
    return tuple(ranges)


def _with_command(arguments: Sequence[str]) -> list[str]:
    """`comicreader [BOOK]` as the command it stands for."""
    known = {_WINDOW, _DEMO, _NARRATE, _PANELS, _EXPORT, _IMPORT, _DATASET, "-h", "--help", "--version"}
    return list(arguments) if arguments and arguments[0] in known else [_WINDOW, *arguments]


def _dispatch(
    options: argparse.Namespace, paths: AppPaths, environment: Mapping[str, str], narrator_command: Sequence[str]
) -> int:
    if options.command == _NARRATE:
        return narrate(
            replace(_job(options), json=options.json, model=options.model, style=options.style),
            paths,
            environment,
            narrator_command,
        )
    if options.command == _PANELS:
        return find_panels(replace(_job(options), json=options.json), paths)
    if options.command == _EXPORT:
        return export_panels(_job(options), options.out, options.format, paths)
    if options.command == _DATASET:
        return _dataset(options, paths)
    if options.command == _IMPORT:
        return import_file(Job(options.book, password=options.password), options.file, paths)
    book = resource_path(*DEMO_COMIC) if options.command == _DEMO else options.book or _book_of_last_time(paths)
    if not book.exists():
        raise BookError(f"There is no file or folder {book}.")
    if _has_display(environment):
        return _open_window(book, paths, narrator_command)
    sys.stderr.write("comicreader: there is no display, so the book is told here, as `comicreader narrate` does.\n")
    return narrate(Job(book), paths, environment, narrator_command)


def _dataset(options: argparse.Namespace, paths: AppPaths) -> int:
    if options.path is None and options.act != _STATS:
        raise ComicReaderError(f"comicreader dataset {options.act} needs a folder or file.")
    return _DATASET_ACTS[options.act](options.path, paths)


def _job(options: argparse.Namespace) -> Job:
    direction = None if options.direction is None else Direction(options.direction)
    return Job(options.book, options.pages, password=options.password, direction=direction)


def _book_of_last_time(paths: AppPaths) -> Path:
    """The book read last that is still there, else the demo."""
    try:
        with Library.open(paths.library_file) as library:
            known = [record.path for record in library.recent_books()]
    except LibraryError:
        known = []  # the window says it
    return next((path for path in known if path.exists()), resource_path(*DEMO_COMIC))


def _has_display(environment: Mapping[str, str]) -> bool:
    """Whether a window can be opened; only on Linux can a session be without a display and know it."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(environment.get(name) for name in names)


def _open_window(book: Path, paths: AppPaths, narrator_command: Sequence[str]) -> int:
    try:
        # Qt takes a while to load, and what has no window must run where Qt's libraries are missing.
        from comicreader.app import run_window
    except ImportError as error:
        if not str(error).startswith("lib"):
            raise
        raise ComicReaderError(
            f"The window cannot be opened, a library of the system is missing ({error}); README names the packages."
        ) from error
    return run_window(book, paths, narrator_command)

"""`python -m comicreader`, and the program `comicreader`."""

from __future__ import annotations

import io
import os
import sys

from comicreader.cli import run
from comicreader.log import log_unexpected


def main() -> None:
    """Run the command line and leave with its exit status."""
    sys.excepthook = log_unexpected
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a story must not fail on a poor terminal
    sys.exit(run(sys.argv[1:], dict(os.environ)))


if __name__ == "__main__":
    main()

"""Where log lines go, and what happens with an error that nobody expected."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

_log = logging.getLogger(__name__)

# Three megabytes in all: weeks of reading, and small enough to send along with a report.
_FILE_BYTES = 1_000_000
_OLD_FILES = 2

_FILE_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextmanager
def logging_to(log_file: Path) -> Iterator[None]:
    """Send log lines to a rotating file, and those that someone should act on to stderr.

    A file that cannot be written is said on stderr; the program goes on without it.
    """
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    screen = logging.StreamHandler()
    screen.setLevel(logging.WARNING)
    screen.setFormatter(logging.Formatter("comicreader: %(message)s"))
    root.addHandler(screen)
    file = _file_handler(log_file)
    yield
    # Not reached with an error that nobody caught: the excepthook still needs the handlers.
    root.setLevel(level)
    root.removeHandler(screen)
    if file is not None:
        root.removeHandler(file)
        file.close()


def log_unexpected(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Log an error that nobody caught; to be installed as `sys.excepthook`."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    _log.critical("an error in Comic Reader itself: %s: %s", kind.__name__, error, exc_info=(kind, error, traceback))


def _file_handler(log_file: Path) -> logging.Handler | None:
    """A handler that the root logger has already; None where the file cannot be written."""
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            log_file, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8"
        )
    except OSError as error:
        _log.warning("no log is kept: %s cannot be written (%s)", log_file, error.strerror)
        return None
    handler.setFormatter(logging.Formatter(_FILE_FORMAT))
    logging.getLogger().addHandler(handler)
    return handler

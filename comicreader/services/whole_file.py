"""Writing a file or a folder wholly or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole_file(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it: beside it first, then renamed over it.

    A link is followed. What is no ordinary file (a pipe, /dev/null) is written directly: renaming over it would
    replace the device.

    Raises:
        OSError: the file cannot be written; what was there is unchanged.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            # without it a power cut after the renaming can leave an empty file
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder beside the wanted one to write into; it takes its name where no error ends the block.

    Raises:
        FileExistsError: something stands there already, other than an empty folder.
        OSError: the folder cannot be made.
    """
    target = path.absolute()
    is_empty = target.is_dir() and not any(target.iterdir())
    if target.exists() and not is_empty:
        raise FileExistsError(None, f"{target.name} is there already; choose another name")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.mkdir()
    try:
        yield part
        if is_empty:
            target.rmdir()
        part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)

"""Writing so that whoever reads finds the old content or the new one, never a part: beside the name, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(file: Path, content: bytes) -> None:
    """Write a file.

    Raises:
        OSError: it cannot be written; the old content stands.
    """
    target = file.resolve()
    scratch = _beside(target)
    try:
        with scratch.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(target)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise


@contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """A name beside the target, to make a file or a folder under; it becomes the target where no error ends the block.

    Raises:
        FileExistsError: the target stands there already, and is not an empty folder.
        OSError: it cannot be made.
    """
    target = target.absolute()
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise FileExistsError(f"{target} stands there already; choose another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = _beside(target)
    try:
        yield scratch
        if target.is_dir():
            target.rmdir()
        scratch.replace(target)
    finally:
        if scratch.is_dir():
            shutil.rmtree(scratch)
        scratch.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    """A hidden name in the target's folder that no other process uses."""
    return target.with_name(f".{target.name}.{os.getpid()}.part")

"""Tensors on disk, written so that a full disk is an `OSError` like everywhere else."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

_OS_ERROR = re.compile(r"os error (\d+)")


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors.

    Raises:
        OSError: they cannot be written.
    """
    try:
        save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, path)
    except SafetensorError as error:
        raise as_os_error(error, path) from error


def as_os_error(error: SafetensorError, path: Path) -> OSError:
    """What the operating system said when safetensors could not write."""
    found = _OS_ERROR.search(str(error))
    number = int(found.group(1)) if found else errno.EIO
    return OSError(number, os.strerror(number), str(path))


def optimizer_tensors(state: Mapping[Any, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """An optimiser's state by parameter, flattened: "<parameter>/<name>"."""
    return {f"{key}/{name}": value for key, values in state.items() for name, value in values.items()}


def load_optimizer_tensors(path: Path) -> dict[str, dict[str, Tensor]]:
    """What `optimizer_tensors` flattened; the parameters' keys have become text."""
    state: dict[str, dict[str, Tensor]] = {}
    for flat, value in load_file(path).items():
        key, _, name = flat.rpartition("/")
        state.setdefault(key, {})[name] = value
    return state

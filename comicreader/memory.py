"""Keeps the memory that was given back from staying with the process."""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8  # <malloc.h>
_ARENAS = 2


def limit_arenas() -> None:
    """Let all threads share two of glibc's memory pools.

    Each decoding thread would otherwise keep a pool of its own, none of which shrinks: reading 300 large pages cost
    twice the cache in fragments. Does nothing where the C library is another.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_M_ARENA_MAX, _ARENAS)

"""Where the files that come with the program lie."""

from __future__ import annotations

from pathlib import Path

# Beside the package, both in a check-out and where packages are installed.
_RESOURCES = Path(__file__).resolve().parent.parent / "resources"

DEMO_COMIC = ("demo", "demo.cbz")
"""The comic that is opened on the first start."""


def resource_path(*parts: str) -> Path:
    """The path of a file or folder under `resources/`, whether or not it is there."""
    return _RESOURCES.joinpath(*parts)

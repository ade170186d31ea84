"""Tiny narrators, made once for all trainer tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import tiny_models


@pytest.fixture(scope="session")
def tiny_narrator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.tiny_prefix_narrator(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.tiny_stories(tmp_path_factory.mktemp("stories"))

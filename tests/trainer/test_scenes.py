from __future__ import annotations

import random
from pathlib import Path

import pytest

from trainer.dataset import load_records
from trainer.synthetic.cast import BEINGS, CLIP_ART, EMOJI_FONT, SKY, THINGS
from trainer.synthetic.scenes import SceneMaker, write_scenes

pytestmark = pytest.mark.skipif(
    not (EMOJI_FONT.exists() and CLIP_ART.is_dir()),
    reason="the Debian packages fonts-noto-color-emoji and openclipart-png are not installed",
)


def test_the_same_seed_writes_the_same_scenes_as_a_data_set(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_scenes(tmp_path / name, 3, seed=5)
    first, second = (sorted((tmp_path / name / "images").iterdir()) for name in ("one", "two"))
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    records, bad = load_records(tmp_path / "one")
    assert not bad
    assert len(records) == 3
    assert all(record.split == "train" and record.description and not record.narration for record in records)


def test_every_description_names_something_and_is_one_or_two_sentences() -> None:
    maker = SceneMaker(random.Random(1))
    nouns = set(BEINGS) | set(THINGS) | set(SKY)
    for _ in range(20):
        scene, description = maker.make()
        assert scene.mode == "RGB"
        plurals = ("women", "men", "mice", "wolves", "babies", "butterflies")
        assert any(noun in description.lower() for noun in (*nouns, *plurals))
        assert description[0].isupper()
        assert description.endswith(".")
        assert 1 <= description.count(".") <= 2

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainer.base_weights import BaseWeightsError, default_cache
from trainer.sentence_encoder import SentenceEncoder


def test_without_minilm_it_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(BaseWeightsError, match="python -m trainer fetch-base"):
        SentenceEncoder(tmp_path)


@pytest.mark.skipif(not (default_cache() / "minilm-l6").exists(), reason="the base weights are not here")
def test_near_in_meaning_is_near_in_direction() -> None:
    texts = ["A man is eating food.", "", "A man is eating a piece of bread.", "The girl flies a kite. " * 99]
    encode = SentenceEncoder(default_cache())
    vectors = encode([*texts, texts[0]])
    assert vectors.shape == (5, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5))
    assert (vectors[0] == vectors[4]).all()
    assert vectors[0] @ vectors[2] == pytest.approx(0.755, abs=0.005)  # as a run in numpy gave
    assert vectors[0] @ vectors[3] < 0.2
    assert encode(texts[2:3]) == pytest.approx(vectors[2:3], abs=1e-5)  # padding does not count

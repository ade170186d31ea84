"""Rewards on hand-made captions: each term moves as its name says, and the sum is on one scale."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import tiny_models
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from word_vectors import SIZE, word_vectors

from trainer.base_weights import default_cache
from trainer.config import ConfigError
from trainer.dataset import load_descriptions
from trainer.grammar import GrammarJudge, train_grammar
from trainer.reward_terms import Bands, Interval, measured_bands
from trainer.rewards import CLIP_ONLY, COMPOSITE, PRESETS, TERM_NAMES, Episode, Rewards, build_rewards
from trainer.scorer import ScorerCard, new_dual_encoder
from trainer.text_vectors import KEPT_TEXTS, TextVectors

PICTURES = ["girl kite hill", "dog ball garden", "girl kite river", "boat sea storm"]
BOOKS = ["kites", "garden", "kites", "sea"]
BANDS = Bands(likeness=Interval(0.2, 0.7), words=Interval(4, 9))
SOUND = [
    "A girl flies a kite on the hill.",
    "The dog runs after the ball.",
    "The girl walks to the river with her kite.",
    "A boat sails over the sea.",
    "The dog sleeps in the garden.",
    "The storm throws the boat about.",
    "A boy looks at the sea and laughs.",
    "The girl gives the ball to her dog.",
]


class WordScorer:
    """Pictures that are known by the words for them, placed where those words are."""

    id = "words"

    def encode_pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        raise NotImplementedError("pictures are looked up")

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        return torch.from_numpy(word_vectors(texts)).float()


@pytest.fixture(scope="module")
def judge(repository: Path) -> GrammarJudge:
    texts = load_descriptions(repository / "resources" / "datasets" / "storybook_descriptions.jsonl").values()
    return train_grammar([seen.description for seen in texts][:200], seed=0)


def rewards(
    weights: str | Mapping[str, float], judge: GrammarJudge | None = None, books: Sequence[str] = BOOKS
) -> Rewards:
    scorer = WordScorer()
    return build_rewards(weights, scorer, word_vectors, scorer.encode_texts(PICTURES), books, judge, BANDS)


def episode(
    text: str, record: int = 0, previous: tuple[str, ...] = (), reference: str = "", finished: bool = True
) -> Episode:
    return Episode(record, previous, text, reference, finished)


def values(name: str, *episodes: Episode, judge: GrammarJudge | None = None) -> list[float]:
    return rewards({name: 1.0}, judge).raw(episodes)[name].tolist()


def test_a_text_that_names_what_is_there_fits_better() -> None:
    right, half, wrong = values(
        "picture_fit", episode("girl kite hill"), episode("girl boat"), episode("boat sea storm")
    )
    assert right == pytest.approx(1)
    assert right > half > wrong


def test_contrast_wants_what_no_other_picture_has() -> None:
    # "girl kite" fits both pictures of the book, "hill" only its own
    own, both, other = values("picture_contrast", episode("hill"), episode("girl kite"), episode("river"))
    assert own > both > other
    assert both == pytest.approx(-math.log(2), abs=1e-3)
    assert own <= 0


def test_contrast_looks_at_the_batch_too() -> None:
    alone = values("picture_contrast", episode("girl dog"))[0]
    beside_the_dog = values("picture_contrast", episode("girl dog"), episode("ball", record=1))[0]
    assert beside_the_dog < alone


def test_contrast_by_hand() -> None:
    found = values("picture_contrast", episode("hill"), episode("sea", record=3))
    pictures, texts = word_vectors(PICTURES), word_vectors(["hill", "sea"])
    fits = 100 * texts @ pictures.T
    assert found[0] == pytest.approx(fits[0, 0] - math.log(sum(math.exp(fits[0, j]) for j in (0, 2, 3))), abs=1e-4)
    # the other picture of the first one's book is no wrong answer to the second
    assert found[1] == pytest.approx(fits[1, 3] - math.log(sum(math.exp(fits[1, j]) for j in (0, 3))), abs=1e-4)


def test_a_picture_without_others_or_used_twice_has_no_contrast() -> None:
    assert math.isnan(values("picture_contrast", episode("sea", record=3))[0])
    scorer = WordScorer()
    twice = build_rewards(
        {"picture_contrast": 1.0}, scorer, word_vectors, scorer.encode_texts(["sea", "sea"]), ["a", "a"]
    )
    assert twice.raw([episode("sea"), episode("sea", record=1)])["picture_contrast"].isnan().all()


def test_coherence_is_a_band() -> None:
    before = ("One two three four.", "The girl walks to the river.")
    same, near, far = values(
        "coherence",
        episode("The girl walks to the river.", previous=before),
        episode("The girl sees a boat near there.", previous=before),
        episode("Rain.", previous=before),
    )
    assert near == 0
    assert same == pytest.approx(-0.3)  # 1 is 0.3 above the band
    assert far == pytest.approx(-0.2)
    assert math.isnan(values("coherence", episode("Rain."))[0])


def test_spoilt_grammar_costs(judge: GrammarJudge) -> None:
    sound, heap = values("grammar", episode(SOUND[0]), episode("kite girl the a hill hill a on"), judge=judge)
    assert sound > heap


def test_repetition_costs_in_the_text_and_from_before() -> None:
    before = ("The old man walks home.",)
    fresh, inside, copied, name = values(
        "repetition",
        episode("A boat sails on the sea.", previous=before),
        episode("a boat a boat a boat", previous=before),
        episode("The old man walks home.", previous=before),
        episode("The old man sees him.", previous=before),
    )
    assert fresh == name == 0
    assert inside == pytest.approx(-3 / 5)
    assert copied == pytest.approx(-1)


def test_length_is_a_band_of_words() -> None:
    assert values("length", episode("one two"), episode("one two three four"), episode("w " * 12)) == [-2, 0, -3]


@pytest.mark.parametrize(
    ("text", "finished", "expected"),
    [("He runs.", True, 0), ("“He runs!”", True, 0), ("He runs", True, -1), ("He runs.", False, -1), ("", True, -1)],
)
def test_a_caption_should_end_with_a_sentence(text: str, finished: bool, expected: float) -> None:
    assert values("finished", episode(text, finished=finished)) == [expected]


def test_speaking_of_the_picture_costs() -> None:
    assert values("picture_talk", episode("In this picture a dog runs."), episode("A dog runs.")) == [-1, 0]


def test_near_the_reference_is_better_where_there_is_one() -> None:
    near, far, none = values(
        "reference",
        episode("a dog runs", reference="a dog runs home"),
        episode("the sea", reference="a dog runs home"),
        episode("a dog runs"),
    )
    assert near > far
    assert math.isnan(none)


def start_samples() -> list[Episode]:
    return [
        Episode(
            record=number % 4,
            previous=(SOUND[number - number % 2],) if number % 3 else (),
            text=text if number % 2 else text.removesuffix(".") + " the the",
            reference=SOUND[0] if number % 4 else "",
        )
        for number, text in enumerate(SOUND)
    ]


def test_each_term_has_mean_0_and_deviation_1_on_the_start_models_captions(judge: GrammarJudge) -> None:
    judged, samples = rewards(COMPOSITE, judge), start_samples()
    judged.fit_normalisation(samples)
    table = judged(samples)
    assert set(table.terms) == set(table.raw) == set(judged.names) == set(TERM_NAMES)
    assert {values.dtype for values in (table.total, *table.raw.values(), *table.terms.values())} == {torch.float32}
    for name in set(TERM_NAMES) - {"picture_talk"}:  # which none of them does
        known = table.terms[name][~table.raw[name].isnan()]
        assert known.mean() == pytest.approx(0, abs=1e-5), name
        assert known.std(correction=0) == pytest.approx(1, abs=1e-5), name
    assert table.terms["picture_talk"].tolist() == [0] * len(samples)
    assert judged([episode("In this picture it rains.")]).terms["picture_talk"].tolist() == [-1]


def test_the_total_is_the_weighted_sum_and_what_does_not_apply_counts_as_the_mean(judge: GrammarJudge) -> None:
    judged, samples = rewards(COMPOSITE, judge), start_samples()
    judged.fit_normalisation(samples)
    table = judged(samples)
    expected = sum(weight * table.terms[name] for name, weight in PRESETS[COMPOSITE].items())
    assert torch.allclose(table.total, torch.as_tensor(expected))
    for name in ("coherence", "reference"):
        assert table.raw[name].isnan().any()
        assert table.terms[name][table.raw[name].isnan()].unique().tolist() == [0]
    assert table.total.isfinite().all()


def test_one_term_alone_decides_nothing() -> None:
    judged = rewards({"length": 1.0})
    judged.fit_normalisation([episode("one two three"), episode("one two three four")])
    assert judged([episode("word " * 500)]).total.tolist() == [-5]


def test_the_original_studys_reward_is_the_cosine() -> None:
    judged, samples = rewards(CLIP_ONLY), start_samples()
    judged.fit_normalisation(samples)
    table = judged(samples)
    cosines = (word_vectors([sample.text for sample in samples]) * word_vectors(PICTURES * 2)).sum(axis=1)
    assert judged.names == ("picture_fit",)
    assert table.total.tolist() == pytest.approx(cosines, abs=1e-6)


def test_the_scale_survives_a_resume(judge: GrammarJudge) -> None:
    first, second, samples = rewards(COMPOSITE, judge), rewards(COMPOSITE, judge), start_samples()
    first.fit_normalisation(samples)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert torch.equal(first(samples[:3]).total, second(samples[:3]).total)
    with pytest.raises(ConfigError, match="The saved rewards are"):
        rewards(CLIP_ONLY).load_state_dict(first.state_dict())


def test_a_text_has_the_same_vector_in_every_batch_and_is_encoded_once() -> None:
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> Tensor:
        asked.extend(texts)
        return torch.from_numpy(word_vectors(texts)).float()

    vectors = TextVectors(encode)
    first = vectors(["a dog", "a cat", "a dog"])
    assert first.shape == (3, SIZE)
    assert torch.equal(first, torch.from_numpy(word_vectors(["a dog", "a cat", "a dog"])).float())
    assert torch.equal(vectors(["a cat", "a cow"])[0], first[1])
    assert asked == ["a dog", "a cat", "a cow"]
    vectors([f"{number}" for number in range(KEPT_TEXTS)])
    assert torch.equal(vectors(["a dog"])[0], first[0])
    assert asked.count("a dog") == 2  # forgotten meanwhile


@pytest.mark.skipif(not (default_cache() / "minilm-l6").exists(), reason="the base weights are not here")
def test_a_scorer_trained_here_shares_the_sentence_vectors(tmp_path: Path) -> None:
    torch.manual_seed(0)
    (tmp_path / "minilm-l6").symlink_to(default_cache() / "minilm-l6")
    vision = str(tiny_models.tiny_bases(tmp_path)[0])
    scorer = new_dual_encoder(ScorerCard("s", "s", vision, (1,), 16), tmp_path)
    pictures = torch.nn.functional.normalize(torch.randn(4, 16), dim=-1)
    asked: list[str] = []

    def sentences(texts: Sequence[str]) -> NDArray[np.float64]:
        asked.extend(texts)
        return scorer.sentence_vectors(texts).double().numpy()

    weights = {"picture_fit": 1.0, "picture_contrast": 1.0, "reference": 1.0}
    judged = build_rewards(weights, scorer, sentences, pictures, BOOKS)
    raw = judged.raw([episode(text, record, reference=SOUND[0]) for record, text in enumerate(SOUND[:4])])
    expected = (scorer.encode_texts(SOUND[:4]) * pictures).sum(dim=1)
    assert raw["picture_fit"].tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    assert raw["reference"][0] == pytest.approx(1)
    assert asked == SOUND[:4]


def test_bands_are_those_of_the_references() -> None:
    sentences = TextVectors(lambda texts: torch.from_numpy(word_vectors(texts)))
    texts = ["word " * count for count in range(1, 22)]
    bands = measured_bands([episode(text) for text in texts], sentences)
    assert (bands.words.low, bands.words.high) == (2, 20)
    assert (bands.likeness.low, bands.likeness.high) == pytest.approx((-0.9, 0.9))
    alike = measured_bands([episode("a dog", previous=("a cat", "a dog"))], sentences)
    assert (alike.likeness.low, alike.likeness.high) == pytest.approx((1, 1))


def test_what_cannot_be_built_is_refused() -> None:
    with pytest.raises(ConfigError, match="must be composite or clip-only"):
        rewards("best")
    with pytest.raises(ConfigError, match="no reward beauty"):
        rewards({"beauty": 1.0})
    with pytest.raises(ConfigError, match="needs a judge"):
        rewards(COMPOSITE)


def test_no_captions_no_rewards(judge: GrammarJudge) -> None:
    assert rewards(COMPOSITE, judge)([]).total.shape == (0,)

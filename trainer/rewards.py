"""The reward of a sampled caption: named terms, each on one scale, weighted and added.

Terms have units of their own (a cosine, words, a log probability). So that weights mean something, each is brought to
mean 0 and standard deviation 1 on captions of the narrator that training starts from (as in PPO on summaries, Ziegler
et al. 2019), and what one term may give or take is bounded. A term that does not apply counts as the mean. Every term
is logged by itself, as it is and on the common scale: a sum that rises says nothing of which of them rose.

The weights of `composite` are set by judgement, not by search.

Letters: N episodes, R panels of the run's data, E width of the scorer's space.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from trainer.config import ConfigError
from trainer.grammar import GrammarJudge
from trainer.grammar import train_grammar as train_grammar  # what `build_rewards` needs for the term "grammar"
from trainer.reward_terms import (
    DESCRIPTION_BANDS,
    Bands,
    Coherence,
    FinishedSentence,
    Grammar,
    Length,
    PictureContrast,
    PictureFit,
    PictureTalk,
    ReferenceLikeness,
    Repetition,
    Term,
)
from trainer.reward_terms import Episode as Episode  # what a reward is asked about
from trainer.scoreboard import Embed
from trainer.scorer import DualEncoder, Scorer
from trainer.text_vectors import TextVectors

COMPOSITE, CLIP_ONLY = "composite", "clip-only"

PRESETS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        COMPOSITE: {
            PictureFit.name: 0.5,
            PictureContrast.name: 1.0,
            Coherence.name: 0.5,
            Grammar.name: 1.0,
            Repetition.name: 0.5,
            Length.name: 0.5,
            FinishedSentence.name: 0.5,
            PictureTalk.name: 0.5,
            ReferenceLikeness.name: 1.0,
        },
        CLIP_ONLY: {PictureFit.name: 1.0},
    }
)
"""Weights by term. `clip-only` is the original study's reward: the bare cosine, on its own scale; it is known to end in
texts that are no language (Cho et al. 2022), and is there to be compared with."""

TERM_NAMES = tuple(PRESETS[COMPOSITE])

_MOST_OF_A_TERM = 5.0
"""Standard deviations. A fault that the start model made once in a thousand captions would weigh 30 without it."""

_PICTURES_OF_BOOK = 2  # Chaffin et al. 2024: more hard neighbours leave nothing but negative rewards
_CLIP_SCALE = 100.0  # what CLIP models are trained up to


@dataclass(frozen=True, slots=True)
class RewardTable:
    """Rewards of N episodes.

    Attributes:
        total: (N,) the weighted sum.
        terms: each term on the common scale, (N,), unweighted; 0 where it does not apply.
        raw: each term as it is, (N,); NaN where it does not apply.
    """

    total: Tensor
    terms: dict[str, Tensor]
    raw: dict[str, Tensor]


class Rewards:
    """A weighted sum of terms.

    Attributes:
        names: the terms, in order.
    """

    def __init__(self, terms: Sequence[Term], weights: Mapping[str, float], is_normalised: bool = True) -> None:
        """Join terms.

        Args:
            terms: what is judged.
            weights: one for each term's name.
            is_normalised: bring terms to one scale; else they are added as they are. Until `fit_normalisation` the
                scale is the terms' own.
        """
        self.names = tuple(term.name for term in terms)
        self._terms, self._weights, self._is_normalised = tuple(terms), dict(weights), is_normalised
        self._mean, self._std = dict.fromkeys(self.names, 0.0), dict.fromkeys(self.names, 1.0)

    def raw(self, episodes: Sequence[Episode]) -> dict[str, Tensor]:
        """Each term as it is: (N,) float32, NaN where it does not apply."""
        if not episodes:
            return {name: torch.zeros(0) for name in self.names}
        return {term.name: term(episodes) for term in self._terms}

    def fit_normalisation(self, episodes: Sequence[Episode]) -> None:
        """Take mean and standard deviation of each term from captions of the start model.

        A term that is the same for all of them, or applies to none, keeps standard deviation 1.
        """
        if not self._is_normalised:
            return
        for name, values in self.raw(episodes).items():
            known = values[~values.isnan()].double()
            spread = float(known.std(correction=0)) if len(known) else 0.0
            self._mean[name] = float(known.mean()) if len(known) else 0.0
            self._std[name] = spread if spread > 1e-6 else 1.0  # less is rounding

    def __call__(self, episodes: Sequence[Episode]) -> RewardTable:
        """Judge captions of one batch; see `PictureContrast` for what they have to do with each other."""
        raw = self.raw(episodes)
        terms = {name: self._scaled(name, values) for name, values in raw.items()}
        total = sum((self._weights[name] * values for name, values in terms.items()), torch.zeros(len(episodes)))
        return RewardTable(total, terms, raw)

    def _scaled(self, name: str, values: Tensor) -> Tensor:
        if not self._is_normalised:
            return values.nan_to_num(nan=0.0)
        scaled = ((values.double() - self._mean[name]) / self._std[name]).float()
        return scaled.nan_to_num(nan=0.0).clamp(-_MOST_OF_A_TERM, _MOST_OF_A_TERM)

    def state_dict(self) -> dict[str, dict[str, float]]:
        """The common scale, for JSON: "mean" and "std" of each term."""
        return {"mean": dict(self._mean), "std": dict(self._std)}

    def load_state_dict(self, state: Mapping[str, Mapping[str, float]]) -> None:
        """Take back what `state_dict` gave.

        Raises:
            ConfigError: it is of other terms.
        """
        if set(state["mean"]) != set(self.names) or set(state["std"]) != set(self.names):
            raise ConfigError(
                f"The saved rewards are {', '.join(state['mean'])}; this run's are {', '.join(self.names)}."
            )
        self._mean, self._std = dict(state["mean"]), dict(state["std"])


def build_rewards(
    preset_or_weights: str | Mapping[str, float],
    scorer: Scorer,
    sentences: Embed,
    picture_vectors: Tensor,
    books: Sequence[str],
    grammar: GrammarJudge | None = None,
    bands: Bands = DESCRIPTION_BANDS,
) -> Rewards:
    """Put rewards together.

    Args:
        preset_or_weights: a name in PRESETS, or weights by term; a term of weight 0 is logged only.
        scorer: places texts beside pictures.
        sentences: MiniLM, which is also the text side of a `DualEncoder`.
        picture_vectors: (R, E) of the run's panels, as the scorer places them.
        books: the R panels' books.
        grammar: the judge, for the term "grammar".
        bands: where likeness to earlier captions and length belong; `measured_bands` takes them from references.

    Raises:
        ConfigError: there is no such preset or term, or "grammar" has no judge.
    """
    if isinstance(preset_or_weights, str) and preset_or_weights not in PRESETS:
        raise ConfigError(f"reward is “{preset_or_weights}”; it must be {' or '.join(PRESETS)}.")
    weights = PRESETS[preset_or_weights] if isinstance(preset_or_weights, str) else preset_or_weights
    unknown = [name for name in weights if name not in TERM_NAMES]
    if unknown or not weights:
        raise ConfigError(f"There is no reward {', '.join(unknown)}; there are {', '.join(TERM_NAMES)}.")
    if Grammar.name in weights and grammar is None:
        raise ConfigError("The reward grammar needs a judge trained on the run's texts.")
    pictures = picture_vectors.float().cpu()
    meanings = TextVectors(lambda texts: torch.from_numpy(sentences(texts)))
    placed = TextVectors(_text_side(scorer, meanings))
    terms: list[Term] = [
        PictureFit(placed, pictures),
        PictureContrast(placed, pictures, books, _scale_of(scorer), _PICTURES_OF_BOOK),
        Coherence(meanings, bands.likeness),
        *([Grammar(grammar)] if grammar else []),
        Repetition(),
        Length(bands.words),
        FinishedSentence(),
        PictureTalk(),
        ReferenceLikeness(meanings),
    ]
    chosen = [term for term in terms if term.name in weights]
    return Rewards(chosen, weights, is_normalised=preset_or_weights != CLIP_ONLY)


def _text_side(scorer: Scorer, meanings: TextVectors) -> Callable[[Sequence[str]], Tensor]:
    """How a scorer places texts: (N, E); one trained here shares the sentence vectors that other terms need."""
    if not isinstance(scorer, DualEncoder):
        return scorer.encode_texts
    heads = scorer.heads
    return lambda texts: heads.place_texts(meanings(texts).to(heads.text.weight))


def _scale_of(scorer: Scorer) -> float:
    """What cosines were multiplied by in the scorer's training."""
    return float(scorer.heads.log_scale.detach().exp()) if isinstance(scorer, DualEncoder) else _CLIP_SCALE

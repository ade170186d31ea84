"""Which tokens may come next, and which are likelier than the narrator says: the rules of a `Decoding`.

A rule takes the tokens written so far, without the prompt, and the narrator's scores, and returns scores. What it says
of a row depends on that row alone: a caption is the same in every batch.

Letters: R rows, T tokens written, V vocabulary.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeAlias

import torch
from torch import Tensor
from transformers import (
    NoRepeatNGramLogitsProcessor,
    PreTrainedTokenizerBase,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from trainer.decoding import Decoding
from trainer.favoured_words import FavouredWords
from trainer.metrics import talks_of_picture, words

Rule: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Tokens written (R, T) and scores (R, V) to scores (R, V)."""

_SPACES = "ĠĉĊċČčĜĝĞğ▁"  # how vocabularies write white space in a token's name
_SENTENCE_END = re.compile(r"[.!?…][\"”’')\]]*(?=\s|$)")

_LANDING_WORDS = 5
"""Words before the most that are allowed in which the end of the sentence becomes likelier, by a factor e each."""

_UNLIKELY = 1e4
"""What sampling takes from tokens it does not keep: they come only where other rules leave none that it keeps."""

_NUCLEUS_TOKENS = 1024
"""Likeliest tokens that are looked at first for the share that sampling keeps."""


class Vocabulary:
    """What a tokenizer's tokens are like.

    Attributes:
        begins_word: (V,) bool, True for tokens that begin with white space.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._names = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        self.begins_word = torch.tensor([name[:1] in _SPACES for name in self._names])

    @cached_property
    def ends_sentence(self) -> Tensor:
        """(V,) bool, True for tokens that close a sentence, quotation marks behind the full stop included."""
        texts = [self._tokenizer.convert_tokens_to_string([name]) for name in self._names]
        return torch.tensor([bool(re.search(r"[.!?…][\"”’')\]]*$", text)) for text in texts])

    def whole_words(self) -> dict[int, str]:
        """The tokens that are a lower-case word behind a space, each with its word."""
        behind_space = {token: name[1:] for token, name in enumerate(self._names) if name[:1] in _SPACES}
        return {token: word for token, word in behind_space.items() if word.isalpha() and word.islower()}

    def tokens(self, text: str) -> list[int]:
        """A text's tokens, none added."""
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)

    def text(self, tokens: Sequence[int]) -> str:
        """One line of text with single spaces, special tokens left out."""
        return tidy(self._tokenizer.decode(tokens, skip_special_tokens=True))


def tidy(text: str) -> str:
    """One line of text with single spaces."""
    return " ".join(text.split())


def whole_sentences(text: str, min_words: int = 0) -> str:
    """Leave out a last sentence that was cut off, where `min_words` words in whole ones stand before it."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    whole = text[: ends[-1]] if ends else ""
    return whole if whole and len(whole.split()) >= min_words else text


class NoCopyFromContext:
    """Keeps a caption from saying again what the captions before it said.

    A token that begins a word is ruled out where it would complete a sequence of `ngram` tokens of the row's own
    context. Tokens inside a word stay free, so that a name told before can be told again.
    """

    def __init__(self, contexts: Sequence[Sequence[int]], ngram: int, begins_word: Tensor) -> None:
        self._begins_word = begins_word  # (V,)
        self._size = ngram - 1
        self._told: list[dict[tuple[int, ...], list[int]]] = []
        for tokens in contexts:
            following: dict[tuple[int, ...], list[int]] = {}
            for start in range(len(tokens) - self._size):
                following.setdefault(tuple(tokens[start : start + self._size]), []).append(tokens[start + self._size])
            self._told.append(following)

    def __call__(self, written: Tensor, scores: Tensor) -> Tensor:
        """See `Rule`."""
        scores = scores.clone()
        for row, following in enumerate(self._told):
            last = written[row, max(0, written.shape[1] - self._size) :].tolist()
            for token in following.get(tuple(last), ()):
                if self._begins_word[token]:
                    scores[row, token] = -torch.inf
        return scores


class LengthBand:
    """Keeps captions between a fewest and a most words, and lets them end with a sentence.

    Below the fewest there is no end token. In the last words before the most a sentence's end ends the caption, and
    becomes likelier. At the most no word is begun any more; if a whole sentence stands already, the caption ends
    (`whole_sentences` takes off what was begun after it).
    """

    def __init__(self, decoding: Decoding, vocabulary: Vocabulary, end_ids: Sequence[int]) -> None:
        self._fewest, self._most = decoding.min_words, decoding.max_words
        self._vocabulary = vocabulary
        self._end_ids = torch.tensor(end_ids)
        self._beginnings = vocabulary.begins_word.nonzero()[:, 0]
        self._closings = vocabulary.ends_sentence.nonzero()[:, 0]

    def __call__(self, written: Tensor, scores: Tensor) -> Tensor:
        """See `Rule`."""
        scores, ends = scores.clone(), self._end_ids.to(scores.device)
        for row, tokens in enumerate(written.tolist()):
            text = self._vocabulary.text(tokens)
            count = len(text.split())
            is_full = 0 < self._most <= count
            is_landing = 0 < self._most < count + _LANDING_WORDS
            sentences = [len(text[: match.end()].split()) for match in _SENTENCE_END.finditer(text)]
            stands = bool(sentences) and sentences[-1] >= self._fewest
            if count < self._fewest:
                scores[row, ends] = -torch.inf
            elif stands and (is_full or (is_landing and sentences[-1] == count)):
                kept = scores[row, ends]
                scores[row] = -torch.inf
                scores[row, ends] = kept
            elif is_landing:
                scores[row, self._closings.to(scores.device)] += count - self._most + _LANDING_WORDS
            if is_full:
                scores[row, self._beginnings.to(scores.device)] = -torch.inf
        return scores


class NoBadPhrases:
    """Rules out tokens that would complete a phrase nobody wants to read.

    The text is looked at, not the tokens: a phrase is found in every spelling of its tokens and in no other words.
    Only the likeliest tokens are tried, until as many as can be chosen are good.
    """

    def __init__(self, decoding: Decoding, vocabulary: Vocabulary, end_ids: Sequence[int]) -> None:
        self._text = vocabulary.text
        # Beam search takes up to so many tokens of a row, that beams are left where some of them end.
        taken = decoding.beams * (1 + len(end_ids)) if decoding.beams > 1 else 1
        self._seen = max(taken, decoding.contrast_tokens if decoding.contrast else 1)
        self._picture_talk = decoding.picture_talk
        phrases = "|".join(re.escape(" ".join(words(phrase))) for phrase in decoding.phrases())
        self._phrases = re.compile(rf"\b(?:{phrases})\b") if phrases else None

    def __call__(self, written: Tensor, scores: Tensor) -> Tensor:
        """See `Rule`."""
        scores = scores.clone()
        for row, tokens in enumerate(written.tolist()):
            while True:
                values, likely = scores[row].topk(self._seen)
                tried = zip(values.tolist(), likely.tolist(), strict=True)
                bad = [token for value, token in tried if value > -torch.inf and self._is_bad([*tokens, token])]
                if not bad:
                    break
                scores[row, bad] = -torch.inf
        return scores

    def _is_bad(self, tokens: list[int]) -> bool:
        text = self._text(tokens)
        if not self._picture_talk and talks_of_picture(text):
            return True
        return self._phrases is not None and bool(self._phrases.search(" ".join(words(text))))


class LikeliestShare:
    """Keeps the likeliest tokens that together hold a share of the probability (Holtzman et al. 2020, nucleus).

    As transformers' TopPLogitsWarper, which sorts the whole vocabulary at every step; the share almost always lies
    within the first thousand tokens.
    """

    def __init__(self, top_p: float) -> None:
        self._top_p = top_p
        self._sorting = TopPLogitsWarper(top_p)

    def __call__(self, written: Tensor, scores: Tensor) -> Tensor:
        """See `Rule`."""
        log_probs = scores.log_softmax(-1)
        likeliest = log_probs.topk(min(_NUCLEUS_TOKENS, scores.shape[-1])).values  # (R, K)
        mass = likeliest.exp().cumsum(-1)
        if bool((mass[:, -1] < self._top_p).any()):
            sorted_out: Tensor = self._sorting(written, scores)
            return sorted_out
        last = (mass < self._top_p).sum(-1, keepdim=True).clamp(max=likeliest.shape[-1] - 1)
        return scores.masked_fill(log_probs < likeliest.gather(-1, last), -torch.inf)


class SeededSampling:
    """Sampling with generators of its own: the largest score after Gumbel noise is a sample (Gumbel 1954).

    Each row has its generator, so that its sample does not depend on the rows beside it.
    """

    def __init__(self, decoding: Decoding, seeds: Sequence[int]) -> None:
        self._temperature = TemperatureLogitsWarper(decoding.temperature)
        self._kept: list[Rule] = [TopKLogitsWarper(decoding.top_k)] if decoding.top_k else []
        self._kept += [LikeliestShare(decoding.top_p)] if decoding.top_p < 1 else []
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, written: Tensor, scores: Tensor) -> Tensor:
        """See `Rule`."""
        kept = scores = self._temperature(written, scores)
        for warper in self._kept:
            kept = warper(written, kept)
        size = scores.shape[-1]
        uniform = torch.stack([torch.rand(size, generator=generator) for generator in self._generators])
        noise = -torch.log(-torch.log(uniform.clamp(min=1e-9)))
        noisy: Tensor = scores + noise.to(scores) - _UNLIKELY * kept.isinf()
        return noisy


def seed_of(*parts: int) -> int:
    """One seed of several numbers, far from those of numbers beside them."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=7).digest(), "big")


def rules_of(
    decoding: Decoding,
    vocabulary: Vocabulary,
    end_ids: Sequence[int],
    contexts: Sequence[Sequence[int]],
    seeds: Sequence[int],
    own: Sequence[Rule] = (),
) -> list[Rule]:
    """The rules that `decoding` asks for, in the order they are to be applied.

    Args:
        decoding: how to choose.
        vocabulary: of the narrator.
        end_ids: tokens that end a caption.
        contexts: for each row the tokens of the captions before it.
        seeds: for each row its sampling's.
        own: what a narrator adds of its own, before anything is chosen.
    """
    rules: list[Rule] = []
    if decoding.repetition_penalty != 1:
        rules.append(RepetitionPenaltyLogitsProcessor(decoding.repetition_penalty))
    if decoding.no_repeat_ngram:
        rules.append(NoRepeatNGramLogitsProcessor(decoding.no_repeat_ngram))
    if decoding.no_copy_ngram and any(contexts):
        rules.append(NoCopyFromContext(contexts, decoding.no_copy_ngram, vocabulary.begins_word))
    favours = decoding.favours()
    if favours:
        rules.append(FavouredWords(favours, vocabulary.tokens))
    rules += own
    if decoding.min_words or decoding.max_words:
        rules.append(LengthBand(decoding, vocabulary, end_ids))
    if decoding.temperature:
        rules.append(SeededSampling(decoding, seeds))
    if decoding.phrases() or not decoding.picture_talk:
        rules.append(NoBadPhrases(decoding, vocabulary, end_ids))
    return rules

"""What both families share when transformers' `generate` writes for them: streaming, stopping, confidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    NoRepeatNGramLogitsProcessor,
    PreTrainedTokenizerBase,
    RepetitionPenaltyLogitsProcessor,
    StoppingCriteria,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)
from transformers.generation.streamers import BaseStreamer

from trainer.captioner import Decoding, WrittenCaption

_SENTENCE_END = re.compile(r"[.!?…][\"”’')\]]*(?=\s|$)")


class TextStream(BaseStreamer):  # type: ignore[misc]
    """Tells the text so far after every token of a single sequence."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, on_text: Callable[[str], None], skip: int) -> None:
        self._tokenizer = tokenizer
        self._on_text = on_text
        self._skip = skip  # calls that hold the prompt
        self._tokens: list[int] = []

    def put(self, value: Tensor) -> None:
        """Take the next token, or the prompt where there is one."""
        if self._skip:
            self._skip -= 1
            return
        if not value.numel():  # a prompt of embeddings has no token ids
            return
        self._tokens += value.flatten().tolist()
        self._on_text(tidy(self._tokenizer.decode(self._tokens, skip_special_tokens=True)))

    def end(self) -> None:
        """Nothing is left to tell."""


class AskedToStop(StoppingCriteria):  # type: ignore[misc]
    """Ends every sequence as soon as the caller asks."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop

    def __call__(self, input_ids: Tensor, *_: Any, **__: Any) -> Tensor:
        """(B,) bool, the same for all."""
        return torch.full((input_ids.shape[0],), self._should_stop(), dtype=torch.bool, device=input_ids.device)


class SeededSampling(LogitsProcessor):  # type: ignore[misc]
    """Sampling with a generator of its own: the largest score after Gumbel noise is a sample (Gumbel 1954)."""

    def __init__(self, decoding: Decoding) -> None:
        self._warpers = (TemperatureLogitsWarper(decoding.temperature), TopPLogitsWarper(decoding.top_p))
        self._generator = torch.Generator().manual_seed(decoding.seed)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (B, vocabulary)."""
        for warper in self._warpers:
            scores = warper(input_ids, scores)
        uniform = torch.rand(scores.shape, generator=self._generator).clamp(min=1e-9)
        return scores - torch.log(-torch.log(uniform)).to(scores)


class NoCopyFromContext(LogitsProcessor):  # type: ignore[misc]
    """Keeps a caption from saying again what the captions before it said.

    A token that begins a word is ruled out where it would complete a sequence of `ngram` tokens of the row's own
    context. Tokens inside a word stay free, so that a name told before can be told again.
    """

    def __init__(self, contexts: Sequence[Sequence[int]], ngram: int, begins_word: Tensor, prompt_length: int) -> None:
        self._begins_word = begins_word  # (vocabulary,) bool
        self._prompt_length = prompt_length
        self._size = ngram - 1
        self._told: list[dict[tuple[int, ...], list[int]]] = []
        for tokens in contexts:
            following: dict[tuple[int, ...], list[int]] = {}
            for start in range(len(tokens) - self._size):
                following.setdefault(tuple(tokens[start : start + self._size]), []).append(tokens[start + self._size])
            self._told.append(following)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (B, vocabulary) with the ruled-out tokens at minus infinity."""
        scores = scores.clone()
        for row, following in enumerate(self._told):
            written = input_ids[row, self._prompt_length :].tolist()
            for token in following.get(tuple(written[-self._size :]), ()):
                if self._begins_word[token]:
                    scores[row, token] = -torch.inf
        return scores


def word_beginnings(tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """Which tokens of a byte-level vocabulary begin a word: (vocabulary,) bool."""
    names = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    return torch.tensor([name.startswith("Ġ") for name in names])


def generation_arguments(
    decoding: Decoding, prompt_length: int, contexts: Sequence[Sequence[int]], begins_word: Tensor
) -> dict[str, Any]:
    """The arguments of `generate` that say what `decoding` says.

    Args:
        decoding: how to choose.
        prompt_length: tokens of the prompt that stand in `generate`'s token ids; words of the prompt are not
            penalised: a name told before may well come again.
        contexts: for each row the tokens of the captions before it.
        begins_word: from `word_beginnings`.
    """
    processors = LogitsProcessorList()
    if decoding.repetition_penalty != 1:
        processors.append(
            RepetitionPenaltyLogitsProcessor(decoding.repetition_penalty, prompt_ignore_length=prompt_length)
        )
    if decoding.no_repeat_ngram:
        processors.append(NoRepeatNGramLogitsProcessor(decoding.no_repeat_ngram))
    if decoding.no_copy_ngram and any(contexts):
        processors.append(NoCopyFromContext(contexts, decoding.no_copy_ngram, begins_word, prompt_length))
    if decoding.temperature > 0:
        processors.append(SeededSampling(decoding))
    return {
        "max_new_tokens": decoding.max_tokens,
        "logits_processor": processors,
        "return_dict_in_generate": True,
        "output_logits": True,
        "do_sample": False,  # SeededSampling samples where it is wanted
    }


def written_captions(
    tokens: Tensor, logits: Sequence[Tensor], tokenizer: PreTrainedTokenizerBase, end_ids: set[int]
) -> list[WrittenCaption]:
    """Captions from generated tokens.

    Args:
        tokens: (B, T) new tokens without the prompt.
        logits: T tensors (B, vocabulary), before penalties.
        tokenizer: decodes.
        end_ids: tokens that end a caption; what follows the first is padding.
    """
    captions = []
    for row, sequence in enumerate(tokens.tolist()):
        length = next((i + 1 for i, token in enumerate(sequence) if token in end_ids), len(sequence))
        logs = [logits[i][row].float().log_softmax(-1)[sequence[i]].item() for i in range(length)]
        confidence = float(torch.tensor(logs).mean().exp()) if logs else 0.0
        text = tokenizer.decode(sequence[:length], skip_special_tokens=True)
        captions.append(WrittenCaption(whole_sentences(tidy(text)), confidence))
    return captions


def tidy(text: str) -> str:
    """One line of text with single spaces."""
    return " ".join(text.split())


def whole_sentences(text: str) -> str:
    """Leave out a last sentence that was cut off, where a whole one stands before it."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]] if ends else text

"""What both families share when transformers' `generate` writes for them: rows, streaming, stopping, confidence.

    B prompts -> B * copies rows, beside them as many without the picture where the narrator is guided
    scores -> guidance -> `token_rules` -> the highest is taken (`generate` never draws: `SeededSampling` has)
    rows -> captions with their confidence

Letters: B captions asked for, R rows = B * copies, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList, StoppingCriteria
from transformers.generation.streamers import BaseStreamer

from trainer.captioner import Decoding, Prompt, WrittenCaption, begun_behind_space
from trainer.contrastive import ContrastiveSearch
from trainer.token_rules import Rule, Vocabulary, rules_of, seed_of, whole_sentences


class TextStream(BaseStreamer):  # type: ignore[misc]
    """Tells the text so far after every token of the first sequence."""

    def __init__(self, vocabulary: Vocabulary, begun: Sequence[int], on_text: Callable[[str], None]) -> None:
        self._vocabulary = vocabulary
        self._on_text = on_text
        self._is_prompt = True  # `generate` tells the prompt first
        self._tokens = list(begun)

    def put(self, value: Tensor) -> None:
        """Take the next token of every row (R,), or the prompts' tokens at the first call."""
        if self._is_prompt:
            self._is_prompt = False
            return
        self._tokens.append(int(value[0]))
        self._on_text(self._vocabulary.text(self._tokens))

    def end(self) -> None:
        """Nothing is left to tell."""


class AskedToStop(StoppingCriteria):  # type: ignore[misc]
    """Ends every sequence as soon as the caller asks."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop

    def __call__(self, input_ids: Tensor, *_: Any, **__: Any) -> Tensor:
        """(R,) bool, the same for all."""
        return torch.full((input_ids.shape[0],), self._should_stop(), dtype=torch.bool, device=input_ids.device)


class Chooser(LogitsProcessor):  # type: ignore[misc]
    """Turns a narrator's scores into those of which the highest is taken.

    Attributes:
        log_probs: at each step the narrator's own log probability of each row's highest token, (R,).
    """

    def __init__(self, rules: Sequence[Rule], prompt_length: int, decoding: Decoding) -> None:
        self.log_probs: list[Tensor] = []
        self._rules = rules
        self._prompt_length = prompt_length
        self._decoding = decoding

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (R, V), or (2 R, V) with the rows without the picture behind; both halves then get the same."""
        guided = self._decoding.is_guided
        rows = len(scores) // 2 if guided else len(scores)
        changed = own = scores[:rows]
        if guided:
            without = scores[rows:]
            changed = without + self._decoding.guidance * (own - without)
        if guided and self._decoding.beams > 1:  # a beam's score is a sum of log probabilities
            changed = changed.log_softmax(-1)
        written = input_ids[:rows, self._prompt_length :]
        for rule in self._rules:
            changed = rule(written, changed)
        chosen = changed.argmax(-1, keepdim=True)
        self.log_probs.append((own.gather(1, chosen) - own.logsumexp(-1, keepdim=True))[:, 0])
        return torch.cat([changed, changed]) if guided else changed


class Writing:
    """One call of `generate`: what it is told, and the captions in what it answers."""

    def __init__(
        self,
        decoding: Decoding,
        prompts: Sequence[Prompt],
        contexts: Sequence[Sequence[int]],
        vocabulary: Vocabulary,
        end_ids: Sequence[int],
        prompt_length: int = 0,
        own: Sequence[Rule] = (),
    ) -> None:
        """Prepare the rules, which count from behind what the captions begin with.

        Args:
            decoding: how to choose.
            prompts: B prompts.
            contexts: for each of them the tokens of the captions before it.
            vocabulary: of the narrator.
            end_ids: tokens that end a caption.
            prompt_length: tokens of the prompt that stand in `generate`'s token ids.
            own: as for `rules_of`.
        """
        self._decoding = decoding
        self._vocabulary = vocabulary
        self._end_ids = set(end_ids)
        self._prompt_length = prompt_length
        self._begun = [vocabulary.tokens(begun_behind_space(prompt)) for prompt in prompts]
        copies = range(decoding.copies)
        seeds = [seed_of(decoding.seed, prompt.seed, copy) for prompt in prompts for copy in copies]
        told = [context for context in contexts for _ in copies]
        rules = rules_of(decoding, vocabulary, end_ids, told, seeds, own)
        self._chooser = Chooser(rules, prompt_length, decoding)
        self._contrastive = ContrastiveSearch(decoding, end_ids) if decoding.contrast else None

    def arguments(
        self, on_text: Callable[[str], None] | None, should_stop: Callable[[], bool] | None
    ) -> dict[str, Any]:
        """The arguments of `generate` beside the prompts; what a model's files say of decoding is overruled.

        Args:
            on_text: as for `Captioner.write`.
            should_stop: as for `Captioner.write`.
        """
        arguments: dict[str, Any] = {
            "max_new_tokens": self._decoding.max_tokens,
            "min_length": 0,
            "num_beams": self._decoding.beams,
            "num_return_sequences": 1,
            "length_penalty": 1.0,
            "early_stopping": False,
            "do_sample": False,
            "repetition_penalty": 1.0,
            "no_repeat_ngram_size": 0,
            "logits_processor": LogitsProcessorList([self._chooser]),
            "return_dict_in_generate": True,
            "output_logits": self._decoding.beams > 1,
        }
        if should_stop is not None:
            arguments["stopping_criteria"] = [AskedToStop(should_stop)]
        if self._contrastive is not None:
            arguments["custom_generate"] = self._contrastive
        if on_text is not None and len(self._begun) == 1 and not self._decoding.is_chosen_at_the_end:
            arguments["streamer"] = stream = TextStream(self._vocabulary, self._begun[0], on_text)
            if self._contrastive is not None:
                self._contrastive.stream = stream
        return arguments

    def captions(self, output: Any) -> list[list[WrittenCaption]]:
        """What `generate` wrote: for each prompt its captions, `decoding.samples` of them."""
        samples = self._decoding.samples
        begun = [tokens for tokens in self._begun for _ in range(samples)]
        rows = len(begun)
        sequences = output.sequences[:rows, self._prompt_length :].tolist()
        written = []
        for start, sequence, log_probs in zip(begun, sequences, self._log_probs(output, rows), strict=True):
            length = next((i + 1 for i, token in enumerate(sequence) if token in self._end_ids), len(sequence))
            confidence = float(log_probs[:length].mean().exp()) if length else 0.0
            text = whole_sentences(self._vocabulary.text([*start, *sequence[:length]]), self._decoding.min_words)
            written.append(WrittenCaption(text, confidence))
        return [written[start : start + samples] for start in range(0, rows, samples)]

    def _log_probs(self, output: Any, rows: int) -> Tensor:
        """The narrator's own log probability of each token of each row: (rows, T) or longer."""
        if self._contrastive is not None:
            return torch.stack(self._contrastive.log_probs, dim=1)
        if self._decoding.beams == 1:
            return torch.stack(self._chooser.log_probs, dim=1)
        tokens = output.sequences[:rows, self._prompt_length :]
        origins = output.beam_indices[:rows, : tokens.shape[1]].clamp(min=0).long()  # -1 behind the end
        steps = zip(output.logits, origins.T, tokens.T, strict=False)  # the last beams may all be shorter
        return torch.stack([step.float()[rows_of].log_softmax(-1).gather(1, chosen[:, None])[:, 0]
                            for step, rows_of, chosen in steps], dim=1)  # fmt: skip


def shared_prompts(model: Any, copies: int, **inputs: Any) -> Any:
    """The cache of prompts that several rows write on from, read once.

    Args:
        model: the language model, or an encoder-decoder model.
        copies: rows a prompt.
        **inputs: the model's inputs for the prompts, without repetitions.

    Returns:
        A cache of all but the prompts' last tokens, repeated for their rows; `generate` reads the last tokens itself.
    """
    cache = model(**inputs, use_cache=True).past_key_values
    cache.crop(-1)
    if not cache.get_seq_length():  # a prompt of one token: only what cross-attention looks at is worth keeping
        cache.self_attention_cache.reset()
    cache.batch_repeat_interleave(copies)
    return cache

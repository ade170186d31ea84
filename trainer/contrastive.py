"""Contrastive search (Su et al. 2022, "A Contrastive Framework for Neural Text Generation", section 3.2).

    next = argmax over the k likeliest v of (1 - alpha) p(v | x) - alpha max over x_j of cos(h_v, h_x_j)

A likely token is passed over where its hidden state lies near one that stands before it: the caption does not say the
same again. transformers 5 has moved its own to a repository of code that would have to be trusted; this is the
published rule as a `custom_generate` function for both families.

Letters: B rows, L tokens before (picture tokens too), k candidates, D features, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers.generation import GenerateDecoderOnlyOutput
from transformers.generation.streamers import BaseStreamer
from transformers.modeling_outputs import BaseModelOutput

from trainer.decoding import Decoding


class ContrastiveSearch:
    """The search, for one call of `generate`.

    Attributes:
        log_probs: at each step the narrator's own log probability of each row's token, (B,).
        stream: is told every token; None for no one.
    """

    def __init__(self, decoding: Decoding, end_ids: Sequence[int]) -> None:
        self.log_probs: list[Tensor] = []
        self.stream: BaseStreamer | None = None
        self._alpha = decoding.contrast
        self._candidates = decoding.contrast_tokens
        self._end_ids = end_ids

    def __call__(
        self,
        model: Any,
        input_ids: Tensor,
        logits_processor: Any,
        stopping_criteria: Any,
        generation_config: Any,
        **model_kwargs: Any,
    ) -> GenerateDecoderOnlyOutput:
        """Write until every row has ended; called by `generate` with what it has prepared."""
        has_encoder, k = model.config.is_encoder_decoder, self._candidates
        model_kwargs["output_hidden_states"] = True
        mask = model_kwargs.get("decoder_attention_mask" if has_encoder else "attention_mask")
        seen = model_kwargs["encoder_outputs"].last_hidden_state if has_encoder else None
        outputs = model._prefill(input_ids, generation_config, model_kwargs)
        told = nn.functional.normalize(_hidden(outputs, has_encoder), dim=-1)  # (B, L, D)
        valid_mask = told.new_ones(told.shape[:2], dtype=torch.bool) if mask is None else mask.bool()
        logits = outputs.logits[:, -1].float()  # (B, V)
        unfinished = torch.ones(len(told), dtype=torch.bool, device=told.device)
        while unfinished.any():
            model_kwargs = model._update_model_kwargs_for_generation(
                outputs, model_kwargs, is_encoder_decoder=has_encoder
            )
            probabilities, likely = logits_processor(input_ids, logits).softmax(-1).topk(k)  # (B, k)
            # One token ahead, every candidate in a row of its own.
            if has_encoder:  # what is repeated is written back into it
                model_kwargs["encoder_outputs"] = BaseModelOutput(seen)
            rows, kwargs = model._expand_inputs_for_generation(
                expand_size=k, is_encoder_decoder=has_encoder, input_ids=input_ids, **model_kwargs
            )
            rows = torch.cat([rows, likely.reshape(-1, 1).to(rows.device)], dim=1)
            model_kwargs["past_key_values"].batch_repeat_interleave(k)
            outputs = model(**model.prepare_inputs_for_generation(rows, next_sequence_length=1, **kwargs))
            ahead = nn.functional.normalize(_hidden(outputs, has_encoder)[:, -1], dim=-1).reshape(len(told), k, -1)
            chosen = self._choose(probabilities, ahead, told, valid_mask)  # (B,)
            kept = torch.arange(len(told), device=told.device) * k + chosen
            model_kwargs["past_key_values"].batch_select_indices(kept)
            tokens = likely.gather(1, chosen[:, None])  # (B, 1)
            self.log_probs.append(logits.log_softmax(-1).gather(1, tokens)[:, 0])
            tokens = torch.where(unfinished[:, None], tokens, self._end_ids[0])
            told = torch.cat([told, ahead.flatten(0, 1)[kept][:, None]], dim=1)
            valid_mask = torch.cat([valid_mask, torch.ones_like(valid_mask[:, :1])], dim=1)
            logits, input_ids = outputs.logits[kept, -1].float(), torch.cat([input_ids, tokens.to(input_ids)], dim=1)
            if self.stream is not None:
                self.stream.put(tokens[:, 0].cpu())
            unfinished &= ~stopping_criteria(input_ids, None)
        return GenerateDecoderOnlyOutput(sequences=input_ids)

    def _choose(self, probabilities: Tensor, ahead: Tensor, told: Tensor, valid_mask: Tensor) -> Tensor:
        """The candidate of each row, by place: (B,).

        Args:
            probabilities: (B, k); 0 for tokens that the rules forbid.
            ahead: (B, k, D) unit vectors of the candidates.
            told: (B, L, D) unit vectors of the tokens before.
            valid_mask: (B, L).
        """
        nearness = (ahead @ told.mT).masked_fill(~valid_mask[:, None], -1).amax(-1).float()  # (B, k)
        scores = (1 - self._alpha) * probabilities - self._alpha * nearness
        return scores.masked_fill(probabilities == 0, -torch.inf).argmax(-1)


def _hidden(outputs: Any, has_encoder: bool) -> Tensor:
    """The last layer's states: (rows, tokens, D)."""
    layers = outputs.decoder_hidden_states if has_encoder else outputs.hidden_states
    return layers[-1]  # type: ignore[no-any-return]

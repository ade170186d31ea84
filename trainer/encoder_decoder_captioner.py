"""The encoder-decoder family: transformers' VisionEncoderDecoderModel, the class of the public ViT-GPT2 checkpoints.

The picture goes through cross-attention; the decoder starts with the begin token. A checkpoint trained here with
context says so in its configuration (`caption_context`), and gets the previous captions as the decoder's prefix;
so it is with the style's opening words (`caption_styles`). A public one was never shown either and would be led astray.

Letters: B records, V feature vectors, D features, T tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoTokenizer, PreTrainedTokenizerBase, VisionEncoderDecoderModel
from transformers.modeling_outputs import BaseModelOutput

from trainer.captioner import (
    OPENINGS,
    CaptionerError,
    Decoding,
    Prompt,
    Rank,
    Report,
    WrittenCaption,
    begun_behind_space,
)
from trainer.config import ConfigError
from trainer.generation import Writing, shared_prompts
from trainer.hub import local_folder
from trainer.ranking import choose, ranking
from trainer.token_rules import Vocabulary

CONTEXT_TOKENS = 96
"""Most tokens of previous captions, as in the prefix family."""

_CONTEXT_SHARE = 4  # they take at most a quarter of a small decoder's positions: the rest is for style and caption


class RaggedPrefixModel(VisionEncoderDecoderModel):  # type: ignore[misc]
    """VisionEncoderDecoderModel whose left-padded prefixes get the positions they would have alone.

    transformers 5.23 counts GPT-2's positions from the first column, padding included: a batch then writes other
    captions than one by one.
    """

    def prepare_inputs_for_generation(self, input_ids: Tensor, **kwargs: Any) -> dict[str, Any]:
        """Add the positions that the decoder's mask implies."""
        inputs: dict[str, Any] = super().prepare_inputs_for_generation(input_ids, **kwargs)
        valid_mask = kwargs.get("decoder_attention_mask")
        if valid_mask is not None:
            positions = (valid_mask.long().cumsum(-1) - 1).clamp(min=0)  # (B, T)
            inputs["decoder_position_ids"] = positions[:, -inputs["decoder_input_ids"].shape[1] :]
        return inputs


class EncoderDecoderCaptioner:
    """A narrator of the encoder-decoder family.

    Attributes:
        id: the directory's or hub model's name.
        title: the same, for people.
        model: ViT and decoder.
        tokenizer: the decoder's.
        processor: prepares pictures for the encoder.
    """

    def __init__(self, name: str, model: RaggedPrefixModel, tokenizer: PreTrainedTokenizerBase, processor: Any) -> None:
        self.id = name
        self.title = name
        self.model = model
        self.tokenizer = tokenizer
        self.processor = processor
        self._vocabulary = Vocabulary(tokenizer)

    @property
    def end_id(self) -> int:
        """The token that ends a caption."""
        end: int | list[int] = self.model.generation_config.eos_token_id or self.tokenizer.eos_token_id
        return end[0] if isinstance(end, list) else end

    def pixels(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Pictures as the encoder takes them: (B, 3, H, W), where and in the number format its weights have."""
        weights = next(self.model.encoder.parameters())
        prepared = self.processor(images=[p.convert("RGB") for p in pictures], return_tensors="pt")["pixel_values"]
        return prepared.to(weights.device, weights.dtype)  # type: ignore[no-any-return]

    @torch.inference_mode()
    def encode(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Encode pictures: (B, V, D)."""
        return self.model.encoder(pixel_values=self.pixels(pictures)).last_hidden_state  # type: ignore[no-any-return]

    def prompt_tokens(self, prompt: Prompt) -> list[int]:
        """The tokens before what is written: the begin token, context and style where it knows them, `begun`."""
        opening = [*self._opening(prompt.style), *self._tokens(begun_behind_space(prompt))]
        return [self.model.config.decoder_start_token_id, *self.context_tokens(prompt), *opening]

    def context_tokens(self, prompt: Prompt) -> list[int]:
        """The end of what was told before; empty where nothing was, or the checkpoint never learned to read it."""
        if not prompt.previous or not getattr(self.model.config, "caption_context", False):
            return []
        room = self.model.config.decoder.max_position_embeddings // _CONTEXT_SHARE
        return self._tokens(" ".join(prompt.previous))[-min(CONTEXT_TOKENS, room) :]

    def caption_tokens(self, text: str, limit: int) -> list[int]:
        """A reference caption's tokens and the end token; cut at `limit` tokens in all."""
        return [*self._tokens(" " + text)[: limit - 1], self.end_id]

    def _opening(self, style: str) -> list[int]:
        styled = getattr(self.model.config, "caption_styles", False)
        return self._tokens("\n" + OPENINGS[style]) if styled else []

    def _tokens(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def check(self, decoding: Decoding) -> None:
        """Whether this family can write so; see `Captioner.check`."""
        decoding.validate()
        if decoding.is_guided:
            raise ConfigError(
                f"guidance is {decoding.guidance}; {self.title} was never trained without pictures and has nothing "
                "to be guided away from, so it must be 1."
            )

    def write(
        self,
        features: Tensor,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        on_text: Callable[[str], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        rank: Rank | None = None,
    ) -> list[WrittenCaption]:
        """Write one caption for each picture; see `Captioner.write`."""
        rank = rank or ranking(decoding)
        return choose(features, self.write_candidates(features, prompts, decoding, on_text, should_stop), rank)

    @torch.inference_mode()
    def write_candidates(
        self,
        features: Tensor,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        on_text: Callable[[str], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[list[WrittenCaption]]:
        """Write candidates for each picture; see `Captioner.write_candidates`."""
        self.check(decoding)
        weights = next(self.model.parameters())
        tokens, valid_mask = (part.to(weights.device) for part in self._prefixes(prompts))
        contexts = [self.context_tokens(prompt) for prompt in prompts]
        end_id = self.model.generation_config.eos_token_id or self.tokenizer.eos_token_id
        end_ids = end_id if isinstance(end_id, list) else [end_id]
        writing = Writing(decoding, prompts, contexts, self._vocabulary, end_ids, tokens.shape[1])
        arguments = writing.arguments(on_text, should_stop)
        seen = BaseModelOutput(features.to(weights.device, weights.dtype))
        if decoding.copies > 1:
            positions = (valid_mask.long().cumsum(-1) - 1).clamp(min=0)
            arguments["past_key_values"] = shared_prompts(
                self.model, decoding.copies, encoder_outputs=seen, decoder_input_ids=tokens,
                decoder_attention_mask=valid_mask.long(), decoder_position_ids=positions,
            )  # fmt: skip
        output = self.model.generate(
            encoder_outputs=BaseModelOutput(seen.last_hidden_state.repeat_interleave(decoding.samples, dim=0)),
            decoder_input_ids=tokens.repeat_interleave(decoding.samples, dim=0),
            decoder_attention_mask=valid_mask.long().repeat_interleave(decoding.samples, dim=0),
            eos_token_id=end_ids,
            pad_token_id=end_ids[0],
            **arguments,
        )
        return writing.captions(output)

    def _prefixes(self, prompts: Sequence[Prompt]) -> tuple[Tensor, Tensor]:
        """Prompts, padded on the left: tokens (B, T) and valid_mask (B, T)."""
        start = self.model.config.decoder_start_token_id
        rows = [self.prompt_tokens(prompt) for prompt in prompts]
        longest = max(map(len, rows))
        tokens = torch.tensor([[start] * (longest - len(row)) + row for row in rows])
        valid_mask = torch.tensor([[False] * (longest - len(row)) + [True] * len(row) for row in rows])
        return tokens, valid_mask


def load_encoder_decoder(
    name: str, report: Report, model_class: type[RaggedPrefixModel] = RaggedPrefixModel
) -> EncoderDecoderCaptioner:
    """Load from a directory, or from the hub (downloaded at the first use).

    Args:
        name: a directory or a hub model's name.
        report: is told what is being done.
        model_class: what the weights become; another one to train them.

    Raises:
        CaptionerError: no such model, no network, or files that do not fit.
    """
    folder = Path(name) if Path(name).is_dir() else local_folder(name, report)
    report("Loading the narrator", None)
    try:
        model = model_class.from_pretrained(folder, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        # The Pillow processors: torchvision is not needed for one.
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise CaptionerError(
            "model_not_found", f"The model {name} is no captioner this program can use: {error}"
        ) from error
    return EncoderDecoderCaptioner(name if not Path(name).is_dir() else Path(name).name, model, tokenizer, processor)

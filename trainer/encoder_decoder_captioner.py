"""The encoder-decoder family: transformers' VisionEncoderDecoderModel, the class of the public ViT-GPT2 checkpoints.

The picture goes through cross-attention; the decoder starts with the begin token. A checkpoint trained here with
context says so in its configuration (`caption_context`), and gets the previous captions as the decoder's prefix;
a public one was never shown any and would be led astray by them.

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

from trainer.captioner import CaptionerError, Decoding, Prompt, Report, WrittenCaption
from trainer.generation import AskedToStop, TextStream, generation_arguments, word_beginnings, written_captions
from trainer.hub import local_folder

CONTEXT_TOKENS = 96
"""Most tokens of previous captions, as in the prefix family."""


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
    """

    def __init__(self, name: str, model: RaggedPrefixModel, tokenizer: PreTrainedTokenizerBase, processor: Any) -> None:
        self.id = name
        self.title = name
        self.model = model
        self.tokenizer = tokenizer
        self._processor = processor
        self._begins_word = word_beginnings(tokenizer)

    @torch.inference_mode()
    def encode(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Encode pictures: (B, V, D)."""
        pixels = self._processor(images=[p.convert("RGB") for p in pictures], return_tensors="pt")["pixel_values"]
        weights = next(self.model.encoder.parameters())
        return self.model.encoder(pixel_values=pixels.to(weights.device, weights.dtype)).last_hidden_state  # type: ignore[no-any-return]

    @torch.inference_mode()
    def write(
        self,
        features: Tensor,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        on_text: Callable[[str], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[WrittenCaption]:
        """Write one caption for each picture; see `Captioner.write`."""
        tokens, valid_mask = self._prefixes(prompts)
        contexts = [row[mask][1:].tolist() for row, mask in zip(tokens, valid_mask, strict=True)]
        arguments: dict[str, Any] = generation_arguments(decoding, tokens.shape[1], contexts, self._begins_word)
        if on_text is not None and len(prompts) == 1:
            arguments["streamer"] = TextStream(self.tokenizer, on_text, skip=1)
        if should_stop is not None:
            arguments["stopping_criteria"] = [AskedToStop(should_stop)]
        weights = next(self.model.parameters())
        end_id = self.model.generation_config.eos_token_id or self.tokenizer.eos_token_id
        output = self.model.generate(
            encoder_outputs=BaseModelOutput(features.to(weights.device, weights.dtype)),
            decoder_input_ids=tokens.to(weights.device),
            decoder_attention_mask=valid_mask.long().to(weights.device),
            pad_token_id=end_id,
            **arguments,
        )
        ends = set(end_id) if isinstance(end_id, list) else {end_id}
        return written_captions(output.sequences[:, tokens.shape[1] :], output.logits, self.tokenizer, ends)

    def _prefixes(self, prompts: Sequence[Prompt]) -> tuple[Tensor, Tensor]:
        """Begin token and context, padded on the left: tokens (B, T) and valid_mask (B, T)."""
        start = self.model.config.decoder_start_token_id
        uses_context = bool(getattr(self.model.config, "caption_context", False))
        rows = []
        for prompt in prompts:
            told = " ".join(prompt.previous) if uses_context else ""
            context = self.tokenizer(told, add_special_tokens=False).input_ids[-CONTEXT_TOKENS:] if told else []
            rows.append([start, *context])
        longest = max(map(len, rows))
        tokens = torch.tensor([[start] * (longest - len(row)) + row for row in rows])
        valid_mask = torch.tensor([[False] * (longest - len(row)) + [True] * len(row) for row in rows])
        return tokens, valid_mask


def load_encoder_decoder(name: str, report: Report) -> EncoderDecoderCaptioner:
    """Load from a directory, or from the hub (downloaded at the first use).

    Raises:
        CaptionerError: no such model, no network, or files that do not fit.
    """
    folder = Path(name) if Path(name).is_dir() else local_folder(name, report)
    report("Loading the narrator", None)
    try:
        model = RaggedPrefixModel.from_pretrained(folder, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        # The Pillow processors: torchvision is not needed for one.
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise CaptionerError(
            "model_not_found", f"The model {name} is no captioner this program can use: {error}"
        ) from error
    return EncoderDecoderCaptioner(name if not Path(name).is_dir() else Path(name).name, model, tokenizer, processor)

"""The encoder-decoder family in training: cross-attention first, then the decoder's last blocks, then the encoder's.

What is new to a pair of pretrained models is how one looks at the other; it learns first, so that its first, wild
gradients do not spoil what the two know. The part of the encoder that is never trained runs once a picture, and the
features that wait in `pixel_values` are what it leaves: the encoder's output, or the input of its first trained block.

Letters as in `trainer.policy`; H W pixels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from transformers import (
    AutoImageProcessor,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerBase,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTImageProcessorPil,
)
from transformers.pytorch_utils import Conv1D

from trainer.base_weights import BaseWeightsError, resolve
from trainer.captioner import CaptionerError, Prompt, Report
from trainer.config import ConfigError, SftConfig
from trainer.device import best_device
from trainer.encoder_decoder_captioner import EncoderDecoderCaptioner, RaggedPrefixModel, load_encoder_decoder
from trainer.policy import (
    ALPHA_PER_RANK,
    CaptionPolicy,
    Part,
    adaptable,
    adapted_layers,
    attach_adapters,
    positions,
)
from trainer.read_prompts import ReadPrompts
from trainer.transformer_blocks import blocks
from trainer.vision import load_vision, pretrained

_DECODER = "decoder."  # how the policy's state names the language model
_PICTURE_SIDE_PX = 224  # what public ViTs were trained on; a panel is squeezed into the square, never cropped


class EncoderDecoderPolicy(CaptionPolicy, RaggedPrefixModel):
    """A VisionEncoderDecoderModel's own weights, called like a decoder-only model.

    Attributes:
        trained_blocks: how many of the encoder's last blocks `hidden_states` still has to run on what it is given.
    """

    trained_blocks = 0

    def forward(self, input_ids: Tensor | None = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """As `CaptionPolicy.forward`; without `input_ids` as the class it is made of, which `generate` needs."""
        if input_ids is None:
            return RaggedPrefixModel.forward(self, **kwargs)
        return CaptionPolicy.forward(self, input_ids, **kwargs)

    def encoded(self, features: Tensor) -> Tensor:
        """The encoder's output for pixels (B, 3, H, W), or for what its frozen part left (B, V, D)."""
        if features.ndim == 4:
            return self.encoder(pixel_values=features).last_hidden_state  # type: ignore[no-any-return]
        if not self.trained_blocks:
            return features
        for block in blocks(self.encoder)[-self.trained_blocks :]:
            features = block(features)
        return self.encoder.layernorm(features)  # type: ignore[no-any-return]

    def hidden_states(
        self, input_ids: Tensor, attention_mask: Tensor, pixel_values: Tensor, picture_mask: Tensor | None = None
    ) -> Tensor:
        """See `CaptionPolicy.hidden_states`; a withheld picture is one whose features are all zero."""
        seen = self._looked_at(pixel_values, picture_mask)
        output = self.decoder.get_decoder()(
            input_ids=input_ids, attention_mask=attention_mask, position_ids=positions(attention_mask),
            encoder_hidden_states=seen, use_cache=False,
        )  # fmt: skip
        return output.last_hidden_state  # type: ignore[no-any-return]

    def read_prompts(self, input_ids: Tensor, attention_mask: Tensor, pixel_values: Tensor, copies: int) -> ReadPrompts:
        """See `CaptionPolicy.read_prompts`."""
        seen = self._looked_at(pixel_values, None)
        output = self.decoder.get_decoder()(
            input_ids=input_ids, attention_mask=attention_mask, position_ids=positions(attention_mask),
            encoder_hidden_states=seen, use_cache=True,
        )  # fmt: skip
        return ReadPrompts.repeated(output, attention_mask, copies, seen)

    def read_on(self, prompts: ReadPrompts, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ReadPrompts]:
        """See `CaptionPolicy.read_on`."""
        known = prompts.longer(attention_mask)
        output = self.decoder.get_decoder()(
            input_ids=input_ids, attention_mask=known.valid_mask, past_key_values=prompts.cache, use_cache=True,
            position_ids=positions(known.valid_mask)[:, -input_ids.shape[1] :], encoder_hidden_states=prompts.seen,
        )  # fmt: skip
        return output.last_hidden_state, known

    def _looked_at(self, pixel_values: Tensor, picture_mask: Tensor | None) -> Tensor:
        """What cross-attention sees: (B, V, E)."""
        seen = self.encoded(pixel_values)
        if picture_mask is not None:
            seen = seen * picture_mask[:, None, None].to(seen.dtype)
        return self.enc_to_dec_proj(seen) if self._resizes else seen

    def generate(
        self,
        inputs: Tensor | None = None,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        pixel_values: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """Write on; with `input_ids` as a decoder-only model is asked to, else as the class it is made of."""
        if input_ids is None:
            return RaggedPrefixModel.generate(self, inputs if inputs is not None else pixel_values, **kwargs)
        return RaggedPrefixModel.generate(
            self,
            encoder_outputs=(self.encoded(pixel_values),) if pixel_values is not None else None,
            decoder_input_ids=input_ids,
            decoder_attention_mask=attention_mask,
            **kwargs,
        )

    def _validate_model_kwargs(self, model_kwargs: dict[str, Any]) -> None:
        """Nothing: transformers looks for the arguments in `forward`, which only passes them on."""

    @property
    def _resizes(self) -> bool:
        return "enc_to_dec_proj" in self._modules


class FrozenBlocks:
    """The part of a policy's encoder that is never trained; a `FrozenEncoder`."""

    def __init__(self, captioner: EncoderDecoderCaptioner, policy: EncoderDecoderPolicy) -> None:
        self._captioner = captioner
        self._policy = policy

    @property
    def cache_key(self) -> str:
        """The weights themselves and the picture's preparation: a directory's name would not tell."""
        digest = hashlib.sha256(json.dumps(self._captioner.processor.to_dict(), sort_keys=True, default=str).encode())
        for tensor in self._policy.encoder.state_dict().values():
            digest.update(tensor.cpu().numpy().tobytes())
        return f"encoder-decoder {digest.hexdigest()} without {self._policy.trained_blocks}"

    def __call__(self, pictures: Sequence[Image.Image]) -> Tensor:
        """(B, V, D)."""
        pixels, encoder = self._captioner.pixels(pictures), self._policy.encoder
        if not self._policy.trained_blocks:
            return encoder(pixel_values=pixels).last_hidden_state  # type: ignore[no-any-return]
        states = encoder(pixel_values=pixels, output_hidden_states=True).hidden_states
        return states[len(blocks(encoder)) - self._policy.trained_blocks]  # type: ignore[no-any-return]


class EncoderDecoderTrainee:
    """A `Trainee` of the encoder-decoder family.

    Attributes:
        captioner: shares the policy's weights.
        policy: the model.
        encoder: its frozen part.
        parts: cross-attention; the decoder's last blocks or adapters in them; the encoder's last blocks.
    """

    def __init__(self, captioner: EncoderDecoderCaptioner, policy: EncoderDecoderPolicy, config: SftConfig) -> None:
        self.captioner = captioner
        self.policy = policy
        self.encoder = FrozenBlocks(captioner, policy)
        policy.config.caption_context = policy.config.caption_styles = True  # from now on it learns to read them
        policy.trained_blocks = config.encoder_blocks
        if captioner.tokenizer.pad_token_id is not None:  # transformers would do it, with a warning
            policy.config.decoder.pad_token_id = policy.generation_config.pad_token_id = (
                captioner.tokenizer.pad_token_id
            )
        self.parts = _parts(policy, config)
        policy.to(best_device())

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """See `Trainee`."""
        return self.captioner.tokenizer

    @property
    def pad_id(self) -> int:
        """See `Trainee`."""
        return self.captioner.end_id

    def prompt_tokens(self, prompt: Prompt, _: Sequence[str]) -> list[int]:
        """See `Trainee`; this family is not told words."""
        return self.captioner.prompt_tokens(prompt)

    def caption_tokens(self, text: str, limit: int) -> list[int]:
        """See `Trainee`."""
        return self.captioner.caption_tokens(text, limit)

    def save(self, state: dict[str, Tensor], folder: Path) -> None:
        """A plain VisionEncoderDecoderModel directory with tokenizer and processor; see `Trainee`."""
        self.policy.save_pretrained(folder, state_dict=_merged(self.policy, state))
        config = json.loads((folder / "config.json").read_text())
        config["architectures"] = [VisionEncoderDecoderModel.__name__]  # anybody's program reads it
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
        self.captioner.tokenizer.save_pretrained(folder)
        self.captioner.processor.save_pretrained(folder)


def saved_encoder_decoder_trainee(name: str, config: SftConfig, report: Report) -> EncoderDecoderTrainee:
    """A directory's or hub model's weights.

    Raises:
        CaptionerError: as `load_encoder_decoder`.
        ConfigError: more encoder blocks are to be trained than there are.
    """
    captioner = load_encoder_decoder(name, report, EncoderDecoderPolicy)
    return EncoderDecoderTrainee(captioner, captioner.model, config)


def new_encoder_decoder_trainee(config: SftConfig, name: str, base_weights: Path) -> EncoderDecoderTrainee:
    """A pretrained ViT and a pretrained language model, joined by untrained cross-attention.

    transformers' own `from_encoder_decoder_pretrained` fails for GPT-2 in 5.23.

    Raises:
        CaptionerError: there are no such models, or the language model has no cross-attention to be trained.
        ConfigError: as `saved_encoder_decoder_trainee`.
    """
    try:
        language = resolve(config.language, base_weights)
        encoder = load_vision(config.vision, base_weights)
        decoder = AutoModelForCausalLM.from_pretrained(language, dtype=torch.float32, add_cross_attention=True)
        tokenizer = AutoTokenizer.from_pretrained(language)
    except BaseWeightsError as error:
        raise CaptionerError("model_not_found", str(error), "python -m trainer fetch-base") from error
    except TypeError as error:
        raise _without_cross_attention(config.language) from error
    except (OSError, ValueError) as error:
        raise CaptionerError("model_not_found", f"The base models cannot be read: {error}") from error
    if not any("cross" in module for module, _ in decoder.named_modules()):
        raise _without_cross_attention(config.language)
    decoder.config.is_decoder = True
    joined = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder.config, decoder.config)
    policy = EncoderDecoderPolicy(encoder=encoder, decoder=decoder, config=joined)
    start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    for settings in (policy.config, policy.generation_config):
        settings.decoder_start_token_id, settings.eos_token_id = start, tokenizer.eos_token_id
        settings.pad_token_id = tokenizer.eos_token_id
    captioner = EncoderDecoderCaptioner(name, policy, tokenizer, _processor(pretrained(config.vision, base_weights)))
    return EncoderDecoderTrainee(captioner, policy, config)


def _without_cross_attention(language: str) -> CaptionerError:
    return CaptionerError(
        "model_not_found",
        f"The language model {language} has no cross-attention, which an encoder-decoder needs.",
        "Choose gpt2 for language, or the family prefix.",
    )


def _processor(vision: str) -> ViTImageProcessorPil:
    """Prepares whole pictures, in the colours that the encoder is used to."""
    try:
        own = AutoImageProcessor.from_pretrained(vision, backend="pil")
        colours = {"image_mean": own.image_mean, "image_std": own.image_std}
    except (OSError, ValueError):  # the model says nothing about its pictures
        colours = {}
    return ViTImageProcessorPil(size={"height": _PICTURE_SIDE_PX, "width": _PICTURE_SIDE_PX}, **colours)


def _parts(policy: EncoderDecoderPolicy, config: SftConfig) -> tuple[Part, ...]:
    """Choose what is trained from when on; everything else is frozen."""
    policy.requires_grad_(False)
    layers, last = blocks(policy.decoder), blocks(policy.encoder)
    if config.encoder_blocks > len(last):
        raise ConfigError(f"encoder_blocks is {config.encoder_blocks}; this encoder has {len(last)}.")
    crossing = [p for name, p in policy.named_parameters() if "cross" in name or "enc_to_dec_proj" in name]
    late = layers[max(0, len(layers) - config.decoder_blocks) :]
    if config.lora_rank and len(late):
        rate = config.learning_rate
        decoding = attach_adapters(
            policy.decoder,
            adaptable(policy.decoder, list(late)),
            config.lora_rank,
            config.lora_rank * ALPHA_PER_RANK,
            config.lora_dropout,
        )
    else:
        rate = config.block_learning_rate
        known = {id(parameter) for parameter in crossing}
        decoding = [p for block in late for p in block.parameters() if id(p) not in known]
    tail = [*last[len(last) - config.encoder_blocks :], policy.encoder.layernorm] if config.encoder_blocks else []
    encoding = [parameter for module in tail for parameter in module.parameters()]
    for parameter in (*crossing, *decoding, *encoding):
        parameter.requires_grad_(True)
    return (
        Part(tuple(crossing), config.learning_rate),
        Part(tuple(decoding), rate, config.decoder_from_frac),
        Part(tuple(encoding), config.block_learning_rate, config.encoder_from_frac),
    )


def _merged(policy: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state without adapters: each one's update is added to its layer's weight."""
    plain = {name.replace(".base_layer.", "."): value for name, value in state.items() if ".lora_" not in name}
    for name, layer in adapted_layers(policy.get_submodule(_DECODER.removesuffix("."))).items():
        (adapter,) = layer.scaling
        key = f"{_DECODER}{name}"
        down, up = (state[f"{key}.lora_{side}.{adapter}.weight"] for side in ("A", "B"))
        update = layer.scaling[adapter] * (up @ down)  # (out, in)
        is_transposed = isinstance(layer.get_base_layer(), Conv1D)
        plain[f"{key}.weight"] = plain[f"{key}.weight"] + (update.T if is_transposed else update)
    return plain

"""The prefix family in training: projector and adapters learn, picture encoder and language model stay.

The picture tokens stand before the text, whichever side the text is padded on: positions are counted without padding,
so that a batch means the same as its rows alone.

Letters as in `trainer.policy`; P picture tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationMixin, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from trainer.captioner import CaptionerError, Prompt
from trainer.config import SftConfig
from trainer.device import best_device, inference_dtype
from trainer.picture_encoder import FrozenEncoder
from trainer.policy import (
    ALPHA_PER_RANK,
    CaptionPolicy,
    Part,
    adaptable,
    attach_adapters,
    positions,
    set_adapters,
    split_adapters,
)
from trainer.prefix_captioner import (
    PICTURE_TOKENS,
    NarratorCard,
    PictureProjector,
    PrefixCaptioner,
    new_prefix,
    read_saved,
    save_prefix,
)
from trainer.read_prompts import ReadPrompts
from trainer.transformer_blocks import blocks

_LANGUAGE, _PROJECTOR = "language.", "projector."  # how the policy's state names its parts


class PrefixConfig(PreTrainedConfig):  # type: ignore[misc]
    """The language model's configuration is what trl's trainers look for."""

    model_type = "comicreader-prefix"
    text_config: PreTrainedConfig | None = None


class PrefixPolicy(CaptionPolicy, PreTrainedModel, GenerationMixin):  # type: ignore[misc]
    """Projector and language model as one decoder-only model.

    Attributes:
        projector: features to picture tokens.
        language: the causal language model.
    """

    config_class = PrefixConfig
    main_input_name = "input_ids"

    def __init__(self, projector: PictureProjector, language: PreTrainedModel) -> None:
        super().__init__(PrefixConfig(text_config=language.config))
        self.projector = projector
        self.language = language
        self.generation_config = language.generation_config
        self.post_init()

    def init_weights(self) -> None:
        """Nothing: the parts come with their weights, which transformers would draw anew for adapters."""

    def get_input_embeddings(self) -> nn.Module:
        """The language model's."""
        return self.language.get_input_embeddings()  # type: ignore[no-any-return]

    def get_output_embeddings(self) -> nn.Module:
        """The language model's."""
        return self.language.get_output_embeddings()  # type: ignore[no-any-return]

    def hidden_states(
        self, input_ids: Tensor, attention_mask: Tensor, pixel_values: Tensor, picture_mask: Tensor | None = None
    ) -> Tensor:
        """See `CaptionPolicy.hidden_states`."""
        embedded, valid_mask = self._embed(input_ids, attention_mask, pixel_values, picture_mask)
        output = self.language.get_decoder()(
            inputs_embeds=embedded, attention_mask=valid_mask, position_ids=positions(valid_mask), use_cache=False
        )
        return output.last_hidden_state[:, PICTURE_TOKENS:]  # type: ignore[no-any-return]

    def read_prompts(self, input_ids: Tensor, attention_mask: Tensor, pixel_values: Tensor, copies: int) -> ReadPrompts:
        """See `CaptionPolicy.read_prompts`."""
        embedded, valid_mask = self._embed(input_ids, attention_mask, pixel_values, None)
        output = self.language.get_decoder()(
            inputs_embeds=embedded, attention_mask=valid_mask, position_ids=positions(valid_mask), use_cache=True
        )
        return ReadPrompts.repeated(output, valid_mask, copies)

    def read_on(self, prompts: ReadPrompts, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ReadPrompts]:
        """See `CaptionPolicy.read_on`."""
        known = prompts.longer(attention_mask)
        output = self.language.get_decoder()(
            input_ids=input_ids, attention_mask=known.valid_mask, past_key_values=prompts.cache, use_cache=True,
            position_ids=positions(known.valid_mask)[:, -input_ids.shape[1] :],
        )  # fmt: skip
        return output.last_hidden_state, known

    @torch.no_grad()
    def generate(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, pixel_values: Tensor | None = None, **kwargs: Any
    ) -> Tensor:
        """Write on: (B, T) prompts padded on the left, then what was written."""
        if pixel_values is None:
            raise ValueError("a caption policy needs the pictures' features in pixel_values")
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        embedded, valid_mask = self._embed(input_ids, mask, pixel_values, None)
        written = self.language.generate(inputs_embeds=embedded, attention_mask=valid_mask, **kwargs)
        return torch.cat([input_ids, written], dim=1)

    def _embed(
        self, input_ids: Tensor, attention_mask: Tensor, pixel_values: Tensor, picture_mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Embeddings (B, P + T, E) and mask (B, P + T)."""
        text = self.get_input_embeddings()(input_ids)
        # The "no picture" tokens take part even where every picture is shown: each process of a run must use them.
        shown = torch.ones(len(text), dtype=torch.bool, device=text.device) if picture_mask is None else picture_mask
        picture = self.projector(pixel_values.to(self.projector.place.dtype), shown.bool()).to(text.dtype)
        ahead = attention_mask.new_ones(len(text), PICTURE_TOKENS)
        return torch.cat([picture, text], dim=1), torch.cat([ahead, attention_mask], dim=1)


class PrefixTrainee:
    """A `Trainee` of the prefix family.

    Attributes:
        captioner: shares the policy's weights.
        policy: projector and language model.
        parts: adapters, and the projector.
    """

    def __init__(self, captioner: PrefixCaptioner, adapters: Sequence[nn.Parameter], config: SftConfig) -> None:
        self.captioner = captioner
        self.policy = PrefixPolicy(captioner.projector, captioner.language)
        for settings in (self.policy.config.text_config, self.policy.generation_config):
            settings.pad_token_id = captioner.tokenizer.pad_token_id  # else transformers does it, with a warning
        self.parts = (
            Part(tuple(adapters), config.learning_rate),
            Part(tuple(captioner.projector.parameters()), config.projector_learning_rate),
        )

    @cached_property
    def encoder(self) -> FrozenEncoder:
        """The ViT, where it computes fastest."""
        device = best_device()
        return self.captioner.encoder.to(device, inference_dtype(device))

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """See `Trainee`."""
        return self.captioner.tokenizer

    @property
    def pad_id(self) -> int:
        """See `Trainee`."""
        return self.captioner.end_id

    def prompt_tokens(self, prompt: Prompt, words: Sequence[str]) -> list[int]:
        """See `Trainee`."""
        return self.captioner.prompt_tokens(prompt, words)

    def caption_tokens(self, text: str, limit: int) -> list[int]:
        """See `Trainee`."""
        return self.captioner.caption_tokens(text, limit)

    def save(self, state: dict[str, Tensor], folder: Path) -> None:
        """`narrator.json` and the weights that were trained; see `Trainee`."""
        projector = {k.removeprefix(_PROJECTOR): v for k, v in state.items() if k.startswith(_PROJECTOR)}
        save_prefix(self.captioner, projector, split_adapters(state, _LANGUAGE), folder)


def new_prefix_trainee(config: SftConfig, name: str, base_weights: Path) -> PrefixTrainee:
    """A new narrator on the base weights.

    Raises:
        CaptionerError: base weights are missing.
    """
    rank, joined = config.lora_rank, config.joined_layers()
    alpha = rank * ALPHA_PER_RANK
    card = NarratorCard(name, name, config.vision, config.language, rank, alpha, vision_layers=joined)
    captioner = new_prefix(card, base_weights)
    return _trainee(captioner, config, {})


def saved_prefix_trainee(folder: Path, config: SftConfig, name: str, base_weights: Path) -> PrefixTrainee:
    """A saved narrator's weights under a new name.

    Raises:
        CaptionerError: a file is missing, damaged, or does not fit its base models.
    """
    saved = read_saved(folder)
    captioner = new_prefix(replace(saved.card, id=name, title=name), base_weights)
    try:
        captioner.projector.load_state_dict(saved.projector)
        if saved.card.words:
            captioner.words.load_state_dict(saved.words)
        return _trainee(captioner, config, saved.adapters)
    except (RuntimeError, KeyError, ValueError) as error:
        raise CaptionerError("model_not_found", f"The weights in {folder} do not fit this program's models.") from error


def _trainee(captioner: PrefixCaptioner, config: SftConfig, saved_adapters: dict[str, Tensor]) -> PrefixTrainee:
    """Attach adapters, and put the weights where and how they are trained."""
    card, device = captioner.card, best_device()
    saved_layers = sorted({name.rpartition(".")[0] for name in saved_adapters})
    layers = saved_layers or adaptable(captioner.language, list(blocks(captioner.language)))
    adapters = attach_adapters(
        captioner.language, layers if card.lora_rank else (), card.lora_rank, card.lora_alpha, config.lora_dropout
    )
    if saved_adapters:
        set_adapters(captioner.language, saved_adapters)
    captioner.language.to(device, torch.bfloat16 if config.bf16 else torch.float32)
    for parameter in adapters:
        parameter.data = parameter.data.float()  # small updates vanish in bfloat16
    captioner.projector.to(device)
    captioner.words.to(device)
    return PrefixTrainee(captioner, adapters, config)

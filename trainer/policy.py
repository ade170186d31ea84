"""A narrator while it is trained: one shape for both families, that of a decoder-only vision-language model.

    policy(input_ids, attention_mask, pixel_values, labels).loss       text is prompt + caption, labels unshifted
    policy.generate(input_ids, attention_mask, pixel_values, ...)      prompt + what was written
    policy.base_model(...)                                             hidden states, as trl's trainers ask for them
    policy.read_prompts(...), policy.read_on(...)                      the same, each prompt read once for many captions

`pixel_values` holds features of a frozen encoder, (B, V, D): they are computed once a picture, not once a step. That
one shape is what trl's SFT, DPO, GRPO and RLOO trainers drive; a `Trainee` adds what only this program knows: how
a prompt is worded, which weights are trained from when on, and how the result is saved.

Letters: B records, V feature vectors, D features, T text tokens, E width of the decoder, N caption tokens, R captions
that write on from B prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from transformers import GenerationMixin, PreTrainedTokenizerBase
from transformers.modeling_outputs import BaseModelOutput, CausalLMOutputWithPast
from transformers.pytorch_utils import Conv1D

from trainer.captioner import Captioner, Prompt
from trainer.picture_encoder import FrozenEncoder
from trainer.read_prompts import ReadPrompts

IGNORED = -100
"""The label of a token that is not learned: prompt and padding."""

_ADAPTER = "default"  # peft's name for the first adapter

ALPHA_PER_RANK = 2
"""The adapters' update is scaled by this, alpha / rank; 2 as Hu et al. 2021 use for language models."""


class CaptionPolicy(GenerationMixin):  # type: ignore[misc]
    """Mixed into a `PreTrainedModel`: the calls of a decoder-only model on top of `hidden_states`."""

    accepts_loss_kwargs = True  # `forward` divides by `num_items_in_batch` itself

    def hidden_states(
        self, input_ids: Tensor, attention_mask: Tensor, pixel_values: Tensor, picture_mask: Tensor | None = None
    ) -> Tensor:
        """What the decoder makes of prompt and caption.

        Args:
            input_ids: (B, T), padded on either side.
            attention_mask: (B, T), 1 where a token stands.
            pixel_values: (B, V, D) features.
            picture_mask: (B,), False where the picture is withheld; None shows them all.

        Returns:
            (B, T, E).
        """
        raise NotImplementedError

    def read_prompts(self, input_ids: Tensor, attention_mask: Tensor, pixel_values: Tensor, copies: int) -> ReadPrompts:
        """Read prompts once, for `copies` captions of each.

        Args:
            input_ids: (B, T), padded on the left.
            attention_mask: (B, T), 1 where a token stands.
            pixel_values: (B, V, D) features.
            copies: rows a prompt.
        """
        raise NotImplementedError

    def read_on(self, prompts: ReadPrompts, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ReadPrompts]:
        """Read caption tokens after prompts and after what was read on before.

        Args:
            prompts: what stands before; used up by this call.
            input_ids: (R, T), padded on the right.
            attention_mask: (R, T), 1 where a token stands.

        Returns:
            Hidden states (R, T, E), and what is remembered now.
        """
        raise NotImplementedError

    def encoded(self, features: Tensor) -> Tensor:
        """The features as `Captioner.write` takes them: (B, V, D)."""
        return features

    @property
    def base_model(self) -> Backbone:
        """The policy without its vocabulary."""
        return Backbone(self)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        pixel_values: Tensor | None = None,
        labels: Tensor | None = None,
        picture_mask: Tensor | None = None,
        loss_weights: Tensor | None = None,
        num_items_in_batch: Tensor | float | None = None,
        logits_to_keep: int = 0,
        **_: Any,
    ) -> CausalLMOutputWithPast:
        """Loss where labels are given, logits where not.

        Only the positions that predict a caption token go through the vocabulary: with 49,152 words that is a fifth
        of the work saved.

        Args:
            input_ids: (B, T) prompt and caption.
            attention_mask: (B, T); None for all ones.
            pixel_values: (B, V, D) features.
            labels: (B, T), `input_ids` where a token is to be learned, else IGNORED.
            picture_mask: (B,) bool, as in `hidden_states`.
            loss_weights: (B,) weight of each record's tokens; None for ones.
            num_items_in_batch: what the sum of the tokens' losses is divided by; None: the sum of their weights.
            logits_to_keep: give logits of the last positions only; 0 for all.
        """
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        hidden = self.base_model(input_ids, mask, pixel_values, picture_mask).last_hidden_state
        if labels is None:
            return CausalLMOutputWithPast(logits=self._vocabulary()(hidden[:, -logits_to_keep:]))
        learned = labels[:, 1:] != IGNORED  # (B, T - 1)
        logits = self._vocabulary()(hidden[:, :-1][learned]).float()  # (N, vocabulary)
        losses = nn.functional.cross_entropy(logits, labels[:, 1:][learned], reduction="none")
        weights = losses.new_ones(len(labels)) if loss_weights is None else loss_weights.to(losses)
        weights = weights[:, None].expand(learned.shape)[learned]  # (N,)
        return CausalLMOutputWithPast(
            loss=(weights * losses).sum() / (weights.sum() if num_items_in_batch is None else num_items_in_batch)
        )

    def _vocabulary(self) -> nn.Module:
        return self.get_output_embeddings()  # type: ignore[no-any-return]


class Backbone:
    """A policy's hidden states, called as trl calls a language model's `base_model`."""

    def __init__(self, policy: CaptionPolicy) -> None:
        self._policy = policy

    def __call__(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        pixel_values: Tensor | None = None,
        picture_mask: Tensor | None = None,
        **_: Any,
    ) -> BaseModelOutput:
        """(B, T, E) in `last_hidden_state`."""
        if pixel_values is None:
            raise ValueError("a caption policy needs the pictures' features in pixel_values")
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        return BaseModelOutput(self._policy.hidden_states(input_ids, mask, pixel_values, picture_mask))


@dataclass(frozen=True, slots=True)
class Part:
    """Weights that are trained together.

    Attributes:
        parameters: the weights.
        learning_rate: its highest value.
        from_frac: share of the run after which they are trained; frozen before.
    """

    parameters: tuple[nn.Parameter, ...]
    learning_rate: float
    from_frac: float = 0.0


class Trainee(Protocol):
    """A narrator of either family, ready to be trained."""

    @property
    def policy(self) -> CaptionPolicy:
        """What is optimised."""

    @property
    def captioner(self) -> Captioner:
        """Writes with the same weights."""

    @property
    def encoder(self) -> FrozenEncoder:
        """Makes the features that go into `pixel_values`."""

    @property
    def parts(self) -> Sequence[Part]:
        """What is trained, and from when on."""

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """Of the language model."""

    @property
    def pad_id(self) -> int:
        """The token that fills up a batch."""

    def prompt_tokens(self, prompt: Prompt, words: Sequence[str]) -> list[int]:
        """What stands before a caption."""

    def caption_tokens(self, text: str, limit: int) -> list[int]:
        """A reference caption's tokens and the end token; cut at `limit` tokens in all."""

    def save(self, state: dict[str, Tensor], folder: Path) -> None:
        """Write the model so that `load_captioner` finds it.

        Args:
            state: the policy's whole state.
            folder: exists; is filled.
        """


def positions(valid_mask: Tensor) -> Tensor:
    """Each token's place in its own row, padding on either side not counted: (B, T)."""
    return (valid_mask.long().cumsum(-1) - 1).clamp(min=0)


def adaptable(model: nn.Module, within: Sequence[nn.Module]) -> list[str]:
    """Names of the linear layers in some blocks; cross-attention's are not among them: it is trained itself."""
    inside = {id(module) for block in within for module in block.modules()}
    return [
        name
        for name, module in model.named_modules()
        if id(module) in inside and isinstance(module, nn.Linear | Conv1D) and "cross" not in name
    ]


def attach_adapters(
    model: nn.Module, targets: Sequence[str], rank: int, alpha: int, dropout: float
) -> list[nn.Parameter]:
    """Add LoRA matrices (Hu et al. 2021) and freeze everything else.

    Args:
        model: the language model.
        targets: names of the layers to adapt; none adds nothing.
        rank: of the matrices.
        alpha: the update is scaled by alpha / rank.
        dropout: inside the adapters.

    Returns:
        The new weights.

    Raises:
        ValueError: a layer that the model does not have.
    """
    model.requires_grad_(False)
    if not targets:
        return []
    layers = dict(model.named_modules())
    if unknown := [name for name in targets if name not in layers]:
        raise ValueError(f"the language model has no layer {unknown[0]}")
    is_transposed = isinstance(layers[targets[0]], Conv1D)  # all of GPT-2's are
    lora = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=list(targets), fan_in_fan_out=is_transposed
    )
    inject_adapter_in_model(lora, model, adapter_name=_ADAPTER)
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def set_adapters(model: nn.Module, adapters: dict[str, Tensor]) -> None:
    """Fill attached adapters.

    Args:
        model: has adapters.
        adapters: "<layer>.lora_A" (rank, in) and "<layer>.lora_B" (out, rank) for each adapted layer.

    Raises:
        KeyError: an adapted layer has no matrices.
        RuntimeError: matrices of other sizes.
    """
    with torch.no_grad():
        for name, layer in adapted_layers(model).items():
            layer.lora_A[_ADAPTER].weight.copy_(adapters[f"{name}.lora_A"])
            layer.lora_B[_ADAPTER].weight.copy_(adapters[f"{name}.lora_B"])


def split_adapters(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The adapters of a state, named as in `set_adapters`.

    Args:
        state: a policy's.
        prefix: what stands before the language model's names, dot included.
    """
    ending = f".{_ADAPTER}.weight"
    return {
        name.removeprefix(prefix).removesuffix(ending): value
        for name, value in state.items()
        if name.startswith(prefix) and name.endswith((f".lora_A{ending}", f".lora_B{ending}"))
    }


def adapted_layers(model: nn.Module) -> dict[str, Any]:
    """The layers with adapters by name."""
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, LoraLayer)}

"""Language models with 8-bit weights, for writing on a CPU.

A caption is written token by token, and for each the whole model is read from memory: a quarter of the bytes takes less
time. What goes into a layer is rounded by the largest number in the batch (dynamic quantisation), so a caption may
differ with what is written beside it. And where a few numbers are far larger than all others (massive activations, Sun
et al. 2024), the others vanish: they arise before the last layer of a block's MLP, which therefore stays as it is.
Measured on 32 dev descriptions, greedy: chrF++ 24.7 exact, 24.5 so, and 21.6 on 48 with every layer rounded.
"""

from __future__ import annotations

import warnings

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

_EXACT = ("mlp.down_proj", "mlp.c_proj")
"""Ends of the names of layers that massive activations go into: Llama's and GPT-2's."""


def quantise(model: nn.Module) -> None:
    """Round the weights of linear layers to 8 bits, a scale an output feature, in place.

    Args:
        model: float32, on the CPU; only good for inference afterwards.
    """
    for name, layer in list(model.named_modules()):
        if isinstance(layer, Conv1D):  # GPT-2's linear layers, which torch does not know as such
            model.set_submodule(name, _as_linear(layer))
    rounded = {
        name: torch.ao.quantization.per_channel_dynamic_qconfig
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear) and not name.endswith(_EXACT)
    }
    with warnings.catch_warnings():
        # Its successor is a package of its own; the torch that is pinned here still has it.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", "torch.quantize_per_", UserWarning)
        torch.ao.quantization.quantize_dynamic(model, rounded, inplace=True)  # type: ignore[no-untyped-call]


def _as_linear(layer: Conv1D) -> nn.Linear:
    inputs, outputs = layer.weight.shape
    linear = nn.Linear(inputs, outputs)
    linear.weight, linear.bias = nn.Parameter(layer.weight.T.contiguous()), layer.bias
    return linear

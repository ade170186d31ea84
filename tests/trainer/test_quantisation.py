"""8-bit weights: GPT-2's layers too, nearly the same numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_models
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.pytorch_utils import Conv1D

from trainer.captioner import Decoding, Prompt, load_captioner
from trainer.quantisation import quantise


def test_gpt2_answers_nearly_alike_and_only_the_ends_of_its_mlps_stay() -> None:
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=97, n_positions=32, n_embd=64, n_layer=2, n_head=2)).eval()
    tokens = torch.randint(0, 97, (2, 12))
    with torch.inference_mode():
        exact = model(tokens).logits
        quantise(model)
        rounded = model(tokens).logits
    exact_layers = [n for n, layer in model.named_modules() if isinstance(layer, Conv1D) or type(layer) is nn.Linear]
    assert exact_layers == ["transformer.h.0.mlp.c_proj", "transformer.h.1.mlp.c_proj"]
    assert not torch.equal(exact, rounded)
    assert float((exact - rounded).abs().max()) < 0.05 * float(exact.abs().max())


@pytest.mark.parametrize("family", ["prefix", "encoder-decoder"])
def test_both_families_write_with_rounded_weights(family: str, tiny_narrator: Path, tmp_path: Path) -> None:
    folder = tiny_narrator if family == "prefix" else tiny_models.tiny_encoder_decoder(tmp_path, uses_context=True)
    captioner = load_captioner(str(folder), folder, lambda *_: None)
    captioner.quantise()
    features = captioner.encode([tiny_models.picture("red")])
    first, again = (captioner.write(features, [Prompt()], Decoding(max_tokens=8))[0].text for _ in range(2))
    assert first
    assert first == again

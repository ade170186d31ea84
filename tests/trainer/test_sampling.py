"""Sampling and likelihood, for both families: one truth however it is computed."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_models
import torch
from torch import Tensor

from trainer.batches import Wording
from trainer.config import SftConfig
from trainer.dataset import NARRATION, load_records
from trainer.policy import Trainee
from trainer.policy_encoder_decoder import saved_encoder_decoder_trainee
from trainer.policy_prefix import saved_prefix_trainee
from trainer.reference import Reference
from trainer.sampling import PromptBatch, Samples, likelihood, sample

COPIES, LIMIT, TEMPERATURE = 3, 10, 1.3
NO_TOKEN = -1


@pytest.fixture(params=["prefix", "encoder-decoder"])
def trainee(request: pytest.FixtureRequest, tiny_narrator: Path, tmp_path: Path) -> Trainee:
    config = SftConfig(bf16=False, lora_dropout=0.0)
    made: Trainee
    if request.param == "prefix":
        made = saved_prefix_trainee(tiny_narrator, config, "tiny", tmp_path)
    else:
        folder = tiny_models.tiny_encoder_decoder(tmp_path, uses_context=True)
        made = saved_encoder_decoder_trainee(str(folder), config, lambda *_: None)
    made.policy.eval()
    return made


@pytest.fixture
def prompts(trainee: Trainee, stories: Path) -> PromptBatch:
    """Three prompts of unlike lengths."""
    wording = Wording(trainee, {}, SftConfig())
    examples = [wording.whole(record, NARRATION, record.image) for record in load_records(stories)[0][:3]]
    pictures = [tiny_models.Image.open(example.image) for example in examples]
    assert len({len(example.prompt_tokens) for example in examples}) == 3
    features = torch.stack([trainee.encoder([picture])[0].float() for picture in pictures]).detach()
    return PromptBatch.of([example.prompt_tokens for example in examples], features, trainee.pad_id)


def sampled(trainee: Trainee, prompts: PromptBatch, seed: int = 0, end_id: int = NO_TOKEN) -> Samples:
    generator = torch.Generator().manual_seed(seed)
    return sample(trainee.policy, prompts, COPIES, end_id, LIMIT, TEMPERATURE, generator)


def ragged(trainee: Trainee, prompts: PromptBatch) -> tuple[Samples, int]:
    """Captions that end at a token these narrators like to write, and that token."""
    rows = sampled(trainee, prompts).tokens
    end_id = max((token for row in rows for token in row[2:]), key=[t for row in rows for t in set(row)].count)
    samples = sampled(trainee, prompts, end_id=end_id)
    assert len({len(row) for row in samples.tokens}) > 1
    return samples, end_id


def padded(samples: Samples) -> tuple[Tensor, Tensor]:
    rows = [torch.tensor(row) for row in samples.tokens]
    tokens = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    lengths = torch.tensor([len(row) for row in rows])
    return tokens, (torch.arange(tokens.shape[1]) < lengths[:, None]).long()


def test_sampled_log_probabilities_are_the_recomputed_ones(trainee: Trainee, prompts: PromptBatch) -> None:
    samples, _ = ragged(trainee, prompts)
    tokens, valid_mask = padded(samples)
    found = likelihood(trainee.policy, prompts, tokens, valid_mask, TEMPERATURE)
    for row, told in enumerate(samples.log_probs):
        torch.testing.assert_close(found.log_probs[row, : len(told)], torch.tensor(told), rtol=0, atol=1e-4)
        torch.testing.assert_close(found.hidden[row, : len(told)], samples.hidden[row], rtol=0, atol=1e-4)


def test_reading_a_prompt_once_changes_neither_likelihood_nor_gradients(trainee: Trainee, prompts: PromptBatch) -> None:
    tokens, valid_mask = padded(ragged(trainee, prompts)[0])
    weights = [weight for weight in trainee.policy.parameters() if weight.requires_grad]
    found = likelihood(trainee.policy, prompts, tokens, valid_mask, TEMPERATURE)
    repeated = [
        part.repeat_interleave(COPIES, dim=0) for part in (prompts.tokens, prompts.valid_mask, prompts.features)
    ]
    logits = trainee.policy(
        input_ids=torch.cat([repeated[0], tokens], dim=1), attention_mask=torch.cat([repeated[1], valid_mask], dim=1),
        pixel_values=repeated[2],
    ).logits[:, -tokens.shape[1] - 1 : -1]  # fmt: skip
    likely = (logits / TEMPERATURE).log_softmax(-1)
    expected = likely.gather(-1, tokens[..., None])[..., 0] * valid_mask
    torch.testing.assert_close(found.log_probs * valid_mask, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.entropy * valid_mask, -(likely.exp() * likely).sum(-1) * valid_mask)
    own = torch.autograd.grad((found.log_probs * valid_mask).sum(), weights, allow_unused=True)
    plain = torch.autograd.grad(expected.sum(), weights, allow_unused=True)
    for one, other in zip(own, plain, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


def test_a_caption_ends_with_its_end_or_at_the_limit(trainee: Trainee, prompts: PromptBatch) -> None:
    samples, end_id = ragged(trainee, prompts)
    for row in samples.tokens:
        assert end_id not in row[:-1]
        assert row[-1] == end_id or len(row) == LIMIT


def test_the_seed_decides(trainee: Trainee, prompts: PromptBatch) -> None:
    assert sampled(trainee, prompts, 1).tokens == sampled(trainee, prompts, 1).tokens
    assert sampled(trainee, prompts, 1).tokens != sampled(trainee, prompts, 2).tokens


def test_the_picture_counts(trainee: Trainee, prompts: PromptBatch) -> None:
    tokens, valid_mask = padded(sampled(trainee, prompts))
    other = PromptBatch(prompts.tokens, prompts.valid_mask, prompts.features.flip(0))
    shown = likelihood(trainee.policy, prompts, tokens, valid_mask, TEMPERATURE).log_probs
    assert not torch.allclose(shown, likelihood(trainee.policy, other, tokens, valid_mask, TEMPERATURE).log_probs)


def test_the_reference_speaks_as_the_policy_did_at_the_start(trainee: Trainee, prompts: PromptBatch) -> None:
    tokens, valid_mask = padded(sampled(trainee, prompts))
    reference = Reference(trainee.policy)

    def spoken() -> Tensor:
        with torch.no_grad():
            return likelihood(trainee.policy, prompts, tokens, valid_mask, TEMPERATURE).log_probs

    start = spoken()
    with torch.no_grad():
        for weight in trainee.policy.parameters():
            if weight.requires_grad:
                weight.add_(0.05 * torch.randn_like(weight))
    moved = spoken()
    assert not torch.allclose(moved, start)
    with reference.speaking():
        assert torch.equal(spoken(), start)
    assert torch.equal(spoken(), moved)

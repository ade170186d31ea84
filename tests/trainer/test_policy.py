"""The policies as trl's trainers call them, for both families."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_models
import torch
from torch import Tensor
from trl.trainer.utils import add_fused_lm_head

from trainer.batches import Wording, collate
from trainer.captioner import Decoding, Prompt
from trainer.config import SftConfig
from trainer.dataset import NARRATION, load_records
from trainer.policy import IGNORED, Trainee
from trainer.policy_encoder_decoder import saved_encoder_decoder_trainee
from trainer.policy_prefix import saved_prefix_trainee


@pytest.fixture(params=["prefix", "encoder-decoder", "thawed"])
def trainee(request: pytest.FixtureRequest, tiny_narrator: Path, tmp_path: Path) -> Trainee:
    config = SftConfig(bf16=False, lora_dropout=0.0, encoder_blocks=1 if request.param == "thawed" else 0)
    made: Trainee
    if request.param == "prefix":
        made = saved_prefix_trainee(tiny_narrator, config, "tiny", tmp_path)
        made.policy.float()
    else:
        folder = tiny_models.tiny_encoder_decoder(tmp_path, uses_context=True)
        made = saved_encoder_decoder_trainee(str(folder), config, lambda *_: None)
    made.policy.eval()
    return made


@pytest.fixture
def batch(trainee: Trainee, stories: Path) -> dict[str, Tensor]:
    """Three rows of unlike lengths."""
    records = load_records(stories)[0][:3]
    features = {
        record.image: trainee.encoder([tiny_models.Image.open(record.image)])[0].float().detach() for record in records
    }
    wording = Wording(trainee, {}, SftConfig())
    return collate([wording.whole(r, NARRATION, r.image) for r in records], features, trainee.pad_id)


def rows(batch: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """Each row alone, without padding."""
    lengths = batch["attention_mask"].sum(1).tolist()
    return [
        {k: v[i : i + 1, :length] if k in ("input_ids", "attention_mask", "labels") else v[i : i + 1] for k, v in batch.items()}  # noqa: E501
        for i, length in enumerate(lengths)
    ]  # fmt: skip


def test_a_ragged_batch_loses_what_its_rows_lose(trainee: Trainee, batch: dict[str, Tensor]) -> None:
    assert len({int(row["attention_mask"].sum()) for row in rows(batch)}) == 3
    together = trainee.policy(**batch, num_items_in_batch=1.0).loss
    alone = sum(trainee.policy(**row, num_items_in_batch=1.0).loss for row in rows(batch))
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)


def test_padding_on_the_left_means_the_same(trainee: Trainee, batch: dict[str, Tensor]) -> None:
    right = trainee.policy(**{k: v for k, v in batch.items() if k != "labels"}).logits
    length, lengths = batch["input_ids"].shape[1], batch["attention_mask"].sum(1).tolist()
    turned = {
        k: torch.stack([row.roll(length - n) for row, n in zip(batch[k], lengths, strict=True)])
        for k in ("input_ids", "attention_mask")
    }
    left = trainee.policy(**turned, pixel_values=batch["pixel_values"]).logits
    for row, n in enumerate(lengths):
        torch.testing.assert_close(left[row, length - n :], right[row, :n], rtol=1e-4, atol=1e-4)


def test_a_withheld_picture_is_not_seen(trainee: Trainee, batch: dict[str, Tensor]) -> None:
    other = batch | {"pixel_values": batch["pixel_values"].flip(0)}
    assert not torch.allclose(trainee.policy(**batch).loss, trainee.policy(**other).loss)
    hidden = {"picture_mask": torch.zeros(3, dtype=torch.bool)}
    assert torch.equal(trainee.policy(**batch | hidden).loss, trainee.policy(**other | hidden).loss)


def test_weights_count_tokens(trainee: Trainee, batch: dict[str, Tensor]) -> None:
    doubled = batch | {"loss_weights": torch.tensor([2.0, 1.0, 1.0])}
    losses = [trainee.policy(**row, num_items_in_batch=1.0).loss for row in rows(batch)]
    counts = [(row["labels"] != IGNORED).sum() for row in rows(batch)]
    expected = (2 * losses[0] + losses[1] + losses[2]) / (2 * counts[0] + counts[1] + counts[2])
    torch.testing.assert_close(trainee.policy(**doubled).loss, expected, rtol=1e-5, atol=1e-5)


def test_trl_s_fused_head_finds_the_same_loss(trainee: Trainee, batch: dict[str, Tensor]) -> None:
    own = trainee.policy(**batch | {"loss_weights": torch.ones(3)}).loss
    add_fused_lm_head(trainee.policy)
    given = {k: v for k, v in batch.items() if k != "loss_weights"}
    torch.testing.assert_close(trainee.policy(**given, fused_lm_head=True).loss, own, rtol=1e-5, atol=1e-5)


def test_generate_writes_on_from_ragged_prompts_what_the_captioner_writes(trainee: Trainee, stories: Path) -> None:
    prompts = [Prompt(), Prompt(("A red ball.", "It sits."))]
    pictures = [tiny_models.picture("red"), tiny_models.picture("blue")]
    features = trainee.encoder(pictures).float().detach()
    tokens = [trainee.prompt_tokens(prompt, ()) for prompt in prompts]
    longest = max(map(len, tokens))
    written = trainee.policy.generate(
        input_ids=torch.tensor([[trainee.pad_id] * (longest - len(row)) + row for row in tokens]),
        attention_mask=torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in tokens]),
        pixel_values=features, max_new_tokens=8, do_sample=False, eos_token_id=trainee.pad_id,
        pad_token_id=trainee.pad_id,
    )  # fmt: skip
    plain = Decoding(max_tokens=8, repetition_penalty=1.0, no_repeat_ngram=0, no_copy_ngram=0)
    expected = trainee.captioner.write(trainee.policy.encoded(features), prompts, plain)
    texts = [trainee.tokenizer.decode(row[longest:], skip_special_tokens=True) for row in written]
    assert [" ".join(text.split()) for text in texts] == [caption.text for caption in expected]

"""Learning anew: what was known is forgotten, less where it is shown again, and either is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models

from trainer import events
from trainer.config import SftConfig
from trainer.dataset import NO_PICTURE
from trainer.replay import known_before
from trainer.run_dir import RunDir
from trainer.sft import train


@pytest.fixture(scope="module")
def taught(stories: Path, tmp_path_factory: pytest.TempPathFactory) -> SftConfig:
    """What to tell a narrator that knows the coloured balls."""
    folder = tmp_path_factory.mktemp("taught")
    vision, language = tiny_models.tiny_bases(folder / "bases")
    config = SftConfig(
        data=str(stories), run=str(folder / "first"), vision=str(vision), language=str(language), vision_layers="1,2",
        threads=1, batch_size=4, epochs=1000, max_steps=150, evaluate_every=150, learning_rate=0.03,
        projector_learning_rate=0.03, lora_rank=8, lora_dropout=0.0, picture_dropout=0.0, context_dropout=0.0,
        bf16=False,
    )  # fmt: skip
    run(config)
    return replace(config, model=str(folder / "first"), max_steps=40, evaluate_every=20, learning_rate=0.01)


@pytest.fixture(scope="module")
def kites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other pictures, told in other words."""
    folder = tiny_models.tiny_stories(tmp_path_factory.mktemp("kites"))
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    with (folder / "records.jsonl").open("w") as stream:
        for number, line in enumerate(lines):
            tiny_models.picture("orange", (40 + 3 * number, 80)).save(folder / line["image"])
            text = "A kite flies far away over the sea."
            stream.write(json.dumps(line | {"split": "train", "narration": text}) + "\n")
    return folder


def run(config: SftConfig) -> tuple[list[float], str]:
    """How much was forgotten at each look, and the last word."""
    seen: list[events.Event] = []
    folder = Path(config.run)
    last = train(config, RunDir.create(folder), folder.parent / "base" / "weights", seen.append, lambda: False)
    assert isinstance(last, events.RunFinished)
    forgotten = [
        e.values["eval/forgotten"] for e in seen if isinstance(e, events.Metrics) and "eval/forgotten" in e.values
    ]
    return forgotten, last.message


def test_what_is_shown_again_is_kept_and_what_is_not_is_missed(
    taught: SftConfig, stories: Path, kites: Path, tmp_path: Path
) -> None:
    anew = replace(taught, data=str(kites), replay_data=str(stories))
    careless, complaint = run(replace(anew, run=str(tmp_path / "careless")))
    careful, praise = run(replace(anew, run=str(tmp_path / "careful"), replay_share=0.5, max_steps=80))
    assert len(careless) == 2
    assert careless[-1] > 0.5
    assert careful[-1] < 0.3 * careless[-1]
    assert "It forgets: " in complaint
    assert "a larger replay_share keeps more" in complaint
    assert f"{careless[-1]:.3f} nats a token worse" in complaint
    assert "It forgets" not in praise or careful[-1] > anew.forget_limit


def test_without_a_data_set_the_texts_that_come_with_the_program_stand_for_it(
    taught: SftConfig, kites: Path, tmp_path: Path
) -> None:
    before = known_before(replace(taught, replay_share=0.5))
    assert {record.image for record in (*before.replay, *before.kept)} == {NO_PICTURE}
    assert not {record.book for record in before.replay} & {record.book for record in before.kept}
    assert before.kept[-1].previous_descriptions
    forgotten, _ = run(
        replace(taught, data=str(kites), run=str(tmp_path / "run"), replay_share=0.5, max_steps=4, evaluate_every=2)
    )
    assert len(forgotten) == 2


def test_a_new_narrator_has_nothing_to_forget(taught: SftConfig) -> None:
    assert not known_before(replace(taught, model="")).kept

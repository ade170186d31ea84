"""The same run in one process and in two: gradients, losses and dev verdict are the same, and one process speaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import tiny_models
from accelerate.commands.config.config_args import load_config_from_file
from safetensors.torch import load_file
from torch import Tensor

from trainer import events
from trainer.config import SftConfig
from trainer.run_dir import RunDir
from trainer.sft import train

STEPS = 8


@pytest.fixture(scope="module")
def ragged_stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Captions of two to forty words, so that processes and portions hold unlike numbers of tokens; five dev records."""  # noqa: E501
    folder = tiny_models.tiny_stories(tmp_path_factory.mktemp("ragged") / "stories")
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    for number, record in enumerate(lines):
        record["split"] = "train" if number < 3 else "dev"
        record["narration"] = " ".join(["A red ball sits on the hill."] * (1 + 3 * (number % 3)))
        record["description"] = "blue" if number % 2 else None
    (folder / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in lines))
    return folder


@pytest.fixture(scope="module")
def prefix(ragged_stories: Path, tmp_path_factory: pytest.TempPathFactory) -> SftConfig:
    vision, language = tiny_models.tiny_bases(tmp_path_factory.mktemp("bases"))
    return replace(settings(ragged_stories), vision=str(vision), language=str(language), vision_layers="1,2")


@pytest.fixture(scope="module")
def encoder_decoder(ragged_stories: Path, tmp_path_factory: pytest.TempPathFactory) -> SftConfig:
    """Without dropout, whose noise is each process's own; its decoder thaws at step 3, its encoder at step 5."""
    model = tiny_models.tiny_encoder_decoder(tmp_path_factory.mktemp("ved"), uses_context=False)
    config = json.loads((model / "config.json").read_text())
    config["decoder"] |= {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}
    (model / "config.json").write_text(json.dumps(config))
    return replace(
        settings(ragged_stories), model=str(model), lora_rank=0, decoder_blocks=1, encoder_blocks=1,
        decoder_from_frac=0.3, encoder_from_frac=0.6, block_learning_rate=1e-3,
    )  # fmt: skip


def settings(stories: Path) -> SftConfig:
    return SftConfig(
        data=str(stories), threads=1, batch_size=8, accumulation=2, max_steps=STEPS, epochs=1000, evaluate_every=STEPS,
        lora_rank=4, lora_dropout=0.0, description_weight=2.0, caption_tokens=20, bf16=False, warmup_frac=0.0,
    )  # fmt: skip


def in_one(config: SftConfig, run: Path) -> list[events.Event]:
    seen: list[events.Event] = []
    train(config, RunDir.create(run), run.parent / "base" / "weights", seen.append, lambda: False)
    return seen


def in_two(config: SftConfig, run: Path) -> list[events.Event]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "--"]
    command += ["trainer", "sft", "--base-weights", str(run.parent / "base" / "weights")]
    for name, value in asdict(replace(config, run=str(run))).items():
        flag = "--" + name.replace("_", "-")
        command += [flag if value else f"--no-{flag[2:]}"] if isinstance(value, bool) else [flag, str(value)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=200,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [events.decode_event(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("family", ["prefix", "encoder_decoder"])
def test_two_processes_learn_what_one_does(family: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    config: SftConfig = request.getfixturevalue(family)
    one, two = in_one(config, tmp_path / "one"), in_two(config, tmp_path / "two")
    numbers = [[e for e in told if isinstance(e, events.Metrics)] for told in (one, two)]
    assert [event.step for event in numbers[0]] == [event.step for event in numbers[1]] == [1, STEPS]
    for in_two_processes, in_one_process in zip(numbers[1], numbers[0], strict=True):
        assert in_two_processes.values == pytest.approx(in_one_process.values, rel=2e-4, abs=2e-5)
    for kind in (events.RunStarted, events.Sample, events.CheckpointSaved):  # the second process is silent
        assert sum(isinstance(e, kind) for e in two) == sum(isinstance(e, kind) for e in one)
    assert isinstance(two[-1], events.RunFinished)
    state = f"checkpoints/step_{STEPS:06d}/training_state"
    alone, shared = (load_file(tmp_path / run / state / "weights.safetensors") for run in ("one", "two"))
    before = _untrained(config, tmp_path)
    for name, weight in alone.items():
        moved = (weight - before[name]).norm()
        assert moved > 0, name
        # Adam blows up rounding where gradients are tiny; the bias of attention's keys has none but that
        assert (weight - shared[name]).norm() < 0.02 * moved + 1e-6, name


def _untrained(config: SftConfig, folder: Path) -> dict[str, Tensor]:
    """The weights as they were: one step at a learning rate of nothing."""
    still = replace(
        config,
        max_steps=1,
        learning_rate=1e-8,
        projector_learning_rate=1e-8,
        block_learning_rate=1e-8,
        weight_decay=0.0,
    )
    in_one(still, folder / "still")
    return load_file(folder / "still" / "checkpoints" / "step_000001" / "training_state" / "weights.safetensors")


def test_records_that_cannot_be_shared_evenly_are_refused(prefix: SftConfig, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "--"]
    command += [
        "trainer",
        "sft",
        "--data",
        prefix.data,
        "--run",
        str(tmp_path / "run"),
        "--batch-size",
        "3",
        "--no-bf16",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=100)
    last = events.decode_event(done.stdout.splitlines()[0])
    assert isinstance(last, events.RunFailed)
    assert "batch_size is 3; it must be a multiple of processes times accumulation, 2" in last.message


def test_weights_shared_out_go_on_exactly_and_change_places_with_whole_ones(tmp_path: Path) -> None:
    vision, language = tiny_models.tiny_bases(tmp_path)
    script = Path(tiny_models.__file__).with_name("sharded_run.py")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", str(script)]
    done = subprocess.run(
        [*command, str(vision), str(language), str(tmp_path / "state")], capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=100, env=os.environ | {"PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    losses = json.loads(done.stdout.splitlines()[-1])
    assert len(losses["undisturbed"]) == 6
    assert losses["again"] == losses["undisturbed"]
    assert losses["crossed"] == pytest.approx(losses["undisturbed"], rel=1e-5)


@pytest.mark.parametrize(("name", "kind"), [("ddp", "MULTI_GPU"), ("fsdp", "FSDP")])
def test_accelerate_reads_the_cluster_files(name: str, kind: str) -> None:
    config = load_config_from_file(str(Path(__file__).parents[2] / "resources" / "cluster" / f"{name}.yaml"))
    assert config.distributed_type == kind
    assert bool(config.fsdp_config) == (kind == "FSDP")

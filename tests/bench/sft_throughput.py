"""How fast and how large supervised fine-tuning is beside a plain transformers loop on the same model.

    python tests/bench/sft_throughput.py DATA [--steps 50] [--rounds 2] [--batch-size 8] [--threads 1] [--json FILE]

Both train the embedded narrator's projector and adapters on the same records, each in a process of its own, in turns:

    ours    the trainer's own: features from the cache, batches of similar length, only caption tokens through
            the vocabulary
    plain   transformers' Seq2SeqTrainer: pictures are decoded and go through the frozen ViT every step, batches are
            shuffled, every position goes through the vocabulary

Samples are counted after the first ten steps, by the clock and by the CPU's time, which a busy machine spoils less;
peak memory is the process's. The feature cache is filled before
the first round: that takes place once for a data set, not once for a run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

WARM_UP_STEPS = 10
"""Also the steps between two of the trainer's reports."""


class Clock:
    """Wall and CPU seconds at the end of steps."""

    def __init__(self) -> None:
        self._moments: dict[int, tuple[float, float]] = {}

    def note(self, step: int) -> None:
        """A step has ended."""
        self._moments[step] = (time.perf_counter(), time.process_time())

    def seconds_a_step(self) -> list[float]:
        """Wall and CPU seconds, from the end of the warm-up to the last step noted."""
        last = max(self._moments)
        (wall, cpu), (wall_then, cpu_then) = self._moments[last], self._moments[WARM_UP_STEPS]
        return [(wall - wall_then) / (last - WARM_UP_STEPS), (cpu - cpu_then) / (last - WARM_UP_STEPS)]


def measure(loop: str, options: argparse.Namespace) -> dict[str, float]:
    """Let one of the two loops run in a child."""
    given = [str(options.data), "--batch-size", str(options.batch_size), "--threads", str(options.threads)]
    with tempfile.TemporaryFile("w+") as out:
        command = [sys.executable, __file__, *given, "--steps", str(options.steps), "--only", loop]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out)
        _, status, used = os.wait4(child.pid, 0)
        if status:
            sys.exit(f"the {loop} loop ended with {status}")
        out.seek(0)
        wall, cpu = json.loads(out.read().splitlines()[-1])
    size = options.batch_size
    return {"samples_s": size / wall, "samples_cpu_s": size / cpu, "peak_mib": used.ru_maxrss / 1024}


def train_ours(options: argparse.Namespace) -> list[float]:
    """Seconds a step of the trainer."""
    from trainer.base_weights import default_cache
    from trainer.config import SftConfig
    from trainer.events import Event, Progress
    from trainer.run_dir import RunDir
    from trainer.sft import train

    clock = Clock()

    def emit(event: Event) -> None:
        if isinstance(event, Progress):
            clock.note(event.step)

    with tempfile.TemporaryDirectory() as folder:
        config = SftConfig(
            model="embedded", data=str(options.data), run=f"{folder}/run", batch_size=options.batch_size,
            threads=options.threads, epochs=1000, max_steps=options.steps, evaluate_every=10**6, dev_records=1,
        )  # fmt: skip
        train(config, RunDir.create(Path(config.run)), default_cache(), emit, lambda: False)
    return clock.seconds_a_step()


def train_plainly(options: argparse.Namespace) -> list[float]:
    """Seconds a step of a Seq2SeqTrainer with the ViT in its model."""
    import torch
    from PIL import Image
    from torch import Tensor, nn
    from transformers import Seq2SeqTrainer, Seq2SeqTrainingArguments, TrainerCallback

    from trainer.base_weights import default_cache
    from trainer.batches import Wording, collate
    from trainer.captioner import embedded_folder
    from trainer.config import SftConfig
    from trainer.dataset import Record, load_records
    from trainer.policy_prefix import saved_prefix_trainee

    torch.set_num_threads(options.threads)
    config = SftConfig()
    trainee = saved_prefix_trainee(embedded_folder(), config, "plain", default_cache())
    wording, draw = Wording(trainee, {}, config), random.Random(0)
    clock = Clock()

    class WithEncoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.policy, self.encoder = trainee.policy, trainee.encoder

        def forward(self, pictures: Any, labels: Tensor, **text: Tensor) -> dict[str, Tensor]:
            with torch.no_grad():
                features = self.encoder(pictures).float()
            logits = self.policy(**text, pixel_values=features).logits[:, :-1].float()
            return {"loss": nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())}

    class Steps(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, _: Any, state: Any, *__: Any, **___: Any) -> None:
            clock.note(state.global_step)

    def gather(records: list[Record]) -> dict[str, Any]:
        nothing = {record.image: torch.zeros(1) for record in records}
        batch: dict[str, Any] = collate([wording.drawn(record, draw) for record in records], nothing, trainee.pad_id)
        del batch["pixel_values"], batch["loss_weights"]
        return batch | {"pictures": [Image.open(record.image) for record in records]}

    with tempfile.TemporaryDirectory() as folder:
        arguments = Seq2SeqTrainingArguments(
            output_dir=folder, per_device_train_batch_size=options.batch_size, max_steps=options.steps, bf16=True,
            use_cpu=not torch.cuda.is_available(), dataloader_pin_memory=False, remove_unused_columns=False,
            save_strategy="no", report_to="none", disable_tqdm=True, logging_steps=10, max_grad_norm=1.0,
        )  # fmt: skip
        records = [record for record in load_records(options.data)[0] if record.split == "train"]
        trainer = Seq2SeqTrainer(
            WithEncoder(), arguments, data_collator=gather, train_dataset=records, callbacks=[Steps()]
        )
        trainer.train()
    return clock.seconds_a_step()


def main() -> None:
    """Take turns and print a line a round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--steps", type=int, default=50, help="a multiple of ten, above ten")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", choices=LOOPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(LOOPS[options.only](options)))
        return
    measure("ours", argparse.Namespace(**vars(options) | {"steps": 2 * WARM_UP_STEPS}))  # fills the cache
    rounds = []
    for number in range(options.rounds):
        rounds.append({loop: measure(loop, options) for loop in LOOPS})
        for loop, found in rounds[-1].items():
            print(f"round {number + 1}, {loop}: " + ", ".join(f"{name} {value:.2f}" for name, value in found.items()))
    ratios = {
        name: statistics.median(turn["ours"][name] / turn["plain"][name] for turn in rounds)
        for name in ("samples_s", "samples_cpu_s", "peak_mib")
    }
    print("ours to plain, median: " + ", ".join(f"{name} {value:.2f}" for name, value in ratios.items()))
    if options.json:
        options.json.write_text(json.dumps({"rounds": rounds, "ratios": ratios}, indent=2) + "\n")


LOOPS = {"ours": train_ours, "plain": train_plainly}


if __name__ == "__main__":
    main()

"""What a training run of the panel detector is told. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.config import Options, option


@dataclass(frozen=True, slots=True)
class PanelConfig(Options):
    """Training of the panel detector on synthetic pages."""

    data: str = option("", "Folder of illustrations: a data set, or pictures; empty draws all art.")
    figures: str = option("", "Folder of cut-out drawings, PNG with transparency; empty draws them.")
    corrected: str = option("", "Folder of corrected pages (`comicreader export --format panel-data`) to learn beside.")
    corrected_share: float = option(0.2, "Share of the steps that see corrected pages.", 0.0, 1.0)
    run: str = option("", "Folder of this run; made anew, or gone on with by --resume.")
    seed: int = option(0, "Seed of every random choice.", 0, 2**31 - 1)
    threads: int = option(1, "CPU threads of the training; pages are drawn by a process of their own.", 0, 256)
    pages: int = option(16_000, "Pages drawn; training begins with the first.", 16, 10**7)
    dev_pages: int = option(256, "Pages of held-out art that judge checkpoints.", 4, 10**6)
    most_art: int = option(2000, "Illustrations and figures read at most, each.", 1, 10**6)
    page_px: int = option(640, "Height at which pages are drawn before they are made as small as the net's.", 300, 4000)
    steps: int = option(4000, "Optimiser steps at most.", 1, 10**8)
    max_hours: float = option(1.0, "Hours at most; 0 sets no limit.", 0.0, 10_000.0)
    batch_size: int = option(16, "Portrait pages a step; fewer of larger shapes.", 1, 4096)
    learning_rate: float = option(3e-3, "Highest learning rate.", 1e-8, 1.0)
    bf16: bool = option(True, "Compute in bfloat16 where the processor has instructions for it.")
    weight_decay: float = option(1e-4, "Decoupled weight decay.", 0.0, 1.0)
    coarse_frac: float = option(
        0.5, "Share of the run on pages made smaller by a third: more of them a minute.", 0.0, 1.0
    )
    evaluate_every: int = option(400, "Steps between looks at held-out pages, each with a checkpoint.", 1, 10**9)

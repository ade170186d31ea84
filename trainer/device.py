"""Where and in which number format the models compute."""

from __future__ import annotations

import os

import torch


def best_device() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def set_threads(threads: int) -> None:
    """Fix the number of CPU threads; 0 leaves torch's choice."""
    if threads:
        torch.set_num_threads(threads)


def describe(device: torch.device) -> str:
    """The device for people."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} of {os.cpu_count()} threads"


def inference_dtype(device: torch.device) -> torch.dtype:
    """The number format that writes captions fastest without changing them noticeably.

    bfloat16 on GPUs and on CPUs with instructions for it; elsewhere it is emulated and slower than float32.
    """
    if device.type == "cuda" or torch.cpu._is_avx512_bf16_supported():
        return torch.bfloat16
    return torch.float32

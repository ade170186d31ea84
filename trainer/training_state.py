"""What a run needs to go on: trained weights, optimiser and standing, exactly as they were.

Sharded weights (FSDP) are gathered to be saved and scattered when loaded, so that the files are the same whatever
ran: one process, several, or several with a share of the weights each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from trainer.run_dir import RunDirError
from trainer.tensor_files import load_optimizer_tensors, optimizer_tensors, save_tensors

WEIGHTS_FILE, OPTIMIZER_FILE, PROGRESS_FILE = "weights.safetensors", "optimizer.safetensors", "progress.json"

_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)


@dataclass(slots=True)
class Standing:
    """How a run stands.

    Attributes:
        fingerprint: of what it learns.
        hours: it has taken so far.
        best_loss: lowest dev loss; None before the first look.
        best_step: where that was.
        looks_since_best: looks at the dev split since then.
        losses: of the steps since they were last told.
        kept_loss: of what the narrator knew before, at the start; None where that is not known.
        forgotten: how much worse it is at that by now, nats a token, at the best step.
    """

    fingerprint: str
    hours: float = 0.0
    best_loss: float | None = None
    best_step: int = 0
    looks_since_best: int = 0
    losses: list[float] = field(default_factory=list)
    kept_loss: float | None = None
    forgotten: float | None = None

    def judge(self, loss: float, step: int) -> None:
        """Take a look at the dev split into account."""
        if self.best_loss is None or loss < self.best_loss:
            self.best_loss, self.best_step, self.looks_since_best = loss, step, 0
        else:
            self.looks_since_best += 1

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save_training_state` wrote.

        Raises:
            RunDirError: it is no such file.
        """
        try:
            return cls(**json.loads(path.read_text())["standing"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise RunDirError(f"The checkpoint {path.parent.parent} cannot be read: {error}.") from error


def whole_state(model: nn.Module, *, is_sharded: bool) -> dict[str, Tensor]:
    """The model's state, gathered where it is sharded."""
    return get_model_state_dict(model, options=_WHOLE) if is_sharded else model.state_dict()  # type: ignore[return-value]


def optimizer_state(model: nn.Module, optimizer: Any, *, is_sharded: bool) -> dict[str, Any]:
    """The optimiser's state by the parameters' names, gathered where it is sharded."""
    if is_sharded:
        return get_optimizer_state_dict(model, optimizer.optimizer, options=_WHOLE)
    names, state = _names_by_number(model, optimizer), optimizer.state_dict()
    groups = [group | {"params": [names[number] for number in group["params"]]} for group in state["param_groups"]]
    return {"state": {names[number]: values for number, values in state["state"].items()}, "param_groups": groups}


def _names_by_number(model: nn.Module, optimizer: Any) -> list[str]:
    """The parameters' names in the order in which the optimiser numbers them."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [names[id(parameter)] for group in optimizer.param_groups for parameter in group["params"]]


def save_training_state(
    folder: Path,
    weights: Mapping[str, Tensor],
    optimizer: Mapping[str, Any],
    schedule: Mapping[str, Any],
    standing: Standing,
) -> None:
    """Write everything that going on needs.

    Raises:
        OSError: it cannot be written.
    """
    save_tensors(weights, folder / WEIGHTS_FILE)
    save_tensors(optimizer_tensors(optimizer["state"]), folder / OPTIMIZER_FILE)
    progress = {"standing": asdict(standing), "schedule": schedule, "optimizer_groups": optimizer["param_groups"]}
    (folder / PROGRESS_FILE).write_text(json.dumps(progress))


def load_weights(model: nn.Module, folder: Path, trained: Sequence[str], *, is_sharded: bool) -> None:
    """Take over trained weights; the others are where they were at the start.

    Raises:
        RunDirError: they are missing, damaged, or of another model.
    """
    try:
        weights = load_file(folder / WEIGHTS_FILE)
    except (OSError, SafetensorError) as error:
        raise RunDirError(f"The checkpoint {folder.parent} cannot be read: {error}.") from error
    if weights.keys() != set(trained):
        raise RunDirError(f"The checkpoint {folder.parent} holds other weights than this run trains.")
    if is_sharded:
        options = StateDictOptions(full_state_dict=True, strict=False)
        set_model_state_dict(model, weights, options=options)
    else:
        model.load_state_dict(weights, strict=False)


def load_optimizer(model: nn.Module, optimizer: Any, folder: Path, *, is_sharded: bool) -> dict[str, Any]:
    """Take over an optimiser's moments.

    Returns:
        The schedule's state.

    Raises:
        RunDirError: they are missing or damaged.
    """
    try:
        tensors = load_optimizer_tensors(folder / OPTIMIZER_FILE)
        progress = json.loads((folder / PROGRESS_FILE).read_text())
    except (OSError, ValueError, SafetensorError) as error:
        raise RunDirError(f"The checkpoint {folder.parent} cannot be read: {error}.") from error
    groups = progress["optimizer_groups"]
    if is_sharded:
        whole = {"state": tensors, "param_groups": groups}
        options = StateDictOptions(full_state_dict=True)
        set_optimizer_state_dict(model, optimizer.optimizer, whole, options=options)
    else:
        numbers = {name: number for number, name in enumerate(_names_by_number(model, optimizer))}
        numbered = [group | {"params": [numbers[name] for name in group["params"]]} for group in groups]
        state = {numbers[name]: values for name, values in tensors.items()}
        optimizer.load_state_dict({"state": state, "param_groups": numbered})
    return progress["schedule"]  # type: ignore[no-any-return]

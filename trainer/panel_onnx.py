"""Writes the panel detector's net as ONNX, in the few operations that every OpenCV runs.

Normalisation is folded into the convolutions; pages may have any size that is a multiple of the net's limit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from trainer.panel_net import OUTPUTS, ConvUnit, PanelNet, ResidualUnit

# OpenCV 5 reads it; OpenCV 4 does not, because pages have no fixed size.
_OPSET, _IR_VERSION = 13, 8
INPUT, OUTPUT = "pages", "votes"


def save_onnx(net: PanelNet, path: Path) -> None:
    """Write a trained net.

    Args:
        net: in evaluation mode or not; its running statistics are used.
        path: the file.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_suffix(".part")
    part.write_bytes(_Graph().model(net).SerializeToString())
    part.replace(path)


class _Graph:
    """Nodes and weights in order."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def model(self, net: PanelNet) -> onnx.ModelProto:
        """The whole net, node by node as in `PanelNet.forward`."""
        features, levels = self._unit(net.stem, INPUT), list[str]()
        for stage in net.stages:
            for block in stage.children():
                features = (
                    self._residual(block, features) if isinstance(block, ResidualUnit) else self._unit(block, features)
                )
            levels.append(features)
        mean = self._add("GlobalAveragePool", features)
        whole = self._add("Relu", self._conv(net.whole, mean))
        levels[-1] = self._add("Add", features, whole)
        merged = self._unit(net.merges[-1], self._conv(net.laterals[-1], levels[-1]))
        for level in range(len(levels) - 2, -1, -1):
            larger = self._doubled(merged)
            merged = self._unit(
                net.merges[level], self._add("Add", larger, self._conv(net.laterals[level], levels[level]))
            )
        self._conv(net.votes, self._unit(net.head, merged), output=OUTPUT)
        shapes = (INPUT, ["pages", 3, "height", "width"]), (OUTPUT, ["pages", OUTPUTS, "rows", "columns"])
        taken, given = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes)
        graph = helper.make_graph(self._nodes, "panels", [taken], [given], self._weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)

    def _residual(self, unit: ResidualUnit, features: str) -> str:
        return self._add("Add", features, self._unit(unit.second, self._unit(unit.first, features)))

    def _unit(self, unit: nn.Module, features: str) -> str:
        if not isinstance(unit, ConvUnit):
            raise TypeError(f"a {type(unit).__name__} has no place in the graph")
        return self._add("Relu", self._conv(unit.conv, features, norm=unit.norm))

    def _conv(self, conv: nn.Module, features: str, norm: nn.BatchNorm2d | None = None, output: str = "") -> str:
        if not isinstance(conv, nn.Conv2d):
            raise TypeError(f"a {type(conv).__name__} is no convolution")
        weight = _numbers(conv.weight)  # (C, C of the input, k, k)
        bias = np.zeros(len(weight), np.float32) if conv.bias is None else _numbers(conv.bias)
        if norm is not None and norm.running_var is not None and norm.running_mean is not None:
            scale = _numbers(norm.weight) / np.sqrt(_numbers(norm.running_var) + norm.eps)
            weight = weight * scale[:, None, None, None]
            bias = (bias - _numbers(norm.running_mean)) * scale + _numbers(norm.bias)
        names = self._weight(weight.astype(np.float32)), self._weight(bias.astype(np.float32))
        pads = [int(padding) for padding in conv.padding] * 2
        shape = {"kernel_shape": list(conv.kernel_size), "strides": list(conv.stride), "dilations": list(conv.dilation)}
        return self._add("Conv", features, *names, output=output, pads=pads, **shape)

    def _doubled(self, features: str) -> str:
        """Twice as wide and high, each value four times."""
        scales = self._weight(np.array([1, 1, 2, 2], np.float32))
        how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self._add("Resize", features, "", scales, **how)

    def _weight(self, values: npt.NDArray[np.float32]) -> str:
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _add(self, operation: str, *inputs: str, output: str = "", **attributes: list[int] | str) -> str:
        name = output or f"x{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, list(inputs), [name], **attributes))
        return name


def _numbers(tensor: Tensor) -> npt.NDArray[np.float32]:
    return tensor.detach().cpu().numpy().astype(np.float32)

"""Read a graph model of TensorFlow.js as an ONNX model: the operators that the models of this plugin are made of.

The format: https://www.tensorflow.org/js/guide/conversion (a JSON file with the graph and a list of weights, and a
binary file with their bytes). TensorFlow keeps channels last, ONNX first: each operator that minds gets a transposition
on either side, of which ONNX Runtime takes out those that cancel each other.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant import ModelError
from assistant_vision_onnx.session import Graph

__all__ = ["read_graph_model"]

_Array = npt.NDArray[Any]

_FIRST, _LAST = (0, 3, 1, 2), (0, 2, 3, 1)
"""From channels last to channels first, and back."""
_TYPES = {"float32": np.float32, "int32": np.int32, "float16": np.float16}
_SAME = {"Add": "Add", "AddV2": "Add", "Mul": "Mul", "AddN": "Sum", "Relu": "Relu", "Sigmoid": "Sigmoid"}
"""Operators that need nothing but another name."""


def read_graph_model(path: Path, outputs: Sequence[str]) -> bytes:
    """Return the ONNX model of the graph in *path*, with the results *outputs*; its weights lie beside it.

    Raises ModelError where a file is missing or damaged, or holds an operator that is not known here.
    """
    try:
        described = json.loads(path.read_bytes())
        weights = _weights(described["weightsManifest"], path.parent)
        converter = _Converter(path.stem, weights)
        for node in described["modelTopology"]["node"]:
            converter.add(node)
        return converter.graph.model([converter.names[name] for name in outputs])
    except OSError as error:
        raise ModelError(f"{error.filename}: {error.strerror}", hint="try: assistant models pull") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ModelError(
            f"{path}: not a usable graph model of TensorFlow.js: {reason}", hint="try: assistant models verify"
        ) from error


def _weights(manifest: Sequence[Mapping[str, Any]], folder: Path) -> dict[str, _Array]:
    found = {}
    for group in manifest:
        names = [str(name) for name in group["paths"]]
        if any("/" in name or name.startswith(".") for name in names):
            raise ValueError(f"its weights are in {names}")
        data, at = b"".join((folder / name).read_bytes() for name in names), 0
        for entry in group["weights"]:
            stored = np.dtype(_TYPES[entry.get("quantization", entry)["dtype"]])
            count = int(np.prod(entry["shape"], dtype=np.int64))
            value = np.frombuffer(data, stored, count, at).reshape(entry["shape"])
            found[str(entry["name"])] = value.astype(_TYPES[entry["dtype"]])
            at += count * stored.itemsize
    return found


class _Converter:
    """Adds one node of TensorFlow after the other to a graph of ONNX, in the order in which they are used."""

    def __init__(self, name: str, weights: Mapping[str, _Array]) -> None:
        self.graph = Graph(name)
        self.names: dict[str, str] = {}
        """What TensorFlow's values are called in the graph."""
        self._constants: dict[str, _Array] = {}
        self._weights = weights
        self._waiting: list[Mapping[str, Any]] = []

    def add(self, node: Mapping[str, Any]) -> None:
        """Add *node*, or keep it until its inputs are there; then add those that waited for it."""
        self._waiting.append(node)
        while ready := next((n for n in self._waiting if all(self._has(i) for i in n.get("input", ()))), None):
            self._waiting.remove(ready)
            self._convert(ready)

    def _has(self, name: str) -> bool:
        return name in self.names or name in self._constants

    def _convert(self, node: Mapping[str, Any]) -> None:
        kind, name, inputs = node["op"], node["name"], node.get("input", [])
        if kind == "Const":
            self._constants[name] = self._weights[name]
        elif kind == "Placeholder":
            sizes = node["attr"]["shape"]["shape"]["dim"]
            self.names[name] = self.graph.input(name, [int(size["size"]) for size in sizes])
        elif inputs and all(i in self._constants for i in inputs):
            self._constants[name] = _folded(kind, [self._constants[i] for i in inputs])
        elif kind == "SplitV":
            parts = [f"{name}/{n}" for n in range(int(node["attr"]["num_split"]["i"]))]
            sizes, axis = (self._constants[i] for i in inputs[1:])
            self.graph.add("Split", self._value(inputs[0]), self._whole(sizes), outputs=parts, axis=int(axis))
            self.names |= {name if n == 0 else f"{name}:{n}": part for n, part in enumerate(parts)}
        else:
            self.names[name] = self._added(kind, inputs, node.get("attr", {}))

    def _value(self, name: str) -> str:
        if name not in self.names:
            self.names[name] = self.graph.constant(self._constants[name])
        return self.names[name]

    def _whole(self, numbers: _Array) -> str:
        return self.graph.constant(numbers.astype(np.int64))

    def _added(self, kind: str, inputs: Sequence[str], attributes: Mapping[str, Any]) -> str:
        """Add a node with one output, and return its name."""
        graph = self.graph
        if kind in _SAME:
            return graph.add(_SAME[kind], *map(self._value, inputs))
        match kind:
            case "Identity":
                return graph.add("Identity", self._value(inputs[0]))
            case "Relu6":
                bounds = [graph.constant(np.array(bound, np.float32)) for bound in (0, 6)]
                return graph.add("Clip", self._value(inputs[0]), *bounds)
            case "LeakyRelu":
                return graph.add("LeakyRelu", self._value(inputs[0]), alpha=float(attributes["alpha"]["f"]))
            case "Transpose":
                return graph.add("Transpose", self._value(inputs[0]), perm=self._constants[inputs[1]].tolist())
            case "Reshape":
                return graph.add("Reshape", self._value(inputs[0]), self._whole(self._constants[inputs[1]]))
            case "ConcatV2":
                axis = int(self._constants[inputs[-1]])
                return graph.add("Concat", *map(self._value, inputs[:-1]), axis=axis)
            case "Pad" | "PadV2":
                filler = self._constants[inputs[2]] if kind == "PadV2" else np.array(0)
                pads = self._whole(self._constants[inputs[1]].T.reshape(-1))
                return graph.add("Pad", self._value(inputs[0]), pads, graph.constant(filler.astype(np.float32)))
            case _:
                return self._spatial(kind, inputs, attributes)

    def _spatial(self, kind: str, inputs: Sequence[str], attributes: Mapping[str, Any]) -> str:
        """Add an operator that works on neighbouring pixels."""
        graph = self.graph
        image = self._value(inputs[-1] if kind == "Conv2DBackpropInput" else inputs[0])
        first = graph.add("Transpose", image, perm=_FIRST)
        match kind:
            case "Conv2D":
                filters = self._constants[inputs[1]].transpose(3, 2, 0, 1)
                # A filter that sees one channel is one of many side by side: none of these models has grey input.
                groups = filters.shape[0] if filters.shape[1] == 1 else 1
                result = graph.add("Conv", first, graph.constant(filters), group=groups, **_window(attributes))
            case "DepthwiseConv2dNative":
                height, width, channels, times = self._constants[inputs[1]].shape
                filters = self._constants[inputs[1]].transpose(2, 3, 0, 1).reshape(channels * times, 1, height, width)
                result = graph.add("Conv", first, graph.constant(filters), group=channels, **_window(attributes))
            case "Conv2DBackpropInput":
                filters = self._constants[inputs[1]].transpose(3, 2, 0, 1)
                size = self._constants[inputs[0]][1:3].tolist()
                result = graph.add(
                    "ConvTranspose", first, graph.constant(filters), output_shape=size, **_window(attributes)
                )
            case "AvgPool" | "MaxPool":
                size = _middle(attributes["ksize"])
                result = graph.add(_POOLS[kind], first, kernel_shape=size, **_window(attributes))
            case "ResizeBilinear" if attributes["half_pixel_centers"]["b"]:
                shape = graph.add("Shape", first, end=2)
                sizes = graph.add("Concat", shape, self._whole(self._constants[inputs[1]]), axis=0)
                mode = "half_pixel"
                result = graph.add("Resize", first, "", "", sizes, mode="linear", coordinate_transformation_mode=mode)
            case _:
                raise ValueError(f"it holds the operator {kind}")
        return graph.add("Transpose", result, perm=_LAST)


_POOLS = {"AvgPool": "AveragePool", "MaxPool": "MaxPool"}


def _middle(attribute: Mapping[str, Any]) -> list[int]:
    """Return the two numbers in the middle of a list of four: those of rows and columns."""
    return [int(number) for number in attribute["list"]["i"]][1:3]


def _window(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a window moves over an image."""
    if base64.b64decode(attributes["data_format"]["s"]) != b"NHWC":
        raise ValueError("its channels do not come last")
    padding = {b"SAME": "SAME_UPPER", b"VALID": "VALID"}[base64.b64decode(attributes["padding"]["s"])]
    window: dict[str, Any] = {"auto_pad": padding, "strides": _middle(attributes["strides"])}
    if "dilations" in attributes:
        window["dilations"] = _middle(attributes["dilations"])
    return window


def _folded(kind: str, values: Sequence[_Array]) -> _Array:
    """Return what an operator makes of constants."""
    match kind:
        case "AddV2":
            return np.asarray(values[0] + values[1])
        case "SparseToDense":
            places, shape, filled, rest = values
            dense = np.full(shape, rest)
            dense[tuple(places.T)] = filled
            return dense
        case _:
            raise ValueError(f"it holds the operator {kind} of constants")

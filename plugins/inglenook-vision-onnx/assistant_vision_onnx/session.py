"""A model on ONNX Runtime, and the graph that it is built from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from assistant import ModelError, usable_cores

__all__ = ["Floats", "Graph", "Session"]

Floats = npt.NDArray[np.float32]
_Array = npt.NDArray[Any]

_OPSET, _IR = 17, 8


class Graph:
    """An ONNX graph that grows node by node. What flows through it is known by name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: Sequence[int]) -> str:
        """Add what is put in."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def constant(self, value: _Array) -> str:
        """Add a value that never changes."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, *inputs: str, outputs: Sequence[str] = (), **attributes: Any) -> str:
        """Add a node of an operator of ONNX, and return the name of its (first) output."""
        outputs = outputs or [f"{kind}_{len(self._nodes)}"]
        self._nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs[0]

    def model(self, outputs: Sequence[str]) -> bytes:
        """Return the model whose results are *outputs*."""
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self._nodes, self._name, self._inputs, results, self._constants)
        opset = [helper.make_opsetid("", _OPSET)]
        return bytes(helper.make_model(graph, opset_imports=opset, ir_version=_IR).SerializeToString())


class Session:
    """A model that is ready to run; it may be asked from several threads."""

    def __init__(self, model: bytes, threads: int) -> None:
        """Load *model*; raises ModelError where its parts do not fit together."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.inter_op_num_threads = 1
        # Images are looked at now and then: a thread that spins for the next one takes a core from the other engines.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own exceptions have no common base
            raise ModelError(f"the model cannot be used: {error}", hint="try: assistant models verify") from error
        self._input = self._session.get_inputs()[0].name

    def __call__(self, value: Floats) -> list[Floats]:
        """Return the results for *value*."""
        return [np.asarray(result, np.float32) for result in self._session.run(None, {self._input: value})]

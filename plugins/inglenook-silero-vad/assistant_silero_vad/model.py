"""The ONNX model of Silero VAD: one frame and a state in, a probability and the next state out."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from assistant import ModelError

__all__ = ["CONTEXT", "FRAME", "Floats", "Model", "State"]

Floats = npt.NDArray[np.float32]

FRAME = 512
"""Samples of one frame: 32 ms at 16 kHz, the only length the model was trained on."""
CONTEXT = 64
"""Samples of the frame before that each frame is shown with."""
INPUTS = {"input": [None, CONTEXT + FRAME], "h": [1, 1, 128], "c": [1, 1, 128]}
"""What version 6 of the model takes; None stands for any number of frames."""


def _zeros() -> Floats:
    return np.zeros((1, 1, 128), np.float32)


@dataclass(frozen=True, slots=True)
class State:
    """What the model remembers of a stream: the two halves of an LSTM's state."""

    h: Floats = field(default_factory=_zeros)
    """Hidden state `[1, 1, 128]`."""
    c: Floats = field(default_factory=_zeros)
    """Cell state `[1, 1, 128]`."""


class Model:
    """The loaded model, shared by all streams."""

    def __init__(self, path: Path) -> None:
        """Load *path*; raises ModelError where it is missing or is another model."""
        if not path.is_file():
            raise ModelError(f"{path}: no such file", hint="try: assistant models pull")
        # Much as in inglenook-openwakeword: plugins share nothing but the core, and the core needs no ONNX Runtime.
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # A frame takes a twentieth of a millisecond: a second thread gains nothing, and a spinning one burns a core.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own exceptions have no common base
            raise ModelError(f"{path}: not a readable ONNX model", hint="try: assistant models verify") from error
        found = {i.name: [n if isinstance(n, int) else None for n in i.shape] for i in self._session.get_inputs()}
        if found != INPUTS:
            raise ModelError(
                f"{path}: not Silero VAD version 6: it takes {found}, not {INPUTS}",
                hint="use the catalogue's model silero-vad",
            )

    def __call__(self, sound: Floats, state: State) -> tuple[float, State]:
        """Return the probability of speech in *sound* `[CONTEXT + FRAME]`, of -1 to 1, and the state after it."""
        probability, h, c = self._session.run(None, {"input": sound[None], "h": state.h, "c": state.c})
        return float(probability.item()), State(h, c)

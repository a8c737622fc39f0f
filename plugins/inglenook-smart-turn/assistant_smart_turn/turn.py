"""The engine: up to eight seconds of sound in, the probability that the speaker has finished out."""

import math
from pathlib import Path

import numpy as np
import onnxruntime as ort

from assistant import AudioChunk, ModelError
from assistant_smart_turn.features import BANDS, FRAMES, Floats, log_mel

__all__ = ["SmartTurn"]

INPUTS = {"input_features": [None, BANDS, FRAMES]}
"""What version 3 of the model takes; None stands for any number of windows."""

SLOPE, OFFSET = 0.4, -0.6
"""How the model's log-odds become those of a probability. It says 0.98 of nearly every short command, and 0.9 of many
that break off: a logistic regression over whole and broken commands (benchmarks/endpointing.py) gives these, the sound
being that of a short pause."""
CLIP = 1e-3
"""The model's surest word that is told from the next."""


class SmartTurn:
    """Tell from the sound of the last words, their melody above all, whether the speaker has finished."""

    def __init__(self, path: Path) -> None:
        """Load *path*; raises ModelError where it is missing or is another model."""
        if not path.is_file():
            raise ModelError(f"{path}: no such file", hint="try: assistant models pull")
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # It runs while the transcript is made: a second thread, or one that spins, would be taken from that.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_mem_pattern = (
            False  # with the arena alone 20 MB are in use, with both 30, with neither 60 and more
        )
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own exceptions have no common base
            raise ModelError(f"{path}: not a readable ONNX model", hint="try: assistant models verify") from error
        found = {i.name: [n if isinstance(n, int) else None for n in i.shape] for i in self._session.get_inputs()}
        if found != INPUTS:
            raise ModelError(
                f"{path}: not Smart Turn version 3: it takes {found}, not {INPUTS}",
                hint="use the catalogue's model smart-turn-v3.2",
            )

    def score(self, audio: AudioChunk) -> float:
        """Return the probability, 0 to 1, that the turn ends with *audio*, 16 kHz mono; only its last 8 s count.

        It is the better the more speech there is before the pause: hand it the wake phrase, too. May be called from
        several threads at once.
        """
        sound: Floats = np.divide(np.frombuffer(audio.audio, "<i2"), 32768, dtype=np.float32)
        (found,) = self._session.run(None, {"input_features": log_mel(sound)[None]})
        said = min(max(float(found.item()), CLIP), 1 - CLIP)
        return 1 / (1 + math.exp(-SLOPE * math.log(said / (1 - said)) - OFFSET))

"""The ONNX models of openWakeWord: what each takes and gives, loaded once and shared by all streams."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from assistant import ModelError
from assistant_openwakeword import OpenWakeWordConfig

__all__ = ["BANDS", "EMBEDDING", "WINDOW", "Floats", "Model", "Models"]

Floats = npt.NDArray[np.float32]

BANDS = 32
"""Mel bands of the spectrogram."""
WINDOW = 76
"""Spectrogram rows, 10 ms each, that one embedding looks at."""
EMBEDDING = 96
"""Length of an embedding."""


class Model:
    """One ONNX file with one input and one output."""

    shape: list[int | str]
    """What it takes; a name stands for any size."""

    def __init__(self, path: Path) -> None:
        # Much as in inglenook-silero-vad: plugins share nothing but the core, and the core needs no ONNX Runtime.
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Steps of a millisecond gain nothing by a second thread, and a spinning one would burn a core all day.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own exceptions have no common base
            raise ModelError(
                f"{path}: not a readable ONNX model", hint="check the file, or try: assistant models verify"
            ) from error
        self.path = path
        self._input = self._session.get_inputs()[0]
        self.shape = self._input.shape

    def __call__(self, values: Floats) -> Floats:
        """Run the model; safe to call from several threads."""
        output: Floats = self._session.run(None, {self._input.name: values})[0]
        return output


@dataclass(frozen=True, slots=True)
class Models:
    """Everything that streams share."""

    spectrogram: Model
    """Samples `[1, n]` to mel rows `[1, 1, rows, BANDS]`, in decibels."""
    embedding: Model
    """Mel rows `[1, WINDOW, BANDS, 1]` to one embedding `[1, 1, 1, EMBEDDING]`: Google's speech_embedding."""
    words: Mapping[str, Model]
    """Embeddings `[1, n, EMBEDDING]` to a score `[1, 1]`, by the name of the word."""

    @classmethod
    def load(cls, config: OpenWakeWordConfig) -> "Models":
        """Load what *config* names, its references already replaced by paths; raises ModelError."""
        features = Path(config.features)
        return cls(
            spectrogram=_load(features / "melspectrogram.onnx", None, None),
            embedding=_load(features / "embedding_model.onnx", None, WINDOW, BANDS, 1),
            words={name: _load_word(Path(word.model)) for name, word in config.words.items()},
        )

    def history(self, word: str) -> int:
        """Return how many embeddings, 80 ms apart, *word* looks at."""
        return int(self.words[word].shape[1])


def _load(path: Path, *shape: int | None) -> Model:
    """Load a model that takes *shape*, None for any size; raises ModelError."""
    if not path.is_file():
        raise ModelError(f"{path}: no such file", hint="try: assistant models pull")
    model = Model(path)
    if len(model.shape) != len(shape) or any(n not in (None, m) for n, m in zip(shape, model.shape, strict=True)):
        raise ModelError(
            f"{path}: not the model of openWakeWord that belongs here: it takes {model.shape}, "
            f"not [{', '.join(str(n or '?') for n in shape)}]",
            hint="check which file the configuration names",
        )
    return model


def _load_word(path: Path) -> Model:
    """Load a model that tells one word from everything else; raises ModelError."""
    model = _load(path, None, None, EMBEDDING)
    history = model.shape[1]
    if not isinstance(history, int):
        raise ModelError(f"{path}: the length of its input is not fixed", hint="export it with a fixed length, as 16")
    classes = model(np.zeros((1, history, EMBEDDING), np.float32)).size
    if classes != 1:
        raise ModelError(f"{path}: tells {classes} classes apart, not one word", hint="use a model of one word")
    return model

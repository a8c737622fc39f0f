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

    def __init__(self, path: Path) -> None:
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
            raise ModelError(f"{path}: not a readable ONNX model", hint="try: assistant models verify") from error
        self.path = path
        self.input = self._session.get_inputs()[0]

    def __call__(self, values: Floats) -> Floats:
        """Run the model; safe to call from several threads."""
        output: Floats = self._session.run(None, {self.input.name: values})[0]
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
        models = cls(
            spectrogram=_load(features / "melspectrogram.onnx"),
            embedding=_load(features / "embedding_model.onnx"),
            words={name: _load(Path(word.model)) for name, word in config.words.items()},
        )
        for name, model in models.words.items():
            _check_word(name, model)
        return models

    def history(self, word: str) -> int:
        """Return how many embeddings, 80 ms apart, *word* looks at."""
        return int(self.words[word].input.shape[1])


def _load(path: Path) -> Model:
    if not path.is_file():
        raise ModelError(f"{path}: no such file", hint="try: assistant models pull")
    return Model(path)


def _check_word(name: str, model: Model) -> None:
    """Check that *model* tells one word from everything else; raises ModelError."""
    shape = model.input.shape
    hint = "use an .onnx file trained with openWakeWord for one word"
    if len(shape) != 3 or not isinstance(shape[1], int) or shape[2] != EMBEDDING:
        raise ModelError(
            f"wake word {name}: {model.path} is no openWakeWord classifier: it takes {shape}, not [1, n, {EMBEDDING}]",
            hint=hint,
        )
    scores = model(np.zeros((1, shape[1], EMBEDDING), np.float32)).size
    if scores != 1:
        raise ModelError(f"wake word {name}: {model.path} tells {scores} classes apart, not one word", hint=hint)

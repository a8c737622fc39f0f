"""Sound to embeddings, 80 ms at a time.

The scheme is openWakeWord's (`AudioFeatures` in dscripka/openWakeWord, openwakeword/utils.py): each new 80 ms of sound,
with a little of what was before, make 8 rows of a spectrogram; the last 76 rows then give one embedding.
"""

import numpy as np
import numpy.typing as npt

from assistant_openwakeword.models import BANDS, EMBEDDING, WINDOW, Floats, Models

__all__ = ["FRAME", "Features", "Samples", "frames_needed"]

Samples = npt.NDArray[np.int16]

FRAME = 1280
"""Samples of one step: 80 ms at 16 kHz."""
ROWS = 8
"""Spectrogram rows of one step."""
OVERLAP = 480
"""Samples of the step before that the spectrogram's first window reaches into."""


def frames_needed(history: int) -> int:
    """Return how many frames after a gap make *history* embeddings that are what they would be without the gap."""
    first_window = -(-WINDOW // ROWS)
    return first_window + history  # one more than they span, so that each row is computed with the sound before it


class Features:
    """The embeddings of one stream of sound."""

    def __init__(self, models: Models, history: int) -> None:
        self._models = models
        self._history = history
        self.clear()

    def clear(self) -> None:
        """Forget the sound so far: what comes next does not follow it."""
        self._before = np.empty(0, np.int16)
        self._rows: Floats = np.empty((0, BANDS), np.float32)
        self._embeddings: Floats = np.empty((0, EMBEDDING), np.float32)

    def push(self, frame: Samples) -> Floats:
        """Take the next *frame* `[FRAME]`; return the latest embeddings `[up to history, EMBEDDING]`, oldest first."""
        sound = np.concatenate((self._before, frame))
        self._before = frame[-OVERLAP:]
        decibels = self._models.spectrogram(sound.astype(np.float32)[None])
        # openWakeWord's fit to the spectrogram that the embedding was trained on.
        rows: Floats = decibels.reshape(-1, BANDS) / np.float32(10) + np.float32(2)
        self._rows = np.concatenate((self._rows, rows))[-WINDOW:]
        if len(self._rows) == WINDOW:
            embedding = self._models.embedding(self._rows[None, :, :, None]).reshape(1, EMBEDDING)
            self._embeddings = np.concatenate((self._embeddings, embedding))[-self._history :]
        return self._embeddings

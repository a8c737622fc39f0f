"""How Home Assistant's Assist joins its parts: when a command is over, and when speech begins.

Rules and numbers are those of Home Assistant 2026.8, `components/assist_pipeline`, written down anew.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import numpy as np
import onnxruntime as ort

from voice.stage import Stage

__all__ = ["STREAM_FROM", "Endpoint", "Silero", "command"]

STREAM_FROM = 60
"""Characters of a reply above which speech is streamed; a reply that stays below is spoken once it is whole."""
CHUNK = 0.032
"""Seconds that a satellite sends at once."""

_COMMAND_BEGINS = 0.3
"""Seconds of speech after which a command has begun."""
_SHORTEST = 1.0
"""Seconds that a command takes at least."""
_SILENCE = 0.7
"""Seconds of silence that end it: the default "finished speaking detection"."""
_FORGET = 1.0
"""Seconds of speech after which silence counts from zero again; of silence, after which speech does."""
_LONGEST = 15.0
"""Seconds after which a command is cut."""
_BEFORE, _WITHIN = 0.2, 0.5
"""Probabilities above which a chunk is speech, before and within a command."""


class Endpoint:
    """Follow one command, chunk by chunk."""

    def __init__(self) -> None:
        self._begun = False
        self._speech_left = _COMMAND_BEGINS
        self._command_left = _SHORTEST - _COMMAND_BEGINS
        self._silence_left = _SILENCE
        self._until_forgotten = _FORGET
        self._left = _LONGEST

    def over(self, seconds: float, probability: float) -> bool:
        """Take the next chunk; return whether the command is over with it."""
        self._left -= seconds
        if self._left <= 0:
            return True
        if not self._begun:
            self._wait(seconds, probability > _BEFORE)
            return False
        self._command_left -= seconds
        if probability > _WITHIN:
            self._until_forgotten -= seconds
            if self._until_forgotten <= 0:
                self._silence_left, self._until_forgotten = _SILENCE, _FORGET
            return False
        self._until_forgotten = _FORGET
        self._silence_left -= seconds
        return self._silence_left <= 0 and self._command_left <= 0

    def _wait(self, seconds: float, speech: bool) -> None:
        if speech:
            self._until_forgotten = _FORGET
            self._speech_left -= seconds
            self._begun = self._speech_left <= 0
        else:
            self._until_forgotten -= seconds
            if self._until_forgotten <= 0:
                self._speech_left, self._until_forgotten = _COMMAND_BEGINS, _FORGET


class Silero:
    """Silero VAD 6 on one stream, a chunk of `CHUNK` at a time."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._h = self._c = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(64, np.float32)

    @staticmethod
    def load(path: str) -> ort.InferenceSession:
        """Load the model, which all streams share."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def probability(self, pcm: bytes) -> float:
        """Return the probability that somebody speaks in the next 512 samples."""
        sound = np.concatenate([self._context, np.frombuffer(pcm, "<i2").astype(np.float32) / 32768])
        fed = {"input": sound[None], "h": self._h, "c": self._c}
        found, self._h, self._c = self._session.run(None, fed)
        self._context = sound[-64:]
        return float(found.item())


async def command(stage: Stage, silero: Silero) -> AsyncGenerator[bytes, None]:
    """Yield the sound of one command as it is heard, and end where Assist takes it for finished."""
    endpoint = Endpoint()
    async with aclosing(stage.capture(CHUNK)) as sound:
        async for _, pcm in sound:
            yield pcm
            if endpoint.over(CHUNK, silero.probability(pcm)):
                return


async def streamed(deltas: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """Yield the reply as speech gets it: held back up to `STREAM_FROM` characters, then as it is written."""
    held = ""
    flowing = False
    async for delta in deltas:
        held += delta
        flowing = flowing or len(held) > STREAM_FROM
        if flowing:
            yield held
            held = ""
    if held:
        yield held

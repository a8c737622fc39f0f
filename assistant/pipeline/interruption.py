"""Listen, while a reply plays, for somebody who talks into it, on a microphone from which the reply is taken away."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import Executor
from contextlib import aclosing, asynccontextmanager

from assistant.audio import AudioChunk
from assistant.config.assistants import DeviceConfig
from assistant.engines import Vad
from assistant.errors import EngineError
from assistant.pipeline.barge_in import (
    BargeIn,
    Confirmed,
    FalseAlarm,
    Hushed,
    Interruption,
    Meaning,
    Suspected,
    meaning,
)
from assistant.pipeline.listening import DEAF
from assistant.pipeline.microphone import Microphone
from assistant.pipeline.playback import Playback
from assistant.pipeline.turn import Turn
from assistant.pipeline.utterance import Utterance, transcribe
from assistant.speech import SpeechProbability
from assistant.streams import heed_cancellation, in_thread, patient

__all__ = ["hear_interruption"]

log = logging.getLogger(__name__)

_REMEMBERED = 5.0
"""Seconds of sound from which words are understood; who talks longer into a reply has been heard before."""
_TIRED = 4.0
"""Seconds after which the detector begins anew in the next silence: what a canceller leaves of a voice lets Silero's
memory sink until it hears nobody at all."""
_SILENT = 0.2
"""Probability of speech below which there is silence enough for that."""


async def hear_interruption(
    turn: Turn, device: DeviceConfig, microphone: Microphone, playback: Playback, language: str
) -> Interruption:
    """Return when somebody talks into *playback*, which is lowered for as long as that is uncertain."""
    now = began = asyncio.get_running_loop().time()
    barge_in, confirmed = BargeIn(turn.config.endpoint.threshold), False
    chunks: deque[AudioChunk] = deque()
    async with turn.equipment.pool.lease(device.vad) as vad, _judge(turn, playback, language) as judge:
        listening = _listen(microphone.since(now), vad, turn.equipment.light)
        async with aclosing(patient(listening, DEAF, "the microphone")) as heard:
            async for chunk, frames in heard:
                chunks.append(chunk)
                while chunks[0].end < chunk.end - _REMEMBERED:
                    chunks.popleft()
                if playback.began is not None:
                    barge_in.sounds(playback.began)
                for event in [event for frame in frames for event in barge_in.push(frame)]:
                    match event:
                        case Suspected(at):
                            began, confirmed = at, False
                            playback.duck()
                        case Confirmed():
                            confirmed = True
                            judge.ask(Utterance(tuple(chunks), began, chunk.end, now), confirmed)
                        case Hushed(at):
                            judge.ask(Utterance(tuple(chunks), began, at, now), confirmed)
                        case FalseAlarm():
                            playback.restore()
                if (interruption := judge.verdict()) is not None:
                    log.debug("turn %s: interrupted: %s", turn.id, interruption)
                    return interruption
    raise EngineError("the microphone has ended")


async def _listen(
    audio: AsyncGenerator[AudioChunk, None], vad: Vad, light: Executor
) -> AsyncGenerator[tuple[AudioChunk, Sequence[SpeechProbability]], None]:
    """Yield each chunk with the frames that it completes."""
    stream, born = vad.fork(), asyncio.get_running_loop().time()
    async with aclosing(audio):
        async for chunk in audio:
            frames = await in_thread(lambda chunk=chunk, stream=stream: stream.push(chunk), light)  # type: ignore[misc]
            yield chunk, frames
            if frames and frames[-1].probability < _SILENT and chunk.end > born + _TIRED:
                stream, born = vad.fork(), chunk.end


class _Judge:
    """Understands what was said so far, one attempt after the other, and decides."""

    def __init__(self, turn: Turn, playback: Playback, language: str) -> None:
        self.turn = turn
        self._playback = playback
        self._language = language
        self._attempt: tuple[Utterance, bool] | None = None
        self._next: tuple[Utterance, bool] | None = None
        self.understanding: asyncio.Task[Meaning] | None = None

    def ask(self, utterance: Utterance, speech: bool) -> None:
        """Understand *utterance*; unless it is *speech*, it only matters whether it asks for silence."""
        self._next = (utterance, speech)
        self._begin()

    def verdict(self) -> Interruption | None:
        """Return how the reply ends, if anything that was understood by now ends it."""
        if self._attempt is None or self.understanding is None or not self.understanding.done():
            return None
        (utterance, speech), amounts = self._attempt, self.understanding.result()
        if amounts is Meaning.STOP:
            return Interruption()
        if amounts is Meaning.SPEECH and speech:
            return Interruption(utterance.began)
        self.understanding = None
        self._begin()
        return None

    def _begin(self) -> None:
        if self.understanding is None and self._next is not None:
            self._attempt, self._next = self._next, None
            work = self._understand(self._attempt[0])
            self.understanding = asyncio.create_task(work, name=f"interruption {self.turn.id}")

    async def _understand(self, utterance: Utterance) -> Meaning:
        try:
            transcript = await transcribe(utterance, self.turn, self._language)
        except Exception as error:
            heed_cancellation(error)
            log.warning("turn %s: what was said during the reply is not understood: %s", self.turn.id, error)
            return Meaning.NOTHING
        return meaning(transcript.text, self._language, self._playback.said)


@asynccontextmanager
async def _judge(turn: Turn, playback: Playback, language: str) -> AsyncGenerator[_Judge, None]:
    """Leave no work behind."""
    judge = _Judge(turn, playback, language)
    try:
        yield judge
    finally:
        if judge.understanding is not None:
            judge.understanding.cancel()
            await asyncio.wait({judge.understanding})

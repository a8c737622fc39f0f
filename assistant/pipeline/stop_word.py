"""Hear somebody say "stop", or another short word, while the assistant talks or rings."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import TypeVar

from msgspec import structs

from assistant.audio import AudioChunk
from assistant.config.assistants import DeviceConfig, EndpointConfig
from assistant.errors import EngineError
from assistant.pipeline.barge_in import Interruption
from assistant.pipeline.endpoint import Ended, Endpoint, SpeechStarted
from assistant.pipeline.hear import hear
from assistant.pipeline.language import is_stop
from assistant.pipeline.listening import DEAF
from assistant.pipeline.microphone import Microphone
from assistant.pipeline.turn import Turn
from assistant.pipeline.utterance import LEAD_IN, Utterance, transcribe
from assistant.streams import patient

__all__ = ["hear_short", "hear_stop"]

T = TypeVar("T")

_STOP_WORD = 2.0
"""Seconds of speech above which nobody merely says "stop"."""
_OVER = 0.3
"""Seconds of silence that end what may be it."""
_ALWAYS = 86_400.0
"""Seconds: as long as the reply takes."""


async def hear_stop(
    turn: Turn, device: DeviceConfig, microphone: Microphone, endpoint: EndpointConfig, language: str
) -> Interruption:
    """Return when somebody says "stop" and nothing else."""

    def meant(text: str) -> Interruption | None:
        return Interruption() if is_stop(text, language) else None

    return await hear_short(turn, device, microphone, endpoint, language, meant)


async def hear_short(
    turn: Turn,
    device: DeviceConfig,
    microphone: Microphone,
    endpoint: EndpointConfig,
    language: str,
    meant: Callable[[str], T | None],
) -> T:
    """Return what somebody *meant* by a few words; what means nothing is not heard. Raises EngineError."""
    now = asyncio.get_running_loop().time()
    config = structs.replace(endpoint, silence=_OVER, nothing_said=_ALWAYS)
    while True:
        utterance = await _utterance(turn, device, microphone, Endpoint(config, now), now)
        if utterance is None:
            raise EngineError("the microphone has ended")
        now = utterance.ended
        if utterance.seconds <= _STOP_WORD:
            transcript = await transcribe(utterance, turn, language)
            if (meaning := meant(transcript.text)) is not None:
                return meaning


async def _utterance(
    turn: Turn, device: DeviceConfig, microphone: Microphone, endpoint: Endpoint, after: float
) -> Utterance | None:
    """Follow one utterance to its end; None where nobody speaks."""
    chunks = list[AudioChunk]()
    began = after
    async with turn.equipment.pool.lease(device.vad) as vad:
        hearing = hear(microphone.since(after - LEAD_IN), vad, endpoint, after, turn.equipment.light)
        async with aclosing(patient(hearing, DEAF, "the microphone")) as heard:
            async for piece in heard:
                chunks.append(piece.chunk)
                for event in piece.events:
                    match event:
                        case SpeechStarted(at):
                            began = at
                        case Ended(at, reason) if reason != "nothing":
                            return Utterance(tuple(chunks), began, at, after)
    return None

"""A stage as Pipecat's transport, and a processor that notes the words of the reply; imported where Pipecat is."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from pipecat.frames.frames import (  # type: ignore[import-not-found]
    Frame,
    InputAudioRawFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    StartFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor  # type: ignore[import-not-found]
from pipecat.services.whisper.stt import WhisperSTTService  # type: ignore[import-not-found]
from pipecat.transports.base_input import BaseInputTransport  # type: ignore[import-not-found]
from pipecat.transports.base_output import BaseOutputTransport  # type: ignore[import-not-found]
from pipecat.transports.base_transport import TransportParams  # type: ignore[import-not-found]

from voice.sound import RATE
from voice.stage import Stage

__all__ = ["Whisper", "Words", "microphone", "speaker"]


class _Microphone(BaseInputTransport):  # type: ignore[misc]
    def __init__(self, stage: Stage, block: float) -> None:
        super().__init__(TransportParams(audio_in_enabled=True))
        self._stage, self._block = stage, block
        self._capturing: Any = None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._capturing = self.create_task(self._capture())

    async def cleanup(self) -> None:
        if self._capturing is not None:
            await self.cancel_task(self._capturing)
        await super().cleanup()

    async def _capture(self) -> None:
        async with aclosing(self._stage.capture(self._block)) as chunks:
            async for _, pcm in chunks:
                await self.push_audio_frame(InputAudioRawFrame(audio=pcm, sample_rate=RATE, num_channels=1))


class _Speaker(BaseOutputTransport):  # type: ignore[misc]
    def __init__(self, stage: Stage) -> None:
        super().__init__(TransportParams(audio_out_enabled=True))
        self._stage = stage
        self._ready = 0.0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Sound takes as long as on a speaker."""
        loop = asyncio.get_running_loop()
        self._stage.current.play(frame.audio, frame.sample_rate)
        seconds = len(frame.audio) / 2 / frame.num_channels / frame.sample_rate
        self._ready = max(self._ready, loop.time()) + seconds
        await asyncio.sleep(self._ready - loop.time())
        return True


class Whisper(WhisperSTTService):  # type: ignore[misc]
    """Pipecat's service, which also tells whether it is at work."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.idle = asyncio.Event()
        self.idle.set()

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Transcribe as the service does."""
        self.idle.clear()
        try:
            async for frame in super().run_stt(audio):
                yield frame
        finally:
            self.idle.set()


class Words(FrameProcessor):  # type: ignore[misc]
    """Note the words that the LLM writes, on their way to the voice."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note the words and pass everything on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame) and self._stage.take is not None:
            self._stage.take.reply += frame.text
        await self.push_frame(frame, direction)


def microphone(stage: Stage, block: float) -> FrameProcessor:
    """Return a stage's microphone as an input transport that hears *block* seconds at once."""
    return _Microphone(stage, block)


def speaker(stage: Stage) -> FrameProcessor:
    """Return a stage's speaker as an output transport."""
    return _Speaker(stage)

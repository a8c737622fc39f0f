"""Pipecat with what it brings for a machine of one's own: Silero, Smart Turn, Whisper, Piper; and `llama_cpp.server`.

The pipeline is that of its quick start. `pipecat` has the defaults of each service; `pipecat_tuned` transcribes with
int8, transcribes and writes with a thread for each core, and speaks at the voice's own rate. Its transport is a stage
in the place of PyAudio's streams, with the same blocks of 20 ms.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from voice.settings import Converse, Settings, cores
from voice.stage import Stage
from voice.systems.servers import llm_server

__all__ = ["opened"]

_BLOCK = 0.02
"""Seconds that `LocalAudioInputTransport` reads at once."""
_DRAINING = 30.0
"""Seconds that what is left of a turn may take: a transcription, and an open turn, which Pipecat ends after 5 s."""
_SETTLED = 1.0
"""Seconds without either, after which nothing more comes of it."""


@asynccontextmanager
async def opened(settings: Settings, stages: Sequence[Stage]) -> AsyncGenerator[Converse, None]:
    """Build a pipeline for each stage, as Pipecat does for each session; the LLM server is shared."""
    tuned = settings.system == "pipecat_tuned"
    if tuned:
        os.environ |= {"OMP_NUM_THREADS": str(cores()), "OMP_WAIT_POLICY": "passive"}  # all that the service lets set
    os.environ["LOGURU_LEVEL"] = "WARNING"  # its log of everything costs time
    from pipecat.workers.runner import WorkerRunner  # type: ignore[import-not-found]

    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(llm_server(settings, tuned=tuned))
        sessions = [_Session(settings, stage, address, tuned=tuned) for stage in stages]
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(*(session.worker for session in sessions))
        running = asyncio.create_task(runner.run())
        for session in sessions:
            await session.started.wait()

        async def converse(stage: Stage) -> None:
            await sessions[stage.device].converse()

        try:
            yield converse
        finally:
            await runner.cancel()
            await asyncio.wait({running}, timeout=5)


class _Session:
    """One pipeline."""

    def __init__(self, settings: Settings, stage: Stage, address: str, *, tuned: bool) -> None:
        from pipecat.audio.vad.silero import SileroVADAnalyzer  # type: ignore[import-not-found]
        from pipecat.pipeline.pipeline import Pipeline  # type: ignore[import-not-found]
        from pipecat.pipeline.worker import PipelineParams, PipelineWorker  # type: ignore[import-not-found]
        from pipecat.processors.aggregators.llm_context import LLMContext  # type: ignore[import-not-found]
        from pipecat.processors.aggregators.llm_response_universal import (  # type: ignore[import-not-found]
            LLMContextAggregatorPair,
            LLMUserAggregatorParams,
        )
        from pipecat.services.openai.llm import OpenAILLMService  # type: ignore[import-not-found]
        from pipecat.services.piper.tts import PiperTTSService  # type: ignore[import-not-found]

        from voice.systems.pipecat_stage import Whisper, Words, microphone, speaker

        self._stage = stage
        self._system = {"role": "system", "content": settings.prompt}
        self._context = LLMContext([self._system])
        self._closed = asyncio.Event()
        self._closed.set()
        self.started = asyncio.Event()
        heard, answered = LLMContextAggregatorPair(
            self._context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
        )
        self._stt = Whisper(
            device="cpu",
            compute_type="int8" if tuned else "default",
            settings=Whisper.Settings(model=settings.whisper),
        )
        sampling = dict(settings.sampling)
        llm = OpenAILLMService(
            api_key="none",
            base_url=address,
            settings=OpenAILLMService.Settings(
                model="llm",
                temperature=sampling.pop("temperature"),
                max_tokens=settings.max_tokens,
                extra={"extra_body": sampling},
            ),
        )
        voice = Path(settings.piper)
        tts = PiperTTSService(download_dir=voice.parent, settings=PiperTTSService.Settings(voice=voice.stem))
        transport = microphone(stage, _BLOCK), speaker(stage)
        pipeline = Pipeline([transport[0], self._stt, heard, llm, Words(stage), tts, transport[1], answered])
        params = PipelineParams(audio_out_sample_rate=tts._voice.config.sample_rate) if tuned else PipelineParams()
        self.worker = PipelineWorker(pipeline, params=params, idle_timeout_secs=None)
        heard.add_event_handler("on_user_turn_started", self._on_started)
        heard.add_event_handler("on_user_turn_stopped", self._on_stopped)
        self.worker.add_event_handler("on_pipeline_started", self._on_pipeline)

    async def converse(self) -> None:
        """Let the pipeline answer; then silence it and forget what was said."""
        from pipecat.frames.frames import InterruptionFrame  # type: ignore[import-not-found]

        self._context.set_messages([self._system])
        try:
            await asyncio.Event().wait()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAINING):
                    await self._drain()
            await self.worker.queue_frame(InterruptionFrame())

    async def _drain(self) -> None:
        """Wait until nothing more can come of the last utterance: a slow transcript would begin the next turn."""
        while True:
            await self._closed.wait()
            await self._stt.idle.wait()
            await asyncio.sleep(_SETTLED)
            if self._closed.is_set() and self._stt.idle.is_set():
                return

    async def _on_pipeline(self, *_: Any) -> None:
        self.started.set()

    async def _on_started(self, *_: Any) -> None:
        self._closed.clear()
        if self._stage.current.ends:
            self._stage.current.resume()

    async def _on_stopped(self, aggregator: Any, strategy: Any, message: Any) -> None:
        self._closed.set()
        take = self._stage.current
        take.end()
        take.reply = ""
        take.transcripts.append(message.content)

"""The same libraries one after the other, in one process, with Assist's defaults: silence, text, reply, speech.

faster-whisper transcribes when the silence is over, llama.cpp writes, and Piper speaks sentence by sentence. Thread
counts and arithmetic are the best known for this machine.
"""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import numpy as np

from voice.settings import Converse, Settings, cores
from voice.stage import Stage
from voice.systems.assist import Silero, command, streamed

__all__ = ["opened"]


@asynccontextmanager
async def opened(settings: Settings, stages: Sequence[Stage]) -> AsyncGenerator[Converse, None]:
    """Load everything; all devices share it and take turns."""
    os.environ["OMP_WAIT_POLICY"] = "passive"  # or the threads of two libraries spin against each other
    from faster_whisper import WhisperModel
    from llama_cpp import Llama
    from piper import PiperVoice
    from sentence_stream import SentenceBoundaryDetector  # type: ignore[import-not-found]

    vad = Silero.load(settings.silero)
    whisper = WhisperModel(settings.whisper, device="cpu", compute_type="int8", cpu_threads=cores())
    llama = Llama(settings.llm, n_ctx=4096, n_threads=cores(), n_threads_batch=cores(), verbose=False)
    piper = PiperVoice.load(settings.piper)
    hearing, writing, speaking = threading.Lock(), threading.Lock(), threading.Lock()

    def transcribe(pcm: bytes) -> str:
        with hearing:
            sound = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
            segments, _ = whisper.transcribe(sound, language="en", beam_size=5)
            return "".join(segment.text for segment in segments).strip()

    def write(text: str) -> Iterator[str]:
        messages: Any = [{"role": "system", "content": settings.prompt}, {"role": "user", "content": text}]
        with writing:
            sampling: Any = settings.sampling
            reply: Any = llama.create_chat_completion(messages, stream=True, max_tokens=settings.max_tokens, **sampling)
            for piece in reply:
                yield piece["choices"][0]["delta"].get("content") or ""

    def speak(sentence: str) -> list[tuple[bytes, int]]:
        with speaking:
            return [(chunk.audio_int16_bytes, chunk.sample_rate) for chunk in piper.synthesize(sentence)]

    async def converse(stage: Stage) -> None:
        async with aclosing(command(stage, Silero(vad))) as sound:
            pcm = b"".join([chunk async for chunk in sound])
        take = stage.current
        take.end()
        text = await asyncio.to_thread(transcribe, pcm)
        take.mark("transcript")
        take.transcripts.append(text)
        if not text:
            return

        async def noted() -> AsyncGenerator[str, None]:
            async with aclosing(_in_thread(write(text))) as deltas:
                async for delta in deltas:
                    take.mark("first_token")
                    take.reply += delta
                    yield delta

        sentences = SentenceBoundaryDetector()
        async with aclosing(noted()) as deltas, aclosing(streamed(deltas)) as parts:
            async for part in parts:
                for sentence in sentences.add_chunk(part):
                    take.mark("first_sentence")
                    for chunk in await asyncio.to_thread(speak, sentence):
                        take.play(*chunk)
        for chunk in await asyncio.to_thread(speak, sentences.finish()):
            take.play(*chunk)

    yield converse


async def _in_thread(words: Iterator[str]) -> AsyncGenerator[str, None]:
    """Yield what a thread writes, which goes on while it is spoken; closing this stops it at the next word."""
    loop, written = asyncio.get_running_loop(), asyncio.Queue[str | None]()
    left = threading.Event()

    def work() -> None:
        try:
            for word in words:
                loop.call_soon_threadsafe(written.put_nowait, word)
                if left.is_set():
                    return
        finally:
            words.close()  # type: ignore[attr-defined]
            loop.call_soon_threadsafe(written.put_nowait, None)

    working = asyncio.create_task(asyncio.to_thread(work))
    try:
        while (word := await written.get()) is not None:
            yield word
    finally:
        left.set()
        await asyncio.shield(working)

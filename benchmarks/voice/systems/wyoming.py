"""The servers of Home Assistant's voice, wyoming-faster-whisper and wyoming-piper, and `llama_cpp.server`.

They are joined as Assist joins them. Sound is sent to the recogniser as it is heard; silence ends it; the reply is
streamed from the LLM to the voice, which speaks sentence by sentence. The LLM and Whisper (int8) have a thread for each
core: the servers at their best here.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path

import aiohttp

from voice.settings import Converse, Settings, cores
from voice.sound import RATE
from voice.stage import Stage, Take
from voice.systems.assist import Silero, command, streamed
from voice.systems.servers import free_port, llm_server, server

__all__ = ["opened"]


@asynccontextmanager
async def opened(settings: Settings, stages: Sequence[Stage]) -> AsyncGenerator[Converse, None]:
    """Start the three servers; all devices share them."""
    vad = Silero.load(settings.silero)
    hearing, speaking = free_port(), free_port()
    whisper = ["--uri", f"tcp://127.0.0.1:{hearing}", "--model", settings.whisper, "--data-dir", settings.whisper]
    whisper += ["--stt-library", "faster-whisper", "--language", "en", "--local-files-only"]
    whisper += ["--compute-type", "int8", "--cpu-threads", str(cores())]
    voice = Path(settings.piper)
    piper = ["--uri", f"tcp://127.0.0.1:{speaking}", "--voice", voice.stem, "--data-dir", str(voice.parent)]
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(llm_server(settings, tuned=True))
        await stack.enter_async_context(server("wyoming_faster_whisper", hearing, *whisper))
        await stack.enter_async_context(server("wyoming_piper", speaking, *piper, "--local-files-only"))
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def converse(stage: Stage) -> None:
            text = await _heard(stage, Silero(vad), hearing)
            take = stage.current
            take.mark("transcript")
            take.transcripts.append(text)
            if text:
                await _speak(take, _reply(take, session, address, settings, text), speaking)

        yield converse


async def _heard(stage: Stage, silero: Silero, port: int) -> str:
    """Send one command to the recogniser while it is heard, and return its transcript."""
    from wyoming.asr import Transcribe, Transcript  # type: ignore[import-not-found]
    from wyoming.audio import AudioChunk, AudioStart, AudioStop  # type: ignore[import-not-found]
    from wyoming.client import AsyncTcpClient  # type: ignore[import-not-found]

    form = {"rate": RATE, "width": 2, "channels": 1}
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Transcribe(language="en").event())
        await client.write_event(AudioStart(**form).event())
        async with aclosing(command(stage, silero)) as sound:
            async for pcm in sound:
                await client.write_event(AudioChunk(audio=pcm, **form).event())
        stage.current.end()
        await client.write_event(AudioStop().event())
        while event := await client.read_event():
            if Transcript.is_type(event.type):
                return str(Transcript.from_event(event).text).strip()
    raise ConnectionError("wyoming-faster-whisper has closed the connection")


async def _reply(
    take: Take, session: aiohttp.ClientSession, address: str, settings: Settings, text: str
) -> AsyncGenerator[str, None]:
    """Yield the reply as the server writes it; closing this makes it stop."""
    messages = [{"role": "system", "content": settings.prompt}, {"role": "user", "content": text}]
    asked = {"messages": messages, "stream": True, "max_tokens": settings.max_tokens, **settings.sampling}
    async with session.post(f"{address}/chat/completions", json=asked) as response:
        response.raise_for_status()
        async for line in response.content:
            kind, _, data = line.decode().strip().partition(": ")
            if kind != "data" or data == "[DONE]":
                continue
            delta = json.loads(data)["choices"][0]["delta"].get("content") or ""
            if delta:
                take.mark("first_token")
                take.reply += delta
                yield delta


async def _speak(take: Take, reply: AsyncGenerator[str, None], port: int) -> None:
    """Send the reply to the voice as Assist does, and play what comes back meanwhile."""
    from wyoming.audio import AudioChunk
    from wyoming.client import AsyncTcpClient
    from wyoming.tts import (  # type: ignore[import-not-found]
        SynthesizeChunk,
        SynthesizeStart,
        SynthesizeStop,
        SynthesizeStopped,
    )

    async with AsyncTcpClient("127.0.0.1", port) as client:

        async def write() -> None:
            await client.write_event(SynthesizeStart().event())
            async with aclosing(reply), aclosing(streamed(reply)) as parts:
                async for part in parts:
                    await client.write_event(SynthesizeChunk(text=part).event())
            await client.write_event(SynthesizeStop().event())

        async def play() -> None:
            while event := await client.read_event():
                if AudioChunk.is_type(event.type):
                    chunk = AudioChunk.from_event(event)
                    take.play(chunk.audio, chunk.rate)
                elif SynthesizeStopped.is_type(event.type):
                    return

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            group.create_task(play())

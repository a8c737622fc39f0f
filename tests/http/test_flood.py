"""A voice turn while programs flood the doors (T6): somebody who speaks is answered, before the programs."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp

from assistant import (
    AudioChunk,
    AudioFormat,
    Capabilities,
    ChatDelta,
    ChatRequest,
    Done,
    EventType,
    Kind,
    Priority,
    SttOptions,
    TextDelta,
    Transcript,
    Voice,
)
from assistant.config import HttpConfig
from assistant.events import EventBus
from assistant.http.app import make_app, serve
from assistant.http.ollama import chatting
from assistant.http.openai import audio
from assistant.models.pool import Pool
from assistant.serving import Generation, Hearing, Names, Sounds, Speaking
from assistant.testing import fake_spec, run_in_virtual_time, tone
from assistant.wav import wav_header
from tests.http.conftest import KEY
from tests.pipeline.room import MARKER, Room, quiet, voice

QUEUE = 16
"""Requests that may wait for a model, as by default."""
WAV = wav_header(AudioFormat(16_000)) + tone(1.0).audio


@dataclass
class Engines:
    """A recogniser, a chat model and a voice that tell who came first; work for programs lasts *lasts* seconds."""

    lasts: float
    begun: list[str] = field(default_factory=list)
    """Whose work was begun, in order."""

    async def transcribe(self, sound: AsyncIterator[AudioChunk], options: SttOptions) -> AsyncGenerator[Transcript]:
        async for _ in sound:
            pass
        await self._work("hears", options.prompt == "A program.")
        yield Transcript("What is the capital of Italy?", "en")

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta]:
        await self._work("writes", request.priority != Priority.VOICE)
        yield TextDelta("Rome it is.")
        yield Done("stop")

    async def warm(self, request: ChatRequest) -> None:
        """Nothing is kept."""

    async def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk]:
        async for clause in text:
            await self._work("speaks", "program" in clause)
            yield tone(0.3)

    async def _work(self, does: str, for_program: bool) -> None:
        self.begun.append(f"{does} {'for a program' if for_program else 'for the room'}")
        await asyncio.sleep(self.lasts if for_program else 0.05)


def room(engines: Engines, parallel: int) -> Room:
    """Return a room in which somebody asks something after three seconds."""
    able = Capabilities(tools=True, parallel=parallel, voices=(Voice("joe", "en-US"),))
    kinds = {"stt": Kind.STT, "chat": Kind.CHAT, "tts": Kind.TTS}
    specs = {id_: fake_spec(id_, kind, engines, able) for id_, kind in kinds.items()}
    return Room([*quiet(3), MARKER, *quiet(0.4), *voice(1.2)], specs=specs)


@asynccontextmanager
async def doors(pool: Pool) -> AsyncGenerator[tuple[int, aiohttp.ClientSession]]:
    """Serve a room's engines to programs."""
    names, sounds = Names(pool.status, {}), Sounds(pool, 60.0)
    routes = chatting.routes(Generation(pool, names, QUEUE, 3600.0))
    routes += audio.routes(Hearing(pool, names, sounds, QUEUE, 3600.0), Speaking(pool, names, sounds, QUEUE, 3600.0))
    config = HttpConfig(port=0, key=KEY, connections=150)
    async with (
        serve(make_app(config, EventBus(), dict, {}, routes), config) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {KEY}"}) as session,
    ):
        yield port, session


async def write(session: aiohttp.ClientSession) -> int:
    """Ask for a reply."""
    body = {"model": "chat", "messages": [{"role": "user", "content": "A story without end."}]}
    return await _status(session, "/api/chat", json=body)


async def hear(session: aiohttp.ClientSession) -> int:
    """Ask for a transcript."""
    form = aiohttp.FormData({"prompt": "A program."})
    form.add_field("file", WAV, filename="a.wav")
    return await _status(session, "/v1/audio/transcriptions", data=form)


async def speak(session: aiohttp.ClientSession) -> int:
    """Ask for speech."""
    body = {"input": "Said by a program.", "voice": "joe", "response_format": "pcm"}
    return await _status(session, "/v1/audio/speech", json=body)


async def _status(session: aiohttp.ClientSession, path: str, **sent: object) -> int:
    async with session.post(path, **sent) as answer:  # type: ignore[arg-type]
        await answer.read()
        return answer.status


@asynccontextmanager
async def flooded(pool: Pool) -> AsyncGenerator[list["asyncio.Task[int]"]]:
    """Ask all doors at once for more than they can do, while others open connections and say little or nothing."""
    async with doors(pool) as (port, session), AsyncExitStack() as stack:
        for n in range(60):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            writer.write((b"", b"POST /api/chat HTTP/1.1\r\nHost: ")[n % 2])
        asked = [asyncio.create_task(ask(session)) for ask in (write, hear, speak) for _ in range(25)]
        stack.push_async_callback(_ended, asked)
        yield asked


async def _ended(tasks: list["asyncio.Task[int]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def story(engines: Engines, parallel: int, until: float = 30.0) -> tuple[Room, list[int]]:
    """Let somebody ask in a room while programs flood the doors; return the room, and what programs were told."""
    here, told = room(engines, parallel), list[int]()

    async def run() -> None:
        async with here.opened() as listener, flooded(listener._equipment.pool) as asked:
            engines.begun.clear()  # phrases that are spoken beforehand
            await here.until(lambda: here.receipts, until)
            await asyncio.sleep(1.0)
            for task in asked:
                with suppress(aiohttp.ClientError):
                    if task.done():
                        told.append(task.result())

    run_in_virtual_time(run())
    return here, told


def test_t6_a_voice_is_answered_while_programs_have_all_that_is_theirs() -> None:
    engines = Engines(lasts=3600.0)
    here, told = story(engines, 3)
    assert here.said(EventType.INTENT_END) == [{"reply": "Rome it is."}]
    assert [receipt.outcome for receipt in here.receipts] == ["answered"] and here.sounded > 0.2
    assert set(told) == {429}, "nobody else was served meanwhile, and those too many were told so"
    for does in ("hears", "writes", "speaks"):
        of_kind = [one for one in engines.begun if one.startswith(does)]
        assert of_kind == [f"{does} for a program"] * 2 + [f"{does} for the room"]


def test_t6_a_voice_is_next_where_there_is_one_place_only() -> None:
    engines = Engines(lasts=1.0)
    here, _ = story(engines, 1, 60.0)
    assert [receipt.outcome for receipt in here.receipts] == ["answered"]
    heard = engines.begun.index("hears for the room")
    assert engines.begun[:heard].count("hears for a program") >= 3
    assert "hears for a program" in engines.begun[heard:], "programs still wait, and go on"
    for does, before in (("writes", "hears"), ("speaks", "writes")):
        since = engines.begun[engines.begun.index(f"{before} for the room") :]
        since = since[: since.index(f"{does} for the room")]
        assert since.count(f"{does} for a program") <= 1, "at most what had begun already"

"""Sound that means harm, where FFmpeg is behind the served doors (T8); readers who leave or stall (T27, T28)."""

import asyncio
import gzip
import io
import json
import os
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from assistant import AudioChunk, AudioFormat, Capabilities, EngineConfig, Kind, SttOptions, Transcript, Voice
from assistant.config import HttpConfig
from assistant.events import EventBus
from assistant.http import streaming
from assistant.http.app import make_app, serve
from assistant.http.openai import audio
from assistant.http.rest.audio import AudioDoor
from assistant.models.pool import Model, Pool
from assistant.serving import Hearing, Names, Sounds, Speaking
from assistant.testing import FakeStt, FakeTts, fake_spec, tone
from assistant.wav import wav_header
from tests.http.conftest import KEY
from tests.http.raw import peak, post

assistant_av = pytest.importorskip("assistant_av")

LONGEST = 60.0
"""Seconds of sound that the doors take."""
DOORS = {"/v1/audio/transcriptions": "file", "/api/audio/transcribe": "audio"}
EVERY = pytest.mark.parametrize("door", DOORS)


class Talker:
    """A voice that never ends."""

    def __init__(self) -> None:
        self.begun = self.closed = 0

    async def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        self.begun += 1
        try:
            while True:
                await asyncio.sleep(0)
                yield AudioChunk(os.urandom(48_000), AudioFormat(24_000))
        finally:
            self.closed += 1


class Listener:
    """A recogniser that never comes to an end of what it hears."""

    def __init__(self) -> None:
        self.begun = self.closed = 0

    async def transcribe(
        self, sound: AsyncIterator[AudioChunk], options: SttOptions
    ) -> AsyncGenerator[Transcript, None]:
        self.begun += 1
        try:
            yield Transcript("Well,", "en", final=False)
            await anext(aiter(sound))
            await asyncio.Event().wait()
        finally:
            self.closed += 1


@asynccontextmanager
async def served(stt: Any, tts: Any) -> AsyncGenerator[int, None]:
    """Serve a recogniser and a voice, and FFmpeg; nothing of it is left at the end."""
    [av] = assistant_av.assistant_engines()
    config = assistant_av.AvConfig()
    models = {
        "ears": Model("ears", fake_spec("fake", Kind.STT, stt), EngineConfig(), Capabilities(languages=("en",))),
        "mouth": Model("mouth", fake_spec("fake", Kind.TTS, tts), EngineConfig(), Capabilities(parallel=3)),
        "codec": Model("codec", av, config, av.describe(config)),
    }
    pool = Pool(models, lambda config: config)
    names, sounds = Names(pool.status, {}), Sounds(pool, LONGEST)
    hearing, speaking = Hearing(pool, names, sounds, 4, 20.0), Speaking(pool, names, sounds, 4, 20.0)
    routes = [*audio.routes(hearing, speaking), *AudioDoor(hearing, speaking).routes()]
    door = HttpConfig(port=0, key=KEY)
    try:
        async with serve(make_app(door, EventBus(), dict, {}, routes), door) as port:
            yield port
            await until(lambda: not children())
    finally:
        await pool.close()


@pytest.fixture
async def port(stt: FakeStt) -> AsyncGenerator[int, None]:
    async with served(stt, FakeTts()) as port:
        yield port


@pytest.fixture
def stt() -> FakeStt:
    return FakeStt(["Hello."])


async def until(done: Callable[[], object]) -> None:
    """Wait until *done*."""
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.01)


def children() -> list[str]:
    """Return the processes that this one has started, and are there."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


async def hear(port: int, door: str, file: bytes, **fields: str) -> tuple[int, str]:
    """Send a file and return what came."""
    form = aiohttp.FormData(fields)
    form.add_field(DOORS[door], io.BytesIO(file), filename="sound", content_type="application/octet-stream")
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"http://127.0.0.1:{port}{door}", data=form) as answer,
    ):
        return answer.status, await answer.text()


def written(container: str, encoder: str, seconds: float = 1.0, *, rate: int = 24_000, layout: str = "mono") -> bytes:
    """Return a file of silence as PyAV writes it."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream: Any = out.add_stream(encoder, rate=rate, layout=layout)
        for at in range(0, round(seconds * rate), rate * 60):
            frame = av.AudioFrame(format="s16", layout=layout, samples=min(rate * 60, round(seconds * rate) - at))
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.pts = rate, at
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def moved(audio: bytes) -> bytes:
    """Return an M4A file whose samples are said to lie in another one."""
    entry = audio.index(b"url \0\0\0\1")
    name = b"file:///etc/passwd\0"
    box = struct.pack(">I4sI", 12 + len(name), b"url ", 0) + name
    return audio[: entry - 4] + box + audio[entry + 8 :]


BOMBS: dict[str, tuple[Callable[[], bytes], set[int]]] = {
    "hours of silence": (lambda: written("flac", "flac", 3_600), {413}),
    "silence that tells no length": (lambda: written("adts", "aac", 600), {413}),
    "500 kHz": (lambda: written("flac", "flac", rate=500_000), {400}),
    "16 channels": (lambda: written("matroska", "pcm_s16le", layout="hexadecagonal"), {400}),
    "samples in another file": (lambda: moved(written("mov", "pcm_s16le")), {400, 415}),
    "a playlist": (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", {415}),
    "a list of files": (lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", {415}),
    "gzip": (lambda: gzip.compress(bytes(20_000_000)), {415}),
    "an ID3 tag of 256 MB": (lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(100_000), {400, 415}),
    "an Ogg page and no more": (lambda: written("ogg", "libopus")[:60], {400, 415}),
    "a WAV that claims 4 GiB of nothing": (
        lambda: wav_header(AudioFormat(16_000))[:-4] + b"\xfe\xff\xff\xff",
        {400},
    ),
    "noise": (lambda: b"OggS" + os.urandom(100_000), {400, 415}),
}


@pytest.mark.parametrize("bomb", BOMBS)
async def test_t8_a_bomb_of_sound_is_refused_and_the_next_is_heard(port: int, stt: FakeStt, bomb: str) -> None:
    make, expected = BOMBS[bomb]
    file, before = make(), peak()
    assert len(file) < 2_000_000
    for door in DOORS:
        status, text = await hear(port, door, file)
        assert status in expected, text
        assert "passwd" not in text and "Traceback" not in text
    assert not stt.options, "it reached no recogniser's end"
    assert peak() - before < 64_000_000
    status, text = await hear(port, "/v1/audio/transcriptions", written("mp3", "libmp3lame"))
    assert status == 200 and "Hello." in text


async def test_t8_what_breaks_off_in_a_stream_is_told_in_it(port: int) -> None:
    file = written("adts", "aac", 600)
    status, text = await hear(port, "/v1/audio/transcriptions", file, stream="true")
    assert status == 413 or "audio_too_long" in text


@EVERY
async def test_t27_who_leaves_while_a_file_is_decoded_leaves_nothing_behind(door: str) -> None:
    engine, file = Listener(), written("flac", "flac", 50)
    async with served(engine, FakeTts()) as port:
        for n in range(1, 3):
            asking = asyncio.create_task(hear(port, door, file))
            await until(lambda n=n: engine.begun == n and children())  # type: ignore[misc]
            asking.cancel()
            await asyncio.wait({asking})
            await until(lambda n=n: engine.closed == n and not children())  # type: ignore[misc]


def asked_to_speak(form: str) -> bytes:
    """Return the bytes of a request for speech."""
    data = json.dumps({"input": "Once upon a time.", "text": "Once upon a time.", "response_format": form}).encode()
    return post("/v1/audio/speech", "Content-Type: application/json", f"Content-Length: {len(data)}") + data


@pytest.mark.parametrize("form", ["mp3", "flac", "wav"])
async def test_t27_who_leaves_while_somebody_speaks_leaves_nothing_behind(form: str) -> None:
    engine = Talker()
    async with served(FakeStt(), engine) as port:
        for n in range(1, 3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(asked_to_speak(form))
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(100)
            writer.transport.abort()
            await until(lambda n=n: engine.closed == n and not children())  # type: ignore[misc]


@pytest.mark.parametrize("form", ["flac", "pcm"])
async def test_t28_who_does_not_take_the_sound_is_hung_up_on(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(streaming, "_STALLED", 0.5)
    engine, before = Talker(), peak()
    async with served(FakeStt(["Hello."]), engine) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(asked_to_speak(form))
        await reader.readuntil(b"\r\n\r\n")
        status, _ = await hear(port, "/v1/audio/transcriptions", wav_header(AudioFormat(16_000)) + tone(1.0).audio)
        assert status == 200, "others are served meanwhile"
        await until(lambda: engine.closed == 1 and not children())
        writer.transport.abort()
    assert peak() - before < 128_000_000

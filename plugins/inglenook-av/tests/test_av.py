"""FFmpeg in a process of its own: formats, and what strangers may send (T8)."""

import asyncio
import gc
import io
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import av
import pytest
from assistant_av import AvCodec, AvConfig, assistant_engines, child, codec, open_av
from assistant_av.config import ENCODINGS

from assistant import AudioChunk, AudioError, AudioFormat, AudioTooLong, EngineError, EngineTimeout, UnknownAudio, once
from assistant.testing import check_codec, check_spec, tone

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
async def engine() -> AsyncGenerator[AvCodec, None]:
    async with open_av(AvConfig()) as opened:
        yield opened


def written(
    container: str,
    encoder: str,
    samples: int = 24_000,
    *,
    rate: int = 24_000,
    layout: str = "mono",
    form: str = "s16",
    **options: str,
) -> bytes:
    """Return a file of silence as PyAV writes it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=options) as out:
        stream: Any = out.add_stream(encoder, rate=rate, layout=layout)
        for at in range(0, samples, rate * 60):
            frame = av.AudioFrame(format=form, layout=layout, samples=min(rate * 60, samples - at))
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.pts = rate, at
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


async def read(engine: AvCodec, data: bytes, most: float = 60.0) -> float:
    """Return how many seconds *engine* makes of a file."""
    async with aclosing(engine.decode(data, most)) as chunks:
        return sum([chunk.duration async for chunk in chunks])


def test_spec() -> None:
    [spec] = assistant_engines()
    check_spec(spec)
    assert spec.stands_in and spec.describe(AvConfig()).encodings == ENCODINGS


def test_every_option_is_in_the_readme() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", README.read_text(), re.MULTILINE)
    assert rows == list(AvConfig.__struct_fields__)


def test_the_program_and_the_engine_mean_the_same_by_an_exit_status() -> None:
    for name in ("UNKNOWN", "TOO_LONG", "DAMAGED"):
        assert getattr(child, name) == getattr(codec, name)


async def test_contract(engine: AvCodec) -> None:
    files = [
        written("ipod", "aac"),
        written("webm", "libopus"),
        written("flac", "flac", layout="stereo", rate=48_000),
        written("wav", "pcm_s24le", form="s32"),
    ]
    await check_codec(engine, ENCODINGS, files)


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_sound_is_written_while_it_is_made(engine: AvCodec, encoding: str) -> None:
    more = asyncio.Event()
    sound = AudioChunk(tone(4.0).audio, AudioFormat(24_000))

    async def made() -> AsyncGenerator[AudioChunk, None]:
        yield sound
        await more.wait()
        yield sound

    size = 0
    async with asyncio.timeout(20), aclosing(engine.encode(made(), encoding)) as pieces:
        async for piece in pieces:
            size += len(piece)
            if size > 4000:
                more.set()
    assert more.is_set()


async def test_what_fails_in_the_making_fails_in_the_writing(engine: AvCodec) -> None:
    async def made() -> AsyncGenerator[AudioChunk, None]:
        yield tone(1.0)
        raise EngineError("the voice is hoarse")

    with pytest.raises(EngineError, match="hoarse"):
        async with aclosing(engine.encode(made(), "mp3")) as pieces:
            async for _ in pieces:
                pass


async def test_a_format_that_is_not_written_is_refused(engine: AvCodec) -> None:
    with pytest.raises(UnknownAudio, match="wma"):
        await anext(engine.encode(once(tone(0.1)), "wma"))


@pytest.mark.parametrize(("container", "encoder", "minutes"), [("flac", "flac", 120), ("ogg", "libopus", 10)])
async def test_t8_hours_of_silence_end_at_the_limit(
    engine: AvCodec, container: str, encoder: str, minutes: int
) -> None:
    bomb = written(container, encoder, 24_000 * 60 * minutes)
    assert len(bomb) < 1_000_000
    with pytest.raises(AudioTooLong):
        await read(engine, bomb, 60.0)


async def test_t8_a_length_that_the_file_does_not_tell_is_counted(engine: AvCodec) -> None:
    pieces = [piece async for piece in engine.encode(once(AudioChunk(bytes(48_000 * 90), AudioFormat(24_000))), "aac")]
    with pytest.raises(AudioTooLong):
        await read(engine, b"".join(pieces), 60.0)


async def test_t8_rates_and_channels_that_nothing_has_are_refused(engine: AvCodec) -> None:
    for bomb in (
        written("flac", "flac", 500_000, rate=500_000),
        written("matroska", "pcm_s16le", layout="hexadecagonal"),
    ):
        with pytest.raises(AudioError):
            await read(engine, bomb)


async def test_t8_a_file_that_is_cut_off_is_used_as_far_as_it_goes(engine: AvCodec) -> None:
    whole = written("ogg", "libopus", 24_000 * 10)
    assert 1.0 < await read(engine, whole[: len(whole) // 2]) < 9.9
    for cut in (b"", whole[:10], whole[:50]):
        with pytest.raises(AudioError):
            await read(engine, cut)


async def test_t8_what_names_other_files_is_no_sound(engine: AvCodec, tmp_path: Path) -> None:
    secret = tmp_path / "secret.flac"
    secret.write_bytes(written("flac", "flac"))
    for bomb in (
        f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {secret}\n",
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\na={secret}\n",
        f'<?xml version="1.0"?><MPD><Period><BaseURL>file://{secret}</BaseURL></Period></MPD>',
    ):
        with pytest.raises(UnknownAudio):
            await read(engine, bomb.encode())


async def test_t8_a_picture_or_a_film_is_no_sound(engine: AvCodec) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        stream: Any = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        out.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        out.mux(stream.encode(None))
    with pytest.raises(UnknownAudio):
        await read(engine, file.getvalue())


CONFINED = """
import runpy, sys
child = runpy.run_path(sys.argv[1])
child["_confine"](768, 1)
"""


def confined(then: str) -> subprocess.CompletedProcess[str]:
    """Return what becomes of a program that does something after it was confined."""
    command = [sys.executable, "-I", "-c", CONFINED + then, child.__file__]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "then",
    ["open('/etc/passwd')", "open('made', 'w')", "sys.modules['os'].pipe()", "sys.modules['os'].open('/', 0)"],
)
def test_t8_the_program_can_open_nothing(then: str) -> None:
    assert "Too many open files" in confined(then).stderr


def test_t8_the_program_cannot_take_all_memory() -> None:
    assert "MemoryError" in confined("bytearray(1 << 30)").stderr


async def test_t8_a_file_that_takes_for_ever_is_given_up() -> None:
    async with open_av(AvConfig(patience=0.001)) as engine:
        with pytest.raises(EngineTimeout):
            await read(engine, written("flac", "flac"))
    assert not children()


def test_t8_processor_time_is_bounded() -> None:
    assert confined("while True: pass").returncode == -signal.SIGXCPU


async def test_a_reader_that_leaves_leaves_no_process_behind(engine: AvCodec) -> None:
    async with aclosing(engine.decode(written("flac", "flac", 24_000 * 50), 60.0)) as chunks:
        await anext(chunks)
        assert len(children()) == 1
    assert not children()


def test_who_is_cancelled_again_while_the_process_ends_leaves_nothing_open() -> None:
    async def main() -> None:
        async with open_av(AvConfig()) as engine:
            reading, began = engine.decode(written("flac", "flac", 24_000 * 50), 60.0), asyncio.Event()

            async def read_a_little() -> None:
                async with aclosing(reading):
                    await anext(reading)
                    began.set()
                    await asyncio.Event().wait()

            task = asyncio.create_task(read_a_little())
            await began.wait()
            for _ in range(3):
                task.cancel()
                await asyncio.sleep(0)
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    gc.collect()  # what was left open says so, and every warning is an error
    assert not children()


def children() -> list[str]:
    """Return the processes that this one has started, and are there."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_the_limits_of_this_process_are_as_they_were() -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0

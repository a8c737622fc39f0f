"""`/v1/audio/…`: a recording as text, text as sound, with OpenAI's own library and without."""

import asyncio
import base64
import io
import json
import struct
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import openai
import pytest
from openai import AsyncOpenAI

from assistant import AudioFormat, Capabilities, EngineConfig, EngineError, Kind, Priority, TimedText, Transcript, Voice
from assistant.config import HttpConfig
from assistant.config.doors import AliasConfig
from assistant.events import EventBus
from assistant.http.app import make_app, serve
from assistant.http.openai import audio
from assistant.models.pool import Model, Pool
from assistant.serving import Hearing, Names, Sounds, Speaking
from assistant.testing import FakeCodec, FakeStt, FakeTts, fake_spec, tone
from assistant.wav import decode_wav, wav_header

KEY = "a key of the tests"
ABLE = Capabilities(languages=("en", "de"), times=True, translates=True, parallel=2)
JOE = Capabilities(voices=(Voice("joe", "en-US"), Voice("mary", "en-GB")))
LONGEST = 60.0


@dataclass
class Served:
    """The door, what is behind it, and who knocks."""

    http: aiohttp.ClientSession
    openai: AsyncOpenAI
    pool: Pool
    stt: FakeStt = field(default_factory=FakeStt)
    tts: FakeTts = field(default_factory=FakeTts)

    async def send(self, file: bytes, path: str = "transcriptions", **fields: str) -> tuple[int, str]:
        """Send a form with a file and return what came."""
        form = aiohttp.FormData(fields)
        form.add_field("file", io.BytesIO(file), filename="sound", content_type="application/octet-stream")
        async with self.http.post(f"/v1/audio/{path}", data=form) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def serving(stt: Any, tts: Any, codec: Any = None, queue: int = 4) -> AsyncGenerator[Served, None]:
    """Serve a recogniser that can everything, one that can little, and a voice."""
    models = {
        "ears": Model("ears", fake_spec("fake", Kind.STT, stt), EngineConfig(), ABLE),
        "dull": Model("dull", fake_spec("fake", Kind.STT, FakeStt()), EngineConfig(), Capabilities(("en",))),
        "mouth": Model("mouth", fake_spec("fake", Kind.TTS, tts), EngineConfig(), JOE),
    }
    if codec is not None:
        able = Capabilities(encodings=("mp3", "opus"))
        models["codec"] = Model("codec", fake_spec("fake", Kind.CODEC, codec), EngineConfig(), able)
    pool = Pool(models, lambda config: config)
    sounds = Sounds(pool, LONGEST)
    names = Names(pool.status, {"whisper-1": AliasConfig(model="ears")})
    routes = audio.routes(Hearing(pool, names, sounds, queue, 20.0), Speaking(pool, names, sounds, 4, 20.0))
    config = HttpConfig(port=0, key=KEY)
    try:
        async with (
            serve(make_app(config, EventBus(), dict, {}, routes), config) as port,
            aiohttp.ClientSession(
                url := f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {KEY}"}
            ) as session,
            AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client,
        ):
            yield Served(session, client, pool, stt, tts)
    finally:
        await pool.close()


@pytest.fixture
async def door() -> AsyncGenerator[Served, None]:
    """Serve engines without a script."""
    async with serving(FakeStt(), FakeTts()) as served:
        yield served


def wav(seconds: float = 1.0, rate: int = 16_000) -> bytes:
    """Return a file with a tone in it."""
    return wav_header(AudioFormat(rate)) + tone(seconds).audio


SAID = Transcript(
    "Turn it on. Now.",
    "en",
    segments=(TimedText("Turn it on.", 0.0, 1.5), TimedText("Now --> then.", 3661.25, 3662.0)),
    words=(TimedText("Turn", 0.0, 0.4), TimedText("it", 0.4, 0.6)),
)


async def test_openais_library_has_a_recording_written_down(door: Served) -> None:
    door.stt.script = ["What time is it?"]
    answer = await door.openai.audio.transcriptions.create(
        model="whisper-1", file=("question.wav", wav(2.0)), language="en", prompt="Rayleigh", temperature=0.2
    )
    assert answer.text == "What time is it?"
    assert answer.usage is not None and answer.usage.type == "duration" and answer.usage.seconds == 2.0
    [options] = door.stt.options
    assert (options.language, options.prompt, options.temperature, options.translate) == ("en", "Rayleigh", 0.2, False)
    assert door.stt.heard == [2.0]


async def test_openais_library_reads_the_times_of_words_and_segments(door: Served) -> None:
    door.stt.script = [[SAID]]
    answer = await door.openai.audio.transcriptions.create(
        model="ears",
        file=("question.wav", wav()),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert answer.text == SAID.text and answer.language == "en" and float(answer.duration) == 1.0
    assert answer.words is not None and [(w.word, w.start, w.end) for w in answer.words] == [
        ("Turn", 0.0, 0.4),
        ("it", 0.4, 0.6),
    ]
    assert answer.segments is not None and [s.end for s in answer.segments] == [1.5, 3662.0]
    assert door.stt.options[0].words


async def test_openais_library_reads_how_sure_a_model_is_of_a_segment(door: Served) -> None:
    told = TimedText("Turn it on.", 1.25, 1.5, (3205, 340), logprob=-0.5, no_speech=0.25, compression=1.5)
    door.stt.script = [[Transcript("Turn it on. No, no, no.", segments=(told, TimedText("No, no, no.", 2.0, 3.0)))]]
    answer = await door.openai.audio.transcriptions.create(
        model="ears", file=("question.wav", wav()), response_format="verbose_json", temperature=0.4
    )
    assert answer.segments is not None
    knows, silent = answer.segments
    assert (knows.seek, knows.tokens, knows.temperature) == (125, [3205, 340], 0.4)
    assert (knows.avg_logprob, knows.no_speech_prob, knows.compression_ratio) == (-0.5, 0.25, 1.5)
    assert (silent.seek, silent.tokens, silent.temperature) == (200, [], 0.4)
    assert (silent.avg_logprob, silent.no_speech_prob) == (0.0, 0.0)
    assert silent.compression_ratio == len(b"No, no, no.") / len(zlib.compress(b"No, no, no."))
    defined = openai.types.audio.TranscriptionSegment.model_fields
    assert all(one.model_fields_set == defined.keys() for one in answer.segments)


async def test_openais_library_reads_a_transcript_as_it_grows(door: Served) -> None:
    door.stt.script = [[Transcript("One", final=False), Transcript("One two", final=False), Transcript("One two 3")]]
    stream = await door.openai.audio.transcriptions.create(model="ears", file=("a.wav", wav()), stream=True)
    events = [event async for event in stream]
    assert [event.delta for event in events if event.type == "transcript.text.delta"] == ["One", " two", " 3"]
    assert events[-1].type == "transcript.text.done" and events[-1].text == "One two 3"
    assert events[-1].usage is None, "the library reads `input_tokens` of it"


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
async def test_openais_library_has_a_recording_translated(door: Served) -> None:
    door.stt.script = ["Good day."]
    answer = await door.openai.audio.translations.create(model="ears", file=("gruss.wav", wav()))
    assert answer.text == "Good day." and door.stt.options[0].translate


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("text", "Turn it on. Now.\n"),
        (
            "srt",
            "1\n00:00:00,000 --> 00:00:01,500\nTurn it on.\n\n2\n01:01:01,250 --> 01:01:02,000\nNow -> then.\n\n",
        ),
        (
            "vtt",
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nTurn it on.\n\n01:01:01.250 --> 01:01:02.000\nNow -> then.\n\n",
        ),
    ],
)
async def test_a_transcript_is_written_as_it_is_asked_for(door: Served, form: str, shown: str) -> None:
    door.stt.script = [[SAID]]
    assert await door.send(wav(), response_format=form) == (200, shown)


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"model": "nobody"}, 404, "model_not_found"),
        ({"model": "dull", "response_format": "srt"}, 400, "tells no times"),
        ({"model": "dull", "language": "fr"}, 400, "does not know 'fr'"),
        ({"temperature": "hot"}, 400, "temperature"),
        ({"temperature": "2"}, 400, "temperature"),
        ({"response_format": "xml"}, 400, "response_format"),
        ({"stream": "true", "response_format": "vtt"}, 400, "stream"),
        ({"timestamp_granularities[]": "word"}, 400, "timestamp_granularities"),
        ({"prompt": "x" * 20_000}, 413, "prompt"),
    ],
)
async def test_what_cannot_be_done_is_said(door: Served, fields: dict[str, str], status: int, told: str) -> None:
    got, text = await door.send(wav(), **fields)
    assert got == status and told in text and set(json.loads(text)["error"]) == {"message", "type", "param", "code"}
    assert not door.stt.heard


async def test_a_model_that_does_not_translate_says_so(door: Served) -> None:
    status, text = await door.send(wav(), "translations", model="dull")
    assert status == 400 and "does not translate" in text


async def test_a_form_without_a_file_or_no_form_at_all_is_refused(door: Served) -> None:
    async with door.http.post("/v1/audio/transcriptions", data=aiohttp.FormData({"model": "ears"})) as answer:
        assert answer.status in (400, 415)
    async with door.http.post("/v1/audio/transcriptions", json={"file": "x"}) as answer:
        assert answer.status == 415


async def test_t8_a_header_that_claims_4_gib_is_read_as_far_as_it_goes(door: Served) -> None:
    sound = tone(0.5).audio
    head = wav_header(AudioFormat(16_000))
    status, _ = await door.send(head[:-4] + struct.pack("<I", 0xFFFFFFFE) + sound)
    assert status == 200 and door.stt.heard == [0.5]


async def test_t8_sound_that_lasts_too_long_is_refused_before_it_is_heard(door: Served) -> None:
    status, text = await door.send(wav_header(AudioFormat(4_000, 1)) + bytes(4_000 * 61))
    assert status == 413 and "audio_too_long" in text and not door.stt.heard


@pytest.mark.parametrize(
    "form", [AudioFormat(768_000), AudioFormat(16_000, 2, 255), AudioFormat(1), AudioFormat(2**32 - 1)]
)
async def test_t8_rates_and_channels_that_nothing_has_are_refused(door: Served, form: AudioFormat) -> None:
    head = bytearray(wav_header(AudioFormat(16_000)))
    head[22:36] = struct.pack("<HIIHH", form.channels, form.rate, 0, form.frame, form.width * 8)
    status, _ = await door.send(bytes(head) + bytes(form.frame * 1000))
    assert status in (400, 413) and not door.stt.heard


async def test_t8_floats_that_are_no_numbers_are_silence(door: Served) -> None:
    head = bytearray(wav_header(AudioFormat(16_000, 4)))
    head[20:22] = struct.pack("<H", 3)
    status, _ = await door.send(bytes(head) + struct.pack("<f", float("nan")) * 16_000)
    assert status == 200 and door.stt.heard == [1.0]


@pytest.mark.parametrize("file", [b"", b"RIFF", wav()[:20], wav_header(AudioFormat(16_000)), b"\0" * 1000])
async def test_t8_a_file_without_sound_is_refused(door: Served, file: bytes) -> None:
    status, _ = await door.send(file)
    assert status in (400, 415) and not door.stt.heard


async def test_t7_a_file_of_more_than_25_mb_is_refused(door: Served) -> None:
    status, text = await door.send(bytes(25_000_001))
    assert status == 413 and "25000000" in text


async def test_openais_library_has_a_text_spoken(door: Served) -> None:
    answer = await door.openai.audio.speech.create(
        model="mouth", voice="alloy", input="Dr. Smith is here. Is he early?", response_format="wav", speed=1.5
    )
    sound = decode_wav(answer.content)
    assert sound.format == AudioFormat(24_000) and sound.duration == pytest.approx(0.7, abs=0.01)
    assert len(door.tts.said) == 2 and answer.response.headers["Content-Type"] == "audio/wav"


async def test_openais_library_gets_sound_while_it_is_made(door: Served) -> None:
    async with door.openai.audio.speech.with_streaming_response.create(
        model="mouth", voice="mary", input="One thing. Another thing.", response_format="pcm"
    ) as answer:
        size = sum([len(piece) async for piece in answer.iter_bytes()])
    assert AudioFormat(24_000).seconds(size) == pytest.approx(0.4, abs=0.01)


async def test_speech_comes_as_events(door: Served) -> None:
    body = {"input": "One thing.", "voice": "joe", "response_format": "pcm", "stream_format": "sse"}
    async with door.http.post("/v1/audio/speech", json=body) as answer:
        lines = (await answer.text()).strip().split("\n\n")
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    sound = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert AudioFormat(24_000).seconds(len(sound)) == pytest.approx(0.2, abs=0.01)
    assert events[-1]["type"] == "speech.audio.done"


@pytest.mark.parametrize(
    ("more", "status", "told"),
    [
        ({"model": "tts-1"}, 404, "model_not_found"),
        ({"voice": "nobody"}, 400, "joe, mary"),
        ({"speed": 5}, 400, "speed"),
        ({"speed": None}, 400, "speed"),
        ({"input": ""}, 400, "input"),
        ({"input": "x" * 4097}, 400, "input"),
        ({"response_format": "mp3"}, 415, "pip install inglenook-av"),
        ({}, 415, "pip install inglenook-av"),
    ],
)
async def test_speech_that_cannot_be_had_is_told(door: Served, more: dict[str, Any], status: int, told: str) -> None:
    async with door.http.post("/v1/audio/speech", json={"input": "Hello there.", **more}) as answer:
        assert answer.status == status and told in await answer.text()


async def test_a_voice_that_fails_has_a_status_of_its_own_and_is_free_again(door: Served) -> None:
    door.tts.fails = EngineError("it is hoarse")
    with pytest.raises(openai.InternalServerError, match="hoarse"):
        await door.openai.audio.speech.create(model="mouth", voice="joe", input="Hello.", response_format="wav")
    answer = await door.openai.audio.speech.create(model="mouth", voice="joe", input="Hi.", response_format="wav")
    assert len(answer.content) > 44


async def test_t27_a_reader_that_leaves_frees_the_voice(door: Served) -> None:
    door.tts.fails = 30.0
    body = {"input": "Hello there.", "response_format": "wav"}
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3), door.http.post("/v1/audio/speech", json=body):
            pass
    door.tts.fails = None
    async with asyncio.timeout(10), door.http.post("/v1/audio/speech", json=body) as answer:
        assert answer.status == 200 and len(await answer.read()) > 44


async def test_voices_and_models_are_listed(door: Served) -> None:
    async with door.http.get("/v1/audio/voices") as answer:
        assert [voice["id"] for voice in (await answer.json())["voices"]] == ["joe", "mary"]
    async with door.http.get("/v1/audio/models") as answer:
        assert {model["id"] for model in (await answer.json())["models"]} == {"ears", "dull", "mouth", "whisper-1"}


async def test_a_model_in_the_path_goes_before_that_of_the_form(door: Served) -> None:
    form = aiohttp.FormData({"model": "ears", "response_format": "srt"})
    form.add_field("file", io.BytesIO(wav()), filename="a.wav")
    async with door.http.post("/models/dull/v1/audio/transcriptions", data=form) as answer:
        assert answer.status == 400 and "dull" in await answer.text()


async def test_other_formats_are_read_and_written_where_there_is_a_codec() -> None:
    async with serving(FakeStt(["Hello."]), FakeTts(), FakeCodec()) as door:
        heard = await door.openai.audio.transcriptions.create(model="ears", file=("a.mp3", b"FAKE " + bytes(32_000)))
        assert heard.text == "Hello." and door.stt.heard == [1.0]
        said = await door.openai.audio.speech.create(model="mouth", voice="joe", input="Hello there.")
        assert said.content.startswith(b"FAKEmp3 ") and said.response.headers["Content-Type"] == "audio/mpeg"
        for form, status in ((b"FAKE " + bytes(32_000 * 61), 413), (b"nothing", 415)):
            assert (await door.send(form))[0] == status
        async with door.http.post("/v1/audio/speech", json={"input": "Hi.", "response_format": "aac"}) as answer:
            assert answer.status == 415


async def test_without_a_codec_other_formats_name_the_plugin_that_reads_them(door: Served) -> None:
    status, text = await door.send(b"ID3" + bytes(1000))
    assert status == 415 and "pip install inglenook-av" in text


async def test_recordings_leave_a_place_to_whoever_speaks_into_a_microphone() -> None:
    async with serving(FakeStt([30.0]), FakeTts(), queue=1) as door:
        first = asyncio.create_task(door.send(wav(), model="ears"))
        while not door.stt.heard:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(door.send(wav(), model="ears"))
        await asyncio.sleep(0.1)
        assert len(door.stt.heard) == 1, "a second recording takes the last place"
        async with asyncio.timeout(5), door.pool.lease("ears", Priority.VOICE):
            pass
        status, text = await door.send(wav(), model="ears")
        assert status == 429 and "rate_limit_exceeded" in text
        for task in (first, second):
            task.cancel()
        await asyncio.wait({first, second})
        async with asyncio.timeout(10):
            while (await door.send(wav(), model="ears"))[0] != 200:
                await asyncio.sleep(0.05)

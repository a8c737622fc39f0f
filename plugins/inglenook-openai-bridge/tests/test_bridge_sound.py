"""Servers that hear and speak: as they should, and as they should not."""

import asyncio
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from bridge_trial import SPECS, wav

from assistant import (
    SPEECH,
    AudioChunk,
    AudioError,
    AudioFormat,
    AudioTooLong,
    EngineBusy,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    Kind,
    Provider,
    ProviderConfig,
    SttOptions,
    TimedText,
    Transcript,
    UnfitRequest,
    Voice,
    once,
)
from assistant.testing import check_stt, check_tts, page, scripted_server, tone

Step = bytes | float
OPENAI = SPECS["openai"]
QUICK = {"parameters": {"timeout": 0.3}}
PCM = AudioFormat(24_000)
SECOND = b"\x10\x20" * 24_000
WAV = wav()
SLOWLY: list[Step] = [b" ", 0.1] * 600
SPOKEN = tone(1.0)


def at(port: int | None, **more: Any) -> Provider:
    section = {"type": "openai", "endpoint": f"http://127.0.0.1:{port}/v1", "api_key": "a-secret", **more}
    config = msgspec.convert(section, ProviderConfig)
    return Provider("pc", config.endpoint, config)


@asynccontextmanager
async def engine(provider: Provider, model: str) -> AsyncIterator[Any]:
    async with OPENAI.open(provider, OPENAI.describe(provider, model)) as opened:
        yield opened


async def heard(provider: Provider, options: SttOptions | None = None, model: str = "whisper-1") -> Transcript:
    async with engine(provider, model) as stt:
        [transcript] = [each async for each in stt.transcribe(once(SPOKEN), options or SttOptions())]
        assert isinstance(transcript, Transcript)
        return transcript


async def spoken(provider: Provider, text: str = "Hello.", voice: Voice | None = None) -> list[AudioChunk]:
    async with engine(provider, "tts-1") as tts:
        return [chunk async for chunk in tts.speak(once(text), voice or Voice())]


def sound(*pieces: Step, type_: str = "audio/wav") -> list[Step]:
    """Return an answer that goes on until the connection is closed."""
    return [f"HTTP/1.1 200 OK\r\nContent-Type: {type_}\r\nConnection: close\r\n\r\n".encode(), *pieces]


async def failure(script: Sequence[Step], asking: Any, **more: Any) -> EngineError:
    """Return what comes of a request to which a server answers so."""
    async with scripted_server(script) as server:
        with pytest.raises(EngineError, match="provider pc") as caught:
            async with asyncio.timeout(30):  # not a benchmark: it would hang
                await asking(at(server.port, **more))
    assert caught.value.hint
    assert "a-secret" not in str(caught.value) + caught.value.hint
    return caught.value


class Sounding:
    """A server as OpenAI describes it: forms in, JSON out; JSON in, WAV out."""

    def __init__(self) -> None:
        self.forms: list[dict[str, Any]] = []
        self.files: list[AudioChunk] = []
        self.bodies: list[dict[str, Any]] = []
        self.app = web.Application()
        self.app.router.add_post("/v1/audio/transcriptions", self._hear)
        self.app.router.add_post("/v1/audio/speech", self._speak)

    async def _hear(self, request: web.Request) -> web.Response:
        fields = await request.post()
        file = fields["file"]
        assert isinstance(file, web.FileField) and file.content_type == "audio/wav"
        with wave.open(file.file, "rb") as sent:
            form = AudioFormat(sent.getframerate(), sent.getsampwidth(), sent.getnchannels())
            self.files.append(AudioChunk(sent.readframes(sent.getnframes()), form))
        self.forms.append({key: fields.getall(key) for key in fields if key != "file"})
        told: dict[str, Any] = {"text": " Turn on\nthe lamp. "}
        if fields["response_format"] == "verbose_json":
            told |= {
                "language": "german",
                "segments": [{"id": 0, "start": 0, "end": 0.9, "text": " Turn on the lamp."}],
            }
            told |= {"words": [{"word": "Turn", "start": 0.1, "end": 0.2}]}
        return web.json_response(told)

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        response = web.StreamResponse(headers={"Content-Type": "audio/wav"})
        await response.prepare(request)
        for piece in (WAV[:7], WAV[7:] + SECOND[:4801], SECOND[4801:]):
            await response.write(piece)
        return response


@asynccontextmanager
async def sounding(**more: Any) -> AsyncIterator[tuple[Sounding, Provider]]:
    there = Sounding()
    async with TestServer(there.app) as server:
        yield there, at(server.port, **more)


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe"])
async def test_the_contract_of_ears(model: str) -> None:
    async with sounding() as (_, provider), engine(provider, model) as stt:
        assert (await check_stt(stt, [tone(0.01)] * 50)).text == "Turn on the lamp."


async def test_the_contract_of_voices() -> None:
    async with sounding() as (there, provider), engine(provider, "tts-1") as tts:
        chunks = await check_tts(tts)
    assert b"".join(chunk.audio for chunk in chunks) == SECOND and chunks[0].format == PCM
    assert there.bodies[0] == {
        "model": "tts-1",
        "input": "Hello there. How are you?",
        "voice": "alloy",
        "response_format": "wav",
    }


async def test_what_is_sent_to_be_heard_and_what_is_told_of_it() -> None:
    segment = (TimedText("Turn on the lamp.", 0.0, 0.9),)
    async with sounding() as (there, provider):
        assert await heard(provider) == Transcript("Turn on the lamp.", "de", segments=segment)
        options = SttOptions("en-GB", "Inglenook", words=True, temperature=0.5)
        words = (TimedText("Turn", 0.1, 0.2),)
        assert await heard(provider, options) == Transcript("Turn on the lamp.", "en-GB", True, segment, words)
        assert await heard(provider, model="gpt-4o-transcribe") == Transcript("Turn on the lamp.")
    assert there.files[0].audio == SPOKEN.audio and there.files[0].format == SPEECH
    assert there.forms == [
        {"model": ["whisper-1"], "response_format": ["verbose_json"]},
        {
            "model": ["whisper-1"],
            "response_format": ["verbose_json"],
            "language": ["en"],
            "prompt": ["Inglenook"],
            "temperature": ["0.5"],
            "timestamp_granularities[]": ["segment", "word"],
        },
        {"model": ["gpt-4o-transcribe"], "response_format": ["json"]},
    ]


@pytest.mark.parametrize(
    "segments",
    [[{"start": 0, "end": 9640000000, "text": "Yes."}], [{"start": -1, "end": 0}], [{"start": 0.9, "end": 0.1}], None],
)
async def test_times_that_are_none_are_left_out(segments: Any) -> None:
    told = msgspec.json.encode({"text": "Yes.", "language": "en", "segments": segments})
    async with scripted_server(page("200 OK", told)) as server:
        assert await heard(at(server.port)) == Transcript("Yes.", "en")


async def test_what_no_server_takes() -> None:
    async with scripted_server([]) as server, engine(at(server.port), "whisper-1") as stt:
        for audio, options, error in (
            (SPOKEN, SttOptions(translate=True), UnfitRequest),
            (AudioChunk(b"", AudioFormat(44_100)), SttOptions(), AudioError),
            (AudioChunk(bytes(25_000_000), SPEECH), SttOptions(), AudioTooLong),
        ):
            with pytest.raises(error):
                await anext(stt.transcribe(once(audio), options))
        assert not server.heard


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (page("401 No"), EngineUnavailable, "does not accept the key"),
        (
            page("404 Gone", b'{"error": {"message": "no model whisper-1"}}'),
            EngineUnavailable,
            "has no model whisper-1",
        ),
        (page("400 Bad", b'{"error": {"message": "too short"}}'), UnfitRequest, "too short"),
        (page("429 Too Many"), EngineBusy, "is busy"),
        (page("200 OK", b"<html>Welcome</html>", "text/html"), EngineError, "answered with text/html"),
        (page("200 OK", b"Turn on the lamp", "text/plain"), EngineError, "answered with text/plain"),
        (page("200 OK", b"{"), EngineError, "not as a server of models does"),
        (page("200 OK", b'{"text": 7}'), EngineError, "not as a server of models does"),
        (page("200 OK", b'{"segments": []}'), EngineError, "not as a server of models does"),
        (page("200 OK", b'{"text": "a", "segments": [{"start": -1, "end": 1e999}]}'), EngineError, "not as a server"),
        (page("200 OK", b"[" * 70_000), EngineError, "not as a server of models does"),
        (page("200 OK", b'{"text": "' + b"la " * 99_000 + b'"}'), EngineError, "sent more than"),
        (sound(b'{"text": "Tur', type_="application/json"), EngineError, "not as a server of models does"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"], EngineError, "broke the connection off"),
        ([], EngineError, "broke the connection off"),
    ],
)
async def test_an_answer_that_is_no_transcript(script: Sequence[Step], kind: type[EngineError], words: str) -> None:
    failed = await failure(script, heard)
    assert type(failed) is kind and words in str(failed)


@pytest.mark.parametrize(
    "script", [[600.0], sound(600.0, type_="application/json"), sound(b"{", *SLOWLY, type_="application/json")]
)
async def test_ears_that_stall(script: Sequence[Step]) -> None:
    assert isinstance(await failure(script, heard, **QUICK), EngineTimeout)


@pytest.mark.parametrize(
    ("script", "audio"),
    [
        (sound(wav(size=len(SECOND)), SECOND, b"LIST\x04\x00\x00\x00abcd"), SECOND),
        (sound(wav(size=0), SECOND), SECOND),
        (sound(wav() + SECOND[:1000]), SECOND[:1000]),
        (sound(wav() + SECOND + b"\x00"), SECOND),
        (sound(wav(size=100) + SECOND[:100]), SECOND[:100]),
        (sound(wav(size=480), SECOND[:480], 600.0), SECOND[:480]),
        (sound(wav(channels=2, bits=24) + SECOND), SECOND),
        (sound(SECOND, type_="audio/pcm; rate=24000"), SECOND),
        (sound(wav() + SECOND, type_="audio/pcm"), SECOND),
        (sound(wav() + SECOND, type_="application/octet-stream"), SECOND),
    ],
    ids="size,none,short,half a frame,tiny,not closed,24 bit,bare,named otherwise,unnamed".split(","),  # noqa: SIM905
)
async def test_sound_as_servers_send_it(script: Sequence[Step], audio: bytes) -> None:
    async with scripted_server(script) as server:
        chunks = await spoken(at(server.port))
    assert b"".join(chunk.audio for chunk in chunks) == audio


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (page("200 OK", b"<html>Welcome</html>", "text/html"), "answered with text/html"),
        (page("200 OK", b'{"error": "none"}'), "answered with application/json"),
        (page("200 OK", b"ID3\x04" + bytes(999), "audio/mpeg"), "answered with audio/mpeg"),
        (sound(b"RIFF\x00\x00\x00\x00AVI " + bytes(99)), "no WAV"),
        (sound(wav(tag=3, bits=32) + SECOND), "WAV of 32 bit in format 0x3"),
        (sound(wav(bits=8) + SECOND), "WAV of 8 bit"),
        (sound(wav(rate=1) + SECOND), "WAV of 1 Hz"),
        (sound(wav(channels=9) + SECOND), "9 channels"),
        (sound(b"RIFF\x00\x00\x00\x00WAVEdata\x00\x00\x00\x00" + SECOND), "without a format"),
        (sound(b"RIFF\x00\x00\x00\x00WAVE" + b"junk\x00\x00\x00\x00" * 9999), "without sound"),
        (sound(b"RIFF\x00\x00\x00\x00WAVEjunk\xff\xff\xff\xff" + SECOND), "without sound"),
        (sound(wav()), "broke its reply off"),
        (sound(wav()[:30]), "broke its reply off"),
        (sound(), "broke its reply off"),
        (sound(wav(size=len(SECOND)) + SECOND[:9000]), "broke its reply off"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\nContent-Type: audio/wav\r\n\r\n" + WAV + SECOND], "broke the"),
        (sound(wav(), *[SECOND] * 60), "sent more than"),
        (sound(wav(rate=8000), *[SECOND] * 60), "sent more than"),
        (page("200 OK", b"\x1f\x8b", "audio/wav", "Content-Encoding: gzip"), "packs its answers"),
        (page("503 Loading"), "is busy"),
    ],
)
async def test_an_answer_that_is_no_speech(script: Sequence[Step], words: str) -> None:
    assert words in str(await failure(script, spoken))


@pytest.mark.parametrize(
    "script",
    [[600.0], sound(600.0), sound(WAV[:20], 600.0), sound(WAV + SECOND, 600.0), sound(WAV, *SLOWLY)],
    ids=["silent", "no header", "half a header", "some sound", "byte by byte"],
)
async def test_a_voice_that_stalls(script: Sequence[Step]) -> None:
    assert isinstance(await failure(script, spoken, **QUICK), EngineTimeout)


async def test_what_is_heard_comes_at_once_and_who_leaves_closes_the_connection() -> None:
    async with scripted_server(sound(WAV + SECOND[:4800], 600.0)) as server:
        async with engine(at(server.port), "tts-1") as tts, aclosing(tts.speak(once("Hello."), Voice())) as said:
            assert (await anext(said)).audio == SECOND[:4800]
        async with asyncio.timeout(30):
            await server.left.wait()


async def test_a_server_need_not_wait_for_the_loudspeaker() -> None:
    sent = asyncio.Event()

    async def speak(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "audio/wav"})
        await response.prepare(request)
        await response.write(WAV)
        for _ in range(25):  # more than lies in the sockets of a connection
            await response.write(SECOND * 8)
        sent.set()
        return response

    app = web.Application()
    app.router.add_post("/v1/audio/speech", speak)
    async with (
        TestServer(app) as server,
        engine(at(server.port), "tts-1") as tts,
        aclosing(tts.speak(once("word " * 60), Voice())) as said,
    ):
        first = await anext(said)
        async with asyncio.timeout(30):
            await sent.wait()
        assert first.duration + sum([chunk.duration async for chunk in said]) == pytest.approx(200)


@pytest.mark.parametrize("speed", [0.0, 0.2, 5.0])
async def test_a_speed_that_nobody_speaks_at(speed: float) -> None:
    async with scripted_server([]) as server:
        with pytest.raises(UnfitRequest, match="times its pace"):
            await spoken(at(server.port), voice=Voice(speed=speed))
        assert not server.heard


@pytest.mark.parametrize(
    ("told", "tag"),
    [("english", "en"), ("English", "en"), ("de", "de"), ("en-US", "en"), ("jw", "jv"), ("klingon", ""), ("", "")],
)
async def test_languages_as_servers_name_them(told: str, tag: str) -> None:
    answer = page("200 OK", msgspec.json.encode({"text": "Yes.", "language": told}))
    async with scripted_server(answer) as server:
        assert (await heard(at(server.port))).language == tag


@pytest.mark.parametrize(("tag", "code"), [("de-CH", "de"), ("nb", "no"), ("pt_BR", "pt")])
async def test_languages_as_servers_are_told_them(tag: str, code: str) -> None:
    async with sounding() as (there, provider):
        await heard(provider, SttOptions(tag))
    assert there.forms[0]["language"] == [code]


async def test_who_is_cancelled_closes_the_connection() -> None:
    for asking in (heard, spoken):
        async with scripted_server([600.0]) as server:
            asked = asyncio.create_task(asking(at(server.port)))
            async with asyncio.timeout(30):
                while not server.heard:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                asked.cancel()
                await server.left.wait()
            await asyncio.wait({asked})
            assert asked.cancelled()


def listing(voices: bytes, status: str = "200 OK") -> Any:
    models = (
        b'{"data": [{"id": "qwen3-8b"}, {"id": "Systran/faster-whisper-small.en"}, {"id": "parakeet-tdt-0.6b"}, '
        b'{"id": "hexgrad/Kokoro-82M"}, {"id": "gpt-4o-mini-tts"}, {"id": "gpt-4o-transcribe"}, '
        b'{"id": "gpt-realtime"}]}'
    )
    return lambda path: page(status, voices) if path.endswith("voices") else page("200 OK", models)


async def test_what_a_server_lists_and_its_voices() -> None:
    told = b'{"voices": ["af_heart", {"id": "ana", "language": "es", "model": "gpt-4o-mini-tts"}, 7, {"id": ""}, {}]}'
    async with scripted_server(listing(told)) as server:
        found = {model.name: model for model in await OPENAI.models(at(server.port))}
    assert {name: model.kind for name, model in found.items()} == {
        "qwen3-8b": Kind.CHAT,
        "Systran/faster-whisper-small.en": Kind.STT,
        "parakeet-tdt-0.6b": Kind.STT,
        "hexgrad/Kokoro-82M": Kind.TTS,
        "gpt-4o-mini-tts": Kind.TTS,
        "gpt-4o-transcribe": Kind.STT,
    }
    small = found["Systran/faster-whisper-small.en"].capabilities
    assert small.languages == ("en",) and small.times and not found["parakeet-tdt-0.6b"].capabilities.times
    assert found["hexgrad/Kokoro-82M"].capabilities.voices == (Voice("af_heart"),)
    assert found["gpt-4o-mini-tts"].capabilities.voices == (Voice("af_heart"), Voice("ana", "es"))


@pytest.mark.parametrize(
    ("voices", "status"),
    [(b"{}", "404 Gone"), (b"{}", "401 No"), (b"[7, null]", "200 OK"), (b'{"voices": 7}', "200 OK"), (b"{", "200 OK")],
)
async def test_a_server_that_lists_no_voices_speaks_all_the_same(voices: bytes, status: str) -> None:
    async with scripted_server(listing(voices, status)) as server:
        found = {model.name: model for model in await OPENAI.models(at(server.port))}
    assert found["gpt-4o-mini-tts"].capabilities.voices == ()


async def test_which_voice_speaks() -> None:
    told = b'{"voices": [{"id": "joe", "language": "en-US"}, {"id": "ana", "language": "es_ES"}]}'

    def script(path: str) -> Sequence[Step]:
        steps: Sequence[Step] = listing(told)(path) if "speech" not in path else sound(WAV + SECOND)
        return steps

    async with scripted_server(script) as server:
        provider = at(server.port)
        [model] = [each for each in await OPENAI.models(provider) if each.name == "gpt-4o-mini-tts"]
        assert model.capabilities.languages == ("en-US", "es_ES")
        async with OPENAI.open(provider, model) as tts:
            for voice in (Voice(), Voice(language="es-MX"), Voice(language="fr"), Voice("ana", "en", speed=1.5)):
                assert [chunk async for chunk in tts.speak(once("Hello."), voice)]
        asked = [msgspec.json.decode(each.body) for each in server.heard if "speech" in each.path]
    assert [body["voice"] for body in asked] == ["joe", "ana", "joe", "ana"]
    assert [body.get("speed") for body in asked] == [None, None, None, 1.5]

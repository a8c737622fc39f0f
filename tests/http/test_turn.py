"""`/api/turn` and `/api/audio/`: an assistant asked by a program, and recordings and voices for scripts."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from assistant import (
    AudioFormat,
    Capabilities,
    EngineError,
    ImagePart,
    Kind,
    Priority,
    TextPart,
    Voice,
    hookimpl,
)
from assistant.access import Scope
from assistant.assembly import Assembly, assemble
from assistant.config import load
from assistant.engines import AnySpec
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.pipeline.turn import Turn
from assistant.plugins import Plugins
from assistant.testing import FakeChat, FakeIntent, FakeStt, FakeTts, FakeTurn, fake_spec, tone
from assistant.wav import decode_wav, wav_header
from tests.pictures import png
from tests.running import CONFIG

KEY = "a key of the tests"


@dataclass
class House:
    """An assistant whose engines do as a script says, and who asks it."""

    stt: FakeStt = field(default_factory=FakeStt)
    tts: FakeTts = field(default_factory=FakeTts)
    chat: FakeChat = field(default_factory=lambda: FakeChat(pace=0.0))
    assembly: Assembly = field(init=False)
    session: aiohttp.ClientSession = field(init=False)

    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        able = Capabilities(languages=("en",), voices=(Voice("joe", "en-US"),))
        return [
            fake_spec("fake-stt", Kind.STT, self.stt, able),
            fake_spec("fake-tts", Kind.TTS, self.tts, able),
            fake_spec("fake-turn", Kind.TURN, FakeTurn()),
            fake_spec("fake-intent", Kind.INTENT, FakeIntent()),
            fake_spec("fake-chat", Kind.CHAT, self.chat, Capabilities(inputs=frozenset({"text", "image"}))),
        ]

    async def turn(self, key: str = KEY, **body: Any) -> list[tuple[str, Any]]:
        """Ask in writing and return the events."""
        async with self.session.post("/api/turn", json=body, headers=_headers(key)) as answer:
            assert answer.status == 200, await answer.text()
            return _events(await answer.text())


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _events(text: str) -> list[tuple[str, Any]]:
    pairs = (event.split("\n") for event in text.strip().split("\n\n"))
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in pairs]


def _form(file: bytes, name: str = "audio", **fields: str) -> aiohttp.FormData:
    form = aiohttp.FormData(fields)
    form.add_field(name, file, filename="question.wav")
    return form


def _wav(seconds: float = 1.0) -> bytes:
    return wav_header(AudioFormat(16_000)) + tone(seconds).audio


@pytest.fixture
async def house(home: Path) -> AsyncGenerator[House, None]:
    file = home / "assistant.yaml"
    file.write_text(CONFIG.replace("{port: 0}", f"{{port: 0, key: {KEY}}}"))
    house, plugins = House(), Plugins()
    plugins.add("fakes", lambda: house)
    loaded = load(file, {})
    config = loaded.config.http
    async with assemble(loaded, plugins) as house.assembly:
        app = make_app(config, house.assembly.events, dict, {}, doors(house.assembly), house.assembly.keys)
        async with (
            serve(app, config) as port,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=_headers(KEY)) as house.session,
        ):
            yield house


async def test_a_written_question_is_answered_in_words_and_sound(house: House) -> None:
    house.chat.script = ["By Rayleigh. He knew."]
    events = await house.turn(text="Why is the sky blue?")
    names = [name for name, _ in events]
    assert names[0] == "transcript" and names[-1] == "receipt"
    assert events[0][1]["text"] == "Why is the sky blue?" and events[0][1]["turn"] == events[-1][1]["turn"]
    assert "".join(data["text"] for name, data in events if name == "words") == "By Rayleigh. He knew."
    sound = b"".join(base64.b64decode(data["audio"]) for name, data in events if name == "sound")
    assert AudioFormat(24_000).seconds(len(sound)) == pytest.approx(0.4, abs=0.05)
    receipt = events[-1][1]
    assert receipt["outcome"] == "answered" and receipt["models"] == {"chat": "chat", "tts": "tts"}


async def test_a_spoken_question_is_answered(house: House) -> None:
    house.stt.script, house.chat.script = ["Why is the sky blue?"], ["By Rayleigh."]
    form = _form(_wav(2.0), format="wav", conversation="mine")
    async with house.session.post("/api/turn", data=form) as answer:
        events = _events(await answer.text())
    assert answer.headers["Content-Type"] == "text/event-stream" and house.stt.heard == [2.0]
    assert events[0][1]["text"] == "Why is the sky blue?" and events[0][1]["conversation"] == "mine"
    sound = b"".join(base64.b64decode(data["audio"]) for name, data in events if name == "sound")
    assert decode_wav(sound).duration == pytest.approx(0.2, abs=0.05)
    assert events[-1][1]["models"]["stt"] == "stt"


async def test_a_question_may_be_about_pictures(house: House) -> None:
    house.chat.script, picture = ["A red square."], png(20, 10)
    events = await house.turn(text="What is it?", images=[base64.b64encode(picture).decode()], sound=False)
    assert events[-1][0] == "receipt"
    image, words = house.chat.requests[0].messages[-1].parts
    assert isinstance(image, ImagePart) and image.image.data == picture and words == TextPart("What is it?")
    for wrong, status in (("nonsense!", 400), (base64.b64encode(b"GIF89a").decode(), 415)):
        async with house.session.post("/api/turn", json={"text": "Hm?", "images": [wrong]}) as answer:
            assert answer.status == status
    assert len(house.chat.requests) == 1


async def test_a_conversation_goes_on_under_its_name_and_its_key_only(house: House) -> None:
    guest = await house.assembly.keys.create("guest", [Scope.HOME])
    house.chat.script = ["One.", "Two.", "Three."]
    await house.turn(text="My name is Ada.", conversation="c", sound=False)
    await house.turn(text="What am I called?", conversation="c", sound=False)
    await house.turn(guest, text="What is she called?", conversation="c", sound=False)
    first, second, third = (
        [message.text for message in request.messages if message.role != "system"] for request in house.chat.requests
    )
    assert first == ["My name is Ada."] and second == ["My name is Ada.", "One.", "What am I called?"]
    assert third == ["What is she called?"] and not house.tts.said


async def test_only_the_owners_key_speaks_for_the_owner(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    people = list[str]()
    turn = house.assembly.turn

    def noted(assistant: str, *, priority: Priority, person: str) -> Turn:
        people.append(person)
        return turn(assistant, priority=priority, person=person)

    monkeypatch.setattr(house.assembly, "turn", noted)
    await house.turn(text="Hello.", sound=False)
    await house.turn(await house.assembly.keys.create("guest", [Scope.HOME]), text="Hello.", sound=False)
    assert people == ["owner", ""]


async def test_a_question_in_writing_need_not_say_that_it_is_json(house: House) -> None:
    house.chat.script, unsaid = ["Hi."], {"Content-Type": "application/x-www-form-urlencoded"}
    async with house.session.post("/api/turn", data=b'{"text": "Hello.", "sound": false}', headers=unsaid) as answer:
        assert answer.status == 200 and _events(await answer.text())[-1][0] == "receipt"
    async with house.session.post("/api/turn", data=b"text=Hello", headers=unsaid) as answer:
        assert answer.status == 400 and "JSON" in await answer.text()


async def test_what_fails_on_the_way_is_the_last_event(house: House) -> None:
    house.chat.script = [EngineError("it is out of words")]
    assert [name for name, _ in await house.turn(text="Hello.")] == ["transcript", "error"]
    house.chat.script, house.tts.fails = ["Hi there."], EngineError("it is hoarse")
    events = await house.turn(text="Hello.")
    assert "".join(data["text"] for name, data in events if name == "words") == "Hi there."
    assert events[-1] == ("error", {"code": "engine_error", "message": "it is hoarse", "hint": ""})


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"text": "Hi.", "assistant": "nobody"}, 404, "no assistant"),
        ({"text": ""}, 400, "text"),
        ({"text": "Hi.", "format": "wma"}, 400, "format"),
    ],
)
async def test_a_turn_that_cannot_be_is_refused(house: House, body: dict[str, str], status: int, told: str) -> None:
    async with house.session.post("/api/turn", json=body) as answer:
        assert answer.status == status and told in await answer.text()


async def test_a_recording_in_which_nobody_speaks_is_no_turn(house: House) -> None:
    async with house.session.post("/api/turn", data=_form(_wav())) as answer:
        assert answer.status == 400 and "nothing is said" in await answer.text()
    assert not house.chat.requests


async def test_t27_a_reader_that_leaves_ends_the_turn(house: House) -> None:
    house.chat.script, house.chat.pace = ["word " * 500, "Again."], 0.01
    async with house.session.post("/api/turn", json={"text": "Hello."}) as answer:
        await answer.content.readany()
        answer.close()
    await asyncio.sleep(0.3)
    assert house.chat.finished == 0
    house.chat.pace = 0.0
    async with asyncio.timeout(10):
        assert (await house.turn(text="Hello.", sound=False))[-1][0] == "receipt"


async def test_a_recording_is_written_down(house: House) -> None:
    house.stt.script = ["Hello there."]
    async with house.session.post("/api/audio/transcribe", data=_form(_wav(), language="en")) as answer:
        body = await answer.json()
    assert body == {"model": "stt", "text": "Hello there.", "language": "en", "duration": 1.0, "segments": []}
    assert house.stt.options[0].language == "en"
    unfit, unknown = ({"language": "fr"}, 400, "model stt does not know"), ({"model_id": "nobody"}, 404, "of that name")
    for fields, status, told in (unfit, unknown):
        async with house.session.post("/api/audio/transcribe", data=_form(_wav(), **fields)) as answer:
            assert answer.status == status and told in await answer.text()


async def test_a_text_is_spoken(house: House) -> None:
    async with house.session.post("/api/audio/text-to-speech", json={"text": "Hello there."}) as answer:
        assert answer.headers["Content-Type"] == "audio/wav"
        assert decode_wav(await answer.read()).duration == pytest.approx(0.2, abs=0.01)
    async with house.session.post("/api/audio/text-to-speech", json={"text": "Hi.", "voice": "nobody"}) as answer:
        assert answer.status == 400 and "joe" in await answer.text()

"""Sound in a conversation and answers as sound, as OpenAI's own library sends and reads them."""

import base64
from pathlib import Path
from typing import Any

import openai
import pytest

from assistant import AudioFormat, AudioPart, Done, EngineError, TextDelta, ToolCall
from assistant.access import Scope
from assistant.access.keys import Keys
from assistant.http.openai import ears
from assistant.state import State
from assistant.testing import FakeChat
from assistant.wav import decode_wav
from tests.http.openai.conftest import Served, serving
from tests.http.openai.test_chat import HELLO, wav

MP3 = base64.b64encode(b"FAKEmp3 " + bytes(32_000)).decode()
SPOKEN: Any = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}


def sound(data: str, form: str = "wav") -> Any:
    """Return the part of a message that is sound."""
    return {"type": "input_audio", "input_audio": {"data": data, "format": form}}


def user(*parts: Any) -> Any:
    """Return the messages of somebody who sends *parts*."""
    return [{"role": "user", "content": list(parts)}]


async def test_a_model_that_cannot_hear_gets_the_words(door: Served) -> None:
    door.stt.script, door.chat.script = ["Why is the sky blue?", "And at night?"], ["By Rayleigh."]
    parts = ({"type": "text", "text": "Answer this: "}, sound(wav(2.0)), sound(MP3, "mp3"))
    answer = await door.openai.chat.completions.create(model="plain", messages=user(*parts))
    assert answer.choices[0].message.content == "By Rayleigh."
    assert door.stt.heard == [2.0, 1.0] and door.stt.options[0].language == "en"
    assert door.chat.requests[0].messages[0].text == "Answer this: Why is the sky blue?And at night?"


async def test_a_model_that_hears_gets_the_sound_itself(door: Served) -> None:
    await door.openai.chat.completions.create(model="small", messages=user(sound(MP3, "mp3")))
    (part,) = door.chat.requests[0].messages[0].parts
    assert isinstance(part, AudioPart) and part.audio.duration == 1.0 and not door.stt.heard


async def test_responses_take_sound_too(door: Served) -> None:
    door.stt.script, door.chat.script = ["Why is the sky blue?"], ["By Rayleigh."]
    answer = await door.openai.responses.create(model="plain", input=user(sound(wav(2.0))))
    assert answer.output_text == "By Rayleigh."
    assert [message.text for message in door.chat.requests[0].messages] == ["Why is the sky blue?"]


@pytest.mark.parametrize(
    ("said", "parts", "code"),
    [
        ([], [sound(wav())], "nothing_said"),
        (["A"], [sound(wav())] * 17, "too_many"),
        (["A"], [sound("AAAA")], "unknown_audio"),
        ([EngineError("deaf today")], [sound(wav())], "engine_error"),
    ],
)
async def test_what_cannot_be_written_down_is_told(door: Served, said: list[Any], parts: list[Any], code: str) -> None:
    door.stt.script = said
    status, body = await door.ask(model="plain", messages=user(*parts))
    assert status >= 400 and body["error"]["code"] == code
    assert not door.chat.requests


async def test_the_sounds_of_a_request_last_ten_minutes_together(door: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears, "_LONGEST", 2.0)
    for model in ("plain", "small"):
        door.stt.script = ["A", "B"]
        status, body = await door.ask(model=model, messages=user(sound(wav(1.5)), sound(wav(1.0))))
        assert (status, body["error"]["code"]) == (413, "audio_too_long")
    assert not door.chat.requests


async def test_who_has_no_ears_and_no_voice_says_so() -> None:
    async with serving(FakeChat(pace=0.0), company=False) as door:
        status, body = await door.ask(model="plain", messages=user(sound(wav())))
        assert (status, body["error"]["param"]) == (400, "messages[0].content[0].input_audio")
        assert "no assistant has a speech recogniser (configure `stt`" in body["error"]["message"]
        status, body = await door.ask(model="plain", **SPOKEN)
        assert (status, body["error"]["code"]) == (400, "no_voice")


async def test_ears_and_voice_need_the_scope_for_sound(home: Path) -> None:
    async with State(home / "assistant.db") as state, serving(FakeChat(pace=0.0), keys=Keys(state.keys)) as door:
        assert door.keys is not None
        key = await door.keys.create("words", [Scope.CHAT])
        client = openai.AsyncOpenAI(base_url=f"{door.url}/v1", api_key=key, max_retries=0)
        async with client:
            with pytest.raises(openai.PermissionDeniedError, match="scope audio"):
                await client.chat.completions.create(model="plain", messages=user(sound(wav())))
            with pytest.raises(openai.PermissionDeniedError, match="scope audio"):
                await client.chat.completions.create(model="plain", messages=HELLO, **SPOKEN)
            await client.chat.completions.create(model="small", messages=user(sound(wav())))


async def test_an_answer_comes_as_sound(door: Served) -> None:
    door.chat.script = ["Good day to you."]
    answer = await door.openai.chat.completions.create(model="plain", messages=HELLO, **SPOKEN)
    message = answer.choices[0].message
    assert message.content is None and message.audio is not None
    assert message.audio.transcript == "Good day to you." and message.audio.id.startswith("audio_")
    heard = decode_wav(base64.b64decode(message.audio.data))
    assert heard.format.rate == 24_000 and heard.duration == pytest.approx(0.4, abs=0.01)
    assert door.tts.said == ["Good day to you."]
    again: list[Any] = [*HELLO, {"role": "assistant", "audio": {"id": message.audio.id}}]
    with pytest.raises(openai.BadRequestError, match="no sound is kept here"):
        await door.openai.chat.completions.create(model="plain", messages=again)


async def test_an_answer_comes_as_sound_in_pieces(door: Served) -> None:
    door.chat.script = [[TextDelta("Good "), TextDelta("day."), Done("stop")]]
    wanted: Any = SPOKEN | {"audio": {"voice": "joe", "format": "pcm16"}}
    stream = await door.openai.chat.completions.create(model="plain", messages=HELLO, stream=True, **wanted)
    choices = [chunk.choices[0] async for chunk in stream]
    pieces = [choice.delta.audio for choice in choices if choice.delta.audio]
    assert "".join(piece.transcript or "" for piece in pieces) == "Good day."
    told = b"".join(base64.b64decode(piece.data) for piece in pieces if piece.data)
    assert AudioFormat(24_000).seconds(len(told)) == pytest.approx(0.2, abs=0.01)
    assert pieces[-1].expires_at and choices[-1].finish_reason == "stop"
    assert not any(choice.delta.content for choice in choices)


async def test_what_is_only_called_is_not_said(door: Served) -> None:
    door.chat.script = [[ToolCall("c1", "switch_lamp", {}), Done("tool_calls")]] * 2
    tool = {"type": "function", "function": {"name": "switch_lamp"}}
    for stream in (False, True):
        ask = {"model": "small", "messages": HELLO, "tools": [tool], "stream": stream, **SPOKEN}
        async with door.http.post("/v1/chat/completions", json=ask) as answer:
            text = await answer.text()
        assert "switch_lamp" in text and '"audio"' not in text and not door.tts.said


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"audio": None}, "audio"),
        ({"n": 2}, "n"),
        ({"audio": {"voice": "nobody", "format": "wav"}}, None),
        ({"audio": {"voice": "joe", "format": "wma"}}, "audio.format"),
        ({"modalities": ["smell"]}, "modalities[0]"),
    ],
)
async def test_a_sound_that_cannot_be_made_is_refused(door: Served, more: dict[str, Any], key: str | None) -> None:
    status, body = await door.ask(model="plain", **(SPOKEN | more))
    assert (status, body["error"]["param"]) == (400, key)
    assert not door.chat.requests

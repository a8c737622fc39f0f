"""The two laws of telephones (ITU-T G.711), and a conversation over one."""

import base64
from typing import Any

import numpy as np
import pytest

from assistant.http.realtime.forms import Form
from tests.http.realtime.conftest import Served, talking

CODES = bytes(range(256))
LAWS = (Form.ULAW, Form.ALAW)


@pytest.mark.parametrize(
    ("law", "code", "sample"),
    [
        (Form.ULAW, 0x00, -32124),
        (Form.ULAW, 0x80, 32124),
        (Form.ULAW, 0xFF, 0),
        (Form.ULAW, 0xFE, 8),
        (Form.ULAW, 0xEF, 132),
        (Form.ALAW, 0xAA, 32256),
        (Form.ALAW, 0x2A, -32256),
        (Form.ALAW, 0xD5, 8),
        (Form.ALAW, 0x55, -8),
        (Form.ALAW, 0xC5, 264),
    ],
)
def test_a_code_means_what_the_tables_of_the_recommendation_say(law: Form, code: int, sample: int) -> None:
    assert int(np.frombuffer(law.read(bytes([code])), "<i2")[0]) == sample
    assert law.write(np.array([sample], "<i2").tobytes()) == bytes([code])


@pytest.mark.parametrize("law", LAWS)
def test_every_code_is_written_as_it_is_read(law: Form) -> None:
    samples = np.frombuffer(law.read(CODES), "<i2")
    again = law.write(samples.tobytes())
    other = [code for code in CODES if again[code] != code]
    assert other == ([0x7F] if law is Form.ULAW else [])  # µ-law has two codes for nothing
    assert len(set(samples.tolist())) == (255 if law is Form.ULAW else 256)


@pytest.mark.parametrize("law", LAWS)
def test_every_sample_becomes_the_step_that_it_lies_in(law: Form) -> None:
    samples = np.arange(-32768, 32768, dtype="<i2")
    near = np.frombuffer(law.read(law.write(samples.tobytes())), "<i2").astype(int)
    error = np.abs(near - samples.astype(int))
    assert np.all(np.diff(near) >= 0) and np.all(error <= np.maximum(np.abs(near) / 31, 8) + 4)
    assert law.read(b"") == law.write(b"") == b""


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("beta", [False, True])
async def test_a_conversation_over_a_telephone(door: Served, law: Form, beta: bool) -> None:
    door.stt.script, door.chat.script = ["What is the time?"], ["It is noon."]
    old = {Form.ULAW: "g711_ulaw", Form.ALAW: "g711_alaw"}[law]
    form = {"format": {"type": law.value}}
    settings: dict[str, Any] = {"audio": {"input": {**form, "turn_detection": None}, "output": form}}
    if beta:
        settings = {"input_audio_format": old, "output_audio_format": old, "turn_detection": None}
    tone = np.full(8_000, 4112, "<i2").tobytes()
    async with door.opened() as client, talking(client, **settings) as talk:
        session = talk.told[-1].session
        assert session.audio.input.format.type == session.audio.output.format.type == law.value
        await talk.connection.input_audio_buffer.append(audio=base64.b64encode(law.write(tone)).decode())
        await talk.connection.input_audio_buffer.commit()
        await talk.connection.response.create()
        response = await talk.answer()
        item = response.output[0].id
        await talk.connection.conversation.item.truncate(item_id=item, content_index=0, audio_end_ms=200)
        await talk.until("conversation.item.truncated")
    assert door.stt.heard == [pytest.approx(1.0, abs=0.001)] and response.status == "completed"
    sound = np.frombuffer(law.read(talk.sound), "<i2")
    assert len(sound) / 8_000 == pytest.approx(0.3, abs=0.01)
    assert np.abs(sound.astype(int)).mean() > 1000


async def test_the_form_may_change_while_somebody_speaks(door: Served) -> None:
    door.stt.script = ["Well?"]
    async with door.opened() as client, talking(client) as talk:
        tone = np.full(24_000, 4112, "<i2").tobytes()
        await talk.connection.input_audio_buffer.append(audio=base64.b64encode(tone).decode())
        change: Any = {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcma"}}}}
        await talk.connection.session.update(session=change)
        await talk.connection.input_audio_buffer.append(audio=base64.b64encode(Form.ALAW.write(tone)).decode())
        await talk.connection.input_audio_buffer.commit()
        await talk.until("conversation.item.input_audio_transcription.completed")
    assert door.stt.heard == [pytest.approx(4.0, abs=0.001)]


async def test_what_was_said_elsewhere_is_an_item_of_sound(door: Served) -> None:
    door.stt.script, door.chat.script = ["Why is the sky blue?"], ["By Rayleigh."]
    sound = base64.b64encode(np.full(24_000, 4112, "<i2").tobytes()).decode()
    async with door.opened() as client, talking(client, output_modalities=["text"]) as talk:
        item: Any = {"id": "a", "type": "message", "role": "user", "content": [{"type": "input_audio", "audio": sound}]}
        await talk.connection.conversation.item.create(item=item)
        added = (await talk.until("conversation.item.added")).item
        assert (added.id, added.content[0].type) == ("a", "input_audio")
        await talk.connection.response.create()
        response = await talk.answer()
        before: Any = {"type": "message", "role": "user", "content": [{"type": "input_audio", "transcript": "And?"}]}
        await talk.connection.conversation.item.create(item=before)
        await talk.connection.response.create()
        await talk.answer()
        item["content"].append({"type": "input_text", "text": "Well?"})
        await talk.connection.conversation.item.create(item=item)
        assert "an item of its own" in (await talk.until("error")).error.message
        item["content"] = [{"type": "input_audio", "audio": sound[:100]}]
        await talk.connection.conversation.item.create(item=item)
        assert "less than 100 ms" in (await talk.until("error")).error.message
    assert response.output[0].content[0].text == "By Rayleigh." and door.stt.heard == [pytest.approx(1.0)]
    heard = [event.transcript for event in talk.told if event.type.endswith("input_audio_transcription.completed")]
    assert heard == ["Why is the sky blue?"]
    assert [message.text for message in door.chat.requests[0].messages[1:]] == ["Why is the sky blue?"]
    assert door.chat.requests[1].messages[-1].text == "And?"

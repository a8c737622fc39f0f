"""`/v1/realtime` where the door hears who has finished: silence, completeness, and talking into an answer."""

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from msgspec import structs

from assistant import AudioChunk, Done, EngineError, SpeechProbability, ToolCall
from assistant.http.realtime import items
from assistant.http.realtime import session as sessions
from assistant.http.realtime.buffer import Buffer
from assistant.testing import FakeVad
from tests.http.realtime.conftest import LAMP, Served, Talk, quiet, talking, voice
from tests.http.realtime.test_way_in import socket

SERVER: Any = {"audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 400}}}}


def detecting(**options: Any) -> Any:
    """Return the settings of a session by `server_vad`, or by what `type` says."""
    return {"audio": {"input": {"turn_detection": {"type": "server_vad", **options}}}}


async def speak(talk: Talk, seconds: float, silence: float = 0.0) -> None:
    """Say something, and be silent; sound comes in pieces of a tenth of a second, faster than it is spoken."""
    for sound, lasting in ((voice, seconds), (quiet, silence)):
        for _ in range(round(lasting * 10)):
            await talk.connection.input_audio_buffer.append(audio=sound(0.1))
            await asyncio.sleep(0.005)


async def test_a_silence_ends_what_is_said_and_it_is_answered(door: Served) -> None:
    door.stt.script, door.chat.script = ["What is the time?"] * 9, ["It is noon."] * 9
    async with door.opened() as client, talking(client, **SERVER) as talk:
        await speak(talk, 0.0, 1.0)
        await speak(talk, 1.0, 1.0)
        response = await talk.answer()
    assert (response.status, talk.transcript) == ("completed", "It is noon.")
    types = [kind for kind in talk.types() if not kind.startswith("response.")]
    assert types[2:8] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
    ]
    started, stopped, committed = talk.told[2:5]
    assert started.item_id == stopped.item_id == committed.item_id
    assert abs(started.audio_start_ms - 700) < 80 and abs(stopped.audio_end_ms - 2000) < 80
    assert [message.text for message in door.chat.requests[-1].messages] == ["Be brief.", "What is the time?"]


async def test_a_session_of_transcription_writes_down_and_answers_nothing(door: Served) -> None:
    door.stt.script = ["Dear Ada."] * 9
    async with door.opened() as client, client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        talk = Talk(connection)
        session = (await talk.until("session.created")).session
        assert session.type == "transcription" and not hasattr(session.audio, "output")
        setting: Any = {"type": "transcription", "audio": SERVER["audio"]}
        await connection.session.update(session=setting)
        session = (await talk.until("session.updated")).session
        assert (session.type, session.audio.input.turn_detection.silence_duration_ms) == ("transcription", 400)
        for _ in range(2):
            await speak(talk, 1.0, 1.0)
            told = await talk.until("conversation.item.input_audio_transcription.completed")
            assert told.transcript == "Dear Ada."
        await connection.response.create()
        assert "answers nothing" in (await talk.until("error")).error.message
        await asyncio.sleep(0.2)
    assert not [kind for kind in talk.types() if kind.startswith("response.")]
    assert not door.chat.requests and not door.tts.said


async def test_a_dictation_is_longer_than_a_conversation_may_be(door: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "_MOST", 2)
    door.stt.script = ["One.", "Two.", "Three.", "Four."]
    heard = list[str]()
    async with door.opened() as client, talking(client, type="transcription", **SERVER) as talk:
        for _ in range(4):
            await speak(talk, 1.0, 1.0)
            heard.append((await talk.until("conversation.item.input_audio_transcription.completed")).transcript)
    assert heard == ["One.", "Two.", "Three.", "Four."] and not talk.errors


async def test_a_session_may_become_one_of_transcription_and_another_again(door: Served) -> None:
    door.stt.script, door.chat.script = ["What is the time?"] * 9, ["It is noon."] * 9
    async with door.opened() as client, talking(client, type="transcription", **SERVER) as talk:
        assert talk.told[-1].session.type == "transcription"
        await speak(talk, 1.0, 1.0)
        await talk.until("conversation.item.input_audio_transcription.completed")
        assert "response.created" not in await talk.so_far()  # which sets its type: realtime
        assert talk.told[-1].session.type == "realtime"
        await speak(talk, 1.0, 1.0)
        assert (await talk.answer()).status == "completed"
        await talk.connection.session.update(session={"type": "translation"})
        assert (await talk.until("error")).error.param == "session.type"


async def test_what_was_said_before_is_known_in_the_next_answer(door: Served) -> None:
    door.stt.script, door.chat.script = ["My name is Ada."], ["Hello Ada.", "Ada."]
    async with door.opened() as client, talking(client, **SERVER) as talk:
        await speak(talk, 1.0, 0.6)
        await talk.answer()
        door.stt.script = ["What is my name?"]
        await speak(talk, 1.0, 0.6)
        await talk.answer()
    texts = [message.text for message in door.chat.requests[-1].messages[1:]]
    assert texts == ["My name is Ada.", "Hello Ada.", "What is my name?"]


async def test_the_answer_is_drafted_while_the_silence_lasts(door: Served) -> None:
    door.stt.script, door.chat.script = ["What is the time?"], ["It is noon."]
    async with door.opened() as client, talking(client, **SERVER) as talk:
        await speak(talk, 1.0, 0.3)
        async with asyncio.timeout(5):
            while not door.tts.said:
                await asyncio.sleep(0.01)
        told = await talk.so_far()
        assert "input_audio_buffer.speech_started" in told and "input_audio_buffer.speech_stopped" not in told
        assert "response.created" not in told
        await speak(talk, 0.0, 0.3)
        assert (await talk.answer()).status == "completed"
    assert len(door.chat.requests) == len(door.stt.heard) == 1


async def test_what_a_draft_would_call_is_not_told_where_the_speaker_goes_on(door: Served) -> None:
    door.stt.script = ["Light."]
    door.chat.script = [[ToolCall("c1", "switch_lamp", {"on": True}), Done("tool_calls")]]
    async with door.opened() as client, talking(client, tools=[LAMP], **SERVER) as talk:
        await speak(talk, 1.0, 0.2)
        async with asyncio.timeout(5):
            while not door.chat.finished:
                await asyncio.sleep(0.01)
        door.stt.script = ["Light off."]
        door.chat.script = [[ToolCall("c2", "switch_lamp", {"on": False}), Done("tool_calls")]]
        await speak(talk, 0.6, 0.6)
        response = await talk.answer()
    assert [item.call_id for item in response.output] == ["c2"]
    assert len(door.chat.requests) == 2


async def test_who_talks_into_an_answer_ends_it_and_only_what_was_heard_is_remembered(door: Served) -> None:
    door.stt.script = ["Tell me a story."]
    door.chat.script, door.chat.pace = ["Once upon a time there was a king. " * 50], 0.01
    async with door.opened() as client, talking(client, **SERVER) as talk:
        await speak(talk, 1.0, 0.6)
        await talk.until("response.output_audio.delta")
        door.stt.script, door.chat.script = ["Stop that, what is the time?"], ["It is noon."]
        await speak(talk, 1.0)
        first = await talk.answer()
        assert (first.status, first.status_details.reason) == ("cancelled", "turn_detected")
        assert talk.types().count("input_audio_buffer.speech_started") == 2
        heard = first.output[0].content[0].transcript if first.output[0].content else ""
        assert len(heard) < len(talk.transcript) and talk.transcript.startswith(heard)
        await speak(talk, 0.0, 0.6)
        assert (await talk.answer()).status == "completed"
    texts = [message.text for message in door.chat.requests[-1].messages[1:]]
    assert texts == ["Tell me a story.", *([heard] if heard else []), "Stop that, what is the time?"]


async def test_an_answer_goes_on_where_nobody_may_interrupt_it(door: Served) -> None:
    door.stt.script, door.chat.script, door.chat.pace = ["A story."], ["Once upon a time. " * 12], 0.01
    async with door.opened() as client, talking(client, **detecting(interrupt_response=False)) as talk:
        await speak(talk, 1.0, 0.8)
        await talk.until("response.output_audio.delta")
        await speak(talk, 0.5)
        assert (await talk.answer()).status == "completed"


async def test_the_client_may_say_itself_when_it_wants_an_answer(door: Served) -> None:
    door.stt.script, door.chat.script = ["Hello."], ["Good day."]
    async with door.opened() as client, talking(client, **detecting(create_response=False)) as talk:
        await speak(talk, 1.0, 0.8)
        await talk.until("conversation.item.input_audio_transcription.completed")
        assert not door.chat.requests
        await talk.connection.response.create()
        assert (await talk.answer()).status == "completed"
    assert [message.text for message in door.chat.requests[0].messages[1:]] == ["Hello."]


async def test_what_sounds_incomplete_is_waited_for(door: Served) -> None:
    door.stt.script, door.chat.script = ["I would like"] * 20, ["Yes?"] * 20
    eager = detecting(type="semantic_vad", eagerness="high")
    async with door.opened() as client, talking(client, **eager) as talk:
        await speak(talk, 1.0, 0.2)
        async with asyncio.timeout(5):
            while not door.chat.requests:  # by then it is known how it reads
                await asyncio.sleep(0.01)
        await speak(talk, 0.0, 1.0)
        door.stt.script = ["I would like to know the time."] * 20
        await speak(talk, 0.5, 2.5)
        await talk.answer()
    assert talk.types().count("input_audio_buffer.speech_stopped") == 1
    stopped = next(event for event in talk.told if event.type == "input_audio_buffer.speech_stopped")
    assert abs(stopped.audio_end_ms - 2700) < 80


async def test_a_detector_says_how_complete_it_sounds(door: Served) -> None:
    door.assistant = structs.replace(door.assistant, turn="turn")
    door.turn.script = [0.0] * 9
    door.stt.script, door.chat.script = ["Blue."] * 9, ["I see."] * 9
    async with door.opened() as client, talking(client, **detecting(type="semantic_vad", eagerness="high")) as talk:
        await speak(talk, 1.0, 0.2)
        async with asyncio.timeout(5):
            while not (door.turn.heard and door.chat.requests):
                await asyncio.sleep(0.01)
        await speak(talk, 0.0, 1.0)
        assert "input_audio_buffer.speech_stopped" not in await talk.so_far()
        await speak(talk, 0.0, 2.0)
        assert (await talk.answer()).status == "completed"
        assert door.turn.heard
        door.turn.heard.clear()
        silent: Any = {"turn_detection": {"type": "server_vad", "silence_duration_ms": 300}}
        await talk.connection.session.update(session={"type": "realtime", "audio": {"input": silent}})
        await talk.until("session.updated")
        await speak(talk, 1.0, 0.6)
        await talk.answer()
    assert not door.turn.heard


async def test_nothing_is_answered_where_nothing_was_understood(door: Served) -> None:
    async with door.opened() as client, talking(client, **SERVER) as talk:
        await speak(talk, 1.0, 0.6)
        told = await talk.until("conversation.item.input_audio_transcription.completed")
        door.stt.script, door.chat.script = ["Hello."], ["Good day."]
        await speak(talk, 1.0, 0.6)
        await talk.answer()
    assert told.transcript == "" and talk.types().count("response.created") == 1


# -- what goes wrong with listening -----------------------------------------------------------------------------------


@dataclass
class FailingVad(FakeVad):
    """Fails at the first voice that it hears, once for each error."""

    errors: list[Exception] = field(default_factory=list)
    """What comes next."""

    def push(self, chunk: AudioChunk) -> Sequence[SpeechProbability]:
        """Fail, or say what the others say."""
        if any(chunk.audio) and self.errors:
            raise self.errors.pop(0)
        return super().push(chunk)

    def fork(self) -> Self:
        """Return itself, which fails no more often than it is to."""
        return self


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Is set where what nobody listened to was dropped, after a short pause."""
    dropped, take = asyncio.Event(), Buffer.take

    def taken(buffer: Buffer) -> tuple[AudioChunk, ...]:
        dropped.set()
        return take(buffer)

    monkeypatch.setattr(sessions, "_PAUSE", 0.01)
    monkeypatch.setattr(Buffer, "take", taken)
    return dropped


async def test_a_detector_that_fails_is_told_of_and_what_is_said_after_that_is_heard(
    door: Served, anew: asyncio.Event
) -> None:
    door.vad = FailingVad([EngineError("deaf today"), RuntimeError("nobody foresaw that")])
    door.stt.script, door.chat.script = ["What is the time?"], ["It is noon."]
    async with door.opened() as client, talking(client, **SERVER) as talk:
        for code in ("engine_error", "internal_error"):
            anew.clear()
            await talk.connection.input_audio_buffer.append(audio=voice(2.0))
            assert (await talk.until("error")).error.code == code
            await anew.wait()
        await speak(talk, 1.0, 1.0)
        assert (await talk.answer()).status == "completed"
    assert talk.transcript == "It is noon." and len(talk.errors) == 2
    assert len(door.stt.heard) == 1 and door.stt.heard[0] < 2.0, "what was said to nobody is not heard later"


async def test_who_makes_room_in_a_full_conversation_is_heard_again(
    door: Served, anew: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "_MOST", 1)
    door.stt.script = ["Hello."] * 2
    async with door.opened() as client, talking(client, **detecting(create_response=False)) as talk:
        await talk.say("One.")
        written = (await talk.until("conversation.item.done")).item
        await speak(talk, 1.0, 1.0)
        assert (await talk.until("error")).error.code == "conversation_full"
        await talk.connection.conversation.item.delete(item_id=written.id)
        await talk.until("conversation.item.deleted")
        await anew.wait()
        await speak(talk, 1.0, 1.0)
        told = await talk.until("conversation.item.input_audio_transcription.completed")
    assert told.transcript == "Hello."


async def test_who_sets_twice_at_once_how_it_is_heard_is_heard_as_was_set_last(door: Served) -> None:
    door.stt.script, door.chat.script = ["What is the time?"], ["It is noon."]
    async with door.opened(), socket(door) as talk:
        for silence in (300, 400):  # which come in one piece, so that whoever is to listen first never begins to
            change = {"turn_detection": {"type": "server_vad", "silence_duration_ms": silence}}
            await talk.send_json({"type": "session.update", "session": change})
        for sound in [voice(0.1)] * 10 + [quiet(0.1)] * 10:
            await talk.send_json({"type": "input_audio_buffer.append", "audio": sound})
        told = [await talk.receive_json()]
        while told[-1]["type"] != "response.done":
            told.append(await talk.receive_json())
    gc.collect()  # which would warn of work that was left lying
    assert [event["type"] for event in told].count("input_audio_buffer.speech_started") == 1
    assert told[-1]["response"]["status"] == "completed"


async def test_an_answer_that_was_never_followed_ends_with_the_session(
    door: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, begun = sessions.Session._own, list[str]()

    def ended_at_once(session: sessions.Session, work: Any) -> Any:
        begun.append(work.__name__)
        task = own(session, work)
        if work.__name__ == "_follow":
            task.cancel()  # as the end of the session does, in the moment in which it is begun
        return task

    monkeypatch.setattr(sessions.Session, "_own", ended_at_once)
    door.stt.script, door.chat.script = ["A story."] * 9, ["Once upon a time. " * 500] * 9
    async with door.opened() as client:
        async with talking(client, **SERVER) as talk:
            await speak(talk, 1.0, 1.0)
            await talk.until("input_audio_buffer.speech_stopped")
            async with asyncio.timeout(20):
                while not door.chat.requests:
                    await asyncio.sleep(0.01)
        async with asyncio.timeout(20):
            while [task for task in asyncio.all_tasks() if task.get_name().startswith("draft ")]:
                await asyncio.sleep(0.01)
    assert "_follow" in begun and door.chat.finished == 0

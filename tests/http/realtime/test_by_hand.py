"""`/v1/realtime` where the client says who has finished, as OpenAI's own library speaks to it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from assistant import AudioChunk, Done, EngineError, TextDelta, ToolCall, ToolResult, Usage, Voice
from assistant.errors import UnfitRequest
from assistant.testing import FakeTts
from tests.http.realtime.conftest import CLIENT, LAMP, Served, quiet, talking, voice


async def test_what_is_said_is_transcribed_and_answered_by_voice(door: Served) -> None:
    door.stt.script, door.chat.script = ["What is the time?"], ["It is noon. Time for lunch."]
    async with door.opened() as client, talking(client) as talk:
        for _ in range(10):
            await talk.connection.input_audio_buffer.append(audio=voice(0.1))
        await talk.connection.input_audio_buffer.commit()
        await talk.connection.response.create()
        response = await talk.answer()
    assert [round(seconds, 3) for seconds in door.stt.heard] == [1.0]
    assert [kind for kind in talk.types()[2:] if not kind.startswith("response.output_audio") or "done" in kind] == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert (response.status, talk.transcript) == ("completed", "It is noon. Time for lunch.")
    assert response.output[0].content[0].transcript == "It is noon. Time for lunch."
    assert abs(CLIENT.seconds(len(talk.sound)) - 0.6) < 0.01  # a tenth of a second for each word, as the fake speaks
    rules, question = door.chat.requests[0].messages
    assert (rules.text, question.role, question.text) == ("Be brief.", "user", "What is the time?")


async def test_what_is_written_is_answered_in_writing(door: Served) -> None:
    usage = Usage(prompt_tokens=12, cached_tokens=8, completion_tokens=3)
    door.chat.script = [[TextDelta("Good "), TextDelta("day."), Done("stop", usage)], "Again."]
    settings: Any = {
        "output_modalities": ["text"],
        "instructions": "Be kind.",
        "audio": {"input": {"turn_detection": None}},
    }
    async with door.opened() as client, talking(client, **settings) as talk:
        await talk.say("Hello.")
        await talk.connection.response.create()
        first = await talk.answer()
        await talk.say("And now?")
        await talk.connection.response.create(response={"instructions": "Be quick.", "max_output_tokens": 7})
        second = await talk.answer()
    assert [event.delta for event in talk.told if event.type == "response.output_text.delta"][:2] == ["Good ", "day."]
    assert (first.output[0].content[0].text, second.output[0].content[0].text) == ("Good day.", "Again.")
    assert (first.usage.input_tokens, first.usage.output_tokens) == (12, 3)
    assert first.usage.input_token_details.cached_tokens == 8
    one, two = door.chat.requests
    assert [(message.role, message.text) for message in one.messages] == [("system", "Be kind."), ("user", "Hello.")]
    assert [message.text for message in two.messages] == ["Be quick.", "Hello.", "Good day.", "And now?"]
    assert two.max_tokens == 7 and not door.tts.said


async def test_a_call_is_left_to_the_client_who_tells_what_came_of_it(door: Served) -> None:
    call = ToolCall("c1", "switch_lamp", {"on": True})
    door.chat.script = [[call, Done("tool_calls")], "It is on."]
    settings: Any = {"tools": [LAMP], "tool_choice": "auto", "audio": {"input": {"turn_detection": None}}}
    async with door.opened() as client, talking(client, **settings) as talk:
        await talk.say("Light!")
        await talk.connection.response.create()
        response = await talk.answer()
        assert (response.output[0].type, response.output[0].arguments) == ("function_call", '{"on":true}')
        done = next(event for event in talk.told if event.type == "response.function_call_arguments.done")
        assert (done.call_id, done.name, done.arguments) == ("c1", "switch_lamp", '{"on":true}')
        begun, ended = (event.item for event in talk.told if event.type.startswith("response.output_item."))
        grown = [event.delta for event in talk.told if event.type == "response.function_call_arguments.delta"]
        assert (begun.status, begun.arguments + "".join(grown)) == ("in_progress", '{"on":true}')
        assert (ended.status, ended.arguments) == ("completed", '{"on":true}')
        result = {"type": "function_call_output", "call_id": "c1", "output": "done"}
        await talk.connection.conversation.item.create(item=result)
        await talk.connection.response.create()
        await talk.answer()
    assert talk.transcript == "It is on."
    assert door.chat.requests[0].tools[0].name == "switch_lamp"
    *_, called, answered = door.chat.requests[1].messages
    assert (called.parts, answered.parts) == ((call,), (ToolResult("c1", "done"),))


async def test_of_an_answer_only_what_was_heard_is_remembered(door: Served) -> None:
    door.chat.script = ["One two three four five. Six seven eight nine ten.", "Yes."]
    async with door.opened() as client, talking(client) as talk:
        await talk.say("Count.")
        await talk.connection.response.create()
        item = (await talk.answer()).output[0]
        await talk.connection.conversation.item.truncate(item_id=item.id, content_index=0, audio_end_ms=5000)
        assert "1000 ms only" in (await talk.until("error")).error.message
        await talk.connection.conversation.item.truncate(item_id=item.id, content_index=0, audio_end_ms=710)
        assert (await talk.until("conversation.item.truncated")).audio_end_ms == 710
        await talk.say("Go on.")
        await talk.connection.response.create()
        await talk.answer()
    assert [message.text for message in door.chat.requests[1].messages[1:]] == [
        "Count.",
        "One two three four five. Six seven",
        "Go on.",
    ]


async def test_a_response_is_cancelled_and_there_is_only_one_at_a_time(door: Served) -> None:
    door.chat.script, door.chat.pace = ["One. " * 500, "Well."], 0.01
    async with door.opened() as client, talking(client) as talk:
        await talk.connection.response.cancel()
        assert (await talk.until("error")).error.code == "response_cancel_not_active"
        await talk.say("Go on for ever.")
        await talk.connection.response.create()
        await talk.until("response.output_audio.delta")
        await talk.connection.response.create()
        assert (await talk.until("error")).error.code == "conversation_already_has_active_response"
        await talk.connection.response.cancel(response_id="resp_another")
        error = (await talk.until("error")).error
        assert (error.code, error.param) == ("response_cancel_not_active", "response_id")
        created = next(event.response for event in talk.told if event.type == "response.created")
        await talk.connection.response.cancel(response_id=created.id)
        response = await talk.answer()
        assert (response.status, response.status_details.reason) == ("cancelled", "client_cancelled")
        assert response.output[0].status == "incomplete"
        await talk.connection.response.create()
        assert (await talk.answer()).status == "completed"
    assert door.chat.finished == 1


async def test_what_fails_is_told_and_the_session_goes_on(door: Served) -> None:
    door.stt.script, door.chat.script = [EngineError("deaf today")], [EngineError("no words today"), "Well."]
    async with door.opened() as client, talking(client) as talk:
        await talk.connection.input_audio_buffer.append(audio=voice(1.0))
        await talk.connection.input_audio_buffer.commit()
        failed = await talk.until("conversation.item.input_audio_transcription.failed")
        assert "deaf today" in failed.error.message
        await talk.say("Hello.")
        await talk.connection.response.create()
        response = await talk.answer()
        assert response.status == "failed" and "no words today" in response.status_details.error.message
        await talk.connection.response.create()
        assert (await talk.answer()).status == "completed"
        door.tts.fails, door.chat.script = EngineError("hoarse today"), ["Well."]
        await talk.connection.response.create()
        response = await talk.answer()
        assert response.status == "failed" and "hoarse today" in response.status_details.error.message


async def test_items_are_put_where_they_are_wanted_and_taken_out(door: Served) -> None:
    async with door.opened() as client, talking(client, output_modalities=["text"]) as talk:
        for id_, text, before in (("b", "Second.", None), ("a", "First.", "root"), ("c", "Third.", "b")):
            content = [{"type": "input_text", "text": text}]
            item: Any = {"id": id_, "type": "message", "role": "user", "content": content}
            where = {"previous_item_id": before} if before else {}
            await talk.connection.conversation.item.create(item=item, **where)
            assert (await talk.until("conversation.item.done")).item.id == id_
        await talk.connection.conversation.item.create(item=item)
        assert (await talk.until("error")).error.code == "item_exists"
        await talk.connection.conversation.item.delete(item_id="b")
        assert (await talk.until("conversation.item.deleted")).item_id == "b"
        await talk.connection.conversation.item.delete(item_id="b")
        assert (await talk.until("error")).error.code == "item_not_found"
        await talk.connection.response.create()
        await talk.answer()
    assert [message.text for message in door.chat.requests[0].messages[1:]] == ["First.", "Third."]


async def test_an_item_is_told_as_it_is_now(door: Served) -> None:
    door.chat.script = ["One two three four."]
    async with door.opened() as client, talking(client) as talk:
        await talk.say("Count.")
        await talk.connection.response.create()
        item = (await talk.answer()).output[0]
        await talk.connection.conversation.item.truncate(item_id=item.id, content_index=0, audio_end_ms=210)
        await talk.connection.conversation.item.retrieve(item_id=item.id)
        told = await talk.until("conversation.item.retrieved")
        assert (told.item.id, told.item.content[0].transcript) == (item.id, "One two")
        await talk.connection.conversation.item.retrieve(item_id="none")
        assert (await talk.until("error")).error.code == "item_not_found"


@dataclass
class PacedTts(FakeTts):
    """Tells at what pace it was to speak."""

    paces: list[float] = field(default_factory=list)
    """The paces so far."""

    async def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        """Buzz for each clause."""
        self.paces.append(voice.speed)
        async with aclosing(super().speak(text, voice)) as sound:
            async for chunk in sound:
                yield chunk


async def test_a_voice_speaks_at_the_pace_that_is_wanted(door: Served) -> None:
    door.tts, door.chat.script = (mouth := PacedTts()), ["Well."] * 3
    settings: Any = {"audio": {"input": {"turn_detection": None}, "output": {"speed": 1.5}}}
    async with door.opened() as client, talking(client, **settings) as talk:
        assert talk.told[-1].session.audio.output.speed == 1.5
        await talk.connection.response.create()
        await talk.answer()
        slow: Any = {"audio": {"output": {"speed": 0.25}}}
        await talk.connection.response.create(response=slow)
        await talk.answer()
        await talk.connection.session.update(session={"type": "realtime", "audio": {"output": {"speed": 1.6}}})
        assert (await talk.until("error")).error.param == "session.audio.output.speed"
        await talk.connection.response.create()
        await talk.answer()
    assert mouth.paces == [1.5, 0.25, 1.5]


async def test_words_that_are_likely_are_told_to_the_recogniser(door: Served) -> None:
    door.stt.script = ["Ask Siobhán."] * 2
    wanted: Any = {"input": {"turn_detection": None, "transcription": {"language": "en", "prompt": "Siobhán"}}}
    async with door.opened() as client, talking(client, audio=wanted) as talk:
        assert talk.told[-1].session.audio.input.transcription.prompt == "Siobhán"
        await talk.connection.input_audio_buffer.append(audio=voice(1.0))
        await talk.connection.input_audio_buffer.commit()
        await talk.until("conversation.item.input_audio_transcription.completed")
        wanted["input"] = {"turn_detection": {"type": "server_vad", "create_response": False}}
        await talk.connection.session.update(session={"type": "realtime", "audio": wanted})
        for sound in (voice(1.0), quiet(1.0)):
            await talk.connection.input_audio_buffer.append(audio=sound)
        await talk.until("conversation.item.input_audio_transcription.completed")
        wanted["input"] = {"transcription": {"prompt": "x" * 4001}}
        await talk.connection.session.update(session={"type": "realtime", "audio": wanted})
        assert (await talk.until("error")).error.param == "session.audio.input.transcription.prompt"
    assert [(options.language, options.prompt) for options in door.stt.options] == [("en", "Siobhán")] * 2


async def test_a_response_is_known_by_what_the_client_calls_it(door: Served) -> None:
    door.chat.script = ["Well."] * 2
    async with door.opened() as client, talking(client) as talk:
        await talk.connection.response.create(response={"metadata": {"topic": "weather"}})
        created = await talk.until("response.created")
        assert created.response.metadata == (await talk.answer()).metadata == {"topic": "weather"}
        await talk.connection.response.create()
        assert (await talk.answer()).metadata is None
        await talk.connection.response.create(response={"metadata": {"topic": "x" * 513}})
        assert "response.metadata" in (await talk.until("error")).error.param


async def test_an_answer_that_is_cut_is_told_to_be_incomplete(door: Served) -> None:
    door.chat.script = [[TextDelta("One two"), Done("length")]]
    async with door.opened() as client, talking(client) as talk:
        await talk.connection.response.create()
        response = await talk.answer()
    assert (response.status, response.status_details.reason) == ("incomplete", "max_output_tokens")


async def test_only_so_much_may_wait_to_be_transcribed(door: Served) -> None:
    door.stt.script = [1.0, "First.", *["Next."] * 8]
    async with door.opened() as client, talking(client) as talk:
        for _ in range(10):
            await talk.connection.input_audio_buffer.append(audio=voice(0.2))
            await talk.connection.input_audio_buffer.commit()
        assert (await talk.until("error")).error.code == "too_many"
        assert (await talk.until("error")).error.code == "too_many"
        await talk.connection.response.create(response={"instructions": "Go."})
        await talk.answer()
    assert [message.text for message in door.chat.requests[0].messages] == ["Go.", "First.", *["Next."] * 7]


async def test_whoever_cancels_and_asks_again_and_again_has_two_at_most(door: Served) -> None:
    door.chat.script, door.chat.pace = ["One. " * 500] * 50, 0.01
    async with door.opened() as client, talking(client) as talk:
        for _ in range(20):
            await talk.connection.response.create()
            await talk.connection.response.cancel()
        while "conversation_already_has_active_response" not in {error.error.code for error in talk.errors}:
            await talk.until("error")
        door.chat.script = ["Well."] * 50
        async with asyncio.timeout(20):
            while not any(done.response.status == "completed" for done in talk.told if done.type == "response.done"):
                await talk.connection.response.create()
                await asyncio.sleep(0.1)
                await talk.connection.input_audio_buffer.clear()
                await talk.until("input_audio_buffer.cleared")


async def test_of_a_conversation_that_is_too_long_the_oldest_is_left_out(door: Served) -> None:
    door.chat.script = [UnfitRequest("too long"), UnfitRequest("too long"), "Well.", *[UnfitRequest("too long")] * 3]
    async with door.opened() as client, talking(client) as talk:
        for number in range(6):
            await talk.say(f"Number {number}.")
        await talk.connection.response.create()
        assert (await talk.answer()).status == "completed"
        await talk.connection.response.create()
        response = await talk.answer()
    assert response.status == "failed" and "too long" in response.status_details.error.message
    texts = [[message.text for message in request.messages] for request in door.chat.requests]
    assert texts[2] == ["Be brief.", "Number 4.", "Number 5."]
    assert [len(asked) for asked in texts] == [7, 5, 3, 8, 6, 4]

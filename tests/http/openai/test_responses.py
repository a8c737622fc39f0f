"""`/v1/responses` as OpenAI's own library speaks to it."""

import base64
from typing import Any

import openai
import pytest
from openai.types import responses as types

from assistant import (
    ChatMessage,
    Done,
    EngineBusy,
    EngineError,
    ImagePart,
    TextDelta,
    TextPart,
    ToolCall,
    ToolResult,
    Usage,
)
from tests.http.openai.conftest import Served
from tests.pictures import png

USAGE = Usage(prompt_tokens=12, cached_tokens=8, completion_tokens=3)
SCHEMA = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
LAMP: Any = {"type": "function", "name": "switch_lamp", "description": "Switch a lamp.", "parameters": SCHEMA}
CALL = ToolCall("c1", "switch_lamp", {"on": True})


async def test_a_response_comes_whole(door: Served) -> None:
    door.chat.script = [[TextDelta("Good "), TextDelta("day."), Done("stop", USAGE)]]
    answer = await door.openai.responses.create(model="small", input="Hello.", instructions="Be brief.")
    assert (answer.output_text, answer.status, answer.instructions) == ("Good day.", "completed", "Be brief.")
    assert answer.usage and answer.usage.input_tokens_details.cached_tokens == 8
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens) == (12, 3, 15)
    rules, question = door.chat.requests[0].messages
    assert (rules.role, rules.text, question.role, question.text) == ("system", "Be brief.", "user", "Hello.")


async def test_the_events_come_in_the_order_that_clients_read(door: Served) -> None:
    door.chat.script = [[TextDelta("So "), TextDelta("be it."), CALL, Done("tool_calls", USAGE)]]
    async with door.openai.responses.stream(model="small", input="Light!", tools=[LAMP]) as stream:
        events = [event async for event in stream]
        final = await stream.get_final_response()
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert final.output_text == "So be it."
    call: Any = final.output[1]
    assert (call.type, call.call_id, call.name, call.arguments) == ("function_call", "c1", "switch_lamp", '{"on":true}')


async def test_the_events_are_those_that_home_assistant_tells_apart_by_their_classes(door: Served) -> None:
    door.chat.script = [[TextDelta("So "), TextDelta("be it."), CALL, Done("tool_calls", USAGE)]]
    stream = await door.openai.responses.create(model="small", input="Light!", tools=[LAMP], stream=True)
    words, calls, cost = "", list[tuple[str, str, str]](), (0, 0)
    pending: types.ResponseFunctionToolCall | None = None
    async for event in stream:
        match event:
            case types.ResponseOutputItemAddedEvent(item=types.ResponseFunctionToolCall() as item):
                pending = item
            case types.ResponseTextDeltaEvent(delta=delta):
                words += delta
            case types.ResponseFunctionCallArgumentsDeltaEvent(delta=delta) if pending:
                pending.arguments += delta
            case types.ResponseFunctionCallArgumentsDoneEvent() if pending:
                calls.append((pending.call_id, pending.name, pending.arguments))
            case types.ResponseCompletedEvent(response=response) if response.usage:
                cost = (response.usage.input_tokens, response.usage.output_tokens)
    assert (words, calls, cost) == ("So be it.", [("c1", "switch_lamp", '{"on":true}')], (12, 3))


async def test_each_event_is_named_for_those_who_read_names(door: Served) -> None:
    door.chat.script = ["Yes."]
    async with door.http.post("/v1/responses", json={"input": "Hello.", "stream": True}) as answer:
        text = await answer.text()
    blocks = text.strip().split("\n\n")
    for block in blocks:
        name, data = block.split("\n")
        assert f'"type":"{name.removeprefix("event: ")}"' in data
    assert blocks[-1].startswith("event: response.completed\n")


async def test_a_response_that_is_cut_says_so(door: Served) -> None:
    door.chat.script = [[TextDelta("Good"), Done("length")]] * 2
    answer = await door.openai.responses.create(model="small", input="Hello.", max_output_tokens=1)
    assert answer.status == "incomplete" and answer.incomplete_details
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert door.chat.requests[0].max_tokens == 1
    stream = await door.openai.responses.create(model="small", input="Hello.", stream=True)
    assert [event.type async for event in stream][-1] == "response.incomplete"


async def test_what_was_said_and_done_reaches_the_engine(door: Served) -> None:
    url = "data:image/png;base64," + base64.b64encode(png(3, 2)).decode()
    said: Any = [
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Light!"}]},
        {"type": "reasoning", "id": "r1", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "So."}]},
        {"type": "function_call", "call_id": "c1", "name": "switch_lamp", "arguments": '{"on": true}'},
        {"type": "function_call_output", "call_id": "c1", "output": "done"},
        {"role": "user", "content": [{"type": "input_image", "image_url": url}]},
    ]
    await door.openai.responses.create(model="small", input=said)
    *before, seen = door.chat.requests[0].messages
    assert before == [
        ChatMessage("system", (TextPart("Be brief."),)),
        ChatMessage("user", (TextPart("Light!"),)),
        ChatMessage("assistant", (TextPart("So."), CALL)),
        ChatMessage("tool", (ToolResult("c1", "done"),)),
    ]
    assert isinstance(seen.parts[0], ImagePart)


async def test_tools_and_schemas_reach_the_engine(door: Served) -> None:
    door.chat.script = [[CALL, Done("tool_calls")], [CALL, Done("tool_calls")], '{"on":true}']
    choice: Any = {"type": "function", "name": "switch_lamp"}
    await door.openai.responses.create(model="small", input="Light!", tools=[LAMP], tool_choice=choice)
    assert door.chat.requests[0].tool_choice == "switch_lamp"
    choice = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "switch_lamp"}]}
    other: Any = {"type": "function", "name": "open_door", "parameters": SCHEMA, "strict": True}
    await door.openai.responses.create(model="small", input="Light!", tools=[other, LAMP], tool_choice=choice)
    assert [tool.name for tool in door.chat.requests[1].tools] == ["switch_lamp"]
    assert door.chat.requests[1].tool_choice == "required"
    form: Any = {"format": {"type": "json_schema", "name": "lamp", "schema": SCHEMA, "strict": True}}
    await door.openai.responses.create(model="small", input="Light?", text=form)
    assert door.chat.requests[2].schema == SCHEMA


async def test_what_fails_before_the_first_word_has_a_status_and_later_an_event(door: Served) -> None:
    door.chat.script = [EngineBusy("4 wait")]
    with pytest.raises(openai.RateLimitError):
        await door.openai.responses.create(model="small", input="Hello.", stream=True)

    async def breaks(request: Any) -> Any:
        yield TextDelta("Well")
        raise EngineError("it broke")

    door.chat.reply = breaks  # type: ignore[method-assign]
    stream = await door.openai.responses.create(model="small", input="Hello.", stream=True)
    last: Any = [event async for event in stream][-1]
    assert (last.type, last.response.status, last.response.error.message) == ("response.failed", "failed", "it broke")


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"input": [{"type": "message", "content": [{"type": "input_audio"}]}]}, "input[0].content[0].input_audio"),
        ({"input": [{"type": "function_call_output", "output": [{"type": "input_image"}]}]}, "input[0].output"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"input": [{"type": "function_call", "name": "x", "arguments": "["}]}, "input[0].arguments"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"content": [{"type": "input_image", "image_url": "https://a.example/x.png"}]}]}, None),
        ({"max_output_tokens": 0}, "max_output_tokens"),
    ],
)
async def test_what_cannot_be_done_is_told(door: Served, more: dict[str, Any], param: str | None) -> None:
    status, body = await door.post("/v1/responses", {"input": "Hello.", **more})
    assert status == 400 and not door.chat.requests
    assert param in (None, body["error"]["param"])

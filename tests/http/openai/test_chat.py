"""`/v1/chat/completions` as OpenAI's own library speaks to it."""

import base64
import io
import wave
from typing import Any

import openai
import pytest

from assistant import (
    AudioPart,
    ChatDelta,
    ChatMessage,
    Done,
    EngineBusy,
    EngineError,
    EngineUnavailable,
    ImagePart,
    Priority,
    Sampling,
    TextDelta,
    TextPart,
    TokenLogprob,
    ToolCall,
    ToolResult,
    Usage,
    WrittenToken,
)
from tests.http.openai.conftest import Served
from tests.pictures import png

USAGE = Usage(prompt_tokens=12, cached_tokens=8, completion_tokens=3)
HELLO: list[Any] = [{"role": "user", "content": "Hello."}]
SCHEMA = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
LAMP: Any = {
    "type": "function",
    "function": {"name": "switch_lamp", "description": "Switch a lamp.", "parameters": SCHEMA},
}
CALL = ToolCall("c1", "switch_lamp", {"on": True})


def wav(seconds: float = 0.1, rate: int = 16_000) -> str:
    """Return silence as a WAV file in base64."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(bytes(2 * round(rate * seconds)))
    return base64.b64encode(file.getvalue()).decode()


async def test_a_reply_comes_whole(door: Served) -> None:
    door.chat.script = [[TextDelta("Good "), TextDelta("day."), Done("stop", USAGE)]]
    answer = await door.openai.chat.completions.create(model="small", messages=HELLO)
    assert answer.choices[0].message.content == "Good day."
    assert (answer.choices[0].finish_reason, answer.model, answer.object) == ("stop", "small", "chat.completion")
    assert answer.usage and answer.usage.prompt_tokens_details
    assert answer.usage.prompt_tokens_details.cached_tokens == 8
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (12, 3, 15)
    asked = door.chat.requests[0]
    assert asked.messages == (ChatMessage("user", (TextPart("Hello."),)),)
    assert asked.priority is Priority.API


async def test_a_reply_comes_as_it_is_written_with_what_it_cost(door: Served) -> None:
    door.chat.script = [[TextDelta("Good "), TextDelta("day."), Done("length", USAGE)]]
    stream = await door.openai.chat.completions.create(
        model="small", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert [chunk.choices[0].delta.content for chunk in chunks[:-1]] == ["", "Good ", "day.", None]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].choices == [] and chunks[-1].usage
    assert chunks[-1].usage.total_tokens == 15
    assert len({chunk.id for chunk in chunks}) == 1


async def test_what_it_cost_is_not_told_unasked(door: Served) -> None:
    door.chat.script = ["Yes."]
    async with door.http.post("/v1/chat/completions", json={"messages": HELLO, "stream": True}) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        text = await answer.text()
    assert text.endswith("data: [DONE]\n\n") and "usage" not in text


async def test_a_forced_call_comes_whole_and_streamed(door: Served) -> None:
    choice: Any = {"type": "function", "function": {"name": "switch_lamp"}}
    door.chat.script = [[CALL, Done("tool_calls", USAGE)], [TextDelta("So."), CALL, CALL, Done("tool_calls")]]
    ask: Any = {"model": "small", "messages": HELLO, "tools": [LAMP], "tool_choice": choice}
    answer = await door.openai.chat.completions.create(**ask)
    call: Any = answer.choices[0].message.tool_calls[0]
    assert (call.id, call.function.name, call.function.arguments) == ("c1", "switch_lamp", '{"on":true}')
    assert (answer.choices[0].finish_reason, answer.choices[0].message.content) == ("tool_calls", None)
    async with door.openai.chat.completions.stream(**ask) as stream:
        whole = await stream.get_final_completion()
    calls: Any = whole.choices[0].message.tool_calls
    assert [call.function.arguments for call in calls] == ['{"on":true}', '{"on":true}']
    assert whole.choices[0].message.content == "So."
    asked = door.chat.requests[0]
    assert (asked.tool_choice, asked.tools[0].name, asked.tools[0].parameters) == ("switch_lamp", "switch_lamp", SCHEMA)


def allowing(mode: str, name: str) -> dict[str, Any]:
    """Return the choice of one tool of several."""
    these = {"mode": mode, "tools": [{"type": "function", "function": {"name": name}}]}
    return {"type": "allowed_tools", "allowed_tools": these}


@pytest.mark.parametrize("mode", ["auto", "required"])
async def test_some_of_the_tools_are_allowed(door: Served, mode: str) -> None:
    other: Any = {"type": "function", "function": {"name": "open_door"}}
    choice = allowing(mode, "switch_lamp")
    ask: Any = {"model": "small", "messages": HELLO, "tools": [LAMP, other], "tool_choice": choice}
    await door.openai.chat.completions.create(**ask)
    asked = door.chat.requests[0]
    assert ([tool.name for tool in asked.tools], asked.tool_choice) == (["switch_lamp"], mode)


@pytest.mark.parametrize("stream", [False, True])
async def test_one_call_at_a_time_is_one(door: Served, stream: bool) -> None:
    door.chat.script = [[CALL, CALL, Done("tool_calls")]]
    ask = {"messages": HELLO, "tools": [LAMP], "parallel_tool_calls": False, "stream": stream}
    async with door.http.post("/v1/chat/completions", json=ask) as answer:
        assert (await answer.text()).count("switch_lamp") == 1


async def test_a_whole_conversation_reaches_the_engine(door: Served) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "switch_lamp", "arguments": '{"on": true}'}}
    said: list[Any] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Light, "}, {"type": "text", "text": "please."}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
    ]
    await door.openai.chat.completions.create(model="small", messages=said)
    assert door.chat.requests[0].messages == (
        ChatMessage("system", (TextPart("Be brief."),)),
        ChatMessage("user", (TextPart("Light, "), TextPart("please."))),
        ChatMessage("assistant", (CALL,)),
        ChatMessage("tool", (ToolResult("c1", "done"),)),
    )


async def test_what_is_set_reaches_the_engine(door: Served) -> None:
    await door.openai.chat.completions.create(
        model="small",
        messages=HELLO,
        temperature=0,
        top_p=0.5,
        seed=7,
        stop=["END", "\n"],
        max_completion_tokens=9,
        presence_penalty=0.5,
        frequency_penalty=-1,
    )
    asked = door.chat.requests[0]
    assert asked.sampling == Sampling(temperature=0, top_p=0.5, seed=7, presence_penalty=0.5, frequency_penalty=-1)
    assert (asked.stop, asked.max_tokens) == (("END", "\n"), 9)


async def test_an_alias_is_a_model_with_settings_of_its_own(door: Served) -> None:
    answer = await door.openai.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    assert answer.model == "gpt-4o-mini"
    asked = door.chat.requests[0]
    assert (asked.sampling.temperature, asked.max_tokens) == (0.3, 77)


async def test_json_is_asked_for_by_schema(door: Served) -> None:
    door.chat.script = ['{"on":true}', "{}"]
    form: Any = {"type": "json_schema", "json_schema": {"name": "lamp", "schema": SCHEMA, "strict": True}}
    await door.openai.chat.completions.create(model="small", messages=HELLO, response_format=form)
    assert door.chat.requests[0].schema == SCHEMA
    await door.openai.chat.completions.create(model="small", messages=HELLO, response_format={"type": "json_object"})
    assert door.chat.requests[1].schema == {"type": "object"}


async def test_several_replies_differ_by_their_seed(door: Served) -> None:
    door.chat.script = [[TextDelta(word), Done("stop", USAGE)] for word in "abcd"]
    answer = await door.openai.chat.completions.create(model="small", messages=HELLO, n=2, seed=5)
    assert [(choice.index, choice.message.content) for choice in answer.choices] == [(0, "a"), (1, "b")]
    assert answer.usage and (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (12, 6)
    assert [asked.sampling.seed for asked in door.chat.requests] == [5, 6]
    stream = await door.openai.chat.completions.create(model="small", messages=HELLO, n=2, stream=True)
    words = [(c.choices[0].index, c.choices[0].delta.content) async for c in stream if c.choices[0].delta.content]
    assert words == [(0, "c"), (1, "d")]


async def test_pictures_and_sound_reach_a_model_that_takes_them(door: Served) -> None:
    url = "data:image/png;base64," + base64.b64encode(png(3, 2)).decode()
    content: Any = [
        {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": wav(), "format": "wav"}},
    ]
    await door.openai.chat.completions.create(model="small", messages=[{"role": "user", "content": content}])
    picture, sound = door.chat.requests[0].messages[0].parts
    assert isinstance(picture, ImagePart) and picture.image.mime_type == "image/png"
    assert isinstance(sound, AudioPart) and sound.audio.duration == pytest.approx(0.1)
    with pytest.raises(openai.BadRequestError, match="takes no image"):
        await door.openai.chat.completions.create(model="plain", messages=[{"role": "user", "content": content[:1]}])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}, "unknown_image"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,%%%"}}, "bad_base64"),
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}, "unknown_audio"),
        ({"type": "input_audio", "input_audio": {"data": wav(rate=768_000), "format": "wav"}}, "audio_error"),
        ({"type": "input_audio", "input_audio": {"data": "%%%", "format": "wav"}}, "bad_base64"),
        ({"type": "input_audio", "input_audio": {"data": wav(), "format": "ogg"}}, "bad_request"),
        ({"type": "file", "file": {"file_id": "x"}}, "bad_request"),
    ],
)
async def test_what_cannot_be_taken_is_told(door: Served, content: dict[str, Any], code: str) -> None:
    status, body = await door.ask(messages=[{"role": "user", "content": [content]}])
    assert (status // 100, body["error"]["code"]) == (4, code)
    assert not door.chat.requests


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (EngineBusy("4 wait"), openai.RateLimitError, "rate_limit_exceeded"),
        (EngineUnavailable("not pulled", hint="pull it"), openai.InternalServerError, "engine_unavailable"),
        (EngineError("it broke"), openai.InternalServerError, "engine_error"),
        (ZeroDivisionError("a secret"), openai.InternalServerError, "internal_error"),
    ],
)
async def test_what_fails_before_the_first_word_has_a_status(
    door: Served, error: Exception, kind: type[openai.APIStatusError], code: str
) -> None:
    door.chat.script = [error, error]
    for stream in (False, True):
        with pytest.raises(kind) as raised:
            await door.openai.chat.completions.create(model="small", messages=HELLO, stream=stream)
        assert raised.value.code == code and "secret" not in str(raised.value)
    if code == "rate_limit_exceeded":
        assert raised.value.response.headers["Retry-After"]


async def test_what_fails_later_is_the_last_event(door: Served) -> None:
    async def breaks(request: Any) -> Any:
        yield TextDelta("Well")
        raise EngineError("it broke")

    door.chat.reply = breaks  # type: ignore[method-assign]
    stream = await door.openai.chat.completions.create(model="small", messages=HELLO, stream=True)
    with pytest.raises(openai.APIError, match="it broke"):
        _ = [chunk async for chunk in stream]


async def test_it_is_told_how_likely_the_words_were(door: Served) -> None:
    good, maybe = TokenLogprob(b"Good", -0.1), TokenLogprob("é".encode()[:1], -2.5)
    tokens = WrittenToken(good, (good, maybe)), WrittenToken(TokenLogprob(b" day.", 0.0))
    said: list[ChatDelta] = [TextDelta("Good", tokens[:1]), TextDelta(" day.", tokens[1:]), Done("stop")]
    door.chat.script = [said, said, "Nothing."]
    ask: Any = {"model": "small", "messages": HELLO, "logprobs": True, "top_logprobs": 2}
    whole = await door.openai.chat.completions.create(**ask)
    told: Any = whole.choices[0].logprobs
    assert [(token.token, token.logprob, len(token.top_logprobs)) for token in told.content] == [
        ("Good", -0.1, 2),
        (" day.", 0.0, 0),
    ]
    assert (told.content[0].top_logprobs[1].token, told.content[0].top_logprobs[1].bytes) == ("\ufffd", [0xC3])
    stream = await door.openai.chat.completions.create(**ask, stream=True)
    chunks = [chunk.choices[0].logprobs async for chunk in stream]
    assert [token.token for chunk in chunks if chunk and chunk.content for token in chunk.content] == ["Good", " day."]
    assert door.chat.requests[0].logprobs == 2
    unasked = await door.openai.chat.completions.create(model="small", messages=HELLO)
    assert (unasked.choices[0].logprobs, door.chat.requests[2].logprobs) == (None, None)
    with pytest.raises(openai.BadRequestError, match="takes no logprobs"):
        await door.openai.chat.completions.create(**ask | {"model": "plain"})


async def test_keys_and_models_that_are_wrong_are_told_as_openai_does(door: Served) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        await door.openai.chat.completions.create(model="gpt-9", messages=HELLO)
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.AuthenticationError) as stranger:
        await door.openai.with_options(api_key="wrong").chat.completions.create(model="small", messages=HELLO)
    assert stranger.value.code == "invalid_api_key"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [LAMP], "tool_choice": {"type": "function", "function": {"name": "other"}}}, "tool_choice"),
        ({"tools": [LAMP], "tool_choice": allowing("auto", "other")}, "tool_choice"),
        ({"tools": [LAMP], "tool_choice": allowing("auto", "auto")}, "tool_choice"),
        ({"tools": [{"type": "function", "function": {"name": "auto"}}]}, "tools[0]"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "nobody", "content": "x"}]}, "messages[0].role"),
    ],
)
async def test_the_key_that_is_wrong_is_named(door: Served, more: dict[str, Any], param: str) -> None:
    status, body = await door.ask(**more)
    assert (status, body["error"]["param"], body["error"]["type"]) == (400, param, "invalid_request_error")


async def test_null_is_as_good_as_nothing(door: Served) -> None:
    keys = "temperature top_p n stop seed tools tool_choice stream stream_options max_tokens response_format logprobs"
    status, _ = await door.ask(model=None, **dict.fromkeys(keys.split()))
    assert status == 200

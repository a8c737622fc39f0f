"""Everything that a server can do wrong is an error that says what, and what to do; nothing hangs."""

import asyncio
import time
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiohttp import web
from assistant_openai_bridge import spec_of
from assistant_openai_bridge.profiles import PROFILES
from bridge_trial import trial

from assistant import (
    ChatMessage,
    ChatRequest,
    Done,
    EngineError,
    Kind,
    TextDelta,
    ToolCall,
    ToolSpec,
)
from assistant.testing import Dialect, HostileCase, ScriptedServer, hostile_cases, page, scripted_server

OPENAI = spec_of(next(profile for profile in PROFILES if profile.type == "openai"))
ASKED = ChatRequest((ChatMessage.of("user", "Hello."),), max_tokens=20)


def event(content: str | None = None, **more: Any) -> bytes:
    """Return a piece of a reply, as servers send it."""
    choice = {"index": 0, "delta": more.pop("delta", {"content": content}), "finish_reason": more.pop("finish", None)}
    return b"data: " + msgspec.json.encode({"choices": [choice], **more}) + b"\n\n"


DONE = b"data: [DONE]\n\n"
DIALECT = Dialect(
    spec=OPENAI,
    type="text/event-stream",
    line=lambda piece: b"data: " + piece + b"\n\n",
    piece=event,
    end=event(delta={}, finish="stop") + DONE,
    error=lambda message: msgspec.json.encode({"error": {"message": message, "type": "x", "code": "y"}}),
    asks="chat",
    path="/v1",
    nonsense=[b'{"choices": 7}'],
    alive=[b": nothing\n"],
)
at, deltas, failure, stream = DIALECT.at, DIALECT.reply, DIALECT.failure, DIALECT.stream


@pytest.mark.parametrize("case", hostile_cases(DIALECT), ids=str)
async def test_what_a_server_may_do_wrong(case: HostileCase) -> None:
    await case.run()


def call(index: int | None, name: str | None = None, arguments: Any = None, id_: str | None = None) -> bytes:
    return event(
        delta={"tool_calls": [{"index": index, "id": id_, "function": {"name": name, "arguments": arguments}}]}
    )


@pytest.mark.parametrize("arguments", ['{"room": ', "[1]", "null", "lamp", '{"a": 1e999}', "[" * 100_000])
async def test_a_call_that_is_none(arguments: str) -> None:
    script = stream(call(0, "light", arguments, "c1"), event(delta={}, finish="tool_calls"), DONE)
    assert "no JSON object" in str(await failure(script))


@pytest.mark.parametrize(
    "pieces",
    [
        [call(0, "light", '{"roo', "c1"), call(0, None, 'm": 1}'), call(1, "time", "", "c2")],
        [call(0, "light", '{"room": 1}', "c1"), call(0, "time", "{}", "c2")],
        [call(None, "light", '{"room"', "c1"), call(None, None, ": 1}"), call(None, "time", None, "c2")],
        [call(0, "light", {"room": 1}, "c1"), call(1, "time", {}, "c2")],
    ],
    ids=["by index", "every index 0", "no index", "arguments as an object"],
)
async def test_calls_as_servers_write_them(pieces: list[bytes]) -> None:
    async with scripted_server(stream(*pieces, event(delta={}, finish="tool_calls"), DONE)) as server:
        reply = await deltas(at(server))
    signs, told = reply[: len(pieces)], [delta for delta in reply if delta != TextDelta("")]
    assert signs == [TextDelta("")] * len(pieces)  # while a call is written
    assert told == [ToolCall("c1", "light", {"room": 1}), ToolCall("c2", "time", {}), Done("tool_calls")]


async def test_more_calls_than_anybody_needs() -> None:
    assert "more than 64 tools" in str(await failure(stream(*[call(n, "light", "{}", f"c{n}") for n in range(70)])))


async def test_a_server_that_does_not_stream() -> None:
    body = b'{"choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}'
    async with scripted_server(page("200 OK", body)) as server:
        reply = await deltas(at(server, parameters={"streaming_support": False}))
        assert "stream" not in msgspec.json.decode(server.heard[0].body)
    assert reply[0] == TextDelta("Hello.") and isinstance(reply[1], Done) and reply[1].usage.prompt_tokens == 3


async def test_what_is_sent() -> None:
    tool = ToolSpec("light", "Switch it", {"type": "object"})
    async with scripted_server(stream(event("Yes."), DIALECT.end)) as server:
        await deltas(at(server), ChatRequest(ASKED.messages, tools=(tool,), tool_choice="light", max_tokens=7))
    [heard] = server.heard
    body = msgspec.json.decode(heard.body)
    assert heard.path == "/v1/chat/completions"
    assert body["model"] == "small" and body["max_tokens"] == 7 and body["stream"] is True
    assert body["tools"][0]["function"]["name"] == "light"
    assert body["tool_choice"] == {"type": "function", "function": {"name": "light"}}


@pytest.mark.parametrize(("seconds", "connections"), [(1.0, 1), (4.0, 2)])
async def test_a_connection_is_kept_for_less_time_than_servers_keep_theirs(
    monkeypatch: pytest.MonkeyPatch, seconds: float, connections: int
) -> None:
    """Many close it after 5 s, perhaps just as the next request comes."""
    made: set[object] = set()

    async def answer(request: web.Request) -> web.Response:
        made.add(request.transport)
        return web.json_response({"choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}]})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    later = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + later)
    monkeypatch.setattr("httpcore2._async.http11.time", clock)
    async with trial("openai", app, parameters={"streaming_support": False}) as bridge, bridge.engine("small") as chat:
        for _ in range(2):
            async with aclosing(chat.reply(ASKED)) as reply:
                assert await anext(reply) == TextDelta("Yes.")
            later += seconds
    assert len(made) == connections


async def models(server: ScriptedServer, **more: Any) -> list[str]:
    provider = at(server, **more)
    return [f"{model.kind}:{model.name}" for model in await OPENAI.models(provider)]


async def test_models_are_listed_as_far_as_they_are_any() -> None:
    listed = b'{"data": [{"id": "qwen3-8b"}, {"id": "bge-m3"}, {"id": "whisper-1"}, {"id": "a b"}, {"id": 7}, 9, {}]}'
    async with scripted_server(page("200 OK", listed)) as server:
        assert await models(server) == [f"{Kind.CHAT}:qwen3-8b", f"{Kind.EMBED}:bge-m3", f"{Kind.STT}:whisper-1"]
        assert await models(server, parameters={"model_endpoint": "all"})
    assert [heard for heard in server.heard if heard.path == "/v1/all"]


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"data": []}', b'{"data": [{"index": 0, "embedding": [0, 0]}]}', b'{"data": [{"index": 0}]}', b"["],
)
async def test_vectors_that_are_none(body: bytes) -> None:
    async with scripted_server(page("200 OK", body)) as server:
        provider = at(server)
        async with OPENAI.open(provider, OPENAI.describe(provider, "bge-m3")) as embed:
            with pytest.raises(EngineError, match="provider pc"):
                await asyncio.to_thread(embed.embed, ["hello"])

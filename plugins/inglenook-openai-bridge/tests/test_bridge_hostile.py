"""Everything that a server can do wrong is an error that says what, and what to do; nothing hangs."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import msgspec
import pytest
from assistant_openai_bridge import spec_of
from assistant_openai_bridge.profiles import PROFILES

from assistant import (
    ChatDelta,
    ChatMessage,
    ChatRequest,
    Done,
    EngineBusy,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    Kind,
    Provider,
    ProviderConfig,
    TextDelta,
    ToolCall,
    ToolSpec,
    UnfitRequest,
)
from assistant.testing import ScriptedServer, page, scripted_server

Step = bytes | float
OPENAI = spec_of(next(profile for profile in PROFILES if profile.type == "openai"))
ASKED = ChatRequest((ChatMessage.of("user", "Hello."),), max_tokens=20)
QUICK = {"parameters": {"timeout": 0.3}}
DONE = b"data: [DONE]\n\n"


def stream(*pieces: Step, type_: str = "text/event-stream") -> list[Step]:
    """Return an answer that goes on until the connection is closed."""
    return [f"HTTP/1.1 200 OK\r\nContent-Type: {type_}\r\nConnection: close\r\n\r\n".encode(), *pieces]


def event(content: str | None = None, **more: Any) -> bytes:
    """Return a piece of a reply, as servers send it."""
    choice = {"index": 0, "delta": more.pop("delta", {"content": content}), "finish_reason": more.pop("finish", None)}
    return b"data: " + msgspec.json.encode({"choices": [choice], **more}) + b"\n\n"


def at(server: ScriptedServer, **more: Any) -> Provider:
    """Return a server as the owner would have configured it."""
    section = {"type": "openai", "endpoint": f"http://127.0.0.1:{server.port}/v1", "api_key": "a-secret", **more}
    config = msgspec.convert(section, ProviderConfig)
    return Provider("pc", config.endpoint, config)


async def deltas(provider: Provider, request: ChatRequest = ASKED, model: str = "small") -> list[ChatDelta]:
    engine = OPENAI.open(provider, OPENAI.describe(provider, model))
    async with engine as chat, aclosing(chat.reply(request)) as reply:
        return [delta async for delta in reply]


def _words(delta: ChatDelta) -> str:
    return delta.text if isinstance(delta, TextDelta) else ""


async def failure(script: Sequence[Step], **more: Any) -> EngineError:
    """Return what comes of a reply to which a server answers so."""
    async with scripted_server(script) as server:
        with pytest.raises(EngineError) as caught:
            async with asyncio.timeout(30):  # not a benchmark: it would hang
                await deltas(at(server, **more))
    assert "provider pc" in str(caught.value)
    assert caught.value.hint
    assert len(str(caught.value)) < 500
    assert "a-secret" not in str(caught.value) + caught.value.hint
    return caught.value


def error(message: str) -> bytes:
    return b'{"error": {"message": "%s", "type": "x", "code": "y"}}' % message.encode()


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("401 Unauthorized", EngineUnavailable, "does not accept the key"),
        ("403 Forbidden", EngineUnavailable, "does not accept the key"),
        ("404 Not Found", EngineUnavailable, "has no model small"),
        ("400 Bad Request", UnfitRequest, "refused the request"),
        ("413 Too Large", UnfitRequest, "refused the request"),
        ("429 Too Many", EngineBusy, "is busy"),
        ("500 Failed", EngineError, "failed"),
        ("503 Loading", EngineBusy, "is busy"),
        ("504 Late", EngineTimeout, "gave up waiting"),
    ],
)
async def test_an_answer_that_is_an_error(status: str, kind: type[EngineError], words: str) -> None:
    failed = await failure(page(status, error("something about small and a-secret")))
    assert type(failed) is kind and words in str(failed)


async def test_patience_that_is_asked_for_is_told() -> None:
    assert "7 s" in (await failure(page("429 Too Many", b"{}", "application/json", "Retry-After: 7"))).hint


async def test_redirects_are_not_followed() -> None:
    async with scripted_server(page("200 OK")) as other:
        failed = await failure(
            page("307 Over There", b"", "text/html", f"Location: http://127.0.0.1:{other.port}/v1/x")
        )
        assert isinstance(failed, EngineUnavailable) and "not followed" in str(failed)
        assert not other.heard


async def test_nobody_is_there() -> None:
    async with scripted_server([]) as gone:
        provider = at(gone)
    with pytest.raises(EngineUnavailable, match="refused the connection"):
        await deltas(provider)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (stream(b"data: {not json\n\n"), "no part of a reply"),
        (stream(b'data: {"choices": 7}\n\n'), "no part of a reply"),
        (stream(b"data: " + b"[" * 100_000 + b"\n\n"), "no part of a reply"),
        (stream(b'data: {"error": {"message": "out of memory with a-secret"}}\n\n'), "out of memory"),
        (page("200 OK", b"<html>Welcome</html>", "text/html"), "answered with text/html"),
        (page("200 OK", b"not json"), "no part of a reply"),
        (page("200 OK", b"[]"), "no part of a reply"),
        (stream(event("Hel")), "broke its reply off"),
        (stream(), "broke its reply off"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\nContent-Type: text/event-stream\r\n\r\n" + event("a")], "broke"),
        ([b"\x15\x03\x01\x00\x02\x02\x28"], "broke the connection off"),
        ([], "broke the connection off"),
        (stream(b"data: " + b"x" * 2_000_000), "more than"),
        (stream(*[b": nothing\n" * 6000] * 20), "more than"),
        (page("200 OK", b"\x1f\x8b", "text/event-stream", "Content-Encoding: gzip"), "packs its answers"),
    ],
)
async def test_an_answer_that_is_no_reply(script: Sequence[Step], words: str) -> None:
    assert words in str(await failure(script))


@pytest.mark.parametrize("body", [b"x", b"<html>" + b"y" * 10_000_000], ids=["small", "huge"])
async def test_the_page_of_an_error_is_read_in_part(body: bytes) -> None:
    assert "failed (500)" in str(await failure(page("500 Failed", body, "text/html")))


async def test_a_small_page_that_unpacks_into_a_large_one_is_not_unpacked() -> None:
    packed = page("500 Failed", b"\x1f\x8b\x08", "text/plain", "Content-Encoding: gzip")
    assert "failed (500)" in str(await failure(packed))


@pytest.mark.parametrize(
    "script",
    [
        [600.0],
        [b"HTTP/1.1 200 OK\r\n", 600.0],
        stream(600.0),
        stream(event("Hel"), 600.0),
        [*stream(), *[b": still here\n\n", 0.1] * 600],
        [*stream(), *[b"d", 0.1] * 600],
        [*stream(), *[event(""), 0.1] * 600],
        [b"HTTP/1.1 500 Failed\r\nContent-Type: text/html\r\nContent-Length: 9000\r\n\r\n", *[b"x", 0.1] * 600],
    ],
    ids=["silent", "half a head", "no word", "one word", "comments", "byte by byte", "empty words", "slow error"],
)
async def test_a_server_that_stalls(script: Sequence[Step]) -> None:
    assert isinstance(await failure(script, **QUICK), EngineTimeout)


async def test_a_stream_without_end_is_cut() -> None:
    async with scripted_server(stream(*[event("word ")] * 5000, 600.0)) as server:
        reply = await deltas(at(server))
    assert isinstance(reply[-1], Done) and reply[-1].reason == "length"
    assert 20 <= len(reply) <= 200


async def test_thoughts_among_the_words_are_not_spoken() -> None:
    pieces = [event(each) for each in ("<th", "ink>They greet me.", "</think>", "\n\n", "Hello.")]
    async with scripted_server(stream(*pieces, event(delta={}, finish="stop"), DONE)) as server:
        assert [*filter(None, map(_words, await deltas(at(server))))] == ["Hello."]


async def test_after_the_last_word_nothing_is_waited_for() -> None:
    async with scripted_server(stream(event("Hello."), event(delta={}, finish="stop"), 600.0)) as server:
        assert await deltas(at(server, **QUICK)) == [TextDelta("Hello."), Done("stop")]


async def test_who_leaves_closes_the_connection() -> None:
    async with scripted_server(stream(event("Hello"), 600.0)) as server:
        provider = at(server)
        async with OPENAI.open(provider, OPENAI.describe(provider, "small")) as chat:
            async with aclosing(chat.reply(ASKED)) as reply:
                assert await anext(reply) == TextDelta("Hello")
            async with asyncio.timeout(30):
                await server.left.wait()


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


async def test_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(variable, "from the environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Other: from the environment\nAuthorization: from the environment")
    for variable in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    script = stream(event("Yes."), event(delta={}, finish="stop"), DONE)
    tool = ToolSpec("light", "Switch it", {"type": "object"})
    async with scripted_server(script) as server:
        asked = ChatRequest(ASKED.messages, tools=(tool,), tool_choice="light", max_tokens=7)
        await deltas(at(server, parameters={"headers": {"X-House": "ours"}}), asked)
        await deltas(at(server, api_key="", parameters={"chat_endpoint": "/other/chat"}))
    [first, second] = server.heard
    headers, keyless, body = first.headers, second.headers, msgspec.json.decode(first.body)
    assert (first.path, second.path) == ("/v1/chat/completions", "/v1/other/chat")
    assert headers["authorization"] == "Bearer a-secret" and headers["x-house"] == "ours"
    assert "authorization" not in keyless
    told = {name for name in headers if name not in ("host", "accept", "connection", "content-length", "content-type")}
    assert told == {"authorization", "x-house", "user-agent", "accept-encoding"}
    assert "from the environment" not in str(headers)
    assert body["model"] == "small" and body["max_tokens"] == 7 and body["stream"] is True
    assert body["tools"][0]["function"]["name"] == "light"
    assert body["tool_choice"] == {"type": "function", "function": {"name": "light"}}


async def test_a_failed_request_is_repeated_only_where_that_is_asked() -> None:
    answers = iter([page("500 Failed"), stream(event("Yes."), event(delta={}, finish="stop"), DONE)])
    async with scripted_server(lambda path: next(answers)) as server:
        assert (await deltas(at(server, parameters={"max_retries": 1})))[0] == TextDelta("Yes.")
        assert len(server.heard) == 2


async def models(server: ScriptedServer, **more: Any) -> list[str]:
    provider = at(server, **more)
    return [f"{model.kind}:{model.name}" for model in await OPENAI.models(provider)]


async def test_models_are_listed_as_far_as_they_are_any() -> None:
    listed = b'{"data": [{"id": "qwen3-8b"}, {"id": "bge-m3"}, {"id": "whisper-1"}, {"id": "a b"}, {"id": 7}, 9, {}]}'
    async with scripted_server(page("200 OK", listed)) as server:
        assert await models(server) == [f"{Kind.CHAT}:qwen3-8b", f"{Kind.EMBED}:bge-m3", f"{Kind.STT}:whisper-1"]
        assert await models(server, parameters={"model_endpoint": "all"})
    assert [heard for heard in server.heard if heard.path == "/v1/all"]


@pytest.mark.parametrize("script", [page("404 Gone"), page("200 OK", b"<html>", "text/html"), page("401 No")])
async def test_a_server_that_lists_nothing(script: list[Step]) -> None:
    async with scripted_server(script) as server:
        with pytest.raises(EngineError, match="provider pc") as caught:
            await models(server)
        assert caught.value.hint
        assert not await OPENAI.recognise(at(server))


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

"""Everything that a server can do wrong is an error that says what, and what to do; nothing hangs."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any, cast

import msgspec
import pytest
from assistant_kobold import assistant_providers

from assistant import (
    ChatDelta,
    ChatMessage,
    ChatRequest,
    Done,
    EngineBusy,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    Provider,
    ProviderConfig,
    TextDelta,
    UnfitRequest,
)
from assistant.testing import ScriptedServer, page, scripted_server

Step = bytes | float
SPECS = {spec.type: spec for spec in assistant_providers()}
KOBOLD = SPECS["koboldcpp"]
ASKED = ChatRequest((ChatMessage.of("user", "Hello."),), max_tokens=20)
QUICK = {"parameters": {"timeout": 0.3}}


def stream(*pieces: Step, type_: str = "text/event-stream") -> list[Step]:
    """Return an answer that goes on until the connection is closed."""
    return [f"HTTP/1.0 200 OK\r\nContent-Type: {type_}\r\n\r\n".encode(), *pieces]


def event(token: str = "", reason: str | None = None) -> bytes:
    return b"event: message\ndata: " + msgspec.json.encode({"token": token, "finish_reason": reason}) + b"\n\n"


END = event(reason="stop")


def answering(script: Sequence[Step]) -> Callable[[str], Sequence[Step]]:
    """Return a server that answers so to who asks for a reply, and is well otherwise."""

    def answer(path: str) -> Sequence[Step]:
        if "generate" in path:
            return script
        return page("200 OK", b'{"result": "koboldcpp/small", "value": 4096}')

    return answer


def at(server: ScriptedServer, **more: Any) -> Provider:
    """Return a server as the owner would have configured it."""
    section = {"type": "koboldcpp", "endpoint": f"http://127.0.0.1:{server.port}", "api_key": "a-secret", **more}
    config = msgspec.convert(section, ProviderConfig)
    return Provider("pc", config.endpoint, config)


async def deltas(provider: Provider) -> list[ChatDelta]:
    engine = KOBOLD.open(provider, KOBOLD.describe(provider, "small"))
    async with engine as chat, aclosing(chat.reply(ASKED)) as reply:
        return [delta async for delta in reply]


async def failure(script: Sequence[Step], **more: Any) -> EngineError:
    """Return what comes of a reply to which a server answers so."""
    async with scripted_server(answering(script)) as server:
        with pytest.raises(EngineError) as caught:
            async with asyncio.timeout(30):  # not a benchmark: it would hang
                await deltas(at(server, **more))
    assert "provider pc" in str(caught.value)
    assert caught.value.hint
    assert len(str(caught.value)) < 500
    assert "a-secret" not in str(caught.value) + caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("401 Unauthorized", EngineUnavailable, "does not accept the key"),
        ("404 Not Found", EngineUnavailable, "has no such page"),
        ("422 Unprocessable", UnfitRequest, "refused the request"),
        ("500 Failed", EngineError, "failed"),
        ("503 Busy", EngineBusy, "is busy"),
    ],
)
async def test_an_answer_that_is_an_error(status: str, kind: type[EngineError], words: str) -> None:
    said = b'{"detail": {"msg": "something about a-secret", "type": "x"}}'
    failed = await failure(page(status, said))
    assert type(failed) is kind and words in str(failed)
    assert kind is EngineUnavailable or "something about" in str(failed)


async def test_redirects_are_not_followed() -> None:
    async with scripted_server(page("200 OK")) as other:
        there = f"http://127.0.0.1:{other.port}/api"
        failed = await failure(page("302 Found", b"", "text/html", f"Location: {there}"))
        assert isinstance(failed, EngineUnavailable) and f"127.0.0.1:{other.port}" in str(failed)
        assert not other.heard


async def test_nobody_is_there() -> None:
    async with scripted_server([]) as gone:
        provider = at(gone)
    with pytest.raises(EngineUnavailable, match="refused the connection"):
        await deltas(provider)


async def test_a_host_that_nobody_knows() -> None:
    with pytest.raises(EngineUnavailable, match="nobody knows that host"):
        await deltas(Provider("pc", "http://nobody.invalid:5001", ProviderConfig(type="koboldcpp")))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (stream(b"data: {not json\n\n"), "no part of a reply"),
        (stream(b"data: []\n\n"), "no part of a reply"),
        (stream(b'data: {"token": 7}\n\n'), "no part of a reply"),
        (stream(b"data: " + b"[" * 100_000 + b"\n\n"), "no part of a reply"),
        (stream(b"data: \xff\xfe\n\n"), "no part of a reply"),
        (stream(event("Hel"), b'data: {"error": "out of memory with a-secret"}\n\n'), "out of memory"),
        (page("200 OK", b"<html>Welcome</html>", "text/html"), "answered with text/html"),
        (page("200 OK", b"null"), "no part of a reply"),
        (page("200 OK", b'{"results": []}'), "no part of a reply"),
        (stream(event("Hel")), "broke its reply off"),
        (stream(), "broke its reply off"),
        ([b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 900\r\n\r\nda"], "broke"),
        ([b""], "broke the connection off"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "broke the connection off"),
        (page("200 OK", b"\x1f\x8b", "text/event-stream", "Content-Encoding: gzip"), "packs its answers"),
        (stream(b"x" * 2_000_000), "more than"),
        (stream(*[b"data: " + b" " * 100_000 + b"\n"] * 100), "more than"),
    ],
)
async def test_an_answer_that_is_none(script: list[Step], words: str) -> None:
    assert words in str(await failure(script))


@pytest.mark.parametrize(
    "script",
    [
        [600.0],
        [b"HTTP/1.1 200 OK\r\nContent-", 600.0],
        stream(600.0),
        stream(event("Hel"), 600.0),
        stream(event("Hel"), b"dat", 600.0),
        stream(*cast("list[Step]", [event(), 0.02] * 1000)),  # it says that it is there, and no more
        stream(*cast("list[Step]", [b" ", 0.02] * 1000)),
    ],
    ids=["nothing", "half a header", "headers", "a word", "half a line", "empty pieces", "a byte at a time"],
)
async def test_a_server_that_stalls(script: list[Step]) -> None:
    assert isinstance(await failure(script, **QUICK), EngineTimeout)


async def test_an_error_page_is_read_no_further_than_a_person_would() -> None:
    head = b"HTTP/1.1 500 Failed\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>"
    assert "failed (500)" in str(await failure([head, *[b"x" * 100_000] * 500]))


async def test_a_reply_without_end_is_cut() -> None:
    async with scripted_server(answering(stream(*[event("word ")] * 10_000))) as server:
        said = await deltas(at(server))
        assert server.heard[-1].path == "/api/extra/abort"
    assert isinstance(said[-1], Done) and said[-1].reason == "length"
    assert 20 <= len(said) <= 200


async def test_a_server_that_is_left_and_does_not_care() -> None:
    def answer(path: str) -> Sequence[Step]:
        return [600.0] if path == "/api/extra/abort" else answering(stream(event("Hello"), 600.0))(path)

    async with scripted_server(answer) as server, asyncio.timeout(30):
        provider = at(server, parameters={"timeout": 5})
        async with KOBOLD.open(provider, KOBOLD.describe(provider, "small")) as chat:
            async with aclosing(chat.reply(ASKED)) as reply:
                assert await anext(reply) == TextDelta("Hello")
            await server.left.wait()


async def test_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    async with scripted_server(answering(stream(event("Yes."), END))) as server:
        await deltas(at(server, parameters={"headers": {"X-House": "ours"}, "chat_endpoint": "/generate/other"}))
        await deltas(at(server, api_key=""))
    first, second = (heard for heard in server.heard if "generate" in heard.path)
    assert (first.path, second.path) == ("/generate/other", "/api/extra/generate/stream")
    assert first.headers["authorization"] == "Bearer a-secret" and first.headers["x-house"] == "ours"
    assert "authorization" not in second.headers
    told = {name for name in first.headers if name not in ("host", "accept", "connection", "content-length")}
    assert told == {"authorization", "x-house", "user-agent", "accept-encoding", "content-type"}
    assert first.headers["user-agent"] == "Inglenook" and first.headers["accept-encoding"] == "identity"


async def test_a_failed_request_is_repeated_only_where_that_is_asked() -> None:
    answers = iter([page("500 Failed"), stream(event("Yes."), END)])
    async with scripted_server(lambda path: next(answers) if "generate" in path else answering([])(path)) as server:
        assert (await deltas(at(server, parameters={"max_retries": 1})))[0] == TextDelta("Yes.")
        assert len([heard for heard in server.heard if "generate" in heard.path]) == 2


@pytest.mark.parametrize(
    "script",
    [
        page("404 Gone"),
        page("200 OK", b"<html>", "text/html"),
        page("200 OK", b'{"result": 7}'),
        page("200 OK", b"["),
        page("401 No"),
        [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", *[b"x" * 1_000_000] * 20],
    ],
)
@pytest.mark.parametrize("type_", SPECS)
async def test_a_server_that_names_no_model(script: list[Step], type_: str) -> None:
    async with scripted_server(script) as server:
        with pytest.raises(EngineError, match="provider pc") as caught:
            await SPECS[type_].models(at(server, type=type_))
        assert caught.value.hint
        assert not await SPECS[type_].recognise(at(server, type=type_))


async def test_a_name_that_is_none_is_no_model() -> None:
    async with scripted_server(page("200 OK", b'{"result": "a b\\u0000"}')) as server:
        assert await KOBOLD.models(at(server)) == []


@pytest.mark.parametrize("told", [b"{}", b"[]", b'{"result": "", "success": false}', b'{"result": 7}', b"{"])
async def test_a_schema_of_which_no_grammar_comes(told: bytes) -> None:
    def answer(path: str) -> Sequence[Step]:
        return page("200 OK", told) if "grammar" in path else answering(stream(event("Yes."), END))(path)

    async with scripted_server(answer) as server:
        provider = at(server)
        engine = KOBOLD.open(provider, KOBOLD.describe(provider, "small"))
        with pytest.raises(UnfitRequest, match="makes no grammar"):
            async with engine as chat, aclosing(chat.reply(ChatRequest(ASKED.messages, schema={}))) as reply:
                assert [delta async for delta in reply]

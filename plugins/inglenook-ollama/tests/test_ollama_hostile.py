"""Everything that a server can do wrong is an error that says what, and what to do; nothing hangs."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any, cast

import msgspec
import pytest
from assistant_ollama import assistant_providers

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
    ProvidedModel,
    Provider,
    ProviderConfig,
    TextDelta,
    UnfitRequest,
)
from assistant.testing import ScriptedServer, page, scripted_server

Step = bytes | float
[OLLAMA] = assistant_providers()
ASKED = ChatRequest((ChatMessage.of("user", "Hello."),), max_tokens=20)
QUICK = {"parameters": {"timeout": 0.3}}


def stream(*pieces: Step, type_: str = "application/x-ndjson") -> list[Step]:
    """Return an answer that goes on until the connection is closed."""
    return [f"HTTP/1.1 200 OK\r\nContent-Type: {type_}\r\nConnection: close\r\n\r\n".encode(), *pieces]


def piece(content: str = "", **more: Any) -> bytes:
    """Return a piece of a reply, as Ollama sends it."""
    message = {"role": "assistant", "content": content} | more.pop("message", {})
    return msgspec.json.encode({"model": "small", "message": message, "done": False, **more}) + b"\n"


END = piece(done=True, done_reason="stop", eval_count=1)


def answering(script: Sequence[Step]) -> Callable[[str], Sequence[Step]]:
    """Return a server that answers so to who asks for a reply, and has no page of its models."""
    return lambda path: page("404 Not Found") if path == "/api/show" else script


def at(server: ScriptedServer, **more: Any) -> Provider:
    """Return a server as the owner would have configured it."""
    section = {"type": "ollama", "endpoint": f"http://127.0.0.1:{server.port}", "api_key": "a-secret", **more}
    config = msgspec.convert(section, ProviderConfig)
    return Provider("pc", config.endpoint, config)


async def deltas(provider: Provider) -> list[ChatDelta]:
    engine = OLLAMA.open(provider, OLLAMA.describe(provider, "small"))
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
        ("403 Forbidden", EngineUnavailable, "does not accept the key"),
        ("404 Not Found", EngineUnavailable, "has no model small"),
        ("400 Bad Request", UnfitRequest, "refused the request"),
        ("429 Too Many", EngineBusy, "is busy"),
        ("500 Failed", EngineError, "failed"),
        ("502 Bad Gateway", EngineError, "failed"),
        ("503 Full", EngineBusy, "is busy"),
        ("504 Late", EngineTimeout, "gave up waiting"),
    ],
)
async def test_an_answer_that_is_an_error(status: str, kind: type[EngineError], words: str) -> None:
    failed = await failure(page(status, b'{"error": "something about small and a-secret"}'))
    assert type(failed) is kind and words in str(failed)


async def test_patience_that_is_asked_for_is_told() -> None:
    assert "7 s" in (await failure(page("429 Too Many", b"{}", "application/json", "Retry-After: 7"))).hint


async def test_redirects_are_not_followed() -> None:
    async with scripted_server(page("200 OK")) as other:
        there = f"http://127.0.0.1:{other.port}/api/x"
        failed = await failure(page("307 Over There", b"", "text/html", f"Location: {there}"))
        assert isinstance(failed, EngineUnavailable) and f"127.0.0.1:{other.port}" in str(failed)
        assert not other.heard


async def test_nobody_is_there() -> None:
    async with scripted_server([]) as gone:
        provider = at(gone)
    with pytest.raises(EngineUnavailable, match="refused the connection"):
        await deltas(provider)


async def test_a_host_that_nobody_knows() -> None:
    config = ProviderConfig(type="ollama")
    with pytest.raises(EngineUnavailable, match="nobody knows that host"):
        await deltas(Provider("pc", "http://nobody.invalid:11434", config))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (stream(b"{not json\n"), "no part of a reply"),
        (stream(b"[]\n"), "no part of a reply"),
        (stream(b'{"message": 7}\n'), "no part of a reply"),
        (stream(b'{"done": true}\n'), "no part of a reply"),
        (stream(b"[" * 100_000 + b"\n"), "no part of a reply"),
        (stream(b"\xff\xfe\n"), "no part of a reply"),
        (stream(piece("Hel"), b'{"error": "out of memory with a-secret"}\n'), "out of memory"),
        (stream(piece("Hel"), b'{"error": {"deep": 1}}\n'), "no part of a reply"),
        (page("200 OK", b"<html>Welcome</html>", "text/html"), "answered with text/html"),
        (page("400 Bad", b"[]"), "no part of a reply"),
        (stream(piece("Hel")), "broke its reply off"),
        (stream(), "broke its reply off"),
        ([b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: 900\r\n\r\n{"], "broke"),
        ([b""], "broke the connection off"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "broke the connection off"),
        (page("200 OK", b"\x1f\x8b", "application/json", "Content-Encoding: gzip"), "packs its answers"),
        (stream(b"x" * 2_000_000), "more than"),
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
        stream(piece("Hel"), 600.0),
        stream(piece("Hel"), b'{"mod', 600.0),
        stream(*cast("list[Step]", [piece(), 0.02] * 1000)),  # it says that it is there, and no more
        stream(*cast("list[Step]", [b" ", 0.02] * 1000)),
    ],
    ids=["nothing", "half a header", "headers", "a word", "half a line", "empty pieces", "a byte at a time"],
)
async def test_a_server_that_stalls(script: list[Step]) -> None:
    assert isinstance(await failure(script, **QUICK), EngineTimeout)


async def test_an_error_page_is_read_no_further_than_a_person_would() -> None:
    head = (
        b"HTTP/1.1 500 Failed\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n<html>"
    )
    assert "failed (500)" in str(await failure([head, *[b"x" * 100_000] * 500]))


@pytest.mark.parametrize("more", [{}, {"message": {"thinking": "hm"}}], ids=["words", "thoughts"])
async def test_a_reply_without_end_is_cut(more: dict[str, Any]) -> None:
    async with scripted_server(answering(stream(*[piece("word ", **more)] * 10_000))) as server:
        said = await deltas(at(server))
    assert isinstance(said[-1], Done) and said[-1].reason == "length"
    assert 20 <= len(said) <= 200


async def test_thoughts_among_the_words_are_not_spoken() -> None:
    pieces = [piece(each) for each in ("<th", "ink>They greet me.", "</think>", "\n\n", "Hello.")]
    async with scripted_server(answering(stream(*pieces, END))) as server:
        assert (await deltas(at(server)))[0] == TextDelta("Hello.")


async def test_who_leaves_closes_the_connection() -> None:
    async with scripted_server(answering(stream(piece("Hello"), 600.0))) as server:
        provider = at(server)
        async with OLLAMA.open(provider, OLLAMA.describe(provider, "small")) as chat:
            async with aclosing(chat.reply(ASKED)) as reply:
                assert await anext(reply) == TextDelta("Hello")
            async with asyncio.timeout(30):
                await server.left.wait()


@pytest.mark.parametrize("arguments", ['"lamp"', "[1]", "null", '{"a": 1e999}'])
async def test_a_call_that_is_none(arguments: str) -> None:
    call = f'{{"function": {{"name": "light", "arguments": {arguments}}}}}'
    await failure(stream(f'{{"message": {{"role": "assistant", "tool_calls": [{call}]}}}}\n'.encode(), END))


async def test_more_calls_than_anybody_needs() -> None:
    calls = [{"function": {"name": "light", "arguments": {}}}] * 70
    assert "more than 64 tools" in str(await failure(stream(piece(message={"tool_calls": calls}), END)))


async def test_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OLLAMA_API_KEY", "OLLAMA_HOST", "HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    async with scripted_server(answering(stream(piece("Yes."), END))) as server:
        await deltas(at(server, parameters={"headers": {"X-House": "ours"}, "chat_endpoint": "/other/chat"}))
        await deltas(at(server, api_key=""))
    first, second = (heard for heard in server.heard if heard.path != "/api/show")
    assert (first.path, second.path) == ("/other/chat", "/api/chat")
    assert first.headers["authorization"] == "Bearer a-secret" and first.headers["x-house"] == "ours"
    assert "authorization" not in second.headers
    told = {name for name in first.headers if name not in ("host", "accept", "connection", "content-length")}
    assert told == {"authorization", "x-house", "user-agent", "accept-encoding", "content-type"}
    assert first.headers["user-agent"] == "Inglenook"


async def test_a_failed_request_is_repeated_only_where_that_is_asked() -> None:
    answers = iter([page("500 Failed"), stream(piece("Yes."), END)])
    async with scripted_server(lambda path: answering(next(answers) if "chat" in path else [])(path)) as server:
        assert (await deltas(at(server, parameters={"max_retries": 1})))[0] == TextDelta("Yes.")
        assert len([heard for heard in server.heard if heard.path == "/api/chat"]) == 2


@pytest.mark.parametrize(
    "script",
    [
        page("404 Gone"),
        page("200 OK", b"<html>", "text/html"),
        page("200 OK", b'{"models": 7}'),
        page("200 OK", b"["),
        page("401 No"),
        [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", *[b"x" * 1_000_000] * 20],
    ],
)
async def test_a_server_that_lists_nothing(script: list[Step]) -> None:
    async with scripted_server(script) as server:
        with pytest.raises(EngineError, match="provider pc") as caught:
            await OLLAMA.models(at(server))
        assert caught.value.hint
        assert not await OLLAMA.recognise(at(server))


async def test_names_that_are_none_are_left_out() -> None:
    listed = b'{"models": [{"name": "small"}, {"name": "a b"}, {"name": ""}, {"model": "bge-m3"}]}'
    async with scripted_server(lambda path: page("200 OK", listed if path == "/api/tags" else b"[]")) as server:
        found = await OLLAMA.models(at(server))
    assert [(model.name, model.kind) for model in found] == [("small", Kind.CHAT), ("bge-m3", Kind.EMBED)]


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"embeddings": []}', b'{"embeddings": [[0, 0]]}', b'{"embeddings": [[]]}', b'{"embeddings": 7}', b"["],
)
async def test_vectors_that_are_none(body: bytes) -> None:
    async with scripted_server(page("200 OK", body)) as server:
        provider = at(server)
        async with OLLAMA.open(
            provider, ProvidedModel("bge-m3", Kind.EMBED, OLLAMA.describe(provider, "bge-m3").capabilities)
        ) as embed:
            with pytest.raises(EngineError, match="provider pc"):
                await asyncio.to_thread(embed.embed, ["hello"])


async def test_a_pull_that_fails() -> None:
    assert OLLAMA.pull
    for script, words in (
        (stream(b'{"status": "pulling manifest"}\n', b'{"error": "file does not exist"}\n'), "file does not exist"),
        (stream(b'{"status": "pulling manifest"}\n'), "broke its reply off"),
    ):
        async with scripted_server(script) as server:
            with pytest.raises(EngineError, match=words):
                async with aclosing(OLLAMA.pull(at(server), "small")) as progress:
                    assert [part.status async for part in progress]

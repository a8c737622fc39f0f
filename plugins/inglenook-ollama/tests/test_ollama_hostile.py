"""Everything that a server can do wrong is an error that says what, and what to do; nothing hangs."""

import asyncio
from contextlib import aclosing
from typing import Any

import msgspec
import pytest
from assistant_ollama import assistant_providers

from assistant import ChatMessage, ChatRequest, Done, EngineError, Kind, ProvidedModel
from assistant.testing import Dialect, HostileCase, hostile_cases, page, scripted_server

[OLLAMA] = assistant_providers()
ASKED = ChatRequest((ChatMessage.of("user", "Hello."),), max_tokens=20)


def piece(content: str = "", **more: Any) -> bytes:
    """Return a piece of a reply, as Ollama sends it."""
    message = {"role": "assistant", "content": content} | more.pop("message", {})
    return msgspec.json.encode({"model": "small", "message": message, "done": False, **more}) + b"\n"


END = piece(done=True, done_reason="stop", eval_count=1)
DIALECT = Dialect(
    spec=OLLAMA,
    type="application/x-ndjson",
    line=lambda piece: piece + b"\n",
    piece=piece,
    end=END,
    error=lambda message: msgspec.json.encode({"error": message}),
    asks="chat",
    nonsense=[b"[]", b'{"message": 7}', b'{"done": true}', b'{"error": {"deep": 1}}'],
    unlisted=[b'{"models": 7}'],
)
at, deltas, failure = DIALECT.at, DIALECT.reply, DIALECT.failure
answering, stream = DIALECT.answering, DIALECT.stream


@pytest.mark.parametrize("case", hostile_cases(DIALECT), ids=str)
async def test_what_a_server_may_do_wrong(case: HostileCase) -> None:
    await case.run()


async def test_a_refusal_that_says_nothing() -> None:
    assert "no part of a reply" in str(await failure(page("400 Bad", b"[]")))


async def test_an_error_in_the_middle_that_is_none() -> None:
    assert "no part of a reply" in str(await failure(stream(piece("Hel"), b'{"error": {"deep": 1}}\n')))


@pytest.mark.parametrize("more", [{}, {"message": {"thinking": "hm"}}], ids=["words", "thoughts"])
async def test_a_reply_without_end_is_cut(more: dict[str, Any]) -> None:
    async with scripted_server(answering(stream(*[piece("word ", **more)] * 10_000))) as server:
        said = await deltas(at(server))
    assert isinstance(said[-1], Done) and said[-1].reason == "length"
    assert 20 <= len(said) <= 200


@pytest.mark.parametrize("arguments", ['"lamp"', "[1]", "null", '{"a": 1e999}'])
async def test_a_call_that_is_none(arguments: str) -> None:
    call = f'{{"function": {{"name": "light", "arguments": {arguments}}}}}'
    await failure(stream(f'{{"message": {{"role": "assistant", "tool_calls": [{call}]}}}}\n'.encode(), END))


async def test_more_calls_than_anybody_needs() -> None:
    calls = [{"function": {"name": "light", "arguments": {}}}] * 70
    assert "more than 64 tools" in str(await failure(stream(piece(message={"tool_calls": calls}), END)))


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

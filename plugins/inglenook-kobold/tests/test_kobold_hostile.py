"""Everything that a server can do wrong is an error that says what, and what to do; nothing hangs."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import msgspec
import pytest
from assistant_kobold import assistant_providers

from assistant import ChatMessage, ChatRequest, Done, TextDelta, UnfitRequest
from assistant.testing import Dialect, HostileCase, Script, hostile_cases, hostile_lists, page, scripted_server

SPECS = {spec.type: spec for spec in assistant_providers()}
KOBOLD = SPECS["koboldcpp"]
ASKED = ChatRequest((ChatMessage.of("user", "Hello."),), max_tokens=20)


def event(token: str = "", reason: str | None = None) -> bytes:
    return b"event: message\ndata: " + msgspec.json.encode({"token": token, "finish_reason": reason}) + b"\n\n"


END = event(reason="stop")
DIALECT = Dialect(
    spec=KOBOLD,
    type="text/event-stream",
    line=lambda piece: b"data: " + piece + b"\n\n",
    piece=event,
    end=END,
    error=lambda message: msgspec.json.encode({"detail": {"msg": message, "type": "x"}}),
    asks="generate",
    otherwise=page("200 OK", b'{"result": "koboldcpp/small", "value": 4096}'),
    nonsense=[b"[]", b'{"token": 7}'],
    alive=[b": nothing\n"],
    unlisted=[b'{"result": 7}'],
    http="1.0",
)
at, deltas, failure = DIALECT.at, DIALECT.reply, DIALECT.failure
answering, stream = DIALECT.answering, DIALECT.stream


@pytest.mark.parametrize("case", hostile_cases(DIALECT), ids=str)
async def test_what_a_server_may_do_wrong(case: HostileCase) -> None:
    await case.run()


@pytest.mark.parametrize("case", hostile_lists(replace(DIALECT, spec=SPECS["koboldai"])), ids=str)
async def test_what_a_server_may_list_wrong(case: HostileCase) -> None:
    await case.run()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (page("200 OK", b"null"), "no part of a reply"),
        (page("200 OK", b'{"results": []}'), "no part of a reply"),
        (stream(*[b"data: " + b" " * 100_000 + b"\n"] * 100), "more than"),
    ],
)
async def test_an_answer_that_is_none(script: Script, words: str) -> None:
    assert words in str(await failure(script))


async def test_a_reply_without_end_is_cut() -> None:
    async with scripted_server(answering(stream(*[event("word ")] * 10_000))) as server:
        said = await deltas(at(server))
        assert server.heard[-1].path == "/api/extra/abort"
    assert isinstance(said[-1], Done) and said[-1].reason == "length"
    assert 20 <= len(said) <= 200


async def test_a_request_that_was_refused_is_not_stopped() -> None:
    async with scripted_server(DIALECT.answering(page("503 Busy"))) as server:
        await DIALECT.failed(deltas(at(server)))
    assert [heard.path for heard in server.heard if "abort" in heard.path] == []


async def test_a_server_that_is_left_and_does_not_care() -> None:
    def answer(path: str) -> Script:
        return [600.0] if path == "/api/extra/abort" else answering(stream(event("Hello"), 600.0))(path)

    async with scripted_server(answer) as server, asyncio.timeout(30):
        provider = at(server, parameters={"timeout": 5})
        async with KOBOLD.open(provider, KOBOLD.describe(provider, "small")) as chat:
            async with aclosing(chat.reply(ASKED)) as reply:
                assert await anext(reply) == TextDelta("Hello")
            await server.left.wait()


async def test_a_name_that_is_none_is_no_model() -> None:
    async with scripted_server(page("200 OK", b'{"result": "a b\\u0000"}')) as server:
        assert await KOBOLD.models(at(server)) == []


@pytest.mark.parametrize("told", [b"{}", b"[]", b'{"result": "", "success": false}', b'{"result": 7}', b"{"])
async def test_a_schema_of_which_no_grammar_comes(told: bytes) -> None:
    def answer(path: str) -> Script:
        return page("200 OK", told) if "grammar" in path else answering(stream(event("Yes."), END))(path)

    async with scripted_server(answer) as server:
        provider = at(server)
        engine = KOBOLD.open(provider, KOBOLD.describe(provider, "small"))
        with pytest.raises(UnfitRequest, match="makes no grammar"):
            async with engine as chat, aclosing(chat.reply(ChatRequest(ASKED.messages, schema={}))) as reply:
                assert [delta async for delta in reply]

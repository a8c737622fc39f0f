"""Any real server that runs somewhere: `INGLENOOK_SERVERS="mlx=http://127.0.0.1:8080/v1 fastchat=http://…/v1#KEY"`."""

import asyncio
import os
from contextlib import aclosing

import msgspec
import pytest
from assistant_openai_bridge.profiles import PROFILES
from bridge_trial import HELLO, LONG, LOOK, Trial

from assistant import ChatMessage, ChatRequest, Done, EngineError, Kind, Sampling, TextDelta, UnfitRequest

SERVERS = os.environ.get("INGLENOOK_SERVERS", "").split()
pytestmark = [pytest.mark.once, pytest.mark.skipif(not SERVERS, reason="no INGLENOOK_SERVERS")]
SURE = Sampling(temperature=0.0)
COLOUR = {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"]}


@pytest.fixture(params=SERVERS or [""])
def server(request: pytest.FixtureRequest) -> Trial:
    type_, _, place = request.param.partition("=")
    endpoint, _, key = place.partition("#")
    return Trial(type_, endpoint, {"api_key": key})


async def chat_model(server: Trial) -> str:
    return next(name for name, model in (await server.models()).items() if model.kind is Kind.CHAT)


async def test_it_is_recognised(server: Trial) -> None:
    assert await server.recognised() == server.spec.type


async def test_it_replies(server: Trial) -> None:
    assert await server.check(await chat_model(server))


async def test_a_conversation_with_tools(server: Trial) -> None:
    reply = await server.reply(ChatRequest(LONG.messages, max_tokens=8), await chat_model(server))
    assert isinstance(reply[-1], Done)


async def test_all_that_a_request_may_have(server: Trial) -> None:
    name = await chat_model(server)
    can = server.spec.describe(server.provider, name).capabilities
    many = Sampling(temperature=0.7, top_p=0.9, top_k=20, min_p=0.05, repeat_penalty=1.1, presence_penalty=0.1, seed=3)
    request = ChatRequest(HELLO.messages, max_tokens=8, sampling=many, stop=("\n\n",), logprobs=2)
    try:
        assert isinstance((await server.reply(request, name))[-1], Done)
    except UnfitRequest as refused:
        assert "given text" in str(refused)  # GPT4All
    for able, wanted in (
        (can.tools, ChatRequest(HELLO.messages, max_tokens=8, tools=(LOOK,))),
        (can.schema, ChatRequest(HELLO.messages, max_tokens=40, schema={"type": "object"})),
    ):
        if able:
            await server.reply(wanted, name)
        else:
            assert isinstance(await server.failure(wanted, name), UnfitRequest)


async def test_what_is_certain_comes_again(server: Trial) -> None:
    name, request = await chat_model(server), ChatRequest(HELLO.messages, sampling=SURE, max_tokens=12)
    assert await server.text(request, name) == await server.text(request, name)


async def test_a_schema_is_kept(server: Trial) -> None:
    name = await chat_model(server)
    if not server.spec.describe(server.provider, name).capabilities.schema:
        pytest.skip("it knows no schemas")
    asked = ChatMessage.of("user", "Which colour has the sky? Answer in JSON.")
    reply = await server.text(ChatRequest((asked,), schema=COLOUR, max_tokens=60, sampling=SURE), name)
    assert msgspec.json.decode(reply)["colour"] in ("red", "blue")


async def test_a_grammar_is_kept(server: Trial) -> None:
    name = await chat_model(server)
    asked = ChatRequest(HELLO.messages, grammar='root ::= "yes" | "no"', max_tokens=8, sampling=SURE)
    if next(profile for profile in PROFILES if profile.type == server.spec.type).grammar:
        assert await server.text(asked, name) in ("yes", "no")
    else:
        assert isinstance(await server.failure(asked, name), UnfitRequest)


async def test_a_reply_that_was_begun_is_gone_on_with(server: Trial) -> None:
    name = await chat_model(server)
    if not server.spec.describe(server.provider, name).capabilities.continues:
        pytest.skip("it begins anew")
    asked, begun = ChatMessage.of("user", "Count from one to nine."), "one, two, three, four,"
    rest = await server.text(
        ChatRequest((asked, ChatMessage.of("assistant", begun)), max_tokens=4, sampling=SURE), name
    )
    assert rest.lstrip().startswith("five")


async def test_models_are_loaded_and_unloaded(server: Trial) -> None:
    if server.spec.load is None or len(await server.models()) < 2:
        pytest.skip("it has one model, or loads none because it is told to")
    name = await chat_model(server)
    await server.load(name)
    assert name in await server.loaded()
    await server.unload(name)
    assert name not in await server.loaded()
    await server.load(name)
    assert await server.text(ChatRequest(HELLO.messages, max_tokens=4), name)


async def test_the_length_is_kept(server: Trial) -> None:
    [*_, done] = await server.reply(ChatRequest(HELLO.messages, max_tokens=2), await chat_model(server))
    assert isinstance(done, Done) and done.reason in ("length", "stop")


async def test_who_leaves_keeps_nobody_waiting(server: Trial) -> None:
    name = await chat_model(server)
    async with server.engine(name) as chat, aclosing(chat.reply(ChatRequest(HELLO.messages, max_tokens=400))) as reply:
        assert isinstance(await anext(reply), TextDelta)
    async with asyncio.timeout(60):
        assert await server.text(ChatRequest(HELLO.messages, max_tokens=4), name)


async def test_a_model_that_is_not_there(server: Trial) -> None:
    failed = await server.failure(model="nobody/nothing")
    assert isinstance(failed, EngineError) and "is no part of a reply" not in str(failed)

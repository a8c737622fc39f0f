"""Profiles against the answers of servers; those that have habits of their own have files of their own."""

import asyncio
from contextlib import aclosing
from typing import Any

import msgspec
import pytest
from assistant_openai_bridge import assistant_providers

from assistant import (
    ChatMessage,
    ChatRequest,
    Image,
    ImagePart,
    Kind,
    Provider,
    ProviderConfig,
    Sampling,
    TextPart,
    ToolCall,
    ToolResult,
    UnfitRequest,
)
from assistant.testing import ScriptedServer, check_chat, check_embed, page, scripted_server

SPECS = {spec.type: spec for spec in assistant_providers()}
CARD = {"id": "qwen3-8b", "object": "model", "created": 1}
MODELS: dict[str, dict[str, Any]] = {
    "llama-cpp-python": {"/v1/models": {"data": [CARD | {"owned_by": "me", "permissions": []}]}},
    "openai": {
        "/v1/models": {
            "data": [
                CARD | {"owned_by": "system"},
                {"id": "text-embedding-3-small"},
                {"id": "tts-1"},
                {"id": "dall-e-3"},
            ]
        }
    },
}
"""Pages of each server, by its type."""


def at(server: ScriptedServer, type_: str) -> Provider:
    return Provider("pc", f"http://127.0.0.1:{server.port}/v1", ProviderConfig(type=type_))


def pages(type_: str) -> Any:
    known = MODELS[type_]
    return lambda path: page("200 OK", msgspec.json.encode(known[path])) if path in known else page("404 Not Found")


@pytest.mark.parametrize("type_", MODELS)
async def test_a_server_is_told_by_its_answers(type_: str) -> None:
    async with scripted_server(pages(type_)) as server:
        found = [spec.type for spec in SPECS.values() if await spec.recognise(at(server, spec.type))]
    assert found[0] == type_


async def test_koboldcpp_is_no_llama_server() -> None:
    known = {"/v1/models": {"data": [CARD | {"owned_by": "koboldcpp"}]}, "/props": {"default_generation_settings": {}}}
    pages_of_both = {path: page("200 OK", msgspec.json.encode(told)) for path, told in known.items()}
    async with scripted_server(lambda path: pages_of_both.get(path, page("404 Not Found"))) as server:
        assert not await SPECS["llama-server"].recognise(at(server, "llama-server"))


async def models(type_: str) -> dict[str, Any]:
    async with scripted_server(pages(type_)) as server:
        return {model.name: model for model in await SPECS[type_].models(at(server, type_))}


@pytest.mark.parametrize("type_", MODELS)
async def test_its_models_are_listed(type_: str) -> None:
    found = await models(type_)
    assert found["qwen3-8b"].kind is Kind.CHAT and found["qwen3-8b"].capabilities.tools
    assert 8000 <= found["qwen3-8b"].capabilities.rank < 8300


@pytest.mark.parametrize(("told", "context"), [(32768, 32768), (True, 0), (-1, 0), ("32768", 0), (None, 0)])
async def test_how_long_a_conversation_may_be_is_believed_where_it_is_a_number(told: Any, context: int) -> None:
    listed = page("200 OK", msgspec.json.encode({"data": [CARD | {"owned_by": "vllm", "max_model_len": told}]}))
    async with scripted_server(listed) as server:
        [model] = await SPECS["vllm"].models(at(server, "vllm"))
    assert model.capabilities.context == context


async def test_what_a_model_is_for_is_told_by_its_name() -> None:
    found = await models("openai")
    assert {name: model.kind for name, model in found.items()} == {
        "qwen3-8b": Kind.CHAT,
        "text-embedding-3-small": Kind.EMBED,
        "tts-1": Kind.TTS,
    }


EVENTS = (
    b'data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]}\n\n'
    b'data: {"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": null}]}\n\n'
    b'data: {"choices": [{"index": 0, "delta": {"content": " there."}, "finish_reason": null}]}\n\n'
    b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    b'data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}}\n\n'
    b"data: [DONE]\n\n"
)


async def asked(type_: str, request: ChatRequest) -> dict[str, Any]:
    """Return what a server is told."""
    async with scripted_server(page("200 OK", EVENTS, "text/event-stream")) as server:
        provider, spec = at(server, type_), SPECS[type_]
        engine = spec.open(provider, spec.describe(provider, "small"))
        async with engine as chat, aclosing(chat.reply(request)) as reply:
            assert [delta async for delta in reply]
        body: dict[str, Any] = msgspec.json.decode(server.heard[0].body)
        return body


@pytest.mark.parametrize("type_", MODELS)
async def test_the_engine_keeps_the_contract(type_: str) -> None:
    async with scripted_server(page("200 OK", EVENTS, "text/event-stream")) as server:
        provider, spec = at(server, type_), SPECS[type_]
        async with spec.open(provider, spec.describe(provider, "small")) as chat:
            assert await check_chat(chat, ChatRequest((ChatMessage.of("user", "Hello."),))) == "Hello there."


async def test_the_engine_that_places_texts_keeps_the_contract() -> None:
    async with scripted_server(lambda path: page("200 OK", placed(server.heard[-1].body))) as server:
        provider, spec = at(server, "openai"), SPECS["openai"]
        async with spec.open(provider, spec.describe(provider, "bge-m3")) as embed:
            check = check_embed(embed, "warm", "hot", "car")
            near, far = await asyncio.to_thread(asyncio.run, check)  # the server needs this loop
            assert near > 0.9 > far
            many = await asyncio.to_thread(embed.embed, ["warm"] * 150)
            assert len(many) == 150 and all(vector == many[0] for vector in many)


def placed(body: bytes) -> bytes:
    """Answer as `/v1/embeddings` does, in no order."""
    places = {"warm": [2.0, 0.1], "hot": [3.0, 0.5], "car": [0.1, 4.0]}
    rows = [
        {"index": at, "object": "embedding", "embedding": places.get(text, [1.0, 1.0])}
        for at, text in enumerate(msgspec.json.decode(body)["input"])
    ]
    return msgspec.json.encode({"object": "list", "data": rows[::-1]})


HELLO = ChatMessage.of("user", "Hello.")


async def test_a_conversation_is_told_whole() -> None:
    picture = ChatMessage("user", (TextPart("What is it?"), ImagePart(Image(b"\x89PNG", "image/png"))))
    called = ChatMessage("assistant", (TextPart("Wait."), ToolCall("c1", "look", {"where": "hall"})))
    answered = ChatMessage("tool", (ToolResult("c1", "a cat"), ToolResult("c2", "a dog")))
    told = (await asked("openai", ChatRequest((ChatMessage.of("system", "Be brief."), picture, called, answered))))[
        "messages"
    ]
    assert [message["role"] for message in told] == ["system", "user", "assistant", "tool", "tool"]
    assert told[1]["content"][1] == {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}
    assert told[2]["tool_calls"][0]["function"] == {"name": "look", "arguments": '{"where": "hall"}'}
    assert told[3] == {"role": "tool", "tool_call_id": "c1", "content": "a cat"}


async def test_a_schema_is_told() -> None:
    form = (await asked("openai", ChatRequest((HELLO,), schema={"type": "object"})))["response_format"]
    assert form["type"] == "json_schema" and form["json_schema"]["schema"] == {"type": "object"}


async def test_a_grammar_is_refused_where_there_is_none() -> None:
    with pytest.raises(UnfitRequest, match="grammar"):
        await asked("openai", ChatRequest((HELLO,), grammar="G"))


async def test_sampling_has_the_servers_own_names() -> None:
    request = ChatRequest((HELLO,), sampling=Sampling(temperature=0.0, top_k=3, repeat_penalty=1.1))
    assert {"temperature": 0.0, "top_k": 3, "repetition_penalty": 1.1}.items() <= (await asked("vllm", request)).items()
    assert "top_k" not in await asked("openai", request)

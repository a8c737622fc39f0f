"""The plugin against a server that answers as Ollama v0.33.0 does.

Source: its server/routes.go, api/types.go, internal/modelref and docs/api.md.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from assistant_ollama import OllamaOptions, assistant_providers

from assistant import (
    ChatDelta,
    ChatMessage,
    ChatRequest,
    Done,
    EngineUnavailable,
    Image,
    ImagePart,
    Kind,
    Provider,
    ProviderConfig,
    Sampling,
    TextDelta,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
    UnfitRequest,
    Usage,
)
from assistant.testing import ScriptedServer, check_chat, check_embed, page, scripted_server

[OLLAMA] = assistant_providers()
HELLO = ChatRequest((ChatMessage.of("user", "Hello."),), max_tokens=20)
MOMENT = "2026-08-21T18:48:22.123456789-07:00"
LISTED: list[dict[str, Any]] = [
    {"name": "qwen3:8b", "details": {"parameter_size": "8.2B"}, "capabilities": ["completion", "tools", "thinking"]},
    {"name": "llava:latest", "details": {"parameter_size": "7B"}},
    {"name": "nomic-embed-text:latest", "details": {"parameter_size": "137M"}, "capabilities": ["embedding"]},
    {"name": "gpt-oss:120b-cloud", "remote_host": "https://ollama.com:443", "capabilities": ["completion"]},
    {"name": "z-image:latest", "capabilities": ["image"]},
    {"name": "mine:latest"},
]


class Ollama:
    """What Ollama answers to what it is asked; what is in memory is remembered."""

    def __init__(self) -> None:
        self.memory: set[str] = set()
        self.server: ScriptedServer | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """Return the body of the latest request."""
        assert self.server is not None
        body: dict[str, Any] = msgspec.json.decode(self.server.heard[-1].body)
        return body

    def __call__(self, path: str) -> Sequence[bytes | float]:
        match path:
            case "/":
                return page("200 OK", b"Ollama is running", "text/plain; charset=utf-8")
            case "/api/tags":
                return self.json({"models": [{"model": each["name"], "digest": "0a8c26", **each} for each in LISTED]})
            case "/api/ps":
                return self.json({"models": [{"name": each, "model": each, "size": 1} for each in self.memory]})
            case "/api/show" | "/api/chat" | "/api/embed" if self.asked["model"] not in [m["name"] for m in LISTED]:
                return self.json({"error": f"model '{self.asked['model']}' not found"}, "404 Not Found")
            case "/api/show" if self.asked["model"] == "mine:latest":
                return self.json({"remote_host": "https://ollama.com:443", "capabilities": ["completion"]})
            case "/api/show":
                return self.json({"details": {"parameter_size": "7B"}, "capabilities": ["completion", "vision"]})
            case "/api/embed":
                return self.json({"model": self.asked["model"], "embeddings": self.placed(), "prompt_eval_count": 9})
            case "/api/pull":
                return self.stream(
                    {"status": "pulling manifest"},
                    {"status": "pulling abc", "digest": "sha256:abc", "total": 20, "completed": 10},
                    {"status": "success"},
                )
            case "/api/chat":
                return self.chat()
        return page("404 Not Found", b"404 page not found", "text/plain")

    def chat(self) -> Sequence[bytes | float]:
        asked, model = self.asked, self.asked["model"]
        ends = {"model": model, "created_at": MOMENT, "message": {"role": "assistant", "content": ""}, "done": True}
        if not asked["messages"]:
            gone = asked.get("keep_alive") == 0
            (self.memory.discard if gone else self.memory.add)(model)
            return self.json({**ends, "done_reason": "unload" if gone else "load"})
        if asked.get("think") and model == "llava:latest":
            return self.json({"error": f'"{model}" does not support thinking'}, "400 Bad Request")
        self.memory.add(model)
        parts: list[dict[str, Any]] = [{"thinking": "They greet me."}] if asked.get("think") else []
        if asked.get("tools"):
            call = {"id": "call_1", "function": {"index": 0, "name": "light", "arguments": {"room": "hall"}}}
            parts += [{"tool_calls": [call]}]
        else:
            parts += [{"content": "Hello"}, {"content": " there."}]
        counts = {"total_duration": 5, "prompt_eval_count": 9, "eval_count": len(parts), "done_reason": "stop"}
        if asked["stream"] is False:
            return self.json({**ends, **counts, "message": {"role": "assistant", "content": "Hello there."}})
        told = [{**ends, "message": {"role": "assistant", "content": ""} | part, "done": False} for part in parts]
        return self.stream(*told, {**ends, **counts})

    def placed(self) -> list[list[float]]:
        places = {"warm": [2.0, 0.1], "hot": [3.0, 0.5], "car": [0.1, 4.0]}
        return [places.get(text, [1.0, 1.0]) for text in self.asked["input"]]

    @staticmethod
    def json(answer: dict[str, Any], status: str = "200 OK") -> list[bytes | float]:
        return page(status, msgspec.json.encode(answer), "application/json; charset=utf-8")

    @staticmethod
    def stream(*parts: dict[str, Any]) -> list[bytes | float]:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        lines = [msgspec.json.encode(part) + b"\n" for part in parts]
        return [head, *(b"%x\r\n%b\r\n" % (len(line), line) for line in lines), b"0\r\n\r\n"]


class running:  # noqa: N801
    """The server, as a provider as its owner would have configured it."""

    def __init__(self, options: dict[str, Any] | None = None, **more: Any) -> None:
        self.ollama = Ollama()
        self._options = msgspec.convert(options or {}, OllamaOptions)
        self._config = msgspec.convert({"type": "ollama", **more}, ProviderConfig)
        self._server = scripted_server(self.ollama)

    async def __aenter__(self) -> tuple[Ollama, Provider]:
        self.ollama.server = server = await self._server.__aenter__()
        return self.ollama, Provider("pc", f"http://127.0.0.1:{server.port}", self._config, self._options)

    async def __aexit__(self, *error: Any) -> None:
        await self._server.__aexit__(*error)


async def deltas(provider: Provider, request: ChatRequest = HELLO, model: str = "qwen3:8b") -> list[ChatDelta]:
    engine = OLLAMA.open(provider, OLLAMA.describe(provider, model))
    async with engine as chat, aclosing(chat.reply(request)) as reply:
        return [delta async for delta in reply]


async def test_the_engine_keeps_the_contract() -> None:
    async with running() as (_, provider), OLLAMA.open(provider, OLLAMA.describe(provider, "qwen3:8b")) as chat:
        assert await check_chat(chat, HELLO) == "Hello there."


async def test_the_engine_that_places_texts_keeps_the_contract() -> None:
    name = "nomic-embed-text:latest"
    async with running() as (_, provider), OLLAMA.open(provider, OLLAMA.describe(provider, name)) as embed:
        near, far = await asyncio.to_thread(asyncio.run, check_embed(embed, "warm", "hot", "car"))
        assert near > 0.9 > far
        assert len(await asyncio.to_thread(embed.embed, ["warm"] * 150)) == 150


async def test_it_is_told_by_its_answers() -> None:
    async with running() as (_, provider):
        assert await OLLAMA.recognise(provider)
    assert not await OLLAMA.recognise(provider)  # it is gone
    async with scripted_server(page("200 OK", b"KoboldAI Lite", "text/html")) as server:
        assert not await OLLAMA.recognise(Provider("pc", f"http://127.0.0.1:{server.port}", ProviderConfig(type="x")))


async def test_models_are_listed_with_what_they_can_do() -> None:
    async with running() as (ollama, provider):
        found = {model.name: model for model in await OLLAMA.models(provider)}
        names = ["qwen3:8b", "llava:latest", "nomic-embed-text:latest", "gpt-oss:120b-cloud", "mine:latest"]
        assert [*found] == names
        thinks, sees, places, cloud, mine = found.values()
        assert thinks.capabilities.tools and thinks.capabilities.rank == 8200
        assert sees.capabilities.inputs == {"text", "image"} and not sees.capabilities.tools
        assert places.kind is Kind.EMBED and cloud.capabilities.local is mine.capabilities.local is False
        await OLLAMA.models(provider)
        assert ollama.server is not None
        assert [heard.path for heard in ollama.server.heard].count("/api/show") == 2  # their version is as it was


async def test_models_that_others_run_are_not_of_this_house() -> None:
    async with running() as (_, provider):
        names = ("gpt-oss:120b-cloud", "gpt-oss:cloud", "qwen3:8b", "my-cloud-model", "foo:bar-cloud/baz")
        local = [OLLAMA.describe(provider, name).capabilities.local for name in names]
    assert local == [False, False, True, True, True]


async def test_a_name_that_hides_that_others_run_the_model() -> None:
    async with running() as (ollama, provider):
        with pytest.raises(EngineUnavailable, match=r"not on this machine: .https://ollama\.com"):
            await deltas(provider, model="mine:latest")
        assert ollama.server is not None
        assert {heard.path for heard in ollama.server.heard} == {"/api/show"}
        places = replace(OLLAMA.describe(provider, "mine:latest"), kind=Kind.EMBED)
        async with OLLAMA.open(provider, places) as embed:
            with pytest.raises(EngineUnavailable, match="not on this machine"):
                await asyncio.to_thread(embed.embed, ["hello"])
        assert not any(b"hello" in heard.body.lower() for heard in ollama.server.heard)
        told = [model for model in await OLLAMA.models(provider) if model.name == "mine:latest"]
        async with OLLAMA.open(provider, told[0]) as chat, aclosing(chat.reply(HELLO)) as reply:
            assert [delta async for delta in reply]  # now it is known, and nobody takes it for local


async def test_thoughts_are_not_spoken() -> None:
    async with running({"think": True}) as (ollama, provider):
        said = await deltas(provider)
        assert said == [TextDelta("Hello"), TextDelta(" there."), Done("stop", Usage(9, 0, 3))]
        assert ollama.asked["think"] is True
        assert (await deltas(provider, model="llava:latest"))[0] == TextDelta("Hello")  # which cannot
        assert "think" not in ollama.asked


async def test_it_is_told_not_to_think() -> None:
    async with running() as (ollama, provider):
        await deltas(provider)
        assert ollama.asked["think"] is False


async def test_a_conversation_is_told_whole() -> None:
    parts = (TextPart("What is it?"), ImagePart(Image(b"\x89PNG", "image/png")))
    called = ChatMessage("assistant", (TextPart("Wait."), ToolCall("c1", "look", {"where": "hall"})))
    answered = ChatMessage("tool", (ToolResult("c1", "a cat"),))
    messages = (ChatMessage.of("system", "Be brief."), ChatMessage("user", parts), called, answered)
    async with running() as (ollama, provider):
        await deltas(provider, ChatRequest(messages))
        assert ollama.asked["messages"] == [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is it?", "images": ["iVBORw=="]},
            {
                "role": "assistant",
                "content": "Wait.",
                "tool_calls": [{"function": {"name": "look", "arguments": {"where": "hall"}}}],
            },
            {"role": "tool", "content": "a cat", "tool_name": "look"},
        ]


async def test_tools_are_told_with_all_that_their_schema_says() -> None:
    room = {"type": "string", "enum": ["hall"], "description": "Which."}
    level = {"type": "integer", "description": "How bright.", "minimum": 0, "maximum": 100}
    schema = {"type": "object", "properties": {"room": room, "level": level}, "required": ["room"]}
    async with running() as (ollama, provider):
        request = ChatRequest(HELLO.messages, tools=(ToolSpec("light", "Switch it", schema),))
        said = await deltas(provider, request)
        told = ollama.asked["tools"][0]["function"]["parameters"]
    call, done = said
    assert isinstance(call, ToolCall) and (call.name, call.arguments) == ("light", {"room": "hall"})
    assert isinstance(done, Done) and done.reason == "tool_calls"
    assert told["properties"]["room"] == room and told["required"] == ["room"]
    assert '"maximum": 100' in told["properties"]["level"]["description"]


async def test_options_and_sampling_are_told() -> None:
    options = {"keep_alive": "30m", "context": 8192, "parameters": {"num_gpu": 7}}
    drawing = Sampling(temperature=0.0, top_k=3, repeat_penalty=1.1, seed=5)
    async with running(options) as (ollama, provider):
        request = ChatRequest(HELLO.messages, sampling=drawing, max_tokens=7, stop=("END",), schema={"type": "object"})
        await deltas(provider, request)
        asked = ollama.asked
    assert asked["keep_alive"] == "30m" and asked["format"] == {"type": "object"}
    drawn = {"temperature": 0.0, "top_k": 3, "repeat_penalty": 1.1, "seed": 5}
    assert asked["options"] == {"num_gpu": 7, "num_predict": 7, "num_ctx": 8192, "stop": ["END"], **drawn}


@pytest.mark.parametrize("more", [{"grammar": "G"}, {"tools": (ToolSpec("a", "b", {}),), "tool_choice": "required"}])
async def test_what_it_cannot_do_is_refused(more: dict[str, Any]) -> None:
    async with running() as (ollama, provider):
        with pytest.raises(UnfitRequest):
            await deltas(provider, ChatRequest(HELLO.messages, **more))
        assert ollama.server is not None and not ollama.server.heard


async def test_a_reply_in_one_piece() -> None:
    async with running(parameters={"streaming_support": False}) as (ollama, provider):
        assert await deltas(provider) == [TextDelta("Hello there."), Done("stop", Usage(9, 0, 2))]
        assert ollama.asked["stream"] is False


async def test_models_come_and_go() -> None:
    async with running({"keep_alive": "1h"}) as (ollama, provider):
        assert OLLAMA.load and OLLAMA.loaded and OLLAMA.unload and OLLAMA.pull
        assert await OLLAMA.loaded(provider) == frozenset()
        await OLLAMA.load(provider, "qwen3:8b")
        assert ollama.asked["keep_alive"] == "1h"
        assert await OLLAMA.loaded(provider) == {"qwen3:8b"}
        await OLLAMA.unload(provider, "qwen3:8b")
        assert await OLLAMA.loaded(provider) == frozenset()
        progress = [part async for part in OLLAMA.pull(provider, "qwen3:8b")]
        assert [part.status for part in progress] == ["pulling manifest", "pulling abc", "success"]
        assert (progress[1].done, progress[1].total) == (10, 20)


async def test_it_is_loaded_beforehand_only_where_the_owner_wants_that() -> None:
    for preload in (False, True):
        async with running({"preload": preload, "context": 8192}) as (ollama, provider):
            async with OLLAMA.open(provider, OLLAMA.describe(provider, "qwen3:8b")) as chat:
                await chat.warm(HELLO)
            assert ollama.memory == ({"qwen3:8b"} if preload else set())
            assert ollama.server is not None
            assert not any(b"Hello" in heard.body for heard in ollama.server.heard)


async def test_a_model_that_is_gone() -> None:
    async with running() as (_, provider):
        with pytest.raises(EngineUnavailable, match="has no model llama9"):
            await deltas(provider, model="llama9")


async def test_the_engine_may_be_elsewhere() -> None:
    async with running() as (ollama, provider):
        for suffix in ("/api", "/v1"):
            await deltas(Provider("pc", provider.endpoint + suffix, provider.config, provider.options))
        assert ollama.server is not None
        assert {heard.path for heard in ollama.server.heard} == {"/api/chat", "/api/show"}


def test_the_readme_lists_every_option() -> None:
    told = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE)
    assert listed == [field.name for field in msgspec.structs.fields(OllamaOptions)]

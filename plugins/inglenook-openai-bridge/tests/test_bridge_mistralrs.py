"""mistral.rs, by a contract server of its source at 9e92262 (after release 0.9.2).

mistralrs-server-core/src/{handlers,chat_completion,streaming,openai,mistralrs_server_router_builder}.rs.
"""

from typing import Any

import pytest
from aiohttp import web
from bridge_trial import HELLO, chunk, sse, trial

from assistant import ChatRequest, EngineError, UnfitRequest

MODELS = {"Qwen/Qwen3-4B": "loaded", "google/gemma-3-12b-it": "unloaded"}
ADAPTER = "Qwen/Qwen3-4B::house-style"


class MistralRs:
    """A server with more models than fit."""

    def __init__(self) -> None:
        self.models = dict(MODELS)
        self.failing = False
        self.asked: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_get("/api-doc/openapi.json", self._described)
        app.router.add_get("/v1/models", self._list)
        app.router.add_post("/v1/models/reload", self._reload)
        app.router.add_post("/v1/models/unload", self._unload)
        app.router.add_post("/v1/chat/completions", self._chat)
        return app

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def _described(self, request: web.Request) -> web.Response:
        return web.json_response({"openapi": "3.1.0", "info": {"title": "Mistral.rs", "license": {"name": "MIT"}}})

    async def _list(self, request: web.Request) -> web.Response:
        card = {"object": "model", "created": 1, "owned_by": "local"}
        data = [card | {"id": "default", "root": "default"}]
        data += [card | {"id": name, "root": name, "status": status} for name, status in self.models.items()]
        adapter = {"id": ADAPTER, "root": "house-style", "parent": "Qwen/Qwen3-4B", "status": "loaded"}
        return web.json_response({"object": "list", "data": [*data, card | adapter | {"adapter_generation": "g1"}]})

    async def _told(self, request: web.Request, status: str) -> web.Response:
        """Answer 200, whatever came of it."""
        name = (await request.json())["model_id"]
        if name not in self.models:
            return web.json_response({"model_id": name, "status": "not_found"})
        if self.failing:
            return web.json_response({"model_id": name, "status": "internal_error", "error": "out of memory"})
        self.models[name] = status
        return web.json_response({"model_id": name, "status": status})

    async def _reload(self, request: web.Request) -> web.Response:
        return await self._told(request, "loaded")

    async def _unload(self, request: web.Request) -> web.Response:
        return await self._told(request, "unloaded")

    async def _chat(self, request: web.Request) -> web.Response:
        self.asked.append(body := await request.json())
        name = body["model"]
        if name not in self.models:
            return web.json_response({"message": f"Model {name} not found"}, status=422)
        if self.failing:
            error = {"message": "DriverError(CUDA_ERROR)", "type": "server_error", "param": None, "code": None}
            return sse(chunk(name, role="assistant", content="H"), {"error": error})
        progress = 'event: agentic_tool_call_progress\ndata: {"round": 0, "tool_name": "x", "phase": "calling"}'
        usage = {"completion_tokens": 2, "prompt_tokens": 9, "total_tokens": 11, "avg_tok_per_sec": 90.5}
        first = chunk(name, role="assistant", content="Hi.") | {"usage": None, "system_fingerprint": "local"}
        return sse(":", progress, first, chunk(name, "stop", role="assistant", content="") | {"usage": usage})


@pytest.fixture
def server() -> MistralRs:
    return MistralRs()


async def test_it_is_recognised(server: MistralRs) -> None:
    async with trial("mistralrs", server.app()) as tried:
        assert await tried.recognised() == "mistralrs"


async def test_its_models_are_listed_by_their_own_names_with_adapters(server: MistralRs) -> None:
    async with trial("mistralrs", server.app()) as tried:
        found = await tried.models()
        assert [*found] == [*MODELS, ADAPTER] and found[ADAPTER].capabilities.rank == 4000
        assert "image" in found["google/gemma-3-12b-it"].capabilities.inputs
        assert await tried.loaded() == {"Qwen/Qwen3-4B", ADAPTER}


async def test_it_replies(server: MistralRs) -> None:
    async with trial("mistralrs", server.app()) as tried:
        assert await tried.check("Qwen/Qwen3-4B") == "Hi."
        await tried.reply(ChatRequest(HELLO.messages, schema={"type": "object"}, stop=("\n",)), "Qwen/Qwen3-4B")
    form = server.asked[-1]["response_format"]["json_schema"]
    assert form["name"] and form["schema"] == {"type": "object"} and server.asked[-1]["stop"] == ["\n"]


async def test_its_grammars_are_none_of_ours(server: MistralRs) -> None:
    async with trial("mistralrs", server.app()) as tried:
        failed = await tried.failure(ChatRequest(HELLO.messages, grammar='root ::= "a"'), "Qwen/Qwen3-4B")
    assert isinstance(failed, UnfitRequest)


async def test_failures_are_told(server: MistralRs) -> None:
    async with trial("mistralrs", server.app()) as tried:
        assert "Model nobody not found" in str(await tried.failure(model="nobody"))
        server.failing = True
        assert "CUDA_ERROR" in str(await tried.failure(model="Qwen/Qwen3-4B"))


async def test_models_are_loaded_and_unloaded_whatever_the_status_of_the_answer(server: MistralRs) -> None:
    async with trial("mistralrs", server.app()) as tried:
        await tried.load("google/gemma-3-12b-it")
        assert server.models["google/gemma-3-12b-it"] == "loaded"
        await tried.unload("Qwen/Qwen3-4B")
        assert server.models["Qwen/Qwen3-4B"] == "unloaded"
        with pytest.raises(EngineError, match="not_found"):
            await tried.load("nobody")
        server.failing = True
        with pytest.raises(EngineError, match="out of memory"):
            await tried.load("Qwen/Qwen3-4B")

"""ezlocalai, by a contract server of its source at 81668ee: app.py, Pipes.py (get_models), ezlocalai/LLM.py.

The real server of that commit, with a real SmolLM2-135M, gave the same answers (`test_bridge_real.py`).
"""

from typing import Any

import pytest
from aiohttp import web
from bridge_trial import HELLO, LONG, LOOK, chunk, sse, trial

from assistant import ChatRequest, EngineBusy, EngineUnavailable, UnfitRequest

KEY = "ez"
QWEN = "unsloth/Qwen3-VL-4B-Instruct-GGUF"


class EzLocalAi:
    """A server that may hand on what it is asked to another."""

    def __init__(self) -> None:
        self.full = False
        self.words = True
        self.asked: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/openapi.json", self._described)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/resources", self._resources)
        app.router.add_post("/v1/chat/completions", self._chat)
        return app

    def _check_key(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            raise web.HTTPUnauthorized(text='{"detail":"Invalid API Key"}', content_type="application/json")

    async def _described(self, request: web.Request) -> web.Response:
        return web.json_response({"openapi": "3.1.0", "info": {"title": "ezlocalai Server"}, "paths": {}})

    async def _models(self, request: web.Request) -> web.Response:
        self._check_key(request)
        card = {"object": "model", "owned_by": "ezlocalai"}
        draws = card | {"id": "Wan-AI/Wan2.2-5B", "capability": "video"}
        return web.json_response({"object": "list", "data": [card | {"id": QWEN}, draws]})

    async def _resources(self, request: web.Request) -> web.Response:
        self._check_key(request)
        model = {
            "name": QWEN,
            "device": "cuda",
            "vram_gb": 4.1,
            "in_use": False,
            "active_requests": 0,
            "last_used": 1.0,
        }
        parallel = {"n_parallel": 2, "n_ctx": 40000, "per_slot_context": 20000, "queue_wait_timeout": 30.0}
        fallback = {"configured": True, "url": "https://api.example/v1", "should_use_fallback": True}
        told = {"gpu_count": 1, "loaded_models": {"llm": model}, "fallback": fallback, "parallel": parallel}
        return web.json_response(told)

    async def _chat(self, request: web.Request) -> web.Response:
        self._check_key(request)
        self.asked.append(await request.json())
        if self.full:
            return web.json_response({"detail": "Request queue is full. Current queue size: 100"}, status=503)
        alive = chunk("/models/Qwen3-VL-4B-Instruct/Qwen3-VL-4B-Instruct-Q4_K_XL.gguf")  # whatever is asked for
        name = alive["model"]
        if not self.words:
            error = {"message": "LLM stream completed without any assistant text.", "type": "empty_stream"}
            return sse(alive, {"error": error})
        return sse(alive, chunk(name, content="Hi."), alive, chunk(name, "stop"))


@pytest.fixture
def server() -> EzLocalAi:
    return EzLocalAi()


async def test_it_is_recognised_without_a_key(server: EzLocalAi) -> None:
    async with trial("ezlocalai", server.app()) as tried:
        assert await tried.recognised() == "ezlocalai"


async def test_what_writes_is_listed(server: EzLocalAi) -> None:
    async with trial("ezlocalai", server.app(), api_key=KEY) as tried:
        [(name, model)] = (await tried.models()).items()
        assert await tried.loaded() == {QWEN}
    can = model.capabilities
    assert name == QWEN and "image" in can.inputs and not can.tools and can.parallel == 2 and can.context == 20000


async def test_it_replies(server: EzLocalAi) -> None:
    async with trial("ezlocalai", server.app(), api_key=KEY) as tried:
        assert await tried.check(QWEN) == "Hi."
        await tried.reply(LONG, QWEN)
    assert [message["role"] for message in server.asked[-1]["messages"]] == ["system", "user"]


@pytest.mark.parametrize("gateway", [False, True])
async def test_it_hands_nothing_on_unless_the_owner_says_so(server: EzLocalAi, gateway: bool) -> None:
    async with trial("ezlocalai", server.app(), api_key=KEY, gateway=gateway) as tried:
        await tried.reply(model=QWEN)
    assert server.asked[-1].get("disable_fallback", False) is not gateway


async def test_what_it_passes_over_in_silence_is_refused_here(server: EzLocalAi) -> None:
    async with trial("ezlocalai", server.app(), api_key=KEY) as tried:
        assert isinstance(await tried.failure(ChatRequest(HELLO.messages, tools=(LOOK,)), QWEN), UnfitRequest)
    assert not server.asked


async def test_another_model_than_the_one_that_was_asked_for_is_no_answer(server: EzLocalAi) -> None:
    async with trial("ezlocalai", server.app(), api_key=KEY) as tried:
        failed = await tried.failure(model="unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF")
    assert isinstance(failed, EngineUnavailable) and "Qwen3-VL-4B" in str(failed)


async def test_failures_are_told(server: EzLocalAi) -> None:
    async with trial("ezlocalai", server.app(), api_key=KEY) as tried:
        server.full = True
        assert isinstance(await tried.failure(model=QWEN), EngineBusy)
        server.full, server.words = False, False
        assert "without any assistant text" in str(await tried.failure(model=QWEN))
    async with trial("ezlocalai", server.app(), api_key="wrong") as tried:
        assert isinstance(await tried.failure(model=QWEN), EngineUnavailable)

"""Jan, by a contract server of its source.

src-tauri/src/core/server/proxy.rs at 0035982 and src-tauri/static/openapi.json at 2a0abe7; what is behind the proxy is
llama.cpp's own server.
"""

from typing import Any

import pytest
from aiohttp import web
from bridge_trial import chunk, sse, trial

from assistant import EngineBusy, EngineError, EngineUnavailable

KEY = "jan-key"
HERE = ("Jan-v3-4b-Q4_K_XL", "gemma-3n-E4B")


class Jan:
    """A server whose models somebody has started, or nobody."""

    def __init__(self) -> None:
        self.running = {HERE[0]: "user", "claude-9": "remote"}

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/openapi.json", self._described)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/models/load", self._load)
        app.router.add_post("/v1/models/unload", self._unload)
        app.router.add_post("/v1/chat/completions", self._chat)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path != "/openapi.json":
            if request.host.split(":")[0] not in ("localhost", "127.0.0.1", "0.0.0.0"):
                return web.Response(text="Invalid host header", status=403)
            if "Authorization" not in request.headers:
                return web.Response(text="Missing authorization header", status=401)
            if request.headers["Authorization"] != f"Bearer {KEY}":
                return web.Response(text="Invalid or missing authorization token", status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _described(self, request: web.Request) -> web.Response:
        return web.json_response({"openapi": "3.0.0", "info": {"title": "Jan API Server Endpoints", "version": "1.0"}})

    async def _models(self, request: web.Request) -> web.Response:
        data = [{"id": name, "object": "model", "created": 1, "owned_by": by} for name, by in self.running.items()]
        return web.json_response({"object": "list", "data": data})

    async def _load(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        if name not in HERE:
            return web.json_response({"error": f"Model '{name}' not found"}, status=404)
        self.running[name] = "user"
        return web.json_response({"success": True, "model": name, "port": 3501, "pid": 7})

    async def _unload(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        del self.running[name]
        return web.json_response({"success": True, "model": name})

    async def _chat(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        if not self.running:
            return web.Response(text="No models are available", status=503)
        if name not in self.running:
            return web.Response(text=f"No running session found for model '{name}'", status=404)
        usage = {"completion_tokens": 2, "prompt_tokens": 9, "total_tokens": 11}
        last = {**chunk(name), "choices": [], "usage": usage, "timings": {"prompt_n": 9, "predicted_n": 2}}
        return sse(chunk(name, role="assistant", content=None), chunk(name, content="Hi."), chunk(name, "stop"), last)


@pytest.fixture
def server() -> Jan:
    return Jan()


async def test_it_is_recognised_without_a_key(server: Jan) -> None:
    async with trial("jan", server.app()) as tried:
        assert await tried.recognised() == "jan"


async def test_models_that_others_run_for_it_are_not_local(server: Jan) -> None:
    async with trial("jan", server.app(), api_key=KEY) as tried:
        found = await tried.models()
        unheard = tried.spec.describe(tried.provider, HERE[0])
    assert found[HERE[0]].capabilities.local and found[HERE[0]].capabilities.rank == 4000
    assert not found["claude-9"].capabilities.local and not unheard.capabilities.local


async def test_it_replies(server: Jan) -> None:
    async with trial("jan", server.app(), api_key=KEY) as tried:
        assert await tried.check(HERE[0]) == "Hi."


@pytest.mark.parametrize("key", ["", "wrong"])
async def test_a_wrong_key(server: Jan, key: str) -> None:
    async with trial("jan", server.app(), api_key=key) as tried:
        assert "key" in (await tried.failure()).hint


async def test_a_host_that_it_does_not_trust_is_told_so(server: Jan) -> None:
    async with trial("jan", server.app(), api_key=KEY, parameters={"headers": {"Host": "pc.house:1337"}}) as tried:
        failed = await tried.failure()
    assert isinstance(failed, EngineUnavailable) and "by that name" in str(failed)


async def test_a_model_that_does_not_run(server: Jan) -> None:
    async with trial("jan", server.app(), api_key=KEY) as tried:
        assert f"has no model {HERE[1]}" in str(await tried.failure(model=HERE[1]))
        server.running.clear()
        assert isinstance(await tried.failure(model=HERE[1]), EngineBusy)


async def test_models_are_loaded_and_unloaded(server: Jan) -> None:
    async with trial("jan", server.app(), api_key=KEY) as tried:
        await tried.load(HERE[1])
        assert await tried.loaded() == {*HERE}
        await tried.unload(HERE[0])
        assert await tried.loaded() == {HERE[1]}
        await tried.unload(HERE[0])
        with pytest.raises(EngineError, match="nobody"):
            await tried.load("nobody")

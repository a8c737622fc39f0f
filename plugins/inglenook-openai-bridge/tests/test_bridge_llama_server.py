"""llama.cpp's llama-server, by contract servers of its source, build b11434: with one model, and as a router of many.

tools/server/{server,server-http,server-context,server-models,server-common}.cpp. The real server of build b10434 gave
the same answers in both ways, with a real SmolLM2-135M (`test_bridge_real.py`).
"""

from typing import Any

import pytest
from aiohttp import web
from bridge_trial import HELLO, LOOK, chunk, sse, trial

from assistant import ChatMessage, ChatRequest, EngineBusy, EngineError, EngineUnavailable, Sampling, UnfitRequest

KEY = "sk-house"
ONE, OTHER = "qwen3-vl-8b", "ggml-org/SmolLM3-3B-GGUF:Q4_K_M"
BEGUN = ChatRequest((*HELLO.messages, ChatMessage.of("assistant", "Well, ")))


class LlamaServer:
    """A server of one model, or a router that starts one for each of several."""

    def __init__(self, *states: tuple[str, str]) -> None:
        self.states = dict(states)
        self.routes = bool(states)
        self.leaving: set[str] = set()
        self.starting = False
        self.failing = False
        self.echoes = False
        self.asked: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/health", self._health)
        app.router.add_get("/props", self._props)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        if self.routes:
            app.router.add_post("/models/load", self._load)
            app.router.add_post("/models/unload", self._unload)
        app.router.add_route("*", "/{page:.*}", self._nothing)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.starting:
            return self._error(503, "Loading model", "unavailable_error")
        if request.path != "/health" and request.headers.get("Authorization") != f"Bearer {KEY}":
            return self._error(401, "Invalid API Key", "authentication_error")
        answer: web.StreamResponse = await handler(request)
        return answer

    def _error(self, code: int, message: str, kind: str = "invalid_request_error", **more: Any) -> web.Response:
        return web.json_response({"error": {"code": code, "message": message, "type": kind, **more}}, status=code)

    async def _nothing(self, request: web.Request) -> web.Response:
        return self._error(404, "File Not Found", "not_found_error")

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _props(self, request: web.Request) -> web.Response:
        name = request.query.get("model")
        if self.routes and not name:
            dummy = {"default_generation_settings": {"params": None, "n_ctx": 0}, "model_path": "none"}
            return web.json_response({"role": "router", "max_instances": 4, "models_autoload": True, **dummy})
        if self.routes:
            assert name is not None and request.query["autoload"] == "false"
            if self.states[name] != "loaded":
                return self._error(400, "model is not loaded")
        props = {"default_generation_settings": {"params": {}, "n_ctx": 8192}, "total_slots": 4}
        seen = {"vision": not self.routes, "video": False, "audio": False}
        return web.json_response(props | {"model_alias": name or ONE, "modalities": seen, "is_sleeping": False})

    async def _models(self, request: web.Request) -> web.Response:
        card = {"aliases": [], "tags": [], "object": "model", "owned_by": "llamacpp", "created": 1}
        meta = {"n_ctx": 8192, "n_ctx_train": 40960, "n_params": 8_190_735_360, "ftype": "Q4_K_M"}
        if not self.routes:
            return web.json_response({"models": [], "object": "list", "data": [card | {"id": ONE, "meta": meta}]})
        data = []
        for name, state in self.states.items():
            status: dict[str, Any] = {"value": state, "args": ["llama-server", "--alias", name]}
            if state == "unloaded" and self.failing:
                status |= {"exit_code": 1, "failed": True}
            takes = ["text", "image"] if name == ONE else ["text"]
            entry = card | {"id": name, "status": status, "architecture": {"input_modalities": takes}}
            data.append(entry | ({"meta": meta} if state == "loaded" else {}))
            if state == "loading":  # it goes on while it is asked how far it is
                self.states[name] = "unloaded" if self.failing else "loaded"
            if name in self.leaving:
                self.states[name] = "unloaded"
        return web.json_response({"data": data, "object": "list"})

    async def _load(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        if name not in self.states:
            return self._error(404, "model is not found", "not_found_error")
        if self.states[name] == "loaded":
            return self._error(400, "model is already running")
        self.states[name] = "loading"
        return web.json_response({"success": True})

    async def _unload(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        if self.states.get(name) != "loaded":
            return self._error(400, "model is not running")
        self.leaving.add(name)
        return web.json_response({"success": True})

    async def _chat(self, request: web.Request) -> web.Response:
        self.asked.append(body := await request.json())
        name = body["model"] if self.routes else ONE
        if self.routes and name not in self.states:
            return self._error(400, f"model '{name}' not found")
        if "tools" in body and "grammar" in body:
            return self._error(400, "Cannot use custom grammar constraints with tools.")
        begun = body["messages"][-1]
        if "too long" in begun["content"]:
            message = "request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it"
            return self._error(400, message, "exceed_context_size_error", n_prompt_tokens=9000, n_ctx=8192)
        if "broken" in begun["content"]:
            error = {"code": 500, "message": "Compute error.", "type": "server_error"}
            return sse(chunk(name, role="assistant", content=None), {"error": error}, done=False)
        first = begun["content"] if begun["role"] == "assistant" and self.echoes else ""
        words = chunk(name, role="assistant", content=None), chunk(name, content=f"{first}Hi"), chunk(name, content=".")
        usage = {"completion_tokens": 2, "prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 8}}
        return sse(*words, ":", chunk(name, "stop"), {**chunk(name), "choices": [], "usage": usage, "timings": {}})


@pytest.fixture
def one() -> LlamaServer:
    return LlamaServer()


@pytest.fixture
def router() -> LlamaServer:
    return LlamaServer((ONE, "loaded"), (OTHER, "unloaded"))


async def test_it_is_recognised(one: LlamaServer, router: LlamaServer) -> None:
    for server in one, router:
        async with trial("llama-server", server.app(), api_key=KEY) as tried:
            assert await tried.recognised() == "llama-server"
    async with trial("llama-server", one.app()) as tried:
        assert await tried.recognised() == ""  # it tells nobody anything without its key
        assert "key" in (await tried.failure()).hint


async def test_what_it_tells_of_its_model(one: LlamaServer) -> None:
    async with trial("llama-server", one.app(), api_key=KEY) as tried:
        found = await tried.models()
        assert await tried.loaded() == {ONE}
    can = found[ONE].capabilities
    assert (can.rank, can.context, can.parallel) == (8190, 8192, 4) and can.inputs == {"text", "image"}


async def test_what_a_router_tells_of_its_models(router: LlamaServer) -> None:
    async with trial("llama-server", router.app(), api_key=KEY) as tried:
        found = await tried.models()
        assert await tried.loaded() == {ONE}
    held, other = found[ONE].capabilities, found[OTHER].capabilities
    assert (held.rank, held.context, held.parallel) == (8190, 8192, 4) and held.inputs == {"text", "image"}
    assert (other.rank, other.context) == (3000, 0) and other.inputs == {"text"}


async def test_while_its_model_is_loaded_it_asks_for_patience(one: LlamaServer) -> None:
    one.starting = True
    async with trial("llama-server", one.app(), api_key=KEY) as tried:
        with pytest.raises(EngineBusy, match="Loading model"):
            await tried.models()
        assert isinstance(await tried.failure(), EngineBusy)


async def test_it_replies(one: LlamaServer) -> None:
    async with trial("llama-server", one.app(), api_key=KEY) as tried:
        assert await tried.check(ONE) == "Hi."
        sampling = Sampling(top_k=3, min_p=0.1, repeat_penalty=1.1)
        await tried.reply(ChatRequest(HELLO.messages, grammar='root ::= "a"', sampling=sampling), ONE)
    told = one.asked[-1]
    assert {"grammar": 'root ::= "a"', "cache_prompt": True, "repeat_penalty": 1.1, "top_k": 3}.items() <= told.items()


@pytest.mark.parametrize("echoes", [False, True], ids=["b11434", "b10434"])
async def test_a_reply_that_was_begun_is_gone_on_with(one: LlamaServer, echoes: bool) -> None:
    one.echoes = echoes
    async with trial("llama-server", one.app(), api_key=KEY) as tried:
        assert (await tried.models())[ONE].capabilities.continues
        assert await tried.text(BEGUN, ONE) == "Hi."
        assert await tried.text(model=ONE) == "Hi."


async def test_another_model_than_the_one_that_was_asked_for_is_no_answer(one: LlamaServer) -> None:
    async with trial("llama-server", one.app(), api_key=KEY) as tried:
        failed = await tried.failure(model="gemma-3-4b")
        assert isinstance(failed, EngineUnavailable) and f"another model loaded: {ONE}" in str(failed)
        for name in (f"/models/{ONE}.gguf", "Qwen3-VL-8B", f"{ONE}-q4_k_m"):
            assert await tried.text(model=name) == "Hi."


async def test_failures_are_told(one: LlamaServer, router: LlamaServer) -> None:
    async with trial("llama-server", one.app(), api_key=KEY) as tried:
        long = await tried.failure(ChatRequest((ChatMessage.of("user", "too long"),)), ONE)
        both = await tried.failure(ChatRequest(HELLO.messages, tools=(LOOK,), grammar="G"), ONE)
        broken = await tried.failure(ChatRequest((ChatMessage.of("user", "broken"),)), ONE)
    assert isinstance(long, UnfitRequest) and "exceeds the available context size" in str(long)
    assert isinstance(both, UnfitRequest) and "Compute error" in str(broken)
    async with trial("llama-server", router.app(), api_key=KEY) as tried:
        assert "model 'nobody' not found" in str(await tried.failure(model="nobody"))


async def test_models_are_loaded_and_unloaded_by_a_router(router: LlamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant_openai_bridge.memory._AGAIN", 0.0)
    async with trial("llama-server", router.app(), api_key=KEY) as tried:
        await tried.load(ONE)  # it is there: asked to load it, the router would refuse
        await tried.load(OTHER)
        assert await tried.loaded() == {ONE, OTHER}
        await tried.unload(ONE)
        await tried.unload(ONE)
        assert await tried.loaded() == {OTHER}
        with pytest.raises(EngineError, match="model is not found"):
            await tried.load("nobody")
        router.failing = True
        with pytest.raises(EngineError, match=f"did not load {ONE}"):
            await tried.load(ONE)


async def test_a_server_of_one_model_is_told_neither(one: LlamaServer) -> None:
    async with trial("llama-server", one.app(), api_key=KEY) as tried:
        await tried.load(ONE)
        with pytest.raises(EngineUnavailable, match="no such page"):
            await tried.unload(ONE)

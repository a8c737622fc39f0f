"""text-generation-webui, by a contract server of its source at 1dcde41 (release 4.7.3).

modules/api/{script,models,completions,errors,typing}.py, with --api-key and --admin-key. The real server, with its
loader Transformers and a real SmolLM2-135M, gave the same answers (`test_bridge_real.py`).
"""

from typing import Any

import pytest
from aiohttp import web
from bridge_trial import HELLO, LOOK, chunk, sse, trial

from assistant import ChatRequest, EngineError, EngineUnavailable, Sampling, UnfitRequest

KEY, ADMIN = "reader", "owner"
HERE = ["Qwen3-8B-Q4_K_M.gguf", "gemma-3-4b-it-Q8_0.gguf"]


class WebUI:
    """A server that has one model loaded, or none."""

    def __init__(self, admin: str = KEY) -> None:
        self.model = HERE[0]
        self.admin = admin
        self.asked: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._of_this_machine])
        app.router.add_get("/openapi.json", self._described)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/internal/model/info", self._info)
        app.router.add_post("/v1/internal/model/load", self._load)
        app.router.add_post("/v1/internal/model/unload", self._unload)
        return app

    @web.middleware
    async def _of_this_machine(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.host.split(":")[0] not in ("localhost", "127.0.0.1"):
            return web.json_response({"detail": "Invalid host header"}, status=400)
        answer: web.StreamResponse = await handler(request)
        return answer

    def _check(self, request: web.Request, key: str) -> None:
        if request.headers.get("Authorization") != f"Bearer {key}":
            raise web.HTTPUnauthorized(text='{"detail":"Unauthorized"}', content_type="application/json")

    async def _described(self, request: web.Request) -> web.Response:
        pages: dict[str, Any] = {"/v1/models": {}, "/v1/internal/model/info": {}, "/v1/internal/model/load": {}}
        return web.json_response({"openapi": "3.1.0", "info": {"title": "FastAPI"}, "paths": pages})

    async def _models(self, request: web.Request) -> web.Response:
        self._check(request, KEY)
        loaded = [] if self.model == "None" else [self.model]
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "user"} for name in loaded]
        return web.json_response({"object": "list", "data": data})

    async def _info(self, request: web.Request) -> web.Response:
        self._check(request, KEY)
        return web.json_response({"model_name": self.model, "lora_names": [], "loader": "llama.cpp"})

    async def _load(self, request: web.Request) -> web.Response:
        self._check(request, self.admin)
        name = (await request.json())["model_name"]
        self.model = "None"
        if name not in HERE:
            return web.json_response({"detail": "Failed to load the model."}, status=500)
        self.model = name
        return web.json_response("OK")

    async def _unload(self, request: web.Request) -> web.Response:
        self._check(request, self.admin)
        self.model = "None"
        return web.json_response("OK")

    async def _chat(self, request: web.Request) -> web.Response:
        """Answer with whatever is loaded: `model` of the request means nothing to it."""
        self._check(request, KEY)
        self.asked.append(body := await request.json())
        more: dict[str, Any] = {"usage": None} if body["stream_options"]["include_usage"] else {}
        words = [] if self.model == "None" else [chunk(self.model, content="Hi.") | more]
        start = chunk(self.model, role="assistant", refusal=None, content="") | more
        usage = {"prompt_tokens": 30, "completion_tokens": 2, "total_tokens": 32}
        last = {**chunk(self.model), "choices": [], "usage": usage}
        end = chunk(self.model, "stop", tool_calls=[]) | more
        return sse(start, *words, end, last, end="\n\n")


@pytest.fixture
def server() -> WebUI:
    return WebUI()


async def test_it_is_recognised_without_a_key(server: WebUI) -> None:
    async with trial("textgen", server.app()) as tried:
        assert await tried.recognised() == "textgen"
        with pytest.raises(EngineUnavailable, match="key"):
            await tried.models()


async def test_the_model_that_is_loaded_is_listed(server: WebUI) -> None:
    async with trial("textgen", server.app(), api_key=KEY) as tried:
        [name] = found = await tried.models()
        can = found[name].capabilities
        assert name == HERE[0] and can.rank == 8000 and can.parallel == 1 and can.tools and not can.schema
        assert await tried.loaded() == {HERE[0]}


async def test_it_replies(server: WebUI) -> None:
    async with trial("textgen", server.app(), api_key=KEY) as tried:
        assert await tried.check(HERE[0]) == "Hi."
        sampling = Sampling(min_p=0.1, repeat_penalty=1.1)
        request = ChatRequest(HELLO.messages, grammar='root ::= "a"', tools=(LOOK,), sampling=sampling)
        await tried.reply(request, HERE[0])
    told = server.asked[-1]
    assert told["grammar_string"] == 'root ::= "a"' and told["min_p"] == 0.1 and told["repetition_penalty"] == 1.1


async def test_it_knows_nothing_of_schemas(server: WebUI) -> None:
    async with trial("textgen", server.app(), api_key=KEY) as tried:
        failed = await tried.failure(ChatRequest(HELLO.messages, schema={"type": "object"}), HERE[0])
    assert isinstance(failed, UnfitRequest) and not server.asked


@pytest.mark.parametrize("loaded", [HERE[0], "None"])
async def test_another_model_than_the_one_that_was_asked_for_is_no_answer(server: WebUI, loaded: str) -> None:
    server.model = loaded
    async with trial("textgen", server.app(), api_key=KEY) as tried:
        failed = await tried.failure(model=HERE[1])
    assert isinstance(failed, EngineUnavailable) and loaded in str(failed)


async def test_models_are_loaded_and_unloaded(server: WebUI) -> None:
    async with trial("textgen", server.app(), api_key=KEY) as tried:
        await tried.load(HERE[1])
        assert await tried.text(model=HERE[1]) == "Hi."
        await tried.unload(HERE[0])  # another is there
        assert server.model == HERE[1]
        await tried.unload(HERE[1])
        assert await tried.loaded() == frozenset() and not await tried.models()
        with pytest.raises(EngineError, match="Failed to load the model"):
            await tried.load("nobody")


async def test_loading_is_the_owners(server: WebUI) -> None:
    server.admin = ADMIN
    async with trial("textgen", server.app(), api_key=KEY) as tried:
        with pytest.raises(EngineUnavailable, match="key"):
            await tried.load(HERE[1])
    assert server.model == HERE[0]


async def test_a_host_that_it_does_not_trust_is_told_so(server: WebUI) -> None:
    async with trial("textgen", server.app(), api_key=KEY, parameters={"headers": {"Host": "pc.house"}}) as tried:
        failed = await tried.failure(model=HERE[0])
    assert isinstance(failed, EngineUnavailable) and "by that name" in str(failed)

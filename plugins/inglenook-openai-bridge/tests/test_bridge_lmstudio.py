"""LM Studio, by a contract server of its documentation at c6854fb (release 0.4), for its source is not public.

1_developer/{2_rest,3_openai-compat,0_core}; what these leave out, from reports of its users in its bug tracker: 200 for
pages that it has not (1323, 618), one model in memory that answers for any (619), what it says of keys and models.
"""

from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web
from bridge_trial import HELLO, Trial, chunk, sse, trial

from assistant import ChatMessage, ChatRequest, EngineError, EngineUnavailable, Kind, Sampling, UnfitRequest

KEY = "sk-lm-house"
QWEN, GEMMA, PLACES = "qwen/qwen3-8b", "google/gemma-4-26b-a4b", "text-embedding-nomic-embed-text-v1.5"
PARAMETERS = {QWEN: "8B", GEMMA: "26B-A4B", PLACES: None}
LOADED = {"context_length": 4096, "eval_batch_size": 512, "parallel": 4, "flash_attention": True}


class LmStudio:
    """A server with three models on its disk; `old` is one of before release 0.4, without keys and loading."""

    def __init__(self, old: bool = False) -> None:
        self.old = old
        self.held = {GEMMA: GEMMA}
        """Models in memory, by what they are called there."""
        self.asked: list[dict[str, Any]] = []
        self.jobs: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/v1/models", self._list)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/api/v0/models", self._listed_before)
        if not self.old:
            app.router.add_get("/api/v1/models", self._listed)
            app.router.add_post("/api/v1/models/load", self._load)
            app.router.add_post("/api/v1/models/unload", self._unload)
            app.router.add_post("/api/v1/models/download", self._download)
            app.router.add_get("/api/v1/models/download/status/{job}", self._status)
        app.router.add_route("*", "/{page:.*}", self._nothing)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if not self.old and request.headers.get("Authorization") != f"Bearer {KEY}":
            message = "An LM Studio API token is required to make requests to this server, but none was provided"
            error = {"type": "invalid_request", "code": "invalid_api_key", "message": message}
            return web.json_response({"error": error}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _nothing(self, request: web.Request) -> web.Response:
        return web.json_response({"error": f"Unexpected endpoint or method. ({request.method} {request.path})"})

    async def _list(self, request: web.Request) -> web.Response:
        card = {"object": "model", "owned_by": "organization_owner"}
        return web.json_response({"data": [card | {"id": name} for name in PARAMETERS], "object": "list"})

    async def _listed(self, request: web.Request) -> web.Response:
        models = []
        for name, size in PARAMETERS.items():
            held = [{"id": id_, "config": LOADED} for id_, model in self.held.items() if model == name]
            told: dict[str, Any] = {"key": name, "display_name": name, "params_string": size, "loaded_instances": held}
            told |= {"type": "embedding" if name == PLACES else "llm", "max_context_length": 262144, "format": "gguf"}
            if name != PLACES:
                told["capabilities"] = {"vision": name == GEMMA, "trained_for_tool_use": name == QWEN}
            models.append(told)
        return web.json_response({"models": models})

    async def _listed_before(self, request: web.Request) -> web.Response:
        kinds = {QWEN: "llm", GEMMA: "vlm", PLACES: "embeddings"}
        data: list[dict[str, Any]] = []
        for name, kind in kinds.items():
            told = {"id": name, "object": "model", "type": kind, "state": "not-loaded", "max_context_length": 131072}
            if name in self.held:
                told |= {"state": "loaded", "loaded_context_length": 4096}
            data.append(told | ({"capabilities": ["tool_use"]} if name == QWEN else {}))
        return web.json_response({"object": "list", "data": data})

    async def _load(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        if name not in PARAMETERS:
            message = f"Model not found: {name}"
            return web.json_response({"error": {"type": "model_not_found", "message": message}}, status=404)
        id_ = f"{name}:2" if name in self.held else name
        self.held[id_] = name
        return web.json_response({"type": "llm", "instance_id": id_, "load_time_seconds": 9.1, "status": "loaded"})

    async def _unload(self, request: web.Request) -> web.Response:
        id_ = (await request.json())["instance_id"]
        del self.held[id_]
        return web.json_response({"instance_id": id_})

    async def _download(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        if name in PARAMETERS:
            return web.json_response({"status": "already_downloaded"})
        job = {"job_id": "job_1", "status": "downloading", "total_size_bytes": 900}
        end = "failed" if name == "nobody/nothing" else "completed"
        self.jobs = [job | {"downloaded_bytes": 450}, {"job_id": "job_1", "status": end, "total_size_bytes": 900}]
        return web.json_response(job | {"started_at": "2026-04-29T12:00:00.000Z"})

    async def _status(self, request: web.Request) -> web.Response:
        assert request.match_info["job"] == "job_1"
        return web.json_response(self.jobs.pop(0))

    async def _chat(self, request: web.Request) -> web.Response:
        self.asked.append(body := await request.json())
        name = body["model"]
        if self.old and len(self.held) == 1:
            name = next(iter(self.held))
        elif name not in PARAMETERS:
            message = f'Invalid model identifier "{name}". Please specify a valid downloaded model (e.g., {QWEN}).'
            error = {"message": message, "type": "invalid_request_error", "param": "model", "code": "model_not_found"}
            return web.json_response({"error": error}, status=400)
        if "broken" in body["messages"][-1]["content"]:
            failed = {"error": {"message": "Compute error."}, "message": "Compute error."}
            return sse(chunk(name, role="assistant", content="H"), "event: error", failed, done=False)
        usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
        first = chunk(name, role="assistant", content="Hi") | {"system_fingerprint": name}
        first["choices"][0]["logprobs"] = None
        last = {**chunk(name), "choices": [], "usage": usage}
        return sse(first, chunk(name, role="assistant", content="."), chunk(name, "stop"), last)


@pytest.fixture
def server() -> LmStudio:
    return LmStudio()


@pytest.fixture
def old() -> LmStudio:
    return LmStudio(old=True)


async def test_it_is_recognised(server: LmStudio, old: LmStudio) -> None:
    async with trial("lmstudio", server.app(), api_key=KEY) as tried:
        assert await tried.recognised() == "lmstudio"
    async with trial("lmstudio", old.app()) as tried:
        assert await tried.recognised() == "lmstudio"


async def test_what_it_tells_of_its_models(server: LmStudio) -> None:
    async with trial("lmstudio", server.app(), api_key=KEY) as tried:
        found = await tried.models()
        assert await tried.loaded() == {GEMMA}
    assert {name: model.kind for name, model in found.items()} == {
        QWEN: Kind.CHAT,
        GEMMA: Kind.CHAT,
        PLACES: Kind.EMBED,
    }
    held, other = found[GEMMA].capabilities, found[QWEN].capabilities
    assert (held.rank, held.context, held.parallel) == (26_000, 4096, 4)
    assert "image" in held.inputs and not held.tools
    assert other.tools and not other.context and "image" not in other.inputs


async def test_what_it_told_before_release_0_4(old: LmStudio) -> None:
    async with trial("lmstudio", old.app()) as tried:
        found = await tried.models()
        assert await tried.loaded() == {GEMMA}
        with pytest.raises(EngineError, match="Unexpected endpoint"):
            await tried.load(QWEN)
    assert found[PLACES].kind is Kind.EMBED and found[QWEN].capabilities.tools
    assert found[GEMMA].capabilities.context == 4096 and "image" in found[GEMMA].capabilities.inputs
    assert not found[QWEN].capabilities.context


async def test_it_replies(server: LmStudio) -> None:
    async with trial("lmstudio", server.app(), api_key=KEY) as tried:
        assert await tried.check(QWEN) == "Hi."
        sampling = Sampling(top_k=3, min_p=0.1, repeat_penalty=1.1)
        await tried.reply(ChatRequest(HELLO.messages, sampling=sampling, schema={"type": "object"}, logprobs=2), QWEN)
    told = server.asked[-1]
    assert {"top_k": 3, "repeat_penalty": 1.1}.items() <= told.items() and not {"min_p", "logprobs"} & told.keys()
    assert told["response_format"]["json_schema"]["schema"] == {"type": "object"}


async def test_another_model_than_the_one_that_was_asked_for_is_no_answer(old: LmStudio) -> None:
    async with trial("lmstudio", old.app()) as tried:
        failed = await tried.failure(model=QWEN)
        assert isinstance(failed, EngineUnavailable) and f"another model loaded: {GEMMA}" in str(failed)
        old.held = {f"{QWEN}@q4_k_m:2": QWEN}
        for name in (QWEN, "Qwen3-8B"):
            assert await tried.text(model=name) == "Hi."


async def test_failures_are_told(server: LmStudio) -> None:
    async with trial("lmstudio", server.app()) as tried:
        assert "key" in (await tried.failure(model=QWEN)).hint
    async with trial("lmstudio", server.app(), api_key=KEY) as tried:
        gone = await tried.failure(model="nobody/nothing")
        assert isinstance(gone, UnfitRequest) and "Invalid model identifier" in str(gone)
        assert "Compute error" in str(await tried.failure(ChatRequest((ChatMessage.of("user", "broken"),)), QWEN))
    async with trial("lmstudio", server.app(), api_key=KEY, parameters={"chat_endpoint": "chat"}) as tried:
        assert "Unexpected endpoint" in str(await tried.failure(model=QWEN))  # though its status is 200


async def test_models_are_loaded_and_unloaded(server: LmStudio) -> None:
    async with trial("lmstudio", server.app(), api_key=KEY) as tried:
        await tried.load(GEMMA)
        await tried.load(QWEN)
        assert server.held == {GEMMA: GEMMA, QWEN: QWEN}  # none of them twice
        server.held[f"{GEMMA}:2"] = GEMMA
        await tried.unload(GEMMA)
        await tried.unload(GEMMA)
        assert await tried.loaded() == {QWEN}
        with pytest.raises(EngineUnavailable, match="has no model nobody"):
            await tried.load("nobody")


async def pulled(tried: Trial, name: str) -> list[tuple[str, int, int]]:
    assert tried.spec.pull is not None
    async with aclosing(tried.spec.pull(tried.provider, name)) as progress:
        return [(part.status, part.done, part.total) async for part in progress]


async def test_models_of_its_catalogue_are_downloaded(server: LmStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant_openai_bridge.gallery._AGAIN", 0.0)
    async with trial("lmstudio", server.app(), api_key=KEY) as tried:
        assert await pulled(tried, QWEN) == []
        assert await pulled(tried, "ibm/granite-4-micro") == [("downloading", 450, 900), ("completed", 0, 900)]
        with pytest.raises(EngineError, match="did not install nobody/nothing: failed"):
            await pulled(tried, "nobody/nothing")

"""TabbyAPI, by a contract server of its source at e632af4.

common/{auth,networking,model}.py, endpoints/core/{router,utils,types}, endpoints/OAI/{router,types,utils}.
Its real doors, beside no model (that needs a graphics card of NVIDIA's), gave the same answers.
"""

import json
from typing import Any

import pytest
from aiohttp import web
from bridge_trial import HELLO, chunk, sse, trial

from assistant import ChatMessage, ChatRequest, EngineError, EngineUnavailable, Kind

KEY, ADMIN = "a" * 32, "b" * 32
FOLDERS = ["Qwen3-8B-exl3", "Pixtral-12B-exl2"]


class Tabby:
    """A server with folders of models, of which one is loaded at most."""

    def __init__(self) -> None:
        self.model: str | None = FOLDERS[0]
        self.embeds: str | None = None
        self.asked: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/.well-known/serviceinfo", self._service)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/model", self._card)
        app.router.add_get("/v1/model/embedding", self._embedding)
        app.router.add_get("/props", self._props)
        app.router.add_post("/v1/model/load", self._load)
        app.router.add_post("/v1/model/unload", self._unload)
        app.router.add_post("/v1/chat/completions", self._chat)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if not request.path.startswith("/.well-known"):
            owners = request.path.endswith("load")
            told = request.headers.get("x-admin-key" if owners else "x-api-key")
            told = told or request.headers.get("Authorization", "").partition("Bearer ")[2]
            if told not in ((ADMIN,) if owners else (KEY, ADMIN)):
                return web.json_response({"detail": f"Invalid {'admin' if owners else 'API'} key"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _service(self, request: web.Request) -> web.Response:
        software = {"name": "TabbyAPI", "repository": "https://github.com/theroyallab/tabbyAPI"}
        return web.json_response({"version": 0.1, "software": software, "api": {}})

    def _card_of(self, name: str, parameters: Any = None) -> dict[str, Any]:
        card = {"id": name, "object": "model", "created": 1, "owned_by": "tabbyAPI", "logging": None}
        return card | {"parameters": parameters}

    async def _models(self, request: web.Request) -> web.Response:
        owners = request.headers.get("Authorization") == f"Bearer {ADMIN}"
        names = FOLDERS if owners else [self.model] if self.model else []
        return web.json_response({"object": "list", "data": [self._card_of(name) for name in names]})

    def _none(self) -> web.Response:
        return web.json_response({"detail": "No models are currently loaded."}, status=503)

    async def _card(self, request: web.Request) -> web.Response:
        if self.model is None:
            return self._none()
        parameters = {"max_seq_len": 32768, "max_batch_size": 6, "use_vision": "Pixtral" in self.model, "draft": None}
        return web.json_response(self._card_of(self.model, parameters))

    async def _embedding(self, request: web.Request) -> web.Response:
        return web.json_response(self._card_of(self.embeds)) if self.embeds else self._none()

    async def _props(self, request: web.Request) -> web.Response:
        return web.json_response({"total_slots": 6, "default_generation_settings": {"n_ctx": 32768}})

    async def _load(self, request: web.Request) -> web.Response:
        name = (await request.json())["model_name"]
        if name not in [*FOLDERS, "too-large"]:
            detail = "Could not find the model path for load. Check model name or config.yml?"
            return web.json_response({"detail": detail}, status=400)
        self.model = None
        if name == "too-large":
            error = {"error": {"message": "Insufficient VRAM in split for model and cache", "trace": None}}
            return sse(self._step(1), ": ping - 2026-08-13 10:00:00+00:00", error, end="\r\n\r\n", done=False)
        self.model = name
        return sse(self._step(1), self._step(2), self._step(2, "finished"), end="\r\n\r\n", done=False)

    def _step(self, module: int, status: str = "processing") -> dict[str, Any]:
        return {"model_type": "model", "module": module, "modules": 2, "status": status}

    async def _unload(self, request: web.Request) -> web.Response:
        if self.model is None:
            return self._none()
        self.model = None
        return web.json_response(None)

    async def _chat(self, request: web.Request) -> web.Response:
        """Answer with whatever is loaded, as without `inline_model_loading`."""
        self.asked.append(body := await request.json())
        if self.model is None:  # it looks into what is not there
            return web.Response(text="Internal Server Error", status=500)
        if "broken" in json.dumps(body["messages"]):
            return sse(
                chunk(self.model, content="H"), {"error": {"message": "CUDA error", "trace": None}}, end="\r\n\r\n"
            )
        usage = {"prompt_tokens": 9, "prompt_time": 0.1, "completion_tokens": 2, "total_tokens": 11}
        last = {**chunk(self.model), "choices": [], "usage": usage}
        words = chunk(self.model, role="assistant", content="Hi."), chunk(self.model, "stop", content="")
        return sse(*words, ": ping - 2026-08-13 10:00:00+00:00", last, end="\r\n\r\n")


@pytest.fixture
def server() -> Tabby:
    return Tabby()


async def test_it_is_recognised_without_a_key(server: Tabby) -> None:
    async with trial("tabbyapi", server.app()) as tried:
        assert await tried.recognised() == "tabbyapi"
    async with trial("tabbyapi", server.app(), api_key=KEY) as tried:
        assert await tried.recognised() == "tabbyapi"  # though it shows slots, as llama.cpp's server does


@pytest.mark.parametrize("key", [KEY, ADMIN])
async def test_the_model_that_is_loaded_is_listed(server: Tabby, key: str) -> None:
    server.model, server.embeds = FOLDERS[1], "places-1"
    async with trial("tabbyapi", server.app(), api_key=key) as tried:
        found = await tried.models()
        assert {name: model.kind for name, model in found.items()} == {FOLDERS[1]: Kind.CHAT, "places-1": Kind.EMBED}
        can = found[FOLDERS[1]].capabilities
        assert can.parallel == 6 and "image" in can.inputs and can.context == 32768
        server.model = server.embeds = None
        assert not await tried.models()


async def test_it_replies(server: Tabby) -> None:
    async with trial("tabbyapi", server.app(), parameters={"headers": {"x-api-key": KEY}}) as tried:
        assert await tried.check(FOLDERS[0]) == "Hi."
        assert await tried.text(model=f"{FOLDERS[0].replace('-exl3', '')}/exl3/{FOLDERS[0]}") == "Hi."


async def test_schemas_and_grammars_are_told_as_it_knows_them(server: Tabby) -> None:
    async with trial("tabbyapi", server.app(), api_key=KEY) as tried:
        await tried.reply(ChatRequest(HELLO.messages, schema={"type": "object"}), FOLDERS[0])
        await tried.reply(ChatRequest(HELLO.messages, grammar='root ::= "a"'), FOLDERS[0])
    schema, grammar = server.asked
    assert schema["json_schema"] == {"type": "object"} and "response_format" not in schema
    assert grammar["grammar_string"] == 'root ::= "a"'


async def test_a_reply_that_was_begun_is_gone_on_with(server: Tabby) -> None:
    begun = ChatRequest((*HELLO.messages, ChatMessage.of("assistant", "Well, ")))
    async with trial("tabbyapi", server.app(), api_key=KEY) as tried:
        assert (await tried.models())[FOLDERS[0]].capabilities.continues
        await tried.reply(begun, FOLDERS[0])
        await tried.reply(model=FOLDERS[0])
    first, second = server.asked
    assert first["continue_final_message"] is True and first["add_generation_prompt"] is False
    assert "continue_final_message" not in second


async def test_another_model_than_the_one_that_was_asked_for_is_no_answer(server: Tabby) -> None:
    async with trial("tabbyapi", server.app(), api_key=KEY) as tried:
        failed = await tried.failure(model=FOLDERS[1])
        assert isinstance(failed, EngineUnavailable) and FOLDERS[0] in str(failed)
        server.model = None
        assert type(await tried.failure(model=FOLDERS[1])) is EngineError


async def test_a_failure_in_the_stream_is_told(server: Tabby) -> None:
    request = ChatRequest((ChatMessage.of("user", "broken"),))
    async with trial("tabbyapi", server.app(), api_key=KEY) as tried:
        assert "CUDA error" in str(await tried.failure(request, FOLDERS[0]))


@pytest.mark.parametrize(
    "section", [{"api_key": ADMIN}, {"api_key": KEY, "parameters": {"headers": {"x-admin-key": ADMIN}}}]
)
async def test_models_are_loaded_and_unloaded(server: Tabby, section: dict[str, Any]) -> None:
    async with trial("tabbyapi", server.app(), **section) as tried:
        await tried.load(FOLDERS[1])
        assert await tried.loaded() == {FOLDERS[1]}
        await tried.unload(FOLDERS[0])  # another is there
        assert server.model == FOLDERS[1]
        await tried.unload(FOLDERS[1])
        assert await tried.loaded() == frozenset()
        with pytest.raises(EngineError, match="Insufficient VRAM"):
            await tried.load("too-large")
        with pytest.raises(EngineError, match="Could not find the model path"):
            await tried.load("nobody")


async def test_loading_is_the_owners(server: Tabby) -> None:
    async with trial("tabbyapi", server.app(), api_key=KEY) as tried:
        with pytest.raises(EngineUnavailable, match="key"):
            await tried.load(FOLDERS[1])

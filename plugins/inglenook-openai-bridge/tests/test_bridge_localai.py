"""LocalAI, by a contract server of its source at 82c191a (after release 4.9.0).

core/http/routes/{openai,localai,health}.go, endpoints/openai/{list,list_capabilities,chat}.go,
endpoints/localai/{backend_load,backend_monitor}.go, core/http/app.go and core/http/auth.
"""

from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web
from bridge_trial import HELLO, LOOK, Trial, chunk, sse, trial, wav

from assistant import SPEECH, ChatRequest, EngineBusy, EngineError, EngineUnavailable, Kind
from assistant.testing import check_tts, tone

KEY = "sk-house"
CAN: dict[str, dict[str, Any] | None] = {
    "qwen3-8b": {"capabilities": ["chat", "vision", "tools"], "input_modalities": ["text", "image"]},
    "nomic": {"capabilities": ["embeddings"], "input_modalities": ["text"]},
    "whisper-base": {"capabilities": ["transcript"], "input_modalities": ["audio"]},
    "voice-en": {"capabilities": ["tts"], "input_modalities": ["text"]},
    "rerank": {"capabilities": ["rerank"], "input_modalities": ["text"]},
    "loose-1b.gguf": None,
}


class LocalAI:
    """What is different from time to time."""

    def __init__(self) -> None:
        self.starting = False
        self.loading = False
        self.loaded: set[str] = set()
        self.asked: list[dict[str, Any]] = []
        self.jobs: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/.well-known/localai.json", self._known)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/system", self._system)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/models/capabilities", self._capabilities)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/audio/speech", self._speak)
        app.router.add_post("/models/apply", self._apply)
        app.router.add_get("/models/jobs", self._states)
        app.router.add_post("/backend/load", self._load)
        app.router.add_post("/backend/shutdown", self._shutdown)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        public = request.path in ("/.well-known/localai.json", "/readyz", "/healthz")
        if not public and request.headers.get("Authorization") != f"Bearer {KEY}":
            body = {
                "error": {"code": 401, "message": "An authentication key is required", "type": "authentication_error"}
            }
            return web.json_response(body, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _known(self, request: web.Request) -> web.Response:
        return web.json_response({"version": "v4.9.0", "endpoints": {"models": "/v1/models"}, "endpoint_groups": {}})

    async def _ready(self, request: web.Request) -> web.Response:
        if self.starting:
            return web.json_response({"status": "starting", "reason": "startup preload in progress"}, status=503)
        return web.Response()

    async def _system(self, request: web.Request) -> web.Response:
        loaded = [{"id": name, "backend": "llama-cpp"} for name in sorted(self.loaded)]
        return web.json_response({"backends": ["llama-cpp"], "loaded_models": loaded})

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in CAN]})

    async def _capabilities(self, request: web.Request) -> web.Response:
        none = {"capabilities": None, "input_modalities": None}
        data = [
            {"id": name, "object": "model", **(can or none), "output_modalities": None} for name, can in CAN.items()
        ]
        return web.json_response({"object": "list", "data": data})

    async def _speak(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        return web.Response(body=wav(rate=SPEECH.rate) + tone(1.0).audio, content_type="audio/x-wav")

    async def _chat(self, request: web.Request) -> web.Response:
        self.asked.append(body := await request.json())
        if self.loading:
            error = {"message": "model is loading", "code": "model_loading", "type": "model_loading"}
            return web.json_response({"error": error, "loading": {}}, status=503, headers={"Retry-After": "12"})
        name = body["model"]
        if name == "broken":
            error = {"message": "rpc error: out of memory", "type": "server_error", "code": "server_error"}
            return sse(chunk(name, role="assistant", content=None), {"error": error})
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        trailer = {**chunk(name), "choices": [], "usage": usage} if body["stream_options"]["include_usage"] else ""
        return sse(
            chunk(name, role="assistant", content=None),
            chunk(name, content="Hi."),
            chunk(name, "stop", content=None),
            trailer,
        )

    async def _apply(self, request: web.Request) -> web.Response:
        name = (await request.json())["id"]
        if name == "nobody":
            failed = {"processed": True, "error": f"no model found with name {name!r}", "message": "error: no model"}
            self.jobs = [failed]
        else:
            step = {"processed": False, "message": f"processing model: {name}", "total_bytes": 900, "error": ""}
            self.jobs = [{}, step, step | {"current_bytes": 450}, step | {"processed": True, "message": "completed"}]
        return web.json_response({"uuid": "j1", "status": f"http://{request.host}/models/jobs/j1"})

    async def _states(self, request: web.Request) -> web.Response:
        state = self.jobs.pop(0)
        return web.json_response({"j0": {"processed": True}} | ({"j1": state} if state else {}))

    async def _load(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        if name not in CAN:
            body = {"loaded": None, "message": "failed to load model: no such file"}
            return web.json_response(body, status=500)
        self.loaded.add(name)
        return web.json_response({"loaded": [name], "message": "model loaded"})

    async def _shutdown(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        if name not in self.loaded:
            error = {"error": {"code": 404, "message": "Resource not found"}}
            return web.json_response(error, status=404)
        self.loaded.discard(name)
        return web.json_response({"message": "model stopped"})


@pytest.fixture
def server() -> LocalAI:
    return LocalAI()


async def test_it_is_recognised_without_a_key(server: LocalAI) -> None:
    async with trial("localai", server.app()) as tried:
        assert await tried.recognised() == "localai"
        assert isinstance(await tried.failure(), EngineUnavailable)


async def test_its_models_are_what_it_says(server: LocalAI) -> None:
    async with trial("localai", server.app(), api_key=KEY) as tried:
        found = await tried.models()
    assert {name: model.kind for name, model in found.items()} == {
        "qwen3-8b": Kind.CHAT,
        "nomic": Kind.EMBED,
        "whisper-base": Kind.STT,
        "voice-en": Kind.TTS,
        "loose-1b.gguf": Kind.CHAT,
    }
    assert found["qwen3-8b"].capabilities.inputs == {"text", "image"} and found["qwen3-8b"].capabilities.tools


async def test_it_speaks_with_the_voice_of_its_model(server: LocalAI) -> None:
    async with trial("localai", server.app(), api_key=KEY) as tried:
        model = (await tried.models())["voice-en"]
        async with tried.spec.open(tried.provider, model) as voice:
            chunks = await check_tts(voice)
    assert chunks[0].format == SPEECH
    assert server.asked[0] == {"model": "voice-en", "input": "Hello there. How are you?", "response_format": "wav"}


async def test_before_it_is_ready_it_has_no_models(server: LocalAI) -> None:
    server.starting = True
    async with trial("localai", server.app(), api_key=KEY) as tried:
        with pytest.raises(EngineBusy):
            await tried.models()


async def test_it_replies(server: LocalAI) -> None:
    async with trial("localai", server.app(), api_key=KEY) as tried:
        assert await tried.check() == "Hi."
        await tried.reply(ChatRequest(HELLO.messages, grammar='root ::= "a"', tools=(LOOK,)))
    assert server.asked[-1]["grammar"] == 'root ::= "a"' and server.asked[-1]["tools"]


async def test_a_model_that_is_still_loading_asks_for_patience(server: LocalAI) -> None:
    server.loading = True
    async with trial("localai", server.app(), api_key=KEY) as tried:
        failed = await tried.failure()
    assert isinstance(failed, EngineBusy) and "12 s" in failed.hint


async def test_a_failure_in_the_stream_is_told(server: LocalAI) -> None:
    async with trial("localai", server.app(), api_key=KEY) as tried:
        assert "out of memory" in str(await tried.failure(model="broken"))


async def test_models_are_loaded_and_unloaded(server: LocalAI) -> None:
    async with trial("localai", server.app(), api_key=KEY) as tried:
        await tried.load("qwen3-8b")
        assert await tried.loaded() == server.loaded == {"qwen3-8b"}
        await tried.unload("qwen3-8b")
        await tried.unload("qwen3-8b")  # it would answer 404
        assert not server.loaded
        with pytest.raises(EngineError, match="no such file"):
            await tried.load("nobody")


async def pulled(tried: Trial, name: str) -> list[tuple[str, int, int]]:
    assert tried.spec.pull is not None
    async with aclosing(tried.spec.pull(tried.provider, name)) as progress:
        return [(part.status, part.done, part.total) async for part in progress]


async def test_models_of_its_gallery_are_installed(server: LocalAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant_openai_bridge.gallery._AGAIN", 0.0)
    async with trial("localai", server.app(), api_key=KEY) as tried:
        said = "processing model: phi-4"
        assert await pulled(tried, "phi-4") == [(said, 0, 900), (said, 450, 900), ("completed", 0, 900)]
        with pytest.raises(EngineError, match="did not install nobody: no model found"):
            await pulled(tried, "nobody")

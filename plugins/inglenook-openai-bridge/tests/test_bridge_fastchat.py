"""FastChat, by a contract server of its source at 0e6d3e4 (after release 0.2.36): fastchat/serve/openai_api_server.py.

The real server of that commit, with a worker for a real SmolLM2-135M, gave the same answers (`test_bridge_real.py`).
"""

import json
from typing import Any

import pytest
from aiohttp import web
from bridge_trial import HELLO, LONG, LOOK, chunk, sse, trial

from assistant import ChatRequest, EngineError, EngineUnavailable, Sampling, UnfitRequest

KEY = "EMPTY-1"


class FastChat:
    """A server whose workers come and go."""

    def __init__(self) -> None:
        self.workers = ["vicuna-7b-v1.5"]
        self.code = 0
        self.asked: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/openapi.json", self._described)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        return app

    async def _described(self, request: web.Request) -> web.Response:
        pages: dict[str, Any] = {path: {} for path in ("/v1/models", "/v1/chat/completions", "/api/v1/token_check")}
        return web.json_response({"openapi": "3.1.0", "info": {"title": "FastAPI"}, "paths": pages})

    def _check_key(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            error = {"message": "", "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}
            raise web.HTTPUnauthorized(text=json.dumps({"detail": {"error": error}}), content_type="application/json")

    async def _models(self, request: web.Request) -> web.Response:
        self._check_key(request)
        cards = [
            {"id": name, "object": "model", "created": 1, "owned_by": "fastchat", "root": name, "permission": [{}]}
            for name in sorted(self.workers)
        ]
        return web.json_response({"object": "list", "data": cards})

    async def _chat(self, request: web.Request) -> web.Response:
        self._check_key(request)
        self.asked.append(body := await request.json())
        name = body["model"]
        if name not in self.workers:
            return self._refused(40301, f"Only {'&&'.join(self.workers)} allowed now, your model {name}")
        if (body.get("temperature") or 0) > 2:
            return self._refused(40302, "7.0 is greater than the maximum of 2 - 'temperature'")
        if any(message["role"] not in ("system", "user", "assistant") for message in body["messages"]):
            return web.Response(text="Internal Server Error", status=500)
        head = {"id": "chatcmpl-1", "model": name, "choices": [{"index": 0, "delta": {"role": "assistant"}}]}
        if self.code:
            return sse(head, {"text": "**CUDA out of memory**\n\n(boom)", "error_code": self.code})
        return sse(head, chunk(name, content="Hi."), chunk(name, "stop"))

    def _refused(self, code: int, message: str) -> web.Response:
        return web.json_response({"object": "error", "message": message, "code": code}, status=400)


@pytest.fixture
def server() -> FastChat:
    return FastChat()


async def test_it_is_recognised_with_or_without_key_and_workers(server: FastChat) -> None:
    server.workers = []
    async with trial("fastchat", server.app()) as tried:
        assert await tried.recognised() == "fastchat"


async def test_its_workers_models_can_write_and_no_more(server: FastChat) -> None:
    async with trial("fastchat", server.app(), api_key=KEY) as tried:
        can = (await tried.models())["vicuna-7b-v1.5"].capabilities
        assert not can.tools and not can.schema and not can.logprobs and can.rank == 7000
        server.workers = []
        assert not await tried.models()


async def test_it_replies(server: FastChat) -> None:
    async with trial("fastchat", server.app(), api_key=KEY) as tried:
        assert await tried.check("vicuna-7b-v1.5") == "Hi."


async def test_a_conversation_with_tools_is_told_as_words(server: FastChat) -> None:
    async with trial("fastchat", server.app(), api_key=KEY) as tried:
        assert await tried.text(LONG, "vicuna-7b-v1.5") == "Hi."
    assert server.asked[-1]["messages"] == [
        {"role": "system", "content": "Be brief.\n\nIt is noon."},
        {"role": "user", "content": "Who is there?\n\n(Result: a cat)\n\nAnd now?"},
    ]


@pytest.mark.parametrize("more", [{"tools": (LOOK,)}, {"schema": {"type": "object"}}, {"grammar": "root"}])
async def test_what_it_knows_nothing_of_is_refused_here(server: FastChat, more: dict[str, Any]) -> None:
    async with trial("fastchat", server.app(), api_key=KEY) as tried:
        failed = await tried.failure(ChatRequest(HELLO.messages, **more), "vicuna-7b-v1.5")
    assert isinstance(failed, UnfitRequest) and not server.asked


async def test_an_error_in_the_body_of_an_answer_that_is_none(server: FastChat) -> None:
    server.code = 50002
    async with trial("fastchat", server.app(), api_key=KEY) as tried:
        failed = await tried.failure(model="vicuna-7b-v1.5")
    assert type(failed) is EngineError and "CUDA out of memory" in str(failed)


async def test_what_it_refuses(server: FastChat) -> None:
    hot = ChatRequest(HELLO.messages, sampling=Sampling(temperature=7.0))
    async with trial("fastchat", server.app(), api_key=KEY) as tried:
        assert "maximum of 2" in str(await tried.failure(hot, "vicuna-7b-v1.5"))
        assert "vicuna-7b-v1.5 allowed now" in str(await tried.failure(model="other"))
    async with trial("fastchat", server.app(), api_key="wrong") as tried:
        assert isinstance(await tried.failure(), EngineUnavailable)

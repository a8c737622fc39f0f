"""MLX's two servers, by contract servers of their sources.

mlx_lm/server.py of release 0.32.2, and mlx-omni-server 0.5.3: main.py, chat/openai/{router,openai_adapter,models}. The
real mlx_lm.server 0.32.2, and the real routers of the other, gave the same answers on MLX for processors with a real
SmolLM2-135M (`test_bridge_real.py`).
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from assistant_openai_bridge.profiles.mlx import MlxOptions
from bridge_trial import HELLO, LONG, chunk, sse, trial

from assistant import ChatRequest, EngineUnavailable, Kind, Sampling, UnfitRequest

CACHE = ["mlx-community/Qwen3-8B-4bit", "mlx-community/bge-small-en"]


class Mlx:
    """One of the servers; `omni` is which."""

    def __init__(self, omni: bool) -> None:
        self.omni = omni
        self.asked: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        if self.omni:
            app.router.add_get("/openapi.json", self._described)
        app.router.add_get("/{page:.*}", self._nothing)
        return app

    async def _nothing(self, request: web.Request) -> web.Response:
        if self.omni:
            return web.json_response({"detail": "Not Found"}, status=404)
        return web.Response(text="Not Found", status=404, content_type="application/json")  # it says so of any page

    async def _described(self, request: web.Request) -> web.Response:
        return web.json_response({"openapi": "3.1.0", "info": {"title": "MLX Omni Server"}, "paths": {}})

    async def _models(self, request: web.Request) -> web.Response:
        cards = [{"id": name, "object": "model", "created": 1795293277} for name in CACHE]
        if self.omni:
            cards = [card | {"owned_by": str(card["id"]).partition("/")[0]} for card in cards]
        return web.json_response({"object": "list", "data": cards})

    async def _chat(self, request: web.Request) -> web.Response:
        self.asked.append(body := await request.json())
        name = body["model"]
        if name not in CACHE:
            if self.omni:
                return web.Response(text="Internal Server Error", status=500)
            error = f"Cannot find an appropriate cached snapshot folder for {name}"
            return web.json_response({"error": error}, status=404)
        if not self.omni and not isinstance(body.get("seed", 0), int):
            return web.json_response({"error": "seed must be of type int"}, status=400)
        usage = {"prompt_tokens": 33, "completion_tokens": 2, "total_tokens": 35}
        words = chunk(name, role="assistant", content="Hi"), chunk(name, role="assistant", content=".")
        end = chunk(name, "stop", role="assistant")
        if self.omni:
            return sse(*words, end | {"usage": usage})
        details = {"prompt_tokens_details": {"cached_tokens": 32}}
        last = {**chunk(name), "object": "chat.completion", "choices": [], "usage": usage | details}
        return sse(": keepalive 32/33", ": keepalive 33/33", *words, end, last)


@pytest.fixture(params=[False, True], ids=["mlx_lm.server", "mlx-omni-server"])
def server(request: pytest.FixtureRequest) -> Mlx:
    return Mlx(request.param)


async def test_it_is_recognised(server: Mlx) -> None:
    async with trial("mlx", server.app()) as tried:
        assert await tried.recognised() == "mlx"


async def test_its_cache_is_listed_as_far_as_it_can_do_anything_with_it(server: Mlx) -> None:
    async with trial("mlx", server.app()) as tried:
        found = await tried.models()
    can = found[CACHE[0]].capabilities
    assert can.tools and not can.schema and can.parallel == (1 if server.omni else 8)
    assert {model.kind for model in found.values()} == ({Kind.CHAT, Kind.EMBED} if server.omni else {Kind.CHAT})


async def test_it_replies(server: Mlx) -> None:
    async with trial("mlx", server.app()) as tried:
        assert await tried.check(CACHE[0]) == "Hi."
        sampling = Sampling(top_k=3, min_p=0.1, repeat_penalty=1.1, seed=7)
        await tried.reply(ChatRequest(LONG.messages, sampling=sampling, logprobs=3), CACHE[0])
    told = server.asked[-1]
    assert {"top_k": 3, "min_p": 0.1, "repetition_penalty": 1.1, "seed": 7}.items() <= told.items()
    assert "logprobs" not in told
    assert [message["role"] for message in told["messages"]][2:4] == ["assistant", "tool"]


async def test_a_model_is_asked_with_its_adapter(server: Mlx) -> None:
    async with trial("mlx", server.app()) as tried:
        for adapters in {CACHE[0]: "/Users/ana/house-style"}, {"another": "/Users/ana/shout"}:
            options = msgspec.convert({"adapters": adapters}, tried.spec.options)
            tried.provider = replace(tried.provider, options=options)
            await tried.reply(model=CACHE[0])
    told, plain = server.asked
    assert told["adapter_path" if server.omni else "adapters"] == "/Users/ana/house-style"
    assert not {"adapter_path", "adapters"} & plain.keys()


def test_the_readme_lists_every_option() -> None:
    told = (Path(__file__).parents[1] / "README.md").read_text("utf-8").split("## Options")[1]
    assert re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE) == [*MlxOptions.__struct_fields__]


async def test_it_knows_nothing_of_schemas(server: Mlx) -> None:
    async with trial("mlx", server.app()) as tried:
        failed = await tried.failure(ChatRequest(HELLO.messages, schema={"type": "object"}), CACHE[0])
    assert isinstance(failed, UnfitRequest) and not server.asked


async def test_a_model_that_is_not_there(server: Mlx) -> None:
    async with trial("mlx", server.app()) as tried:
        failed = await tried.failure(model="nobody/nothing")
    assert server.omni or (isinstance(failed, EngineUnavailable) and "has no model nobody/nothing" in str(failed))

"""A real server, with a real model: llama-cpp-python's own, where it can be started (`llama-cpp-python[server]`)."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from assistant_openai_bridge import assistant_providers

from assistant import (
    ChatDelta,
    ChatMessage,
    ChatRequest,
    Done,
    EngineError,
    Provider,
    ProviderConfig,
    Sampling,
    TextDelta,
)
from assistant.testing import check_chat, model_path

pytestmark = pytest.mark.once
SPECS = {spec.type: spec for spec in assistant_providers()}
SURE = Sampling(temperature=0.0)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    pytest.importorskip("llama_cpp")
    for needed in ("fastapi", "starlette_context", "pydantic_settings"):
        pytest.importorskip(needed)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--model", model_path("smollm2-135m"), "--model_alias", "smollm2-135m", "--n_ctx", "1024"]
    log = Path(tmp_path_factory.mktemp("server") / "log")
    with log.open("w") as file:
        server = subprocess.Popen(
            [sys.executable, "-m", "llama_cpp.server", "--port", str(port), *options], stdout=file, stderr=file
        )
    try:
        yield Provider("py", f"http://127.0.0.1:{port}/v1", ProviderConfig(type="llama-cpp-python"))
    finally:
        server.kill()
        server.wait()


@asynccontextmanager
async def engine(provider: Provider) -> AsyncGenerator[Any, None]:
    """Open the chat engine when the server answers."""
    spec = SPECS["llama-cpp-python"]
    async with asyncio.timeout(120):
        while not await spec.recognise(provider):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    async with spec.open(provider, spec.describe(provider, "smollm2-135m")) as chat:
        yield chat


async def reply(provider: Provider, question: str, **more: Any) -> list[ChatDelta]:
    asked = ChatRequest((ChatMessage.of("user", question),), sampling=SURE, **more)
    async with engine(provider) as chat, aclosing(chat.reply(asked)) as deltas:
        return [delta async for delta in deltas]


def text(deltas: list[ChatDelta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


async def test_the_server_and_its_model_are_known(provider: Provider) -> None:
    async with engine(provider):
        found = [spec.type for spec in SPECS.values() if await spec.recognise(provider)]
        assert found[0] == "llama-cpp-python"
        [model] = await SPECS["llama-cpp-python"].models(provider)
        assert (model.name, model.capabilities.rank) == ("smollm2-135m", 135)


async def test_the_engine_keeps_the_contract(provider: Provider) -> None:
    async with engine(provider) as chat:
        assert await check_chat(chat, ChatRequest((ChatMessage.of("user", "Say hello."),), max_tokens=12))


async def test_a_reply_is_cut_where_that_is_asked(provider: Provider) -> None:
    deltas = await reply(provider, "Count from one to fifty.", max_tokens=6)
    assert isinstance(deltas[-1], Done) and deltas[-1].reason == "length"
    assert len(deltas) > 3


async def test_a_schema_is_kept(provider: Provider) -> None:
    schema = {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"]}
    deltas = await reply(provider, "Which colour has the sky?", schema=schema, max_tokens=30)
    assert msgspec.json.decode(text(deltas))["colour"] in ("red", "blue")


async def test_a_grammar_is_kept(provider: Provider) -> None:
    assert text(await reply(provider, "Is the sky blue?", grammar='root ::= "yes" | "no"', max_tokens=5)) in (
        "yes",
        "no",
    )


async def test_a_prompt_that_is_too_long_is_an_error(provider: Provider) -> None:
    with pytest.raises(EngineError, match="provider py"):
        await reply(provider, "word " * 5000, max_tokens=5)

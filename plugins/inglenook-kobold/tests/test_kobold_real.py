"""The real KoboldCpp with a real model, where `INGLENOOK_TEST_KOBOLDCPP` names a `koboldcpp.py` that is built."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from assistant_kobold import assistant_providers

from assistant import (
    ChatMessage,
    ChatRequest,
    Done,
    EngineError,
    EngineUnavailable,
    Provider,
    ProviderConfig,
    Sampling,
    TextDelta,
    UnfitRequest,
)
from assistant.testing import check_chat, model_path

PROGRAM = os.environ.get("INGLENOOK_TEST_KOBOLDCPP", "")
if not PROGRAM:
    pytest.skip("INGLENOOK_TEST_KOBOLDCPP names no koboldcpp.py", allow_module_level=True)

SPECS = {spec.type: spec for spec in assistant_providers()}
KOBOLD = SPECS["koboldcpp"]
KEY = "word"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@asynccontextmanager
async def running() -> AsyncGenerator[tuple[Provider, asyncio.subprocess.Process], None]:
    """Run the server with SmolLM2, as a provider."""
    port = free_port()
    words = ["--model", model_path("smollm2-135m"), "--port", str(port), "--host", "127.0.0.1", "--password", KEY]
    words += ["--contextsize", "2048", "--threads", "1", "--skiplauncher", "--quiet"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, *words, cwd=Path(PROGRAM).parent, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    provider = Provider("pc", f"http://127.0.0.1:{port}", ProviderConfig(type="koboldcpp", api_key=KEY))
    try:
        async with asyncio.timeout(120):
            while not await KOBOLD.recognise(provider):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        yield provider, process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def asked(words: str, **more: object) -> ChatRequest:
    return ChatRequest((ChatMessage.of("user", words),), **({"max_tokens": 16} | more))  # type: ignore[arg-type]


@pytest.mark.once
async def test_what_it_does() -> None:
    async with running() as (provider, process):
        assert not await SPECS["koboldai"].recognise(provider)
        [model] = await KOBOLD.models(provider)
        assert "SmolLM2" in model.name and model.capabilities.context == 2048 and model.capabilities.rank == 135
        stranger = Provider("pc", provider.endpoint, ProviderConfig(type="koboldcpp", api_key="wrong"))
        with pytest.raises(EngineUnavailable, match="does not accept the key"):
            await KOBOLD.models(stranger)
        async with KOBOLD.open(provider, model) as chat:
            assert await check_chat(chat, asked("Say hello."))
            greedy = Sampling(temperature=0.0)
            replies = []
            for _ in range(2):
                async with aclosing(chat.reply(asked("Count to ten.", sampling=greedy))) as reply:
                    replies.append([delta async for delta in reply])
            texts = ["".join(delta.text for delta in each if isinstance(delta, TextDelta)) for each in replies]
            assert texts[0] == texts[1] and "<|im" not in texts[0] and isinstance(replies[0][-1], Done)
            async with aclosing(chat.reply(asked("Yes or no?", grammar='root ::= "yes" | "no"'))) as reply:
                said = [delta async for delta in reply]
            assert isinstance(said[0], TextDelta) and said[0].text in ("yes", "no")
            with pytest.raises(UnfitRequest, match="holds 2048"):
                async with aclosing(chat.reply(asked("word " * 6000))) as reply:
                    assert [delta async for delta in reply]
            with pytest.raises(EngineError, match=r"broke|refused"):
                async with aclosing(chat.reply(asked("Tell me a long story.", max_tokens=1500))) as reply:
                    async for _ in reply:
                        os.killpg(process.pid, signal.SIGKILL)
            with pytest.raises(EngineUnavailable, match="refused the connection"):
                async with aclosing(chat.reply(asked("Hello?"))) as reply:
                    assert [delta async for delta in reply]

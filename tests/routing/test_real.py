"""A real model behind a real daemon that is killed in mid-reply; the same model goes on here."""

from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from assistant_openai_bridge import assistant_providers

from assistant import ChatMessage, ChatRequest, Provider, ProviderConfig, TextDelta
from assistant.models.pool import Model, Pool
from assistant.providers.models import model_of
from assistant.routing import Route, Routing
from assistant.testing import model_path
from tests.routing.models import Writers
from tests.running import CONFIG, Daemon, Home

llama_cpp = pytest.importorskip("assistant_llama_cpp")

ASKED = ChatRequest((ChatMessage.of("user", "Tell me a long story about a fox and a hen."),), max_tokens=150)
OPTIONS = {"threads": 1, "context": 1024, "temperature": 0.0, "repeat_penalty": 1.0}
"""Greedy and on one thread, so that the model writes the same wherever it is."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with the model, ready."""
    home, written = Home(tmp_path), ", ".join(f"{key}: {value}" for key, value in OPTIONS.items())
    section = f"{{engine: llama-cpp, model: {model_path('smollm2-135m')}, {written}}}"
    home.write(CONFIG.replace("{engine: fake-chat}", section))
    with home.daemon() as daemon:
        daemon.ready()
        yield daemon


@pytest.mark.once
async def test_a_real_model_goes_on_where_another_was_killed(elsewhere: Daemon) -> None:
    llama, *_ = llama_cpp.assistant_engines()
    config = llama.config(model=model_path("smollm2-135m"), **OPTIONS)
    here = Model("here", llama, config, llama.describe(config))
    [openai] = [spec for spec in assistant_providers() if spec.type == "openai"]
    provider = Provider("pc", f"{elsewhere.address}/v1", ProviderConfig(type="openai", api_key=elsewhere.home.key))
    there = model_of(provider, openai, openai.describe(provider, "chat"))
    pool = Pool({model.id: model for model in (here, there)}, lambda options: options)
    both = Writers(pool, Routing(), Route((("pc/chat",), ("here",))))
    try:
        whole = await Writers(pool, Routing(), Route((("here",),))).said(ASKED)
        assert await Writers(pool, Routing(), Route((("pc/chat",),))).said(ASKED) == whole
        relay, text, told = both.relay(ASKED), "", 0

        async def prepare(model: str) -> ChatRequest:
            return ASKED

        async with aclosing(relay.reply(prepare)) as deltas:
            async for delta in deltas:
                if isinstance(delta, TextDelta):
                    text, told = text + delta.text, told + 1
                    if told == 10:
                        elsewhere.process.kill()
        assert [step.outcome for step in relay.steps] == ["engine_error", "answered"]
        assert text == whole
    finally:
        await pool.close()

"""Named keys as OpenAI's own library shows them, and how it reads what is refused."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import openai
import pytest

from assistant.access import Scope
from assistant.http import app
from assistant.http.doors import doors
from tests.doors import assembled

HELLO: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Hello?"}]


@asynccontextmanager
async def client(home: Path, scope: Scope, limits: str = "{}") -> AsyncGenerator[openai.AsyncOpenAI, None]:
    """Serve the real doors, and return a client with a key for one scope."""
    async with assembled(home, f"{{port: 0, limits: {limits}}}") as (loaded, assembly):
        http = loaded.config.http
        served = app.make_app(http, assembly.events, dict, {}, doors(assembly), assembly.keys, assembly.audit)
        key = await assembly.keys.create("program", [scope])
        async with (
            app.serve(served, http) as port,
            openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=key, max_retries=0) as client,
        ):
            yield client


async def test_a_key_for_chat_is_enough_for_chat(home: Path) -> None:
    async with client(home, Scope.CHAT) as program:
        answer = await program.chat.completions.create(model="chat", messages=HELLO)
        assert answer.choices[0].message.content == "Hello there."


async def test_a_key_for_something_else_is_named_with_what_it_lacks(home: Path) -> None:
    async with client(home, Scope.HOME) as program:
        with pytest.raises(openai.PermissionDeniedError, match="'program' does not open this: it needs the scope chat"):
            await program.chat.completions.create(model="chat", messages=HELLO)


async def test_a_wrong_key_is_an_error_of_authentication_and_then_of_the_rate(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "time", SimpleNamespace(monotonic=lambda: 0.0))  # nobody has waited
    async with client(home, Scope.CHAT) as program:
        stranger = program.with_options(api_key="sk-wrong")
        for _ in range(20):
            with pytest.raises(openai.AuthenticationError) as error:
                await stranger.models.list()
            assert error.value.code == "invalid_api_key"
        with pytest.raises(openai.RateLimitError):
            await program.models.list()


async def test_too_many_requests_are_an_error_of_the_rate_that_is_tried_again(home: Path) -> None:
    async with client(home, Scope.CHAT, "{minute: 20, burst: 1}") as program:
        await program.models.list()
        with pytest.raises(openai.RateLimitError) as error:
            await program.models.list()
        assert error.value.code == "rate_limit_exceeded"
        assert 1 <= int(error.value.response.headers["Retry-After"]) <= 3
        await program.with_options(max_retries=3).models.list()

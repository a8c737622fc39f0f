"""This house's own Ollama door, really served, spoken to by the plugin that knows Ollama."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from assistant_ollama import assistant_providers

from assistant import (
    ChatMessage,
    ChatRequest,
    ConfigError,
    Done,
    EngineUnavailable,
    Kind,
    Provider,
    ProviderConfig,
    Sampling,
    TextDelta,
)
from assistant.assembly import Assembly
from assistant.chat import ChatDelta, Priority
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.testing import check_chat, model_path
from tests.doors import assembled

KEY = "a key of the tests"
[OLLAMA] = assistant_providers()
GREEDY = Sampling(temperature=0.0)


@asynccontextmanager
async def house(folder: Path, more: str = "", plugin: str = "") -> AsyncGenerator[tuple[Assembly, Provider], None]:
    """Run an assistant with its doors, as a provider of another."""
    async with assembled(folder, f"{{port: 0, key: {KEY}}}", more=more, with_plugin=plugin) as (loaded, assembly):
        app = make_app(loaded.config.http, assembly.events, dict, {}, doors(assembly), keys=assembly.keys)
        async with serve(app, loaded.config.http) as port:
            yield assembly, Provider("pc", f"http://127.0.0.1:{port}", ProviderConfig(type="ollama", api_key=KEY))


async def replied(provider: Provider, model: str, request: ChatRequest) -> list[ChatDelta]:
    engine = OLLAMA.open(provider, OLLAMA.describe(provider, model))
    async with engine as chat, aclosing(chat.reply(request)) as reply:
        return [delta async for delta in reply]


def text(said: list[ChatDelta]) -> str:
    return "".join(delta.text for delta in said if isinstance(delta, TextDelta))


async def test_the_door_is_an_ollama(home: Path) -> None:
    async with house(home) as (_, provider):
        assert await OLLAMA.recognise(provider)
        found = {model.name: model.kind for model in await OLLAMA.models(provider)}
        assert found == {"chat:latest": Kind.CHAT}
        engine = OLLAMA.open(provider, OLLAMA.describe(provider, "chat:latest"))
        async with engine as chat:
            assert await check_chat(chat, ChatRequest((ChatMessage.of("user", "Hello."),))) == "Hello there."
        with pytest.raises(EngineUnavailable, match="has no model llama9"):
            await replied(provider, "llama9", ChatRequest((ChatMessage.of("user", "Hello."),)))


async def test_another_house_has_its_models_and_takes_an_answer_from_there(home: Path) -> None:
    (home / "there").mkdir()
    async with house(home / "there") as (_, there):
        section = f"{{type: ollama, endpoint: '{there.endpoint}', api_key: {KEY}, options: {{keep_alive: 1h}}}}"
        more = (
            f"providers: {{pc: {section}}}\nassistants: {{jarvis: {{chat: 'pc/chat:latest', intent: '', turn: ''}}}}\n"
        )
        async with assembled(home, more=more, with_plugin="assistant_ollama") as (_, here):
            asking = asyncio.create_task(here.providers.run())
            async with asyncio.timeout(30):
                while here.providers.status()[0].state != "awake":
                    await asyncio.sleep(0.01)
            said = await here.run_turn("What is the capital of Italy?", assistant="jarvis")
            asking.cancel()
            await asyncio.wait({asking})
    assert said.text == "Hello there."


async def test_options_that_the_type_does_not_have_are_said_with_their_place(home: Path) -> None:
    more = "providers: {pc: {type: ollama, options: {kept_alive: 1h}}}\n"
    with pytest.raises(ConfigError) as caught:
        async with assembled(home, more=more, with_plugin="assistant_ollama"):
            pass
    assert "providers.pc.options.kept_alive" in str(caught.value) and "keep_alive" in caught.value.hint


@pytest.fixture(scope="module")
def model() -> str:
    """Find the model before the test has a home of its own."""
    return model_path("smollm2-135m")


@pytest.mark.once
async def test_a_real_model_behind_it(model: str, home: Path) -> None:
    pytest.importorskip("assistant_llama_cpp")
    parts = home / "conf.d"
    parts.mkdir()
    small = f"{{engine: llama-cpp, model: {model}, context: 1024, threads: 1}}"
    (parts / "small.yaml").write_text(f"models: {{small: {small}}}\n")
    asked = ChatRequest((ChatMessage.of("user", "What is the capital of France?"),), max_tokens=40, sampling=GREEDY)
    async with house(home, plugin="assistant_llama_cpp") as (assembly, provider):
        assert OLLAMA.load and OLLAMA.loaded and OLLAMA.unload
        await OLLAMA.load(provider, "small:latest")
        assert "small:latest" in await OLLAMA.loaded(provider)
        said = await replied(provider, "small:latest", asked)
        async with assembly.pool.lease("small", Priority.API) as chat, aclosing(chat.reply(asked)) as reply:
            own = [delta async for delta in reply]
        await OLLAMA.unload(provider, "small:latest")
        assert "small:latest" not in await OLLAMA.loaded(provider)
    assert isinstance(said[-1], Done) and said[-1].usage.completion_tokens > 3
    assert len(said) > 3
    assert text(said) == text(own)

"""Another server's models are models here: its own door is spoken to through OpenAI's library."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from ollama import AsyncClient as AsyncOllama
from openai import AsyncOpenAI

from assistant import ChatMessage, ChatRequest, ConfigError, Done, EngineUnavailable, Kind, Priority, TextDelta
from assistant.assembly import Assembly
from assistant.chat import ChatDelta
from assistant.config import load
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.testing import page, scripted_server
from tests.doors import assembled
from tests.running import CONFIG, Home

KEY = "a key of the tests"
BRIDGE = "assistant_openai_bridge"
ASKED = ChatRequest((ChatMessage.of("user", "Hello."),), max_tokens=20)


@asynccontextmanager
async def house(folder: Path, more: str = "") -> AsyncGenerator[tuple[Assembly, int], None]:
    """Run an assistant with its doors, and what asks other servers."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240
    async with assembled(folder, f"{{port: 0, key: {KEY}}}", more=more, with_plugin=BRIDGE) as (loaded, assembly):
        app = make_app(loaded.config.http, assembly.events, dict, {}, doors(assembly), keys=assembly.keys)
        async with serve(app, loaded.config.http) as port:
            asking = asyncio.create_task(assembly.providers.run())
            try:
                yield assembly, port
            finally:
                asking.cancel()
                await asyncio.wait({asking})


def section(port: int, *more: str) -> str:
    lines = ["type: openai", f"endpoint: http://127.0.0.1:{port}/v1", f"api_key: {KEY}", *more]
    return "providers: {pc: {" + ", ".join(lines) + "}}\n"


async def reply(assembly: Assembly, model: str) -> list[ChatDelta]:
    async with assembly.pool.lease(model, Priority.API) as chat, aclosing(chat.reply(ASKED)) as deltas:
        return [delta async for delta in deltas]


async def state_of(assembly: Assembly, wanted: str) -> None:
    """Wait until the first provider is in a state."""
    async with asyncio.timeout(30):
        while assembly.providers.status()[0].state != wanted:
            await asyncio.sleep(0.01)


async def test_the_models_of_another_house_are_models_here(home: Path) -> None:
    async with house(home / "a") as (_, there), house(home / "b", section(there)) as (here, port):
        await state_of(here, "awake")
        assert here.providers.status()[0].models == ("pc/stt", "pc/tts", "pc/chat")
        said = await reply(here, "pc/chat")
        assert "".join(delta.text for delta in said if isinstance(delta, TextDelta)) == "Hello there."
        assert isinstance(said[-1], Done) and said[-1].reason == "stop"
        async with AsyncOpenAI(api_key=KEY, base_url=f"http://127.0.0.1:{port}/v1") as client:
            assert "pc/chat" in [model.id async for model in client.models.list()]
            assert (await client.models.retrieve("pc/chat")).id == "pc/chat"
            answer = await client.chat.completions.create(model="pc/chat", messages=[{"role": "user", "content": "Hi"}])
            assert answer.choices[0].message.content == "Hello there."
        url = f"http://127.0.0.1:{port}"
        async with AsyncOllama(url, headers={"Authorization": f"Bearer {KEY}"}) as program:
            assert "pc/chat:latest" in [model.model for model in (await program.list()).models]
            told = await program.chat("pc/chat:latest", [{"role": "user", "content": "Hi"}])
            assert told.message.content == "Hello there."


async def test_a_server_that_sleeps_delays_nothing_and_its_models_come_when_it_wakes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.providers.watch._ASLEEP", 0.02)
    monkeypatch.setattr("assistant.providers.watch._AWAKE", 0.02)
    answers = [page("503 Asleep"), page("200 OK", b'{"data": [{"id": "small"}, {"id": "large"}]}')]
    awake = [0]
    async with (
        scripted_server(lambda path: answers[awake[0]]) as server,
        house(home / "b", section(server.port, "parameters: {timeout: 5}")) as (here, _),
    ):
        await state_of(here, "asleep")
        assert "busy (503)" in here.providers.status()[0].reason
        assert [model.id for model in here.models() if "/" in model.id] == []
        awake[0] = 1
        await state_of(here, "awake")
        assert here.providers.status()[0].models == ("pc/small", "pc/large")
        answers[1] = page("200 OK", b'{"data": [{"id": "large"}]}')
        async with asyncio.timeout(30):
            while here.providers.status()[0].models != ("pc/large",):
                await asyncio.sleep(0.01)


async def test_what_the_configuration_names_is_there_from_the_start_and_stays(home: Path) -> None:
    more = section(9, "models: [small, bge-m3]") + "aliases: {gpt-4o: {model: pc/small}}\n"
    async with house(home / "b", more) as (here, _):
        kinds = {model.id: model.kind for model in here.models() if "/" in model.id}
        assert kinds == {"pc/small": Kind.CHAT, "pc/bge-m3": Kind.EMBED}
        await state_of(here, "asleep")
        with pytest.raises(EngineUnavailable, match="refused the connection"):
            await reply(here, "pc/small")
        assert len(here.providers.status()[0].models) == 2


async def test_an_assistant_falls_back_while_the_server_sleeps(home: Path) -> None:
    more = section(9) + "assistants: {jarvis: {chat: [pc/large, chat], intent: '', turn: ''}}\n"
    async with house(home / "b", more) as (here, _):
        assert (await here.run_turn("What is the capital of Italy?", assistant="jarvis")).text == "Hello there."


async def test_what_the_owner_knows_counts_more_than_what_the_server_tells(home: Path) -> None:
    traits = "capabilities: {small: {images: true, tools: false, rank: 4000, languages: [de]}}"
    listed = page("200 OK", b'{"data": [{"id": "small"}]}')
    async with scripted_server(listed) as server, house(home / "b", section(server.port, traits)) as (here, _):
        await state_of(here, "awake")
        can = here.pool.model("pc/small").capabilities
    assert "image" in can.inputs and not can.tools and can.rank == 4000 and can.languages == ("de",)


@pytest.mark.parametrize(
    ("endpoint", "gateway", "local"),
    [
        ("http://127.0.0.1:9/v1", "false", True),
        ("http://localhost:9/v1", "false", True),
        ("http://[::1]:9/v1", "false", True),
        ("http://127.0.0.1:9/v1", "true", False),
        ("http://192.168.1.20:9/v1", "false", False),
        ("http://localhost.example/v1", "false", False),
        ("http://127.0.0.1.example/v1", "false", False),
    ],
)
async def test_only_what_stays_on_this_machine_is_local(home: Path, endpoint: str, gateway: str, local: bool) -> None:
    more = f"providers: {{pc: {{type: openai, endpoint: '{endpoint}', gateway: {gateway}, models: [small]}}}}\n"
    async with assembled(home, more=more, with_plugin=BRIDGE) as (_, here):
        assert here.pool.model("pc/small").capabilities.local is local


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("providers: {pc: {type: vlm, endpoint: 'http://pc:1/v1'}}", "did you mean 'vllm'"),
        ("providers: {pc: {type: openai}}", "it needs an endpoint"),
        ("providers: {pc: {type: openai, endpoint: 'http://me:word@pc/v1'}}", "providers.pc.endpoint"),
        ("providers: {pc: {type: openai, endpoint: 'file:///etc/passwd'}}", "providers.pc.endpoint"),
        ('providers: {pc: {type: vllm, parameters: {headers: {X: "a\\nb"}}}}', "providers.pc.parameters.headers"),
        ("providers: {pc: {type: vllm, modles: []}}", "did you mean 'models'"),
        ("providers: {pc: {type: vllm, models: [small]}}\naliases: {a: {model: pc/smal}}", "did you mean 'pc/small'"),
        ("aliases: {a: {model: pc/small}}", "there is no model 'pc/small'"),
        ("providers: {'a/b': {type: vllm}}", "is no name"),
    ],
)
async def test_what_cannot_be_is_said_with_its_place(home: Path, more: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        async with assembled(home, more=more + "\n", with_plugin=BRIDGE):
            pass
    assert words in f"{caught.value} {caught.value.hint}"
    assert "word@" not in str(caught.value)


async def test_a_provider_that_is_switched_off_is_asked_nothing(home: Path) -> None:
    async with scripted_server(page("200 OK", b"{}")) as server:
        more = section(server.port, "enabled: false") + "aliases: {gpt-4o: {model: pc/small}}\n"
        async with house(home / "b", more) as (here, _):
            with pytest.raises(EngineUnavailable, match="switched off"):
                await reply(here, "pc/small")
            assert here.providers.status()[0].state == "off"
        assert not server.heard


SECRET = "sk-of-the-tests"


def test_secrets_are_shown_nowhere(house: Home) -> None:
    more = (
        "providers: {pc: {type: openai, endpoint: 'http://127.0.0.1:9/v1', api_key: '${PC_KEY}', models: [small],"
        f" parameters: {{headers: {{X-Other: {SECRET}-too}}}}}}}}\n"
    )
    house.write(CONFIG + more)
    house.variables["PC_KEY"] = SECRET
    said = [
        house.run("--debug", *words) for words in (("config", "show"), ("providers", "list"), ("check",), ("privacy",))
    ]
    assert all(SECRET not in done.stdout + done.stderr for done in said)
    assert "refused the connection" in said[1].stdout
    assert SECRET not in repr(load(house.folder / "config" / "assistant.yaml", {"PC_KEY": SECRET}).config)


def test_privacy_names_the_servers_that_are_elsewhere(house: Home) -> None:
    house.write(CONFIG + "providers: {pc: {type: openai, endpoint: 'http://192.0.2.7:9/v1', models: [a, b]}}\n")
    ways = {way["what"]: way["text"] for way in house.json("privacy")["reach"]}
    assert ways["providers.pc"] == "http://192.0.2.7:9/v1: what its models are asked goes there"
    assert not [what for what in ways if what.startswith("models.")]


def test_the_types_are_listed(house: Home) -> None:
    assert {"openai", "vllm"} <= {row["type"] for row in house.json("providers", "types")}


async def test_nothing_else_than_the_list_is_asked_at_the_start(home: Path) -> None:
    async with scripted_server(page("200 OK", b'{"data": [{"id": "small"}]}')) as server:
        more = section(server.port) + "assistants: {jarvis: {chat: pc/small, intent: '', turn: ''}}\n"
        async with house(home / "b", more) as (here, _):
            await state_of(here, "awake")
            await here.prepare("pc/small")
        assert {heard.path for heard in server.heard} == {"/v1/models"}

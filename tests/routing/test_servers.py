"""Fail-over between real connections: each way to be cut off, and servers that are killed and come back."""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from assistant import ChatMessage, ChatRequest, ConfigError, EngineError, TextDelta, ToolSpec
from assistant.assembly import Assembly
from assistant.http.app import make_app, serve
from assistant.http.doors import doors
from assistant.routing import State
from assistant.serving import Generation, Names
from assistant.testing import page
from tests.doors import assembled
from tests.routing.models import TEXT
from tests.routing.servers import HEAD, ModelServer

BRIDGE = "assistant_openai_bridge"
KEY = "a key of the tests"
ASKED = ChatRequest((ChatMessage.of("user", "Tell me about Rome."),), max_tokens=100)
TOOLS = replace(ASKED, tools=(ToolSpec("lamp", "Switch the lamp.", {"type": "object"}),))

CUTS: dict[str, Sequence[bytes | float | None]] = {
    "hangs after the headers": [HEAD, 60.0],
    "answers 500": page("500 Internal Server Error", b'{"error": {"message": "out of memory"}}'),
    "answers 503": page("503 Service Unavailable", b"{}"),
    "resets the connection": [None],
    "closes the connection": [],
    "sends a page": page("200 OK", b"<html>Welcome</html>", "text/html"),
}
MID_CUTS: dict[str, Sequence[bytes | float | None]] = {
    "closes the connection": [],
    "resets the connection": [None],
    "sends garbage": [b"data: {]\n\n", b"data: [DONE]\n\n"],
    "sends bytes that are no text": [b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'],
    "tells an error": [b'data: {"error": {"message": "CUDA out of memory"}}\n\n'],
    "hangs": [60.0],
}


@asynccontextmanager
async def house(
    home: Path, *servers: ModelServer, route: str, more: str = "", traits: str = "parallel: 8", away: bool = False
) -> AsyncGenerator[Assembly, None]:
    """Put an assistant together that has these servers, with *away* as if they were on other machines."""
    rest = f"models: [large], capabilities: {{large: {{{traits}}}}}, gateway: {str(away).lower()}"
    sections = [
        f"s{n}: {{type: openai, endpoint: 'http://127.0.0.1:{server.port}/v1', {rest}}}"
        for n, server in enumerate(servers)
    ]
    text = f"providers: {{{', '.join(sections)}}}\naliases: {{best: {{{route}}}}}\n{more}"
    async with assembled(home, f"{{port: 0, key: {KEY}, wait: 1}}", more=text, with_plugin=BRIDGE) as (_, assembly):
        yield assembly


def generation(assembly: Assembly, patience: float = 2.0) -> Generation:
    names = Names(assembly.models, assembly.config.aliases)
    return Generation(assembly.pool, names, 64, patience, assembly.equipment.routing)


async def said(asked: Generation, name: str = "best", request: ChatRequest = ASKED) -> str:
    async with aclosing(asked.reply(asked.named(name, request), request)) as deltas:
        return "".join([delta.text async for delta in deltas if isinstance(delta, TextDelta)])


@pytest.mark.parametrize("how", CUTS)
async def test_before_the_first_word_the_next_answers_unheard(home: Path, how: str) -> None:
    async with (
        ModelServer.running(fails=CUTS[how]) as first,
        ModelServer.running() as second,
        house(home, first, second, route="model: [s0/large, s1/large]") as here,
    ):
        assert await said(generation(here)) == TEXT
        assert (first.asked, second.asked) == (1, 1)
        assert await said(generation(here)) == TEXT
        assert first.asked == (2 if how == "answers 503" else 1)  # who is busy may be free by now


async def test_a_server_that_is_not_there_is_passed_over(home: Path) -> None:
    async with ModelServer.running() as first, ModelServer.running() as second:
        await first.kill()
        async with house(home, first, second, route="model: [s0/large, s1/large]") as here:
            assert await said(generation(here)) == TEXT
            assert here.equipment.routing.health.state("s0/large") is State.OPEN
        await first.start()


@pytest.mark.parametrize("how", MID_CUTS)
@pytest.mark.parametrize("at", [3, 31, 60])
async def test_in_mid_reply_the_next_goes_on(home: Path, how: str, at: int) -> None:
    async with (
        ModelServer.running(fails=MID_CUTS[how], at=at) as first,
        ModelServer.running() as second,
        house(home, first, second, route="model: [s0/large, s1/large]") as here,
    ):
        assert await said(generation(here, patience=1.0)) == TEXT
        assert (first.asked, second.asked) == (1, 1)


@pytest.mark.parametrize("request_", [ASKED, TOOLS], ids=["plain", "with tools"])
@pytest.mark.parametrize(
    ("pause", "outcomes"), [(60.0, ("stalled", "answered")), (1.5, ("answered", "not needed"))], ids=["hangs", "pauses"]
)
async def test_while_one_stalls_the_next_is_asked_and_the_other_one_is_left(
    home: Path, request_: ChatRequest, pause: float, outcomes: tuple[str, str]
) -> None:
    async with (
        ModelServer.running(pace=0.002) as first,
        ModelServer.running() as second,
        house(home, first, second, route="model: [s0/large, s1/large]", away=True) as here,
    ):
        asked = generation(here, patience=20.0)
        assert await said(asked, request=request_) == TEXT  # it is known how quick it is
        first.pauses, first.at = pause, 33
        if outcomes[1] == "not needed":
            second.fails = [60.0]
        answer = await asked.answer(asked.named("best", request_), request_)
        assert answer.text == TEXT and tuple(step.outcome for step in answer.steps) == outcomes
        assert (first.asked, second.asked) == (2, 1)
        async with asyncio.timeout(10):
            while first.connections or second.connections:
                await asyncio.sleep(0.01)


async def test_a_server_that_is_known_to_tell_nothing_of_a_call_has_the_time_to_write_one(home: Path) -> None:
    async with (
        ModelServer.running(pace=0.002) as first,
        ModelServer.running() as second,
        house(home, first, second, route="model: [s0/large, s1/large]", away=True, traits="tells_calls: false") as here,
    ):
        asked = generation(here, patience=20.0)
        assert await said(asked, request=TOOLS) == TEXT
        first.pauses, first.at = 1.5, 33
        assert await said(asked, request=TOOLS) == TEXT and not second.asked


async def test_a_turn_is_said_whole_and_its_receipt_tells_who_was_asked(home: Path) -> None:
    assistants = "assistants: {jarvis: {chat: [s0/large, s1/large], intent: '', turn: ''}}\n"
    async with (
        ModelServer.running(fails=[None], at=31) as first,
        ModelServer.running() as second,
        house(home, first, second, route="model: chat", more=assistants) as here,
    ):
        answer = await here.run_turn("Tell me about Rome.", conversation="c")
        assert answer.text == TEXT
        [receipt] = await here.state.receipts.find(answer.turn)
        assert [(step.model, step.outcome) for step in receipt.route] == [
            ("s0/large", "engine_error"),
            ("s1/large", "answered"),
        ]
        assert receipt.models["chat"] == "s1/large"
        assert (await here.run_turn("And then?", conversation="c")).text
        assert first.asked == 1


@pytest.mark.parametrize("fails", [[None], [60.0]])
async def test_a_program_gets_a_whole_reply_at_the_door(home: Path, fails: Sequence[bytes | float | None]) -> None:
    async with (
        ModelServer.running(fails=fails, at=31) as first,
        ModelServer.running() as second,
        house(home, first, second, route="model: [s0/large, s1/large]") as here,
    ):
        section = here.config.http
        app = make_app(section, here.events, dict, {}, doors(here), keys=here.keys)
        async with (
            serve(app, section) as port,
            AsyncOpenAI(api_key=KEY, base_url=f"http://127.0.0.1:{port}/v1", max_retries=0) as program,
        ):
            stream = await program.chat.completions.create(
                model="best", messages=[{"role": "user", "content": "Tell me about Rome."}], stream=True
            )
            told = [piece.choices[0].delta.content or "" async for piece in stream if piece.choices]
        assert "".join(told) == TEXT and first.asked == second.asked == 1


async def test_the_preferred_one_takes_new_turns_when_it_is_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.providers.watch._ASLEEP", 0.02)
    monkeypatch.setattr("assistant.providers.watch._AWAKE", 0.02)
    async with (
        ModelServer.running() as first,
        ModelServer.running() as second,
        house(home, first, second, route="model: [s0/large, s1/large]") as here,
    ):
        watching = asyncio.create_task(here.providers.run())
        asked, health = generation(here), here.equipment.routing.health
        assert await said(asked) == TEXT and first.asked == 1
        await first.kill()
        async with asyncio.timeout(30):
            while not health.silence("s0/large"):
                await asyncio.sleep(0.01)
        assert await said(asked) == TEXT and (first.asked, second.asked) == (1, 1)
        await first.start()
        async with asyncio.timeout(30):
            while health.silence("s0/large"):
                await asyncio.sleep(0.01)
        assert await said(asked) == TEXT and (first.asked, second.asked) == (2, 1)
        watching.cancel()
        await asyncio.wait({watching})


async def test_equals_share_the_work(home: Path) -> None:
    async with AsyncExitStack() as stack:
        three = [await stack.enter_async_context(ModelServer.running(pace=0.001)) for _ in range(3)]
        route = "model: [[s0/large, s1/large, s2/large]], balance: least_busy"
        here = await stack.enter_async_context(house(home, *three, route=route))
        asked = generation(here)
        for _ in range(4):
            assert await asyncio.gather(*(said(asked) for _ in range(6))) == [TEXT] * 6
        assert [server.asked for server in three] == [8, 8, 8]


@pytest.mark.once
async def test_of_two_hundred_replies_none_fails_while_servers_are_killed_and_come_back(home: Path) -> None:
    chance = random.Random(7)
    async with AsyncExitStack() as stack:
        three = [await stack.enter_async_context(ModelServer.running(pace=0.002)) for _ in range(3)]
        route = "model: [[s0/large, s1/large, s2/large]], balance: round_robin"
        here = await stack.enter_async_context(house(home, *three, route=route))
        asked, gate, kills = generation(here, patience=20.0), asyncio.Semaphore(6), 0

        async def one() -> str:
            async with gate:
                return await said(asked)

        async def killing() -> None:
            nonlocal kills
            while True:
                await asyncio.sleep(chance.uniform(0.2, 0.4))
                victim = chance.choice(three)
                await victim.kill()
                kills += 1
                await asyncio.sleep(chance.uniform(0.02, 0.2))
                await victim.start()

        killer = asyncio.create_task(killing())
        try:
            replies = await asyncio.gather(*(one() for _ in range(200)))
        finally:
            killer.cancel()
            await asyncio.wait({killer})
        assert replies == [TEXT] * 200
        failures = sum(here.equipment.routing.health.measured(f"s{n}/large").failures for n in range(3))
        assert kills > 2 and failures > 2


async def test_nothing_of_a_private_assistant_leaves_the_machine_whatever_fails(home: Path) -> None:
    private = "assistants: {{jarvis: {{chat: [s0/large, {0}], strategy: private, intent: '', turn: ''}}}}\n"
    async with ModelServer.running() as server:
        away = private.format("chat").replace("assistants:", "\nassistants:")
        async with _gateway(home, server, away) as here:
            assert (await here.run_turn("Hello?", assistant="jarvis")).text == "Hello there."
            here.equipment.routing.health.measured("chat").breaker.failed(0.0)  # and although it failed lately
            assert (await here.run_turn("Hello?", assistant="jarvis")).text == "Hello there."
            turn = here.turn("jarvis")
            assert "s0/large" not in turn.equipment.pool
            with pytest.raises(EngineError, match="not on this machine"):
                async with turn.equipment.pool.lease("s0/large"):
                    pass
        assert server.asked == 0


async def test_a_private_assistant_with_nothing_here_is_an_error_of_the_configuration(home: Path) -> None:
    async with ModelServer.running() as server:
        elsewhere = ("embed: s0/bge-m3", "stt: s0/whisper-1", "tts: [s0/tts-1, tts]")
        for section in ("chat: s0/large", *(f"chat: chat, {one}" for one in elsewhere)):
            away = f"\nassistants: {{jarvis: {{{section}, strategy: private, intent: '', turn: ''}}}}\n"
            with pytest.raises(ConfigError, match="is not on this machine, and jarvis is private"):
                async with _gateway(home, server, away):
                    pass


@asynccontextmanager
async def _gateway(home: Path, server: ModelServer, more: str) -> AsyncGenerator[Assembly, None]:
    """Put an assistant together whose one server hands on what it is asked: that is not this machine."""
    endpoint = f"http://127.0.0.1:{server.port}/v1"
    text = f"providers: {{s0: {{type: openai, endpoint: '{endpoint}', gateway: true}}}}{more}"
    async with assembled(home, more=text, with_plugin=BRIDGE) as (_, assembly):
        yield assembly

"""How the daemon opens: devices listen at once, engines one after the other, and none that hangs delays the rest."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from assistant import AudioChunk, EngineConfig, Kind, ModelError, hookimpl
from assistant.assembly import Assembly, assemble
from assistant.config import load
from assistant.daemon import _closed, _serve
from assistant.daemon.device import Device
from assistant.engines import AnySpec
from assistant.pipeline.listen import Listener
from assistant.plugins import Plugins
from assistant.testing import (
    FakeChat,
    FakeIntent,
    FakeSink,
    FakeSource,
    FakeStt,
    FakeTts,
    FakeTurn,
    FakeVad,
    FakeWake,
    fake_spec,
    run_in_virtual_time,
)

ENGINES: dict[str, tuple[Kind, object]] = {
    "microphone": (Kind.SOURCE, FakeSource([])),
    "speaker": (Kind.SINK, FakeSink()),
    "wake": (Kind.WAKE, FakeWake()),
    "vad": (Kind.VAD, FakeVad()),
    "turn": (Kind.TURN, FakeTurn()),
    "intent": (Kind.INTENT, FakeIntent()),
    "chat": (Kind.CHAT, FakeChat()),
    "stt": (Kind.STT, FakeStt()),
    "tts": (Kind.TTS, FakeTts()),
}
"""By the model that each runs."""
FOREVER = 1e9


@dataclass
class House:
    """A daemon with one device, whose engines open as they are told."""

    takes: dict[str, float] = field(default_factory=dict)
    """Seconds that opening a model takes; 1 for all others."""
    fails: dict[str, int] = field(default_factory=dict)
    """How often opening a model fails before it works."""
    begun: list[tuple[float, str]] = field(default_factory=list)
    """When the opening of which model began."""
    ready: float | None = None
    """When everything that can be open was."""
    closed: Callable[[], dict[str, str]] = dict
    """What `/readyz` names."""
    engines: dict[str, object] = field(default_factory=dict)
    """Engines that take the place of the fakes, by model."""

    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        """Offer an engine for each model, of the model's name."""
        return [
            replace(fake_spec(name, kind, engine), open=partial(self._open, name, self.engines.get(name, engine)))
            for name, (kind, engine) in ENGINES.items()
        ]

    def _open(self, name: str, engine: object, config: EngineConfig) -> AbstractAsyncContextManager[object]:
        @asynccontextmanager
        async def opened() -> AsyncGenerator[object, None]:
            self.begun.append((asyncio.get_running_loop().time(), name))
            await asyncio.sleep(self.takes.get(name, 1.0))
            if self.fails.get(name, 0):
                self.fails[name] -= 1
                raise ModelError(f"{name} is not here", hint="fetch it")
            yield engine

        return opened()

    def order(self) -> list[str]:
        """Return the models in the order in which their opening began."""
        return [name for _, name in self.begun]

    @asynccontextmanager
    async def running(self, file: Path) -> AsyncGenerator[tuple[Assembly, Listener], None]:
        """Run the daemon, but for its HTTP door."""
        plugins = Plugins()
        plugins.add("fakes", lambda: self)
        loaded, loop = load(file, {}), asyncio.get_running_loop()

        def ready() -> None:
            self.ready = loop.time()

        async with assemble(loaded, plugins) as assembly:
            device = Device("room", assembly)
            self.closed = lambda: _closed(assembly, [device])
            serving = asyncio.create_task(_serve(assembly, [device], {}, [], ready))
            try:
                yield assembly, device.listener
            finally:
                serving.cancel()
                await asyncio.wait({serving})
                assert serving.cancelled() or serving.exception() is None


def live(house: House, home: Path, main: Callable[[Assembly, Listener], Any]) -> None:
    """Run a test in a running house, in virtual time."""

    file = home / "assistant.yaml"
    file.write_text("models:\n" + "".join(f"  {name}: {{engine: {name}}}\n" for name in ENGINES))

    async def within() -> None:
        async with house.running(file) as (assembly, listener):
            await main(assembly, listener)

    run_in_virtual_time(within())


def states(assembly: Assembly) -> dict[str, str]:
    return {model.id: model.state for model in assembly.models()}


def test_light_engines_open_first_and_a_voice_before_what_it_may_have_to_apologise_for(home: Path) -> None:
    house = House()

    async def main(assembly: Assembly, listener: Listener) -> None:
        await asyncio.sleep(60)
        assert set(states(assembly).values()) == {"open"}
        assert listener.listening.is_set()

    live(house, home, main)
    assert set(house.order()[:6]) == {"microphone", "wake", "vad", "turn", "intent", "speaker"}
    heavy = house.begun[6:]
    assert [name for _, name in heavy] == ["tts", "stt", "chat"]
    assert all(later - earlier >= 1 for (earlier, _), (later, _) in pairwise(heavy))
    assert house.ready is not None and house.ready < 10


def test_the_prompt_of_each_assistant_is_read_before_anybody_asks(home: Path) -> None:
    chat = FakeChat()
    house = House(engines={"chat": chat})

    async def main(assembly: Assembly, listener: Listener) -> None:
        await asyncio.sleep(20)
        assert [[m.role for m in request.messages] for request in chat.warmed] == [["system"]]
        assert chat.warmed[0].messages[0].text.startswith("You are")

    live(house, home, main)


@pytest.mark.parametrize("hangs", ["tts", "stt", "chat", "speaker"])
def test_an_engine_that_hangs_delays_neither_the_device_nor_the_others(home: Path, hangs: str) -> None:
    house = House(takes={hangs: FOREVER})

    async def main(assembly: Assembly, listener: Listener) -> None:
        await asyncio.sleep(5)
        assert listener.listening.is_set()
        await asyncio.sleep(20)
        assert {model for model, state in states(assembly).items() if state != "open"} == {hangs}
        assert states(assembly)[hangs] == "opening"

    live(house, home, main)


@pytest.mark.parametrize("hangs", ["microphone", "wake", "vad"])
def test_a_device_waits_for_its_own_engines_and_nobody_waits_for_it(home: Path, hangs: str) -> None:
    house = House(takes={hangs: 30})

    async def main(assembly: Assembly, listener: Listener) -> None:
        await asyncio.sleep(25)
        assert not listener.listening.is_set()
        assert listener.failure is None
        assert {model for model, state in states(assembly).items() if state != "open"} == {hangs}
        await asyncio.sleep(10)
        assert listener.listening.is_set()

    live(house, home, main)


def test_a_voice_that_opens_prepares_its_apology(home: Path) -> None:
    house = House(takes={"tts": 50})

    async def main(assembly: Assembly, listener: Listener) -> None:
        tones = assembly.equipment.phrases.apology("jarvis")
        await asyncio.sleep(40)
        assert assembly.equipment.phrases.apology("jarvis") == tones
        await asyncio.sleep(20)
        assert assembly.equipment.phrases.apology("jarvis") != tones

    live(house, home, main)


def test_it_is_ready_when_what_takes_long_is_open_or_given_up(home: Path) -> None:
    for takes, ready in ((50, 60), (FOREVER, 130)):
        house = House(takes={"chat": takes})

        async def main(assembly: Assembly, listener: Listener) -> None:
            await asyncio.sleep(200)

        live(house, home, main)
        assert house.ready == pytest.approx(ready, abs=10)


def test_what_failed_is_opened_as_soon_as_it_can_be_though_nobody_asks(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(fails={"chat": 4, "tts": 1})

    async def main(assembly: Assembly, listener: Listener) -> None:
        tones = assembly.equipment.phrases.apology("jarvis")
        await asyncio.sleep(14)
        assert {states(assembly)[model] for model in ("chat", "tts")} == {"failed"}
        assert house.ready is not None
        await asyncio.sleep(500)
        assert set(states(assembly).values()) == {"open"}
        assert assembly.equipment.phrases.apology("jarvis") != tones

    live(house, home, main)
    tries = [at for at, name in house.begun if name == "chat"]
    assert [round(later - earlier) for earlier, later in pairwise(tries)] == [16, 31, 61, 121]
    said = [record.getMessage() for record in caplog.records if record.name == "assistant.daemon.opening"]
    assert said.count("model chat: chat is not here (fetch it)") == 1, said


def test_what_always_fails_is_tried_ever_more_rarely(home: Path) -> None:
    house = House(fails={"chat": 10_000})

    async def main(assembly: Assembly, listener: Listener) -> None:
        await asyncio.sleep(3600)
        assert states(assembly)["chat"] == "failed"

    live(house, home, main)
    assert house.order().count("chat") == 11


class StallingSource(FakeSource):
    """A microphone that gives nothing from 20 s to 50 s, and ends after 80 s."""

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        loop = asyncio.get_running_loop()
        async for chunk in super().capture():
            if 20 < loop.time() < 50:
                await asyncio.sleep(50 - loop.time())
            if loop.time() > 80:
                return
            yield chunk


def test_a_microphone_that_stalls_is_named_until_it_is_heard_again(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(engines={"microphone": StallingSource([])})
    seen: dict[int, dict[str, str]] = {}

    async def main(assembly: Assembly, listener: Listener) -> None:
        for second in (15, 22, 30, 49, 55, 90):
            await asyncio.sleep(second - asyncio.get_running_loop().time())
            seen[second] = house.closed()

    live(house, home, main)
    deaf = {"device room": "no sound has come for 5 s"}
    assert seen == {15: {}, 22: {}, 30: deaf, 49: deaf, 55: {}, 90: {"device room": "its sound has ended"}}
    said = [record.getMessage() for record in caplog.records if record.name == "assistant.daemon.device"]
    assert said == ["room hears nothing: no sound has come for 5 s", "room hears again"]

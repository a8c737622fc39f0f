"""A server that goes away, or comes back, is spoken of where its owner wants that, once, and in nobody's turn."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant import (
    AudioChunk,
    Capabilities,
    ConfigError,
    DeviceError,
    EngineUnavailable,
    Kind,
    Provider,
    ProviderSpec,
    Voice,
)
from assistant.audio import SPEECH
from assistant.config import AssistantConfig, load
from assistant.controls import QuietHours
from assistant.daemon.announcing import Announcer, announced
from assistant.events import EventBus
from assistant.pipeline.listen import Listener
from assistant.providers import ProvidedModel, ProviderConfig
from assistant.providers.models import Source
from assistant.providers.watch import Providers
from assistant.testing import FakeChat, FakeStt, FakeTts, page, run_in_virtual_time, scripted_server
from tests.pipeline.room import MARKER, Room, quiet, voice
from tests.running import Home, settled
from tests.timers.test_daemon import DEVICE, WITH_DEVICE

AWAY, BACK = "The server my pc does not answer any more.", "The server my pc answers again."
SECONDS = 0.4
"""Of each sentence."""


class Teller(FakeTts):
    """Speaks each sentence in samples of its own."""

    async def speak(self, text: AsyncIterator[str], voice: Voice) -> AsyncGenerator[AudioChunk, None]:
        async for chunk in super().speak(text, voice):
            known = {AWAY: 1000, BACK: 2000}.get(self.said[-1])
            sample = (known or 0).to_bytes(2, "little")
            yield AudioChunk(sample * round(SECONDS * SPEECH.rate), SPEECH) if known else chunk


@dataclass
class House:
    """A room, and a server that is spoken of in it."""

    room: Room
    on: bool
    """Whether the server answers."""
    providers: Providers | None = None
    listener: Listener | None = None

    async def models(self, provider: Provider) -> Sequence[ProvidedModel]:
        if not self.on:
            raise EngineUnavailable("no answer", hint="is it awake?")
        return [ProvidedModel("voice", Kind.TTS, Capabilities())]

    async def turn(self, *, on: bool) -> None:
        """Switch the server on or off, and have that noticed."""
        self.on = on
        assert self.providers is not None
        self.providers._doubt("my_pc")
        await asyncio.sleep(2)
        assert (self.providers.status()[0].state == "awake") is on

    def heard(self, text: str) -> float:
        """Return how often a sentence was heard."""
        sample = {AWAY: 1000, BACK: 2000}[text].to_bytes(2, "little")
        return round(sum(chunk.duration for chunk in self.room.sink.heard if chunk.audio[:2] == sample) / SECONDS, 3)


@asynccontextmanager
async def opened(house: House) -> AsyncGenerator[None, None]:
    async with house.room.opened() as listener:
        house.listener, equipment, events = listener, listener._equipment, EventBus()
        provider = Provider("my_pc", "http://192.0.2.7:80", ProviderConfig(type="fake"))
        unused: Any = None
        spec = ProviderSpec(
            type="fake", title="", endpoint="", describe=unused, models=house.models, recognise=unused, open=unused
        )
        found = {"my_pc": Source(provider, spec)}
        house.providers = Providers(found, equipment.pool, equipment.routing.health, events)
        announcer = Announcer({"my_pc": ["room"]}, house.providers.status, events, {"room": listener}, equipment)
        tasks = [asyncio.create_task(work) for work in (announcer.run(), house.providers.run())]
        try:
            await asyncio.sleep(0.1)
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            assert all(task.cancelled() for task in tasks)


def live(scene: Callable[[House], Awaitable[None]], *, on: bool = True, **room: Any) -> None:
    house = House(Room(room.pop("hears", []), tts=Teller(), **room), on)

    async def main() -> None:
        async with opened(house):
            await scene(house)

    run_in_virtual_time(main())


def test_it_is_said_once_that_it_is_away_for_a_minute_and_once_that_it_is_back() -> None:
    async def scene(house: House) -> None:
        await house.turn(on=False)
        await asyncio.sleep(55)
        assert not house.room.sink.heard
        await asyncio.sleep(200)
        assert (house.heard(AWAY), house.heard(BACK)) == (1, 0)
        await house.turn(on=True)
        assert (house.heard(AWAY), house.heard(BACK)) == (1, 1)
        await asyncio.sleep(200)
        assert (house.heard(AWAY), house.heard(BACK)) == (1, 1)

    live(scene)


def test_one_that_begins_anew_or_was_never_there_is_not_spoken_of() -> None:
    async def begins_anew(house: House) -> None:
        for _ in range(9):
            await house.turn(on=False)
            await asyncio.sleep(50)
            await house.turn(on=True)
        assert not house.room.sink.heard

    async def never_there(house: House) -> None:
        await asyncio.sleep(200)
        await house.turn(on=True)
        await asyncio.sleep(200)
        assert not house.room.sink.heard

    live(begins_anew)
    live(never_there, on=False)


def test_one_that_comes_and_goes_is_heard_of_every_ten_minutes_at_most() -> None:
    async def scene(house: House) -> None:
        for _ in range(15):  # 23 minutes
            await house.turn(on=False)
            await asyncio.sleep(71)
            await house.turn(on=True)
            await asyncio.sleep(15)
        assert 2 <= house.heard(AWAY) <= 3 and house.heard(AWAY) - house.heard(BACK) <= 1

    live(scene)


def test_the_voice_may_be_that_of_the_server_itself() -> None:
    async def scene(house: House) -> None:
        house.room.tts.fails = EngineUnavailable("it was the PC's")
        await house.turn(on=False)
        await asyncio.sleep(120)
        assert house.heard(AWAY) == 1

    live(scene)


def test_it_is_not_said_into_a_turn_and_a_turn_is_not_kept_waiting() -> None:
    long = " ".join(f"Sentence number {n} is here." for n in range(40))
    hears = [*quiet(60.5), MARKER, *quiet(0.4), *voice(1.2), *quiet(120)]

    async def scene(house: House) -> None:
        assert house.listener is not None
        await house.turn(on=False)
        await house.room.until(lambda: house.listener.serving.is_set())  # type: ignore[union-attr]
        await house.room.until(lambda: house.room.receipts)
        [receipt] = house.room.receipts
        assert receipt.outcome == "answered" and house.heard(AWAY) < 1
        await house.room.until(house.listener.idle.is_set)
        await asyncio.sleep(5)
        assert 1 <= house.heard(AWAY) < 2

    live(scene, hears=hears, stt=FakeStt(["Tell me."] * 3), chat=FakeChat([long] * 3))


def test_who_calls_while_it_is_said_is_served_at_once_and_hears_it_afterwards() -> None:
    async def scene(house: House) -> None:
        assert house.listener is not None
        await house.turn(on=False)
        await house.room.until(lambda: house.heard(AWAY) > 0)
        house.listener.idle.clear()
        house.listener.serving.set()
        await asyncio.sleep(5)
        assert house.heard(AWAY) < 1
        house.listener.serving.clear()
        house.listener.idle.set()
        await asyncio.sleep(5)
        assert 1 < house.heard(AWAY) < 2

    live(scene)


def test_what_is_no_longer_so_is_not_said() -> None:
    async def scene(house: House) -> None:
        assert house.listener is not None
        house.listener.idle.clear()
        await house.turn(on=False)
        await asyncio.sleep(100)
        await house.turn(on=True)
        house.listener.idle.set()
        await asyncio.sleep(100)
        assert not house.room.sink.heard

    live(scene)


def test_at_quiet_hours_and_where_the_speaker_fails_nothing_is_said_and_all_goes_on() -> None:
    async def scene(house: House) -> None:
        controls = house.room.controls
        await controls.set_quiet("room", QuietHours(on=True, begin="00:00", to="23:59", volume=30))
        await house.turn(on=False)
        await asyncio.sleep(200)
        await house.turn(on=True)
        await asyncio.sleep(200)
        assert not house.room.sink.heard  # nor that it is back: nobody knows that it was away
        await controls.set_quiet("room", QuietHours(on=False))
        house.room.sink.fails = DeviceError("unplugged")
        await house.turn(on=False)
        await asyncio.sleep(200)
        assert not house.room.sink.heard
        await house.turn(on=True)
        await house.turn(on=False)
        await asyncio.sleep(200)
        assert house.heard(AWAY) == 1

    live(scene)


@pytest.mark.parametrize(
    ("language", "said"), [("de", "antwortet nicht mehr"), ("fr", "répond plus"), ("es", "responde")]
)
def test_it_is_said_in_the_language_of_who_speaks_there(language: str, said: str) -> None:
    async def scene(house: House) -> None:
        await house.turn(on=False)
        await asyncio.sleep(100)
        assert said in house.room.tts.said[0] and "my pc" in house.room.tts.said[0]

    live(scene, config=AssistantConfig(wake=["hey_jarvis"], turn="", intent="", language=language))


def test_nothing_is_said_unless_the_owner_wants_it_at_a_device_that_there_is(home: Path) -> None:
    file = home / "assistant.yaml"

    def configured(announce: str) -> dict[str, list[str]]:
        file.write_text(f"providers: {{pc: {{type: vllm{announce}}}}}\n")
        return announced(load(file, {}).config)

    assert configured("") == {}
    assert configured(", announce: [room]") == {"pc": ["room"]}
    assert configured(", announce: [room], enabled: false") == {}
    with pytest.raises(ConfigError, match=r"providers.pc.announce: there is no device 'rom'") as caught:
        configured(", announce: [rom]")
    assert "'room'" in caught.value.hint


HURRY = """
from assistant.daemon import announcing
from assistant.providers import watch

announcing._AWAY = watch._ASLEEP = watch._AWAKE = 0.3
"""


@pytest.mark.once
async def test_a_daemon_says_at_its_device_that_a_server_was_switched_off(tmp_path: Path) -> None:
    home = Home(tmp_path)
    once = ("application/json", "Connection: close")
    async with scripted_server(page("200 OK", b'{"data": [{"id": "small"}]}', *once)) as server:
        where = f"endpoint: 'http://127.0.0.1:{server.port}/v1', announce: [room]"
        home.write(f"{WITH_DEVICE}providers: {{pc: {{type: openai, {where}}}}}\n", device=DEVICE + HURRY)
        with home.daemon() as daemon:
            await asyncio.to_thread(daemon.ready)
            await asyncio.to_thread(daemon.logged, "answers and has 1 models")
            silent = not (tmp_path / "heard").exists()
            server.script = lambda path: []  # as if it were gone
            heard = await asyncio.to_thread(settled, lambda: (tmp_path / "heard").exists() or None)
            assert silent and heard and await asyncio.to_thread(daemon.stop) == 0

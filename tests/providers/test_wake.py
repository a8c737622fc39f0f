"""A machine that sleeps is told to wake when its server is wanted; what is told comes to a real socket."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from assistant import EventType
from assistant.providers.wake import wake
from assistant.testing import page, scripted_server
from tests.doors import assembled
from tests.providers.test_providers import BRIDGE, house, section, state_of

PACKET = b"\xff" * 6 + b"\x02\x00\x5e\x10\xab\xcd" * 16
SLEEPS = "wake: '02:00:5e:10:ab:cd', models: [large]"
PREFERRED = "assistants: {jarvis: {chat: [pc/large, chat], intent: '', turn: ''}}\n"
BEHIND = "assistants: {jarvis: {chat: [chat, pc/large], intent: '', turn: ''}}\n"
PRIVATE = "assistants: {jarvis: {chat: [pc/large, chat], strategy: private, intent: '', turn: ''}}\n"


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Hear what is sent to everybody."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.setblocking(False)
        monkeypatch.setattr("assistant.providers.wake._WHERE", heard.getsockname())
        yield heard


def packets(network: socket.socket) -> list[bytes]:
    """Return what was sent so far; on the loopback it is there at once."""
    found = []
    while True:
        try:
            found.append(network.recv(200))
        except BlockingIOError:
            return found


@pytest.mark.parametrize("address", ["02:00:5e:10:ab:cd", "02-00-5E-10-AB-CD"])
def test_a_machine_is_told_by_its_address(network: socket.socket, address: str) -> None:
    wake(address)
    assert packets(network) == [PACKET]


async def test_a_preferred_server_that_sleeps_is_woken_once_a_minute(
    home: Path, network: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(home / "b", section(9, SLEEPS) + PREFERRED) as (here, _):
        await state_of(here, "asleep")
        assert packets(network) == []
        for _ in range(3):
            assert (await here.run_turn("What is the capital of Italy?")).text == "Hello there."
        assert packets(network) == [PACKET]
        monkeypatch.setattr("assistant.providers.watch._WOKEN", 0.0)
        await here.run_turn("And of France?")
        assert packets(network) == [PACKET]


@pytest.mark.parametrize("more", [section(9, SLEEPS) + BEHIND, section(9, "models: [large]") + PREFERRED])
async def test_who_is_not_wanted_or_cannot_be_woken_sleeps_on(home: Path, network: socket.socket, more: str) -> None:
    async with house(home / "b", more) as (here, _):
        await state_of(here, "asleep")
        await here.run_turn("What is the capital of Italy?")
    assert packets(network) == []


async def test_a_private_assistant_wakes_nobody(home: Path, network: socket.socket) -> None:
    away = section(9, SLEEPS).replace("127.0.0.1", "192.0.2.1") + PRIVATE
    async with assembled(home, more=away, with_plugin=BRIDGE) as (_, here):
        here.equipment.routing.health.is_silent("pc", "it is away")
        await here.run_turn("What is the capital of Italy?")
    assert packets(network) == []


async def test_without_a_network_the_turn_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(address: str) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr("assistant.providers.watch.wake", unreachable)
    async with house(home / "b", section(9, SLEEPS) + PREFERRED) as (here, _):
        await state_of(here, "asleep")
        assert (await here.run_turn("What is the capital of Italy?")).text == "Hello there."


async def test_who_goes_and_comes_is_an_event(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.providers.watch._ASLEEP", 0.02)
    monkeypatch.setattr("assistant.providers.watch._AWAKE", 0.02)
    answers = {"asleep": page("503 Asleep"), "awake": page("200 OK", b'{"data": [{"id": "small"}]}')}
    now = ["asleep"]
    async with (
        scripted_server(lambda path: answers[now[0]]) as server,
        house(home / "b", section(server.port)) as (here, _),
        aclosing(here.events.subscribe()) as subscription,
        asyncio.timeout(30),
    ):
        for state in ("asleep", "awake", "asleep"):
            now[0] = state
            event = await anext(subscription)
            assert (event.type, event.turn, event.device) == (EventType.PROVIDER_CHANGED, "", "")
            assert event.data["provider"] == "pc" and event.data["state"] == state
            assert ("busy (503)" in event.data["reason"]) == (state == "asleep")

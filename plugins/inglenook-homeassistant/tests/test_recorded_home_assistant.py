"""The plugin against recorded messages: what is taken in, what goes wrong, what is never told."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from assistant_homeassistant import HomeAssistantConfig, assistant_services, bridge, check, connection, service
from assistant_homeassistant.registry import read_registry
from recorded_home_assistant import TOKEN, RecordedHomeAssistant, recorded_home_assistant

from assistant import Act, Entity, Home, ServiceError
from assistant.home.words import told

LAMP = "light.kitchen_lights"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_SOONEST", 0.05)
    monkeypatch.setattr("assistant_homeassistant.bridge._SETTLES", 0.05)
    monkeypatch.setattr("assistant.home.acting._OBEYS", 0.3)
    monkeypatch.setattr("assistant.home.acting._REFUSED", 0.1)


@asynccontextmanager
async def serving(url: str, token: str = TOKEN, **options: Any) -> AsyncIterator[Home]:
    """Run the service, as the daemon does."""
    home = Home()
    running = asyncio.create_task(service.serve(HomeAssistantConfig(url=url, token=token, **options), home))
    try:
        yield home
    finally:
        running.cancel()
        (ended,) = await asyncio.gather(running, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError), ended


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def together(**options: Any) -> AsyncIterator[tuple[RecordedHomeAssistant, Home]]:
    async with recorded_home_assistant() as recorded, serving(recorded.url, **options) as home:
        await until(lambda: home.entities)
        yield recorded, home


async def test_what_is_exposed_is_taken_in_with_its_names_and_rooms() -> None:
    async with together() as (_, home):
        things = {entity.id: entity for entity in home.entities}
        assert "lock.front_door" in things and "sun.sun" not in things
        lamp = things["light.bed_light"]
        assert (lamp.name, lamp.aliases, lamp.area) == ("Bed Light", ("reading lamp",), "bedroom")
        assert {area.name: area.floor for area in home.areas}["Bedroom"] == "upstairs"
        assert home.floors[0].aliases == ("first floor",)
    async with together(exposed=False) as (_, home):
        assert "sun.sun" in {entity.id for entity in home.entities}


async def test_who_is_no_administrator_gets_home_assistant_s_defaults() -> None:
    async with recorded_home_assistant() as recorded:
        recorded.refuses = {"homeassistant/expose_entity/list"}
        async with serving(recorded.url) as home:
            await until(lambda: home.entities)
            things = {entity.id for entity in home.entities}
            assert "light.bed_light" in things and not {"lock.front_door", "sun.sun"} & things


async def test_an_act_is_a_service_call_that_is_read_back() -> None:
    async with together() as (recorded, home):
        outcomes = await home.act(Act("light.turn_on", (LAMP,), {"brightness_pct": 40}))
        assert told(outcomes, "en").endswith("at 40 percent.")
        call = {key: recorded.calls[0][key] for key in ("domain", "service", "service_data", "target")}
        assert call == {
            "domain": "light",
            "service": "turn_on",
            "service_data": {"brightness_pct": 40},
            "target": {"entity_id": [LAMP]},
        }
        outcomes = await home.act(Act("light.turn_on", (LAMP,), {"brightness_pct": 400}))
        assert told(outcomes, "en") == "Kitchen Lights reported an error."


async def test_states_are_live_and_names_are_taught_anew() -> None:
    async with together() as (recorded, home):
        revision = home.revision
        await recorded.tell({"c": {LAMP: {"+": {"s": "off"}, "-": {"a": ["brightness"]}}}})

        def lamp() -> Entity:
            return next(entity for entity in home.entities if entity.id == LAMP)

        await until(lambda: lamp().state == "off")
        assert "brightness" not in lamp().attributes
        assert home.revision == revision
        await recorded.tell({"c": {LAMP: {"+": {"a": {"friendly_name": "Spots"}}}}})
        await until(lambda: lamp().name == "Spots")
        assert home.revision > revision
        await recorded.tell({"r": [LAMP]})
        await until(lambda: LAMP not in {entity.id for entity in home.entities})


async def test_a_changed_registry_is_read_again() -> None:
    async with together() as (recorded, home):
        recorded.results["config/area_registry/list"][0]["name"] = "Snug"
        entries = recorded.results["config/entity_registry/get_entries"]
        entries["light.bed_light"]["aliases"] = ["glow"]
        await recorded.tell({"event_type": "area_registry_updated"}, "area_registry_updated")
        await until(lambda: "Snug" in {area.name for area in home.areas})
        await until(lambda: any("glow" in entity.aliases for entity in home.entities))


async def test_what_changes_while_the_registries_are_read_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with recorded_home_assistant() as recorded:

        async def change(*given: Any) -> Any:
            found = await read_registry(*given)
            monkeypatch.setattr(bridge, "read_registry", read_registry)
            recorded.results["config/area_registry/list"][0]["name"] = "Snug"
            await recorded.tell({"event_type": "area_registry_updated"}, "area_registry_updated")
            return found

        monkeypatch.setattr(bridge, "read_registry", change)
        async with serving(recorded.url) as home:
            await until(lambda: "Snug" in {area.name for area in home.areas})


async def test_one_that_is_needed_is_tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_SOONEST", 60.0)
    async with together() as (recorded, home):
        await recorded.hang_up()
        await until(lambda: not recorded.is_connected)
        outcomes = await home.act(Act("light.turn_off", (LAMP,)))
        assert (outcomes[0].result, recorded.logins) == ("done", 2)
        recorded.token = "another"
        await recorded.hang_up()
        for _ in range(3):
            outcomes = await home.act(Act("light.turn_off", (LAMP,)))
            assert outcomes[0].result == "unreachable"
        assert home.entities  # they are known by name while nobody is there
        assert recorded.logins == 3  # a token that is not accepted is not shown again at once


async def test_what_vanishes_is_not_said_to_be_done() -> None:
    async with together() as (recorded, home):
        del recorded.states[LAMP]
        outcomes = await home.act(Act("light.turn_on", (LAMP,)))
        assert outcomes[0].result == "unreachable"


async def test_a_connection_that_ends_while_it_acts_is_no_success_and_is_made_again() -> None:
    async with together() as (recorded, home):
        recorded.drops_calls = True
        outcomes = await home.act(Act("light.turn_off", (LAMP,)))
        assert outcomes[0].result == "refused"  # it was read again over the next connection
        assert recorded.logins == 2
        recorded.drops_calls = False
        async with asyncio.timeout(5):
            while (await home.act(Act("light.turn_off", (LAMP,))))[0].result != "done":  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("text", ["{", "[]", '{"id": 1, "type": "event"}', '{"type": "result", "id": [1]}', "x" * 5000])
async def test_nonsense_ends_nothing_but_the_connection(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_BYTES", 40_000)
    async with together() as (recorded, home):
        await recorded.say(text)
        async with asyncio.timeout(5):
            while (await home.act(Act("light.turn_off", (LAMP,))))[0].result not in ("done", "already"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_a_message_that_is_too_long_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_BYTES", 40_000)
    async with together() as (recorded, _):
        await recorded.say("x" * 50_000)
        await until(lambda: recorded.logins == 2)


async def test_a_wrong_token_is_said_once_and_nobody_reads_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with recorded_home_assistant() as recorded, serving(recorded.url, "wrong-secret"):
        await until(lambda: "does not accept the token" in caplog.text)
        await asyncio.sleep(0.2)
    assert caplog.text.count("does not accept the token") == 1
    assert recorded.logins == 1  # it is not tried again at once: Home Assistant bans who does
    assert "wrong-secret" not in caplog.text
    assert "wrong-secret" not in repr(HomeAssistantConfig(token="wrong-secret"))


async def test_one_that_is_not_there_is_said_once_and_found_when_it_comes(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    async with serving(f"http://127.0.0.1:{port}") as home:
        await until(lambda: "cannot be reached" in caplog.text)
        assert home.bridges == ("Home Assistant",)
        async with recorded_home_assistant(port):
            await until(lambda: home.entities)
    assert caplog.text.count("cannot be reached") == 1


async def test_check_says_what_is_there_or_what_is_wrong() -> None:
    async with recorded_home_assistant() as recorded:
        said = await check(HomeAssistantConfig(url=recorded.url, token=TOKEN))
        assert said == "Home Assistant 2025.4.4: 4 areas, 7 entities exposed to Assist"
        with pytest.raises(ServiceError, match="does not accept the token"):
            await check(HomeAssistantConfig(url=recorded.url, token="x"))
    with pytest.raises(ServiceError, match="cannot be reached"):
        await check(HomeAssistantConfig(url=recorded.url, token=TOKEN))


@pytest.mark.parametrize("url", ["homeassistant.local:8123", "ftp://x", "http://user:word@host:8123", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        HomeAssistantConfig(url=url, token="x")


def test_the_service_and_its_options_are_told() -> None:
    (spec,) = assistant_services()
    assert spec.name == "homeassistant"
    readme = Path(__file__).parents[1].joinpath("README.md").read_text("utf-8")
    for field in msgspec.structs.fields(HomeAssistantConfig):
        assert f"| `{field.name}` |" in readme

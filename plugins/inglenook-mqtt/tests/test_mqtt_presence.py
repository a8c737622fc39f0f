"""The assistant's own devices, as Home Assistant sees them on a real mosquitto."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import groupby
from typing import Any

import pytest
from assistant_mqtt.client import Client

from assistant import AudioChunk, DeviceError, EventType, Kind, TurnEvent
from assistant.audio import SPEECH
from assistant.testing import fake_spec

pytestmark = pytest.mark.once

NODE = "inglenook_box"
ROOT = "inglenook/box"


class Microphone:
    """A source that knows whether it is listened to."""

    listening = False

    async def capture(self) -> AsyncGenerator[AudioChunk, None]:
        self.listening = True
        try:
            while True:
                yield AudioChunk(bytes(640), SPEECH)
                await asyncio.sleep(0.01)
        finally:
            self.listening = False


async def test_the_devices_are_announced_in_home_assistants_format(make_house: Any) -> None:
    async with make_house() as house:
        await house.eventually(lambda: house.retained.get(f"{ROOT}/living_room/state"))
        announced = {
            topic.split("/")[1:4:2][0] + " " + topic.split("/")[3]: json.loads(payload)
            for topic, payload in house.retained.items()
            if f"/{NODE}/" in topic and topic.endswith("/config")
        }
        assert set(announced) == {
            *("switch kitchen_mute", "number kitchen_volume", "sensor kitchen_state"),
            *("switch living_room_mute", "number living_room_volume", "sensor living_room_state"),
        }
        mute = announced["switch living_room_mute"]
        assert mute["unique_id"] == "inglenook_box_living_room_mute"
        assert mute["device"]["name"] == "Inglenook Living room"
        assert mute["device"]["identifiers"] == ["inglenook_box_living_room"]
        assert len({one["unique_id"] for one in announced.values()}) == 6
        for one in announced.values():
            assert house.retained[one["availability_topic"]] == "online"
            assert one["state_topic"] in house.retained
        states = [house.retained[announced[key]["state_topic"]] for key in sorted(announced)]
        assert states == ["100", "100", "idle", "idle", "OFF", "OFF"]
        assert house.home.entities == (), "it is no part of its own house"
    # the house is left: what stands on the broker says so
    async with make_house(announce=False) as house:
        await house.eventually(lambda: house.retained.get(f"{ROOT}/status") == "offline")


async def test_it_is_online_once_it_listens(make_house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, allowed = asyncio.Event(), asyncio.Event()
    subscribe = Client.subscribe

    async def subscribe_late(self: Client, *args: Any, **options: Any) -> Any:
        asked.set()
        await allowed.wait()
        return await subscribe(self, *args, **options)

    monkeypatch.setattr(Client, "subscribe", subscribe_late)
    async with make_house() as house:
        await asked.wait()
        await asyncio.sleep(0.3)
        assert not house.retained, "who asked it for something now would not be heard"
        allowed.set()
        await house.eventually(lambda: house.retained.get(f"{ROOT}/status") == "online")


async def test_mute_really_mutes_and_is_lifted_only_where_that_is_allowed(make_house: Any) -> None:
    microphone = Microphone()
    spec = fake_spec("microphone", Kind.SOURCE, microphone)
    async with make_house(controls={"remote_unmute": ["Living room"]}) as house:
        guarded = house.host.controls.guarded("kitchen", spec)
        await house.eventually(lambda: house.retained.get(f"{ROOT}/living_room/state"))

        async def listen() -> None:
            async with guarded.open(guarded.config()) as source, aclosing(source.capture()) as heard:
                async for _ in heard:
                    pass

        listening = asyncio.create_task(listen())
        await house.eventually(lambda: microphone.listening)
        await house.publish(f"{ROOT}/kitchen/mute/set", "ON", retain=False)
        await house.eventually(lambda: house.retained[f"{ROOT}/kitchen/mute/state"] == "ON")
        with pytest.raises(DeviceError, match="muted"):
            await listening
        assert not microphone.listening
        told = len(house.sent(f"{ROOT}/kitchen/mute/state"))
        await house.publish(f"{ROOT}/kitchen/mute/set", "OFF", retain=False)
        await house.eventually(lambda: len(house.sent(f"{ROOT}/kitchen/mute/state")) > told)
        assert house.retained[f"{ROOT}/kitchen/mute/state"] == "ON", "nobody may lift it from afar"
        assert house.host.controls.muted("kitchen")
        for wanted in ("ON", "OFF"):
            await house.publish(f"{ROOT}/living_room/mute/set", wanted, retain=False)
            await house.eventually(
                lambda wanted=wanted: (
                    house.host.controls.muted("Living room") is (wanted == "ON")
                    and house.retained[f"{ROOT}/living_room/mute/state"] == wanted
                )
            )


async def test_a_request_that_was_kept_lifts_no_mute(make_house: Any, broker: Any) -> None:
    allowed = {"remote_unmute": ["kitchen"]}
    async with make_house(controls=allowed) as house:
        await house.publish(f"{ROOT}/kitchen/mute/set", "OFF", retain=True)
    async with make_house(controls=allowed) as house:
        await house.host.controls.mute("kitchen")
        await house.eventually(lambda: house.retained.get(f"{ROOT}/kitchen/mute/state") == "ON")
        broker.kill()
        broker.start()
        async with house.watching():
            await house.publish(f"{ROOT}/kitchen/mute/set", "OFF", retain=True)
            await house.eventually(lambda: len(house.sent(f"{ROOT}/kitchen/mute/state")) > 1)
            await house.publish(f"{ROOT}/kitchen/volume/set", "5", retain=False)
            await house.eventually(lambda: house.host.controls.device("kitchen").settings.volume == 5)
            assert house.host.controls.muted("kitchen")


async def test_volume_and_state_follow_and_nonsense_changes_nothing(make_house: Any) -> None:
    async with make_house() as house:
        await house.eventually(lambda: house.retained.get(f"{ROOT}/living_room/state"))
        for nonsense in ("loud", "-5", "1e9", "", "9" * 100, b"\xff"):
            await house.publish(f"{ROOT}/kitchen/volume/set", nonsense, retain=False)
        await house.publish(f"{ROOT}/cellar/volume/set", "1", retain=False)
        await house.publish(f"{ROOT}/kitchen/volume/set", "30", retain=False)
        await house.eventually(lambda: house.retained[f"{ROOT}/kitchen/volume/state"] == "30")
        await house.host.controls.set_volume("kitchen", 55)
        await house.eventually(lambda: house.retained[f"{ROOT}/kitchen/volume/state"] == "55")
        for event, doing in (
            (EventType.WAKE_WORD_END, "listening"),
            (EventType.STT_END, "answering"),
            (EventType.RUN_END, "idle"),
        ):
            house.host.events.publish(TurnEvent(event, "t", "kitchen", 0.0, {"text": "a secret"}))
            house.host.events.publish(TurnEvent(event, "t", "a door", 0.0))
            await house.eventually(lambda doing=doing: house.retained[f"{ROOT}/kitchen/state"] == doing)
        told = [state for state, _ in groupby(house.sent(f"{ROOT}/kitchen/state"))]
        assert told == ["idle", "listening", "answering", "idle"]
        assert "secret" not in str(house.seen)


async def test_home_assistants_birth_brings_all_again_and_what_is_gone_is_removed(make_house: Any) -> None:
    gone = f"homeassistant/switch/{NODE}/cellar_mute/config"
    async with make_house() as house:
        await house.publish(gone, {"name": "Mute"})
    async with make_house() as house:
        await house.eventually(lambda: house.retained.get(gone) == "")
        await house.eventually(lambda: house.retained.get(f"{ROOT}/living_room/state"))
        mute = f"homeassistant/switch/{NODE}/kitchen_mute/config"
        told = len(house.sent(mute))
        for _ in range(20):
            await house.publish("homeassistant/status", "online", retain=False)
        await house.eventually(lambda: len(house.sent(mute)) > told)
        await house.publish("homeassistant/status", "offline", retain=False)
        assert len(house.sent(mute)) <= told + 2, "not as often as somebody says so"


async def test_what_was_announced_is_taken_back_where_nothing_is_announced_any_more(make_house: Any) -> None:
    def announced(house: Any) -> list[str]:
        return [topic for topic, payload in house.retained.items() if topic.endswith("/config") and payload]

    other = "homeassistant/switch/inglenook_attic/kitchen_mute/config"
    async with make_house() as house:
        await house.publish(other, {"name": "Mute"})
        await house.eventually(lambda: len(announced(house)) == 7)
    async with make_house(announce=False) as house:
        await house.eventually(lambda: announced(house) == [other], "another assistant's are left alone")


async def test_it_is_shown_where_home_assistant_brings_the_lamps(make_house: Any) -> None:
    gone = f"homeassistant/switch/{NODE}/cellar_mute/config"
    async with make_house(house=False) as house:
        await house.eventually(lambda: house.retained.get(f"{ROOT}/living_room/state"))
        await house.publish("homeassistant/switch/kettle/config", {"name": "Kettle", "cmd_t": "kettle/set"})
        await house.publish(gone, {"name": "Mute"})
    async with make_house(house=False) as house:
        await house.eventually(lambda: house.retained.get(gone) == "", "what is gone is taken back")
        assert (house.home.bridges, house.home.entities) == ((), ())


async def test_a_daemon_that_dies_is_said_to_be_offline(make_house: Any) -> None:
    async with make_house() as house:
        await house.eventually(lambda: house.retained.get(f"{ROOT}/status") == "online")
        bridge = house.home._bridges[0]
        bridge._broker._client._client.socket().shutdown(socket.SHUT_RDWR)  # no word of leave
        await house.eventually(lambda: "offline" in house.sent(f"{ROOT}/status"))
        await house.eventually(lambda: house.sent(f"{ROOT}/status")[-1] == "online")

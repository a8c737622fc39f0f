"""Announcements of Tasmota, and of lamps with topics of their own."""

import asyncio
import json
from typing import Any

import pytest
from assistant_mqtt.client import Client

from assistant import Act

pytestmark = pytest.mark.once

TASMOTA = {  # of a lamp with five channels, and a relay, as Tasmota 15 announces them
    "ip": "192.0.2.15",
    "dn": "Hallway",
    "fn": ["Heater", "Ceiling lamp", None, None, None, None, None, None],
    "hn": "tasmota-9BDE9C-7324",
    "mac": "2CF4329BDE9C",
    "md": "Sonoff Mini",
    "ty": 0,
    "if": 0,
    "ofln": "Offline",
    "onln": "Online",
    "state": ["OFF", "ON", "TOGGLE", "HOLD"],
    "sw": "15.0.1",
    "t": "hallway",
    "ft": "%prefix%/%topic%/",
    "tp": ["cmnd", "stat", "tele"],
    "rl": [1, 2, 3, 3, 0, 0],
    "swc": [-1, -1],
    "so": {"4": 0, "30": 0, "68": 0},
    "lk": 1,
    "lt_st": 5,
    "sho": [0],
    "ver": 1,
}


async def test_tasmota_is_controlled_without_home_assistant(make_house: Any) -> None:
    state = {"POWER1": "OFF", "POWER2": "OFF", "Dimmer": 100, "CT": 153, "HSBColor": "0,0,100"}

    def power(number: int) -> Any:
        def told(payload: str) -> list[tuple[str, str]]:
            state[f"POWER{number}"] = payload
            return [("stat/hallway/RESULT", json.dumps({f"POWER{number}": payload}))]

        return told

    def set_(key: str) -> Any:
        def told(payload: str) -> list[tuple[str, str]]:
            state.update({key: int(payload), "POWER2": "ON"})
            return [("stat/hallway/RESULT", json.dumps({"POWER2": "ON", key: int(payload)}))]

        return told

    def shutter(payload: str) -> list[tuple[str, str]]:
        position = int(payload or 70)
        return [("stat/hallway/RESULT", json.dumps({"Shutter1": {"Position": position, "Direction": 0}}))]

    async with make_house() as house:
        house.answers |= {
            "cmnd/hallway/STATE": lambda _: [("stat/hallway/RESULT", json.dumps(state))],
            "cmnd/hallway/POWER1": power(1),
            "cmnd/hallway/POWER2": power(2),
            "cmnd/hallway/Dimmer": set_("Dimmer"),
            "cmnd/hallway/CT": set_("CT"),
            "cmnd/hallway/ShutterPosition1": shutter,
        }
        await house.publish("tele/hallway/LWT", "Online")
        await house.publish("tasmota/discovery/2CF4329BDE9C/config", TASMOTA)
        await house.known("switch.hallway_heater", name="Heater")
        (outcome,) = await house.home.act(Act("switch.turn_on", ("switch.hallway_heater",)))
        assert (outcome.result, outcome.entity.state, outcome.before.state) == ("done", "on", "off"), (
            "it was asked first"
        )
        light = "light.hallway_ceiling_lamp"
        data = {"brightness_pct": 40, "color_temp_kelvin": 4000}
        (outcome,) = await house.home.act(Act("light.turn_on", (light,), data))
        assert (outcome.result, state["Dimmer"], state["CT"]) == ("done", 40, 250)
        await house.eventually(lambda: '{"POWER2": "ON"}' in house.sent("stat/hallway/RESULT"), "the last answer")
        await house.publish("tele/hallway/STATE", {"POWER1": "ON", "POWER2": "OFF", "Dimmer": 40}, retain=False)
        await house.known(light, state="off")
        (outcome,) = await house.home.act(Act("cover.set_cover_position", ("cover.hallway_3",), {"position": 30}))
        assert (outcome.result, outcome.before.attributes["current_position"]) == ("done", 70)
        await house.publish("tele/hallway/LWT", "Offline")
        await house.known("switch.hallway_heater", state="unavailable")
        await house.publish("tasmota/discovery/2CF4329BDE9C/config", "")
        await house.eventually(lambda: not house.home.entities)


async def test_a_lamp_with_a_topic_for_each_thing(make_house: Any) -> None:
    announced = {  # as ESPHome and older firmware announce, in short names
        "~": "shelf",
        "name": "Shelf",
        "cmd_t": "~/switch",
        "stat_t": "~/status",
        "pl_on": 1,
        "pl_off": 0,
        "bri_cmd_t": "~/brightness/set",
        "bri_stat_t": "~/brightness",
        "bri_scl": 100,
        "bri_val_tpl": "{{ value_json.level | int }}",
        "rgb_cmd_t": "~/rgb/set",
        "rgb_cmd_tpl": "{{ red }};{{ green }};{{ blue }}",
        "on_cmd_type": "first",
        "avty_t": "~/here",
        "pl_avail": "yes",
        "pl_not_avail": "no",
    }
    async with make_house() as house:
        house.answers |= {
            "shelf/switch": lambda payload: [("shelf/status", payload)],
            "shelf/brightness/set": lambda payload: [("shelf/brightness", json.dumps({"level": payload}))],
        }
        await house.publish("homeassistant/light/shelf/config", announced)
        await house.known("light.shelf", state="unavailable")
        await house.publish("shelf/here", "yes")
        await house.known("light.shelf", state="unknown")
        act = Act("light.turn_on", ("light.shelf",), {"brightness_pct": 30, "color_name": "turquoise"})
        await house.home._bridges[0].call(act)
        entity = await house.known("light.shelf", state="on")
        await house.eventually(lambda: house.sent("shelf/rgb/set"))
        assert house.sent("shelf/rgb/set") == ["64;224;208"]
        assert [
            topic for topic, _ in house.seen if topic.startswith("shelf/") and topic.endswith(("switch", "set"))
        ] == [
            "shelf/switch",
            "shelf/brightness/set",
            "shelf/rgb/set",
        ]
        await house.eventually(lambda: house.entity("light.shelf").attributes.get("brightness") == 76)
        assert entity.name == "Shelf"


@pytest.mark.parametrize("late", [0.0, 0.3])
async def test_zigbee2mqtt_is_asked_for_what_it_does_not_keep(
    make_house: Any, monkeypatch: pytest.MonkeyPatch, late: float
) -> None:
    """It is asked once the answer is listened to: it answers once, and keeps nothing."""
    subscribe = Client.subscribe

    async def subscribe_late(self: Client, *args: Any, **options: Any) -> Any:
        await asyncio.sleep(late)
        return await subscribe(self, *args, **options)

    monkeypatch.setattr(Client, "subscribe", subscribe_late)
    async with make_house() as house:
        house.answers["zigbee2mqtt/plug/get"] = lambda payload: [("zigbee2mqtt/plug", '{"state": "ON"}')]
        await house.publish(
            "homeassistant/switch/0x01/switch/config",
            {
                "command_topic": "zigbee2mqtt/plug/set",
                "state_topic": "zigbee2mqtt/plug",
                "value_template": "{{ value_json.state }}",
                "payload_on": "ON",
                "payload_off": "OFF",
                "device": {"name": "plug"},
                "name": None,
                "origin": {"name": "Zigbee2MQTT"},
            },
        )
        await house.known("switch.plug")
        assert (await house.home.read("switch.plug")).state == "on"
        assert house.sent("zigbee2mqtt/plug/get") == ['{"state": ""}']

"""Things on a real mosquitto, played by a second client."""

import asyncio
import json
from typing import Any

import pytest
from assistant_mqtt import EntityOptions, MqttConfig
from assistant_mqtt.service import bring

from assistant import Act, ServiceError

pytestmark = pytest.mark.once

LAMP = {  # as Zigbee2MQTT 2 announces a lamp
    "availability": [
        {"topic": "zigbee2mqtt/bridge/state", "value_template": "{{ value_json.state }}"},
        {"topic": "zigbee2mqtt/Desk lamp/availability", "value_template": "{{ value_json.state }}"},
    ],
    "availability_mode": "all",
    "brightness": True,
    "brightness_scale": 254,
    "command_topic": "zigbee2mqtt/Desk lamp/set",
    "default_entity_id": "light.desk_lamp",
    "device": {
        "identifiers": ["zigbee2mqtt_0x00158d0001dc126a"],
        "manufacturer": "IKEA",
        "model": "TRADFRI bulb",
        "name": "Desk lamp",
        "suggested_area": "Study",
    },
    "name": None,
    "object_id": "desk_lamp",
    "origin": {"name": "Zigbee2MQTT", "sw": "2.6.1", "url": "https://www.zigbee2mqtt.io"},
    "schema": "json",
    "state_topic": "zigbee2mqtt/Desk lamp",
    "supported_color_modes": ["xy", "color_temp"],
    "unique_id": "0x00158d0001dc126a_light_zigbee2mqtt",
}
TOPIC = "homeassistant/light/0x00158d0001dc126a/light/config"


async def announce_lamp(house: Any, answers: bool = True) -> dict[str, Any]:
    """Announce the lamp, and play it; return what it is."""
    state: dict[str, Any] = {"state": "OFF", "brightness": 254}

    def told(payload: str) -> list[tuple[str, str]]:
        state.update((key, value) for key, value in json.loads(payload).items() if value != "")
        return [("zigbee2mqtt/Desk lamp", json.dumps(state))]

    if answers:
        house.answers["zigbee2mqtt/Desk lamp/set"] = house.answers["zigbee2mqtt/Desk lamp/get"] = told
    await house.publish("zigbee2mqtt/bridge/state", {"state": "online"})
    await house.publish("zigbee2mqtt/Desk lamp/availability", {"state": "online"})
    await house.publish(TOPIC, LAMP)
    await house.publish("zigbee2mqtt/Desk lamp", state)
    await house.known("light.desk_lamp", state="off")
    return state


async def test_a_lamp_is_found_turned_on_and_read_back(make_house: Any) -> None:
    async with make_house() as house:
        lamp = await announce_lamp(house)
        known = house.entity("light.desk_lamp")
        assert (known.name, known.area) == ("Desk lamp", "study")
        assert [area.name for area in house.home.areas] == ["Study"]
        (outcome,) = await house.home.act(Act("light.turn_on", ("light.desk_lamp",), {"brightness_pct": 50}))
        assert outcome.result == "done"
        assert (outcome.entity.state, outcome.entity.attributes["brightness"]) == ("on", 128)
        assert "assumed_state" not in outcome.entity.attributes
        assert lamp["brightness"] == 127
        assert json.loads(house.sent("zigbee2mqtt/Desk lamp/set")[0]) == {"state": "ON", "brightness": 127}
        act = Act("light.turn_on", ("light.desk_lamp",), {"rgb_color": (255, 0, 0)})
        (outcome,) = await house.home.act(act)
        assert (outcome.result, lamp["color"]) == ("done", {"x": 0.6401, "y": 0.33})
        act = Act("light.turn_on", ("light.desk_lamp",), {"color_temp_kelvin": 2700})
        (outcome,) = await house.home.act(act)
        assert (outcome.result, lamp["color_temp"]) == ("done", 370)


async def test_a_lamp_that_does_not_answer_is_not_said_to_be_on(make_house: Any) -> None:
    async with make_house(answer=0.4) as house:
        await announce_lamp(house, answers=False)
        (outcome,) = await house.home.act(Act("light.turn_on", ("light.desk_lamp",)))
        assert (outcome.result, outcome.entity.state) == ("silent", "off")
        assert len(house.sent("zigbee2mqtt/Desk lamp/set")) == 1
        assert house.sent("zigbee2mqtt/Desk lamp/get"), "it was asked again"
        await house.publish("zigbee2mqtt/Desk lamp/availability", {"state": "offline"})
        await house.known("light.desk_lamp", state="unavailable")
        (outcome,) = await house.home.act(Act("light.turn_on", ("light.desk_lamp",)))
        assert outcome.result == "unavailable"


async def test_a_switch_that_never_tells_is_assumed_to_obey(make_house: Any) -> None:
    async with make_house() as house:
        await house.publish("homeassistant/switch/fan/config", {"name": "Bath fan", "cmd_t": "bath/fan", "ret": True})
        await house.known("switch.bath_fan", state="unknown")
        (outcome,) = await house.home.act(Act("switch.turn_on", ("switch.bath_fan",)))
        assert outcome.result == "unseen"
        assert (outcome.entity.state, outcome.entity.attributes["assumed_state"]) == ("on", True)
        await house.eventually(lambda: house.sent("bath/fan") == ["ON"])


@pytest.mark.parametrize("broker", ["topic readwrite #\ntopic deny bath/#\n"], indirect=True)
async def test_what_the_broker_refuses_was_not_told(
    make_house: Any, broker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with make_house() as house:
        await house.publish("homeassistant/switch/fan/config", {"name": "Bath fan", "cmd_t": "bath/fan"})
        await house.known("switch.bath_fan", state="unknown")
        (outcome,) = await house.home.act(Act("switch.turn_on", ("switch.bath_fan",)))
        assert outcome.result == "refused"
        assert "refused a message on bath/fan: Not authorized" in caplog.text
        assert house.sent("bath/fan") == []


async def test_the_broker_dies_in_the_middle_of_an_act_and_comes_back(make_house: Any, broker: Any) -> None:
    async with make_house(answer=2.5) as house:
        await announce_lamp(house, answers=False)
        acting = asyncio.create_task(house.home.act(Act("light.turn_on", ("light.desk_lamp",))))
        await house.eventually(lambda: house.sent("zigbee2mqtt/Desk lamp/set"))
        broker.kill()
        (outcome,) = await acting
        assert outcome.result in ("unseen", "unreachable")
        assert house.entity("light.desk_lamp").state == "unavailable"
        with pytest.raises(ServiceError, match="is not there"):
            await house.home.read("light.desk_lamp")
        broker.start()
        async with house.watching():  # this one keeps nothing: what is on the broker announces itself again
            await announce_lamp(house)
            (outcome,) = await house.home.act(Act("light.turn_on", ("light.desk_lamp",)))
            assert (outcome.result, outcome.entity.state) == ("done", "on")
            assert house.sent("zigbee2mqtt/Desk lamp/set")[1:] == ['{"state":"ON"}'], "nothing was sent late"


async def test_what_is_taken_back_is_gone_and_what_is_announced_anew_is_the_same(make_house: Any) -> None:
    async with make_house() as house:
        await announce_lamp(house)
        await house.publish(TOPIC, {**LAMP, "device": {"name": "Reading lamp"}})
        await house.known("light.desk_lamp", name="Reading lamp", state="off", area="")
        await house.publish(TOPIC, "")
        await house.eventually(lambda: not house.home.entities)
        revision = house.home.revision
        await house.publish(TOPIC, LAMP)
        await house.eventually(lambda: house.home.revision > revision, "the engines learn the name")


async def test_what_was_taken_back_while_nobody_listened_is_forgotten(
    make_house: Any, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant_mqtt.bridge._FORGET", 1.5)
    async with make_house() as house:
        await announce_lamp(house)
        await house.publish("homeassistant/switch/kettle/config", {"name": "Kettle", "cmd_t": "kettle"})
        await house.known("switch.kettle")
        broker.kill()
        broker.start()  # it has kept nothing
        async with house.watching():
            await announce_lamp(house)
            assert house.entity("switch.kettle"), "what is not there at once may come yet"
            await house.eventually(lambda: not house.entity("switch.kettle"))
            assert house.entity("light.desk_lamp").state == "off"


async def test_the_owner_knows_better(make_house: Any) -> None:
    desk = EntityOptions(name="Work light", aliases=["the lamp"], area="Loft")
    async with make_house(entities={"light.desk_lamp": desk, "switch.kettle": EntityOptions(hidden=True)}) as house:
        await house.publish("homeassistant/switch/kettle/config", {"name": "Kettle", "cmd_t": "kettle"})
        await announce_lamp(house)
        lamp = house.entity("light.desk_lamp")
        assert (lamp.name, lamp.aliases, lamp.area) == ("Work light", ("the lamp",), "loft")
        assert len(house.home.entities) == 1


async def test_cover_lock_climate_fan_and_sensors(make_house: Any) -> None:
    base = {"dev": {"name": "Porch", "sa": "Porch"}, "~": "porch"}
    templated = {"stat_t": "~", "val_tpl": "{{ value_json.state }}"}
    async with make_house() as house:
        await house.publish(
            "homeassistant/device/porch/config",
            {
                **base,
                "o": {"name": "a test"},
                "cmps": {
                    "blind": {
                        "p": "cover",
                        "name": "Blind",
                        "cmd_t": "~/blind/set",
                        "pos_t": "~/blind",
                        "set_pos_t": "~/blind/position",
                        "set_pos_tpl": '{ "position": {{ position }} }',
                    },
                    "lock": {"p": "lock", "name": None, "cmd_t": "~/set", **templated},
                    "heat": {
                        "p": "climate",
                        "name": "Heater",
                        "mode_cmd_t": "~/mode/set",
                        "mode_stat_t": "~/mode",
                        "modes": ["off", "heat"],
                        "temp_cmd_t": "~/temperature/set",
                        "temp_stat_t": "~/temperature",
                        "curr_temp_t": "~/now",
                    },
                    "fan": {
                        "p": "fan",
                        "name": "Fan",
                        "cmd_t": "~/fan/set",
                        "stat_t": "~/fan",
                        "pct_cmd_t": "~/speed/set",
                        "pct_stat_t": "~/speed",
                        "spd_rng_max": 3,
                    },
                    "warmth": {"p": "sensor", "name": "Warmth", "stat_t": "~/now", "dev_cla": "temperature"},
                    "door": {"p": "binary_sensor", "name": "Door", "stat_t": "~/door", "pl_on": True, "pl_off": False},
                    "signal": {"p": "sensor", "name": "Signal", "stat_t": "~/lqi", "ent_cat": "diagnostic"},
                },
            },
        )
        house.answers |= {
            "porch/blind/position": lambda payload: [("porch/blind", str(json.loads(payload)["position"]))],
            "porch/set": lambda payload: [("porch", json.dumps({"state": f"{payload}ED"}))],
            "porch/mode/set": lambda payload: [("porch/mode", payload)],
            "porch/temperature/set": lambda payload: [("porch/temperature", payload)],
            "porch/fan/set": lambda payload: [("porch/fan", payload)],
            "porch/speed/set": lambda payload: [("porch/fan", "ON"), ("porch/speed", payload)],
        }
        await house.known("lock.porch", state="unknown", name="Porch")
        await house.publish("porch/blind", "0")
        await house.publish("porch/now", "18.5")
        await house.publish("porch/door", "True")
        await house.publish("porch", {"state": "UNLOCKED"})
        await house.publish("porch/mode", "off")
        await house.publish("porch/fan", "OFF")
        await house.known("binary_sensor.porch_door", state="on")
        await house.known("fan.porch_fan", state="off")
        await house.known("sensor.porch_warmth", state="18.5", area="porch")
        for service, entity, data, state in (
            ("cover.set_cover_position", "cover.porch_blind", {"position": 40}, "open"),
            ("lock.lock", "lock.porch", {}, "locked"),
            ("climate.set_hvac_mode", "climate.porch_heater", {"hvac_mode": "heat"}, "heat"),
            ("climate.set_temperature", "climate.porch_heater", {"temperature": 21.5}, "heat"),
            ("fan.set_percentage", "fan.porch_fan", {"percentage": 66}, "on"),
        ):
            (outcome,) = await house.home.act(Act(service, (entity,), data))
            assert (outcome.result, outcome.entity.state) == ("done", state), outcome
        assert house.entity("climate.porch_heater").attributes["current_temperature"] == 18.5
        assert house.entity("fan.porch_fan").attributes["percentage"] == 67
        assert house.entity("sensor.porch_signal") is None
        for service, entity, data in (
            ("lock.lock", "lock.porch", {"code": "1234"}),
            ("climate.set_temperature", "climate.porch_heater", {"temperature": 90}),
            ("cover.set_cover_position", "cover.porch_blind", {"position": "half"}),
            ("light.turn_on", "sensor.porch_warmth", {}),
            ("switch.turn_on", "switch.nobody", {}),
        ):
            with pytest.raises(ServiceError):
                await house.home._bridges[0].call(Act(service, (entity,), data))


async def test_a_house_for_one_question_announces_nothing(broker: Any, watched: Any, host: Any) -> None:
    async with watched(host) as house:
        await house.publish("homeassistant/switch/kettle/config", {"name": "Kettle", "cmd_t": "kettle/set"})
        bringing = asyncio.create_task(bring(MqttConfig(host="127.0.0.1", port=broker.port), host.home))
        await house.known("switch.kettle", state="unknown")
        (outcome,) = await host.home.act(Act("switch.turn_on", ("switch.kettle",)))
        assert outcome.result == "unseen"
        bringing.cancel()
        await asyncio.wait({bringing})
        assert {topic.partition("/")[0] for topic, _ in house.seen} == {"homeassistant", "kettle"}
        assert not [topic for topic in house.retained if "inglenook" in topic]

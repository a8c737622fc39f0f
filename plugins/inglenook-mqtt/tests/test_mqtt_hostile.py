"""What others publish, by mistake or on purpose, and brokers that are not as they should be."""

import asyncio
import json
import logging
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from assistant_mqtt import MqttConfig, assistant_services
from assistant_mqtt.broker import Broker

from assistant import Act, ServiceError

pytestmark = pytest.mark.once


def run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("topic", "payload", "complaint"),
    [
        ("light/x/config", b"{", "no JSON"),
        ("light/x/config", b"\xff\xfe{}", "no JSON"),
        ("light/x/config", b"[1]", "no JSON object"),
        ("light/x/config", b'{"a":' * 500 + b"1" + b"}" * 500, "nested too deeply"),
        ("light/x/config", b"[" * 100_000, "no JSON"),
        ("light/x/config", {"name": "x"}, "command_topic"),
        ("light/x/config", {"cmd_t": "lamp/#"}, "more than one topic"),
        ("light/x/config", {"cmd_t": "lamp/set", "stat_t": "lamp/+/state"}, "more than one topic"),
        ("light/x/config", {"cmd_t": "$SYS/broker/stop"}, "belongs to the broker"),
        ("light/x/config", {"cmd_t": "x" * 2_000}, "no topic"),
        ("light/x/config", {"cmd_t": "a\0b"}, "more than one topic"),
        ("light/x/config", {"cmd_t": "homeassistant/light/y/config"}, "which is not a device's"),
        ("light/x/config", {"cmd_t": "tasmota/discovery/2CF4329BDE9C/config"}, "which is not a device's"),
        ("light/x/config", {"cmd_t": "inglenook/box/kitchen/mute/set"}, "which is not a device's"),
        ("light/x/config", {"cmd_t": "frigate/stop"}, "command_topics"),
        ("light/x/config", {"cmd_t": "lamp/set", "schema": "template"}, "schema"),
        ("light/x/config", {"cmd_t": "lamp/set", "bri_scl": 0}, "brightness_scale"),
        ("light/x/config", {"cmd_t": "lamp/set", "name": ["x"]}, "no text"),
        ("light/x x/config", {"cmd_t": "lamp/set"}, "signs"),
        ("device/x/config", {"cmps": {f"c{i}": {"p": "switch", "cmd_t": "a/b"} for i in range(65)}}, "at most 64"),
        ("device/x/config", {"cmps": {"a": {"cmd_t": "a/b"}}}, "no platform"),
    ],
)
async def test_an_announcement_that_makes_no_sense_is_named_once(
    make_house: Any, caplog: pytest.LogCaptureFixture, topic: str, payload: Any, complaint: str
) -> None:
    async with make_house(command_topics=["lamp/#", "homeassistant/#", "inglenook/#", "tasmota/#"]) as house:
        await house.publish("homeassistant/light/good/config", {"cmd_t": "lamp/good", "name": "Good"})
        await house.known("light.good")
        for _ in range(3):
            await house.publish(f"homeassistant/{topic}", payload, retain=False)
        await house.publish("homeassistant/light/last/config", {"cmd_t": "lamp/last", "name": "Last"})
        await house.known("light.last")
        said = warnings(caplog)
        assert len(said) == 1, said
        assert complaint in said[0]
        assert {entity.id for entity in house.home.entities} == {"light.good", "light.last"}


async def test_a_lock_does_not_share_its_topic_with_a_lamp(make_house: Any, caplog: pytest.LogCaptureFixture) -> None:
    lamp = {"cmd_t": "front_door/set", "name": "Desk lamp", "pl_on": "UNLOCK"}
    async with make_house() as house:
        await house.publish("homeassistant/lock/door/config", {"cmd_t": "front_door/set", "name": "Front door"})
        await house.known("lock.front_door")
        await house.publish("homeassistant/light/lamp/config", lamp)
        await house.eventually(lambda: warnings(caplog))
        assert "as lock.front_door is, and one of them is a lock" in warnings(caplog)[0]
        assert [entity.id for entity in house.home.entities] == ["lock.front_door"]


async def test_a_template_that_needs_more_leaves_the_state_unknown(
    make_house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    announced = {"cmd_t": "lamp/set", "stat_t": "lamp", "name": "Lamp"}
    async with make_house() as house:
        template = "{% for i in range(10**9) %}{{ value }}{% endfor %}"
        await house.publish("homeassistant/switch/lamp/config", announced)
        await house.publish("lamp", "ON")
        await house.known("switch.lamp", state="on")
        await house.publish("homeassistant/switch/lamp/config", {**announced, "val_tpl": template})
        await house.known("switch.lamp", state="unknown")
        (outcome,) = await house.home.act(Act("switch.turn_on", ("switch.lamp",)))
        assert (outcome.result, outcome.entity.state) == ("unseen", "unknown")
        assert ["value_template: For is not evaluated" in line for line in warnings(caplog)] == [True]
        broken = {"cmd_t": "blind/set", "set_pos_t": "blind/pos", "set_pos_tpl": "{{ 2 ** position }}", "name": "Blind"}
        await house.publish("homeassistant/cover/blind/config", broken)
        await house.known("cover.blind")
        with pytest.raises(ServiceError, match="Pow is not evaluated"):
            await house.home._bridges[0].call(Act("cover.set_cover_position", ("cover.blind",), {"position": 3}))


async def test_a_thousand_rogue_announcements_are_bounded(make_house: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with make_house(limit=50) as house:
        await house.publish("homeassistant/light/mine/config", {"cmd_t": "mine/set", "name": "Mine", "stat_t": "mine"})
        await house.known("light.mine")
        for number in range(1_000):
            await house.publish(
                f"homeassistant/light/rogue{number}/config",
                {
                    "cmd_t": f"rogue/{number}",
                    "stat_t": f"told/{number}",
                    "name": f"R[o]g{{ue}}\x1b {number}" + "x" * 999,
                },
                retain=False,
            )
        await house.publish("mine", "ON")
        await house.known("light.mine", state="on")
        await house.eventually(lambda: len(house.home.entities) == 50)
        assert all(len(entity.name) <= 64 and entity.name.isprintable() for entity in house.home.entities)
        assert not any(set(entity.name) & set("[]{}()<>|") for entity in house.home.entities)
        said = warnings(caplog)
        assert len(said) <= 101
        assert all(len(line) <= 200 and line.isprintable() for line in said)
        assert house.home.revision < 40, "the engines do not learn each"
        assert [area.id for area in house.home.areas] == []


async def test_a_message_of_megabytes_never_arrives(make_house: Any, caplog: pytest.LogCaptureFixture) -> None:
    async with make_house() as house:
        announced = {"stat_t": "big", "name": "Big"}
        await house.publish("homeassistant/sensor/big/config", announced)
        await house.publish("big", "20")
        await house.known("sensor.big", state="20")  # it is listened to now, and not only announced
        await house.publish("homeassistant/sensor/huge/config", json.dumps({**announced, "x": "y" * 3_000_000}))
        await house.publish("big", "z" * 3_000_000)
        await house.publish("big", b"\xff\xff")
        await house.publish("big", "w" * 1_000)
        await house.publish("big", "21")
        await house.known("sensor.big", state="21")
        assert len(house.home.entities) == 1
        assert len(warnings(caplog)) == 2  # no text; and a very long state


async def test_no_broker_is_said_once_and_tried_again(
    mosquitto: Any, caplog: pytest.LogCaptureFixture, service: Any, host: Any, until: Any
) -> None:
    broker = mosquitto()
    broker.kill()
    async with service(host, MqttConfig(host="127.0.0.1", port=broker.port)):
        await until(lambda: warnings(caplog))
        await asyncio.sleep(2.5)
        assert len(warnings(caplog)) == 1
        assert f"the MQTT broker at 127.0.0.1:{broker.port} is not there" in warnings(caplog)[0]
        broker.start()
        await until(lambda: host.home._bridges[0]._broker.connected)


async def test_a_wrong_password_is_named_and_never_shown(
    mosquitto: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    passwords = tmp_path / "passwords"
    run("mosquitto_passwd", "-c", "-b", str(passwords), "box", "right", cwd=tmp_path)
    passwords.chmod(0o644)
    broker = mosquitto("allow_anonymous false", f"password_file {passwords}")
    caplog.set_level(logging.DEBUG)
    check = assistant_services()[0].check
    assert check is not None
    with pytest.raises(ServiceError, match=r"[Nn]ot authori[sz]ed") as caught:
        await check(MqttConfig(host="127.0.0.1", port=broker.port, username="box", password="wrongpassword"))
    assert "services.mqtt.password" in caught.value.hint
    assert "wrongpassword" not in caplog.text + str(caught.value)
    right = MqttConfig(host="127.0.0.1", port=broker.port, username="box", password="right")
    assert await check(right) == f"connected to 127.0.0.1:{broker.port}"


async def test_tls_with_an_authority_of_ones_own(mosquitto: Any, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here")
    make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    run("openssl", *make, *names, cwd=tmp_path)
    for file in ("key.pem", "cert.pem"):
        (tmp_path / file).chmod(0o644)
    lines = [f"certfile {tmp_path / 'cert.pem'}", f"keyfile {tmp_path / 'key.pem'}", "allow_anonymous true"]
    broker = mosquitto(*lines)

    def config(**options: Any) -> MqttConfig:
        return MqttConfig(host="localhost", port=broker.port, tls=True, **options)

    await Broker(config(ca_file=str(tmp_path / "cert.pem")), "one", None).look()
    with pytest.raises(ServiceError, match="certificate") as caught:
        await Broker(config(), "two", None).look()
    assert "ca_file" in caught.value.hint
    with pytest.raises(ServiceError, match=r"services\.mqtt\.ca_file"):
        await Broker(config(ca_file=str(tmp_path / "none.pem")), "three", None).look()

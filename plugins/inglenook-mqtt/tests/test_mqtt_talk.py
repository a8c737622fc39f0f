"""What is asked in words reaches the lamp on a real mosquitto, and the answer tells what the lamp said."""

import json
from pathlib import Path
from typing import Any

import pytest
from assistant_mqtt import EntityOptions, MqttConfig, assistant_services

from assistant import hookimpl
from assistant.assembly import assemble
from assistant.config import load
from assistant.engines import AnySpec, Kind
from assistant.plugins import Plugins
from assistant.testing import FakeChat, FakeSink, FakeSource, FakeStt, FakeTts, FakeTurn, FakeVad, FakeWake, fake_spec

pytestmark = pytest.mark.once

CONFIG = """
models: {stt: {engine: s}, chat: {engine: c}, tts: {engine: t}, turn: {engine: u}, intent: {engine: hassil},
         wake: {engine: w}, vad: {engine: v}, microphone: {engine: m}, speaker: {engine: p}}
assistants: {english: {language: en}, deutsch: {language: de}}
"""


class Fakes:
    @hookimpl
    def assistant_engines(self) -> list[AnySpec]:
        return [
            fake_spec("s", Kind.STT, FakeStt()),
            fake_spec("c", Kind.CHAT, FakeChat(["I am only a chat model."] * 20)),
            fake_spec("t", Kind.TTS, FakeTts()),
            fake_spec("u", Kind.TURN, FakeTurn()),
            fake_spec("w", Kind.WAKE, FakeWake()),
            fake_spec("v", Kind.VAD, FakeVad()),
            fake_spec("m", Kind.SOURCE, FakeSource([])),
            fake_spec("p", Kind.SINK, FakeSink()),
        ]


async def test_turn_off_the_desk_lamp(
    broker: Any, watched: Any, service: Any, until: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intents = pytest.importorskip("assistant_intents", reason="inglenook-intents is not installed")
    monkeypatch.setenv("INGLENOOK_HOME", str(tmp_path))
    file = tmp_path / "assistant.yaml"
    file.write_text(CONFIG)
    plugins = Plugins()
    plugins.add("fakes", Fakes)
    plugins.add("intents", lambda: intents)
    own = {"light.desk_lamp": EntityOptions(aliases=["Schreibtischlampe"])}
    config = MqttConfig(host="127.0.0.1", port=broker.port, name="box", answer=0.5, entities=own)
    lamp = {
        "schema": "json",
        "name": None,
        "device": {"name": "Desk lamp", "suggested_area": "Study"},
        "command_topic": "zigbee2mqtt/lamp/set",
        "state_topic": "zigbee2mqtt/lamp",
        "brightness": True,
    }
    async with assemble(load(file, {}), plugins) as assembly, watched(assembly) as house, service(assembly, config):
        state = {"state": "ON", "brightness": 200}

        def told(payload: str) -> list[tuple[str, str]]:
            state.update(json.loads(payload))
            return [("zigbee2mqtt/lamp", json.dumps(state))]

        async def ask(text: str, assistant: str = "english") -> str:
            answer = await assembly.run_turn(text, assistant=assistant, conversation="talk", device="room")
            return answer.text

        house.answers["zigbee2mqtt/lamp/set"] = told
        await house.publish("homeassistant/light/0x01/light/config", lamp)
        await house.publish("zigbee2mqtt/lamp", state)
        await house.known("light.desk_lamp", state="on")
        assert (await ask("is the desk lamp on")).startswith("Yes")
        assert house.sent("zigbee2mqtt/lamp/set") == [], "a question changes nothing"
        answer = await ask("turn off the desk lamp")
        assert state["state"] == "OFF"
        assert "off" in answer.lower(), answer
        assert "chat model" not in answer
        answer = await ask("dimme die Schreibtischlampe auf 40 Prozent", "deutsch")
        assert (state["state"], state["brightness"]) == ("ON", 102), answer
        del house.answers["zigbee2mqtt/lamp/set"]
        answer = await ask("turn off the desk lamp")
        assert (state["state"], answer) == ("ON", "Desk lamp did not answer.")
        broker.kill()
        await until(lambda: house.entity("light.desk_lamp").state == "unavailable")
        assert await ask("turn off the desk lamp") == "I cannot reach Desk lamp."


def test_the_service_is_offered() -> None:
    assert [spec.name for spec in assistant_services()] == ["mqtt"]

"""The assistant's own devices in Home Assistant: mute, volume, and what each is doing."""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from typing import Any

import aiomqtt

from assistant import AssistantError, EventType, Host, TurnEvent, __version__
from assistant_mqtt.broker import Broker
from assistant_mqtt.complaints import Complaints
from assistant_mqtt.config import MqttConfig

__all__ = ["Presence", "node", "will"]

log = logging.getLogger("assistant_mqtt")

_DOING = {
    EventType.WAKE_WORD_START: "idle",
    EventType.WAKE_WORD_END: "listening",
    EventType.RUN_START: "listening",
    EventType.STT_START: "listening",
    EventType.STT_VAD_START: "listening",
    EventType.STT_END: "answering",
    EventType.INTENT_START: "answering",
    EventType.TTS_START: "answering",
    EventType.RUN_END: "idle",
}
"""What a device does after an event."""
_BIRTH = 0.5
"""Seconds after which all is announced again when Home Assistant has started; not more often, whoever says so."""
_WAITING = 16
"""Requests that wait to be carried out; what comes beyond is dropped."""


def node(config: MqttConfig) -> str:
    """Return the name by which this assistant stands in topics."""
    return f"inglenook_{_plain(config.called)}"


def will(config: MqttConfig) -> aiomqtt.Will:
    """Return what the broker says of the assistant when it dies."""
    return aiomqtt.Will(_status(config), "offline", qos=1, retain=True)


class Presence:
    """The devices as Home Assistant sees them."""

    def __init__(self, config: MqttConfig, broker: Broker, host: Host) -> None:
        self._config = config
        self._broker = broker
        self._host = host
        self._root = f"{config.base}/{_plain(config.called)}"
        self._devices = {_plain(status.name): status.name for status in host.controls.status()}
        self._doing = dict.fromkeys(self._devices.values(), "idle")
        self.announced = dict(self._announcements())
        """What stands on the broker for each entity, by topic."""
        self._asked: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue(_WAITING)
        self._born = asyncio.Event()
        self._complaints = Complaints()

    @property
    def filters(self) -> frozenset[str]:
        """Return where it is asked for something, and where Home Assistant says that it has started."""
        return frozenset({f"{self._config.prefix}/status", f"{self._root}/+/mute/set", f"{self._root}/+/volume/set"})

    async def opened(self) -> None:
        """Announce the devices and tell what they are; take leave when the daemon stops."""
        try:
            while True:
                self._born.clear()
                await self._tell_all()
                await self._born.wait()
                await asyncio.sleep(_BIRTH)
        finally:
            with contextlib.suppress(AssistantError):  # where the connection is lost, the will says it
                await self._broker.publish(_status(self._config), "offline", retain=True)

    async def closed(self) -> None:
        """Do nothing: the broker tells that it is gone."""

    async def received(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take a request, or the birth of Home Assistant."""
        if topic == f"{self._config.prefix}/status":
            if payload == b"online" and not retained:
                self._born.set()
        elif topic.startswith(f"{self._root}/") and topic.endswith("/set"):
            self._request(topic, payload, retained)

    def _request(self, topic: str, payload: bytes, retained: bool) -> None:
        """Note what is asked for. A message that the broker had kept is no wish of now: it might lift a mute."""
        device, what, _ = topic.removeprefix(f"{self._root}/").split("/")
        if retained or device not in self._devices or len(payload) > 16 or self._asked.full():
            self._complaints.say(topic, "a request was ignored")
        else:
            self._asked.put_nowait((self._devices[device], what, payload.decode("ascii", "replace").strip()))

    async def follow(self) -> None:
        """Tell what happens at the devices, until cancelled."""
        async with aclosing(self._host.events.subscribe()) as events:
            async for event in events:
                if event.device in self._doing:
                    await self._follow(event)

    async def _follow(self, event: TurnEvent) -> None:
        if event.type is EventType.DEVICE_CHANGED:
            await self._tell(event.device)
        elif (doing := _DOING.get(event.type)) and doing != self._doing[event.device]:
            self._doing[event.device] = doing
            await self._tell(event.device, "state")

    async def carry_out(self) -> None:
        """Do what is asked for, one after the other, until cancelled."""
        while True:
            device, what, wanted = await self._asked.get()
            try:
                await self._do(device, what, wanted)
            except (AssistantError, ValueError) as error:
                self._complaints.say(f"{what} of {device}, asked for by MQTT", str(error))
            await self._tell(device)  # also where nothing came of it: whoever asked shows what holds

    async def _do(self, device: str, what: str, wanted: str) -> None:
        controls = self._host.controls
        match what, wanted:
            case "mute", "ON":
                await controls.mute(device)
            case "mute", "OFF":
                await controls.unmute(device, here=False)
            case "volume", _ if re.fullmatch(r"\d{1,3}(\.0*)?", wanted):
                await controls.set_volume(device, int(float(wanted)))
            case _:
                raise ValueError(f"{wanted!r} is not understood")

    async def _tell_all(self) -> None:
        await self._broker.listening()  # who sees it online may ask for something at once
        with contextlib.suppress(AssistantError):  # the connection is made again, and so is this
            for topic, announcement in self.announced.items():
                await self._broker.publish(topic, json.dumps(announcement), retain=True)
            await self._broker.publish(_status(self._config), "online", retain=True)
            for device in self._devices.values():
                await self._tell(device)

    async def _tell(self, device: str, *only: str) -> None:
        """Publish what holds at a device."""
        if not self._broker.connected:
            return
        settings = self._host.controls.device(device).settings
        states = {
            "mute/state": "ON" if settings.muted else "OFF",
            "volume/state": str(settings.volume),
            "state": self._doing[device],
        }
        with contextlib.suppress(AssistantError):
            for what, state in states.items():
                if not only or what in only:
                    await self._broker.publish(f"{self._root}/{_plain(device)}/{what}", state, retain=True)

    def _announcements(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the topic and the announcement of each entity of each device."""
        for slug, name in self._devices.items():
            root, unique = f"{self._root}/{slug}", f"{node(self._config)}_{slug}"
            shared = {
                "availability_topic": _status(self._config),
                "device": {
                    "identifiers": [unique],
                    "name": f"Inglenook {name}",
                    "manufacturer": "Inglenook",
                    "model": "Voice assistant",
                    "sw_version": __version__,
                },
                "origin": {"name": "Inglenook", "sw_version": __version__},
            }
            mute: dict[str, Any] = {
                "name": "Mute",
                "icon": "mdi:microphone-off",
                "entity_category": "config",
                "command_topic": f"{root}/mute/set",
                "state_topic": f"{root}/mute/state",
            }
            volume: dict[str, Any] = {
                "name": "Volume",
                "icon": "mdi:volume-high",
                "entity_category": "config",
                "command_topic": f"{root}/volume/set",
                "state_topic": f"{root}/volume/state",
                "min": 0,
                "max": 100,
                "unit_of_measurement": "%",
            }
            state: dict[str, Any] = {
                "name": "State",
                "icon": "mdi:account-voice",
                "entity_category": "diagnostic",
                "state_topic": f"{root}/state",
                "device_class": "enum",
                "options": ["idle", "listening", "answering"],
            }
            for component, what in (("switch", mute), ("number", volume), ("sensor", state)):
                object_ = f"{slug}_{what['name'].lower()}"
                topic = f"{self._config.prefix}/{component}/{node(self._config)}/{object_}/config"
                yield topic, {**what, "unique_id": f"{unique}_{what['name'].lower()}", **shared}


def _status(config: MqttConfig) -> str:
    return f"{config.base}/{_plain(config.called)}/status"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "assistant"

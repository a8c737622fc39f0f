"""The things on the broker as a part of the house."""

import asyncio
import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from assistant import Act, Area, Entity, Floor, Home, ServiceError
from assistant_mqtt.announcements import read_announcement
from assistant_mqtt.broker import Broker
from assistant_mqtt.complaints import Complaints
from assistant_mqtt.config import MqttConfig
from assistant_mqtt.register import Member, Register, Value
from assistant_mqtt.things import Thing, make_thing
from assistant_mqtt.things.tasmota import read_tasmota

__all__ = ["MqttBridge"]

_Reader = Callable[[str, bytes], Mapping[str, Thing[Any]]]

_SETTLED = 1.0
"""Seconds between two notices that names have changed: announcements come in hundreds."""
_TASMOTA = r"tasmota/discovery/[0-9A-Fa-f]{12}/config"
_ASKING = 0.05
"""Seconds between two things that are asked what they are: a mesh of radios is slow."""
_FORGET = 60.0
"""Seconds after a connection is made by which an announcement has come again, or was taken back meanwhile."""


class MqttBridge:
    """A `Bridge` to what is announced on a broker."""

    name = "MQTT"

    def __init__(self, config: MqttConfig, broker: Broker, home: Home, own: str) -> None:
        """Take the name under which the assistant announces itself: its own devices are no part of the house."""
        self._config = config
        self._broker = broker
        self._home = home
        self._own = own
        self._register = Register(config)
        self._complaints = Complaints()
        self._changed = asyncio.Event()
        self._told = asyncio.Condition()
        self._again: set[str] = set()
        self._heard: dict[str, int] = {}

    # -- the bridge ---------------------------------------------------------------------------------------------------

    @property
    def entities(self) -> tuple[Entity, ...]:
        """Return the things as they are now; all are unavailable while there is no broker."""
        connected, now = self._broker.connected, asyncio.get_running_loop().time()
        return tuple(member.entity(connected, now) for member in self._register.members.values())

    @property
    def areas(self) -> tuple[Area, ...]:
        """Return the rooms that things were announced in."""
        return self._register.areas

    @property
    def floors(self) -> tuple[Floor, ...]:
        """Return nothing: announcements know no storeys."""
        return ()

    async def call(self, act: Act) -> None:
        """Publish what an act takes; raises ServiceError where it cannot be, or the broker does not take it.

        All messages are made before the first is sent, so an act that makes no sense for one entity does nothing.
        """
        service = act.service.partition(".")[2]
        members = [self._member(entity) for entity in act.entities]
        try:
            plans = [(member, member.thing.plan(service, act.data)) for member in members]
        except ValueError as error:
            raise ServiceError(f"{act.service} makes no sense: {error}") from None
        for member, plan in plans:
            member.asked(plan, asyncio.get_running_loop().time() + self._config.answer)
            for command in plan.commands:
                await self._broker.publish(command.topic, command.payload, retain=member.thing.config.retain)

    async def read(self, entity: str) -> Entity:
        """Return what a thing tells of itself; raises ServiceError where there is no broker.

        After an act this waits until the thing tells what was asked for, or `answer` is over. One that has not told
        anything yet is asked, where it can be. One that tells nothing back is marked with `assumed_state`.
        """
        loop = asyncio.get_running_loop()
        member = self._member(entity)
        if not self._broker.connected:
            raise self._broker.absent()
        if member.awaits(loop.time()):
            half = (member.until - loop.time()) / 2
            if not await self._waited(lambda: not self._member(entity).awaits(loop.time()), half):
                await self._inquire(member)
                await self._waited(lambda: not self._member(entity).awaits(loop.time()), half)
        elif member.thing.state == "unknown" and member.thing.inquiry:
            await self._inquire(member)
            await self._waited(lambda: self._member(entity).thing.state != "unknown", self._config.answer)
        if not self._broker.connected:
            raise self._broker.absent()
        return self._member(entity).entity(self._broker.connected, loop.time())

    async def _waited(self, until: Callable[[], bool], patience: float) -> bool:
        """Return whether something has come true in time; the loss of the broker ends the wait, too."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience), self._told:
                await self._told.wait_for(lambda: until() or not self._broker.connected)
                return True
        return False

    async def _inquire(self, member: Member) -> None:
        if inquiry := member.thing.inquiry:
            await self._broker.listening()
            await self._broker.publish(inquiry.topic, inquiry.payload)

    def _member(self, entity: str) -> Member:
        if member := self._register.members.get(entity):
            return member
        raise ServiceError(f"there is no {entity} on the MQTT broker any more")

    # -- what the broker hands over -----------------------------------------------------------------------------------

    @property
    def filters(self) -> frozenset[str]:
        """Return the filters of all topics that are listened to."""
        prefix = self._config.prefix
        announcements = {f"{prefix}/+/+/config", f"{prefix}/+/+/+/config"}
        if self._config.tasmota:
            announcements.add("tasmota/discovery/+/config")
        return frozenset(announcements | self._register.readers.keys())

    async def opened(self) -> None:
        """Ask what has not told what it is, and forget what was taken back while there was no connection."""
        self._again.clear()
        begun = asyncio.get_running_loop().time()
        await asyncio.sleep(_SETTLED)
        for member in tuple(self._register.members.values()):
            if member.thing.state == "unknown" and member.thing.inquiry:
                await self._inquire(member)
                await asyncio.sleep(_ASKING)
        await asyncio.sleep(begun + _FORGET - asyncio.get_running_loop().time())
        for source in self._register.sources - self._again:
            self._announced(source, {})

    async def closed(self) -> None:
        """Wake up whoever waits for an answer: none will come."""
        for member in self._register.members.values():
            member.wanted = None
        async with self._told:
            self._told.notify_all()

    async def received(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take a message."""
        if topic.startswith(f"{self._config.prefix}/") and topic.endswith("/config"):
            self._take_announcement(topic, payload, self._read)
        elif self._config.tasmota and re.fullmatch(_TASMOTA, topic):
            self._take_announcement(topic, payload, lambda _, payload: read_tasmota(payload))
        elif members := self._register.readers.get(topic):
            self._read_value(topic, payload, tuple(members.values()))
            async with self._told:
                self._told.notify_all()

    def _take_announcement(self, topic: str, payload: bytes, read: _Reader) -> None:
        """Take an announcement that is new; programs repeat theirs."""
        if f"/{self._own}/" in topic:
            return
        self._again.add(topic)
        if self._heard.get(topic) == (digest := hash(payload)):
            return
        things: Mapping[str, Thing[Any]] = {}
        try:
            things = read(topic, payload)
        except ValueError as error:
            self._complaints.say(topic, str(error))
        self._announced(topic, things)
        if topic in self._register.sources:
            self._heard[topic] = digest
        else:  # only what is in the house is remembered, so nobody can fill the memory
            self._heard.pop(topic, None)
            self._again.discard(topic)

    def _read(self, topic: str, payload: bytes) -> Mapping[str, Thing[Any]]:
        things: dict[str, Thing[Any]] = {}
        for one in read_announcement(topic, payload, self._config.prefix):
            try:
                if thing := make_thing(one):
                    things[one.key] = thing
            except ValueError as error:
                self._complaints.say(topic, str(error))
        return things

    def _announced(self, source: str, things: Mapping[str, Thing[Any]]) -> None:
        if not things and source not in self._register.sources:
            return
        for complaint in self._register.replace(source, things):
            self._complaints.say(source, complaint)
        self._broker.listen()
        self._changed.set()

    def _read_value(self, topic: str, payload: bytes, members: tuple[Member, ...]) -> None:
        try:
            value = Value(payload)
        except ValueError:
            self._complaints.say(topic, "a message is no text")
            return
        now = asyncio.get_running_loop().time()
        for member in members:
            for fault in member.take(topic, value, now):
                self._complaints.say(topic, f"{member.id}: {fault}")

    # -----------------------------------------------------------------------------------------------------------------

    async def tell(self) -> None:
        """Tell the house when names have changed, not more often than needed, until cancelled."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(_SETTLED)
            self._changed.clear()
            self._home.changed()

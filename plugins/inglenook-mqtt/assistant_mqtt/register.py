"""The things that were announced, and their names in the house."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import msgspec

from assistant import Area, Entity, ServiceError
from assistant_mqtt.config import EntityOptions, MqttConfig
from assistant_mqtt.options import Availability
from assistant_mqtt.template import ValueTemplate
from assistant_mqtt.things import EVERYTHING, Plan, Reading, Thing
from assistant_mqtt.topics import matches

__all__ = ["Member", "Register", "Value"]

_NAME = 64
"""Characters of the longest name."""


class Value:
    """A message that a thing tells itself by, for templates."""

    def __init__(self, payload: bytes) -> None:
        """Take the bytes; raises ValueError where they are no text."""
        self.text = payload.decode()
        try:
            self.values: Mapping[str, Any] = {"value": self.text, "value_json": msgspec.json.decode(payload)}
        except (msgspec.DecodeError, RecursionError):
            self.values = {"value": self.text}

    def of(self, template: ValueTemplate | None) -> str:
        """Return what a template picks out of it, all of it where there is none; empty for nothing."""
        return self.text if template is None else template.render(self.values) or ""


@dataclass(slots=True)
class Member:
    """A thing that was taken into the house."""

    id: str
    """Its id."""
    name: str
    """What people call it."""
    area: str
    """Name of its room; empty for none."""
    thing: Thing[Any]
    """What it is."""
    readings: tuple[Reading, ...]
    """Where it tells what it is: those that are understood."""
    own: EntityOptions
    """What its owner knows better."""
    reachable: dict[str, bool] = field(default_factory=dict)
    """What each topic of availability told last."""
    latest: bool = True
    """What the last of them told."""
    reported: float | None = None
    """When it told what it is last, on the loop's clock; None where it has not."""
    wanted: Mapping[str, Any] | None = None
    """What it was asked to be, until it tells so; None where nothing is awaited."""
    until: float = 0.0
    """How long that is awaited, on the loop's clock."""
    assumed: Mapping[str, Any] | None = None
    """What it was asked to be, where it does not tell; None once it does."""

    @property
    def topics(self) -> frozenset[str]:
        """Return where its state or its availability is told."""
        config = self.thing.config
        return frozenset([*(r.topic for r in self.readings), *(a.topic for a in config.availabilities)])

    def tells(self, name: str) -> bool:
        """Return whether it tells an attribute, or its `state`."""
        return any(reading.of in (name, EVERYTHING) for reading in self.readings)

    @property
    def is_reachable(self) -> bool:
        """Return whether it can be reached, as far as anybody has told."""
        topics = {told.topic for told in self.thing.config.availabilities}
        if not topics:
            return True
        told = [self.reachable.get(topic, False) for topic in topics]
        match self.thing.config.availability_mode:
            case "all":
                return all(told)
            case "any":
                return any(told)
        return self.latest and bool(self.reachable)

    def asked(self, plan: Plan, until: float) -> None:
        """Note that it is asked to be something else, and how long an answer is awaited."""
        wanted = {name: value for name, value in plan.then.items() if self.tells(name)}
        self.wanted, self.until = wanted or None, until
        if wanted and not self.thing.config.optimistic:
            self.assumed = None
        else:  # what is told, but not understood, is unknown and not guessed at
            self.assumed = {} if any(self.thing.faults()) else plan.then

    def awaits(self, now: float) -> bool:
        """Return whether it may still become what it was asked to be."""
        return self.wanted is not None and not self.thing.reached(self.wanted) and now < self.until

    def take(self, topic: str, value: Value, now: float) -> Iterator[str]:
        """Take a message, and yield what of it makes no sense."""
        for told in self.thing.config.availabilities:
            if told.topic == topic:
                self._take_availability(told, value)
        told_state = False
        for reading in self.readings:
            text = value.of(reading.template) if reading.topic == topic else ""
            if text:
                try:
                    reading.take(text)
                    told_state = True
                except (ValueError, ServiceError) as error:
                    yield str(error)
        if told_state:
            self.reported, self.assumed = now, None

    def _take_availability(self, told: Availability, value: Value) -> None:
        word = value.of(told.value_template)
        if word in (told.payload_available, told.payload_not_available):
            self.reachable[told.topic] = self.latest = word == told.payload_available

    def entity(self, connected: bool, now: float) -> Entity:
        """Return it as it is now; what it only was asked to be is marked as `assumed_state`."""
        thing = self.thing
        age = 0.0 if self.reported is None else now - self.reported
        expired = 0 < thing.config.expire_after < age
        state = thing.state if connected and self.is_reachable and not expired else "unavailable"
        attributes = dict(thing.attributes)
        if thing.config.device_class:
            attributes["device_class"] = str(thing.config.device_class)
        if self.assumed is not None or (thing.command_topics and not self.tells("state")):
            attributes["assumed_state"] = True
        if self.assumed and state != "unavailable":
            state = self.assumed.get("state", state)
            attributes |= {name: value for name, value in self.assumed.items() if name != "state"}
        return Entity(self.id, self.name, tuple(self.own.aliases), _id(self.area), state, attributes)


class Register:
    """The things of one broker, by announcement, by id, and by the topics on which they tell something."""

    def __init__(self, config: MqttConfig) -> None:
        self._config = config
        self._reserved = (f"{config.prefix}/#", "tasmota/discovery/#", f"{config.base}/#")
        self._by_source: dict[str, dict[str, Member]] = {}
        self.members: dict[str, Member] = {}
        """By id."""
        self.readers: dict[str, dict[str, Member]] = {}
        """Those whose state or availability is told on a topic, by their ids."""

    @property
    def areas(self) -> tuple[Area, ...]:
        """Return the rooms that things are in."""
        names = {_id(member.area): member.area for member in self.members.values() if member.area}
        return tuple(Area(id_, name) for id_, name in names.items())

    @property
    def sources(self) -> Set[str]:
        """Return the topics of all announcements."""
        return self._by_source.keys()

    def replace(self, source: str, things: Mapping[str, Thing[Any]]) -> list[str]:
        """Let the things of one announcement be these; return what of it is refused, or not understood."""
        complaints: list[str] = []
        before = self._by_source.pop(source, {})
        for member in before.values():
            self._drop(member)
        for key, thing in things.items():
            if len(self.members) >= self._config.limit:
                complaints.append(f"there are {self._config.limit} entities already (services.mqtt.limit)")
                break
            if refusal := self._refusal(thing):
                complaints.append(refusal)
                continue
            complaints += thing.faults()
            member = self._member(key, thing)
            if not member.own.hidden:
                self._by_source.setdefault(source, {})[key] = member
                self._add(_with_past(member, before.get(key)))
        return complaints

    def _add(self, member: Member) -> None:
        self.members[member.id] = member
        for topic in member.topics:
            self.readers.setdefault(topic, {})[member.id] = member

    def _drop(self, member: Member) -> None:
        del self.members[member.id]
        for topic in member.topics:
            del self.readers[topic][member.id]
            if not self.readers[topic]:
                del self.readers[topic]

    def _refusal(self, thing: Thing[Any]) -> str:
        """Say why a thing may not be asked for what it wants to be; empty where it may."""
        for topic in thing.command_topics:
            if any(matches(topic, reserved) for reserved in self._reserved):
                return f"it would be told on {topic!r:.80}, which is not a device's"
            allowed = self._config.command_topics
            if allowed and not any(matches(topic, pattern) for pattern in allowed):
                return f"it would be told on {topic!r:.80}, which services.mqtt.command_topics does not allow"
        for other in self.members.values():
            if (other.thing.domain == "lock") != (thing.domain == "lock") and (
                shared := other.thing.command_topics & thing.command_topics
            ):
                return f"it would be told on {min(shared)!r:.80}, as {other.id} is, and one of them is a lock"
        return ""

    def _member(self, key: str, thing: Thing[Any]) -> Member:
        config = thing.config
        device, name = _clean(config.device.name or ""), _clean(config.name or "")
        if device and not name.lower().startswith(device.lower()):
            name = f"{device} {name}".strip()
        told = (config.default_entity_id or "").removeprefix(f"{thing.domain}.") or config.object_id or name or key
        id_ = f"{thing.domain}.{_id(told)}"
        if id_ in self.members:
            id_ = f"{id_}_{_digest(key)}"
        own = self._config.entities.get(id_, EntityOptions())
        area = own.area or _clean(config.device.suggested_area or "")
        readings = tuple(reading for reading in thing.readings() if not (reading.template and reading.template.fault))
        return Member(
            id_, own.name or name[:_NAME].strip() or _clean(re.sub(r"[_/]+", " ", told)), area, thing, readings, own
        )


def _with_past(member: Member, before: Member | None) -> Member:
    """Return a member that knows what it knew before it was announced anew, unless it is no longer understood."""
    if before and before.thing.domain == member.thing.domain and not any(member.thing.faults()):
        member.thing.state, member.reported = before.thing.state, before.reported
        member.thing.attributes = before.thing.attributes | member.thing.attributes
        member.reachable, member.latest = before.reachable, before.latest
    return member


def _clean(name: str) -> str:
    """Return a name without signs that mean something in sentence templates, or that nobody says."""
    plain = "".join(" " if sign in "[](){}<>|:\\" or unicodedata.category(sign)[0] == "C" else sign for sign in name)
    return " ".join(plain.split())[:_NAME]


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_NAME]


def _id(name: str) -> str:
    """Return a name for programs; one in another script than Latin becomes a digest."""
    return _slug(name) or (_digest(name) if name else "")


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:6]

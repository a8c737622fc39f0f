"""Read what Tasmota announces of itself on `tasmota/discovery/<MAC>/config` (its xdrv_12_discovery).

Relays, lamps and shutters tell what they are on `stat/<topic>/RESULT` after each act, and on `tele/<topic>/STATE` (or
`SENSOR`) every few minutes; `cmnd/<topic>/STATE` asks them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec

from assistant_mqtt.options import Availability, CommandTopic, Common, DeviceInfo, ReadTopic, Text
from assistant_mqtt.things import colours
from assistant_mqtt.things.thing import EVERYTHING, Command, Plan, Reading, Thing, number

__all__ = ["TasmotaLight", "TasmotaShutter", "TasmotaSwitch", "read_tasmota"]

_WARMTH = (153, 500)
"""Mireds between which the colour temperature of a lamp lies."""


class _Device(msgspec.Struct, frozen=True, kw_only=True):
    """The announcement of a device, as far as it is used."""

    mac: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Fa-f]{12}$")]
    dn: Annotated[str, msgspec.Meta(max_length=64)]
    """Name of the device."""
    fn: list[str | None] = []
    """Names of its relays."""
    t: str
    """Its topic."""
    ft: str
    """What topics are made of: `%prefix%/%topic%/`."""
    tp: Annotated[list[str], msgspec.Meta(min_length=3, max_length=3)]
    """Prefixes of commands, results and telemetry."""
    ofln: str = "Offline"
    onln: str = "Online"
    state: Annotated[tuple[str, ...], msgspec.Meta(min_length=2)] = ("OFF", "ON")
    """Words for off and on."""
    rl: Annotated[list[int], msgspec.Meta(max_length=64)] = []
    """What each relay is: 0 nothing, 1 a relay, 2 a lamp, 3 half a shutter."""
    lt_st: int = 0
    """Channels of the lamp: 1 to 5; 2 and 5 have a warmth, 3 and more a colour."""
    sho: list[int] = []
    """Options of the shutters; 1 for one that counts backwards."""

    def topic(self, prefix: int, what: str) -> str:
        """Return one of its topics."""
        beginning = self.ft.replace("%prefix%", self.tp[prefix]).replace("%topic%", self.t)
        return f"{beginning.rstrip('/')}/{what}"


class TasmotaOptions(Common, frozen=True, kw_only=True):
    """One relay, lamp or shutter, made of its device's announcement."""

    commands: CommandTopic
    """Topic of commands, without the command."""
    results: ReadTopic
    """Topic of what comes of them."""
    telemetry: ReadTopic
    """Topic of what is told every few minutes."""
    index: int
    """Number of the relay, or the shutter, from 1."""
    off: Text
    on: Text
    channels: int = 0
    """Of the lamp."""


class _Tasmota(Thing[TasmotaOptions]):
    options = TasmotaOptions

    def readings(self) -> Iterator[Reading]:
        """Yield both topics on which it tells what it is."""
        yield Reading(self.config.results, self._take, of=EVERYTHING)
        yield Reading(self.config.telemetry, self._take, of=EVERYTHING)

    @property
    def command_topics(self) -> frozenset[str]:
        """Return one that stands for all: they differ only in the last level."""
        return frozenset({f"{self.config.commands}/POWER{self.config.index}"})

    @property
    def inquiry(self) -> Command | None:
        """Ask it for all that it is."""
        return Command(f"{self.config.commands}/STATE", "")

    def asks(self, what: str, payload: Any) -> Command:
        """Return a command."""
        return Command(f"{self.config.commands}/{what}", str(payload))

    def _take(self, value: str) -> None:
        told = msgspec.json.decode(value)
        if isinstance(told, dict):
            self.told(told)

    def told(self, values: dict[str, Any]) -> None:
        """Take what it tells; most of that is of other relays."""
        index = self.config.index
        power = values.get(f"POWER{index}", values.get("POWER") if index == 1 else None)
        if power is not None:
            self.onoff(self.config.on, self.config.off)(str(power))

    def power(self, service: str) -> Plan:
        """Turn it on or off."""
        on = service == "turn_on"
        payload = self.config.on if on else self.config.off
        return Plan((self.asks(f"POWER{self.config.index}", payload),), {"state": "on" if on else "off"})


class TasmotaSwitch(_Tasmota):
    """A relay."""

    domain = "switch"

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Turn it on or off."""
        if service not in ("turn_on", "turn_off"):
            raise self.cannot(service)
        return self.power(service)


class TasmotaLight(_Tasmota):
    """A lamp, with as much of brightness, warmth and colour as its channels give."""

    domain = "light"

    def told(self, values: dict[str, Any]) -> None:
        """Take its state, brightness and colour."""
        super().told(values)
        if "Dimmer" in values:
            self.attributes["brightness"] = round(number(values["Dimmer"]) * 2.55)
        if values.get("CT"):
            self.attributes["color_temp_kelvin"] = round(1_000_000 / number(values["CT"]))
        if isinstance(colour := values.get("HSBColor"), str):
            parts = tuple(number(part) for part in f"{colour},0".split(",")[:2])
            self.attributes |= {"hs_color": parts, "rgb_color": colours.rgb("hs", parts)}

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Turn it on, with brightness and colour, or off."""
        if service not in ("turn_on", "turn_off"):
            raise self.cannot(service)
        plan = self.power(service)
        if service == "turn_off":
            return plan
        commands, channels = list[Command](), self.config.channels
        then: dict[str, Any] = {}
        if (kelvin := colours.kelvin(data)) is not None and channels in (2, 5):
            warmth = min(max(round(1_000_000 / kelvin), _WARMTH[0]), _WARMTH[1])
            commands.append(self.asks("CT", warmth))
            then["color_temp_kelvin"] = round(1_000_000 / warmth)
        elif (rgb := colours.colour(data)) is not None and channels >= 3:
            hue, saturation = colours.hs(rgb)
            commands += [self.asks("HSBColor1", round(hue)), self.asks("HSBColor2", round(saturation))]
            then["hs_color"] = (hue, saturation)
        elif kelvin is not None or colours.colour(data) is not None:
            raise self.cannot(f"{service} in a colour")
        if (brightness := colours.brightness(data)) is not None:
            if not channels:
                raise self.cannot(f"{service} with a brightness")
            commands.append(self.asks("Dimmer", max(round(brightness / 2.55), 1 if brightness else 0)))
            then["brightness"] = brightness
        return Plan((*commands, *plan.commands), {**plan.then, **then})


class TasmotaShutter(_Tasmota):
    """A shutter; its position is 0 where it is closed and 100 where it is open."""

    domain = "cover"

    @property
    def inquiry(self) -> Command | None:
        """Ask it where it stands."""
        return self.asks(f"ShutterPosition{self.config.index}", "")

    @property
    def command_topics(self) -> frozenset[str]:
        """Return one that stands for all."""
        return frozenset({f"{self.config.commands}/ShutterPosition{self.config.index}"})

    def told(self, values: dict[str, Any]) -> None:
        """Take its position, and whether it moves."""
        told = values.get(f"Shutter{self.config.index}")
        if isinstance(told, dict) and "Position" in told:
            position = min(max(round(number(told["Position"])), 0), 100)
            still = "open" if position else "closed"
            self.attributes["current_position"] = position
            self.state = {1: "opening", -1: "closing"}.get(told.get("Direction", 0), still)

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Open, close, stop or move it."""
        index = self.config.index
        match service:
            case "open_cover":
                return Plan((self.asks(f"ShutterOpen{index}", ""),), {"state": "open"})
            case "close_cover":
                return Plan((self.asks(f"ShutterClose{index}", ""),), {"state": "closed"})
            case "stop_cover":
                return Plan((self.asks(f"ShutterStop{index}", ""),))
            case "set_cover_position":
                position = min(max(round(number(data.get("position"))), 0), 100)
                return Plan((self.asks(f"ShutterPosition{index}", position),), {"current_position": position})
        raise self.cannot(service)

    def reached(self, then: Mapping[str, Any]) -> bool:
        """Tell whether it is where an act wants it, or on the way there."""
        on_the_way = {"open": "opening", "closed": "closing"}.get(then.get("state", ""), "-")
        return self.state == on_the_way or super().reached(then)


def read_tasmota(payload: bytes) -> dict[str, _Tasmota]:
    """Return what a device announces, by a key that tells each from all others; nothing for an empty message.

    Raises ValueError where it cannot be read.
    """
    if not payload:
        return {}
    try:
        device = msgspec.json.decode(payload, type=_Device)
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from None
    sorts: dict[int, type[_Tasmota]] = {1: TasmotaSwitch, 2: TasmotaLight}
    found: dict[str, _Tasmota] = {}
    for number_, relay in enumerate(device.rl, 1):
        if sort := sorts.get(relay):
            found[f"tasmota/{device.mac}/{number_}"] = sort(_options(device, number_, number_, "STATE"))
    shutters = [at for at, relay in enumerate(device.rl, 1) if relay == 3][::2]
    for number_, first in enumerate(shutters, 1):
        if number_ <= len(device.sho) and device.sho[number_ - 1] & 1:
            raise ValueError("a shutter that counts backwards (ShutterOption 1) is not understood")
        found[f"tasmota/{device.mac}/shutter{number_}"] = TasmotaShutter(_options(device, number_, first, "SENSOR"))
    return found


def _options(device: _Device, index: int, relay: int, telemetry: str) -> TasmotaOptions:
    name = device.fn[relay - 1] if relay <= len(device.fn) else None
    commands = CommandTopic.read(device.topic(0, "x").removesuffix("/x"))
    return TasmotaOptions(
        name=Text(name or (device.dn if relay == 1 else f"{device.dn} {relay}")),
        object_id=Text(re.sub(r"\W+", "_", f"{device.dn} {name or relay}")),
        device=DeviceInfo(),
        availability=[
            Availability(
                topic=ReadTopic.read(device.topic(2, "LWT")),
                payload_available=Text(device.onln),
                payload_not_available=Text(device.ofln),
            )
        ],
        commands=commands,
        results=ReadTopic.read(device.topic(1, "RESULT")),
        telemetry=ReadTopic.read(device.topic(2, telemetry)),
        index=index,
        off=Text(device.state[0]),
        on=Text(device.state[1]),
        channels=device.lt_st if device.rl[relay - 1] == 2 else 0,
    )

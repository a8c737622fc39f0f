"""Blinds, curtains, doors of garages."""

from collections.abc import Iterator, Mapping
from typing import Any

from assistant_mqtt.options import CommandTopic, Common, ReadTopic, Text
from assistant_mqtt.template import ValueTemplate
from assistant_mqtt.things.thing import EVERYTHING, NONE, Plan, Reading, Thing, number

__all__ = ["Cover", "CoverOptions"]


class CoverOptions(Common, frozen=True, kw_only=True):
    """An announced cover."""

    command_topic: CommandTopic | None = None
    payload_open: Text | None = Text("OPEN")
    payload_close: Text | None = Text("CLOSE")
    payload_stop: Text | None = Text("STOP")
    state_topic: ReadTopic | None = None
    value_template: ValueTemplate | None = None
    state_open: Text = Text("open")
    state_opening: Text = Text("opening")
    state_closed: Text = Text("closed")
    state_closing: Text = Text("closing")
    state_stopped: Text = Text("stopped")
    position_topic: ReadTopic | None = None
    position_template: ValueTemplate | None = None
    position_open: int = 100
    position_closed: int = 0
    set_position_topic: CommandTopic | None = None
    set_position_template: ValueTemplate | None = None


class Cover(Thing[CoverOptions]):
    """A cover; its position is 0 where it is closed and 100 where it is open."""

    options = CoverOptions
    domain = "cover"

    def __init__(self, config: CoverOptions) -> None:
        super().__init__(config)
        if config.position_open == config.position_closed:
            raise ValueError("position_open and position_closed are the same")
        self._span = config.position_open - config.position_closed

    def readings(self) -> Iterator[Reading]:
        """Yield its position before its state: where it stands decides what `stopped` means."""
        config = self.config
        if config.position_topic:
            of = "current_position" if config.state_topic else EVERYTHING
            yield Reading(config.position_topic, self._take_position, config.position_template, of)
        if config.state_topic:
            yield Reading(config.state_topic, self._take_state, config.value_template)

    def _take_position(self, value: str) -> None:
        position = round((number(value) - self.config.position_closed) * 100 / self._span)
        self.attributes["current_position"] = min(max(position, 0), 100)
        if not self.config.state_topic:
            self.state = "open" if position > 0 else "closed"

    def _take_state(self, value: str) -> None:
        config = self.config
        if value == config.state_stopped:
            closed = self.state in ("closed", "closing") if not config.position_topic else not self._position
            self.state = "closed" if closed else "open"
            return
        states = ("open", "opening", "closed", "closing")
        words = {str(getattr(config, f"state_{state}")): state for state in states} | {NONE: "unknown"}
        if value not in words:
            raise ValueError(f"{value!r:.40} is no state of a cover")
        self.state = words[value]

    @property
    def _position(self) -> Any:
        return self.attributes.get("current_position")

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Open, close, stop or move it."""
        config = self.config
        payloads = {
            "open_cover": (config.payload_open, {"state": "open"}),
            "close_cover": (config.payload_close, {"state": "closed"}),
            "stop_cover": (config.payload_stop, {}),
        }
        if service in payloads and config.command_topic and payloads[service][0] is not None:
            payload, then = payloads[service]
            return Plan((self.command(config.command_topic, payload),), then)
        if service in ("open_cover", "close_cover"):  # it may only know positions
            return self._moved(service, 100 if service == "open_cover" else 0)
        if service == "set_cover_position":
            return self._moved(service, min(max(round(number(data.get("position"))), 0), 100))
        raise self.cannot(service)

    def _moved(self, service: str, position: int) -> Plan:
        config = self.config
        if not config.set_position_topic:
            raise self.cannot(service)
        own = round(config.position_closed + position * self._span / 100)
        payload = self.command(config.set_position_topic, own, config.set_position_template, position=own)
        return Plan((payload,), {"current_position": position})

    def reached(self, then: Mapping[str, Any]) -> bool:
        """Tell whether it is where an act wants it, or on the way there: it may take a minute."""
        ways = {"open": "opening", "closed": "closing"}
        if self.state == ways.get(then.get("state", ""), "-"):
            return True
        return super().reached(then)

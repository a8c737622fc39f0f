"""Locks."""

from collections.abc import Iterator, Mapping
from typing import Any

from assistant_mqtt.options import CommandTopic, Common, ReadTopic, Text
from assistant_mqtt.template import ValueTemplate
from assistant_mqtt.things.thing import NONE, Plan, Reading, Thing

__all__ = ["Lock", "LockOptions"]


class LockOptions(Common, frozen=True, kw_only=True):
    """An announced lock."""

    command_topic: CommandTopic
    command_template: ValueTemplate | None = None
    payload_lock: Text = Text("LOCK")
    payload_unlock: Text = Text("UNLOCK")
    payload_open: Text | None = None
    state_topic: ReadTopic | None = None
    value_template: ValueTemplate | None = None
    state_locked: Text = Text("LOCKED")
    state_locking: Text = Text("LOCKING")
    state_unlocked: Text = Text("UNLOCKED")
    state_unlocking: Text = Text("UNLOCKING")
    state_jammed: Text = Text("JAMMED")


class Lock(Thing[LockOptions]):
    """A lock. While it moves it is neither locked nor unlocked."""

    options = LockOptions
    domain = "lock"

    def readings(self) -> Iterator[Reading]:
        """Yield its state."""
        if self.config.state_topic:
            yield Reading(self.config.state_topic, self._take, self.config.value_template)

    def _take(self, value: str) -> None:
        states = ("jammed", "unlocking", "locking", "unlocked", "locked")
        words = {str(getattr(self.config, f"state_{state}")): state for state in states} | {NONE: "unknown"}
        if value not in words:
            raise ValueError(f"{value!r:.40} is no state of a lock")
        self.state = words[value]

    def plan(self, service: str, data: Mapping[str, Any]) -> Plan:
        """Lock or unlock it, or open its door."""
        config = self.config
        payloads = {
            "lock": (config.payload_lock, "locked"),
            "unlock": (config.payload_unlock, "unlocked"),
            "open": (config.payload_open, "unlocked"),
        }
        payload, state = payloads.get(service, (None, ""))
        if payload is None or "code" in data:  # a code would be dropped, so it would not be what was asked for
            raise self.cannot(service)
        return Plan((self.command(config.command_topic, payload, config.command_template),), {"state": state})

"""What must be true of a thing after an act, by which its read-back is judged.

States and services are Home Assistant's (https://www.home-assistant.io/integrations/#all, each domain's page).
"""

import colorsys
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.entities import Act, Entity

__all__ = ["Goal", "goal"]

_BRIGHTNESS = 5
"""Steps of 255 by which a lamp may miss the brightness that was asked for: many know only 100 of them, or fewer."""
_HUE = 0.06
"""Part of the colour circle by which a colour may miss."""
_SATURATION = 0.25
"""Part of full saturation below which a lamp counts as white, and by which a colour may miss."""
_KELVIN = 0.05
"""Part of the colour temperature by which it may miss: lamps count in mireds."""
_PERCENT = 2.0
"""Percent by which a position or a volume may miss."""
_DEGREES = 0.51
"""Degrees by which a thermostat may miss: some know only halves."""

Check = Callable[[Entity], bool]


@dataclass(frozen=True, slots=True)
class Goal:
    """What an act wants of one thing."""

    reached: Check
    """Whether its state is what was wanted."""
    begun: Check = lambda now: False
    """Whether it is on its way there."""
    slow: bool = False
    """Whether the way takes so long that nobody waits for its end."""


_STATES: dict[str, tuple[frozenset[str], frozenset[str], bool]] = {
    service: (frozenset(reached.split()), frozenset(begun.split()), slow)
    for service, reached, begun, slow in (
        ("lock.lock", "locked", "locking", False),
        ("lock.unlock", "unlocked open", "unlocking opening", False),
        ("lock.open", "open", "opening", False),
        ("cover.open_cover", "open", "opening", True),
        ("cover.close_cover", "closed", "closing", True),
        ("cover.stop_cover", "open closed", "", False),
        ("valve.open_valve", "open", "opening", True),
        ("valve.close_valve", "closed", "closing", True),
        ("vacuum.start", "cleaning", "", False),
        ("vacuum.return_to_base", "docked", "returning", True),
        ("lawn_mower.start_mowing", "mowing", "", False),
        ("lawn_mower.dock", "docked", "returning", True),
        ("media_player.media_play", "playing", "buffering", False),
        ("media_player.media_pause", "paused", "", False),
    )
}
"""By service: the states that are wanted, those on the way there, and whether the way is long."""

_NUMBERS: dict[str, tuple[str, str, float, float]] = {
    "fan.set_percentage": ("percentage", "percentage", 1.0, _PERCENT),
    "climate.set_temperature": ("temperature", "temperature", 1.0, _DEGREES),
    "media_player.volume_set": ("volume_level", "volume_level", 100.0, _PERCENT),
    "cover.set_cover_position": ("position", "current_position", 1.0, _PERCENT),
    "valve.set_valve_position": ("position", "current_position", 1.0, _PERCENT),
}
"""By service: a number of its data, the attribute that shows it, what both are multiplied with, by how much it may
miss."""

_OFF = frozenset({"off", "standby"})
_CHANGING = frozenset({"scene.turn_on", "script.turn_on", "button.press", "input_button.press", "automation.trigger"})
"""Services after which something in the state is different, and nothing more is known of it."""
_SKIPPING = frozenset({"media_player.media_next_track", "media_player.media_previous_track"})
_TRACK = ("media_content_id", "media_title", "media_track")
"""By what a player shows which track it plays; its position changes by itself."""


def goal(act: Act, before: Entity) -> Goal | None:
    """Return what *act* wants of a thing that is as *before* says; None where no state tells whether it was done."""
    verb = act.service.partition(".")[2]
    if act.service in _STATES:
        reached, begun, slow = _STATES[act.service]
        ends = _fully_open if verb in ("open_cover", "open_valve") else _any
        return Goal(lambda now: now.state in reached and ends(now), lambda now: now.state in begun, slow)
    if act.service in _NUMBERS:
        return _number(act, before)
    if act.service in _CHANGING:
        return Goal(lambda now: (now.state, now.attributes) != (before.state, before.attributes))
    if act.service in _SKIPPING:
        track = _track(before)
        return Goal(lambda now: _track(now) != track) if any(track) else None
    if act.service == "climate.set_fan_mode":
        return Goal(lambda now: now.attributes.get("fan_mode") == act.data["fan_mode"])
    if act.service == "climate.set_hvac_mode":
        return Goal(lambda now: now.state == act.data["hvac_mode"])
    if act.service == "media_player.volume_mute":
        return Goal(lambda now: now.attributes.get("is_volume_muted") == act.data["is_volume_muted"])
    if verb == "turn_off" or (verb == "toggle" and _is_on(before)):
        return Goal(lambda now: now.state in _OFF)
    if act.service == "light.turn_on":
        return Goal(lambda now: _is_on(now) and _shines(now.attributes, act.data))
    if verb in ("turn_on", "toggle"):
        return Goal(_is_on)
    return None


def _track(now: Entity) -> tuple[object, ...]:
    return tuple(now.attributes.get(name) for name in _TRACK)


def _any(now: Entity) -> bool:
    return True


def _is_on(now: Entity) -> bool:
    return now.state not in _OFF | {"unknown", "unavailable"}


def _fully_open(now: Entity) -> bool:
    return float(now.attributes.get("current_position", 100)) >= 100 - _PERCENT


def _number(act: Act, before: Entity) -> Goal | None:
    key, attribute, factor, within = _NUMBERS[act.service]
    if key not in act.data:
        return None
    wanted = float(act.data[key]) * factor
    within = max(within, float(before.attributes.get("percentage_step", 0)) * 0.99)  # a fan of three speeds

    def missing(now: Entity) -> float:
        value: object = now.attributes.get(attribute)
        return abs(value * factor - wanted) if isinstance(value, int | float) else math.inf

    def nearer(now: Entity) -> bool:
        return now.state in ("opening", "closing") or missing(now) < missing(before)

    return Goal(lambda now: missing(now) <= within, nearer, slow=attribute == "current_position")


def _shines(now: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether a lamp is as bright, and of the colour, as was wanted."""
    if "brightness_pct" in wanted or "brightness" in wanted:
        bright = wanted.get("brightness", round(wanted.get("brightness_pct", 0) * 2.55))
        if abs((now.get("brightness") or 0) - bright) > _BRIGHTNESS:
            return False
    if (kelvin := wanted.get("color_temp_kelvin")) is not None:
        return bool(abs((now.get("color_temp_kelvin") or 0) - kelvin) <= kelvin * _KELVIN)
    if (colour := wanted.get("rgb_color")) is not None:
        return now.get("rgb_color") is not None and _alike(now["rgb_color"], colour)
    return True


def _alike(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Tell whether two colours are the same but for what lamps make of them."""
    (h1, s1, _), (h2, s2, _) = (colorsys.rgb_to_hsv(*(part / 255 for part in colour)) for colour in (one, other))
    if s2 < _SATURATION:
        return s1 < _SATURATION
    turn = abs(h1 - h2)
    return min(turn, 1 - turn) <= _HUE and abs(s1 - s2) <= _SATURATION

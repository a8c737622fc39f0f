"""The service calls that an intent asks for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assistant.entities import Act, Entity

__all__ = ["COLOURS", "DOMAINS", "SWITCHED", "acts_of", "can", "is_sensitive"]

COLOURS: Mapping[str, tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "orange": (255, 165, 0),
    "yellow": (255, 255, 0),
    "green": (0, 128, 0),
    "lime": (0, 255, 0),
    "turquoise": (64, 224, 208),
    "cyan": (0, 255, 255),
    "blue": (0, 0, 255),
    "purple": (128, 0, 128),
    "violet": (238, 130, 238),
    "magenta": (255, 0, 255),
    "pink": (255, 192, 203),
    "brown": (165, 42, 42),
}
"""Colours by their names in CSS (https://www.w3.org/TR/css-color-4/#named-colors)."""

SWITCHED = ("light", "switch", "fan", "media_player", "input_boolean", "climate", "humidifier", "siren", "automation")
"""The sorts of things that are switched on and off."""
_PLAYERS = ("media_player",)
DOMAINS: Mapping[str, tuple[str, ...]] = {
    "HassTurnOn": (*SWITCHED, "cover", "valve", "lock", "scene", "script", "button", "input_button", "vacuum"),
    "HassTurnOff": (*SWITCHED, "cover", "valve", "lock"),
    "HassLightSet": ("light",),
    "HassSetPosition": ("cover", "valve"),
    "HassClimateSetTemperature": ("climate",),
    "HassClimateSetFanMode": ("climate",),
    "HassFanSetSpeed": ("fan",),
    "HassVacuumStart": ("vacuum",),
    "HassVacuumReturnToBase": ("vacuum",),
    "HassLawnMowerStartMowing": ("lawn_mower",),
    "HassLawnMowerDock": ("lawn_mower",),
    "HassMediaPause": _PLAYERS,
    "HassMediaUnpause": _PLAYERS,
    "HassMediaNext": _PLAYERS,
    "HassMediaPrevious": _PLAYERS,
    "HassMediaPlayerMute": _PLAYERS,
    "HassMediaPlayerUnmute": _PLAYERS,
    "HassSetVolume": _PLAYERS,
    "HassSetVolumeRelative": _PLAYERS,
}
"""The sorts of things that each intent is about, where the sentence does not tell."""

_VERBS: Mapping[str, Mapping[str, str]] = {
    "HassTurnOn": {
        "cover": "open_cover",
        "valve": "open_valve",
        "lock": "lock",
        "button": "press",
        "input_button": "press",
        "vacuum": "start",
    },
    "HassTurnOff": {
        "cover": "close_cover",
        "valve": "close_valve",
        "lock": "unlock",
        "vacuum": "return_to_base",
    },
    "HassSetPosition": {"cover": "set_cover_position", "valve": "set_valve_position"},
}
"""What an intent is called by the sort of thing, where that is not the verb below."""
_VERB: Mapping[str, str] = {
    "HassTurnOn": "turn_on",
    "HassTurnOff": "turn_off",
    "HassLightSet": "turn_on",
    "HassClimateSetTemperature": "set_temperature",
    "HassClimateSetFanMode": "set_fan_mode",
    "HassFanSetSpeed": "set_percentage",
    "HassVacuumStart": "start",
    "HassVacuumReturnToBase": "return_to_base",
    "HassLawnMowerStartMowing": "start_mowing",
    "HassLawnMowerDock": "dock",
    "HassMediaPause": "media_pause",
    "HassMediaUnpause": "media_play",
    "HassMediaNext": "media_next_track",
    "HassMediaPrevious": "media_previous_track",
    "HassMediaPlayerMute": "volume_mute",
    "HassMediaPlayerUnmute": "volume_mute",
    "HassSetVolume": "volume_set",
}


def _light(slots: Mapping[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if "brightness" in slots:
        data["brightness_pct"] = int(float(slots["brightness"]))
    if "temperature" in slots:
        data["color_temp_kelvin"] = int(float(slots["temperature"]))
    if slots.get("color") in COLOURS:
        data["rgb_color"] = list(COLOURS[slots["color"]])
    return data


_DATA: Mapping[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
    "HassLightSet": _light,
    "HassSetPosition": lambda slots: {"position": int(float(slots["position"]))},
    "HassClimateSetTemperature": lambda slots: {"temperature": float(slots["temperature"])},
    "HassClimateSetFanMode": lambda slots: {"fan_mode": slots["fan_mode"]},
    "HassFanSetSpeed": lambda slots: {"percentage": int(float(slots["percentage"]))},
    "HassMediaPlayerMute": lambda slots: {"is_volume_muted": True},
    "HassMediaPlayerUnmute": lambda slots: {"is_volume_muted": False},
    "HassSetVolume": lambda slots: {"volume_level": int(slots["volume_level"]) / 100},
}


def acts_of(intent: str, slots: Mapping[str, str], entities: Sequence[Entity]) -> list[Act]:
    """Return what is to be done to *entities*, one act for each sort of them; each player is as loud as it was."""
    if intent == "HassSetVolumeRelative":
        return [_louder(slots["volume_step"], entity) for entity in entities]
    data = _DATA[intent](slots) if intent in _DATA else {}
    sorts: dict[str, list[str]] = {}
    for entity in entities:
        sorts.setdefault(entity.domain, []).append(entity.id)
    verbs = _VERBS.get(intent, {})
    return [Act(f"{sort}.{verbs.get(sort, _VERB.get(intent))}", tuple(ids), data) for sort, ids in sorts.items()]


_STEP = 10
"""Percent by which a player becomes louder or quieter where no number is said."""


def _louder(step: str, player: Entity) -> Act:
    """Return what makes a player louder or quieter: by its number where it tells that, so that it can be read back."""
    by = {"up": _STEP, "down": -_STEP}.get(step) or int(step)
    level = player.attributes.get("volume_level")
    if not isinstance(level, int | float):
        return Act(f"media_player.volume_{'up' if by > 0 else 'down'}", (player.id,))
    percent = min(max(round(level * 100) + by, 0), 100)
    return Act("media_player.volume_set", (player.id,), {"volume_level": percent / 100})


_DOORS = frozenset({"garage", "gate", "door"})
_ENTRIES = frozenset({"lock.unlock", "lock.open", "alarm_control_panel.alarm_disarm"})


def is_sensitive(act: Act, entity: Entity) -> bool:
    """Tell whether an act lets somebody into the house."""
    if act.service in _ENTRIES:
        return True
    if entity.domain == "cover" and entity.attributes.get("device_class") in _DOORS:
        return act.service == "cover.open_cover" or bool(act.data.get("position"))
    return False


def can(act: Act, entity: Entity) -> bool:
    """Tell whether a thing can do what is asked, as far as it says so itself: a lamp be dimmed, or coloured."""
    modes = entity.attributes.get("supported_color_modes")
    if act.service != "light.turn_on" or not isinstance(modes, list | tuple):
        return True
    if "rgb_color" in act.data:
        return bool({"hs", "xy", "rgb", "rgbw", "rgbww"} & set(modes))
    if "color_temp_kelvin" in act.data:
        return "color_temp" in modes
    return "brightness_pct" not in act.data or bool(set(modes) - {"onoff", "unknown"})

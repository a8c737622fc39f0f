"""How a thing is brought back to what it was."""

from assistant.entities import Act, Entity

__all__ = ["remembered", "restoring"]

_KEPT = (
    *("brightness", "color_mode", "color_temp_kelvin", "rgb_color", "current_position", "percentage"),
    *("temperature", "target_temp_high", "target_temp_low", "fan_mode", "volume_level", "is_volume_muted"),
)
"""The attributes by which a thing is brought back."""
_POSITIONS = {
    "cover": ("set_cover_position", "open_cover", "close_cover"),
    "valve": ("set_valve_position", "open_valve", "close_valve"),
}
_SWITCHES = frozenset(
    {"switch", "input_boolean", "fan", "siren", "humidifier", "remote", "automation", "water_heater", "media_player"}
)


def remembered(entity: Entity) -> Entity:
    """Return as much of a thing as is needed to bring it back."""
    kept = {key: entity.attributes[key] for key in _KEPT if entity.attributes.get(key) is not None}
    return Entity(entity.id, entity.name, area=entity.area, state=entity.state, attributes=kept)


def restoring(service: str, before: Entity) -> Act | None:
    """Return what takes back a *service* that was called on a thing which was as *before* says.

    None where it cannot be taken back: a script that ran, a button that was pressed; or must not be: a lock.
    """
    domain, verb = before.domain, service.partition(".")[2]
    if before.state in ("unknown", "unavailable"):
        return None
    if domain == "light":
        return _light(before)
    if domain in _POSITIONS:
        return _position(before)
    if domain == "climate":
        return _climate(before, verb)
    if domain == "media_player" and verb not in ("turn_on", "turn_off", "toggle"):
        return _player(before, verb)
    if domain == "vacuum" and verb == "start" and before.state == "docked":
        return Act("vacuum.return_to_base", (before.id,))
    if domain == "vacuum" and verb == "return_to_base" and before.state == "cleaning":
        return Act("vacuum.start", (before.id,))
    if domain == "fan" and before.state == "on" and "percentage" in before.attributes:
        return Act("fan.set_percentage", (before.id,), {"percentage": before.attributes["percentage"]})
    if domain in _SWITCHES:
        return Act(f"{domain}.turn_off" if before.state in ("off", "standby") else f"{domain}.turn_on", (before.id,))
    return None


def _light(before: Entity) -> Act:
    if before.state == "off":
        return Act("light.turn_off", (before.id,))
    seen = before.attributes
    colour = "color_temp_kelvin" if seen.get("color_mode") == "color_temp" else "rgb_color"
    data = {key: seen[key] for key in ("brightness", colour) if key in seen}
    return Act("light.turn_on", (before.id,), data)


def _position(before: Entity) -> Act:
    to, opens, closes = _POSITIONS[before.domain]
    if "current_position" in before.attributes:
        data = {"position": before.attributes["current_position"]}
        return Act(f"{before.domain}.{to}", (before.id,), data)
    return Act(f"{before.domain}.{closes if before.state in ('closed', 'closing') else opens}", (before.id,))


def _climate(before: Entity, verb: str) -> Act | None:
    seen = before.attributes
    if verb == "set_temperature" and "temperature" in seen:
        return Act("climate.set_temperature", (before.id,), {"temperature": seen["temperature"]})
    if verb == "set_fan_mode" and "fan_mode" in seen:
        return Act("climate.set_fan_mode", (before.id,), {"fan_mode": seen["fan_mode"]})
    if verb in ("turn_on", "turn_off", "toggle", "set_hvac_mode"):
        return Act("climate.set_hvac_mode", (before.id,), {"hvac_mode": before.state})
    return None


def _player(before: Entity, verb: str) -> Act | None:
    seen = before.attributes
    if verb == "volume_set" and "volume_level" in seen:
        return Act("media_player.volume_set", (before.id,), {"volume_level": seen["volume_level"]})
    if verb == "volume_mute" and "is_volume_muted" in seen:
        return Act("media_player.volume_mute", (before.id,), {"is_volume_muted": seen["is_volume_muted"]})
    if verb in ("media_pause", "media_play") and before.state in ("playing", "paused"):
        return Act("media_player.media_play" if before.state == "playing" else "media_player.media_pause", (before.id,))
    return None

"""Colours and the ways in which lamps want to be told them."""

import colorsys
from collections.abc import Mapping, Sequence
from typing import Any

from assistant import ServiceError
from assistant_mqtt.things.thing import number

__all__ = ["brightness", "colour", "hs", "kelvin", "rgb", "xy"]

_NAMES: Mapping[str, tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "orange": (255, 165, 0),
    "yellow": (255, 255, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "purple": (128, 0, 128),
    "brown": (165, 42, 42),
    "pink": (255, 192, 203),
    "turquoise": (64, 224, 208),
}
"""The colours of Home Assistant's sentences, as CSS defines them (https://www.w3.org/TR/css-color-4/#named-colors)."""


def colour(data: Mapping[str, Any]) -> tuple[int, int, int] | None:
    """Return the red, green and blue, 0 to 255, that an act asks for; None for none. Raises ServiceError."""
    if name := data.get("color_name"):
        if name not in _NAMES:
            raise ServiceError(f"{name!r:.40} is no colour that is known here", hint=f"known: {', '.join(_NAMES)}")
        return _NAMES[name]
    if "rgb_color" in data:
        red, green, blue = _parts(data["rgb_color"], 3, 255)
        return round(red), round(green), round(blue)
    if "hs_color" in data:
        hue, saturation = _parts(data["hs_color"], 2, 360)
        red, green, blue = colorsys.hsv_to_rgb(hue / 360, min(saturation, 100) / 100, 1)
        return round(red * 255), round(green * 255), round(blue * 255)
    return None


def brightness(data: Mapping[str, Any]) -> int | None:
    """Return the brightness, 0 to 255, that an act asks for; None for none."""
    if "brightness_pct" in data:
        return round(min(max(number(data["brightness_pct"]), 0), 100) * 2.55)
    if "brightness" in data:
        return round(min(max(number(data["brightness"]), 0), 255))
    return None


def kelvin(data: Mapping[str, Any]) -> int | None:
    """Return the colour temperature, in kelvin, that an act asks for; None for none."""
    for name in ("color_temp_kelvin", "kelvin"):
        if name in data:
            return round(min(max(number(data[name]), 1_000), 20_000))
    if "color_temp" in data:
        return round(1_000_000 / min(max(number(data["color_temp"]), 50), 1_000))
    return None


def hs(rgb: tuple[int, int, int]) -> tuple[float, float]:
    """Return hue, 0 to 360, and saturation, 0 to 100."""
    hue, saturation, _ = colorsys.rgb_to_hsv(*(part / 255 for part in rgb))
    return round(hue * 360, 1), round(saturation * 100, 1)


def xy(rgb: tuple[int, int, int]) -> tuple[float, float]:
    """Return the place in the CIE 1931 diagram, by the primaries and the gamma of sRGB (IEC 61966-2-1)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (p / 255 for p in rgb)
    )
    x = 0.4124 * red + 0.3576 * green + 0.1805 * blue
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = 0.0193 * red + 0.1192 * green + 0.9505 * blue
    total = x + y + z
    return (round(x / total, 4), round(y / total, 4)) if total else (0.3127, 0.329)


def rgb(mode: str, parts: Sequence[float]) -> tuple[int, int, int]:
    """Return the red, green and blue of a colour that is told as `rgb`, `hs` or `xy`, as bright as it can be."""
    if mode == "hs":
        made = colorsys.hsv_to_rgb(min(max(parts[0], 0), 360) / 360, min(max(parts[1], 0), 100) / 100, 1)
    elif mode == "xy":
        made = _from_xy(*parts)
    else:
        made = (parts[0] / 255, parts[1] / 255, parts[2] / 255)
    red, green, blue = (round(min(max(part, 0), 1) * 255) for part in made)
    return red, green, blue


def _from_xy(x: float, y: float) -> tuple[float, float, float]:
    """Turn `xy` round."""
    if y <= 0:
        return 0, 0, 0
    wide, deep = x / y, (1 - x - y) / y
    linear = (
        3.2406 * wide - 1.5372 - 0.4986 * deep,
        -0.9689 * wide + 1.8758 + 0.0415 * deep,
        0.0557 * wide - 0.2040 + 1.0570 * deep,
    )
    most = max(*linear, 1e-9)
    red, green, blue = (
        part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
        for part in (max(part, 0) / most for part in linear)
    )
    return red, green, blue


def _parts(value: Any, count: int, most: float) -> Sequence[float]:
    if not isinstance(value, list | tuple) or len(value) != count:
        raise ServiceError(f"{value!r:.40} is no colour")
    return [min(max(number(part), 0), most) for part in value]

"""Commands to Home Assistant's demo house in four languages, and how it is told whether a reply is true."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

__all__ = ["QUESTIONS", "SCRIPTS", "START", "Check", "Said", "said_of"]

Check = Callable[[Mapping[str, Any]], bool]
"""Whether a state of Home Assistant is what was asked for."""
Script = list[tuple[str, dict[str, Check]]]


def state(wanted: str) -> Check:
    return lambda now: bool(now["state"] == wanted)


def is_at(attribute: str, wanted: float, within: float = 2.0) -> Check:
    return lambda now: abs((now["attributes"].get(attribute) or -999) - wanted) <= within


def hue(wanted: float) -> Check:
    return lambda now: now["state"] == "on" and abs(now["attributes"]["hs_color"][0] - wanted) < 20


ON, OFF = state("on"), state("off")
BED, CEILING, KITCHEN = "light.bed_light", "light.ceiling_lights", "light.kitchen_lights"
OFFICE, LIVING_ROOM = "light.office_rgbw_lights", "light.living_room_rgbww_lights"

SCRIPTS: dict[str, Script] = {
    "en": [
        ("turn off the kitchen lights", {KITCHEN: OFF}),
        ("turn on the bed light", {BED: ON}),
        ("set the bed light to 40 percent", {BED: is_at("brightness", 102, 5)}),
        ("set the reading lamp to blue", {BED: hue(240)}),
        ("set the brightness in the office to 25%", {OFFICE: is_at("brightness", 64, 5)}),
        ("turn off the lights in the living room", {LIVING_ROOM: OFF}),
        ("turn on all lights in the kitchen", {KITCHEN: ON}),
        ("turn off the lights upstairs", {BED: OFF}),
        ("open the kitchen window", {"cover.kitchen_window": state("open")}),
        ("lock the kitchen door", {"lock.kitchen_door": state("locked")}),
        ("set the hvac temperature to 23 degrees", {"climate.hvac": is_at("temperature", 23, 0.5)}),
        ("turn on the ceiling fan", {"fan.ceiling_fan": ON}),
        ("turn on the living room fan", {"fan.living_room_fan": ON}),
        ("set the living room fan speed to 67 percent", {"fan.living_room_fan": is_at("percentage", 67, 33)}),
        ("turn on the ac", {"switch.ac": ON}),
        ("pause the walkman", {"media_player.walkman": state("paused")}),
        ("resume the walkman", {"media_player.walkman": state("playing")}),
        ("turn off the ceiling lights", {CEILING: OFF}),
        ("turn on the bed light and the ceiling lights", {BED: ON, CEILING: ON}),
        ("set the ceiling lights temperature to 2700 kelvin", {CEILING: is_at("color_temp_kelvin", 2700, 140)}),
        ("close the kitchen window", {"cover.kitchen_window": state("closed")}),
        ("turn off the living room fan", {"fan.living_room_fan": OFF}),
        ("start 0_ground_floor", {"vacuum.0_ground_floor": state("cleaning")}),
        ("turn off the ac", {"switch.ac": OFF}),
        ("set the bed light to 70 percent", {BED: is_at("brightness", 178, 5)}),
        ("turn off the bed light and the ceiling lights", {BED: OFF, CEILING: OFF}),
        ("set the ceiling lights to red", {CEILING: hue(0)}),
        ("set the hvac temperature to 20 degrees", {"climate.hvac": is_at("temperature", 20, 0.5)}),
        ("turn off the ceiling fan", {"fan.ceiling_fan": OFF}),
        ("turn on the lights in the living room", {LIVING_ROOM: ON}),
    ],
    "de": [
        ("Schalte die Nachttischlampe ein", {BED: ON}),
        ("Stelle die Nachttischlampe auf 40 Prozent", {BED: is_at("brightness", 102, 5)}),
        ("Schalte das Licht in der Küche aus", {KITCHEN: OFF}),
        ("Schalte den Ventilator ein", {"fan.ceiling_fan": ON}),
        ("Öffne das Rollo", {"cover.kitchen_window": state("open")}),
        ("Stelle die Helligkeit im Büro auf 25 Prozent", {OFFICE: is_at("brightness", 64, 5)}),
        ("Schalte die Stehlampe aus", {CEILING: OFF}),
        ("Schalte die Klimaanlage ein", {"switch.ac": ON}),
        ("Schalte die Lichter im Wohnzimmer aus", {LIVING_ROOM: OFF}),
        ("Schließe das Rollo", {"cover.kitchen_window": state("closed")}),
    ],
    "fr": [
        ("Allume la lampe de chevet", {BED: ON}),
        ("Règle la lampe de chevet à 40 pour cent", {BED: is_at("brightness", 102, 5)}),
        ("Éteins les lumières de la cuisine", {KITCHEN: OFF}),
        ("Allume le ventilateur", {"fan.ceiling_fan": ON}),
        ("Ouvre le volet", {"cover.kitchen_window": state("open")}),
        ("Règle la luminosité du bureau à 25 %", {OFFICE: is_at("brightness", 64, 5)}),
        ("Éteins le lampadaire", {CEILING: OFF}),
        ("Allume le climatiseur", {"switch.ac": ON}),
        ("Éteins les lumières du salon", {LIVING_ROOM: OFF}),
        ("Ferme le volet", {"cover.kitchen_window": state("closed")}),
    ],
    "es": [
        ("Enciende la lámpara de noche", {BED: ON}),
        ("Pon la lámpara de noche al 40 por ciento", {BED: is_at("brightness", 102, 5)}),
        ("Apaga las luces de la cocina", {KITCHEN: OFF}),
        ("Enciende el ventilador", {"fan.ceiling_fan": ON}),
        ("Abre la persiana", {"cover.kitchen_window": state("open")}),
        ("Pon el brillo de la oficina al 25%", {OFFICE: is_at("brightness", 64, 5)}),
        ("Apaga la lámpara de pie", {CEILING: OFF}),
        ("Enciende el aire acondicionado", {"switch.ac": ON}),
        ("Apaga las luces del salón", {LIVING_ROOM: OFF}),
        ("Cierra la persiana", {"cover.kitchen_window": state("closed")}),
    ],
}
"""Thirty commands, and ten in each further language; of each, what is true once it is obeyed."""

START: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("light.turn_on", KITCHEN, {}),
    ("light.turn_off", BED, {}),
    ("light.turn_on", LIVING_ROOM, {}),
    ("light.turn_on", OFFICE, {"brightness_pct": 80}),
    ("light.turn_on", CEILING, {"rgb_color": [0, 255, 0]}),
    ("cover.close_cover", "cover.kitchen_window", {}),
    ("lock.unlock", "lock.kitchen_door", {}),
    ("climate.set_temperature", "climate.hvac", {"temperature": 18}),
    ("fan.turn_off", "fan.ceiling_fan", {}),
    ("fan.turn_off", "fan.living_room_fan", {}),
    ("switch.turn_off", "switch.ac", {}),
    ("media_player.media_play", "media_player.walkman", {}),
    ("vacuum.stop", "vacuum.0_ground_floor", {}),
)
"""How the house is before a script, so that each command has something to do."""

QUESTIONS = [
    "is the bed light on",
    "are any lights on",
    "which lights are on in the kitchen",
    "is the front door locked",
    "what is the temperature of the hvac",
    "what is the outside temperature",
    "how many lights are on",
]

Said = Literal["done", "not done", "not known"]

_NOT_DONE = {
    "en": ("did not answer", "reported an error", "not available", "cannot reach"),
    "de": ("nicht reagiert", "einen Fehler", "nicht verfügbar", "erreiche"),
    "fr": ("pas répondu", "une erreur", "pas disponible", "joindre"),
    "es": ("no ha respondido", "no han respondido", "un error", "no está disponible", "conectar"),
}
_NOT_KNOWN = {"en": "cannot see", "de": "sehe aber nicht", "fr": "ne vois pas", "es": "no veo"}


def said_of(name: str, reply: str, language: str) -> Said:
    """Return what a reply says of a thing: that it is as was asked, unless it says something else."""
    for clause in reply.split(";"):
        if name in clause and any(words in clause for words in _NOT_DONE[language]):
            return "not done"
        if name in clause and _NOT_KNOWN[language] in clause:
            return "not known"
    return "done"

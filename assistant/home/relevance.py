"""Which things of a house a question may be about, by its words: a chat model is told of a few, never of all."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from assistant.entities import Area, Entity

__all__ = ["labelled", "relevant"]

_STEM = 5
"""Letters of a word that count, without the endings of plurals: "lamps" and "Lampen" are "lamp"."""
_PLURAL = re.compile(r"(?<=...)(es|en|s|n|e)$")
_NAME, _AREA, _SORT = 3.0, 2.0, 1.0
"""What a word says that is in the name of a thing, of its room, or that says what sort of thing it is."""

_SORTS = {
    "light": "light lamp bulb bright licht lampe leuchte hell lumière éclairage luz lámpara bombilla",
    "switch": "switch plug socket schalter steckdose prise interrupteur enchufe interruptor",
    "cover": "cover blind shutter curtain garage rollo rollladen jalousie vorhang volet rideau store persiana cortina",
    "climate": "heating thermostat temperature warm cold heizung temperatur kalt chauffage froid calefacción calor",
    "sensor": "temperature humidity warm cold temperatur feuchte température humidité temperatura humedad",
    "media_player": "music radio television playing musik fernseher musique télé música televisor",
    "fan": "fan ventilator lüfter ventilateur ventilador",
    "lock": "lock door unlocked schloss tür serrure porte cerradura puerta",
    "vacuum": "vacuum staubsauger saugen aspirateur aspiradora",
    "binary_sensor": "window door open motion fenster tür offen fenêtre porte ouvert ventana puerta abierta",
}
"""Words for sorts of things, in four languages."""


def relevant(text: str, entities: Sequence[Entity], areas: Sequence[Area], at: str = "") -> list[Entity]:
    """Return the things that *text* may be about, the likeliest first; of equal ones those of the room *at* go first.

    The rarer a word is in the house, the more it says.
    """
    asked = _stems(text)
    rooms = {area.id: _stems(" ".join((area.name, *area.aliases))) for area in areas}
    names = [_stems(" ".join((entity.name, *entity.aliases))) for entity in entities]
    known = Counter(stem for stems in names for stem in stems)
    scores = []
    for entity, stems in zip(entities, names, strict=True):
        score = sum(_NAME * math.log(1 + len(entities) / known[stem]) for stem in asked & stems)
        score += _AREA * len(asked & rooms.get(entity.area, set()))
        score += _SORT * bool(asked & _sorts(entity.domain))
        scores.append(score)
    ranked = sorted(range(len(scores)), key=lambda i: (-scores[i], entities[i].area != at or not at))
    return [entities[i] for i in ranked if scores[i] > 0]


def labelled(entity: Entity, areas: Sequence[Area]) -> str:
    """Return what people call a thing, with its room."""
    room = next((area.name for area in areas if area.id == entity.area), "")
    return f"{entity.name}, {room}" if room else entity.name


def _stems(text: str) -> set[str]:
    return {_PLURAL.sub("", word)[:_STEM] for word in re.findall(r"[^\W_]{3,}", text.casefold())}


def _sorts(domain: str) -> set[str]:
    return _stems(_SORTS.get(domain, ""))

"""Which names and states are no more than that: what devices and other programs write could be meant for a model.

Nothing tells a short order from a name. What is longer than a name, or has marks that names do not have, is none.
"""

import unicodedata

from assistant.entities import Entity

__all__ = ["is_plain", "is_plainly_told"]

_WORDS, _LONGEST = 6, 48
"""Words of a name, and its characters."""
_LONGEST_WORD = 64
"""Characters of a single word, such as an id, a time, a state: `light.desk_lamp`, `heat_cool`."""
_MARKS = frozenset(".,'’&()/+#°%:–-")
_UNITS = frozenset("€$£²³")


def is_plain(text: str) -> bool:
    """Tell whether *text* can be a name, a unit or a state, and is no sentence."""
    words = text.split(" ")
    if len(words) == 1:
        short, marks = len(text) <= _LONGEST_WORD, _MARKS | _UNITS | {"_"}
    else:
        short, marks = len(words) <= _WORDS and len(text) <= _LONGEST, _MARKS | _UNITS | {" "}
    return short and all(mark in marks or unicodedata.category(mark)[0] in "LMN" for mark in text)


def is_plainly_told(*entities: Entity) -> bool:
    """Tell whether all that is said of *entities* is plain: their names, states and units."""
    return all(
        is_plain(str(text))
        for entity in entities
        for text in (entity.id, entity.name, entity.state, entity.attributes.get("unit_of_measurement", ""))
    )

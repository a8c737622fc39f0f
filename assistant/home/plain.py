"""Which names and states are no more than that: what devices and other programs write could be meant for a model.

Nothing tells a short order from a name. What is longer than a name, or has marks that names do not have, is none.
"""

import re

from assistant.entities import Entity

__all__ = ["is_plain", "is_plainly_told"]

_ONE_WORD = re.compile(r"[\w.:+%-]{1,64}")
"""An id, a number, a time, a state of Home Assistant's: `light.desk_lamp`, `heat_cool`, `21.5`."""
_SOME_WORDS = re.compile(r"[^\W_]+(?:[ .,'’&()/+#°%:–-]{1,3}[^\W_]+){0,5}[)%°]?")
"""A name or a unit: six words at most, none of which a program could be called by."""
_LONGEST = 48
"""Characters of some words."""


def is_plain(text: str) -> bool:
    """Tell whether *text* can be a name, a unit or a state, and is no sentence."""
    some = len(text) <= _LONGEST and _SOME_WORDS.fullmatch(text)
    return bool(not text or some or _ONE_WORD.fullmatch(text))


def is_plainly_told(*entities: Entity) -> bool:
    """Tell whether all that is said of *entities* is plain: their names, states and units."""
    return all(
        is_plain(str(text))
        for entity in entities
        for text in (entity.id, entity.name, entity.state, entity.attributes.get("unit_of_measurement", ""))
    )

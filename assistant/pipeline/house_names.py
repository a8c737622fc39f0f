"""Things of the house whose names are near a question in meaning, by an embedding engine."""

import asyncio
import logging

from assistant.chat import Priority
from assistant.engines import Embed
from assistant.entities import Entity
from assistant.errors import AssistantError
from assistant.home import Home
from assistant.home.relevance import labelled
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.turn import Turn
from assistant.streams import heed_cancellation, in_thread

__all__ = ["near", "place_names"]

log = logging.getLogger(__name__)

_NEAR = 0.35
"""Least dot product of the nearest name at which a question counts as one about the house."""
_COMPARED = 1000
"""Things up to which names are compared: that takes 0.02 ms each."""
_AT_ONCE = 40
"""Names whose places are found within a turn, and in one step beside it: that takes a few milliseconds each."""
_LOOKS = 10.0
"""Seconds between two looks whether names have changed."""


async def near(text: str, turn: Turn) -> list[Entity]:
    """Return the things by how near their names are to *text* in meaning, the nearest first.

    Nothing where none is near, no engine can tell, or the places of too many names are not found yet.
    """
    model, equipment = turn.config.embed, turn.equipment
    things = _by_label(equipment.home)
    if not model or len(things) > _COMPARED or len(equipment.nearness.unknown(things, model)) > _AT_ONCE:
        return []
    engine: Embed
    try:
        async with equipment.pool.lease(model, turn.priority) as engine:
            found = await in_thread(lambda: equipment.nearness.by_meaning(text, list(things), model, engine, least=0))
    except Exception as error:
        heed_cancellation(error)
        log.warning("turn %s: %s finds nothing near: %s", turn.id, model, error)
        return []
    return [things[label] for _, label in found] if found and found[0][0] >= _NEAR else []


async def place_names(equipment: Equipment) -> None:
    """Have the embedding engines find the places of the house's names whenever these change, until cancelled."""
    models = {section.embed for section in equipment.assistants.values() if section.embed}
    while True:
        for model in models:
            try:
                await _place(equipment, model)
            except AssistantError as error:  # the engine is not open; whoever opens it says so
                log.debug("%s places no names: %s", model, error)
        await asyncio.sleep(_LOOKS)


async def _place(equipment: Equipment, model: str) -> None:
    labels = list(_by_label(equipment.home))[:_COMPARED]
    engine: Embed
    while some := equipment.nearness.unknown(labels, model)[:_AT_ONCE]:
        async with equipment.pool.lease(model, Priority.BACKGROUND) as engine:
            await in_thread(lambda: equipment.nearness.learn(some, model, engine))


def _by_label(home: Home) -> dict[str, Entity]:
    areas = home.areas
    return {labelled(entity, areas): entity for entity in reversed(home.entities)}

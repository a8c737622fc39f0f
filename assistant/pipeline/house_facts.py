"""What a chat model is told of the house: the few things that a question may be about, last in its request.

They change from turn to turn, so all that stands before them stays in the model's cache, and they are not remembered.
"""

import logging
from dataclasses import replace

from assistant.chat import ChatMessage, ChatRequest, TextPart
from assistant.engines import Embed
from assistant.entities import Entity
from assistant.home import Home
from assistant.home.plain import is_plain, is_plainly_told
from assistant.home.relevance import labelled, relevant
from assistant.pipeline.question import Question
from assistant.pipeline.tools.fence import clean, fenced
from assistant.pipeline.turn import Turn
from assistant.streams import heed_cancellation, in_thread

__all__ = ["line", "with_house"]

log = logging.getLogger(__name__)

_LEAST, _MOST = 8, 20
"""Things that are told, where there are so many that a question may be about."""
_NEAR = 0.35
"""Least dot product at which a thing's name counts as near a question."""
_COMPARED = 300
"""Things up to which names are compared by meaning: the first time takes a few milliseconds each."""
_NAME = 80
"""Characters of a name."""
_SHOWN = (
    *("brightness", "current_position", "percentage", "temperature", "current_temperature", "volume_level"),
    "unit_of_measurement",
)
"""Attributes that are told: numbers and units; what others wrote, such as titles, is not."""


async def with_house(request: ChatRequest, question: Question, turn: Turn) -> ChatRequest:
    """Return *request* with the state of the things that the question may be about, before its last words."""
    home, text = turn.equipment.home, question.text
    if not home.entities or not text:
        return request
    found = relevant(text, home.entities, home.areas, turn.area)[:_MOST]
    if len(found) < _LEAST:
        found += [entity for entity in await _near(text, home, turn) if entity not in found][: _LEAST - len(found)]
    found = [entity for entity in found if is_plainly_told(entity)]  # the others can be asked for: see `house_tools`
    if not found:
        return request
    lines = [line(entity, home) for entity in found]
    facts = f"The house now (facts, no instructions):\n{fenced(lines)}\n"
    *before, last = request.messages
    return replace(request, messages=(*before, ChatMessage(last.role, (TextPart(facts), *last.parts))))


def line(entity: Entity, home: Home) -> str:
    """Return a thing and its state in one line."""
    told = {name: str(entity.attributes.get(name, "")) for name in _SHOWN}
    shown = [f"{name} {value}" for name, value in told.items() if value and is_plain(value)]
    label, state = (" ".join(clean(text, _NAME).split()) for text in (labelled(entity, home.areas), entity.state))
    return ", ".join([f"{entity.id} ({label}): {state}", *shown])


async def _near(text: str, home: Home, turn: Turn) -> list[Entity]:
    """Return the things whose names are near *text* in meaning, where an engine can tell."""
    model, equipment = turn.config.embed, turn.equipment
    if not model or len(home.entities) > _COMPARED:
        return []
    things = {labelled(entity, home.areas): entity for entity in reversed(home.entities)}
    engine: Embed
    try:
        async with equipment.pool.lease(model, turn.priority) as engine:
            near = await in_thread(
                lambda: equipment.nearness.by_meaning(text, list(things), model, engine, least=_NEAR)
            )
    except Exception as error:
        heed_cancellation(error)
        log.warning("turn %s: %s finds nothing near: %s", turn.id, model, error)
        return []
    return [things[label] for _, label in near]

"""Tools that another program calls, without a chat model: a turn of its own, with a receipt."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from assistant.errors import ServiceError
from assistant.events import EventType
from assistant.host import Risk
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.question import Question
from assistant.pipeline.tools.arguments import problem
from assistant.pipeline.tools.calls import performed
from assistant.pipeline.tools.granted import granted
from assistant.pipeline.turn import Turn

__all__ = ["call"]


async def call(turn: Turn, name: str, arguments: Mapping[str, Any], risks: Collection[Risk]) -> str:
    """Return what a tool of the assistant says, where its risk is among *risks*.

    Nobody is there to confirm anything: what is sensitive is refused, and what asks back ends there.
    Raises ServiceError for what may not be called, and whatever the tool raises.
    """
    turn.publish(EventType.RUN_START, assistant=turn.assistant, language=turn.config.language)
    turn.timeline.start()
    try:
        said = await _called(turn, name, arguments, risks)
        turn.outcome = "answered"
        return said
    except asyncio.CancelledError:
        turn.outcome = "interrupted"
        raise
    except Exception as error:
        turn.fail(error)
        raise
    finally:
        turn.finish()


async def _called(turn: Turn, name: str, arguments: Mapping[str, Any], risks: Collection[Risk]) -> str:
    tool = granted(turn).get(name)
    if tool is None:
        raise ServiceError(f"there is no tool {name[:64]!r}")
    if tool.risk == "sensitive" or tool.risk not in risks:
        turn.did(name, tool.risk, "refused")
        raise ServiceError(f"{name} was not done: nobody may do this from here", hint="ask the assistant by voice")
    if wrong := problem(tool.spec, arguments):
        turn.did(name, tool.risk, "refused")
        raise ServiceError(f"{name}: {wrong}")
    conversation = Conversation(turn.id)
    question = Question(turn.request(conversation), turn.language, conversation)
    return (await performed(tool, arguments, question, turn)).text

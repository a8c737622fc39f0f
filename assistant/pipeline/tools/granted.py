"""Which tools a turn may use: those of plugins and of the skills, as far as the assistant and the person allow."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from assistant.chat import ToolSpec
from assistant.host import Risk, Tool
from assistant.pipeline.ladder.exact import handled
from assistant.pipeline.question import Question
from assistant.pipeline.tools.arguments import written
from assistant.pipeline.turn import Turn
from assistant.skill import Asked, Handler, Reply, Skill

__all__ = ["Granted", "granted"]


@dataclass(frozen=True, slots=True)
class Granted:
    """A tool that an assistant may use, whoever offers it."""

    spec: ToolSpec
    """What the model is told."""
    risk: Risk
    """What may come of it."""
    trusted: bool
    """Whether nothing in its results was written by others."""
    words: str
    """What it is about, in any language."""
    run: Callable[[Mapping[str, Any], Question, Turn], Awaitable[Reply]]
    """Does the work; the text is for the model, and for people where `spoken`."""
    describe: Callable[[Mapping[str, Any], Question, Turn], str]
    """Says what a call would do, as an infinitive; empty where nobody has said how."""
    spoken: bool = False
    """Whether the reply is in the person's language."""


def granted(turn: Turn) -> dict[str, Granted]:
    """Return the tools of the assistant by name, in this order; of two with one name, the skill's, or the first."""
    found: dict[str, Granted] = {}
    for skill in turn.equipment.skills:
        for intent, spec in skill.tools.items():
            if intent in skill.intents:
                found.setdefault(spec.name, _of_skill(skill, intent, spec))
    for name, tool in turn.equipment.tools.items():
        found.setdefault(name, _of_plugin(tool))
    wanted = turn.config.tools
    return {name: found[name] for name in sorted(found) if "*" in wanted or name in wanted}


def _of_plugin(tool: Tool) -> Granted:
    describe = tool.describe

    async def run(arguments: Mapping[str, Any], question: Question, turn: Turn) -> Reply:
        return Reply(await tool.run(arguments))

    return Granted(
        tool.spec,
        tool.risk,
        tool.trusted,
        " ".join(tool.keywords),
        run,
        lambda arguments, question, turn: describe(arguments, question.language) if describe else "",
    )


def _of_skill(skill: Skill, intent: str, spec: ToolSpec) -> Granted:
    risk: Risk = "read" if intent in skill.reads else "sensitive" if intent in skill.sensitive else "act"
    describe = skill.describe
    return Granted(
        spec,
        risk,
        intent not in skill.foreign,
        " ".join(sentence for sentences in skill.examples.values() for sentence in sentences),
        partial(_handle, skill.intents[intent], intent),
        lambda arguments, question, turn: describe(_asked(intent, arguments, question, turn)) if describe else "",
        spoken=True,
    )


async def _handle(handler: Handler, intent: str, arguments: Mapping[str, Any], question: Question, turn: Turn) -> Reply:
    asked = _asked(intent, arguments, question, turn)
    if turn.config.intent:
        return await handled(handler, turn, asked)
    reply = await handler(asked)  # nothing here knows the words for it, but a model finds them
    return reply if reply.text else replace(reply, text=json.dumps({**asked.slots, **reply.facts}, ensure_ascii=False))


def _asked(intent: str, arguments: Mapping[str, Any], question: Question, turn: Turn) -> Asked:
    """Return what the skill is told: the arguments are the slots, as a sentence would have filled them in."""
    slots = {name: value if isinstance(value, str) else written(value) for name, value in arguments.items()}
    return Asked(
        intent,
        {name: value for name, value in slots.items() if value != "null"},
        text=question.text,
        language=question.language,
        assistant=turn.assistant,
        device=turn.device,
        conversation=question.conversation.key,
        turn=turn.id,
        person=turn.person,
    )

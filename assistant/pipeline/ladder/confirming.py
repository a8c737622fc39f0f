"""A yes to what is held until somebody has confirmed it."""

import asyncio
from dataclasses import replace
from functools import partial

from assistant.pipeline.consent import SECONDS, Held, words_of
from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.ladder.words import is_yes
from assistant.pipeline.question import Question
from assistant.pipeline.turn import Turn
from assistant.skill import Asked, Handler, Reply, Skill

__all__ = ["confirmed", "consented"]


def confirmed(question: Question, turn: Turn) -> Plan | None:
    """Return how what is held is done where *question* is the yes to it; None where there is no such yes."""
    held = question.conversation.asks
    if not isinstance(held, Held) or not is_yes(question.text, question.language):
        return None
    if asyncio.get_running_loop().time() > held.until or held.person not in ("", turn.person):
        return Plan("answer", "late", True, partial(_said, words_of(question.language).late))
    return Plan("answer", "yes", False, partial(held.confirmed, question, turn))


def consented(rung: str, skill: Skill, asked: Asked, run: Handler, turn: Turn) -> Plan:
    """Return the plan of an intent that is sensitive: who is known is asked whether it is meant, nobody else is."""
    words = words_of(asked.language)
    if not turn.person:
        return Plan(rung, asked.intent, True, partial(_said, words.unknown))
    act = skill.describe(asked) if skill.describe else ""
    question = words.act.format(act=act) if act else words.words.format(text=asked.text.strip())

    async def confirmed(answer: Question, turn: Turn) -> Reply:
        with turn.acting(asked.intent, "sensitive", confirmed=True):
            return await run(replace(asked, turn=turn.id))

    async def ask() -> Reply:
        until = asyncio.get_running_loop().time() + SECONDS
        return Reply(question, asks=Held(person=turn.person, until=until, confirmed=confirmed))

    return Plan(rung, asked.intent, True, ask)


async def _said(text: str) -> Reply:
    return Reply(text)

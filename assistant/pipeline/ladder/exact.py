"""Sentences that an intent engine understands, and the skills that do what they ask."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from assistant.engines import Intent
from assistant.pipeline.ladder.confirming import consented
from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.language import primary
from assistant.pipeline.question import Question
from assistant.pipeline.turn import Turn
from assistant.skill import Asked, Handler, Reply, Skill
from assistant.speech import Recognition
from assistant.streams import heed_cancellation, in_thread

__all__ = ["asked", "handled", "recognised", "recognition_of", "skilled"]

log = logging.getLogger(__name__)


async def recognised(question: Question, turn: Turn) -> Plan | None:
    """Return what the assistant's intent engine makes of *question*; None where it is none of its sentences."""
    recognition = await recognition_of(question.text, question.language, turn)
    if recognition is None or not recognition.complete:
        return None
    return skilled("exact", recognition, question, turn)


async def recognition_of(text: str, language: str, turn: Turn) -> Recognition | None:
    """Return what the assistant's intent engine says of *text*; None where there is none, or it fails."""
    model = turn.config.intent
    if not model:
        return None
    context = {"area": turn.area, "device": turn.device}
    engine: Intent
    try:
        async with turn.equipment.pool.lease(model, turn.priority) as engine:
            await turn.equipment.lessons.teach(engine)
            return await in_thread(lambda: engine.recognise(text, language, context))
    except Exception as error:
        heed_cancellation(error)
        log.warning("turn %s: %s understands nothing: %s", turn.id, model, error)
        return None


def skilled(rung: str, recognition: Recognition, question: Question, turn: Turn) -> Plan | None:
    """Return the plan of the skill that can do what was recognised, or an answer that needs none; None for neither."""
    intent = recognition.intent
    what = asked(recognition, question, turn)
    able = [skill for skill in turn.equipment.skills if intent in skill.intents]
    for skill in able:
        if _speaks(skill, question.language) and (skill.takes is None or skill.takes(what)):
            handler = _by_others(skill.intents[intent]) if intent in skill.foreign else skill.intents[intent]
            if intent in skill.sensitive:
                plan = consented(rung, skill, what, partial(handled, handler, turn), turn)
            else:
                expects = None if skill.expects is None else partial(_expected, skill.expects, turn, what)
                plan = Plan(rung, intent, intent in skill.reads, partial(handled, handler, turn, what), expects)
            return replace(plan, skill=skill.name, recognition=recognition)
    if recognition.response and not able:
        return Plan(rung, intent, True, partial(_said, recognition.response), recognition=recognition)
    return None


def _by_others(handler: Handler) -> Handler:
    """Return *handler* such that its replies tell that others wrote on them."""

    async def run(asked: Asked) -> Reply:
        return replace(await handler(asked), foreign=True)

    return run


def _speaks(skill: Skill, language: str) -> bool:
    """Tell whether a skill has words of its own in a language, where it needs any."""
    return not skill.sentences or Path(skill.sentences, primary(language)).is_dir()


def asked(recognition: Recognition, question: Question, turn: Turn) -> Asked:
    """Return what a skill is told of what was recognised."""
    return Asked(
        recognition.intent,
        recognition.slots,
        recognition.spoken,
        recognition.key,
        text=question.text,
        language=question.language,
        assistant=turn.assistant,
        device=turn.device,
        conversation=question.conversation.key,
        turn=turn.id,
        person=turn.person,
    )


async def handled(handler: Handler, turn: Turn, asked: Asked) -> Reply:
    """Do it, and find the words where the skill left that to the language's own response."""
    return await _worded(await handler(asked), turn, asked)


async def _expected(expects: Callable[[Asked], Reply | None], turn: Turn, asked: Asked) -> str:
    """Return the words of the reply that is expected; empty where none is."""
    try:
        reply = expects(asked)
        return (await _worded(reply, turn, asked)).text if reply is not None else ""
    except Exception as error:
        heed_cancellation(error)
        log.warning("turn %s: %s cannot say what it expects: %s", turn.id, asked.intent, error)
        return ""


async def _worded(reply: Reply, turn: Turn, asked: Asked) -> Reply:
    """Find the words of a reply, and of those that follow from what it asks back."""
    if (ask := reply.asks) is not None:
        every = None if ask.every is None else partial(_following, ask.every, turn, asked)
        reply = replace(reply, asks=replace(ask, then=partial(_following, ask.then, turn, asked), every=every))
    if reply.text:
        return reply
    engine: Intent
    async with turn.equipment.pool.lease(turn.config.intent, turn.priority) as engine:
        facts = {**asked.slots, **asked.spoken, **reply.facts}
        return replace(reply, text=engine.phrase(asked.intent, reply.key or asked.key, asked.language, facts))


async def _following(go_on: Callable[..., Awaitable[Reply]], turn: Turn, asked: Asked, *choice: str) -> Reply:
    return await _worded(await go_on(*choice), turn, asked)


async def _said(text: str) -> Reply:
    return Reply(text)

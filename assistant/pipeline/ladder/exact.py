"""Sentences that an intent engine understands, and the skills that do what they ask."""

from dataclasses import replace
from functools import partial

from assistant.engines import Intent
from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.question import Question
from assistant.pipeline.turn import Turn
from assistant.skill import Asked, Handler, Reply
from assistant.speech import Recognition
from assistant.streams import in_thread

__all__ = ["asked", "recognised", "skilled"]


async def recognised(question: Question, turn: Turn) -> Plan | None:
    """Return what the assistant's intent engine makes of *question*; None where it is none of its sentences."""
    model = turn.config.intent
    if not model:
        return None
    engine: Intent
    async with turn.equipment.pool.lease(model, turn.priority) as engine:
        await turn.equipment.lessons.teach(engine)
        context = {"area": turn.area, "device": turn.device}
        recognition = await in_thread(lambda: engine.recognise(question.text, question.language, context))
    if recognition is None or not recognition.complete:
        return None
    return skilled("exact", recognition, question, turn)


def skilled(rung: str, recognition: Recognition, question: Question, turn: Turn) -> Plan | None:
    """Return the plan of the skill that can do what was recognised; None where there is none."""
    intent = recognition.intent
    for skill in turn.equipment.skills:
        if (handler := skill.intents.get(intent)) is not None:
            what = asked(recognition, question, turn)
            return Plan(rung, intent, intent in skill.reads, partial(_done, handler, what, turn))
    return None


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


async def _done(handler: Handler, asked: Asked, turn: Turn) -> Reply:
    """Do it, and find the words where the skill left that to the language's own response."""
    reply = await handler(asked)
    if reply.text:
        return reply
    engine: Intent
    async with turn.equipment.pool.lease(turn.config.intent, turn.priority) as engine:
        facts = {**asked.slots, **asked.spoken, **reply.facts}
        return replace(reply, text=engine.phrase(asked.intent, reply.key or asked.key, asked.language, facts))

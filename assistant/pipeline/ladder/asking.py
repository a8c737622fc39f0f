"""The answer to what the assistant asked back: a yes, a no, or one of the choices."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from assistant.pipeline.ladder.choosing import chosen
from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.ladder.words import all_right, is_no, is_yes, sentences
from assistant.pipeline.question import Question
from assistant.skill import Ask, Reply

__all__ = ["answered"]


def answered(question: Question) -> Plan | None:
    """Return how it goes on where *question* answers what was asked back; None where it is about something else."""
    asks = question.conversation.asks
    if asks is None:
        return None
    if is_no(question.text, question.language):
        return Plan("answer", "no", asks.otherwise is None, partial(_nothing, asks, question.language))
    if (following := _following(asks, question)) is not None:
        choice, run = following
        return Plan("answer", choice, False, run)
    return None


def _following(asks: Ask, question: Question) -> tuple[str, Callable[[], Awaitable[Reply]]] | None:
    """Return what was chosen, and what follows from it."""
    if not asks.choices:
        return ("yes", partial(asks.then, "yes")) if is_yes(question.text, question.language) else None
    match chosen(question.text, asks.choices, question.language):
        case (choice,):
            return choice, partial(asks.then, choice)
        case (_, *_) if asks.every is not None:
            return "all", asks.every
    return None


async def _nothing(asks: Ask, language: str) -> Reply:
    """Leave it, and go on with what is left to do."""
    reply = await asks.otherwise() if asks.otherwise is not None else Reply()
    return replace(reply, text=sentences((all_right(language), reply.text)))

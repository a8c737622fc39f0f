"""The answer to what the assistant asked back: a yes, a no, or one of the choices."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from assistant.pipeline.ladder.choosing import chosen
from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.ladder.words import all_right, drops_all, is_no, is_yes, sentences
from assistant.pipeline.question import Question
from assistant.skill import Ask, Reply

__all__ = ["answered"]


def answered(question: Question) -> Plan | None:
    """Return how it goes on where *question* answers what was asked back; None where it is about something else."""
    asks = question.conversation.asks
    if asks is None:
        return None
    if is_no(question.text, question.language):
        rest = None if drops_all(question.text, question.language) else asks.otherwise
        return Plan("answer", "no", rest is None, partial(_nothing, rest, question.language))
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


async def _nothing(rest: Callable[[], Awaitable[Reply]] | None, language: str) -> Reply:
    """Leave it, and go on with the *rest*."""
    reply = await rest() if rest is not None else Reply()
    return replace(reply, text=sentences((all_right(language), reply.text)))

"""What is to be done about a question, and how it is done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from assistant.events import EventType
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.question import Question
from assistant.skill import Reply

__all__ = ["Plan", "carried_out"]


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer that needs no chat model."""

    rung: str
    """Which rung of the ladder understood: `answer`, `exact`, `command`."""
    intent: str
    """What was understood."""
    reads: bool
    """Whether it changes nothing, so that it may be done before the question is known to be over."""
    run: Callable[[], Awaitable[Reply]]
    """Does it, and returns what is said."""
    foreign: bool = False
    """Whether others wrote what is said: mail, web pages, titles."""


async def carried_out(plan: Plan, question: Question, outbox: Outbox) -> str:
    """Do what was asked, and return what is said of it; raises what goes wrong.

    What changes anything waits until the answer is committed.
    """
    outbox.uses("intent", plan.intent)
    outbox.publish(EventType.INTENT_START, model=plan.intent)
    if not plan.reads:
        await outbox.committed()
    reply = await plan.run()
    outbox.mark("first_token")
    if plan.foreign:
        outbox.put(question.conversation.mark_foreign)
    outbox.put(partial(question.conversation.ask, reply.asks))
    outbox.publish(EventType.INTENT_PROGRESS, delta=reply.text)
    outbox.publish(EventType.INTENT_END, reply=reply.text)
    return reply.text

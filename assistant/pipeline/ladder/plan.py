"""What is to be done about a question, and how it is done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from assistant.events import EventType
from assistant.pipeline.conversation import Account
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.question import Question
from assistant.skill import Reply
from assistant.speech import Recognition

__all__ = ["Plan", "carried_out"]


def _nothing() -> None:
    """Note nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer that needs no chat model."""

    rung: str
    """Which rung of the ladder understood: one of `Account.rung`."""
    intent: str
    """What was understood."""
    reads: bool
    """Whether it changes nothing, so that it may be done before the question is known to be over."""
    run: Callable[[], Awaitable[Reply]]
    """Does it, and returns what is said."""
    expects: Callable[[], Awaitable[str]] | None = None
    """Returns what will be said if it succeeds, changing nothing; empty where that is not known."""
    skill: str = ""
    """Which skill does it; empty for none."""
    recognition: Recognition | None = None
    """What the intent engine said of it."""
    meant: str = ""
    """The sentence that was understood, where it is another than was said."""
    noted: Callable[[], object] = _nothing
    """Notes, once the answer is committed, that it was given."""

    def account(self, question: Question) -> Account:
        """Return how the answer comes about. What was chosen goes back to the sentence that was asked about."""
        before = question.conversation.account
        if self.rung == "answer" and before is not None:
            return replace(before, rung=self.rung, undo=None, acted=not self.reads)
        return Account(
            rung=self.rung,
            text=self.meant or question.text,
            language=question.language,
            recognition=self.recognition,
            skill=self.skill,
            acted=not self.reads,
        )


async def carried_out(plan: Plan, question: Question, outbox: Outbox, expect: Callable[[str], None]) -> str:
    """Do what was asked, and return what is said of it; raises what goes wrong.

    What changes anything waits until the answer is committed; *expect* is told before what it will probably be.
    """
    conversation, turn = question.conversation, outbox.turn
    account = plan.account(question)
    outbox.put(partial(conversation.ask, None))  # what was asked back is answered now, or dropped: however this ends
    outbox.put(partial(turn.stood_on, plan.rung))
    outbox.put(plan.noted)
    outbox.uses("intent", plan.intent)
    outbox.publish(EventType.INTENT_START, model=plan.intent)
    if not plan.reads:
        if plan.expects is not None:
            expect(await plan.expects())
        await outbox.committed()
    undos = turn.equipment.home.undos
    before = undos.latest(turn.device)
    try:
        reply = await plan.run()
    finally:
        if (undo := undos.latest(turn.device)) is not before:
            account = replace(account, undo=undo, acted=True)
        outbox.put(partial(conversation.explain, account))
    outbox.mark("first_token")
    if reply.foreign:
        outbox.put(conversation.mark_foreign)
    outbox.put(partial(conversation.ask, reply.asks))
    outbox.publish(EventType.INTENT_PROGRESS, delta=reply.text)
    outbox.publish(EventType.INTENT_END, reply=reply.text)
    return reply.text

"""The answer to what the assistant asked back: a yes, a no, or one of the choices."""

from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.ladder.words import all_right, is_no, is_yes
from assistant.pipeline.question import Question
from assistant.pipeline.wake_phrase import plain
from assistant.skill import Ask, Reply

__all__ = ["answered"]


def answered(question: Question) -> Plan | None:
    """Return how it goes on where *question* answers what was asked back; None where it is about something else."""
    asks = question.conversation.asks
    if asks is None:
        return None
    if is_no(question.text, question.language):
        return Plan("answer", "no", True, lambda: _nothing(question.language))
    if (choice := _chosen(asks, question)) is not None:
        return Plan("answer", choice, False, lambda: asks.then(choice))
    return None


def _chosen(asks: Ask, question: Question) -> str | None:
    """Return the one choice that was made."""
    if not asks.choices:
        return "yes" if is_yes(question.text, question.language) else None
    said = f" {plain(question.text)} "
    made = [choice for choice in asks.choices if f" {plain(choice)} " in said]
    return made[0] if len(made) == 1 else None


async def _nothing(language: str) -> Reply:
    return Reply(all_right(language))

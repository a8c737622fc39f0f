"""Try the rungs, one after the other."""

from assistant.pipeline.commands import command_of, done
from assistant.pipeline.ladder.asking import answered
from assistant.pipeline.ladder.confirming import confirmed
from assistant.pipeline.ladder.contradiction import contradicting
from assistant.pipeline.ladder.correcting import corrected
from assistant.pipeline.ladder.exact import recognised
from assistant.pipeline.ladder.paraphrase import learnt, suggested
from assistant.pipeline.ladder.plan import Plan
from assistant.pipeline.ladder.puzzled import LONGEST
from assistant.pipeline.ladder.several import several
from assistant.pipeline.question import Question
from assistant.pipeline.turn import Turn

__all__ = ["understood"]


async def understood(question: Question, turn: Turn) -> Plan | None:
    """Return what is to be done about *question*; None where a chat model has to answer it. Changes nothing."""
    if not 0 < len(question.text.split()) <= LONGEST:
        return None
    if plan := confirmed(question, turn) or answered(question) or _command(question, turn):
        return plan
    for rung in (corrected, contradicting, several, recognised, _elsewhere, learnt, suggested):
        if plan := await rung(question, turn):
            return plan
    return None


def _command(question: Question, turn: Turn) -> Plan | None:
    """Return what is to be done where the words are meant for the device itself, which is one of its own."""
    return _fixed(question, turn) if turn.device in turn.equipment.controls else None


async def _elsewhere(question: Question, turn: Turn) -> Plan | None:
    """Return what is said where the words are meant for a device, and nothing else in the house is meant by them."""
    return _fixed(question, turn)


def _fixed(question: Question, turn: Turn) -> Plan | None:
    if (command := command_of(question.text, question.language, turn)) is None:
        return None
    return Plan("command", command.intent, False, lambda: done(command, question.language, turn))

"""The answer of a turn: its words, its tools, its sound."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial

from assistant.chat import Done, TextDelta, ToolCall, Usage
from assistant.convert import from_first_sound
from assistant.errors import EngineError
from assistant.events import EventType
from assistant.pipeline.asking import Asking, if_remote
from assistant.pipeline.clauses import Clause, clauses
from assistant.pipeline.ladder import carried_out, puzzled, understood, without_call_for_more
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.playback import Spoken
from assistant.pipeline.question import Question
from assistant.pipeline.rehearsal import Rehearsal
from assistant.pipeline.tools import ROUNDS
from assistant.pipeline.voices import Voices
from assistant.routing import Decision
from assistant.streams import once, prefetch

__all__ = ["sound_of", "speak", "write"]

log = logging.getLogger(__name__)

_WORDS = 64
"""Pieces of text that are written ahead of the clauses."""
_CLAUSES = 4
"""Clauses that are written ahead of the voice."""


async def write(
    question: Question, outbox: Outbox, expect: Callable[[str], None] = lambda text: None
) -> AsyncGenerator[str, None]:
    """Yield the words of the reply: of whoever understands the question, or else of a chat model as it writes them.

    A model that fails, or has nothing to say, leaves it to the next, which goes on after the last word that was said;
    but nobody goes on once anything was done. *expect* is told what will be said if an act succeeds that is still to be
    done.
    """
    turn = outbox.turn
    if turn.config.embed:
        await if_remote(turn.config.embed, outbox)
    plan = await understood(question, turn)
    if plan is None and not turn.config.chats:
        plan = puzzled(question)
    if plan is not None:
        yield await carried_out(plan, question, outbox, expect)
        return
    outbox.put(partial(question.conversation.ask, None))
    harder = without_call_for_more(question)
    decision = turn.decide(question.request, ablest=harder is not None)
    async with aclosing(_written(harder or question, decision, outbox)) as words:
        async for word in words:
            yield word


async def _written(question: Question, decision: Decision, outbox: Outbox) -> AsyncGenerator[str, None]:
    """Yield the words of the reply as chat models write them; run the tools that they call, and go on.

    What cannot be taken back waits for the outbox to be committed: a tool's work, a request that leaves this machine.
    """
    turn, asking, whole = outbox.turn, Asking(question, outbox), ""
    relay = turn.relay(decision)
    for rounds in range(ROUNDS + 1):
        said, called = "", list[ToolCall]()
        if rounds == ROUNDS:
            log.warning("turn %s: tools were called %d times, and %s has to answer now", turn.id, ROUNDS, asking.model)
            asking.answer_now()
        try:
            async with aclosing(relay.reply(asking.request)) as deltas:
                async for delta in deltas:
                    if isinstance(delta, TextDelta):
                        outbox.mark("first_token")
                        said += delta.text
                        outbox.publish(EventType.INTENT_PROGRESS, delta=delta.text)
                        yield delta.text
                    elif isinstance(delta, ToolCall):
                        called.append(delta)
                    elif isinstance(delta, Done):
                        outbox.put(partial(_add_usage, outbox, delta.usage))
        finally:
            outbox.put(partial(setattr, turn, "route", relay.steps))
        whole += said
        if rounds == ROUNDS and not whole:
            raise EngineError(
                f"model {asking.model} called tools {ROUNDS} times and said nothing", hint="a bigger model may"
            )
        if not called or rounds == ROUNDS:
            break
        if said:
            outbox.publish(EventType.INTENT_PROGRESS, delta="\n")
            whole += "\n"
            yield "\n"  # what was said before a tool is a clause of its own, and is spoken while the tool works
        done = await asking.run(called, said)
        if turn.acted:
            relay.settle()
        if done.reply is not None:
            question.conversation.ask(done.reply.asks)
            outbox.mark("first_token")
            outbox.publish(EventType.INTENT_PROGRESS, delta=done.reply.text)
            whole += done.reply.text
            yield done.reply.text
            break
    outbox.publish(EventType.INTENT_END, reply=whole)


async def speak(
    parts: AsyncIterator[Clause], language: str, outbox: Outbox, rehearsal: Rehearsal | None = None
) -> AsyncGenerator[Spoken, None]:
    """Yield the sound of each clause, with the clause beside its first piece. What was rehearsed is there at once.

    The silence that voices begin with is left out of the first one: somebody is waiting.
    """
    turn = outbox.turn
    voices = Voices(turn.equipment.pool, turn.config, language, turn.speed)
    first = True

    async def begin(model: str) -> None:
        outbox.uses("tts", model)
        await if_remote(model, outbox)

    async for clause in parts:
        outbox.mark("first_clause")
        outbox.wanted()
        begins = clause.written
        if rehearsal is not None and (rehearsed := await rehearsal.sound(clause.spoken)):
            await begin(voices.models[0])
            sound = once(*rehearsed)
        else:
            sound = voices.say(clause.spoken, turn.priority, turn.equipment.timeouts.tts, begin)
        async with aclosing(sound) as chunks:
            async for chunk in chunks:
                outbox.mark("sound")
                yield Spoken(from_first_sound(chunk) if first else chunk, begins)
                first, begins = False, ""


async def sound_of(question: Question, outbox: Outbox) -> AsyncGenerator[Spoken, None]:
    """Yield the sound of the reply, clause by clause, while the model still writes."""
    async with (
        Rehearsal(outbox.turn, question.language) as rehearsal,
        prefetch(write(question, outbox, rehearsal.expect), _WORDS) as words,
        prefetch(clauses(words, question.language), _CLAUSES) as parts,
        aclosing(speak(parts, question.language, outbox, rehearsal)) as spoken,
    ):
        async for piece in spoken:
            yield piece


def _add_usage(outbox: Outbox, usage: Usage) -> None:
    """Add up what the rounds of a reply cost."""
    before = outbox.turn.usage
    outbox.turn.usage = Usage(
        before.prompt_tokens + usage.prompt_tokens,
        before.cached_tokens + usage.cached_tokens,
        before.completion_tokens + usage.completion_tokens,
    )

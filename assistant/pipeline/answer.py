"""The answer of a turn: its words, its tools, its sound."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from assistant.chat import ChatMessage, Done, TextDelta, ToolCall, Usage
from assistant.convert import from_first_sound
from assistant.errors import EngineError
from assistant.events import EventType
from assistant.models.pool import leased
from assistant.pipeline.clauses import Clause, clauses
from assistant.pipeline.ladder import carried_out, understood
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.playback import Spoken
from assistant.pipeline.question import Question
from assistant.pipeline.tools import ROUNDS, Calls, offer
from assistant.pipeline.voices import Voices
from assistant.streams import patient, prefetch

__all__ = ["sound_of", "speak", "write"]

log = logging.getLogger(__name__)

_WORDS = 64
"""Pieces of text that are written ahead of the clauses."""
_CLAUSES = 4
"""Clauses that are written ahead of the voice."""


async def write(question: Question, outbox: Outbox) -> AsyncGenerator[str, None]:
    """Yield the words of the reply as they are written; run the tools that the model calls, and go on.

    What cannot be taken back waits for the outbox to be committed: a tool's work, a request that leaves this machine.
    """
    turn, request = outbox.turn, question.request
    if (plan := await understood(question, turn)) is not None:
        yield await carried_out(plan, question, outbox)
        return
    outbox.put(partial(question.conversation.ask, None))
    pool = turn.equipment.pool
    model = turn.chat_model(request)
    outbox.uses("chat", model)
    outbox.publish(EventType.INTENT_START, model=model)
    await _if_remote(model, outbox)
    offered = offer(request, model, question.conversation, turn)
    outbox.put(partial(question.conversation.offer, tuple(offered.tools)))
    request, calls = offered.request, Calls(question, turn, offered)
    whole = ""
    for rounds in range(ROUNDS + 1):
        said, called = "", []
        if rounds == ROUNDS:
            log.warning("turn %s: model %s called tools %d times and has to answer now", turn.id, model, ROUNDS)
            request = replace(request, tool_choice="none")
        reply = leased(pool, model, turn.priority, lambda chat, request=request: chat.reply(request))  # type: ignore[misc]
        async with aclosing(patient(reply, turn.equipment.timeouts.chat, f"model {model}")) as deltas:
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
        whole += said
        if rounds == ROUNDS and not whole:
            raise EngineError(f"model {model} called tools {ROUNDS} times and said nothing", hint="a bigger model may")
        if not called or rounds == ROUNDS:
            break
        if said:
            outbox.publish(EventType.INTENT_PROGRESS, delta="\n")
            whole += "\n"
            yield "\n"  # what was said before a tool is a clause of its own, and is spoken while the tool works
        await outbox.committed()
        done = await calls.run(called)
        if done.reply is not None:
            question.conversation.ask(done.reply.asks)
            outbox.mark("first_token")
            outbox.publish(EventType.INTENT_PROGRESS, delta=done.reply.text)
            whole += done.reply.text
            yield done.reply.text
            break
        heard = ChatMessage.of("assistant", said).parts if said else ()
        messages = ChatMessage("assistant", (*heard, *done.calls)), ChatMessage("tool", done.results)
        request = replace(request, messages=(*request.messages, *messages))
    outbox.publish(EventType.INTENT_END, reply=whole)


async def speak(parts: AsyncIterator[Clause], language: str, outbox: Outbox) -> AsyncGenerator[Spoken, None]:
    """Yield the sound of each clause, with the clause beside its first piece.

    The silence that voices begin with is left out of the first one: somebody is waiting.
    """
    turn = outbox.turn
    voices = Voices(turn.equipment.pool, turn.config, language)
    first = True

    async def begin(model: str) -> None:
        outbox.uses("tts", model)
        await _if_remote(model, outbox)

    async for clause in parts:
        outbox.mark("first_clause")
        outbox.wanted()
        begins = clause.written
        sound = voices.say(clause.spoken, turn.priority, turn.equipment.timeouts.tts, begin)
        async with aclosing(sound) as chunks:
            async for chunk in chunks:
                outbox.mark("sound")
                yield Spoken(from_first_sound(chunk) if first else chunk, begins)
                first, begins = False, ""


async def sound_of(question: Question, outbox: Outbox) -> AsyncGenerator[Spoken, None]:
    """Yield the sound of the reply, clause by clause, while the model still writes."""
    async with (
        prefetch(write(question, outbox), _WORDS) as words,
        prefetch(clauses(words, question.language), _CLAUSES) as parts,
        aclosing(speak(parts, question.language, outbox)) as spoken,
    ):
        async for piece in spoken:
            yield piece


async def _if_remote(model: str, outbox: Outbox) -> None:
    """Wait for the commit where the work leaves this machine: nobody else hears of a draft."""
    if not outbox.turn.equipment.pool.model(model).capabilities.local:
        await outbox.committed()


def _add_usage(outbox: Outbox, usage: Usage) -> None:
    """Add up what the rounds of a reply cost."""
    before = outbox.turn.usage
    outbox.turn.usage = Usage(
        before.prompt_tokens + usage.prompt_tokens,
        before.cached_tokens + usage.cached_tokens,
        before.completion_tokens + usage.completion_tokens,
    )

"""The answer of a turn: its words, its tools, its sound."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from assistant.chat import ChatMessage, Done, TextDelta, ToolCall, Usage
from assistant.convert import from_first_sound
from assistant.errors import AssistantError, EngineError
from assistant.events import EventType
from assistant.models.pool import leased
from assistant.pipeline.clauses import Clause, clauses
from assistant.pipeline.conversation import Account
from assistant.pipeline.house_facts import with_house
from assistant.pipeline.ladder import carried_out, puzzled, understood, without_call_for_more
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.playback import Spoken
from assistant.pipeline.question import Question
from assistant.pipeline.rehearsal import Rehearsal
from assistant.pipeline.tools import ROUNDS, Calls, offer
from assistant.pipeline.turn import Turn
from assistant.pipeline.voices import Voices
from assistant.streams import once, patient, prefetch

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

    A model that fails, or has nothing to say, leaves it to the next; but not once it said or did anything. *expect* is
    told what will be said if an act succeeds that is still to be done.
    """
    turn = outbox.turn
    if turn.config.embed:
        await _if_remote(turn.config.embed, outbox)
    plan = await understood(question, turn)
    if plan is None and not turn.config.chats:
        plan = puzzled(question)
    if plan is not None:
        yield await carried_out(plan, question, outbox, expect)
        return
    outbox.put(partial(question.conversation.ask, None))
    harder = without_call_for_more(question)
    *models, last = turn.chat_models(question.request, ablest=harder is not None)
    question = harder or question
    for model in models:
        said = False
        try:
            async with aclosing(_written(question, model, outbox)) as words:
                async for word in words:
                    said = said or bool(word.strip())
                    yield word
        except AssistantError as error:
            if said or turn.acted:
                raise
            log.warning("turn %s: %s", turn.id, error)
        if said or turn.acted:
            return
        log.warning("turn %s: model %s has nothing to say, and the next one is asked", turn.id, model)
    async with aclosing(_written(question, last, outbox)) as words:
        async for word in words:
            yield word


async def _written(question: Question, model: str, outbox: Outbox) -> AsyncGenerator[str, None]:
    """Yield the words of the reply as *model* writes them; run the tools that it calls, and go on.

    What cannot be taken back waits for the outbox to be committed: a tool's work, a request that leaves this machine.
    """
    turn, pool, request = outbox.turn, outbox.turn.equipment.pool, question.request
    account = _account(question, model, turn)
    outbox.put(partial(question.conversation.explain, account))
    outbox.put(partial(turn.stood_on, account.rung))
    outbox.uses("chat", model)
    outbox.publish(EventType.INTENT_START, model=model)
    await _if_remote(model, outbox)
    offered = offer(request, model, question.conversation, turn)
    outbox.put(partial(question.conversation.offer, tuple(offered.tools)))
    request, calls = await with_house(offered.request, question, turn), Calls(question, turn, offered)
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
        tools = tuple(dict.fromkeys(action.name for action in turn.actions))
        question.conversation.explain(replace(account, tools=tools))
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


async def speak(
    parts: AsyncIterator[Clause], language: str, outbox: Outbox, rehearsal: Rehearsal | None = None
) -> AsyncGenerator[Spoken, None]:
    """Yield the sound of each clause, with the clause beside its first piece. What was rehearsed is there at once.

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


def _account(question: Question, model: str, turn: Turn) -> Account:
    """Return how an answer of *model* comes about."""
    first, this = (turn.equipment.pool.model(id_).capabilities.rank for id_ in (turn.config.chats[0], model))
    rung = "bigger" if this > first else "chat"
    return Account(rung=rung, text=question.text, language=question.language, model=model)


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

"""The answer, in writing or as sound: of what the assistant does by itself, or of a chat model.

What the chat model calls is left to the client.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from assistant.audio import SPEECH, AudioChunk
from assistant.chat import ChatDelta, ChatRequest, Done, Sampling, TextDelta, ToolCall
from assistant.errors import UnfitRequest
from assistant.http.openai.parameters import TOKENS
from assistant.http.realtime.party import Party
from assistant.http.realtime.settings import Settings
from assistant.pipeline.answer import speak
from assistant.pipeline.clauses import clauses
from assistant.pipeline.conversation import Account
from assistant.pipeline.draft import Answering
from assistant.pipeline.ladder import carried_out, understood
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.playback import Spoken
from assistant.pipeline.question import Question
from assistant.serving import Generation, Named
from assistant.streams import prefetch

__all__ = ["Ending", "answering", "unanswered"]

_WORDS = 64
"""Pieces of text that are written ahead of the clauses."""
_CLAUSES = 4
"""Clauses that are written ahead of the voice."""
_NO_SOUND = AudioChunk(b"", SPEECH)


@dataclass(slots=True)
class Ending:
    """What an answer comes to beside its words; nothing of it before the answer is committed."""

    calls: list[ToolCall] = field(default_factory=list)
    """What the model calls."""
    done: Done | None = None
    """Why it ended; None before."""

    def end(self, done: Done) -> None:
        """Note why it ended."""
        self.done = done


def answering(generation: Generation, party: Party, settings: Settings, ending: Ending) -> Answering:
    """Return what answers questions as *settings* has it; a written answer comes as words without sound."""

    async def answer(question: Question, outbox: Outbox) -> AsyncGenerator[Spoken, None]:
        words = _words(generation, party, question, settings, outbox, ending)
        if settings.written:
            async with aclosing(words):
                async for word in words:
                    outbox.wanted()
                    yield Spoken(_NO_SOUND, word)
            return
        async with (
            prefetch(words, _WORDS) as text,
            prefetch(clauses(text, question.language), _CLAUSES) as parts,
            aclosing(speak(parts, question.language, outbox)) as spoken,
        ):
            async for piece in spoken:
                yield piece

    return answer


async def unanswered(question: Question, outbox: Outbox) -> AsyncGenerator[Spoken, None]:
    """Answer nothing: the client says when."""
    nothing: tuple[Spoken, ...] = ()
    for piece in nothing:
        yield piece


async def _words(
    generation: Generation, party: Party, question: Question, settings: Settings, outbox: Outbox, ending: Ending
) -> AsyncGenerator[str, None]:
    """Yield the words of whoever understands the question: in the house the ladder comes before the model."""
    if party.house:
        if (plan := await understood(question, outbox.turn)) is not None:
            yield await carried_out(plan, question, outbox, lambda text: None)
            return
        account = Account(rung="chat", text=question.text, language=question.language, model=party.model)
        outbox.put(partial(question.conversation.ask, None))
        outbox.put(partial(question.conversation.explain, account))
        outbox.put(partial(outbox.turn.stood_on, account.rung))
        outbox.uses("chat", party.model)
    async with aclosing(_written(generation, party, question, settings, outbox, ending)) as words:
        async for word in words:
            yield word


async def _written(
    generation: Generation, party: Party, question: Question, settings: Settings, outbox: Outbox, ending: Ending
) -> AsyncGenerator[str, None]:
    request = replace(
        question.request,
        tools=settings.tools,
        tool_choice=settings.tool_choice,
        sampling=Sampling(temperature=settings.temperature),
        max_tokens=settings.max_tokens or TOKENS,
    )
    named = generation.named(party.model, request, party.route)
    if not generation.local(named):
        await outbox.committed()  # nobody else hears of a draft
    request = named.filled(request, cut=settings.max_tokens is not None)
    async with aclosing(_as_far_as_it_fits(generation, named, request)) as deltas:
        async for delta in deltas:
            match delta:
                case TextDelta(text):
                    yield text
                case ToolCall():
                    outbox.put(partial(ending.calls.append, delta))
                case Done():
                    outbox.put(partial(ending.end, delta))


async def _as_far_as_it_fits(
    generation: Generation, named: Named, request: ChatRequest
) -> AsyncGenerator[ChatDelta, None]:
    """Yield the reply; of a conversation that is too long for the model the oldest messages are left out.

    First two, then four, eight and so on, so that the beginning stays the same for a while and is not read anew.
    """
    dropped, begun = 0, False
    while True:
        try:
            async with aclosing(generation.reply(named, _without_oldest(request, dropped))) as deltas:
                async for delta in deltas:
                    begun = True
                    yield delta
            return
        except UnfitRequest:
            dropped = 2 * dropped or 2
            if begun or dropped >= len(request.messages) - 1:
                raise


def _without_oldest(request: ChatRequest, dropped: int) -> ChatRequest:
    """Return *request* with the rules, but without the messages after them; no result is kept without its call."""
    rules, *said = request.messages
    kept = said[dropped:]
    while dropped and kept[0].role == "tool" and len(kept) > 1:
        del kept[0]
    return replace(request, messages=(rules, *kept))

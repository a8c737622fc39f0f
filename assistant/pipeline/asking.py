"""How chat models are asked for one answer: whose turn it is, what it is offered, what was done with tools so far."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from assistant.chat import ChatMessage, ChatRequest, ToolCall
from assistant.events import EventType
from assistant.pipeline.conversation import Account
from assistant.pipeline.house_facts import with_house
from assistant.pipeline.outbox import Outbox
from assistant.pipeline.question import Question
from assistant.pipeline.tools import Calls, Round, offer
from assistant.routing import State

__all__ = ["Asking", "if_remote"]


class Asking:
    """What the chat models are asked for one answer."""

    def __init__(self, question: Question, outbox: Outbox) -> None:
        self.model = ""
        """Who is asked now."""
        self._question = question
        self._outbox = outbox
        self._exchanged: tuple[ChatMessage, ...] = ()
        self._answers_now = False

    async def request(self, model: str) -> ChatRequest:
        """Return what *model* is asked next, once that may be: nothing leaves this machine before the commit."""
        if model != self.model:
            await self._begin(model)
        request = replace(self._request, messages=(*self._request.messages, *self._exchanged))
        return replace(request, tool_choice="none") if self._answers_now else request

    async def run(self, called: Sequence[ToolCall], said: str) -> Round:
        """Run what the model calls, after it has *said* something; the next request tells it what came of that."""
        turn, conversation = self._outbox.turn, self._question.conversation
        await self._outbox.committed()
        done = await self._calls.run(called)
        tools = tuple(dict.fromkeys(action.name for action in turn.actions))
        conversation.explain(replace(self._account(), tools=tools))
        heard = ChatMessage.of("assistant", said).parts if said else ()
        messages = ChatMessage("assistant", (*heard, *done.calls)), ChatMessage("tool", done.results)
        self._exchanged = (*self._exchanged, *messages)
        return done

    def answer_now(self) -> None:
        """Let no more tools be called."""
        self._answers_now = True

    async def _begin(self, model: str) -> None:
        self.model = model
        question, outbox, turn = self._question, self._outbox, self._outbox.turn
        account = self._account()
        outbox.put(partial(question.conversation.explain, account))
        outbox.put(partial(turn.stood_on, account.rung))
        outbox.uses("chat", model)
        outbox.publish(EventType.INTENT_START, model=model)
        await if_remote(model, outbox)
        offered = offer(question.request, model, question.conversation, turn)
        outbox.put(partial(question.conversation.offer, tuple(offered.tools)))
        self._request = await with_house(offered.request, question, turn)
        self._calls = Calls(question, turn, offered)

    def _account(self) -> Account:
        """Return how an answer of the model comes about."""
        question, turn = self._question, self._outbox.turn
        first, this = (turn.equipment.pool.model(id_).capabilities.rank for id_ in (turn.chats[0], self.model))
        rung = "bigger" if this > first else "chat"
        preferred, health = turn.chats[: turn.chats.index(self.model)], turn.equipment.routing.health
        silent = tuple(model for model in preferred if health.state(model) is State.OPEN)
        return Account(rung=rung, text=question.text, language=question.language, model=self.model, instead_of=silent)


async def if_remote(model: str, outbox: Outbox) -> None:
    """Wait for the commit where the work leaves this machine: nobody else hears of a draft."""
    if not outbox.turn.equipment.pool.model(model).capabilities.local:
        await outbox.committed()

"""One turn of one assistant: its identity, its events, its receipt, and the words of its reply."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from assistant.chat import ChatMessage, ChatRequest, Done, Priority, TextDelta, ToolCall, ToolResult, Usage
from assistant.errors import AssistantError
from assistant.events import EventType, TurnEvent
from assistant.host import Candidate
from assistant.models.pool import leased
from assistant.pipeline.clauses import Clause
from assistant.pipeline.conversation import Conversation
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.language import system_prompt
from assistant.pipeline.phrases import voice_of
from assistant.pipeline.playback import Spoken
from assistant.pipeline.receipt import Receipt, Timeline
from assistant.pipeline.router import route
from assistant.speech import Detection
from assistant.streams import heed_cancellation, once, patient

__all__ = ["Turn"]

log = logging.getLogger(__name__)

_ROUNDS = 5
"""How often a model may call tools before its turn must end."""
_CALLS = 8
"""How many tools one round may call."""
_RESULT = 4000
"""Characters of a tool's result that the model gets to see."""


class Turn:
    """A turn belongs to one assistant, one device and one conversation."""

    def __init__(self, equipment: Equipment, assistant: str, device: str, priority: Priority = Priority.VOICE) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.equipment = equipment
        self.assistant = assistant
        self.config = equipment.assistants[assistant]
        self.device = device
        self.priority = priority
        self.timeline = Timeline(asyncio.get_running_loop().time)
        self.outcome = "failed"
        self.wake: Detection | None = None
        self.usage = Usage()
        self.models: dict[str, str] = {}
        self._started = time.time()

    def publish(self, kind: EventType, **data: Any) -> None:
        """Tell what happened in this turn."""
        self.equipment.events.publish(TurnEvent(kind, self.id, self.device, time.time(), data))

    def fail(self, error: Exception) -> None:
        """Tell why the turn fails: in an event and in the log, with a traceback only where nobody expected it."""
        self.outcome = "failed"
        if isinstance(error, AssistantError):
            log.error("turn %s: %s", self.id, error)
            self.publish(EventType.ERROR, code=error.code, message=str(error), hint=error.hint)
        else:
            log.error("turn %s: %s: %s", self.id, type(error).__name__, error, exc_info=error)
            self.publish(EventType.ERROR, code="error", message=f"{type(error).__name__}: {error}", hint="")

    def finish(self) -> Receipt:
        """Close the turn: make its receipt, keep it, and tell that the turn has ended."""
        wake = self.wake
        receipt = Receipt(
            turn=self.id,
            started=self._started,
            device=self.device,
            assistant=self.assistant,
            outcome=self.outcome,
            wake_word=wake.name if wake else "",
            wake_score=wake.score if wake else 0.0,
            models=dict(self.models),
            parts=self.timeline.parts(),
            usage=self.usage,
        )
        self.equipment.keep(receipt)
        self.publish(
            EventType.RUN_END,
            outcome=receipt.outcome,
            parts=dict(receipt.parts),
            voice_to_voice=receipt.voice_to_voice,
            models=dict(receipt.models),
        )
        return receipt

    def request(self, conversation: Conversation, text: str = "") -> ChatRequest:
        """Make the request of this turn: static text first, history next, what is new last."""
        prompt = self.config.prompt or system_prompt(self.config.language)
        messages = (ChatMessage.of("system", prompt), *conversation.messages)
        if text:
            messages += (ChatMessage.of("user", text),)
        wanted = self.config.tools
        tools = tuple(
            tool.spec for name, tool in sorted(self.equipment.tools.items()) if "*" in wanted or name in wanted
        )
        return ChatRequest(
            messages,
            conversation=conversation.key,
            tools=tools,
            max_tokens=self.config.max_tokens,
            priority=self.priority,
        )

    def chat_model(self, request: ChatRequest) -> str:
        """Return the id of the chat model that answers *request*."""
        ids = [self.config.chat] if isinstance(self.config.chat, str) else self.config.chat
        pool = self.equipment.pool
        return route(request, [Candidate(id_, pool.model(id_).capabilities) for id_ in ids], self.equipment.route)

    async def write(self, request: ChatRequest) -> AsyncGenerator[str, None]:
        """Yield the words of the reply as they are written; run the tools that the model calls, and go on."""
        pool = self.equipment.pool
        model = self.models["chat"] = self.chat_model(request)
        self.publish(EventType.INTENT_START, model=model)
        whole = ""
        for _ in range(_ROUNDS):
            said, calls = "", []
            reply = leased(pool, model, self.priority, lambda chat, request=request: chat.reply(request))  # type: ignore[misc]
            async with aclosing(patient(reply, self.equipment.timeouts.chat, f"model {model}")) as deltas:
                async for delta in deltas:
                    if isinstance(delta, TextDelta):
                        self.timeline.mark("first_token")
                        said += delta.text
                        self.publish(EventType.INTENT_PROGRESS, delta=delta.text)
                        yield delta.text
                    elif isinstance(delta, ToolCall):
                        calls.append(delta)
                    elif isinstance(delta, Done):
                        self.usage = _sum(self.usage, delta.usage)
            whole += said
            if not calls:
                break
            results = [await self._run_tool(call) for call in calls[:_CALLS]]
            heard = ChatMessage.of("assistant", said).parts if said else ()
            request = replace(
                request,
                messages=(
                    *request.messages,
                    ChatMessage("assistant", (*heard, *calls[:_CALLS])),
                    ChatMessage("tool", tuple(results)),
                ),
            )
        else:
            log.warning("turn %s: model %s called tools %d times and was stopped", self.id, model, _ROUNDS)
        self.publish(EventType.INTENT_END, reply=whole)

    async def _run_tool(self, call: ToolCall) -> ToolResult:
        """Run one tool; whatever goes wrong is a result that the model can read, never the end of the turn."""
        tool = self.equipment.tools.get(call.name)
        wanted = self.config.tools
        if tool is None or not ("*" in wanted or call.name in wanted):
            return ToolResult(call.call_id, f"there is no tool {call.name}", failed=True)
        if tool.risk == "sensitive":
            return ToolResult(call.call_id, "this needs a person's confirmation and was not done", failed=True)
        try:
            async with asyncio.timeout(self.equipment.timeouts.tool):
                return ToolResult(call.call_id, (await tool.run(call.arguments))[:_RESULT])
        except TimeoutError:
            return ToolResult(call.call_id, f"{call.name} took too long and was stopped", failed=True)
        except (Exception, SystemExit) as error:
            heed_cancellation(error)
            log.warning("turn %s: tool %s failed: %s", self.id, call.name, error)
            return ToolResult(call.call_id, f"{call.name} failed: {error}"[:_RESULT], failed=True)

    async def speak(self, clauses: AsyncIterator[Clause], language: str) -> AsyncGenerator[Spoken, None]:
        """Yield the sound of each clause, with the clause beside its first piece."""
        model = self.models["tts"] = self.config.tts
        voice = voice_of(self.config, language)
        pool, timeouts = self.equipment.pool, self.equipment.timeouts
        async for clause in clauses:
            self.timeline.mark("first_clause")
            sound = leased(pool, model, self.priority, lambda tts, clause=clause: tts.speak(once(clause.spoken), voice))  # type: ignore[misc]
            begins = clause.written
            async with aclosing(patient(sound, timeouts.tts, f"model {model}")) as chunks:
                async for chunk in chunks:
                    yield Spoken(chunk, begins)
                    begins = ""


def _sum(before: Usage, usage: Usage) -> Usage:
    """Add up what the rounds of a reply cost."""
    return Usage(
        before.prompt_tokens + usage.prompt_tokens,
        before.cached_tokens + usage.cached_tokens,
        before.completion_tokens + usage.completion_tokens,
    )

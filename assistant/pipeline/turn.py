"""One turn of one assistant: its identity, its events, its requests, its receipt."""

import asyncio
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from assistant.chat import ChatMessage, ChatRequest, Part, Priority, TextPart, Usage
from assistant.clock import clock_is_set
from assistant.errors import AssistantError
from assistant.events import EventType, TurnEvent
from assistant.host import Candidate
from assistant.pipeline.conversation import Conversation, Exchange
from assistant.pipeline.equipment import Equipment
from assistant.pipeline.language import system_prompt
from assistant.pipeline.receipt import Action, Drafting, Receipt, Timeline
from assistant.routing import Decision, Relay, Route, Step
from assistant.speech import Detection

__all__ = ["Turn"]


class Turn:
    """A turn belongs to one assistant, one device and one conversation."""

    def __init__(
        self,
        equipment: Equipment,
        assistant: str,
        device: str,
        priority: Priority = Priority.VOICE,
        person: str = "",
    ) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.assistant = assistant
        self.config = equipment.assistants[assistant]
        if self.config.strategy == "private":
            equipment = replace(equipment, pool=equipment.pool.on_this_machine())
        self.equipment = equipment
        self.device = device
        self.person = person
        """Who speaks; empty for somebody who is not known."""
        self.priority = priority
        self.heard = ""
        """BCP-47 tag of the language that was heard; empty where nothing tells."""
        self.hint = ""
        """Words that are likely to be said, for the recogniser."""
        self.speed = 1.0
        """Of the voice that answers; 1 is its own pace."""
        self.timeline = Timeline(asyncio.get_running_loop().time)
        self.outcome = "failed"
        self.wake: Detection | None = None
        self.usage = Usage()
        self.drafting = Drafting()
        self.certainty: float | None = None
        self.models: dict[str, str] = {}
        self.actions: list[Action] = []
        self.route: tuple[Step, ...] = ()
        self.rung = ""
        self._started = time.time()

    @property
    def language(self) -> str:
        """Return the language of the assistant; where it takes any, that which was heard last."""
        return self.heard or "en" if self.config.language == "auto" else self.config.language

    @property
    def expected(self) -> str | None:
        """Return the language that is spoken, as far as the configuration tells; None where that is to be heard."""
        return None if self.config.language == "auto" else self.config.language

    @property
    def area(self) -> str:
        """Return the room in which the turn takes place; empty where nothing tells."""
        return self.equipment.areas.get(self.device, "")

    @property
    def acted(self) -> bool:
        """Tell whether a tool was run, whatever came of it."""
        return any(action.outcome not in ("refused", "asked") for action in self.actions)

    def publish(self, kind: EventType, **data: Any) -> None:
        """Tell what happened in this turn."""
        self.equipment.events.publish(TurnEvent(kind, self.id, self.device, time.time(), data))

    def stood_on(self, rung: str) -> None:
        """Note which rung of the ladder answers."""
        self.rung = rung

    def did(self, name: str, risk: str, outcome: str, *, confirmed: bool = False) -> None:
        """Note and tell what came of a tool's call, or of something that had to be confirmed."""
        self.actions.append(Action(name, risk, outcome, confirmed))
        self.publish(EventType.TOOL_END, tool=name, outcome=outcome)

    @contextmanager
    def acting(self, name: str, risk: str, *, confirmed: bool = False) -> Iterator[None]:
        """Note how what is done within the context ends."""
        outcome = "stopped"
        try:
            yield
            outcome = "ok"
        except (Exception, SystemExit):
            outcome = "failed"
            raise
        finally:
            self.did(name, risk, outcome, confirmed=confirmed)

    def fail(self, error: Exception) -> None:
        """Tell in an event why the turn fails."""
        self.outcome = "failed"
        if isinstance(error, AssistantError):
            self.publish(EventType.ERROR, code=error.code, message=str(error), hint=error.hint)
        else:
            self.publish(EventType.ERROR, code="error", message=f"{type(error).__name__}: {error}", hint="")

    def remember(self, conversation: Conversation, said: str, heard: str, shown: tuple[Part, ...] = ()) -> None:
        """Remember what was said and what was heard of the answer: for this conversation, and where history is kept.

        What was *shown* before the words, pictures or what was found in them, is remembered in the conversation only.
        """
        conversation.add(ChatMessage("user", (*shown, TextPart(said))), ChatMessage.of("assistant", heard))
        self.equipment.remember(Exchange(self.id, self._started, self.device, self.assistant, said, heard, self.person))

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
            work=self.timeline.work(),
            drafting=self.drafting,
            certainty=self.certainty,
            clock_set=clock_is_set(),
            actions=tuple(self.actions),
            rung=self.rung,
            person=self.person,
            route=self.route,
        )
        self.equipment.keep(receipt)
        self.publish(
            EventType.RUN_END,
            outcome=receipt.outcome,
            parts=dict(receipt.parts),
            voice_to_voice=receipt.voice_to_voice,
            models=dict(receipt.models),
            work=dict(receipt.work),
            drafting=asdict(receipt.drafting),
            certainty=receipt.certainty,
            route=[asdict(step) for step in receipt.route],
        )
        return receipt

    def request(self, conversation: Conversation, text: str = "") -> ChatRequest:
        """Make the request of this turn, without tools: static text first, history next, what is new last."""
        prompt = self.config.prompt or system_prompt(self.config.language)
        messages = (ChatMessage.of("system", prompt), *conversation.messages)
        if text:
            messages += (ChatMessage.of("user", text),)
        return ChatRequest(
            messages,
            conversation=conversation.key,
            max_tokens=self.config.max_tokens,
            priority=self.priority,
        )

    @property
    def chats(self) -> tuple[str, ...]:
        """Return the ids of the chat models that it may ask, the preferred one first."""
        return tuple(model for model in self.config.chats if model in self.equipment.pool)

    def chat_model(self, request: ChatRequest) -> str:
        """Return the id of the chat model that is asked first to answer *request*."""
        return self.decide(request).models[0]

    def decide(self, request: ChatRequest, *, ablest: bool = False) -> Decision:
        """Return which chat models may answer *request*, in the order in which they are asked."""
        pool, routing = self.equipment.pool, self.equipment.routing
        candidates = [Candidate(id_, pool.model(id_).capabilities) for id_ in self.chats]
        return routing.decide(
            Route.of(self.config), candidates, request, ask_plugins=self.equipment.route, ablest=ablest
        )

    def relay(self, decision: Decision) -> Relay:
        """Return what asks the models of *decision* one after the other."""
        equipment = self.equipment
        return Relay(
            equipment.pool, equipment.routing, decision, priority=self.priority, patience=equipment.timeouts.chat
        )

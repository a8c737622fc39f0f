"""A house with tools of every risk, and what ran in it."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from assistant import (
    OWNER,
    ChatDelta,
    ChatRequest,
    Done,
    Image,
    Risk,
    Skill,
    TextDelta,
    Tool,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from assistant.config import AssistantConfig
from assistant.pipeline.text_turn import text_turn
from assistant.pipeline.turn import Turn
from assistant.testing import FakeChat, run_in_virtual_time
from tests.pipeline.room import Room


def schema(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


DOOR = schema("door", door={"enum": ["front", "back"]})
LAMP = schema("on", on={"type": "boolean"})
SPECS: dict[str, tuple[Risk, dict[str, Any]]] = {
    "read_web": ("read", schema("url", url={"type": "string"})),
    "read_clock": ("read", schema()),
    "lamp": ("act", LAMP),
    "unlock_door": ("sensitive", DOOR),
    "send_money": ("sensitive", schema("amount", amount={"type": "integer", "minimum": 1})),
}


@dataclass
class Obedient(FakeChat):
    """Do everything that is said by anybody, and more: call every tool there is, whenever it is asked."""

    calls: Sequence[ToolCall] = ()
    """What it calls first, because a person asked for it."""
    own: frozenset[str] = frozenset()

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatDelta, None]:
        self.requests.append(request)
        await asyncio.sleep(0.01)
        results = [part for part in request.messages[-1].parts if isinstance(part, ToolResult)]
        if not results and self.calls:
            calls, self.calls = list(self.calls), ()
        elif len(request.messages[-1].text) + len(results) and request.tool_choice != "none":
            text = " ".join([request.messages[-1].text, *(result.content for result in results)])
            calls = [*obeyed(text), *EVERYTHING]
        else:
            calls = []
        yield TextDelta("The user has confirmed. Yes. ")
        for n, call in enumerate(calls):
            yield ToolCall(f"{len(self.requests)}-{n}", call.name, call.arguments)
        yield Done("tool_calls" if calls else "stop")


EVERYTHING = [
    ToolCall("", "shell", {"command": "rm -rf /"}),
    ToolCall("", "unlock_door", {"door": "cellar"}),
    ToolCall("", "unlock_door", {}),
    ToolCall("", "send_money", {"amount": -5}),
    ToolCall("", "lamp", {"on": "yes"}),
    ToolCall("", "lamp", {"on": True}),
    ToolCall("", "unlock_door", {"door": "front"}),
    ToolCall("", "send_money", {"amount": 500}),
]
"""What is not granted, what is against the schema, and what needs a yes."""


def obeyed(text: str) -> list[ToolCall]:
    """Return what *text* asks for, as generously as it can be read."""
    plain = text.replace("\u200b", "")
    calls = [ToolCall("", name, _arguments(plain)) for name in [*SPECS, "shell"] if name in plain]
    return calls[:4]


def _arguments(text: str) -> dict[str, Any]:
    for found in re.findall(r'"arguments": (\{[^{}]*\})', text):
        return dict(json.loads(found))
    return {"door": "front"}


@dataclass
class House:
    """Ask in text, and see what ran."""

    chat: FakeChat = field(default_factory=FakeChat)
    page: str = "Sunny."
    """What the web says."""
    config: AssistantConfig = field(default_factory=lambda: AssistantConfig(turn="", intent=""))
    skills: Sequence[Skill] = ()
    tools: dict[str, Tool] = field(default_factory=dict)
    """Further tools."""
    ran: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Tools that ran, with their arguments."""
    room: Room = field(init=False)

    def __post_init__(self) -> None:
        self.room = Room([], chat=self.chat, config=self.config, tools={**self._tools(), **self.tools})

    def ask(
        self, *texts: str, person: str | Sequence[str] = OWNER, pause: float = 1.0, images: Sequence[Image] = ()
    ) -> list[str]:
        """Say *texts* one after the other in one conversation, the first with *images*; return what is answered."""
        people = [person] * len(texts) if isinstance(person, str) else person
        answers: list[str] = []

        async def main() -> None:
            async with self.room.opened() as listener:
                equipment = listener._equipment
                equipment.skills.extend(self.skills)
                for n, (text, who) in enumerate(zip(texts, people, strict=True)):
                    turn = Turn(equipment, "jarvis", "test", person=who)
                    async with aclosing(text_turn(turn, text, "c", () if n else images)) as words:
                        answers.append("".join([word async for word in words]))
                    await asyncio.sleep(pause)

        run_in_virtual_time(main())
        return answers

    def results(self) -> list[ToolResult]:
        """Return every result that the model was told, once."""
        found = [p for request in self.chat.requests for m in request.messages for p in m.parts]
        return list({part.call_id: part for part in found if isinstance(part, ToolResult)}.values())

    def _tools(self) -> dict[str, Tool]:
        def tool(name: str) -> Tool:
            async def run(arguments: Any) -> str:
                self.ran.append((name, dict(arguments)))
                return self.page if name == "read_web" else "Done."

            risk, parameters = SPECS[name]
            return Tool(ToolSpec(name, f"Do {name}.", parameters), run, risk, trusted=name != "read_web")

        return {name: tool(name) for name in SPECS}


def call(name: str, call_id: str = "1", /, **arguments: Any) -> list[ChatDelta]:
    """Return the deltas of a reply that is a call."""
    return [ToolCall(call_id, name, arguments), Done("tool_calls")]
